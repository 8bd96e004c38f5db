"""Customers block people by the names they know them by; the people are never told."""

import json
import threading

import pytest
from django.db import IntegrityError, connections
from django.test import Client

from config.kernel.errors import Conflict, Invalid
from config.kernel.models import Event
from config.kernel.types import Scope
from labeling.models import Draft, Task
from labeling.services.rounds import assign_items
from labeling.services.settings import change_customer, change_reviewer
from quality.services.gold import seed_gold
from routing.models import Block, Enrolment, Exclusion, Lease
from routing.services.blocks import lift_block, place_block
from routing.services.claims import next_task
from routing.services.exclusions import exclude
from routing.services.leases import keep_draft
from routing.services.submits import submit_task
from routing.types import ExclusionReason
from tests.cast import gather_cast, open_new_project
from tests.factories import item_row, prefer, take, upload, upload_items
from tests.house.test_invariants import refused


def name_of(reviewer):
    return Enrolment.objects.filter(reviewer=reviewer).first().pseudonym


def ask(cast, who, method, path, body=None, scopes=(), **headers):
    more = {} if body is None else {"data": json.dumps(body), "content_type": "application/json"}
    return getattr(Client(), method)(f"/api/v1/{path}", headers={**cast.bearer(who, *scopes), **headers}, **more)


def test_a_customer_blocks_a_name_and_lifts_it_with_a_reason(cast):
    placed = ask(cast, "dana", "post", "blocks", {"reviewer": name_of(cast.anna), "reason": "Careless"})
    assert placed.status_code == 201
    block = Block.objects.get()
    assert (block.reviewer, block.customer, block.placed_by) == (cast.anna, cast.northwind, cast.dana)
    [listed] = ask(cast, "dana", "get", "blocks").json()["results"]
    assert listed == placed.json()
    assert (listed["reviewer"], listed["reason"], listed["lifted_at"]) == (name_of(cast.anna), "Careless", None)
    unsaid = ask(cast, "dana", "post", f"blocks/{listed['id']}/lift", {"reason": " "})
    assert (unsaid.status_code, Block.objects.get().lifted_at) == (422, None)
    lifted = ask(cast, "dana", "post", f"blocks/{listed['id']}/lift", {"reason": "Talked it over"})
    assert (lifted.status_code, lifted.json()["lift_reason"]) == (200, "Talked it over")
    assert ask(cast, "dana", "post", f"blocks/{listed['id']}/lift", {"reason": "Again"}).status_code == 409
    events = Event.objects.filter(kind__startswith="block.").order_by("id")
    assert [(each.kind, each.actor_id, each.customer_id) for each in events] == [
        ("block.placed", cast.dana.pk, cast.northwind.pk),
        ("block.lifted", cast.dana.pk, cast.northwind.pk),
    ]


def test_a_name_of_nobody_or_of_another_customers_people_is_not_known(cast):
    for name in ("r-" + "0" * 20, name_of(cast.remo), str(cast.anna.public_id), "\x00"):
        answer = ask(cast, "dana", "post", "blocks", {"reviewer": name, "reason": "Test"})
        assert answer.status_code in (400, 422), name
    with pytest.raises(Invalid, match="known by this name"):
        place_block(customer=cast.northwind, reviewer=cast.remo, reason="Test", actor=cast.mira)
    assert not Block.objects.exists()


def test_blocks_are_for_those_who_manage_the_customer_and_its_own(cast):
    block = place_block(customer=cast.northwind, reviewer=cast.anna, reason="Test", actor=cast.dana)
    for who in ("victor", "ruth"):
        assert ask(cast, who, "get", "blocks").json()["results"] == []
        assert ask(cast, who, "post", f"blocks/{block.public_id}/lift", {"reason": "Mine"}).status_code == 404
    sent = {"reviewer": name_of(cast.bela), "reason": "Test"}
    assert ask(cast, "victor", "post", "blocks", sent).status_code == 404
    assert ask(cast, "ruth", "post", "blocks", sent).status_code == 422
    assert ask(cast, "dana", "get", "blocks", scopes=[Scope.READ]).status_code == 403
    assert Block.objects.filter(lifted_at=None).count() == 1


