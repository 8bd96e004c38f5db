"""A reviewer's place in a queue is remembered, and nothing that may become theirs is ever passed by."""

import random
import re
import threading
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, connections, transaction
from django.db.models.functions import Now
from django.utils.module_loading import import_string

from config.kernel.errors import Conflict
from config.kernel.locks import lock_rows
from labeling.models import AccessLog, Annotation, Pool, Round, Task
from labeling.services.judgments import invalidate_annotation
from labeling.services.rounds import add_slot
from routing import eligibility
from routing.models import Cursor, Exclusion, Lease
from routing.services import claims
from routing.services.claims import next_task, prefetch_task
from routing.services.leases import expire_leases, extend_lease, renew_lease, skip_task
from routing.services.submits import submit_task
from routing.types import LeasedTask, NothingToDo
from tests.cast import gather_cast
from tests.factories import judge, prefer, settle, take, upload_items


@pytest.fixture
def at_every_step(monkeypatch):
    """Have each claim remember its place, not one in sixty-four."""
    monkeypatch.setattr(claims, "STRIDE", 0)


def run(statement, *parameters):
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)


def item_of(leased):
    return Lease.objects.get(token=leased.token).round.item.external_id


def has_nothing(reviewer):
    return isinstance(next_task(user=reviewer.user), NothingToDo)


def left_for(reviewer):
    """Return the open tasks that this reviewer could be given, by the reasons themselves, one by one."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT t.id FROM labeling_task t WHERE t.state = 'open'"
            " AND (t.reserved_for_id IS NULL OR t.reserved_for_id = %(reviewer)s) AND "
            + eligibility.all_of(eligibility.OF_TASK),
            {"reviewer": reviewer.pk},
        )
        return {row[0] for row in cursor.fetchall()}


def test_the_place_moves_on_past_what_was_judged(cast, at_every_step):
    items = upload_items(cast.project, cast.mira, 3)
    judge(cast.anna)
    judge(cast.anna)
    assert item_of(take(cast.anna)) == "item-002"
    assert Cursor.objects.get(reviewer=cast.anna).position == items[2].pk * 1000 - 1


def test_with_nothing_left_the_place_is_the_end_of_the_queue(cast):
    upload_items(cast.project, cast.mira, 2)
    judge(cast.anna)
    judge(cast.anna)
    assert has_nothing(cast.anna)
    assert Cursor.objects.get(reviewer=cast.anna).position == Pool.objects.get().tail
    upload_items(cast.project, cast.mira, 3)
    assert item_of(take(cast.anna)) == "item-002"


def test_what_comes_back_behind_a_place_goes_first(cast, at_every_step):
    upload_items(cast.project, cast.mira, 4)
    given_up = take(cast.bela)
    judge(cast.anna)
    judge(cast.anna)
    skip_task(user=cast.bela.user, token=given_up.token, reason="Unclear")
    [back] = Task.objects.exclude(returned_xid=None)
    assert back.pk == Lease.objects.get(token=given_up.token).task_id
    judge(cast.cleo)
    assert item_of(take(cast.dido)) == "item-000"
    assert Lease.objects.get(reviewer=cast.cleo).task_id == back.pk


def test_a_slot_that_is_added_later_stands_in_the_lane_of_what_came_back(cast):
    upload_items(cast.project, cast.mira, 2)
    for reviewer in (cast.anna, cast.bela, cast.cleo):
        judge(reviewer)
        judge(reviewer)
    assert has_nothing(cast.dido)
    first = Round.objects.order_by("pk").first()
    invalidate_annotation(annotation=Annotation.objects.filter(round=first).first(), reason="Test", actor=cast.mira)
    Round.objects.filter(pk=first.pk).update(state="open", closed_at=None) if first.state != "open" else None
    added = add_slot(round_id=first.pk)
    added.refresh_from_db()
    assert added.returned_xid is not None
    assert item_of(take(cast.dido)) == "item-000"


def test_only_the_database_says_what_came_back(cast):
    upload_items(cast.project, cast.mira)
    task = Task.objects.first()
    run("UPDATE labeling_task SET returned_xid = 7 WHERE id = %s", task.pk)
    task.refresh_from_db()
    assert task.returned_xid is None
    run("UPDATE labeling_task SET position = position + 1 WHERE id = %s", task.pk)
    task.refresh_from_db()
    assert task.returned_xid is not None


def test_nobody_has_two_tasks_in_hand(cast):
    upload_items(cast.project, cast.mira, 2)
    token = take(cast.anna).token
    other = Task.objects.filter(state="open").last()
    with pytest.raises(IntegrityError, match="one_in_hand"), transaction.atomic():
        run(
            "INSERT INTO routing_lease (customer_id, project_id, task_id, round_id, reviewer_id, guideline_id, token, state,"
            " until, why) SELECT customer_id, project_id, %s, %s, reviewer_id, guideline_id, gen_random_uuid(), 'live',"
            " until, '{}' FROM routing_lease WHERE token = %s",
            other.pk,
            other.round_id,
            token,
        )


def test_who_is_excluded_from_a_round_is_never_given_it(cast):
    upload_items(cast.project, cast.mira, 2)
    first = Round.objects.order_by("pk").first()
    Exclusion.objects.create(customer=cast.northwind, round=first, reviewer=cast.anna, reason="author")
    assert item_of(take(cast.anna)) == "item-001"
    assert item_of(take(cast.bela)) == "item-000"


def test_who_judged_an_item_in_one_role_is_not_given_it_in_another(cast):
    upload_items(cast.project, cast.mira, 2)
    judge(cast.anna)
    first = Round.objects.order_by("pk").first()
    Task.objects.filter(round=first, state="open").update(state="cancelled")
    Round.objects.filter(pk=first.pk).update(state="cancelled", closed_at=Now())
    again = Round.objects.get(pk=first.pk)
    again.pk, again.number, again.state, again.closed_at = None, 2, "open", None
    again.save(force_insert=True)
    pool = Pool.objects.get()
    Task.objects.create(
        customer=cast.northwind, project=cast.project, round=again, pool=pool, kind="gold", slot=0, position=1
    )
    assert item_of(take(cast.anna)) == "item-001"
    assert item_of(take(cast.dido)) == "item-000"


def test_the_function_asks_what_the_reasons_say():
    """The function's text stands in a migration; here it is held against the one place that names the reasons."""
    module = (
        import_string("routing.migrations.0019_claim_bounded.NEVER_MINE"),
        import_string("routing.migrations.0019_claim_bounded.NOT_NOW"),
    )
    never, now = (re.sub(r"\s+", " ", text).strip() for text in module)
    reasons = " AND ".join(eligibility.OF_TASK.values()).replace("%(reviewer)s", "me")
    assert re.sub(r"\s+", " ", reasons) == never
    assert re.sub(r"\s+", " ", eligibility.IN_HAND.replace("%(reviewer)s", "me")) == now


