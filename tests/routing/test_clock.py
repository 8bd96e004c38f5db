"""What is said of time where it is hard to say: too few hours, nobody there, calendars that differ, stops of long ago."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from config.kernel.errors import Invalid
from labeling.models import Pool, Project, Task
from labeling.services.settings import change_project
from routing.calendars import calendar_from
from routing.clock import shown_clock
from routing.due_times import Clock
from routing.models import BusinessCalendar, Escalation, Promise
from routing.services import rollups
from routing.services.clocks import resume_clock, stop_clock
from routing.services.levels import change_calendar, change_service_level, create_calendar, set_service_level
from routing.services.rollups import roll_up
from routing.services.watching import watch_service_levels
from tests.factories import judge, take, upload_items
from tests.routing.test_time import measured, pool, stat

FEW = [{"day": 0, "from": "09:00", "to": "09:01"}]


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


def test_a_calendar_with_too_few_hours_for_the_promise_is_refused(cast, calendar, level):
    with pytest.raises(Invalid, match="too few hours"):
        change_calendar(calendar=calendar, changes={"hours": FEW}, actor=cast.mira)
    few = create_calendar(customer=cast.northwind, name="Few", time_zone="UTC", hours=FEW, holidays=[], actor=cast.mira)
    with pytest.raises(Invalid, match="too few hours"):
        change_service_level(level=level, changes={"calendar": few}, actor=cast.mira)
    calendar.refresh_from_db()
    level.refresh_from_db()
    assert (calendar.hours, level.calendar) == ([], calendar)


def test_a_calendar_that_was_kept_with_a_day_from_24_stops_no_roll_up(cast, calendar, level):
    upload_items(cast.project, cast.mira)
    BusinessCalendar.objects.filter(pk=calendar.pk).update(hours=[{"day": 0, "from": "24:00", "to": "24:00"}])
    assert roll_up() == 1
    assert Promise.objects.get().due_at is not None
    change_calendar(calendar=calendar, changes={"name": "Still"}, actor=cast.mira)


def test_a_calendar_that_has_run_out_of_hours_stops_no_roll_up(cast, calendar, level):
    upload_items(cast.project, cast.mira)
    measured(cast, seconds=3600 * 24)
    take(cast.anna)
    BusinessCalendar.objects.filter(pk=calendar.pk).update(hours=FEW)
    assert roll_up() == 1
    assert (Promise.objects.get().due_at, pool(cast).due_at, stat(cast).finish_at) == (None, None, None)


def test_a_batch_without_open_work_has_no_forecast(cast, level):
    upload_items(cast.project, cast.mira)
    measured(cast)
    judge(cast.anna)
    roll_up()
    assert Promise.objects.get().forecast_at is not None
    Task.objects.filter(state="open").update(state="cancelled")
    roll_up()
    promise = Promise.objects.get()
    assert (promise.finished_at, promise.forecast_at) == (None, None)


def test_a_measured_pool_has_the_pace_of_one_while_nobody_is_there(cast, level):
    upload_items(cast.project, cast.mira)
    measured(cast, seconds=90)
    roll_up()
    assert (stat(cast).present_count, stat(cast).throughput_per_hour) == (0, 40)


def test_an_old_stop_that_stands_is_seen_behind_many_that_ended(cast):
    stop_clock(project=cast.project, kind="ruling", reason="Question 7", actor=None)
    for number in range(21):
        stop_clock(project=cast.project, kind="other", reason=f"Reason {number}", actor=None)
        resume_clock(project=cast.project, kind="other", actor=None)
    clock = shown_clock(cast.project)
    assert (clock.is_stopped, clock.stops[0].reason, clock.stops[1].reason) == (True, "Question 7", "Reason 20")


def test_customer_and_watch_agree_on_what_is_at_risk(cast, level):
    """The forecast leaves less than the margin, and comes before the due time."""
    upload_items(cast.project, cast.mira)
    measured(cast, seconds=3600 * 15)
    take(cast.anna)
    roll_up()
    assert stat(cast).finish_at < pool(cast).due_at
    watch_service_levels()
    assert Escalation.objects.get().kind == "at_risk"
    assert shown_clock(cast.project).outlook == "at risk"


def test_what_takes_longer_than_a_year_is_not_said_to_be_done_in_one(cast, level):
    upload_items(cast.project, cast.mira)
    measured(cast, seconds=3600 * 24 * 200)
    take(cast.anna)
    roll_up()
    assert stat(cast).finish_at - stat(cast).measured_at > timedelta(days=599)


def test_what_is_due_first_goes_first_whatever_its_calendar():
    """Due in twenty hours, one of them a business hour, comes after due in ten."""
    now = datetime(2026, 3, 2, tzinfo=UTC)
    clocks = {1: Clock(None, [], now), 2: Clock(None, [], now)}
    hours = [{"day": 0, "from": "09:00", "to": "10:00"}]
    clocks[2].calendar = calendar_from(time_zone="UTC", hours=hours, holidays=[])
    pools = {
        key: rollups.Measured(
            key, 1, key, parts=[rollups.Part(1, now + timedelta(hours=due))], present=[7], seconds=3600.0
        )
        for key, due in ((2, 20), (1, 10))
    }
    rollups._forecast(pools, clocks)
    assert pools[1].parts[0].finish_at == now + timedelta(hours=1)
    assert pools[2].parts[0].finish_at == now + timedelta(days=7, hours=10)


def test_pools_are_locked_before_they_move_and_only_those_that_do(cast, level):
    upload_items(cast.project, cast.mira)

    def locks(call):
        with CaptureQueriesContext(connection) as made:
            call()
        return sum("labeling_pool" in each["sql"] and "NO KEY UPDATE" in each["sql"] for each in made)

    def urgent():
        change_project(project=Project.objects.get(pk=cast.project.pk), changes={"priority": 5}, actor=cast.mira)

    Pool.objects.update(due_at=None)
    assert [locks(roll_up), locks(roll_up)] == [1, 0]
    assert locks(urgent) == 1
    assert pool(cast).priority == 5
