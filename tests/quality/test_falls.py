"""A standing falls: what rests on its reviewer is held, judged anew where it rests on nobody else, and named in releases."""

import threading

import pytest
from django.db import IntegrityError, connection, transaction
from psycopg.types.json import Jsonb

from config.kernel.errors import Invalid, TransitionRefused
from config.kernel.models import Event
from delivery.holding import doubted_releases, held_results
from delivery.jobs import freeze as freeze_job
from delivery.models import ReleaseEntry
from delivery.services.doubts import name_releases
from delivery.services.releases import request_release
from labeling.models import Item, Round, Task
from labeling.services.acknowledgements import acknowledge_guideline
from labeling.services.rounds import assign_items
from quality.models import Doubt, Fall
from quality.services import falls
from quality.services.falls import clear_doubt, doubt_work, look_at_falls
from routing.explaining import explain_eligibility
from routing.models import Enrolment, Exclusion
from routing.services.claims import next_task
from routing.services.enrolments import enrol_reviewer, trust_fully
from routing.types import NothingToDo
from tests.cast import open_new_project
from tests.factories import freeze, item_row, judge, resolve_items, settle, upload, upload_items
from tests.standings import found_right, standing_of


def entries(release):
    return sorted(ReleaseEntry.objects.filter(release=release).values_list("external_id", flat=True))


@pytest.fixture
def divided(transactional_db, cast):
    """Three items that Anna, Bela and Cleo answered: alike, two to one with Anna, and each otherwise."""
    upload_items(cast.project, cast.mira, 3)
    for who, choices in ((cast.anna, "aaa"), (cast.bela, "aab"), (cast.cleo, "abb")):
        for choice in choices:
            judge(who, choice)
    settle()
    found_right(cast.anna, "1")
    return cast


@pytest.fixture
def alone(transactional_db, cast):
    """A project whose five items Anna judged by herself, trusted by name."""
    cast.solo = open_new_project(cast.northwind, "solo", cast.mira, overlap=1)
    enrolment = enrol_reviewer(project=cast.solo, reviewer=cast.anna, actor=None)
    enrol_reviewer(project=cast.solo, reviewer=cast.bela, actor=None)
    trust_fully(enrolment=enrolment, reason="Known well", actor=cast.mira)
    upload_items(cast.solo, cast.mira, 5)
    for _ in range(5):
        judge(cast.anna)
    settle()
    found_right(cast.anna, "1")
    return cast


def test_what_the_others_come_to_as_well_is_cleared_and_the_rest_is_held_until_somebody_does(divided):
    cast = divided
    doubt_work(standing=standing_of(cast.anna), reason="She shared her account", actor=cast.mira)
    settle()
    doubts = Doubt.objects.order_by("resolution__item_version__item")
    assert [(doubt.state, doubt.rests_alone) for doubt in doubts] == [
        ("cleared", False), ("open", False), ("cleared", False),
    ]  # fmt: skip
    fall = Fall.objects.get()
    assert (fall.held_count, fall.requeued_count, fall.carried_count) == (1, 0, 0)
    assert fall.finished_at is not None
    assert entries(freeze(cast.project, cast.dana)) == ["item-000", "item-002"]
    [held] = doubts.filter(state="open")
    with pytest.raises(Invalid, match="Say why this result is right"):
        clear_doubt(doubt=held, reason=" ", actor=cast.mira)
    clear_doubt(doubt=held, reason="Read it: right", actor=cast.mira)
    with pytest.raises(TransitionRefused):
        clear_doubt(doubt=held, reason="Again", actor=cast.mira)
    assert entries(freeze(cast.project, cast.dana)) == ["item-000", "item-001", "item-002"]


def test_what_rests_on_them_alone_is_judged_anew_and_releases_that_carry_it_are_named(alone):
    cast = alone
    release = freeze(cast.solo, cast.dana)
    assert release.records_count == 5
    doubt_work(standing=standing_of(cast.anna), reason="She guesses", actor=cast.mira)
    settle()
    fall = Fall.objects.get()
    assert (fall.held_count, fall.requeued_count, fall.carried_count) == (5, 5, 5)
    assert set(Round.objects.filter(number=2).values_list("reason", "state")) == {("standing", "open")}
    assert set(Item.objects.filter(project=cast.solo).values_list("state", flat=True)) == {"in_progress"}
    assert doubted_releases(fall_id=fall.pk) == [(release, 5)]
    [named] = Event.objects.filter(kind="release.doubted")
    assert (named.subject_id, named.data) == (release.pk, {"fall": fall.pk, "results": 5})
    name_releases(fall_id=fall.pk)
    assert Event.objects.filter(kind="release.doubted").count() == 1
    judge(cast.bela)
    settle()
    assert sorted(Doubt.objects.values_list("state", flat=True)) == ["open"] * 4 + ["replaced"]


def claimed(reviewer, pool):
    """Return what the database gives the reviewer of this pool, whatever the policy says."""
    with connection.cursor() as cursor:
        asked = (reviewer.pk, [pool.pk], [Jsonb({})], False, 60, 10_000, reviewer.user_id, "", [])
        cursor.execute(
            "SELECT outcome, given FROM routing_claim(%s::bigint, %s::bigint[], %s::jsonb[], %s, %s, %s, %s, %s, %s::text[])",
            asked,
        )
        return cursor.fetchone()


