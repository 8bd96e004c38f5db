"""What reviewers offer at the desk, what operators allow, and what each submit counts."""

import json
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.backends.postgresql.psycopg_any import DateRange
from django.test import Client

from config.kernel.errors import Conflict, Invalid, NotAllowed
from config.kernel.models import Event
from labeling.models import Pool, Task
from labeling.services.erasures import erase_person
from routing.availability import facts_of, may_take_distressing, stop_of
from routing.models import Availability, AvailabilityChange, Block, Leave, Workload
from routing.services import availability as services
from routing.services.availability import add_leave, offer_availability, remove_leave, set_availability
from routing.services.blocks import place_block
from routing.services.workloads import COUNT_JUDGMENT, FACTS
from tests.factories import unguarded, upload_items

OFFICE = [{"day": day, "from": "09:00", "to": "17:00"} for day in range(5)]
DESK = "/api/desk/v1"


def desk(cast, name="anna"):
    client, headers = Client(), cast.bearer(name)

    def ask(method, path, body=None):
        more = {} if body is None else {"data": json.dumps(body), "content_type": "application/json"}
        return getattr(client, method)(f"{DESK}/{path}", headers=headers, **more)

    return ask


def today():
    return datetime.now(UTC).date()


def facts(reviewer):
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {FACTS} FROM labeling_reviewer r LEFT JOIN routing_availability a ON a.reviewer_id = r.id"
            " LEFT JOIN routing_workload w ON w.reviewer_id = r.id WHERE r.id = %s",
            [reviewer.pk],
        )
        return facts_of(cursor.fetchone()[0])


def count(reviewer, task):
    """What a submit's statement does, by itself."""
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH moved AS (SELECT id AS subject_id FROM labeling_task WHERE id = %(task)s)"
            f"{COUNT_JUDGMENT} SELECT count(*) FROM moved",
            {"task": task.pk, "reviewer": reviewer.pk},
        )


def test_who_has_said_nothing_is_always_at_work(cast):
    answer = desk(cast)("get", "availability").json()
    assert (answer["is_on"], answer["time_zone"], answer["hours"], answer["stop"]) == (True, "UTC", [], None)
    assert not Availability.objects.exists()


def test_a_reviewer_says_when_they_work_and_the_history_tells_it(cast):
    ask = desk(cast)
    answer = ask("put", "availability", {"time_zone": "Europe/Berlin", "hours": OFFICE, "daily_limit": 20})
    assert answer.status_code == 200
    assert (answer.json()["hours"], answer.json()["daily_limit"]) == (OFFICE, 20)
    off = ask("put", "availability", {"is_on": False}).json()
    assert (off["daily_limit"], off["stop"]["code"], off["stop"]["until"]) == (20, "off", None)
    events = Event.objects.filter(kind="availability.changed").order_by("id")
    assert [event.data["fields"] for event in events] == [["daily_limit", "hours", "time_zone"], ["is_on"]]
    assert {event.actor_id for event in events} == {cast.anna.user_id}
    kept = AvailabilityChange.objects.order_by("pgh_id").values_list("is_on", "daily_limit")
    assert list(kept) == [(True, None), (True, 20), (False, 20)]
    ask("put", "availability", {"is_on": False})
    assert events.count() == 2


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"time_zone": "Europe/Bärlin"}, "time_zone"),
        ({"hours": [{"day": 0, "from": "25:00", "to": "26:00"}]}, "hours"),
        ({"daily_limit": 0}, "daily_limit"),
        ({"daily_limit": 31}, "daily_limit"),
    ],
)
def test_what_is_wrong_is_refused_with_its_field_and_changes_nothing(cast, sent, field):
    set_availability(reviewer=cast.anna, changes={"daily_ceiling": 30}, actor=cast.mira)
    before = Event.objects.filter(kind="availability.changed").count()
    answer = desk(cast)("put", "availability", sent)
    assert answer.status_code in (400, 422)
    assert field in json.dumps(answer.json())
    assert Event.objects.filter(kind="availability.changed").count() == before


