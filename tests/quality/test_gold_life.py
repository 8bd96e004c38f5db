"""How gold comes about, how a miss is told, and why gold ends."""

import re
from datetime import timedelta
from random import Random

import pytest
from django.db import IntegrityError, transaction

from config.kernel.errors import Conflict
from config.kernel.models import Event
from delivery.models import ReleaseEntry
from labeling.models import Annotation, Item, Project, Reviewer, Round, Task
from labeling.services.forms import publish_form
from labeling.services.people import add_member
from labeling.services.rounds import reopen_items
from labeling.types import Role
from quality.drift import expected_hit
from quality.jobs import retire_served_gold
from quality.models import Feedback, GoldItem, GoldScore, Resolution
from quality.services.gold import retire_because, seed_gold
from quality.services.gold_making import describe_gold, make_gold_of_answer, make_gold_of_resolution
from quality.services.gold_review import TOLD_MOST, has_leaked
from routing.services.leases import skip_task
from routing.services.submits import submit_task
from tests.cast import FORM, gather_cast
from tests.factories import freeze, item_row, judge, prefer, resolve_items, settle, take, trust, unguarded, upload

WHY = "Lyon is not the capital."


def gold_of(cast, *, why=WHY):
    """One gold item, met by everybody next."""
    Project.objects.filter(pk=cast.project.pk).update(gold_share="0.5", gold_share_most="0.5")
    expected = {"answer": {"preference": {"choice": "a"}}, "explanation": why}
    upload(cast.project, cast.mira, item_row("known", expected=expected), *[item_row(f"{n}") for n in range(12)])
    settle()
    seed_gold()
    return GoldItem.objects.get()


def judge_gold(reviewer, choice="a"):
    while not GoldScore.objects.filter(reviewer=reviewer).exists():
        judge(reviewer, choice)
        settle()


def resolved(cast, count=2):
    return resolve_items(cast.project, cast.mira, [cast.anna, cast.bela, cast.cleo], count=count)


def test_a_missed_gold_is_told_later_as_reviewed_work_and_a_hit_is_not(cast):
    gold_of(cast)
    judge_gold(cast.anna, "b")
    judge_gold(cast.bela, "a")
    told = Feedback.objects.get()
    assert (told.reviewer, told.kind, told.words) == (cast.anna, "gold_missed", WHY)
    assert told.get_kind_display() == "Reviewed, and found otherwise"
    later = told.tell_from - told.created_at
    assert timedelta(days=2) - timedelta(minutes=1) < later < timedelta(days=7, minutes=1)


def test_at_the_desk_a_missed_gold_is_told_as_an_audit(cast, client):
    gold_of(cast, why="")
    judge_gold(cast.anna, "b")
    with unguarded("quality_feedback", "fixed_columns") as cursor:
        cursor.execute("UPDATE quality_feedback SET tell_from = now()")
    [row] = client.get("/api/desk/v1/feedback", headers=cast.bearer("anna")).json()["results"]
    assert (row["kind"], row["title"]) == ("audited", "An expert found otherwise")
    assert not {"gold", "Expected"} & set(re.findall(r"[A-Za-z]+", str(row)))


def test_without_an_explanation_the_expected_answer_is_told(cast):
    gold_of(cast, why="")
    judge_gold(cast.anna, "b")
    assert Feedback.objects.get().words == "Which response is better? a"


def test_a_resolved_item_becomes_gold_beside_and_stays_resolved(cast):
    items = resolved(cast)
    resolution = Resolution.objects.get(round__item=items[0])
    gold = make_gold_of_resolution(resolution=resolution, actor=cast.mira)
    assert (gold.source, gold.expected, gold.made_by) == ("adjudicated", {"preference": {"choice": "a"}}, cast.mira)
    assert Item.objects.get(pk=items[0].pk).state == "resolved"
    assert list(Round.objects.filter(item=items[0]).order_by("id").values_list("reason", "state")) == [
        ("first", "resolved"), ("gold", "open"),
    ]  # fmt: skip
    upload(cast.project, cast.mira, *[item_row(f"plain-{n}") for n in range(5)])
    seed_gold()
    met = set(Task.objects.filter(kind="gold").values_list("reserved_for", flat=True))
    assert met == {cast.dido.pk}  # the others have judged the item
    judge_gold(cast.dido, "a")
    assert GoldScore.objects.get().is_correct
    with pytest.raises(Conflict, match="made gold once"):
        make_gold_of_resolution(resolution=resolution, actor=cast.mira)


