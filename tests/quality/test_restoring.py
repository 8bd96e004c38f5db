"""An upheld appeal against an invalidation: the answer counts again, by a row that says the same."""

import pytest
from django.db import IntegrityError, connection, transaction

from config.kernel.models import Event, User
from config.kernel.types import Surface
from delivery.models import LedgerEntry
from labeling.life import life_of_item
from labeling.models import Annotation, Item, Round, Task
from labeling.services.erasures import erase_item
from labeling.services.judgments import invalidate_annotation, restore_annotation
from labeling.services.people import add_member
from labeling.types import Role
from quality.models import Dispute, Evidence, Feedback, GoldScore, Resolution
from quality.services.appeals import decide_appeal, follow_upheld, make_appeal
from routing.answers import answers_of, shown_summary
from tests.factories import item_row, judge, settle, upload, upload_items
from tests.standings import found_right, standing_of


@pytest.fixture
def nora(cast):
    """An operator who had no part in anything."""
    user = User.objects.create_user("nora@example.org", "nora-password", name="Nora", surface=Surface.CONSOLE)
    add_member(user=user, customer=cast.northwind, role=Role.OPERATOR, actor=None)
    return user


def invalidate(cast, annotation):
    invalidate_annotation(annotation=annotation, reason="Copied", actor=cast.mira)
    settle()


def appealed(cast, nora, outcome="upheld"):
    feedback = Feedback.objects.get(kind="invalidated")
    made, _ = make_appeal(feedback=feedback, words="It was my own.", actor=cast.anna.user)
    decide_appeal(appeal=made, outcome=outcome, reason="Seen.", actor=nora)
    settle()
    return made


@pytest.fixture
def outvoted(cast):
    """Anna and Bela say a, Cleo b, and an expert found Anna right; then Anna's answer was invalidated."""
    upload_items(cast.project, cast.mira)
    for who, choice in ((cast.anna, "a"), (cast.bela, "a"), (cast.cleo, "b")):
        judge(who, choice, rationale="Seen")
    settle()
    found_right(cast.anna, "1")
    cast.before = standing_of(cast.anna).lower_bound
    cast.first = Annotation.objects.get(reviewer=cast.anna)
    invalidate(cast, cast.first)
    return cast


def outcomes():
    return list(Resolution.objects.order_by("pk").values_list("outcome", flat=True))


def test_the_answer_counts_again_and_its_round_comes_to_what_it_came_to(outvoted, nora):
    cast = outvoted
    assert outcomes() == ["agreed", "no_agreement"]
    assert standing_of(cast.anna).lower_bound < cast.before
    kept = Annotation.objects.filter(pk=cast.first.pk).values().get()
    appeal = appealed(cast, nora)
    restored = Annotation.objects.get(supersedes=cast.first)
    assert (restored.answers, restored.rationale, restored.origin) == (cast.first.answers, "Seen", "human")
    assert Annotation.objects.filter(pk=cast.first.pk).values().get() == kept
    assert hasattr(Annotation.objects.get(pk=cast.first.pk), "invalidation")
    assert outcomes() == ["agreed", "no_agreement", "agreed"]
    last = Resolution.objects.latest("pk")
    others = Annotation.objects.filter(reviewer__in=[cast.bela, cast.cleo]).values_list("pk", flat=True)
    assert last.annotation_ids == sorted([*others, restored.pk])
    assert last.answers["preference"] == {"choice": "a"}
    known = Evidence.objects.filter(reviewer=cast.anna, voids=None, voided_by=None)
    assert list(known.values_list("annotation", "source", "agreed")) == [(restored.pk, "audit", True)]
    assert standing_of(cast.anna).lower_bound == pytest.approx(cast.before, abs=1e-6)
    event = Event.objects.get(kind="annotation.superseded")
    assert (event.subject_id, event.actor_id) == (restored.pk, nora.pk)
    assert event.data == {"supersedes": cast.first.pk, "round": restored.round_id, "restored": True}
    assert LedgerEntry.objects.filter(kind="pay", reviewer=cast.anna).count() == 1
    assert not Dispute.objects.exists()
    [mine] = answers_of(cast.anna.user)
    assert (mine.pk, shown_summary(mine)["can_be_corrected"]) == (restored.pk, True)
    said = [each.what for each in life_of_item(Item.objects.get()) if each.link == ("labeling.annotation", restored.pk)]
    assert said == ["annotation restored in round 1"]
    assert follow_upheld(appeal_ids=[appeal.pk]) == 0
    assert Annotation.objects.count() == 4


