"""The customer's own verdicts, how far others agree with them, and the bar before the pilot and production."""

import pytest
from django.db import DatabaseError, transaction
from django.test import Client

from config.kernel.errors import Conflict
from config.kernel.models import Event
from labeling.models import Project
from labeling.services.people import add_member
from labeling.types import Role
from quality.customer_agreement import bar_of, compare
from quality.models import CustomerVerdict, StageDecision
from quality.services.stages import open_stage, waive_bar
from quality.services.verdicts import give_verdicts
from quality.verdicts import calibration_of
from tests.cast import open_new_project
from tests.factories import judge, prefer, settle, upload_items

BAR = {"calibration_agreement": 0.8, "calibration_items": 2}


def judged(cast, *choices):
    """Two items, answered by Anna and Bela, and by Cleo who is an expert."""
    Project.objects.filter(pk=cast.project.pk).update(stage="calibration", quality_contract=BAR)
    cast.project.refresh_from_db()
    add_member(user=cast.cleo.user, customer=cast.northwind, project=cast.project, role=Role.AUDITOR, actor=cast.mira)
    upload_items(cast.project, cast.mira, 2)
    for reviewer, (first, second) in zip((cast.anna, cast.bela, cast.cleo), choices, strict=True):
        judge(reviewer, first)
        judge(reviewer, second)
    settle()


def verdicts(*choices):
    return [{"external_id": f"item-{n:03d}", "answers": prefer(choice)} for n, choice in enumerate(choices)]


def test_a_customer_gives_verdicts_and_reads_who_agrees(cast):
    judged(cast, "aa", "ab", "ab")
    client, path = Client(), f"/api/v1/projects/{cast.project.public_id}/calibration"
    bearer = cast.bearer("dana")
    said = {"verdicts": verdicts("a", "b")}
    first = client.put(path, said, content_type="application/json", headers=bearer)
    assert (first.status_code, first.json()) == (200, {"kept": 2})
    assert client.put(path, said, content_type="application/json", headers=bearer).json() == {"kept": 0}
    found = client.get(path, headers=cast.bearer("victor")).json()
    assert (found["verdicts"], found["items"]) == (2, 2)
    [reviewers], [experts] = found["reviewers"], found["experts"]
    assert (reviewers["question"], reviewers["compared"], reviewers["agreeing"]) == ("preference", 4, 3)
    assert (reviewers["agreement"], reviewers["kappa"]) == (0.75, 0.5)
    assert (experts["compared"], experts["agreement"], experts["kappa"]) == (2, 1.0, 1.0)
    assert found["bar"]["sentence"] == (
        "The bar is not met: every question must agree with the customer in 80%, and the lowest is 75.0%."
    )


def test_a_changed_mind_is_another_verdict(cast):
    judged(cast, "aa", "aa", "aa")
    give_verdicts(project=cast.project, verdicts=verdicts("b", "a"), actor=cast.dana)
    assert give_verdicts(project=cast.project, verdicts=verdicts("a", "a"), actor=cast.dana) == 1
    assert CustomerVerdict.objects.count() == 3
    assert calibration_of(cast.project).reviewers[0].agreement == 1.0


def test_many_verdicts_take_few_statements(cast, django_assert_max_num_queries):
    upload_items(cast.project, cast.mira, 60)
    for said in ("a" * 60, "b" * 60):
        with django_assert_max_num_queries(10):
            assert give_verdicts(project=cast.project, verdicts=verdicts(*said), actor=cast.dana) == 60
    given = {each.pk: each.item_version.item_id for each in CustomerVerdict.objects.select_related("item_version")}
    told = Event.objects.filter(kind="verdict.given", subject="quality.customerverdict", actor_id=cast.dana.pk)
    assert dict(told.values_list("subject_id", "data__item")) == given
    assert CustomerVerdict.objects.exclude(supersedes=None).count() == 60


