"""A project's quality on one page, and for its customer."""

from django.test import Client
from django.urls import reverse

from labeling.models import Round
from quality.services.disputes import open_dispute
from quality.services.figures import roll_up_figures
from routing.services.rollups import roll_up
from tests.answering import add_gold, add_items, hire, open_safety, work_through
from tests.console.test_console import operator

ACCURACIES = {"ada": 0.95, "ben": 0.9, "cora": 0.6}


def make_measured(cast, *, gold=12, work=12):
    """Gold, work that is judged, a round in dispute, and the figures of all that."""
    project = open_safety(cast, overlap_kind="adaptive", overlap=2, overlap_most=3)
    hired = hire(project, list(ACCURACIES))
    add_gold(project, cast.mira, list(hired.values()), gold)
    add_items(project, cast.mira, work)
    work_through(hired, ACCURACIES)
    add_items(project, cast.mira, 2, prefix="waits")
    opened = Round.objects.filter(project=project, state="open", reason="first").first()
    open_dispute(opened=opened, reason="operator", sides=[])
    roll_up()
    roll_up_figures(project_id=project.pk)
    return project


def test_one_page_says_what_is_measured_how_sure_and_what_waits_for_whom(cast, django_assert_max_num_queries):
    project = make_measured(cast)
    client = operator(cast.mira)
    client.get("/admin/")
    address = reverse("quality", args=[project.public_id])
    client.get(address)
    with django_assert_max_num_queries(12):
        page = client.get(address)
    text = page.content.decode()
    lines = {(line.name, line.which): line.figure for line in page.context["agreement"]}
    assert lines["safe", "everything"].value is not None
    assert lines["safe", "guideline 1"].units == 12
    assert {each.what: (each.count, each.whom) for each in page.context["awaited"]} == {
        "Judgments": ("4", "reviewers"),
        "Adjudication and audits": ("1", "experts"),
        "Disputes": ("1", "adjudicators"),
    }
    [curve] = page.context["curves"]
    assert not curve["is_shown"]
    assert "50 items are needed" in text
    assert "not shown: a fixed number of judgments" in text
    assert {str(standing.reviewer) for standing, _ in page.context["standings"]} == {"Ada", "Ben", "Cora"}
    assert len(page.context["matrices"]) == 3
    assert address in client.get("/admin/").content.decode()


def test_the_page_of_a_project_that_is_not_measured_says_so(cast):
    text = operator(cast.mira).get(reverse("quality", args=[cast.project.public_id])).content.decode()
    assert "not measured yet" in text
    assert "Nothing waits." in text


def test_a_customer_is_told_of_the_work_and_of_no_person(cast):
    project = make_measured(cast, gold=3, work=3)
    address = f"/api/v1/projects/{project.public_id}/quality"
    told = Client().get(address, headers=cast.bearer("victor")).json()
    [gold] = [each for each in told["gold_accuracy"] if (each["segment"], each["question"]) == ("all", "")]
    assert (gold["units"], gold["guideline"]) == (9, None)
    assert gold["low"] <= gold["value"] <= gold["high"]
    assert {each["question"] for each in told["agreement"]} == {"safe"}
    assert {each["guideline"] for each in told["agreement"]} == {None, 1}
    assert told["audit_accuracy"] == []
    assert "Ada" not in str(told)
    assert Client().get(address, headers=cast.bearer("ruth")).status_code == 404
