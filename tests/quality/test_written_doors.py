"""Written work through the desk's doors: what the second person may say, what the author sees, what both are paid."""

from decimal import Decimal

import pytest
from django.db.models import Sum
from django.test import Client

from delivery.models import LedgerEntry
from labeling.models import Project, Task
from quality.models import Resolution, Review
from tests.factories import item_row, settle, upload
from tests.written import BETTER, TEXT, WHY, open_written_project, written


@pytest.fixture
def project(cast):
    project = open_written_project(cast)
    upload(project, cast.mira, item_row("one"))
    return project


class Desk:
    """Somebody at the desk's API."""

    def __init__(self, cast, name):
        self.client = Client(headers=cast.bearer(name))

    def next(self):
        answer = self.client.post("/api/desk/v1/next", {}, content_type="application/json")
        assert answer.status_code == 200
        return answer.json()["task"]

    def submit(self, value):
        task = self.next()
        path = f"/api/desk/v1/tasks/{task['lease']['token']}/submit"
        answer = self.client.post(path, {"value": value, "seconds": 30}, content_type="application/json")
        settle()
        return answer

    def told(self):
        return [
            (each["kind"], each["clause"] and each["clause"]["title"], each["words"], each["can_be_appealed"])
            for each in self.client.get("/api/desk/v1/feedback").json()["results"]
        ]


@pytest.fixture
def desks(cast, project):
    anna, bela = Desk(cast, "anna"), Desk(cast, "bela")
    assert anna.submit(written()).status_code == 201
    return anna, bela


UNDONE = {"review_clause": "true", "review_reason": WHY}


@pytest.mark.parametrize(
    ("value", "answers", "told"),
    [
        ({"review_verdict": "accept"}, written(), []),
        (
            {"review_verdict": "fix", **written(BETTER)},
            written(BETTER),
            [("fixed", None, "Your work was accepted with corrections.", False)],
        ),
        ({"review_verdict": "send_back", **UNDONE}, None, [("sent_back", "Truth first", WHY, True)]),
        ({"review_verdict": "reject", **UNDONE}, None, [("rejected", "Truth first", WHY, True)]),
    ],
    ids=["accept", "fix", "send back", "reject"],
)
def test_each_verdict_comes_to_what_it_says_its_author_hears_of_it_and_both_are_paid(
    cast, project, desks, value, answers, told
):
    anna, bela = desks
    task = bela.next()
    assert [question["id"] for question in task["form"]["questions"]][:3] == [
        "review_verdict", "review_clause", "review_reason",
    ]  # fmt: skip
    assert [each["title"] for each in task["beside"]] == ["What was written"]
    assert "Anna" not in str(task)
    assert bela.submit(value).status_code == 201
    assert anna.told() == told
    assert [each.answers for each in Resolution.objects.all()] == ([answers] if answers else [])
    paid = LedgerEntry.objects.filter(kind="pay").values_list("reviewer").annotate(sum=Sum("amount"))
    assert dict(paid) == {cast.anna.pk: Decimal("0.25"), cast.bela.pk: Decimal("0.25")}
    assert Review.objects.get().verdict == value["review_verdict"]
    again = anna.next()
    if value["review_verdict"] == "send_back":
        assert [each["title"] for each in again["beside"]] == ["What was written", "What the reviewer said"]
        assert again["draft"] == written(TEXT)
    else:
        assert again is None


@pytest.mark.parametrize(
    ("value", "fields"),
    [
        ({"review_verdict": "send_back"}, {"review_clause", "review_reason"}),
        ({"review_verdict": "reject", "review_clause": "true"}, {"review_reason"}),
        ({"review_verdict": "reject", "review_clause": "style", "review_reason": WHY}, {"review_clause"}),
        ({"review_verdict": "fix"}, {"response", "confidence"}),
        ({"review_verdict": "accept", **written(BETTER)}, {"response", "confidence"}),
        ({}, {"review_verdict"}),
    ],
)
def test_a_verdict_without_what_it_needs_is_refused_at_its_field_and_nothing_has_changed(desks, value, fields):
    _, bela = desks
    refused = bela.submit(value)
    assert refused.status_code == 422
    assert {each["field"] for each in refused.json()["errors"]} <= fields
    assert not Review.objects.exists()
    assert Task.objects.get(kind="review").state == "leased"


def test_at_most_so_often_it_comes_back_and_then_an_adjudicator_decides(cast, project, desks):
    Project.objects.filter(pk=project.pk).update(send_backs_most=2)
    anna, bela = desks
    for _ in range(2):
        bela.submit({"review_verdict": "send_back", **UNDONE})
        anna.submit(written(BETTER))
    assert bela.submit({"review_verdict": "send_back", **UNDONE}).status_code == 201
    assert len(anna.told()) == 2
    assert (anna.next(), bela.next()) == (None, None)
    assert Task.objects.get(state="open").kind == "adjudicate"