def test_who_fell_never_judges_their_own_work_anew(alone):
    cast = alone
    doubt_work(standing=standing_of(cast.anna), reason="She guesses", actor=cast.mira)
    settle()
    anew = Round.objects.filter(reason="standing")
    excluded = Exclusion.objects.values_list("round", "reviewer", "reason")
    assert sorted(excluded) == sorted((each.pk, cast.anna.pk, "standing") for each in anew)
    assert Enrolment.objects.get(project=cast.solo, reviewer=cast.anna).trust == "trusted"
    told = next_task(user=cast.anna.user, project=cast.solo.public_id)
    assert isinstance(told, NothingToDo)
    task = Task.objects.filter(round__in=anew).first()
    reasons = explain_eligibility(reviewer=cast.anna, task=task).reasons
    assert [reason.sentence for reason in reasons if not reason.is_met] == [
        "They are excluded from the round: their own work is judged anew."
    ]
    acknowledge_guideline(reviewer=cast.bela, project=cast.solo, number=1)
    assert explain_eligibility(reviewer=cast.bela, task=task).may
    assert claimed(cast.anna, task.pool) == ("nothing", None)
    assert claimed(cast.bela, task.pool)[0] == "leased"
    with pytest.raises(IntegrityError, match="for good"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM routing_exclusion")


def test_what_was_assigned_to_who_fell_is_anybodys_when_it_is_judged_anew(cast):
    named = open_new_project(cast.northwind, "named", cast.mira, overlap_kind="assigned")
    for reviewer in (cast.anna, cast.bela):
        enrol_reviewer(project=named, reviewer=reviewer, actor=None)
    [item] = upload_items(named, cast.mira)
    assign_items(project=named, assignments={item.external_id: [cast.anna]}, actor=cast.mira)
    judge(cast.anna)
    settle()
    found_right(cast.anna, "1")
    doubt_work(standing=standing_of(cast.anna), reason="She guesses", actor=cast.mira)
    settle()
    anew = Task.objects.get(round__reason="standing")
    assert (anew.reserved_for, anew.round.judgments_needed) == (None, 1)
    judge(cast.bela, "b")
    settle()
    anew.round.refresh_from_db()
    assert (anew.round.state, Doubt.objects.get().state) == ("resolved", "replaced")


def test_a_fall_that_died_midway_goes_on_where_it_ended(alone, monkeypatch):
    cast = alone
    monkeypatch.setattr(falls, "SLICE", 2)
    fall = doubt_work(standing=standing_of(cast.anna), reason="She guesses", actor=cast.mira)
    doubt, calls = falls._doubt, []

    def die_in_the_second(*arguments):
        calls.append(1)
        made = doubt(*arguments)
        if len(calls) == 2:
            raise MemoryError
        return made

    monkeypatch.setattr(falls, "_doubt", die_in_the_second)
    with pytest.raises(MemoryError):
        look_at_falls()
    fall.refresh_from_db()
    assert (fall.held_count, fall.requeued_count, fall.finished_at) == (2, 2, None)
    assert Doubt.objects.count() == 2
    assert Round.objects.filter(reason="standing").count() == 2
    monkeypatch.setattr(falls, "_doubt", doubt)
    assert look_at_falls() == 3
    fall.refresh_from_db()
    assert (fall.held_count, fall.requeued_count) == (5, 5)
    assert Round.objects.filter(reason="standing").count() == 5
    assert look_at_falls() == 0


def test_two_workers_at_once_do_it_once(alone):
    cast = alone
    doubt_work(standing=standing_of(cast.anna), reason="She guesses", actor=cast.mira)
    start, done = threading.Barrier(2), []

    def work():
        start.wait()
        try:
            done.append(look_at_falls())
        finally:
            connection.close()

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sum(done) == 5
    fall = Fall.objects.get()
    assert (fall.held_count, fall.requeued_count) == (5, 5)
    assert Doubt.objects.count() == 5
    assert Round.objects.filter(reason="standing").count() == 5
    assert Event.objects.filter(kind="standing.fell").count() == 1


def test_nothing_is_released_on_the_strength_of_one_person_on_probation(transactional_db, cast):
    solo = open_new_project(cast.northwind, "solo", cast.mira, overlap=1)
    enrolment = enrol_reviewer(project=solo, reviewer=cast.anna, actor=None)
    upload_items(solo, cast.mira, 1)
    judge(cast.anna)
    settle()
    assert held_results(project_id=solo.pk).unproven == 0  # nobody could ever be trusted there
    upload(solo, cast.mira, item_row("gold", expected={"answer": {"preference": {"choice": "a"}}}))
    held = held_results(project_id=solo.pk)
    assert (held.doubted, held.unproven) == (0, 1)
    release = request_release(project=solo, actor=cast.dana)
    freeze_job(release.pk)
    release.refresh_from_db()
    assert release.state == "failed"
    assert release.fault.startswith("All that is resolved is held: 0 in doubt")
    trust_fully(enrolment=enrolment, reason="Known well", actor=cast.mira)
    assert held_results(project_id=solo.pk).unproven == 0


def test_with_gold_that_could_tell_three_on_probation_are_not_enough_either(cast):
    resolve_items(cast.project, cast.mira, [cast.anna, cast.bela, cast.cleo])
    assert held_results(project_id=cast.project.pk).unproven == 0
    upload(cast.project, cast.mira, item_row("gold", expected={"answer": {"preference": {"choice": "a"}}}))
    assert held_results(project_id=cast.project.pk).unproven == 1
    trust_fully(enrolment=cast.anna.enrolments.get(), reason="Known well", actor=cast.mira)
    assert held_results(project_id=cast.project.pk).unproven == 0