def test_a_ceiling_is_not_the_reviewers_to_raise_and_holds_over_their_own_limit(cast):
    with pytest.raises(Invalid, match="not yours to set"):
        offer_availability(reviewer=cast.anna, changes={"daily_ceiling": 90})
    offer_availability(reviewer=cast.anna, changes={"daily_limit": 50, "weekly_limit": 3})
    set_availability(reviewer=cast.anna, changes={"daily_ceiling": 30, "weekly_ceiling": 99}, actor=cast.mira)
    assert (facts(cast.anna).daily_limit, facts(cast.anna).weekly_limit) == (30, 3)
    with pytest.raises(Invalid, match="allows 30 at most"):
        offer_availability(reviewer=cast.anna, changes={"daily_limit": 31})
    offer_availability(reviewer=cast.anna, changes={"daily_limit": None})
    assert facts(cast.anna).daily_limit == 30


def test_an_operator_sets_it_for_people_they_are_in_charge_of(cast):
    with pytest.raises(NotAllowed):
        set_availability(reviewer=cast.remo, changes={"is_on": False}, actor=cast.mira)
    with pytest.raises(NotAllowed):
        add_leave(reviewer=cast.remo, first=today(), last=today(), actor=cast.mira)
    assert not Availability.objects.exists()
    assert not Leave.objects.exists()


def test_the_database_refuses_a_limit_that_stops_all_work_and_a_leave_without_beginning(cast):
    made = set_availability(reviewer=cast.anna, changes={"daily_limit": 3}, actor=cast.mira)
    with pytest.raises(IntegrityError), transaction.atomic():
        Availability.objects.filter(pk=made.pk).update(weekly_ceiling=0)
    with pytest.raises(IntegrityError), transaction.atomic():
        Leave.objects.create(reviewer=cast.anna, during=DateRange(None, today()))


def test_leave_is_taken_listed_and_taken_back(cast):
    ask = desk(cast)
    first, last = today() - timedelta(days=1), today() + timedelta(days=2)
    answer = ask("post", "leaves", {"first": str(first), "last": str(last), "reason": "Sea"})
    assert answer.status_code == 201
    assert ask("get", "leaves").json() == [answer.json()]
    assert (answer.json()["first"], answer.json()["last"]) == (str(first), str(last))
    stop = ask("get", "availability").json()["stop"]
    assert (stop["code"], stop["until"]) == ("leave", f"{last + timedelta(days=1)}T00:00:00Z")
    assert desk(cast, "bela")("delete", f"leaves/{answer.json()['id']}").status_code == 404
    assert ask("delete", f"leaves/{answer.json()['id']}").status_code == 204
    assert (ask("get", "leaves").json(), ask("get", "availability").json()["stop"]) == ([], None)
    kinds = Event.objects.filter(kind__startswith="leave.").order_by("id").values_list("kind", flat=True)
    assert list(kinds) == ["leave.added", "leave.removed"]


def test_leave_that_makes_no_sense_is_refused(cast, monkeypatch):
    for first, last, error in (
        (today(), today() - timedelta(days=1), Invalid),
        (date(2020, 1, 1), date(2020, 1, 2), Invalid),
        (today(), today() + timedelta(days=400), Invalid),
    ):
        with pytest.raises(error):
            add_leave(reviewer=cast.anna, first=first, last=last, actor=cast.anna.user)
    monkeypatch.setattr(services, "MOST_LEAVES", 1)
    leave = add_leave(reviewer=cast.anna, first=today(), last=today(), actor=cast.anna.user)
    with pytest.raises(Conflict, match="remove some"):
        add_leave(reviewer=cast.anna, first=today(), last=today(), actor=cast.anna.user)
    with pytest.raises(NotAllowed):
        remove_leave(leave=leave, actor=cast.bela.user)
    assert Leave.objects.count() == 1


