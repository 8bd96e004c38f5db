"""Long queues: what is committed while a claim looks is not passed, and somebody who has answered much is served in steps."""

import threading
import time
from datetime import date, timedelta

import pytest
from django.core.management import call_command
from django.db import connection, connections, transaction
from django.db.models.functions import Now
from django.utils.module_loading import import_string

from labeling.models import Pool, Task
from routing.models import Cursor, Lease
from routing.services import claims
from routing.services.availability import add_leave
from routing.services.claims import next_task, prefetch_task
from routing.services.leases import LENGTHS, expire_leases, extend_lease, renew_lease
from routing.services.submits import submit_task
from routing.types import LeasedTask, NothingToDo
from tests.cast import gather_cast
from tests.factories import item_row, judge, prefer, take, unguarded, upload, upload_items

MOST = import_string("routing.migrations.0019_claim_bounded.MOST")


def lengthen(count):
    """Put so many more tasks of the only round at the end of the queue, which its reviewer has judged."""
    columns = [field.column for field in Task._meta.fields if field.column != "id"]
    changed = {"slot": "t.slot + 10 + n", "position": "t.position + n / 25"}
    values = ", ".join(changed.get(column, f"t.{column}") for column in columns)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO labeling_task ({', '.join(columns)}) SELECT {values}"
            " FROM labeling_task t, generate_series(1, %s) n WHERE t.id = %s",
            [count, Task.objects.filter(state="open").earliest("pk").pk],
        )


def has_nothing(reviewer):
    return isinstance(next_task(user=reviewer.user), NothingToDo)


def test_what_is_committed_while_a_claim_looks_through_a_long_queue_is_not_passed(transactional_db):
    """Real transactions: the later a commit falls into the claim, the more it has looked at already."""
    cast = gather_cast()
    upload_items(cast.project, cast.mira)
    judge(cast.anna)
    lengthen(MOST - 1000)
    began = time.monotonic()
    assert has_nothing(cast.anna)
    took = time.monotonic() - began
    for attempt in range(8):
        ready, go = threading.Event(), threading.Event()

        def late(number=attempt, ready=ready, go=go):
            try:
                with transaction.atomic():
                    upload(cast.project, cast.mira, item_row(f"late-{number}"))
                    ready.set()
                    go.wait(20)
                    time.sleep(took * (0.4 + number / 12))
            finally:
                connections.close_all()

        Cursor.objects.all().delete()
        thread = threading.Thread(target=late)
        thread.start()
        assert ready.wait(20)
        go.set()
        got = next_task(user=cast.anna.user)
        thread.join()
        if isinstance(got, NothingToDo):
            got = next_task(user=cast.anna.user)
        assert isinstance(got, LeasedTask)
        submit_task(user=cast.anna.user, token=got.token, answers=prefer("a"), seconds=1)


def test_who_has_answered_much_by_other_ways_than_claims_is_served_in_steps(cast, monkeypatch):
    monkeypatch.setattr(claims, "ONWARD", 1)
    upload_items(cast.project, cast.mira)
    judge(cast.anna)
    lengthen(2 * MOST + 10)
    [new] = upload_items(cast.project, cast.mira, 2)[1:]
    Task.objects.filter(round__item=new).exclude(slot=0).delete()
    places = []
    while isinstance(got := next_task(user=cast.anna.user), NothingToDo):
        assert got.code == "looking"
        assert len(places) < 3
        places.append(Cursor.objects.get(reviewer=cast.anna).position)
    assert places == sorted(set(places))
    assert len(places) == 2
    assert Lease.objects.get(token=got.token).round.item == new
    submit_task(user=cast.anna.user, token=got.token, answers=prefer("a"), seconds=1)
    assert next_task(user=cast.anna.user).code == "nothing_left"


def bring_back(how, *parameters):
    """Put open tasks into the lane, as if an early transaction had brought them back."""
    with unguarded("labeling_task", "come_back") as cursor:
        cursor.execute(f"UPDATE labeling_task SET returned_xid = %s WHERE state = 'open' AND {how}", parameters)


def test_a_long_lane_of_what_came_back_is_looked_through_in_steps(cast, monkeypatch):
    monkeypatch.setattr(claims, "ONWARD", 1)
    upload_items(cast.project, cast.mira)
    judge(cast.anna)
    lengthen(2 * MOST + 10)
    bring_back("true", 4)
    [new] = upload_items(cast.project, cast.mira, 2)[1:]
    bring_back("returned_xid IS NULL", 5)
    places = []
    while isinstance(got := next_task(user=cast.anna.user), NothingToDo):
        assert got.code == "looking"
        assert len(places) < 3
        mark = Cursor.objects.get(reviewer=cast.anna)
        places.append((mark.returned_xid, mark.returned_position))
    assert places == sorted(set(places))
    assert [xid for xid, _ in places] == [4, 4]
    assert Lease.objects.get(token=got.token).round.item == new
    assert Lease.objects.get(token=take(cast.bela).token).round.item != new


