"""Gold for those who review: a seeded flaw among their reviews, unseen, scored, never released or counted."""

import json

import pytest
from django.core.management import call_command

from config.kernel.canonical import digest
from config.kernel.errors import Conflict, Invalid
from delivery.models import LedgerEntry
from labeling.forms import InvalidAnswers
from labeling.models import Annotation, Item, Project, Round, Task
from labeling.services.erasures import erase_item, erase_person
from labeling.services.forms import publish_form
from quality.jobs import seed_gold as seed_gold_job
from quality.models import GoldItem, GoldScore, Resolution, Review
from quality.services.review_gold import seed_flaw
from routing.services.claims import next_task
from routing.services.leases import keep_draft
from routing.types import NothingToDo
from tests.cast import FORM
from tests.factories import item_row, settle, take, upload
from tests.traces import tables_with
from tests.written import BETTER, TEXT, WHY, answer, attempt, open_written_project, review, written

FLAWED = written("Lyon has been the capital of France since 987.")


@pytest.fixture
def project(cast):
    project = open_written_project(cast)
    Project.objects.filter(pk=project.pk).update(gold_share="0.5")
    upload(project, cast.mira, item_row("one"))
    attempt(cast.anna)
    review(cast.bela, "accept")
    return project


@pytest.fixture
def accepted(project):
    return Annotation.objects.get(task__kind="attempt")


@pytest.fixture
def gold(cast, project, accepted):
    return seed_flaw(attempt=accepted, answers=FLAWED, explanation="It is Paris.", concept="facts", actor=cast.mira)


def more_work(cast, project, count=3):
    """Let Anna write more, for others to review."""
    upload(project, cast.mira, *[item_row(f"more-{number}") for number in range(count)])
    for _ in range(count):
        attempt(cast.anna, BETTER)
    seed_gold_job()


def meet(reviewer, verdict, **more):
    """Review what waits until the seeded flaw has come, which gets this verdict; return how it was shown."""
    for _ in range(9):
        leased = take(reviewer)
        if Task.objects.get(pk=leased.task_id).kind == "gold":
            answer(leased, reviewer, {"review_verdict": verdict, **more})
            return leased
        answer(leased, reviewer, {"review_verdict": "accept"})
    raise AssertionError("No gold came.")


def reach_gold(reviewer):
    """Take what waits, reviewing what is no gold; return the seeded flaw as it was leased."""
    while Task.objects.get(pk=(leased := take(reviewer)).task_id).kind != "gold":
        answer(leased, reviewer, {"review_verdict": "accept"})
    return leased


BACK = {"review_clause": "true", "review_reason": WHY}


def test_a_seeded_flaw_is_met_as_any_other_review_and_scored(cast, project, gold):
    more_work(cast, project)
    plain = Task.objects.filter(kind="review", state="open").first()
    assert set(Task.objects.filter(kind="gold", state="open").values_list("reserved_for", "pool")) == {
        (cast.cleo.pk, plain.pool_id),
        (cast.dido.pk, plain.pool_id),
    }
    shown = meet(cast.cleo, "send_back", **BACK)
    assert [(each.title, each.own) for each in shown.beside] == [("What was written", FLAWED)]
    assert shown.form["questions"][0]["id"] == "review_verdict"
    meet(cast.dido, "accept")
    scores = GoldScore.objects.order_by("id").values_list("reviewer", "is_correct", "by_question")
    assert list(scores) == [
        (cast.cleo.pk, True, {"review_verdict": True}),
        (cast.dido.pk, False, {"review_verdict": False}),
    ]
    assert not Review.objects.filter(attempt=gold.shown).exists()


def test_mending_the_flaw_is_right_unless_its_clause_is_asked_for(cast, project, accepted):
    gold = seed_flaw(attempt=accepted, answers=FLAWED, explanation="It is Paris.", clause="true", actor=cast.mira)
    assert gold.expected == {"review_verdict": "send_back", "review_clause": "true"}
    assert gold.tolerance == {"review_verdict": ["reject"]}
    more_work(cast, project)
    meet(cast.cleo, "reject", **BACK)
    meet(cast.dido, "fix", **written(BETTER))
    assert list(GoldScore.objects.order_by("id").values_list("is_correct", flat=True)) == [True, False]


def test_who_had_a_part_in_the_item_never_meets_it(cast, project, gold):
    more_work(cast, project)
    for _ in range(3):
        review(cast.bela, "accept")
    assert isinstance(next_task(user=cast.bela.user), NothingToDo)
    assert not Task.objects.filter(kind="gold", reserved_for__in=[cast.anna, cast.bela]).exists()


