"""Standings: what follows from gold, audits and consensus, and what routing is told of it."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from config.kernel.clock import database_now
from labeling.models import Annotation, Project
from labeling.services.judgments import invalidate_annotation
from quality.jobs import review_all_standings
from quality.models import Evidence, Fall, Pause, Resolution, Standing
from quality.services.crowd_evidence import weigh_resolutions
from quality.services.evidence import Found, add_evidence, void_evidence
from quality.services.gold import seed_gold
from routing.models import Enrolment
from routing.services.corrections import correct_answer
from routing.services.enrolments import enrol_reviewer
from tests.cast import FORM, open_new_project
from tests.factories import item_row, judge, let_answers_age, prefer, resolve_items, settle, upload, upload_items
from tests.standings import found_right, standing_of

EXPECTED = {"answer": {"preference": {"choice": "a"}}}


@pytest.fixture
def gold(cast):
    """Gold that waits for everybody, half of what they are given."""
    Project.objects.filter(pk=cast.project.pk).update(gold_share="0.5")
    upload(cast.project, cast.mira, *[item_row(f"gold-{n}", expected=EXPECTED) for n in range(6)])
    upload_items(cast.project, cast.mira, 30)
    seed_gold()


def test_every_piece_of_evidence_moves_the_standing_that_the_router_weighs(cast, gold):
    before = Enrolment.objects.get(reviewer=cast.anna).standing
    for _ in range(12):
        judge(cast.anna)
    settle()
    standing = standing_of(cast.anna)
    assert standing.evidence_count > 0
    assert Enrolment.objects.get(reviewer=cast.anna).standing == pytest.approx(standing.lower_bound)
    assert before != pytest.approx(standing.lower_bound)


def test_a_good_reviewer_comes_to_be_trusted_and_a_careless_one_is_paused(cast, gold):
    for who, choice, end in ((cast.anna, "a", "trusted"), (cast.bela, "b", "paused")):
        for _ in range(20):
            judge(who, choice)
            settle()
            if Enrolment.objects.get(reviewer=who).trust == end:
                break
    assert standing_of(cast.anna).state == "trusted"
    assert Enrolment.objects.get(reviewer=cast.anna).daily_cap is None
    careless = standing_of(cast.bela)
    assert (careless.state, careless.evidence_count) == ("paused", 4)
    enrolment = Enrolment.objects.get(reviewer=cast.bela)
    assert (enrolment.trust, enrolment.trust_reason) == ("paused", careless.reason)
    [pause] = Pause.objects.all()
    assert (pause.standing, pause.state, pause.is_automatic) == (careless, "provisional", True)
    assert timedelta(hours=23) < pause.due_at - database_now() <= timedelta(days=1)


def test_on_probation_the_days_cap_rises_with_the_lower_bound(cast):
    resolve_items(cast.project, cast.mira, [cast.anna, cast.bela, cast.cleo], count=3)
    found_right(cast.anna, "1")
    first = Enrolment.objects.get(reviewer=cast.anna).daily_cap
    found_right(cast.anna, "11")
    second = Enrolment.objects.get(reviewer=cast.anna).daily_cap
    assert 20 < first < second < 200


def test_a_drift_ends_trust_since_the_last_known_good(cast):
    resolve_items(cast.project, cast.mira, [cast.anna, cast.bela, cast.cleo], count=15)
    found_right(cast.anna, "1" * 10)
    assert standing_of(cast.anna).state == "trusted"
    found_right(cast.anna, "0" * 5)
    standing = standing_of(cast.anna)
    answers = list(Annotation.objects.filter(reviewer=cast.anna).order_by("pk"))
    assert (standing.state, standing.drift) == ("consensus_only", 10)
    assert standing.reason.startswith("Errors are more than before since ")
    assert standing.good_until == answers[9].created_at
    assert Enrolment.objects.get(reviewer=cast.anna).trust == "consensus_only"
    fall = Fall.objects.get()
    assert (fall.standing, fall.good_until) == (standing, answers[9].created_at)
    review_all_standings()
    assert Fall.objects.count() == 1


def test_evidence_ages_and_trust_that_ends_by_age_alone_is_no_fall(cast):
    resolve_items(cast.project, cast.mira, [cast.anna, cast.bela, cast.cleo], count=8)
    found_right(cast.anna, "1" * 8)
    assert standing_of(cast.anna).state == "trusted"
    let_answers_age(timedelta(days=300))
    review_all_standings()
    assert standing_of(cast.anna).state == "trusted"  # too little is left to say anything else
    found_right(cast.bela, "1" * 8)
    let_answers_age(timedelta(days=40))
    review_all_standings()
    assert standing_of(cast.bela).lower_bound < 0.6
    assert not Fall.objects.exists()


def test_a_skill_is_closed_to_whoever_fails_at_its_work(cast):
    Project.objects.filter(pk=cast.project.pk).update(skills_by_domain={})
    resolve_items(cast.project, cast.mira, [cast.anna, cast.bela, cast.cleo], count=12)
    found_right(cast.anna, "1" * 8)
    found_right(cast.anna, "0000", skills=("medical",))
    assert standing_of(cast.anna, skill="medical").state == "paused"
    assert standing_of(cast.anna).state != "paused"
    assert Enrolment.objects.get(reviewer=cast.anna).barred_skills == ["medical"]
    assert Pause.objects.count() == 0


def test_consensus_is_evidence_on_objective_questions_only_and_without_ones_own_vote(cast):
    resolve_items(cast.project, cast.mira, [cast.anna, cast.bela, cast.cleo], count=2)
    assert not Evidence.objects.exists()
    form = {**FORM, "questions": [{**FORM["questions"][0], "nature": "objective"}, FORM["questions"][1]]}
    objective = open_new_project(cast.northwind, "facts", cast.mira, form=form)
    for who in (cast.anna, cast.bela, cast.cleo):
        enrol_reviewer(project=objective, reviewer=who, actor=None)
    upload_items(objective, cast.mira, 1)
    for who, choice in ((cast.anna, "a"), (cast.bela, "a"), (cast.cleo, "b")):
        judge(who, choice)
    settle()
    # Anna and Bela are held against one who agrees and one who does not: that is no reference. Cleo against two who agree.
    [piece] = Evidence.objects.all()
    assert (piece.reviewer, piece.agreed, piece.source) == (cast.cleo, False, "consensus")
    assert piece.reliability == pytest.approx(3 / 6)
    assert piece.answers_count == 4
    invalidate_annotation(annotation=piece.annotation, reason="Shared account", actor=cast.mira)
    settle()
    assert Evidence.objects.filter(voids=piece).count() == 1
    assert standing_of(cast.cleo, project=objective).evidence_count == 0


@pytest.fixture
def washed(cast):
    """On an objective question Anna is wrong and Bela and Cleo are right; Bela corrects to Anna's answer, and back."""
    form = {**FORM, "questions": [{**FORM["questions"][0], "nature": "objective"}, FORM["questions"][1]]}
    project = open_new_project(cast.northwind, "facts", cast.mira, form=form)
    for who in (cast.anna, cast.bela, cast.cleo):
        enrol_reviewer(project=project, reviewer=who, actor=None)
    upload_items(project, cast.mira, 1)
    for who, choice in ((cast.anna, "b"), (cast.bela, "a"), (cast.cleo, "a")):
        judge(who, choice)
    settle()
    cast.facts, cast.first = project, against_anna(cast)
    for choice in ("b", "a"):
        correct(cast.bela, choice)
    return cast


