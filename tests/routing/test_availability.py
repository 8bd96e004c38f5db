"""When somebody works, and how much: plain values in, the reason and its end out."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.kernel.errors import Invalid
from routing.availability import WorkFacts, facts_of, may_take_distressing, stop_of
from routing.weekly_hours import check_hours, check_time_zone

BERLIN = ZoneInfo("Europe/Berlin")
# Clocks change at two, at midnight, by half an hour, at no time; one zone lost a whole day.
ZONES = ("Europe/Berlin", "America/Santiago", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia", "UTC")
OFFICE = [{"day": day, "from": "09:00", "to": "17:00"} for day in range(5)]


def at(*parts, zone=BERLIN, **more):
    return datetime(*parts, tzinfo=zone, **more)


def facts(hours=(), **more):
    return WorkFacts(windows=check_hours(list(hours)), **{"time_zone": "Europe/Berlin", **more})


def told(known, now):
    stop = stop_of(known, now)
    return stop and (stop.code, stop.until)


def test_without_anything_said_there_is_always_work():
    assert stop_of(WorkFacts(), datetime(2026, 1, 1, tzinfo=UTC)) is None
    assert may_take_distressing(WorkFacts(), datetime(2026, 1, 1, tzinfo=UTC))


def test_switched_off_has_no_end():
    assert told(facts(is_on=False, leaves=((date(2026, 1, 1), None),)), at(2026, 1, 5, 12)) == ("off", None)


def test_leave_ends_on_the_first_day_that_no_leave_holds():
    leaves = ((date(2026, 3, 9), date(2026, 3, 14)), (date(2026, 3, 2), date(2026, 3, 9)))
    assert told(facts(leaves=leaves), at(2026, 3, 2)) == ("leave", at(2026, 3, 14))
    assert told(facts(leaves=leaves), at(2026, 3, 1, 23, 59)) is None
    assert told(facts(leaves=leaves), at(2026, 3, 14)) is None
    assert told(facts(leaves=((date(2026, 3, 2), None),)), at(2026, 3, 2)) == ("leave", None)


def test_after_leave_the_hours_still_have_to_begin():
    known = facts(OFFICE, leaves=((date(2026, 3, 2), date(2026, 3, 7)),))
    assert told(known, at(2026, 3, 2, 10)) == ("leave", at(2026, 3, 9, 9))


def test_a_limit_is_of_the_reviewers_own_day_and_week():
    known = facts(daily_limit=3, day=date(2026, 3, 3), day_count=3)
    assert told(known, at(2026, 3, 3, 23, 59)) == ("daily_limit", at(2026, 3, 4))
    assert told(known, at(2026, 3, 4)) is None
    assert told(facts(daily_limit=4, day=date(2026, 3, 3), day_count=3), at(2026, 3, 3, 12)) is None
    weekly = facts(weekly_limit=9, week=date(2026, 3, 2), week_count=9)
    assert told(weekly, at(2026, 3, 8, 23)) == ("weekly_limit", at(2026, 3, 9))
    assert told(weekly, at(2026, 3, 9)) is None


def test_a_limit_reached_in_a_zone_ahead_holds_on_in_one_behind():
    known = facts(time_zone="UTC", daily_limit=3, day=date(2026, 3, 4), day_count=3)
    assert told(known, at(2026, 3, 3, 12, zone=UTC)) == ("daily_limit", at(2026, 3, 5, zone=UTC))


def test_hours_may_cross_midnight_be_out_of_order_and_overlap():
    night = [{"day": 6, "from": "22:00", "to": "06:00"}, {"day": 0, "from": "05:00", "to": "07:00"}]
    assert told(facts(night), at(2026, 3, 2, 6, 59)) is None  # Monday
    assert told(facts(night), at(2026, 3, 2, 7)) == ("off_hours", at(2026, 3, 8, 22))
    assert told(facts(night), at(2026, 3, 8, 22)) is None
    assert told(facts([{"day": 2, "from": "00:00", "to": "24:00"}]), at(2026, 3, 5)) == ("off_hours", at(2026, 3, 11))


def test_where_the_clock_goes_forward_the_hours_begin_when_it_has():
    hours = [{"day": 6, "from": "02:30", "to": "05:00"}]
    assert told(facts(hours), at(2026, 3, 29, 1, 59)) == ("off_hours", at(2026, 3, 29, 3))
    assert told(facts(hours), at(2026, 3, 29, 3)) is None
    swallowed = [{"day": 6, "from": "02:10", "to": "02:50"}]
    assert told(facts(swallowed), at(2026, 3, 29, 1)) == ("off_hours", at(2026, 4, 5, 2, 10))


def test_where_the_clock_is_put_back_an_hour_counts_twice():
    hours = [{"day": 6, "from": "01:00", "to": "02:30"}]
    assert told(facts(hours), at(2026, 10, 25, 2, 15)) is None
    again = at(2026, 10, 25, 2, fold=1).astimezone(UTC)
    assert told(facts(hours), at(2026, 10, 25, 2, 45)) == ("off_hours", again)
    assert told(facts(hours), again + timedelta(minutes=29)) is None
    assert told(facts(hours), again + timedelta(minutes=30)) == ("off_hours", at(2026, 11, 1, 1))


def test_a_break_follows_a_long_stretch_and_is_over_by_itself():
    began, last = at(2026, 3, 3, 9), at(2026, 3, 3, 11)
    known = facts(break_after_minutes=120, break_minutes=15, stretch_began_at=began, last_at=last)
    assert told(known, at(2026, 3, 3, 11, 14)) == ("break", at(2026, 3, 3, 11, 15))
    assert told(known, at(2026, 3, 3, 11, 15)) is None
    short = facts(break_after_minutes=121, break_minutes=15, stretch_began_at=began, last_at=last)
    assert told(short, at(2026, 3, 3, 11, 1)) is None


def test_the_cap_on_distressing_work_takes_that_away_and_stops_nothing_else():
    known = facts(distressing_daily_limit=2, day=date(2026, 3, 3), day_distressing_count=2)
    assert not may_take_distressing(known, at(2026, 3, 3, 23))
    assert stop_of(known, at(2026, 3, 3, 23)) is None
    assert may_take_distressing(known, at(2026, 3, 4))
    assert not may_take_distressing(facts(distressing_daily_limit=0), at(2026, 3, 4))


def test_a_day_that_a_zone_lost_ends_no_later():
    known = facts(time_zone="Pacific/Apia", daily_limit=1, day=date(2011, 12, 29), day_count=1)
    zone = ZoneInfo("Pacific/Apia")
    assert told(known, at(2011, 12, 29, 12, zone=zone)) == ("daily_limit", at(2011, 12, 31, zone=zone))


@pytest.mark.parametrize(
    ("hours", "sentence"),
    [
        ("always", "list"),
        ([{"day": 0}], "list of"),
        ([{"day": 7, "from": "09:00", "to": "17:00"}], "from 0"),
        ([{"day": True, "from": "09:00", "to": "17:00"}], "from 0"),
        ([{"day": 0, "from": "9:00", "to": "17:00"}], "write it as"),
        ([{"day": 0, "from": "09:00", "to": "24:01"}], "write it as"),
        ([{"day": 0, "from": "09:60", "to": "17:00"}], "write it as"),
        ([{"day": 0, "from": 9, "to": "17:00"}], "write it as"),
        ([{"day": 0, "from": "24:00", "to": "02:00"}], "24:00 only ends"),
        ([{"day": 0, "from": "09:00", "to": "09:00"}], "ends when it begins"),
        ([{"day": 0, "from": "09:00", "to": "17:00"}] * 51, "join some"),
    ],
)
def test_hours_that_are_none_are_refused_with_their_place(hours, sentence):
    with pytest.raises(Invalid, match=sentence) as refused:
        check_hours(hours)
    assert refused.value.field == "hours"


def test_a_zone_is_one_of_the_iana_database():
    assert check_time_zone("Europe/Berlin") == "Europe/Berlin"
    for name in ("Europe/Bärlin", "CEST", "", "../etc/passwd"):
        with pytest.raises(Invalid, match="not a time zone"):
            check_time_zone(name)


def test_facts_come_as_the_database_gives_them():
    assert facts_of('{"is_on": null, "hours": null, "leaves": null, "day": null, "day_count": null}') == WorkFacts()
    known = facts_of(
        '{"is_on": false, "time_zone": "Europe/Berlin", "hours": [{"day": 0, "from": "00:00", "to": "01:00"}],'
        ' "leaves": [["2026-03-02", "2026-03-04"], ["2026-05-01", null]], "day": "2026-03-03", "day_count": 2,'
        ' "last_at": "2026-03-03T10:00:00.5+00:00"}'
    )
    assert (known.is_on, known.windows[0].end, known.day, known.day_count) == (False, 60, date(2026, 3, 3), 2)
    assert known.leaves == ((date(2026, 3, 2), date(2026, 3, 4)), (date(2026, 5, 1), None))
    assert known.last_at == datetime(2026, 3, 3, 10, 0, 0, 500_000, tzinfo=UTC)


minutes = st.integers(0, 24 * 60 - 1)


@st.composite
def windows(draw):
    start = draw(minutes)
    end = draw(minutes.filter(lambda minute: minute != start))
    return {"day": draw(st.integers(0, 6)), "from": clock(start), "to": clock(end)}


def clock(minute):
    return f"{minute // 60:02}:{minute % 60:02}"


# Around clock changes of all the zones, and anywhere.
moments = st.one_of(
    st.sampled_from([(2026, 3, 28), (2026, 10, 24), (2026, 4, 4), (2026, 9, 5), (2026, 10, 3), (2011, 12, 29)]).map(
        lambda day: datetime(*day, tzinfo=UTC)
    ),
    st.integers(1_577_836_800, 1_893_456_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC)),
).flatmap(lambda moment: st.integers(0, 3 * 86_400).map(lambda seconds: moment + timedelta(seconds=seconds)))


@st.composite
def known_facts(draw):
    now, zone = draw(moments), draw(st.sampled_from(ZONES))
    today = now.astimezone(ZoneInfo(zone)).date()
    limits = st.none() | st.integers(1, 3)
    some_day = st.integers(-2, 2).map(lambda days: today + timedelta(days=days))
    lengths = st.integers(1, 9)
    leave = st.tuples(some_day, lengths).map(lambda given: (given[0], given[0] + timedelta(days=given[1])))
    last = now - timedelta(minutes=draw(st.integers(0, 30)))
    known = WorkFacts(
        is_on=True,
        time_zone=zone,
        windows=check_hours(draw(st.lists(windows(), max_size=4))),
        leaves=tuple(draw(st.lists(leave, max_size=2))),
        daily_limit=draw(limits),
        weekly_limit=draw(limits),
        break_after_minutes=draw(limits),
        break_minutes=draw(st.integers(1, 40)),
        day=draw(some_day),
        day_count=draw(st.integers(0, 3)),
        week=today - timedelta(days=today.weekday() + draw(st.sampled_from([0, 7]))),
        week_count=draw(st.integers(0, 3)),
        stretch_began_at=last - timedelta(minutes=draw(st.integers(0, 5))),
        last_at=last,
    )
    return known, now


@settings(max_examples=120, deadline=None)
@given(known_facts())
def test_at_its_end_nothing_stands_in_the_way_and_before_it_something_does(drawn):
    known, now = drawn
    stop = stop_of(known, now)
    if stop is None:
        return
    assert stop.until is not None
    assert stop.until > now
    assert stop_of(known, stop.until) is None
    step = (stop.until - now) / 13
    for part in range(13):
        assert stop_of(known, now + step * part) is not None
    assert stop_of(known, stop.until - timedelta(seconds=1)) is not None or stop.until - timedelta(seconds=1) < now


@settings(max_examples=150, deadline=None)
@given(st.lists(windows(), min_size=1, max_size=4), moments, st.sampled_from(ZONES))
def test_somebody_is_at_work_while_the_clock_on_their_wall_says_so(hours, now, zone):
    local = now.astimezone(ZoneInfo(zone))
    shown = (local.weekday(), local.strftime("%H:%M"))
    yesterday = (local.weekday() - 1) % 7
    is_at_work = any(
        (each["day"] == shown[0] and each["from"] <= shown[1] and (shown[1] < each["to"] or each["to"] < each["from"]))
        or (each["day"] == yesterday and each["to"] < each["from"] and shown[1] < each["to"])
        for each in hours
    )
    known = WorkFacts(time_zone=zone, windows=check_hours(hours))
    assert (stop_of(known, now) is None) == is_at_work