def test_it_is_not_met_alone_nor_twice(cast, project, gold):
    seed_gold_job()
    assert not Task.objects.filter(kind="gold").exists()
    more_work(cast, project)
    meet(cast.cleo, "reject", **BACK)
    seed_gold_job()
    assert Task.objects.filter(kind="gold", reserved_for=cast.cleo).count() == 1


def test_a_seeded_flaw_is_nobodys_is_not_paid_and_changes_no_resolution(cast, project, gold):
    said = gold.shown
    assert (said.origin, said.reviewer.kind, said.reviewer.user_id, said.code_version) == (
        "imported",
        "imported",
        None,
        "seeded",
    )
    assert (said.round, said.task.kind, said.round.reason) == (gold.round, "attempt", "gold")
    settle()
    assert not LedgerEntry.objects.filter(subject_id=said.pk, subject="labeling.annotation").exists()
    [resolution] = Resolution.objects.all()
    assert resolution.answers == written()
    assert said.pk not in resolution.annotation_ids
    assert Item.objects.get(external_id="one").state == "resolved"
    assert not Task.objects.filter(round=gold.round, kind="review").exists()


def test_what_is_no_sound_flaw_is_refused(cast, project, accepted):
    def seed(answers=FLAWED, explanation="It is Paris.", **more):
        return seed_flaw(attempt=accepted, answers=answers, explanation=explanation, actor=cast.mira, **more)

    for refused, why, about in (
        (Invalid, "Say what the flaw is", {"explanation": " "}),
        (Invalid, "put a flaw into it", {"answers": written(TEXT)}),
        (Invalid, "no clause 'style'", {"clause": "style"}),
        (InvalidAnswers, "20 characters", {"answers": written("Short.")}),
    ):
        with pytest.raises(refused, match=why):
            seed(**about)
    assert (GoldItem.objects.count(), Round.objects.count(), Annotation.objects.count()) == (0, 1, 2)
    seed()
    with pytest.raises(Conflict, match=r"resolved, and not under way|is gold, or was"):
        seed()
    assert GoldItem.objects.count() == 1


def test_an_attempt_that_was_not_accepted_as_it_was_has_flaws_of_its_own(cast, project):
    upload(project, cast.mira, item_row("two"))
    attempt(cast.anna)
    review(cast.bela, "fix")
    mended = Annotation.objects.get(task__kind="attempt", item_version__item__external_id="two")
    with pytest.raises(Conflict, match="was accepted as it is"):
        seed_flaw(attempt=mended, answers=FLAWED, explanation="It is Paris.", actor=cast.mira)


def test_a_flaw_goes_with_its_item(cast, project, gold):
    more_work(cast, project)
    erase_item(item=Item.objects.get(external_id="one"), reason="They asked for it.", actor=cast.dana)
    settle()
    gold.refresh_from_db()
    assert gold.state == "retired"
    assert "Lyon" not in json.dumps(Annotation.objects.get(pk=gold.shown_id).answers)
    assert not Task.objects.filter(kind="gold", state__in=["open", "leased"]).exists()


def test_a_flaw_is_of_its_form_and_retires_with_it(cast, project, gold):
    publish_form(project=project, document=FORM, actor=cast.mira)
    settle()
    seed_gold_job()
    gold.refresh_from_db()
    assert gold.state == "retired"


def test_a_flaw_goes_with_whose_words_it_is_made_of_and_so_does_what_was_made_of_it(cast, project, gold, capsys):
    more_work(cast, project)
    shown = meet(cast.cleo, "fix", **written("Lyon has been the capital of France for long."))
    keep_draft(user=cast.dido.user, token=reach_gold(cast.dido).token, answers={"response": "Lyon, as I said."})
    released = Resolution.objects.get(item_version=gold.item_version)
    [erasure] = erase_person(user=cast.anna.user, reason="They asked for it.", actor=cast.mira)
    settle()
    assert (tables_with("Lyon has been"), tables_with("Lyon, as")) == (set(), set())
    assert erasure.counts["seeded_copies"] == 2
    assert Annotation.objects.get(pk=gold.shown_id).answers == {"confidence": 3}
    gold.refresh_from_db()
    assert (gold.state, gold.retired_because) == ("retired", "erased")
    assert not Task.objects.filter(round=gold.round, state__in=["open", "leased"]).exists()
    released.refresh_from_db()
    assert released.answers == {"confidence": 3}
    assert GoldScore.objects.count() == 1
    assert [each.own for each in shown.beside] == [FLAWED]
    call_command("tombstone", "northwind", digest({"answers": FLAWED, "rationale": ""}), "--json")
    assert f'"subject_id": {gold.shown_id}' in capsys.readouterr().out