def against_anna(cast):
    return Evidence.objects.get(reviewer=cast.anna, agreed=False, voids=None, voided_by=None)


def correct(who, choice):
    last = Annotation.objects.filter(reviewer=who).latest("pk")
    correct_answer(user=who.user, public_id=last.public_id, answers=prefer(choice))
    settle()


def test_what_an_ally_washes_away_by_a_correction_is_said_again_as_it_is_taken_back(washed):
    first, second, third = Resolution.objects.order_by("pk")
    again = against_anna(washed)
    assert (washed.first.resolution, again.resolution) == (first, third)
    assert washed.first.voided_by.reason == "The round was resolved anew."
    assert washed.first.voided_by.resolution == first
    assert standing_of(washed.anna, project=washed.facts).evidence_count == 1
    before = Evidence.objects.count()
    assert weigh_resolutions(resolution_ids=[first.pk, second.pk, third.pk]) == 0
    assert Evidence.objects.count() == before


def test_what_was_voided_otherwise_stays_void_whatever_its_round_comes_to(washed):
    void_evidence(evidence=[against_anna(washed)], reason="Appeal: upheld.", actor_id=washed.mira.pk)
    assert weigh_resolutions(resolution_ids=Resolution.objects.values_list("pk", flat=True)) == 0
    for choice in ("b", "a"):
        correct(washed.bela, choice)
    assert not Evidence.objects.filter(reviewer=washed.anna, voids=None, voided_by=None).exists()


@pytest.mark.parametrize(
    ("source", "resolution", "voids"),
    [("'audit'", "resolution_id", "NULL"), ("source", "%(unrelated)s", "NULL"), ("source", "NULL", "id")],
)
def test_a_piece_names_a_resolution_that_rests_on_its_answer_and_its_void_the_same(washed, source, resolution, voids):
    upload(washed.facts, washed.mira, item_row("other"))
    for who in (washed.anna, washed.bela, washed.cleo):
        judge(who)
    settle()
    unrelated, piece = Resolution.objects.latest("pk"), against_anna(washed)
    assert unrelated.round.item_id != piece.annotation.round.item_id
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO quality_evidence (customer_id, project_id, reviewer_id, skill, source, annotation_id, agreed,"
            f" reliability, answers_count, resolution_id, voids_id, reason) SELECT customer_id, project_id, reviewer_id,"
            f" skill, {source}, annotation_id, agreed, reliability, answers_count, {resolution}, {voids}, ''"
            " FROM quality_evidence WHERE id = %(piece)s",
            {"piece": piece.pk, "unrelated": unrelated.pk},
        )


def test_evidence_that_counts_once_never_changes_not_even_by_its_owner(cast):
    resolve_items(cast.project, cast.mira, [cast.anna, cast.bela, cast.cleo])
    [piece] = found_right(cast.anna, "1")
    again = Found(
        annotation_id=piece.annotation_id,
        reviewer_id=piece.reviewer_id,
        customer_id=piece.customer_id,
        project_id=piece.project_id,
        agreed=False,
    )
    assert add_evidence(source="audit", found=[again]) == []
    assert list(Evidence.objects.values_list("pk", "agreed")) == [(piece.pk, True)]
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")
        for statement in ("UPDATE quality_evidence SET agreed = false", "DELETE FROM quality_evidence"):
            with pytest.raises(IntegrityError, match="never changes"), transaction.atomic():
                cursor.execute(statement)
    assert Standing.objects.filter(reviewer=cast.anna, skill="").count() == 1
