"""Escalations: one for a cause, climbing while nobody answers, with their history; and what a customer is told."""

import json
from dataclasses import asdict
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import F

from config.kernel.errors import Conflict, Invalid, TransitionRefused
from config.kernel.models import Event
from labeling.models import Pool, Round
from labeling.services.settings import change_project
from routing.ladder import HOUSE_LADDER
from routing.models import Escalation, EscalationStep, PoolStat
from routing.services.escalations import (
    Cause,
    acknowledge_escalation,
    act_on_escalation,
    climb,
    close_by_facts,
    drafted_message,
    escalate_skipped,
    in_words,
    open_escalations,
    raised_pools,
    renew_priorities,
    resolve_escalation,
    tell_customer,
    tell_customer_in_own_words,
)
from routing.services.leases import skip_task
from routing.services.levels import create_calendar, set_routing, set_service_level
from routing.services.rollups import roll_up
from tests.factories import take, upload_items


@pytest.fixture
def pool(cast):
    upload_items(cast.project, cast.mira, 2)
    roll_up()
    return Pool.objects.get(project=cast.project)


def cause(pool, **more):
    return Cause(
        **{
            "project_id": pool.project_id, "customer_id": pool.customer_id, "kind": "missed", "severity": "urgent",
            "subject": "pool", "subject_id": pool.pk, "message": "6 judgments are late.", "pool_id": pool.pk, **more,
        }
    )  # fmt: skip


@pytest.fixture
def escalation(pool):
    [made] = open_escalations([cause(pool)])
    made.refresh_from_db()
    return made


def shorten(escalation, *afters):
    """Have the rungs of the ladder come after so many minutes: what they are counted from is fixed, and is now."""
    calendar = create_calendar(
        customer=escalation.customer, name="Any", time_zone="UTC", hours=[], holidays=[], actor=None
    )
    ladder = [{**asdict(rung), "after_minutes": after} for after, rung in zip(afters, HOUSE_LADDER, strict=True)]
    set_service_level(project=escalation.project, calendar=calendar, turnaround_hours=48, ladder=ladder, actor=None)


def steps(escalation):
    return list(escalation.steps.order_by("id").values_list("what", flat=True))


def test_one_is_open_for_a_cause(escalation, pool):
    assert open_escalations([cause(pool)]) == []
    assert len(open_escalations([cause(pool, kind="nobody")])) == 1
    close_by_facts(keys=[escalation.pk], why="it is done.")
    assert len(open_escalations([cause(pool)])) == 1
    assert steps(escalation) == ["Opened.", "The project's leads are asked.", "Resolved by the facts: it is done."]


def test_it_climbs_while_nobody_answers_and_raises_its_pool(escalation, pool):
    assert climb() == 0
    shorten(escalation, 0, 0, 0)
    assert climb() == 1
    escalation.refresh_from_db()
    pool.refresh_from_db()
    assert (escalation.rung, escalation.raised, pool.priority) == (3, 2, 2)
    assert escalation.customer_told_at is not None
    assert "Pairs" in escalation.customer_message
    assert len(escalation.steps.all()) == 5
    assert climb() == 0


def test_who_acknowledges_it_stops_it_climbing(escalation, cast):
    acknowledge_escalation(escalation=escalation, actor=cast.mira)
    shorten(escalation, 0, 0, 0)
    assert climb() == 0
    escalation.refresh_from_db()
    assert (escalation.state, escalation.owner, escalation.rung) == ("acknowledged", cast.mira, 1)


def test_it_is_acted_on_and_resolved_with_words(escalation, pool, cast):
    with pytest.raises(Invalid, match="what you did"):
        act_on_escalation(escalation=escalation, reason=" ", actor=cast.mira)
    act_on_escalation(escalation=escalation, reason="Two more people.", actor=cast.mira)
    act_on_escalation(escalation=escalation, reason="And a third.", actor=cast.mira)
    escalation.refresh_from_db()
    assert (escalation.state, escalation.owner) == ("acted", cast.mira)
    with pytest.raises(Invalid, match="how it was resolved"):
        resolve_escalation(escalation=escalation, reason="", actor=cast.mira)
    resolve_escalation(escalation=escalation, reason="All done.", actor=cast.mira)
    with pytest.raises(TransitionRefused):
        resolve_escalation(escalation=escalation, reason="Again.", actor=cast.mira)
    with pytest.raises(TransitionRefused):
        acknowledge_escalation(escalation=escalation, actor=cast.mira)
    with pytest.raises(Conflict, match="is resolved"):
        act_on_escalation(escalation=escalation, reason="More.", actor=cast.mira)
    with pytest.raises(Conflict, match="nothing left to tell"):
        tell_customer(escalation=escalation, actor=cast.mira)
    assert steps(escalation)[2:] == ["Two more people.", "And a third.", "Resolved: All done."]
    kinds = Event.objects.filter(subject="routing.escalation", subject_id=escalation.pk).order_by("id")
    assert list(kinds.values_list("kind", flat=True)) == [
        "escalation.opened",
        "escalation.climbed",
        "escalation.acknowledged",
        "escalation.acted",
        "escalation.resolved",
    ]


