"""Business time: exact on nights when the clocks change, over midnight, over holidays and over stops."""

import time
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.kernel.errors import Invalid
from routing.calendars import ALL_HOURS, Calendar, add_hours, calendar_from, hours_between, reach
from routing.weekly_hours import check_hours

BERLIN = ZoneInfo("Europe/Berlin")
OFFICE = [{"day": day, "from": "09:00", "to": "17:00"} for day in range(5)]


def office(**more):
    return calendar_from(**{"time_zone": "Europe/Berlin", "hours": OFFICE, "holidays": [], **more})


def berlin(*parts):
    return datetime(*parts, tzinfo=BERLIN)


def test_hours_are_counted_in_office_hours_only():
    friday = berlin(2026, 3, 6, 16, 0)
    assert add_hours(office(), friday, 1) == berlin(2026, 3, 6, 17, 0)
    assert add_hours(office(), friday, 2) == berlin(2026, 3, 9, 10, 0)
    assert add_hours(office(), berlin(2026, 3, 7, 12, 0), 8) == berlin(2026, 3, 9, 17, 0)
    assert hours_between(office(), friday, berlin(2026, 3, 10, 9, 30)) == pytest.approx(9.5)
    assert hours_between(office(), berlin(2026, 3, 9, 10, 0), friday) == pytest.approx(-2)


def test_holidays_do_not_count():
    calendar = office(holidays=[date(2026, 3, 9)])
    assert add_hours(calendar, berlin(2026, 3, 6, 16, 0), 2) == berlin(2026, 3, 10, 10, 0)
    every_hour = calendar_from(time_zone="Europe/Berlin", hours=[], holidays=[date(2026, 3, 9)])
    assert hours_between(every_hour, berlin(2026, 3, 8, 0, 0), berlin(2026, 3, 11, 0, 0)) == 48


def test_a_shift_over_midnight_belongs_to_both_days():
    night = calendar_from(
        time_zone="UTC", hours=[{"day": 4, "from": "22:00", "to": "06:00"}], holidays=[date(2026, 3, 7)]
    )
    friday = datetime(2026, 3, 6, 12, tzinfo=UTC)
    assert hours_between(night, friday, friday + timedelta(days=3)) == 2
    assert add_hours(night, friday, 2) == datetime(2026, 3, 7, tzinfo=UTC)
    assert add_hours(night, friday, 3) == datetime(2026, 3, 13, 23, tzinfo=UTC)
    sunday = calendar_from(time_zone="UTC", hours=[{"day": 6, "from": "22:00", "to": "06:00"}], holidays=[])
    assert hours_between(sunday, friday, friday + timedelta(days=7)) == 8


def test_the_nights_on_which_the_clocks_change_are_as_long_as_they_are():
    every_hour = calendar_from(time_zone="Europe/Berlin", hours=[], holidays=[date(2020, 1, 1)])
    assert hours_between(every_hour, berlin(2026, 3, 29), berlin(2026, 3, 30)) == 23
    assert hours_between(every_hour, berlin(2026, 10, 25), berlin(2026, 10, 26)) == 25
    night = calendar_from(time_zone="Europe/Berlin", hours=[{"day": 5, "from": "22:00", "to": "06:00"}], holidays=[])
    assert hours_between(night, berlin(2026, 3, 28), berlin(2026, 3, 30)) == 7
    assert hours_between(night, berlin(2026, 10, 24), berlin(2026, 10, 26)) == 9
    left_out = [{"day": 6, "from": "02:15", "to": "02:45"}, {"day": 6, "from": "03:00", "to": "04:00"}]
    gap = calendar_from(time_zone="Europe/Berlin", hours=left_out, holidays=[])
    assert hours_between(gap, berlin(2026, 3, 29), berlin(2026, 3, 30)) == 1
    assert hours_between(gap, berlin(2026, 10, 25), berlin(2026, 10, 26)) == 1.5
    half = calendar_from(time_zone="Europe/Berlin", hours=[{"day": 6, "from": "02:30", "to": "10:00"}], holidays=[])
    assert hours_between(half, berlin(2026, 3, 29), berlin(2026, 3, 30)) == 7


def test_what_stops_the_clock_does_not_count():
    monday = berlin(2026, 3, 9, 9, 0)
    stops = [(monday + timedelta(hours=1), monday + timedelta(hours=3)), (monday, monday + timedelta(hours=2))]
    assert add_hours(office(), monday, 4, stopped=stops) == monday + timedelta(hours=7)
    assert hours_between(office(), monday, monday + timedelta(hours=8), stopped=stops) == 5