# --- the task ahead -------------------------------------------------------------------------------------------------------


def test_the_task_ahead_is_the_next_one(cast):
    upload_items(cast.project, cast.mira, 3)
    held = take(cast.anna)
    ahead = prefetch_task(user=cast.anna.user)
    assert (item_of(held), item_of(ahead)) == ("item-000", "item-001")
    assert 115 < ahead.seconds_left <= 120
    assert prefetch_task(user=cast.anna.user).token == ahead.token
    assert take(cast.anna).token == held.token
    submit_task(user=cast.anna.user, token=held.token, answers=prefer("a"), seconds=1)
    following = take(cast.anna)
    assert following.token == ahead.token
    assert 890 < following.seconds_left <= 900
    assert AccessLog.objects.filter(door="desk", user_id=cast.anna.user_id).count() == 5


def test_a_task_ahead_that_is_not_come_to_goes_back_to_the_queue(cast):
    upload_items(cast.project, cast.mira, 2)
    take(cast.anna)
    ahead = prefetch_task(user=cast.anna.user)
    Lease.objects.filter(token=ahead.token).update(until=Now() - timedelta(seconds=1))
    assert expire_leases() == 1
    assert Task.objects.get(pk=ahead.task_id).state == "open"


def test_the_heartbeat_of_the_task_in_hand_keeps_the_one_ahead(cast):
    upload_items(cast.project, cast.mira, 2)
    held = take(cast.anna)
    ahead = prefetch_task(user=cast.anna.user)
    Lease.objects.update(until=Now() + timedelta(seconds=5))
    renew_lease(user=cast.anna.user, token=held.token)
    assert (
        Lease.objects.get(token=ahead.token).until - Lease.objects.get(token=held.token).until
    ).total_seconds() == -780


def test_with_nothing_in_hand_there_is_nothing_ahead(cast):
    upload_items(cast.project, cast.mira)
    with pytest.raises(Conflict, match="no task in your hand"):
        prefetch_task(user=cast.anna.user)
    assert not Lease.objects.exists()


