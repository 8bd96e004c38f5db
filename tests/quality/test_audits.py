"""Audits: drawn by a plan, answered blind by experts, held against what stood, followed by evidence, words and repair."""

import threading
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction

from config.kernel.errors import Conflict, Invalid
from config.kernel.models import Event
from labeling.models import Annotation, Item, Round, Task
from labeling.selectors import progress_of
from labeling.services.rounds import reopen_items
from quality.audits import audited, expert_reliability
from quality.jobs import measure_audits
from quality.models import AuditDraw, AuditPlan, AuditVerdict, Dispute, Evidence, Feedback, QualityFigure, Resolution
from quality.services import audits
from quality.services.audits import close_plan, draw_audits, make_plan, open_audits, order_draw
from quality.services.rounds import resolve_due
from routing.services.claims import next_task
from routing.types import NothingToDo
from tests.auditing import answer, answer_all, fact, prepare, resolve_facts
from tests.cast import gather_cast
from tests.factories import freeze, item_row, settle


def plan_of(cast, **more):
    return make_plan(project=cast.project, name=more.pop("name", "May"), actor=cast.mira, **more)


def drawn(cast, **more):
    plan = plan_of(cast, **more)
    order_draw(plan=plan, actor=cast.mira)
    settle()
    plan.refresh_from_db()
    return plan


def items(count, **more):
    return [item_row(f"item-{number:03d}", **more) for number in range(count)]


@pytest.fixture
def resolved(cast):
    """Six items that Anna and Bela called true; Cleo and Dido are experts."""
    resolve_facts(prepare(cast, "cleo", "dido"), *items(4), *[item_row(f"de-{n}", language="en-GB") for n in range(2)])
    assert Resolution.objects.filter(outcome="agreed").count() == 6
    return cast


def test_a_plan_draws_what_its_interval_needs_from_each_stratum_once(resolved):
    plan = drawn(resolved, strata=["language"], half_width=Decimal("0.3"), share_twice=Decimal("0.2"))
    assert plan.state == "drawn"
    assert plan.sizes == {"en": {"items": 4, "drawn": 4}, "en-GB": {"items": 2, "drawn": 2}}
    draws = AuditDraw.objects.filter(plan=plan)
    assert {(draw.stratum, draw.probability) for draw in draws} == {("en", 1.0), ("en-GB", 1.0)}
    assert draws.filter(is_twice=True).count() == 2
    rounds = Round.objects.filter(reason="audit")
    assert {(each.judgments_needed, each.state) for each in rounds} == {(1, "open")}
    assert Task.objects.filter(kind="audit", state="open", pool__work="expert").count() == 6 + 2
    assert draw_audits(plan_id=plan.pk) == 0
    with pytest.raises(Conflict, match="drawn from before"):
        order_draw(plan=plan, actor=resolved.mira)
    with pytest.raises(Conflict, match="May still wait"):
        order_draw(plan=plan_of(resolved, name="June"), actor=resolved.mira)


def test_a_plan_that_makes_no_sense_is_refused_at_its_field(resolved):
    for field, values in {
        "strata": {"strata": ["colour"]},
        "half_width": {"half_width": Decimal("0.001")},
        "share_twice": {"share_twice": Decimal("1.5")},
    }.items():
        with pytest.raises(Invalid) as refused:
            plan_of(resolved, **values)
        assert refused.value.field == field
    assert not AuditPlan.objects.exists()


def test_waiting_audits_are_no_judgments_and_hold_nothing_up(resolved):
    before = progress_of(resolved.project)
    drawn(resolved)
    assert progress_of(resolved.project) == before
    assert resolve_due() == 0
    assert set(Item.objects.values_list("state", flat=True)) == {"resolved"}
    assert isinstance(next_task(user=resolved.anna.user), NothingToDo)


def test_a_release_carries_what_is_being_audited(transactional_db):
    cast = gather_cast()
    resolve_facts(prepare(cast, "cleo"), *items(2))
    drawn(cast)
    assert Round.objects.filter(reason="audit", state="open").count() == 2
    assert freeze(cast.project, cast.dana).entries.count() == 2


def test_an_audit_is_asked_the_plain_form_without_anybodys_answer(resolved):
    drawn(resolved)
    leased = next_task(user=resolved.cleo.user)
    assert [question["id"] for question in leased.form["questions"]] == ["fact", "liked"]
    assert leased.beside == ()


def test_a_verdict_that_confirms_closes_the_audit_and_counts_for_those_it_confirms(resolved):
    drawn(resolved, share_twice=Decimal(0))
    answer(resolved.cleo, fact("true", liked="no"))
    settle()
    verdict = AuditVerdict.objects.get()
    assert (verdict.is_right, verdict.by_question) == (True, {"fact": True, "liked": False})
    assert (verdict.draw.state, verdict.draw.round.state) == ("done", "closed")
    found = Evidence.objects.filter(source="audit", skill="")
    assert {(each.reviewer_id, each.agreed, each.reliability, each.answers_count) for each in found} == {
        (resolved.anna.pk, True, 0.95, 3),
        (resolved.bela.pk, True, 0.95, 3),
    }
    assert not Feedback.objects.exists()
    assert not Dispute.objects.exists()