def test_verdicts_are_taken_all_or_none(cast):
    judged(cast, "aa", "aa", "aa")
    client, path = Client(), f"/api/v1/projects/{cast.project.public_id}/calibration"
    for wrong in (
        {"external_id": "item-009", "answers": prefer("a")},
        {"external_id": "item-001", "answers": prefer("z")},
        {"external_id": "item-000", "answers": prefer("a")},
    ):
        body = {"verdicts": [*verdicts("a"), wrong]}
        answer = client.put(path, body, content_type="application/json", headers=cast.bearer("dana"))
        assert answer.status_code == 422, answer.json()
    assert not CustomerVerdict.objects.exists()
    refused = client.put(path, {"verdicts": []}, content_type="application/json", headers=cast.bearer("victor"))
    assert refused.status_code == 404


def test_a_stage_opens_once_the_bar_is_met(cast):
    judged(cast, "aa", "aa", "ab")
    with pytest.raises(Conflict, match="nothing has been compared; 2 items must be compared, and 0 are"):
        open_stage(project=cast.project, stage="pilot", reason="Now", actor=cast.mira)
    assert Project.objects.get(pk=cast.project.pk).stage == "calibration"
    assert not StageDecision.objects.exists()
    give_verdicts(project=cast.project, verdicts=verdicts("a", "a"), actor=cast.dana)
    open_stage(project=cast.project, stage="pilot", reason="They agree", actor=cast.mira)
    decision = StageDecision.objects.get()
    assert (decision.stage, decision.is_met, decision.decided_by) == ("pilot", True, cast.mira)
    assert (decision.measured["measured_agreement"], decision.measured["measured_items"]) == (1.0, 2)


def test_a_named_person_waives_the_bar_with_a_reason(cast):
    judged(cast, "aa", "bb", "ab")
    give_verdicts(project=cast.project, verdicts=verdicts("a", "a"), actor=cast.dana)
    with pytest.raises(Conflict, match=r"the lowest is 50\.0%"):
        open_stage(project=cast.project, stage="pilot", reason="Now", actor=cast.mira)
    waive_bar(project=cast.project, stage="pilot", reason="The customer asked for it", actor=cast.mira)
    decision = StageDecision.objects.get()
    assert (decision.is_met, decision.reason) == (False, "The customer asked for it")
    assert Project.objects.get(pk=cast.project.pk).stage == "pilot"
    open_stage(project=cast.project, stage="calibration", reason="Back", actor=cast.mira)
    assert StageDecision.objects.count() == 1  # back there is no bar


def test_a_project_with_a_bar_begins_in_calibration(cast):
    assert open_new_project(cast.northwind, "barred", cast.mira, quality_contract=BAR).stage == "calibration"
    assert (
        open_new_project(cast.northwind, "free", cast.mira, quality_contract={"agreement": 0.7}).stage == "production"
    )


def test_nobody_changes_what_was_said_or_decided(cast):
    judged(cast, "aa", "aa", "aa")
    give_verdicts(project=cast.project, verdicts=verdicts("a", "a"), actor=cast.dana)
    open_stage(project=cast.project, stage="pilot", reason="They agree", actor=cast.mira)
    for model, change in ((CustomerVerdict, {"answers": {}}), (StageDecision, {"is_met": False})):
        with pytest.raises(DatabaseError), transaction.atomic():
            model.objects.update(**change)
        with pytest.raises(DatabaseError), transaction.atomic():
            model.objects.all().delete()


def test_each_question_stands_for_itself():
    pairs = [(1, {"q": "a", "r.one": "1"}, {"q": "a", "r.one": "2"}), (2, {"q": "b"}, {"q": "b", "r.one": "1"})]
    found = compare(pairs)
    assert [(each.question, each.compared, each.agreeing) for each in found] == [("q", 2, 2), ("r", 1, 0)]
    bar = bar_of({"calibration_agreement": 0.5}, found, items=2)
    assert (bar.is_met, bar.measured_agreement) == (False, 0.0)
    assert bar_of({}, found, items=2).sentence == "The quality contract sets no bar."