@pytest.mark.django_db(transaction=True)
def test_what_is_gold_leaves_the_releases_until_it_is_retired():
    cast = gather_cast()
    trust(cast.project, cast.anna, cast.mira)
    items = resolved(cast)
    gold = make_gold_of_resolution(resolution=Resolution.objects.get(round__item=items[0]), actor=cast.mira)
    assert entries(freeze(cast.project, cast.dana)) == ["item-001"]
    retire_because(gold_item=gold, because="operator", reason="Enough.")
    assert entries(freeze(cast.project, cast.dana)) == ["item-000", "item-001"]


@pytest.mark.django_db(transaction=True)
def test_a_project_that_delivers_gold_delivers_what_reviewers_said_and_not_what_was_expected():
    cast = gather_cast()
    trust(cast.project, cast.anna, cast.mira)
    resolved(cast)
    gold_of(cast)
    for reviewer in (cast.anna, cast.bela):
        judge_gold(reviewer, "b")
    assert entries(freeze(cast.project, cast.dana)) == ["item-000", "item-001"]
    Project.objects.filter(pk=cast.project.pk).update(is_gold_delivered=True)
    release = freeze(cast.project, cast.dana)
    assert entries(release) == ["item-000", "item-001", "known"]
    carried = Resolution.objects.get(pk=ReleaseEntry.objects.get(release=release, external_id="known").resolution_id)
    assert carried.answers == {"preference": {"choice": "b"}}
    assert len(carried.annotation_ids) == 2
    assert Item.objects.get(external_id="known").state == "gold"
    again = freeze(cast.project, cast.dana)
    assert again.content_digest == release.content_digest
    assert Resolution.objects.filter(round__reason="gold").count() == 1


def entries(release):
    assert release.state == "frozen", release.fault
    return list(
        ReleaseEntry.objects.filter(release=release).order_by("external_id").values_list("external_id", flat=True)
    )


def test_gold_is_made_of_an_experts_answer_and_of_nobody_elses(cast):
    [item] = resolved(cast, 1)
    answer = Annotation.objects.get(round__item=item, reviewer=cast.anna)
    with pytest.raises(Conflict, match="expert's answer"):
        make_gold_of_answer(annotation=answer, actor=cast.mira)
    add_member(user=cast.anna.user, customer=cast.northwind, project=cast.project, role=Role.AUDITOR, actor=cast.mira)
    assert make_gold_of_answer(annotation=answer, actor=cast.mira).source == "expert"


def test_what_is_judged_anew_is_gold_no_more(cast):
    [item] = resolved(cast, 1)
    gold = make_gold_of_resolution(resolution=Resolution.objects.get(), actor=cast.mira)
    reopen_items(item_ids=[item.pk], reason="rework", actor=cast.mira)
    assert retire_served_gold() == 1
    assert retire_served_gold() == 0
    gold.refresh_from_db()
    assert (gold.state, gold.retired_because) == ("retired", "disputed")
    assert set(Round.objects.filter(item=item).values_list("reason", "state")) == {
        ("first", "resolved"), ("gold", "cancelled"), ("rework", "open"),
    }  # fmt: skip


def test_gold_that_somebody_had_in_hand_and_skipped_was_shown_to_them(cast):
    gold_of(cast)
    [mine, *others] = Task.objects.filter(kind="gold", state="open").order_by("pk")
    Task.objects.filter(pk__in=[each.pk for each in others]).update(state="cancelled")
    GoldItem.objects.update(exposures_most=1)
    reviewer = Reviewer.objects.get(pk=mine.reserved_for_id)
    while (leased := take(reviewer)).task_id != mine.pk:
        submit_task(user=reviewer.user, token=leased.token, answers=prefer("a"), seconds=5.0)
    skip_task(user=reviewer.user, token=leased.token, reason="Hard")
    settle()
    seed_gold()
    assert not Task.objects.filter(kind="gold", state="open").exists()


