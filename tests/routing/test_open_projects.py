"""The projects open to me and what waits to be read: mine alone, with what they pay and ask."""

from labeling.models import FormVersion, UnplacedAnswer
from labeling.services.guidelines import publish_guideline
from labeling.services.settings import change_project
from routing.models import HandlingTime, Lease
from routing.services.enrolments import end_enrolment, enrol_reviewer, set_trust
from routing.services.leases import expire_leases
from routing.services.submits import submit_task
from tests.cast import CLAUSES, open_new_project
from tests.factories import judge, prefer, take, upload_items


def projects(client, cast, who="anna", **query):
    return client.get("/api/desk/v1/projects", query, headers=cast.bearer(who)).json()["results"]


def me(client, cast, who="anna"):
    return client.get("/api/desk/v1/me", headers=cast.bearer(who)).json()


def test_a_project_shows_its_topic_its_rate_and_whether_work_waits(cast, client):
    changes = {"skills_by_domain": {"law": {}, "art": {}}, "languages": ["en"], "description": "Pairs of answers."}
    change_project(project=cast.project, changes=changes, actor=cast.mira)
    form = FormVersion.objects.get(project=cast.project)
    HandlingTime.objects.create(customer=cast.northwind, form=form, count=9, median_seconds=90.0, p95_seconds=200.0)
    [shown] = projects(client, cast)
    assert shown == {
        "id": str(cast.project.public_id),
        "name": "Pairs",
        "description": "Pairs of answers.",
        "domains": ["art", "law"],
        "languages": ["en"],
        "pay": {"amount": "0.250000", "currency": "USD", "an_hour": "10.00"},
        "expected_minutes": 1.5,
        "guideline": {"number": 1, "is_read": True},
        "has_open_work": False,
    }
    upload_items(cast.project, cast.mira)
    assert projects(client, cast)[0]["has_open_work"] is True


def test_what_is_not_measured_is_not_guessed(cast, client):
    [shown] = projects(client, cast)
    assert (shown["expected_minutes"], shown["pay"]["an_hour"]) == (None, None)


def test_only_what_i_am_enrolled_in_and_may_judge_is_shown_page_by_page(cast, client):
    for slug in ("one", "two"):
        enrol_reviewer(project=open_new_project(cast.northwind, slug, cast.mira), reviewer=cast.anna, actor=None)
    page = client.get("/api/desk/v1/projects?page_size=2", headers=cast.bearer("anna")).json()
    assert [each["name"] for each in page["results"]] == ["Two", "One"]
    more = client.get(page["next"], headers=cast.bearer("anna")).json()
    assert [each["name"] for each in more["results"]] == ["Pairs"]
    assert [each["name"] for each in projects(client, cast, "remo")] == ["Notes"]
    end_enrolment(enrolment=cast.anna.enrolments.get(project__slug="one"), actor=cast.mira)
    set_trust(reviewer_id=cast.anna.pk, project_id=cast.project.pk, trust="paused", reason="Test")
    assert [each["name"] for each in projects(client, cast)] == ["Two"]


def test_an_unread_guideline_waits_in_me_and_an_editorial_one_does_not(cast, client):
    assert me(client, cast)["guidelines_to_read"] == []
    publish_guideline(project=cast.project, clauses=CLAUSES, change_kind="editorial", actor=cast.mira)
    assert me(client, cast)["guidelines_to_read"] == []
    publish_guideline(project=cast.project, clauses=CLAUSES, change_kind="clarification", actor=cast.mira)
    waiting = {"project": {"id": str(cast.project.public_id), "name": "Pairs"}, "number": 3}
    assert me(client, cast)["guidelines_to_read"] == [waiting]
    assert projects(client, cast)[0]["guideline"] == {"number": 3, "is_read": False}


def test_a_late_answer_that_was_kept_is_told_until_it_is_read(cast, client):
    upload_items(cast.project, cast.mira)
    leased = take(cast.anna)
    Lease.objects.update(until="2020-01-01T00:00:00Z")
    expire_leases()
    for reviewer in (cast.bela, cast.cleo, cast.dido):
        judge(reviewer)
    submit_task(user=cast.anna.user, token=leased.token, answers=prefer("b"), seconds=1.0)
    [message] = me(client, cast)["messages"]
    assert "Your answer to a task of Pairs" in message["text"]
    url = f"/api/desk/v1/messages/{message['id']}/read"
    assert client.post(url, headers=cast.bearer("bela")).status_code == 404
    for _ in range(2):
        assert client.post(url, headers=cast.bearer("anna")).status_code == 200
    assert me(client, cast)["messages"] == []
    assert UnplacedAnswer.objects.get().answers == prefer("b")