def test_a_verdict_that_contradicts_is_told_counts_and_goes_to_repair(resolved):
    drawn(resolved, share_twice=Decimal(0))
    answer(resolved.cleo, fact("false"))
    settle()
    verdict = AuditVerdict.objects.get()
    resolution = verdict.draw.resolution
    assert not verdict.is_right
    told = Feedback.objects.filter(kind="audited")
    assert {each.reviewer_id for each in told} == {resolved.anna.pk, resolved.bela.pk}
    assert told[0].clause == "true"
    assert "Is the first response true? False" in told[0].words
    assert all(not each.evidence.agreed for each in told)
    dispute = Dispute.objects.get()
    assert (dispute.reason, dispute.resolution, dispute.state) == ("audit", resolution, "open")
    assert dispute.annotations == [*resolution.annotation_ids, verdict.annotation_id]
    assert Item.objects.get(pk=resolution.round.item_id).state == "in_progress"
    audits.take_verdicts(annotation_ids=[verdict.annotation_id])
    settle()
    assert (AuditVerdict.objects.count(), Dispute.objects.count(), Feedback.objects.count()) == (1, 1, 2)


def test_two_experts_who_contradict_each_other_count_against_nobody(resolved):
    drawn(resolved, share_twice=Decimal(1))
    answer(resolved.cleo, fact("false"))
    settle()
    assert not Dispute.objects.exists()
    assert AuditDraw.objects.filter(state="done").count() == 0
    answer_all(resolved.dido, fact("true"))
    settle()
    assert AuditDraw.objects.filter(state="done").count() == 1
    assert Dispute.objects.count() == 1
    assert not Evidence.objects.filter(source="audit").exists()
    assert not Feedback.objects.exists()


def test_the_estimate_goes_by_verdicts_as_they_fell_whatever_is_repaired_since(resolved):
    plan = drawn(resolved, share_twice=Decimal(0))
    answer(resolved.cleo, fact("false"))
    answer_all(resolved.cleo, fact("true", liked="no"))
    settle()
    found = audited(plan)
    assert (found.called, found.waiting, found.void) == ("accuracy", 0, 0)
    assert (round(found.whole.value, 6), found.whole.audited, found.whole.method) == (0.833333, 6, "wilson")
    assert [(name, called, round(each.value, 6)) for name, called, each in found.by_question] == [
        ("fact", "accuracy", 0.833333),
        ("liked", "expert agreement", 0.166667),
    ]
    assert measure_audits() == 1
    assert measure_audits() == 1
    figures = QualityFigure.objects.filter(name="audit_accuracy").order_by("question")
    assert [(each.question, round(each.value, 6), each.units, each.detail["called"]) for each in figures] == [
        ("", 0.833333, 6, "accuracy"),
        ("fact", 0.833333, 6, "accuracy"),
        ("liked", 0.166667, 6, "expert agreement"),
    ]


def test_experts_who_audit_the_same_items_say_how_far_they_agree(resolved):
    plan = drawn(resolved, share_twice=Decimal(1))
    answer_all(resolved.cleo, fact("true"))
    answer(resolved.dido, fact("false"))
    answer_all(resolved.dido, fact("true"))
    settle()
    experts = audited(plan).experts
    assert (experts.agreed.count, experts.agreed.total) == (5, 6)
    assert expert_reliability(project_id=resolved.project.pk) == 0.95


def test_an_item_that_is_judged_anew_voids_its_audit_and_leaves_the_estimate(resolved):
    plan = drawn(resolved, share_twice=Decimal(0))
    item = Item.objects.first()
    reopen_items(item_ids=[item.pk], reason="rework", actor=resolved.mira)
    settle()
    assert AuditDraw.objects.get(resolution__round__item=item).state == "void"
    assert answer_all(resolved.cleo, fact("true")) == 5 + 1  # five audits, and the item anew
    settle()
    assert (audited(plan).whole.audited, audited(plan).void) == (5, 1)


def test_a_plan_is_closed_with_a_reason_and_its_experts_are_asked_no_more(resolved):
    plan = drawn(resolved, share_twice=Decimal(0))
    answer(resolved.cleo, fact("true"))
    settle()
    with pytest.raises(Invalid):
        close_plan(plan=plan, reason=" ", actor=resolved.mira)
    assert close_plan(plan=plan, reason="Enough is known.", actor=resolved.mira).state == "closed"
    assert sorted(AuditDraw.objects.values_list("state", flat=True)) == ["done"] + ["void"] * 5
    assert isinstance(next_task(user=resolved.cleo.user), NothingToDo)
    assert Event.objects.filter(kind="audit plan.closed").get().data["reason"] == "Enough is known."


def test_two_workers_that_draw_at_once_draw_once(transactional_db):
    cast = gather_cast()
    resolve_facts(prepare(cast, "cleo"), *items(6))
    plan = plan_of(cast)
    found = []

    def work():
        found.append(draw_audits(plan_id=plan.pk))
        open_audits()
        connection.close()

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sorted(found) == [0, 6]
    assert AuditDraw.objects.filter(plan=plan, round__isnull=False).count() == 6
    assert Round.objects.filter(reason="audit").count() == 6


@pytest.mark.parametrize(
    "change", ["UPDATE quality_auditverdict SET is_right = true", "DELETE FROM quality_auditverdict"]
)
def test_not_even_the_owner_changes_a_verdict(resolved, change):
    drawn(resolved, share_twice=Decimal(0))
    answer(resolved.cleo, fact("false"))
    settle()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("RESET ROLE")
        with pytest.raises(IntegrityError, match="never change"), transaction.atomic():
            cursor.execute(change)


def test_evidence_of_an_audit_is_told_by_the_annotations_that_count(resolved):
    drawn(resolved, share_twice=Decimal(0))
    answer(resolved.cleo, fact("false"))
    settle()
    said = Annotation.objects.filter(pk__in=AuditDraw.objects.get(state="done").resolution.annotation_ids)
    assert {each.pk for each in said} == set(Evidence.objects.values_list("annotation", flat=True))