@pytest.mark.parametrize("outcome", ["refused", "guideline"])
def test_otherwise_it_counts_no_more(outvoted, nora, outcome):
    appealed(outvoted, nora, outcome)
    assert Annotation.objects.count() == 3
    assert outcomes() == ["agreed", "no_agreement"]
    assert not Evidence.objects.filter(reviewer=outvoted.anna, voids=None, voided_by=None).exists()


def test_in_an_open_round_nobody_is_asked_in_its_place_any_more(cast, nora):
    upload_items(cast.project, cast.mira)
    judge(cast.anna)
    settle()
    invalidate(cast, Annotation.objects.get())
    assert sorted(Task.objects.values_list("state", flat=True)) == ["completed", "open", "open", "open"]
    appealed(cast, nora)
    assert sorted(Task.objects.values_list("state", flat=True)) == ["cancelled", "completed", "open", "open"]
    for who in (cast.bela, cast.cleo):
        judge(who)
    settle()
    assert (Round.objects.get().state, outcomes()) == ("resolved", ["agreed"])
    assert len(Resolution.objects.get().annotation_ids) == 3


def test_whoever_was_asked_in_its_place_is_heard_beside_it(cast, nora):
    upload_items(cast.project, cast.mira)
    judge(cast.anna)
    settle()
    invalidate(cast, Annotation.objects.get())
    for who in (cast.bela, cast.cleo, cast.dido):
        judge(who)
    settle()
    appealed(cast, nora)
    assert outcomes() == ["agreed", "agreed"]
    assert len(Resolution.objects.latest("pk").annotation_ids) == 4


def test_a_miss_on_gold_is_a_miss_again(cast, nora):
    cast.project.gold_share = "0.5"
    cast.project.save()
    upload(
        cast.project,
        cast.mira,
        item_row("plain"),
        item_row("known", expected={"answer": {"preference": {"choice": "a"}}}),
    )
    for _ in range(2):
        judge(cast.anna, "b")
    settle()
    missed = Annotation.objects.get(round__reason="gold")
    invalidate(cast, missed)
    assert not Evidence.objects.filter(voids=None, voided_by=None).exists()
    appealed(cast, nora)
    known = Evidence.objects.get(voids=None, voided_by=None)
    assert (known.annotation.supersedes, known.source, known.agreed) == (missed, "gold", False)
    assert GoldScore.objects.get().annotation == missed


def test_of_an_erased_item_nothing_is_restored(outvoted, nora):
    erase_item(item=Item.objects.get(), reason="Test", actor=outvoted.dana)
    with transaction.atomic():
        assert restore_annotation(annotation=outvoted.first, actor=nora) is None
    assert Annotation.objects.count() == 3


def test_what_counts_is_not_restored(outvoted, nora):
    with transaction.atomic():
        assert restore_annotation(annotation=Annotation.objects.get(reviewer=outvoted.bela), actor=nora) is None
    assert Annotation.objects.count() == 3


@pytest.mark.parametrize(
    "change",
    ["DELETE FROM labeling_annotationinvalidation", "UPDATE labeling_annotationinvalidation SET reason = 'None'"],
)
def test_an_invalidation_itself_is_never_taken_back(outvoted, change):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("RESET ROLE")
        with pytest.raises(IntegrityError, match="An invalidation never changes"), transaction.atomic():
            cursor.execute(change)
        transaction.set_rollback(True)