def test_a_raised_priority_stands_on_the_projects_and_goes_with_the_escalation(escalation, pool, cast):
    shorten(escalation, 0, 0, 999)
    climb()
    assert Pool.objects.get().priority == 1
    change_project(project=cast.project, changes={"priority": 5}, actor=cast.mira)
    with transaction.atomic():
        renew_priorities(raised_pools())
    assert Pool.objects.get().priority == 6
    resolve_escalation(escalation=escalation, reason="Done.", actor=cast.mira)
    assert Pool.objects.get().priority == 5


def test_the_customer_is_told_facts_and_no_names(escalation, cast):
    PoolStat.objects.update(finish_at=F("measured_at") + timedelta(hours=5))
    tell_customer(escalation=escalation, actor=cast.mira)
    escalation.refresh_from_db()
    assert escalation.customer_message.startswith("Part of Pairs was due")
    assert "(UTC)" in escalation.customer_message
    for name in ("Mira", "Anna", "pool"):
        assert name not in escalation.customer_message
    with pytest.raises(Conflict, match="told just that"):
        tell_customer(escalation=escalation, actor=cast.mira)
    with pytest.raises(Invalid, match="what the customer is told"):
        tell_customer_in_own_words(escalation=escalation, reason="", actor=cast.mira)
    tell_customer_in_own_words(escalation=escalation, reason="Tomorrow at noon.", actor=cast.mira)
    escalation.refresh_from_db()
    assert escalation.customer_message == "Tomorrow at noon."
    assert steps(escalation)[-1] == "The customer was told: Tomorrow at noon."
    assert Event.objects.filter(kind="escalation.customer_told").count() == 2


def test_due_time_and_forecast_that_a_customer_is_told_are_of_the_same_work(escalation, pool):
    stat = PoolStat.objects.get()
    late, ahead = stat.measured_at - timedelta(hours=1), stat.measured_at + timedelta(days=2)
    done, last = stat.measured_at + timedelta(hours=5), stat.measured_at + timedelta(days=5)
    parts = [(late, done), (ahead, last), (None, stat.measured_at + timedelta(days=9))]
    stat.by_due = [
        {"batch": None, "due_at": due and due.isoformat(), "count": 1, "finish_at": finish.isoformat()}
        for due, finish in parts
    ]
    stat.finish_at = stat.measured_at + timedelta(days=9)
    stat.save()
    [risky] = open_escalations([cause(pool, kind="at_risk")])
    for told, (due, finish) in ((escalation, parts[0]), (risky, parts[1])):
        said = drafted_message(told)
        assert in_words(due, "UTC") in said
        assert in_words(finish, "UTC") in said


def test_long_words_are_refused_and_what_is_told_is_kept_whole(escalation, cast):
    with pytest.raises(Invalid, match="at most 290 characters"):
        resolve_escalation(escalation=escalation, reason="x" * 291, actor=cast.mira)
    with pytest.raises(Invalid, match="at most 500 characters"):
        tell_customer_in_own_words(escalation=escalation, reason="x" * 501, actor=cast.mira)
    words = "word " * 99 + "end"
    tell_customer_in_own_words(escalation=escalation, reason=words, actor=cast.mira)
    assert " ".join(steps(escalation)[2:]) == f"The customer was told: {words}"


def test_a_round_that_people_skip_again_and_again_is_escalated(cast):
    upload_items(cast.project, cast.mira)
    round = Round.objects.get()
    set_routing(project=cast.project, escalate_after_skips=2, actor=cast.mira)
    skip_task(user=cast.anna.user, token=take(cast.anna).token, reason="Unclear")
    assert not escalate_skipped(round=round)
    skip_task(user=cast.bela.user, token=take(cast.bela).token, reason="Unclear")
    assert escalate_skipped(round=round)
    assert escalate_skipped(round=round)
    found = Escalation.objects.get()
    assert (found.kind, found.subject, found.subject_id) == ("skipped", "round", round.pk)


def test_the_database_keeps_steps_and_what_is_resolved(escalation, cast):
    resolve_escalation(escalation=escalation, reason="Done.", actor=cast.mira)
    with connection.cursor() as cursor:
        for statement in (
            "UPDATE routing_escalation SET message = 'x'",
            "DELETE FROM routing_escalation",
            "UPDATE routing_escalation SET state = 'open'",
        ):
            with pytest.raises(IntegrityError), transaction.atomic():
                cursor.execute(statement)
    assert EscalationStep.objects.count() == 3


def test_the_customer_sees_the_clock_in_the_api(client, escalation, cast):
    tell_customer_in_own_words(escalation=escalation, reason="Tomorrow at noon.", actor=cast.mira)
    answer = client.get(f"/api/v1/projects/{cast.project.public_id}/clock", headers=cast.bearer("dana")).json()
    assert (answer["is_stopped"], answer["outlook"], answer["judgments_left"]) == (False, "no due time", 6)
    assert [each["message"] for each in answer["messages"]] == ["Tomorrow at noon."]
    assert "Mira" not in json.dumps(answer)
