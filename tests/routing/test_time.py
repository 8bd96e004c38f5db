"""Time: due times, stops of the clock, the roll-up's figures, and what the watch makes of them."""

import threading
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from config.kernel.errors import Conflict, Invalid
from config.kernel.locks import ADVISORY_ROLL_UP, ADVISORY_WATCH, session_lock
from config.kernel.models import Event
from delivery.services.acceptance import decide_release
from labeling.models import Pool, Project, Round, Task
from labeling.services.rounds import reopen_items
from labeling.services.settings import change_project
from routing.models import ClockStop, Escalation, HandlingTime, PoolStat, Promise, ServiceLevel
from routing.services import rollups
from routing.services.clocks import end_stop, resume_clock, stop_clock, stop_clock_by_hand
from routing.services.enrolments import end_enrolment, grant_qualification
from routing.services.levels import (
    change_calendar,
    change_service_level,
    create_calendar,
    end_service_level,
    set_routing,
    set_service_level,
)
from routing.services.rollups import roll_up
from routing.services.submits import submit_task
from routing.services.watching import is_expert, watch_service_levels
from tests.cast import gather_cast
from tests.factories import (
    freeze,
    item_row,
    judge,
    let_leases_age,
    prefer,
    resolve_items,
    settle,
    take,
    upload,
    upload_items,
)


@pytest.fixture
def calendar(cast):
    return create_calendar(
        customer=cast.northwind, name="Always", time_zone="UTC", hours=[], holidays=[], actor=cast.mira
    )


@pytest.fixture
def level(cast, calendar):
    return set_service_level(
        project=cast.project, calendar=calendar, turnaround_hours=48, at_risk_hours=4, actor=cast.mira
    )


def stat(cast):
    return PoolStat.objects.get(pool__project=cast.project)


def pool(cast):
    return Pool.objects.get(project=cast.project)


def measured(cast, *, seconds=60.0):
    """Let the form in use have been measured: so long a judgment."""
    HandlingTime.objects.update_or_create(
        form=cast.project.forms.get(),
        defaults={
            "customer": cast.northwind, "count": 50, "median_seconds": seconds, "mean_seconds": seconds, "p95_seconds": seconds,
        },
    )  # fmt: skip


def test_a_batch_is_due_its_turnaround_after_it_was_accepted(cast, level):
    batch = upload(cast.project, cast.mira, item_row("one"))
    settle()
    roll_up()
    promise = Promise.objects.get(batch=batch)
    assert promise.due_at == batch.finished_at + timedelta(hours=48)
    assert pool(cast).due_at == promise.due_at
    assert stat(cast).by_due == [
        {"batch": batch.pk, "due_at": promise.due_at.isoformat(), "count": 3, "finish_at": None}
    ]


def test_the_pool_is_due_with_its_oldest_unfinished_batch(cast, level):
    first = upload(cast.project, cast.mira, item_row("one"))
    second = upload(cast.project, cast.mira, item_row("two"))
    roll_up()
    assert [part["batch"] for part in stat(cast).by_due] == [first.pk, second.pk]
    assert pool(cast).due_at == Promise.objects.get(batch=first).due_at
    for reviewer in (cast.anna, cast.bela, cast.cleo):
        judge(reviewer)
    settle()
    roll_up()
    assert Promise.objects.get(batch=first).finished_at is not None
    assert pool(cast).due_at == Promise.objects.get(batch=second).due_at
    assert [(part["batch"], part["count"]) for part in stat(cast).by_due] == [(second.pk, 3)]


def test_what_is_asked_again_counts_from_when_it_was_asked(cast, level):
    [item] = resolve_items(cast.project, cast.mira, [cast.anna, cast.bela, cast.cleo])
    roll_up()
    assert pool(cast).due_at is None
    later = timezone.now() - timedelta(hours=1)
    reopen_items(item_ids=[item.pk], reason="rework", actor=cast.mira)
    reopened = Round.objects.get(item=item, state="open")
    roll_up()
    [part] = stat(cast).by_due
    assert (part["batch"], part["count"]) == (None, 3)
    assert pool(cast).due_at == reopened.created_at + timedelta(hours=48)
    assert pool(cast).due_at > later


