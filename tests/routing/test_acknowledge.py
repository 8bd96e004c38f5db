"""A new version of the guideline is read before the next task, and the answer under an older one is kept and marked."""

import json

import pytest
from django.core.files.storage import storages
from django.test import Client

from config.kernel.errors import NotFound
from config.kernel.models import Event
from delivery.models import Artifact
from labeling.models import Annotation, GuidelineAcknowledgement
from labeling.services.acknowledgements import acknowledge_guideline
from labeling.services.guidelines import propose_guideline, publish_guideline
from routing.models import Lease
from routing.services.claims import next_task
from routing.services.enrolments import enrol_reviewer
from routing.services.submits import submit_task
from routing.types import LeasedTask, NothingToDo
from tests.cast import CLAUSES, gather_cast, open_new_project
from tests.factories import freeze, judge, prefer, settle, take, upload_items

SAFETY = {"id": "safety", "title": "Safety", "text": "Nothing that harms."}


def publish(cast, change_kind, project=None):
    project = project or cast.project
    count = project.guidelines.count()
    clauses = [*CLAUSES, *[{**SAFETY, "id": f"safety-{number}"} for number in range(count)]]
    return publish_guideline(project=project, clauses=clauses, change_kind=change_kind, actor=cast.mira)


def asked(reviewer, **more):
    nothing = next_task(user=reviewer.user, **more)
    assert isinstance(nothing, NothingToDo)
    return (nothing.code, nothing.guideline and nothing.guideline.number)


def test_the_first_guideline_is_read_before_the_first_task(cast):
    project = open_new_project(cast.northwind, "first", cast.mira)
    enrol_reviewer(project=project, reviewer=cast.anna, actor=cast.mira)
    assert asked(cast.anna) == ("nothing_left", None)
    upload_items(project, cast.mira)
    nothing = next_task(user=cast.anna.user)
    assert (nothing.code, nothing.guideline.clauses, nothing.guideline.changes) == ("guideline", CLAUSES, None)
    assert nothing.message == "Read the guideline of First first; your next task follows."
    assert not Lease.objects.exists()
    acknowledge_guideline(reviewer=cast.anna, project=project, number=1)
    assert isinstance(next_task(user=cast.anna.user), LeasedTask)


@pytest.mark.parametrize("change_kind", ["clarification", "breaking"])
def test_a_new_version_is_read_before_the_next_task_and_says_what_changed(cast, change_kind):
    upload_items(cast.project, cast.mira, 2)
    publish(cast, change_kind)
    nothing = next_task(user=cast.anna.user)
    assert (nothing.guideline.number, nothing.guideline.change_kind) == (2, change_kind)
    assert [clause["id"] for clause in nothing.guideline.changes["added"]] == ["safety-0"]
    acknowledge_guideline(reviewer=cast.anna, project=cast.project, number=2)
    assert take(cast.anna).guideline_number == 2


def test_an_editorial_version_is_not_asked_for(cast):
    upload_items(cast.project, cast.mira)
    publish(cast, "editorial")
    leased = next_task(user=cast.anna.user)
    assert leased.guideline_number == 2
    assert GuidelineAcknowledgement.objects.filter(reviewer=cast.anna).count() == 1


def test_who_missed_several_versions_reads_the_one_in_force_against_their_last(cast):
    upload_items(cast.project, cast.mira)
    publish(cast, "breaking")
    publish(cast, "editorial")
    nothing = next_task(user=cast.anna.user)
    assert nothing.guideline.number == 3
    assert len(nothing.guideline.changes["added"]) == 2
    acknowledge_guideline(reviewer=cast.anna, project=cast.project, number=2)
    assert isinstance(next_task(user=cast.anna.user), LeasedTask)


def test_a_task_in_hand_is_kept_through_a_new_version(cast):
    upload_items(cast.project, cast.mira)
    leased = take(cast.anna)
    publish(cast, "clarification")
    assert next_task(user=cast.anna.user).token == leased.token


