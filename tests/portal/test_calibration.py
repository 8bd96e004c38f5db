"""The portal's pages of calibration: the customer's own verdicts, agreement by question, and the bar."""

import json

import pytest
from django.test import Client

from config.portal import paging
from labeling.models import AccessLog, Item, Project
from labeling.services.erasures import erase_item
from quality.models import CustomerVerdict
from quality.services.verdicts import give_verdicts
from tests.factories import item_row, prefer, upload
from tests.quality.test_customer_calibration import judged, verdicts

HOSTILE = "</script><script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">"


def portal(user):
    client = Client()
    client.force_login(user)
    return client


def page_for(cast, item=None):
    path = f"/portal/projects/{cast.project.public_id}/calibration/"
    return path if item is None else f"{path}{item.public_id}/"


def item_called(name):
    return Item.objects.get(external_id=name)


def send(client, path, answers):
    return client.post(path, {"answers": answers if isinstance(answers, str) else json.dumps(answers)}, follow=True)


@pytest.fixture
def shown(cast):
    """Two items in calibration, each answered by Anna, Bela and Cleo; Cleo is an expert."""
    judged(cast, "aa", "ab", "ab")
    return cast


def test_agreement_by_question_stands_with_its_interval_and_the_bar(shown, django_assert_max_num_queries):
    give_verdicts(project=shown.project, verdicts=verdicts("a", "b"), actor=shown.dana)
    client = portal(shown.victor)
    with django_assert_max_num_queries(16):  # with the session and the person
        page = client.get(page_for(shown))
    words = page.content.decode()
    [reviewers, experts] = [questions[0] for _, questions in page.context["groups"]]
    assert (reviewers["text"], reviewers["compared"], reviewers["items"]) == ("Which response is better?", 4, 2)
    assert (reviewers["agreement"], reviewers["interval"]) == ("75%", "20% – 97%")  # Wilson's of 1.5 of 2
    assert (reviewers["kappa"], experts["agreement"]) == ("0.50", "100%")
    assert "every question must agree with the customer in 80%, and the lowest is 75.0%." in words
    assert "anna@" not in words
    assert "Paris" not in words  # no content here, so no read of it


def test_without_a_verdict_the_page_says_what_it_takes(shown):
    words = portal(shown.dana).get(page_for(shown)).content.decode()
    assert "Nothing can be compared yet" in words
    assert "nothing has been compared" in words


def test_an_admin_goes_from_item_to_item_and_a_viewer_only_looks(shown):
    first, second = item_called("item-000"), item_called("item-001")
    client = portal(shown.dana)
    assert client.get(page_for(shown)).context["next"] == first
    told = send(client, page_for(shown, first), prefer("a"))
    assert told.redirect_chain == [(page_for(shown, second), 302)]
    assert "Your verdict is kept. Here is the next item." in told.content.decode()
    told = send(client, page_for(shown, second), prefer("b"))
    assert told.redirect_chain == [(page_for(shown), 302)]
    assert "Every item has one now." in told.content.decode()
    given = CustomerVerdict.objects.order_by("pk")
    assert [(each.answers, each.given_by) for each in given] == [(prefer(choice), shown.dana) for choice in "ab"]
    listed = portal(shown.victor).get(page_for(shown))
    assert page_for(shown, first) not in listed.content.decode()
    assert portal(shown.victor).get(page_for(shown, first)).status_code == 404
    assert send(portal(shown.victor), page_for(shown, first), prefer("b")).status_code == 404
    assert CustomerVerdict.objects.count() == 2


def test_a_changed_mind_replaces_and_the_same_again_does_not(shown):
    first, client = item_called("item-000"), portal(shown.dana)
    send(client, page_for(shown, first), prefer("a"))
    page = client.get(page_for(shown, first))
    assert page.context["task"]["answers"] == prefer("a")
    assert "answered by Dana" in page.content.decode()
    assert "That was your verdict already." in send(client, page_for(shown, first), prefer("a")).content.decode()
    send(client, page_for(shown, first), prefer("b"))
    assert CustomerVerdict.objects.count() == 2
    assert CustomerVerdict.objects.get(superseded_by=None).answers == prefer("b")