def test_work_asked_again_in_a_new_pool_is_not_of_the_batch_it_came_in(cast, level):
    """Its pool is new, so it stands in line: yet its batch was finished."""
    first = upload(cast.project, cast.mira, item_row("one"))
    for reviewer in (cast.anna, cast.bela, cast.cleo):
        judge(reviewer)
    settle()
    roll_up()
    assert Promise.objects.get(batch=first).finished_at is not None
    Project.objects.filter(pk=cast.project.pk).update(clearance=1)
    reopen_items(item_ids=[Round.objects.get().item_id], reason="rework", actor=cast.mira)
    roll_up()
    new = PoolStat.objects.get(pool__clearance=1)
    assert Task.objects.filter(pool=new.pool_id, returned_xid=None, state="open").count() == 3
    assert (new.by_due[0]["batch"], new.by_due[0]["count"]) == (None, 3)
    assert new.pool.due_at == Round.objects.get(state="open").created_at + timedelta(hours=48)


def test_stops_push_what_is_due_out(cast, level):
    batch = upload(cast.project, cast.mira, item_row("one"))
    stop = stop_clock_by_hand(project=cast.project, kind="ruling", reason="Is sarcasm rude?", actor=cast.mira)
    roll_up()
    moving = Promise.objects.get(batch=batch).due_at
    assert moving > batch.finished_at + timedelta(hours=48)
    end_stop(stop=stop, actor=cast.mira)
    stop.refresh_from_db()
    roll_up()
    promise = Promise.objects.get(batch=batch)
    assert promise.due_at == batch.finished_at + timedelta(hours=48) + (stop.ended_at - stop.started_at)
    with pytest.raises(Conflict, match="has ended before"):
        end_stop(stop=stop, actor=cast.mira)


def test_the_clock_stands_once_for_a_kind_and_says_why(cast):
    assert stop_clock(project=cast.project, kind="ruling", reason="Question 7", actor=None) is not None
    assert stop_clock(project=cast.project, kind="ruling", reason="Question 8", actor=None) is None
    with pytest.raises(Conflict, match="stands for that already"):
        stop_clock_by_hand(project=cast.project, kind="ruling", reason="Question 9", actor=cast.mira)
    for kind, reason, said in (
        ("ruling", " ", "Say what"),
        ("nap", "x", "stops for one of"),
        ("ruling", "x" * 301, "at most 300"),
    ):
        with pytest.raises(Invalid, match=said):
            stop_clock(project=cast.project, kind=kind, reason=reason, actor=cast.mira)
    assert [stop.reason for stop in ClockStop.objects.all()] == ["Question 7"]
    assert resume_clock(project=cast.project, kind="ruling", actor=None)
    assert not resume_clock(project=cast.project, kind="ruling", actor=None)
    assert list(Event.objects.filter(kind__startswith="clock.").order_by("id").values_list("kind", flat=True)) == [
        "clock.stopped",
        "clock.resumed",
    ]


def test_the_check_of_a_sample_stops_the_clock_until_the_decision(transactional_db):
    cast = gather_cast()
    resolve_items(cast.project, cast.mira, [cast.anna, cast.bela, cast.cleo])
    release = freeze(cast.project, cast.dana)
    [stop] = ClockStop.objects.all()
    assert (stop.kind, stop.ended_at) == ("sample", None)
    assert "version 1" in stop.reason
    decide_release(release=release, decision="reject", reason="Not yet", actor=cast.dana)
    stop.refresh_from_db()
    assert stop.ended_at is not None


def test_a_projects_own_due_time_is_the_operators_word_without_a_service_level(cast, level):
    upload(cast.project, cast.mira, item_row("one"))
    own = datetime(2027, 3, 1, tzinfo=UTC)
    change_project(project=cast.project, changes={"due_at": own}, actor=cast.mira)
    settle()
    roll_up()
    assert pool(cast).due_at == Promise.objects.get().due_at
    end_service_level(level=level, actor=cast.mira)
    roll_up()
    assert pool(cast).due_at == own
    assert stat(cast).by_due[0]["due_at"] == own.isoformat()


