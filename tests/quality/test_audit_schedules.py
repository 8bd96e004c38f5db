"""Audits that recur: when each is due, what it is of, and that two workers draw it once."""

import threading
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction

from config.kernel.clock import database_now
from config.kernel.errors import Conflict, Invalid
from quality.audit_calendar import next_after
from quality.jobs import order_recurring_audits
from quality.models import AuditDraw, AuditPlan, AuditSchedule, Resolution
from quality.services import audit_schedules
from quality.services.audit_schedules import draw_due, end_schedule, make_schedule
from tests.auditing import answer_all, fact, prepare, resolve_facts
from tests.cast import gather_cast
from tests.factories import item_row, settle, unguarded

WEEK = timedelta(days=7)


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("first", "every", "now", "then"),
    [
        ("2026-01-05 09:00", "week", "2026-01-01 00:00", "2026-01-05 09:00"),
        ("2026-01-05 09:00", "week", "2026-01-05 09:00", "2026-01-12 09:00"),
        ("2026-01-05 09:00", "week", "2026-02-20 10:00", "2026-02-23 09:00"),
        ("2026-01-31 09:00", "month", "2026-01-31 09:00", "2026-02-28 09:00"),
        ("2026-01-31 09:00", "month", "2026-02-28 09:00", "2026-03-31 09:00"),
        ("2026-01-31 09:00", "month", "2026-12-31 09:01", "2027-01-31 09:00"),
    ],
)
def test_the_next_time_keeps_the_day_and_makes_up_for_nothing(first, every, now, then):
    assert next_after(at(first), every, at(now)) == at(then)


def pass_time(by):
    """Let so much time pass: for what was resolved, and for the schedules."""
    with unguarded("quality_resolution", "immutable") as cursor:
        cursor.execute("UPDATE quality_resolution SET created_at = created_at - %s", [by])
    with unguarded("quality_auditschedule", "fixed_columns") as cursor:
        cursor.execute(
            "UPDATE quality_auditschedule SET created_at = created_at - %(by)s, drawn_until = drawn_until - %(by)s,"
            " first_at = first_at - %(by)s, next_at = next_at - %(by)s",
            {"by": by},
        )


def weekly(cast, **more):
    return make_schedule(project=cast.project, name="Weekly", every="week", actor=cast.mira, **more)


def resolve(cast, *names):
    resolve_facts(cast, *[item_row(name) for name in names])


def drawn_items():
    return sorted(AuditDraw.objects.values_list("resolution__round__item__external_id", flat=True))


@pytest.fixture
def cast(cast):
    return prepare(cast, "cleo", "dido")


def test_a_weekly_audit_draws_what_came_since_and_says_when_the_next_is_due(cast):
    resolve(cast, "before")
    pass_time(timedelta(hours=1))
    schedule = weekly(cast)
    assert schedule.next_at - schedule.first_at == WEEK
    resolve(cast, "one", "two")
    assert order_recurring_audits() == 0
    pass_time(WEEK)
    assert order_recurring_audits() == 1
    settle()
    schedule.refresh_from_db()
    plan = AuditPlan.objects.get()
    assert (plan.state, plan.schedule, plan.made_by) == ("drawn", schedule, cast.mira)
    assert plan.name.startswith("Weekly 20")
    assert plan.sizes == {"all": {"items": 2, "drawn": 2}}
    assert drawn_items() == ["one", "two"]
    assert schedule.drawn_until == plan.resolved_until
    assert schedule.next_at == schedule.first_at + 2 * WEEK
    assert order_recurring_audits() == 0


def test_what_is_due_waits_for_the_audits_before_and_is_of_all_since(cast):
    weekly(cast)
    resolve(cast, "one")
    pass_time(WEEK)
    order_recurring_audits()
    settle()
    resolve(cast, "two")
    pass_time(WEEK)
    assert order_recurring_audits() == 1
    settle()
    assert AuditPlan.objects.count() == 1
    assert answer_all(cast.cleo, fact("true")) + answer_all(cast.dido, fact("true")) >= 1
    settle()
    order_recurring_audits()
    settle()
    assert AuditPlan.objects.count() == 2
    assert drawn_items() == ["one", "two"]