def test_a_judgment_is_counted_by_the_calendar_of_the_reviewers_zone(cast):
    upload_items(cast.project, cast.mira)
    task = Task.objects.first()
    ahead, behind = "Pacific/Kiritimati", "Pacific/Pago_Pago"  # always two dates
    set_availability(reviewer=cast.anna, changes={"time_zone": ahead}, actor=cast.mira)
    count(cast.anna, task)
    count(cast.anna, task)
    load = Workload.objects.get()
    assert (load.day_count, load.week_count, load.day_distressing_count) == (2, 2, 0)
    assert load.day == (load.last_at + timedelta(hours=14)).date()
    assert load.week == load.day - timedelta(days=load.day.weekday())
    assert load.stretch_began_at <= load.last_at
    # Moving to where it is still yesterday wins nothing.
    set_availability(reviewer=cast.anna, changes={"time_zone": behind, "daily_limit": 3}, actor=cast.mira)
    count(cast.anna, task)
    again = Workload.objects.get()
    assert (again.day, again.day_count, again.week_count) == (load.day, 3, 3)
    assert stop_of(facts(cast.anna), again.last_at).code == "daily_limit"


def test_a_new_day_and_a_new_week_begin_at_one(cast):
    upload_items(cast.project, cast.mira)
    task = Task.objects.first()
    count(cast.bela, task)
    with unguarded("routing_workload", "only_counts"):
        Workload.objects.update(day="2020-01-01", day_count=9, day_distressing_count=9, week="2019-12-30", week_count=9)
    count(cast.bela, task)
    load = Workload.objects.get()
    assert (load.day_count, load.day_distressing_count, load.week_count) == (1, 0, 1)
    assert load.day == load.last_at.date()


def test_a_stretch_begins_anew_after_a_pause_as_long_as_the_break(cast):
    upload_items(cast.project, cast.mira)
    task = Task.objects.first()
    set_availability(reviewer=cast.anna, changes={"break_minutes": 20}, actor=cast.mira)
    count(cast.anna, task)
    began = datetime.now(UTC) - timedelta(hours=3)
    for minutes, goes_on in ((19, True), (21, False)):
        last = datetime.now(UTC) - timedelta(minutes=minutes)
        with unguarded("routing_workload", "only_counts"):
            Workload.objects.update(stretch_began_at=began, last_at=last)
        count(cast.anna, task)
        load = Workload.objects.get()
        assert (load.stretch_began_at == began) == goes_on
    assert load.stretch_began_at == load.last_at


def test_distressing_work_is_counted_against_its_cap(cast):
    upload_items(cast.project, cast.mira)
    task = Task.objects.first()
    set_availability(reviewer=cast.anna, changes={"distressing_daily_limit": 1}, actor=cast.mira)
    now = datetime.now(UTC)
    count(cast.anna, task)
    assert may_take_distressing(facts(cast.anna), now)
    Pool.objects.update(is_distressing=True)
    count(cast.anna, task)
    assert Workload.objects.get().day_distressing_count == 1
    assert not may_take_distressing(facts(cast.anna), now)


def test_nothing_is_counted_where_no_task_was_completed(cast):
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH moved AS (SELECT 0::bigint AS subject_id){COUNT_JUDGMENT} SELECT 1", {"reviewer": cast.anna.pk}
        )
    assert not Workload.objects.exists()


def test_an_erased_person_leaves_no_zone_no_leave_and_no_reason(cast):
    offer_availability(reviewer=cast.anna, changes={"time_zone": "Europe/Vaduz"})
    add_leave(reviewer=cast.anna, first=today(), last=today(), actor=cast.anna.user, reason="Operation")
    place_block(customer=cast.northwind, reviewer=cast.anna, reason="Rude to Jo", actor=cast.dana)
    erase_person(user=cast.anna.user, reason="Asked for", actor=cast.mira)
    assert not Availability.objects.exists()
    assert not Leave.objects.exists()
    assert set(AvailabilityChange.objects.values_list("time_zone", flat=True)) == {""}
    assert Block.objects.get().reason == ""