def test_settings_of_time_are_checked(cast, calendar, level):
    for changes, field in (
        ({"turnaround_hours": 0}, "turnaround_hours"),
        ({"at_risk_hours": 48}, "at_risk_hours"),
        ({"ladder": [{}]}, "ladder"),
        ({"project": 1}, "project"),
    ):
        with pytest.raises(Invalid) as refused:
            change_service_level(level=level, changes=changes, actor=cast.mira)
        assert refused.value.field == field
    foreign = create_calendar(
        customer=cast.meridian, name="Always", time_zone="UTC", hours=[], holidays=[], actor=cast.otto
    )
    with pytest.raises(Invalid, match="another customer's"):
        change_service_level(level=level, changes={"calendar": foreign}, actor=cast.mira)
    with pytest.raises(Conflict, match="change that one"):
        set_service_level(project=cast.project, calendar=calendar, turnaround_hours=8, actor=cast.mira)
    with pytest.raises(Invalid, match="not a time zone"):
        change_calendar(calendar=calendar, changes={"time_zone": "Mars"}, actor=cast.mira)
    with pytest.raises(Conflict, match="another name"):
        create_calendar(
            customer=cast.northwind, name="Always ", time_zone="UTC", hours=[], holidays=[], actor=cast.mira
        )
    with pytest.raises(Invalid, match="no weight of routing"):
        set_routing(project=cast.project, weights={"mood": 1}, actor=cast.mira)
    assert ServiceLevel.objects.get().turnaround_hours == 48
    holidays = [date(2026, 12, 26), date(2026, 12, 25), date(2026, 12, 26)]
    changed = change_calendar(calendar=calendar, changes={"name": " Ever ", "holidays": holidays}, actor=cast.mira)
    assert (changed.name, changed.holidays) == ("Ever", [date(2026, 12, 25), date(2026, 12, 26)])


def test_the_roll_up_counts_what_waits_and_who_is_there(cast, level, monkeypatch):
    upload_items(cast.project, cast.mira, 4)
    measured(cast, seconds=90)
    judge(cast.anna)
    take(cast.bela)
    roll_up()
    found = stat(cast)
    assert (found.open_count, found.leased_count) == (10, 1)
    assert (found.eligible_count, found.present_count) == (4, 2)
    assert found.throughput_per_hour == pytest.approx(80)
    assert found.recent_share == 1.0
    assert found.oldest_at == Task.objects.filter(state="open").earliest("position").created_at
    assert found.finish_at - found.measured_at == pytest.approx(
        timedelta(seconds=90 * 11 / 2), abs=timedelta(seconds=5)
    )
    monkeypatch.setattr(rollups, "PEOPLE", rollups.PEOPLE.replace(rollups.PRESENT, "0 seconds"))
    roll_up()
    assert stat(cast).present_count == 1


def test_gold_is_nobodys_promise(cast, level):
    Project.objects.filter(pk=cast.project.pk).update(gold_share="0.5")
    expected = {"answer": {"preference": {"choice": "a"}}}
    upload(cast.project, cast.mira, item_row("known", expected=expected), item_row("one"))
    judge(cast.anna)
    settle()
    roll_up()
    assert Task.objects.filter(kind="gold", state="open").exists()
    waiting = Task.objects.filter(kind="annotate", state="open").count()
    assert stat(cast).open_count == waiting
    assert sum(part["count"] for part in stat(cast).by_due) == waiting


def test_handling_times_are_measured_by_form_and_long_absences_do_not_count(cast):
    upload_items(cast.project, cast.mira, 6)
    for _ in range(6):
        token = take(cast.anna).token
        let_leases_age(timedelta(minutes=1))
        submit_task(user=cast.anna.user, token=token, answers=prefer("a"), seconds=5.0)
    roll_up()
    found = HandlingTime.objects.get(form=cast.project.forms.get())
    assert (found.count, found.median_seconds, found.mean_seconds, found.p95_seconds) == (6, 5.0, 5.0, 5.0)


def test_a_roll_up_of_the_same_finds_the_same(cast, level):
    upload_items(cast.project, cast.mira, 2)
    judge(cast.anna)
    measured(cast)
    roll_up()
    before = PoolStat.objects.values("open_count", "leased_count", "present_count", "eligible_count").get()
    roll_up()
    assert PoolStat.objects.values("open_count", "leased_count", "present_count", "eligible_count").get() == before