def test_a_window_without_results_makes_no_plan_and_is_over(cast):
    schedule = weekly(cast)
    pass_time(WEEK)
    order_recurring_audits()
    settle()
    schedule.refresh_from_db()
    assert not AuditPlan.objects.exists()
    assert schedule.next_at > database_now()


def test_an_audit_after_so_many_results_is_due_by_them(cast):
    make_schedule(project=cast.project, name="Tens", every="results", every_results=10, actor=cast.mira)
    resolve(cast, *[f"item-{number}" for number in range(9)])
    pass_time(timedelta(minutes=5))
    assert order_recurring_audits() == 0
    resolve(cast, "the-tenth")
    assert order_recurring_audits() == 0
    pass_time(timedelta(minutes=5))
    assert order_recurring_audits() == 1
    settle()
    assert AuditPlan.objects.get().sizes == {"all": {"items": 10, "drawn": 10}}
    assert AuditSchedule.objects.get().next_at is None
    assert order_recurring_audits() == 0


def test_an_ended_one_draws_no_more(cast):
    schedule = weekly(cast)
    with pytest.raises(Invalid, match="Say why"):
        end_schedule(schedule=schedule, reason=" ", actor=cast.mira)
    end_schedule(schedule=schedule, reason="The project is over.", actor=cast.mira)
    with pytest.raises(Conflict, match="ended before"):
        end_schedule(schedule=schedule, reason="Again.", actor=cast.mira)
    assert order_recurring_audits() == 0
    assert draw_due(schedule_id=schedule.pk) == 0


@pytest.mark.parametrize(
    ("field", "more"),
    [
        ("strata", {"strata": ["colour"]}),
        ("half_width", {"half_width": Decimal("0.9")}),
        ("every_results", {"every_results": 10}),
        ("every_results", {"every": "results"}),
        ("first_at", {"first_at": at("2020-01-01 00:00")}),
        ("first_at", {"every": "results", "every_results": 10, "first_at": at("2099-01-01 00:00")}),
    ],
)
def test_what_makes_no_sense_is_refused_at_its_field(cast, field, more):
    given = {"project": cast.project, "name": "Audit", "every": "week", "actor": cast.mira, **more}
    with pytest.raises(Invalid) as refused:
        make_schedule(**given)
    assert refused.value.field == field
    assert not AuditSchedule.objects.exists()


def test_a_killed_worker_has_drawn_nothing_and_the_next_draws_it(cast, monkeypatch):
    schedule = weekly(cast)
    resolve(cast, "one")
    pass_time(WEEK)

    def killed(**_):
        raise KeyboardInterrupt

    monkeypatch.setattr(audit_schedules, "draw_audits", killed)
    with pytest.raises(KeyboardInterrupt):
        draw_due(schedule_id=schedule.pk)
    assert not AuditPlan.objects.exists()
    monkeypatch.undo()
    assert draw_due(schedule_id=schedule.pk) == 1


def test_two_workers_that_meet_draw_it_once(transactional_db):
    cast = prepare(gather_cast(), "cleo")
    schedule = weekly(cast)
    resolve(cast, "one", "two", "three")
    pass_time(WEEK)
    found, start = [], threading.Barrier(2)

    def work():
        start.wait()
        found.append(draw_due(schedule_id=schedule.pk))
        connection.close()

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sorted(found) == [0, 3]
    assert AuditPlan.objects.count() == 1
    assert Resolution.objects.count() == 3


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("UPDATE quality_auditschedule SET half_width = 0.5", "never change"),
        ("UPDATE quality_auditschedule SET name = 'Daily'", "never change"),
        ("DELETE FROM quality_auditschedule", "keeps its rows"),
    ],
)
def test_not_even_the_owner_changes_what_was_set(cast, change, said):
    weekly(cast)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("RESET ROLE")
        with pytest.raises(IntegrityError, match=said), transaction.atomic():
            cursor.execute(change)
        transaction.set_rollback(True)