def test_a_task_of_another_project_comes_before_the_reading(cast):
    other = open_new_project(cast.northwind, "other", cast.mira)
    enrol_reviewer(project=other, reviewer=cast.anna, actor=cast.mira)
    upload_items(other, cast.mira)
    upload_items(cast.project, cast.mira)
    assert next_task(user=cast.anna.user).project_id == cast.project.pk
    judge(cast.anna)
    assert asked(cast.anna) == ("guideline", 1)
    assert asked(cast.anna, project=cast.project.public_id) == ("nothing_left", None)


def test_to_acknowledge_twice_is_to_acknowledge_once(cast):
    publish(cast, "breaking")
    for _ in range(2):
        acknowledge_guideline(reviewer=cast.anna, project=cast.project, number=2)
    assert list(cast.anna.acknowledgements.order_by("number").values_list("number", flat=True)) == [1, 2]
    assert Event.objects.filter(kind="guideline.acknowledged", actor_id=cast.anna.user_id).count() == 2


def test_what_is_not_in_force_is_not_acknowledged(cast):
    propose_guideline(project=cast.project, clauses=CLAUSES, actor=cast.mira)
    for number in (2, 3):
        with pytest.raises(NotFound, match="is not in force"):
            acknowledge_guideline(reviewer=cast.anna, project=cast.project, number=number)
    assert cast.anna.acknowledgements.count() == 1


def test_a_next_takes_six_statements_at_most_when_it_asks_to_read(cast, django_assert_max_num_queries):
    upload_items(cast.project, cast.mira, 3)
    publish(cast, "breaking")
    with django_assert_max_num_queries(10) as seen:
        assert asked(cast.anna) == ("guideline", 2)
    assert len([query for query in seen.captured_queries if "SAVEPOINT" not in query["sql"]]) <= 6


def test_the_desk_is_told_and_acknowledges(cast):
    upload_items(cast.project, cast.mira)
    publish(cast, "breaking")
    client, headers = Client(), cast.bearer("anna")

    def post(path, body):
        return client.post(f"/api/desk/v1/{path}", body, content_type="application/json", headers=headers)

    reason = post("next", {}).json()["reason"]
    assert reason["guideline"]["project"] == {"id": str(cast.project.public_id), "name": "Pairs"}
    assert reason["guideline"]["number"] == 2
    assert post(f"projects/{cast.project.public_id}/acknowledge", {"number": 9}).status_code == 404
    assert post(f"projects/{cast.foreign_project.public_id}/acknowledge", {"number": 1}).status_code == 404
    done = post(f"projects/{cast.project.public_id}/acknowledge", {"number": 2})
    assert (done.status_code, done.json()) == (200, {"number": 2})
    assert post("next", {}).json()["task"]["guideline"]["number"] == 2


def test_an_answer_by_an_older_version_is_kept_and_marked(cast):
    upload_items(cast.project, cast.mira)
    leased = take(cast.anna)
    publish(cast, "editorial")
    submit_task(user=cast.anna.user, token=leased.token, answers=prefer("a"), seconds=1)
    judge(cast.bela)
    assert list(
        Annotation.objects.order_by("id").values_list("reviewer", "guideline__number", "is_guideline_current")
    ) == [(cast.anna.pk, 1, False), (cast.bela.pk, 2, True)]


@pytest.mark.django_db(transaction=True)
def test_a_release_says_which_answers_came_by_an_older_version():
    cast = gather_cast()
    upload_items(cast.project, cast.mira)
    leased = take(cast.anna)
    publish(cast, "editorial")
    submit_task(user=cast.anna.user, token=leased.token, answers=prefer("a"), seconds=1)
    judge(cast.bela)
    judge(cast.cleo)
    settle()
    release = freeze(cast.project, cast.dana)
    with storages["releases"].open(
        Artifact.objects.get(release=release, name="records.jsonl").pieces[0]["stored_as"]
    ) as file:
        [record] = [json.loads(line) for line in file]
    marked = sorted((each["guideline"], each["guideline_current"]) for each in record["annotations"])
    assert marked == [(1, False), (2, True), (2, True)]
    assert [each["number"] for each in release.manifest["guidelines"]] == [1, 2]