def test_gold_that_enough_people_have_seen_is_retired(cast):
    gold = gold_of(cast)
    GoldItem.objects.update(exposures_most=2)
    judge_gold(cast.anna)
    assert retire_served_gold() == 0
    judge_gold(cast.bela)
    assert retire_served_gold() == 1
    gold.refresh_from_db()
    assert (gold.state, gold.retired_because) == ("retired", "exposed")
    assert (
        Event.objects.get(kind="gold item.retired", subject_id=gold.pk).data["reason"] == "2 people have answered it."
    )
    assert not Task.objects.filter(kind="gold", state="open").exists()


def test_gold_that_was_explained_to_many_is_retired(cast, monkeypatch):
    monkeypatch.setattr("quality.services.gold_review.TOLD_MOST", 1)
    gold_of(cast)
    judge_gold(cast.anna, "b")
    assert retire_served_gold() == 0  # it is told later
    with unguarded("quality_feedback", "fixed_columns") as cursor:
        cursor.execute("UPDATE quality_feedback SET tell_from = now()")
    assert retire_served_gold() == 1
    assert GoldItem.objects.get().retired_because == "explained"
    assert TOLD_MOST == 25


def test_a_leak_shows_as_a_jump_of_the_hit_rate():
    """A hard item, seen by people who are right four times of five: from the 61st on everybody knows."""
    chance = Random(7)
    accuracies = [0.8] * 120
    honest = [chance.random() < expected_hit(0.8, ease=-1.6) for _ in range(60)]
    leaked = honest + [True] * 60
    unleaked = honest + [chance.random() < expected_hit(0.8, ease=-1.6) for _ in range(60)]
    assert has_leaked(honest, accuracies[:60], expected_hit_rate=None) == ""
    assert has_leaked(unleaked, accuracies, expected_hit_rate=None) == ""
    assert has_leaked(leaked, accuracies, expected_hit_rate=None).startswith("Its hit rate has jumped:")
    seen = next(
        count for count in range(60, 121) if has_leaked(leaked[:count], accuracies[:count], expected_hit_rate=None)
    )
    assert seen <= 85  # after at most 25 leaked answers
    assert has_leaked([True] * 15, [0.8] * 15, expected_hit_rate=0.4) != ""
    assert has_leaked([True, False] * 8, [0.8] * 16, expected_hit_rate=0.4) == ""


def test_leaked_gold_is_retired_by_the_job(cast):
    gold_of(cast)
    judge_gold(cast.anna)
    describe_gold(
        gold_item=GoldItem.objects.get(), concept="", explanation=WHY, exposures_most=None, use="gold",
        expected_hit_rate=0.001, actor=cast.mira,
    )  # fmt: skip
    judge_gold(cast.bela)
    judge_gold(cast.cleo)
    judge_gold(cast.dido)
    assert retire_served_gold() == 1
    assert GoldItem.objects.get().retired_because == "leaked"


@pytest.mark.parametrize("is_renewed", [False, True])
def test_what_it_is_used_for_stays_once_somebody_was_asked(cast, is_renewed):
    gold = gold_of(cast)
    if is_renewed:
        Task.objects.filter(state="open").update(state="cancelled")
        publish_form(project=cast.project, document={**FORM, "title": "Better pairs"}, actor=cast.mira)
        settle()
        gold.refresh_from_db()
        assert not gold.round.tasks.exists()
    with pytest.raises(Conflict, match="asked this item already"):
        describe_gold(
            gold_item=gold, concept="x", explanation="", exposures_most=None, use="training", expected_hit_rate=None,
            actor=cast.mira,
        )  # fmt: skip
    assert GoldItem.objects.get().concept == ""
    with pytest.raises(IntegrityError, match="stays once somebody was asked"), transaction.atomic():
        GoldItem.objects.update(use="training")
    with pytest.raises(IntegrityError, match="never change"), transaction.atomic():
        GoldItem.objects.update(expected={"preference": {"choice": "b"}})


def test_retired_gold_is_taken_from_whoever_holds_it(cast):
    gold = gold_of(cast)
    while take(cast.anna) and not Task.objects.filter(kind="gold", state="leased", reserved_for=cast.anna).exists():
        judge(cast.anna)
    retire_because(gold_item=gold, because="operator", reason="Wrong.")
    settle()
    assert not Task.objects.filter(kind="gold", state__in=["open", "leased"]).exists()