def test_the_same_request_again_blocks_once(cast):
    sent = {"reviewer": name_of(cast.anna), "reason": "Careless"}
    answers = [ask(cast, "dana", "post", "blocks", sent, **{"Idempotency-Key": "one"}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    assert ask(cast, "dana", "post", "blocks", sent).status_code == 409
    assert Block.objects.count() == 1


def test_what_they_hold_goes_to_others_and_what_they_typed_is_kept(cast):
    upload_items(cast.project, cast.mira)
    for reviewer in (cast.anna, cast.bela, cast.cleo):
        take(reviewer)
    lease = Lease.objects.get(reviewer=cast.anna)
    keep_draft(user=cast.anna.user, token=lease.token, answers=prefer("a"))
    place_block(customer=cast.northwind, reviewer=cast.anna, reason="Careless", actor=cast.dana)
    lease.refresh_from_db()
    assert (lease.state, Task.objects.get(pk=lease.task_id).state) == ("withdrawn", "open")
    assert Draft.objects.filter(reviewer=cast.anna).exists()
    assert set(Lease.objects.exclude(pk=lease.pk).values_list("state", flat=True)) == {"live"}
    take(cast.dido)
    assert Lease.objects.get(reviewer=cast.dido).task_id == lease.task_id
    late = submit_task(user=cast.anna.user, token=lease.token, answers=prefer("a"), seconds=1.0)
    assert not late.is_placed
    assert Event.objects.get(kind="block.placed").data == {"reviewer": cast.anna.pk, "withdrawn": 1}


def test_what_waits_for_them_alone_waits_for_anybody(cast):
    project = open_new_project(cast.northwind, "named", cast.mira, overlap_kind="assigned")
    [item] = upload_items(project, cast.mira)
    assign_items(project=project, assignments={item.external_id: [cast.anna, cast.bela]}, actor=cast.mira)
    place_block(customer=cast.northwind, reviewer=cast.anna, reason="Careless", actor=cast.dana)
    assert [task.reserved_for for task in Task.objects.filter(project=project).order_by("slot")] == [None, cast.bela]
    assert Event.objects.filter(kind="task.freed").count() == 1


def test_gold_that_waits_for_them_ends_and_no_more_is_made(cast):
    upload(cast.project, cast.dana, item_row("gold", expected={"answer": {"preference": {"choice": "a"}}}))
    upload_items(cast.project, cast.mira, 2)
    seed_gold()
    gold = Task.objects.filter(kind="gold", reserved_for=cast.anna)
    assert set(gold.values_list("state", flat=True)) == {"open"}
    place_block(customer=cast.northwind, reviewer=cast.anna, reason="Careless", actor=cast.dana)
    seed_gold()
    assert set(gold.values_list("state", flat=True)) == {"cancelled"}
    assert Task.objects.filter(kind="gold", reserved_for=cast.bela, state="open").exists()


def test_one_block_stands_at_a_time_and_a_lifted_one_never_changes(cast):
    block = place_block(customer=cast.northwind, reviewer=cast.anna, reason="One", actor=cast.dana)
    with pytest.raises(Conflict, match="blocked already"):
        place_block(customer=cast.northwind, reviewer=cast.anna, reason="Two", actor=cast.dana)
    assert "never change" in refused(IntegrityError, "UPDATE routing_block SET reason = 'Another'")
    assert "lifted, not deleted" in refused(IntegrityError, "DELETE FROM routing_block")
    lift_block(block=block, reason="Over", actor=cast.mira)
    assert "never changes" in refused(IntegrityError, "UPDATE routing_block SET lifted_at = NULL")
    place_block(customer=cast.northwind, reviewer=cast.anna, reason="Two", actor=cast.dana)
    assert Block.objects.count() == 2


def test_an_exclusion_takes_the_round_away_once(cast):
    upload_items(cast.project, cast.mira)
    take(cast.anna)
    lease = Lease.objects.get()
    for _ in range(2):
        exclude(round=lease.round, reviewer=cast.anna, reason=ExclusionReason.AUTHOR, actor=cast.mira)
    lease.refresh_from_db()
    assert (lease.state, Exclusion.objects.get().reason) == ("withdrawn", "author")
    assert Event.objects.filter(kind="exclusion.made").count() == 1


def test_the_desk_never_speaks_of_blocks_or_conflicts(cast):
    upload_items(cast.project, cast.mira)
    take(cast.anna)
    admin = cast.mira
    admin.is_superuser = True
    admin.save()
    change_customer(customer=cast.northwind, changes={"conflict_tags": ["Zzyzx Corp"]}, actor=admin)
    change_reviewer(reviewer=cast.anna, changes={"conflict_tags": ["Zzyzx Corp"]}, actor=admin)
    token = Lease.objects.get().token
    place_block(customer=cast.northwind, reviewer=cast.anna, reason="Qwerty reason", actor=cast.dana)
    headers, client = cast.bearer("anna"), Client()
    answers = [
        client.post("/api/desk/v1/next", {}, content_type="application/json", headers=headers),
        client.get("/api/desk/v1/me", headers=headers),
        client.get("/api/desk/v1/availability", headers=headers),
        client.get("/api/desk/v1/leaves", headers=headers),
        client.post(f"/api/desk/v1/tasks/{token}/heartbeat", headers=headers),
        client.post(
            f"/api/desk/v1/tasks/{token}/skip", {"reason": "x"}, content_type="application/json", headers=headers
        ),
    ]
    for answer in answers:
        said = answer.content.decode().lower()
        for word in ("block", "conflict of interest", "conflict_tag", "zzyzx", "qwerty", "exclu"):
            assert word not in said, (answer.request["PATH_INFO"], word)


@pytest.mark.django_db(transaction=True)
def test_a_claim_and_a_block_at_once_leave_no_lease_behind_the_block():
    """Real threads, real commits: whichever comes first, no lease taken before the block is live after it."""
    cast = gather_cast()
    upload_items(cast.project, cast.mira, 3)
    for round_number in range(5):
        barrier = threading.Barrier(2)

        def run(act, barrier=barrier):
            try:
                barrier.wait()
                act()
            finally:
                connections.close_all()

        def block():
            place_block(customer=cast.northwind, reviewer=cast.anna, reason="Test", actor=cast.dana)

        threads = [
            threading.Thread(target=run, args=[lambda: next_task(user=cast.anna.user)]),
            threading.Thread(target=run, args=[block]),
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        placed = Block.objects.get(lifted_at=None)
        live = Lease.objects.filter(reviewer=cast.anna, state="live", claimed_at__lt=placed.placed_at)
        assert not live.exists(), round_number
        lift_block(block=placed, reason="Next", actor=cast.mira)