def test_what_does_not_fit_the_form_comes_back_at_its_question(shown):
    first, client = item_called("item-000"), portal(shown.dana)
    answers = {"preference": {"choice": "z"}, "rationale": "Because"}
    page = send(client, page_for(shown, first), answers)
    assert page.status_code == 422
    assert page.context["task"]["answers"] == answers  # nothing that was typed is lost
    [fault] = page.context["task"]["faults"]
    assert fault["field"].startswith("preference")
    for broken in ("", "[1]", "{", "[" * 100_000):
        page = send(client, page_for(shown, first), broken)
        assert page.redirect_chain == [(page_for(shown), 302)]
        assert "did not arrive whole" in page.content.decode()
    page = send(client, page_for(shown, first), {**prefer("a"), "rationale": "\x00"})
    assert "The text contains a NUL character; remove it." in page.content.decode()
    assert not CustomerVerdict.objects.exists()


def test_another_customers_people_find_nothing(shown):
    first, ruth = item_called("item-000"), portal(shown.ruth)
    assert ruth.get(page_for(shown)).status_code == 404
    assert ruth.get(page_for(shown, first)).status_code == 404
    assert send(ruth, page_for(shown, first), prefer("a")).status_code == 404
    theirs = f"/portal/projects/{shown.foreign_project.public_id}/calibration/{first.public_id}/"
    assert send(ruth, theirs, prefer("a")).status_code == 404  # nor under a project of their own
    assert not CustomerVerdict.objects.exists()


def test_only_what_is_in_calibration_and_still_there_is_asked(shown):
    Project.objects.filter(pk=shown.project.pk).update(stage="pilot")
    shown.project.refresh_from_db()
    upload(shown.project, shown.mira, item_row("later"))
    erase_item(item=item_called("item-001"), reason="Sent by mistake", actor=shown.dana)
    client = portal(shown.dana)
    page = client.get(page_for(shown))
    assert ([item.external_id for item in page.context["items"].rows], page.context["asked"]) == (["item-000"], 1)
    for name in ("later", "item-001"):
        assert send(client, page_for(shown, item_called(name)), prefer("a")).status_code == 404


def test_items_come_page_by_page(shown, monkeypatch):
    monkeypatch.setattr(paging, "ROWS", 1)
    client = portal(shown.dana)
    page = client.get(page_for(shown))
    assert [item.external_id for item in page.context["items"].rows] == ["item-001"]
    further = client.get(page_for(shown) + page.context["items"].more)
    assert [item.external_id for item in further.context["items"].rows] == ["item-000"]
    assert client.get(f"{page_for(shown)}?after=nonsense").status_code == 404


def test_reading_an_item_leaves_a_row_in_the_access_log_and_names_no_model(shown):
    first = item_called("item-000")
    page = portal(shown.dana).get(page_for(shown, first))
    read = AccessLog.objects.get(door="portal", object_type="labeling.itemversion")
    assert (read.user_id, read.object_ids) == (shown.dana.pk, [first.current_version_id])
    assert all(set(each) == {"key", "text", "html"} for each in page.context["task"]["item"]["responses"])


def test_hostile_text_stays_text(cast):
    Project.objects.filter(pk=cast.project.pk).update(stage="calibration")
    cast.project.refresh_from_db()
    row = item_row("hostile")
    row["messages"][0]["content"] = row["responses"][0]["text"] = HOSTILE
    upload(cast.project, cast.mira, row)
    words = portal(cast.dana).get(page_for(cast, item_called("hostile"))).content.decode()
    assert "<script>document" not in words
    assert "<img" not in words
    assert words.count("</script>") == 2  # the page's own module, and the item as data