def test_a_lane_that_cannot_be_remembered_is_looked_through_to_its_end(cast, monkeypatch):
    """What came back in a transaction that is still under way: here, the test's own."""
    monkeypatch.setattr(claims, "ONWARD", 1)
    upload_items(cast.project, cast.mira)
    judge(cast.anna)
    lengthen(MOST + 10)
    new = upload_items(cast.project, cast.mira, 2)[1]
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_xact_id()::text::bigint")
        [own] = cursor.fetchone()
    bring_back("true", own)
    assert Lease.objects.get(token=take(cast.anna).token).round.item == new


def test_one_claim_goes_on_behind_what_it_looked_at(cast):
    upload_items(cast.project, cast.mira)
    judge(cast.anna)
    lengthen(2 * MOST + 10)
    new = upload_items(cast.project, cast.mira, 2)[1]
    assert Lease.objects.get(token=take(cast.anna).token).round.item == new


def test_a_place_of_another_cluster_is_none(cast):
    """What pg_restore leaves in a new cluster: places that name transactions it has not reached."""
    upload_items(cast.project, cast.mira)
    judge(cast.anna)
    for reviewer in (cast.cleo, cast.dido):
        Lease.objects.filter(token=take(reviewer).token).update(until=Now() - timedelta(seconds=1))
    expire_leases()
    place = {"position": 10**12, "returned_xid": 10**9, "returned_position": 1}
    Cursor.objects.update_or_create(reviewer=cast.bela, pool=Pool.objects.get(), defaults=place)
    assert not has_nothing(cast.bela)


def test_after_a_restore_all_places_are_forgotten(cast, capsys):
    upload_items(cast.project, cast.mira)
    judge(cast.anna)
    assert has_nothing(cast.anna)
    call_command("restored")
    assert capsys.readouterr().out == "1 places are looked up again.\n"
    assert Cursor.objects.count() == 0
    assert has_nothing(cast.anna)


def test_heartbeats_keep_a_lease_for_some_lengths_and_an_extension_for_as_many_more(cast):
    cast.project.lease_seconds = 15
    cast.project.save(update_fields=["lease_seconds"])
    upload_items(cast.project, cast.mira)
    token = take(cast.anna).token
    let_leases_age(timedelta(seconds=15 * (LENGTHS - 1) + 5))
    assert 9 < renew_lease(user=cast.anna.user, token=token)[1] <= 10
    assert 24 < extend_lease(user=cast.anna.user, token=token)[1] <= 30
    let_leases_age(timedelta(seconds=15 * (LENGTHS + 1)))
    assert renew_lease(user=cast.anna.user, token=token)[1] <= 0
    expire_leases()
    assert Lease.objects.get(token=token).state == "expired"


def let_leases_age(by):
    """Make every lease so much older, and its end with it."""
    with unguarded("routing_lease", "fixed_columns") as cursor:
        cursor.execute("UPDATE routing_lease SET claimed_at = claimed_at - %s, until = until - %s", [by, by])


@pytest.mark.parametrize("how", ["conflict", "language", "trust"])
def test_the_task_ahead_is_not_handed_over_to_who_may_not_do_it_any_more(cast, how):
    upload_items(cast.project, cast.mira, 3)
    first = take(cast.anna)
    assert isinstance(prefetch_task(user=cast.anna.user), LeasedTask)
    if how == "conflict":
        type(cast.northwind).objects.filter(pk=cast.northwind.pk).update(conflict_tags=["acme"])
        type(cast.anna).objects.filter(pk=cast.anna.pk).update(conflict_tags=["acme"])
    elif how == "language":
        type(cast.anna).objects.filter(pk=cast.anna.pk).update(languages=["de"])
    else:
        Pool.objects.update(needs_trusted=True)
    submit_task(user=cast.anna.user, token=first.token, answers=prefer("a"), seconds=1)
    assert has_nothing(cast.anna)
    assert Lease.objects.filter(reviewer=cast.anna, is_prefetched=False, state="live").count() == 0


def test_work_is_open_to_somebody_only_where_a_task_is_left_for_them(cast, client):
    def has_work(who):
        return client.get("/api/desk/v1/projects", headers=cast.bearer(who)).json()["results"][0]["has_open_work"]

    upload_items(cast.project, cast.mira)
    assert has_work("anna") is True
    judge(cast.anna)
    assert (has_work("anna"), has_work("bela")) == (False, True)


def test_why_somebody_is_away_is_for_those_in_charge_of_them(cast, client):
    days = {"first": date(2099, 1, 1), "last": date(2099, 1, 2)}
    leave = add_leave(reviewer=cast.anna, **days, reason="Surgery", actor=cast.anna.user)
    for who, is_told in ((cast.mira, True), (cast.otto, False)):
        client.force_login(who)
        for page in ("", f"{leave.pk}/change/"):
            assert (b"Surgery" in client.get(f"/admin/routing/leave/{page}").content) is is_told