def test_what_will_be_late_is_escalated_before_it_is_and_closed_when_it_is_not_any_more(cast, level):
    upload_items(cast.project, cast.mira, 10)
    measured(cast, seconds=3600 * 2)
    take(cast.anna)
    roll_up()
    assert watch_service_levels() == 1
    assert watch_service_levels() == 0
    found = Escalation.objects.get()
    assert (found.kind, found.severity, found.state, found.rung) == ("at_risk", "warning", "open", 1)
    assert "30 judgments are due" in found.message
    measured(cast, seconds=60)
    roll_up()
    watch_service_levels()
    found.refresh_from_db()
    assert found.state == "resolved"
    assert "by the facts" in found.steps.order_by("-id").first().what


def test_expert_work_that_will_be_late_is_said_to_be_experts(cast, level):
    grant_qualification(reviewer=cast.anna, skill="law", level=5, reason="Bar", actor=cast.mira)
    Project.objects.filter(pk=cast.project.pk).update(skills_by_domain={"law": {"law": 4}})
    cast.project.refresh_from_db()
    upload(cast.project, cast.mira, *[item_row(f"l{n}", domain="law") for n in range(10)], item_row("plain"))
    measured(cast, seconds=3600 * 2)
    for reviewer in (cast.anna, cast.bela, cast.cleo):
        take(reviewer)
    roll_up()
    watch_service_levels()
    found = Escalation.objects.get()
    assert found.kind == "experts"
    assert found.pool.skills == ["law:4"]
    assert PoolStat.objects.get(pool=found.pool).eligible_count == 1


def test_what_is_late_and_what_nobody_can_do(cast, level):
    upload(cast.project, cast.mira, item_row("one"), item_row("fr", language="fr"))
    change_service_level(level=level, changes={"turnaround_hours": 1e-6, "at_risk_hours": 0}, actor=cast.mira)
    roll_up()
    watch_service_levels()
    found = {(each.kind, each.pool.language): each for each in Escalation.objects.select_related("pool")}
    assert set(found) == {("missed", "en"), ("missed", "fr"), ("nobody", "fr")}
    assert found["missed", "en"].severity == "urgent"
    for enrolment in cast.project.enrolments.all():
        end_enrolment(enrolment=enrolment, actor=cast.mira)
    roll_up()
    watch_service_levels()
    assert Escalation.objects.filter(kind="nobody", state="open").count() == 2


def test_promises_are_the_databases_to_keep(cast, level):
    upload(cast.project, cast.mira, item_row("one"))
    roll_up()
    promise = Promise.objects.get()
    for changes in ({"first_item": 0}, {"began_at": timezone.now()}, {"customer": cast.meridian}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Promise.objects.filter(pk=promise.pk).update(**changes)


def test_the_roll_up_asks_as_much_for_many_pools_as_for_few(cast, level, django_assert_max_num_queries):
    upload_items(cast.project, cast.mira, 3)
    roll_up()
    upload(cast.project, cast.mira, *[item_row(f"d{n}", difficulty=n) for n in range(1, 6)])
    with django_assert_max_num_queries(30):
        roll_up()
    assert PoolStat.objects.count() == 5


def test_two_processes_do_not_roll_up_or_watch_at_once(transactional_db):
    cast = gather_cast()
    upload_items(cast.project, cast.mira)
    roll_up()
    before = stat(cast).measured_at
    held, done = threading.Event(), threading.Event()

    def hold():
        with session_lock(ADVISORY_ROLL_UP, 0) as rolls, session_lock(ADVISORY_WATCH, 0) as watches:
            assert rolls
            assert watches
            held.set()
            done.wait(30)
        connection.close()

    other = threading.Thread(target=hold)
    other.start()
    try:
        assert held.wait(30)
        assert (roll_up(), watch_service_levels()) == (0, 0)
        assert stat(cast).measured_at == before
    finally:
        done.set()
        other.join()
    assert roll_up() == 1
    assert stat(cast).measured_at > before


def test_reviews_adjudication_and_audits_are_experts_work():
    assert is_expert(Pool(work="review"))
    assert is_expert(Pool(work="expert"))
    assert not is_expert(Pool(work="judge"))
    assert is_expert(Pool(work="judge", needs_trusted=True))