def test_a_lease_is_extended_once_and_no_heartbeat_shortens_it(cast):
    upload_items(cast.project, cast.mira)
    leased = take(cast.anna)
    _, seconds = extend_lease(user=cast.anna.user, token=leased.token)
    assert 1795 < seconds <= 1800
    assert renew_lease(user=cast.anna.user, token=leased.token)[1] > 1790
    with pytest.raises(Conflict, match="extended this task before"):
        extend_lease(user=cast.anna.user, token=leased.token)


# --- at once --------------------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_what_somebody_else_holds_just_now_is_not_passed_for_good(at_every_step):
    """A claim that fails after it locked a task leaves it open; whoever passed it by meanwhile is still offered it."""
    cast = gather_cast()
    upload_items(cast.project, cast.mira, 2)
    locked, done = threading.Event(), threading.Event()

    def hold():
        try:
            with transaction.atomic():
                lock_rows(Task.objects.filter(round__item__external_id="item-000"))
                locked.set()
                done.wait(20)
        finally:
            connections.close_all()

    holder = threading.Thread(target=hold)
    holder.start()
    assert locked.wait(20)
    judge(cast.anna)
    assert has_nothing(cast.anna)
    done.set()
    holder.join()
    assert item_of(take(cast.anna)) == "item-000"


@pytest.mark.django_db(transaction=True)
def test_what_comes_back_beside_a_slower_transaction_is_not_passed_for_good(at_every_step):
    """One return begins first and commits last: who looked in between must still see it."""
    cast = gather_cast()
    upload_items(cast.project, cast.mira, 4)
    first = take(cast.bela)
    judge(cast.cleo)
    second = take(cast.cleo)
    assert (item_of(first), item_of(second)) == ("item-000", "item-001")
    took, ready, done = Lease.objects.get(token=first.token).task_id, threading.Event(), threading.Event()

    def give_back_slowly():
        try:
            with transaction.atomic():
                skip_task(user=cast.bela.user, token=first.token, reason="Slow")
                ready.set()
                done.wait(20)
        finally:
            connections.close_all()

    slow = threading.Thread(target=give_back_slowly)
    slow.start()
    assert ready.wait(20)
    skip_task(user=cast.cleo.user, token=second.token, reason="Fast")
    judge(cast.anna)  # item-001, which came back the faster way
    judge(cast.anna)
    done.set()
    slow.join()
    assert Task.objects.get(pk=took).state == "open"
    assert left_for(cast.dido) >= {took}
    while isinstance(given := next_task(user=cast.dido.user), LeasedTask):
        submit_task(user=cast.dido.user, token=given.token, answers=prefer("a"), seconds=1)
    assert not left_for(cast.dido)


@pytest.mark.parametrize("seed", range(6))
def test_whatever_happens_nobody_is_told_that_nothing_is_left_while_something_is(cast, at_every_step, seed):
    """Uploads, claims, skips, abandoned tasks, added slots, tasks ahead, in any order; then each works until they hear that
    nothing is left, and nothing is."""
    chance = random.Random(seed)
    people = [cast.anna, cast.bela, cast.cleo, cast.dido]
    count = 4
    upload_items(cast.project, cast.mira, count)
    for _ in range(40):
        who = chance.choice(people)
        match chance.choice(["judge", "judge", "skip", "abandon", "upload", "ahead", "add"]):
            case "judge" if not has_nothing(who):
                judge(who)
            case "skip" if not has_nothing(who):
                skip_task(user=who.user, token=take(who).token, reason="Unclear")
            case "abandon" if not has_nothing(who):
                Lease.objects.filter(token=take(who).token).update(until=Now() - timedelta(seconds=1))
                expire_leases()
            case "ahead" if not has_nothing(who):
                prefetch_task(user=who.user)
            case "upload":
                count += 1
                upload_items(cast.project, cast.mira, count)
            case "add":
                opened = Round.objects.filter(state="open").order_by("?").first()
                if opened is not None:
                    Round.objects.filter(pk=opened.pk).update(judgments_needed=opened.judgments_needed + 1)
                    add_slot(round_id=opened.pk)
    for who in people:
        while isinstance(given := next_task(user=who.user), LeasedTask):
            submit_task(user=who.user, token=given.token, answers=prefer("a"), seconds=1)
        assert not left_for(who)
    settle()
