"""Rounds after the first: what was open ends, what was said stays, and the item is judged anew."""

import pytest

from labeling.models import Annotation, Item, Project, Round, Task
from labeling.services.rounds import assign_items, reopen_items
from labeling.types import RoundReason
from routing.models import Lease
from routing.services.submits import submit_task
from tests.factories import judge, prefer, resolve_items, settle, take, upload_items


def test_a_resolved_item_is_judged_anew_in_its_next_round(cast):
    [item] = resolve_items(cast.project, cast.mira, [cast.anna, cast.bela, cast.cleo])
    assert reopen_items(item_ids=[item.pk], reason=RoundReason.RECHECK, actor=cast.mira) == 1
    item.refresh_from_db()
    assert item.state == "in_progress"
    assert list(Round.objects.order_by("number").values_list("number", "state", "reason")) == [
        (1, "resolved", "first"),
        (2, "open", "recheck"),
    ]
    for reviewer in (cast.anna, cast.bela, cast.cleo):
        judge(reviewer, "b")
    settle()
    assert Round.objects.get(number=2).state == "resolved"
    assert Annotation.objects.count() == 6


def test_what_is_open_ends_with_its_leases_and_a_late_answer_is_kept(cast):
    [item] = upload_items(cast.project, cast.mira)
    judge(cast.bela)
    token = take(cast.anna).token
    assert reopen_items(item_ids=[item.pk], reason=RoundReason.REVISION, actor=None) == 1
    assert set(Task.objects.filter(round__number=1).values_list("state", flat=True)) == {"completed", "cancelled"}
    assert take(cast.anna).token != token
    settle()
    assert Lease.objects.get(token=token).state == "withdrawn"
    late = submit_task(user=cast.anna.user, token=token, answers=prefer("a"), seconds=1.0)
    assert not late.is_placed
    assert Round.objects.get(number=2).judgments_needed == 3


@pytest.mark.parametrize("is_resolved", [True, False])
def test_people_who_were_named_are_named_again(cast, is_resolved):
    Project.objects.filter(pk=cast.project.pk).update(overlap_kind="assigned")
    cast.project.refresh_from_db()
    [item] = upload_items(cast.project, cast.mira)
    named = [cast.bela, cast.anna]
    assign_items(project=cast.project, assignments={item.external_id: named}, actor=None)
    for reviewer in named[: 2 if is_resolved else 1]:
        judge(reviewer)
    settle()
    assert Item.objects.get().state == ("resolved" if is_resolved else "in_progress")
    assert reopen_items(item_ids=[item.pk], reason=RoundReason.REVISION, actor=None) == 1
    again = Round.objects.get(number=2)
    assert again.judgments_needed == 2
    assert list(again.tasks.order_by("slot").values_list("slot", "state", "reserved_for")) == [
        (0, "open", cast.bela.pk),
        (1, "open", cast.anna.pk),
    ]


def test_gold_and_items_without_a_round_are_left_alone(cast):
    [known] = upload_items(cast.project, cast.mira, expected={"answer": {"preference": {"choice": "a"}}})
    assert known.state == "gold"
    assert reopen_items(item_ids=[known.pk], reason=RoundReason.RECHECK, actor=None) == 0
    assert Item.objects.get(pk=known.pk).state == "gold"