def test_a_calendar_of_nothing_but_holidays_is_refused_when_it_is_asked_for_time():
    hours = [{"day": 0, "from": "09:00", "to": "10:00"}]
    mondays = [date(2026, 3, 2) + timedelta(weeks=week) for week in range(1200)]
    idle = calendar_from(time_zone="UTC", hours=hours, holidays=mondays)
    with pytest.raises(Invalid, match="too few hours"):
        add_hours(idle, datetime(2026, 3, 2, tzinfo=UTC), 1)
    assert reach(idle, datetime(2026, 3, 2, tzinfo=UTC), 1) is None
    assert reach(ALL_HOURS, datetime(2026, 3, 2, tzinfo=UTC), 1e12) is None


def test_a_day_that_begins_at_its_end_is_refused_and_read_as_the_next_one_where_it_is_kept():
    ends = {"day": 6, "from": "24:00", "to": "06:00"}
    with pytest.raises(Invalid, match="24:00 only ends one"):
        check_hours([ends])
    kept = calendar_from(time_zone="UTC", hours=[ends], holidays=[])
    assert kept == calendar_from(time_zone="UTC", hours=[{"day": 0, "from": "00:00", "to": "06:00"}], holidays=[])


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({"time_zone": "Europe/Atlantis"}, "time_zone"),
        ({"hours": {}}, "hours"),
        ({"hours": [{"day": 7, "from": "09:00", "to": "17:00"}]}, "hours"),
        ({"hours": [{"day": 0, "from": "9", "to": "17:00"}]}, "hours"),
        ({"hours": [{"day": 0, "from": "09:00", "to": "24:30"}]}, "hours"),
        ({"hours": [{"day": 0}]}, "hours"),
    ],
)
def test_settings_that_make_no_calendar_are_refused_with_their_name(settings, field):
    with pytest.raises(Invalid) as refused:
        office(**settings)
    assert refused.value.field == field


FIRST = datetime(2020, 1, 1, tzinfo=UTC)
MOMENTS = st.integers(0, 10 * 365 * 24 * 3600).map(lambda seconds: FIRST + timedelta(seconds=seconds))
TIMES = st.builds(lambda quarter: f"{quarter // 4:02}:{quarter % 4 * 15:02}", st.integers(0, 95))
HOURS = st.lists(st.fixed_dictionaries({"day": st.integers(0, 6), "from": TIMES, "to": TIMES}), max_size=8)
CALENDARS = st.builds(
    lambda zone, hours, holidays: calendar_from(time_zone=zone, hours=hours, holidays=holidays),
    st.sampled_from(
        ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "Asia/Beirut"]
    ),
    HOURS,
    st.lists(st.dates(date(2020, 1, 1), date(2031, 1, 1)), max_size=5),
).filter(lambda calendar: not calendar.week or sum(b - a for day in calendar.week for a, b in day) >= 60)
STOPS = st.lists(
    st.builds(lambda begin, hours: (begin, begin + timedelta(hours=hours)), MOMENTS, st.floats(0, 200)), max_size=4
)


@given(CALENDARS, MOMENTS, st.floats(0, 100), STOPS)
def test_what_was_added_lies_between(calendar, start, hours, stops):
    end = add_hours(calendar, start, hours, stopped=stops)
    assert hours_between(calendar, start, end, stopped=stops) == pytest.approx(hours, abs=1e-6)
    assert end >= start


@given(CALENDARS, MOMENTS, st.floats(0, 60), st.floats(0, 60), st.timedeltas(timedelta(0), timedelta(days=20)))
def test_more_hours_and_a_later_start_never_end_sooner(calendar, start, hours, more, later):
    assert add_hours(calendar, start, hours + more) >= add_hours(calendar, start, hours)
    assert add_hours(calendar, start + later, hours) >= add_hours(calendar, start, hours)


@given(CALENDARS, MOMENTS, st.timedeltas(timedelta(0), timedelta(days=40)), st.floats(0, 1))
def test_parts_add_up_to_the_whole(calendar, start, span, share):
    middle, end = start + span * share, start + span
    whole = hours_between(calendar, start, end)
    assert hours_between(calendar, start, middle) + hours_between(calendar, middle, end) == pytest.approx(
        whole, abs=1e-6
    )
    assert 0 <= whole <= span / timedelta(hours=1) + 1e-9


@given(MOMENTS, st.floats(0, 1000))
def test_without_a_calendar_every_hour_counts(start, hours):
    assert add_hours(ALL_HOURS, start, hours) == start + timedelta(hours=hours)
    assert hours_between(Calendar(), start, start + timedelta(hours=hours)) == pytest.approx(hours, abs=1e-6)


def test_years_take_milliseconds():
    start = datetime(2026, 1, 1, tzinfo=UTC)
    began = time.perf_counter()
    add_hours(office(), start, 8 * 260 * 5)
    assert time.perf_counter() - began < 0.5
