"""A project's stage and overlap are changed in the console, with a reason that stays."""

import pytest

from config.kernel.errors import Conflict, Invalid
from config.kernel.models import Event
from labeling.models import Batch, Project, ProjectChange
from labeling.services.projects import change_overlap_kind, change_stage
from tests.console.test_console import act, operator, said
from tests.factories import upload_items


def stage_of(cast):
    cast.project.refresh_from_db()
    return cast.project.stage


def test_a_project_goes_from_calibration_to_pilot_to_production_with_reasons(cast):
    client = operator(cast.mira)
    assert b"Why?" in act(client, Project, "open_stage_calibration", cast.project).content
    act(client, Project, "open_stage_calibration", cast.project, reason="A new kind of work")
    assert stage_of(cast) == "calibration"
    upload_items(cast.project, cast.mira)
    assert Batch.objects.get(project=cast.project).stage == "calibration"
    skipped = act(client, Project, "open_stage_production", cast.project, reason="In a hurry")
    assert said(skipped) == ["Pairs: Pilot comes first: no stage is skipped."]
    act(client, Project, "open_stage_pilot", cast.project, reason="The guideline works")
    act(client, Project, "open_stage_production", cast.project, reason="Alpha is 0.8")
    assert stage_of(cast) == "production"
    told = Event.objects.filter(kind="project.stage_changed").order_by("id")
    assert [(each.actor_id, each.data["to"], each.data["reason"]) for each in told] == [
        (cast.mira.pk, "calibration", "A new kind of work"),
        (cast.mira.pk, "pilot", "The guideline works"),
        (cast.mira.pk, "production", "Alpha is 0.8"),
    ]
    assert ProjectChange.objects.filter(pgh_obj=cast.project.pk).latest("pgh_id").stage == "production"


def test_no_stage_is_changed_without_a_reason_or_to_itself(cast):
    with pytest.raises(Invalid, match="Say why"):
        change_stage(project=cast.project, stage="pilot", reason=" ", actor=cast.mira)
    with pytest.raises(Conflict, match="in production already"):
        change_stage(project=cast.project, stage="production", reason="Again", actor=cast.mira)
    assert stage_of(cast) == "production"
    assert not Event.objects.filter(kind="project.stage_changed").exists()


def test_who_judges_is_changed_with_a_reason(cast):
    act(operator(cast.mira), Project, "change_overlap_kind_assigned", cast.project, reason="Experts only")
    cast.project.refresh_from_db()
    assert cast.project.overlap_kind == "assigned"
    with pytest.raises(Conflict, match="so already"):
        change_overlap_kind(project=cast.project, overlap_kind="assigned", reason="Again", actor=cast.mira)
    assert Event.objects.get(kind="project.overlap_kind_changed").data == {
        "from": "fixed", "to": "assigned", "reason": "Experts only",
    }  # fmt: skip


def test_another_operator_changes_neither(cast):
    act(operator(cast.otto), Project, "open_stage_pilot", cast.project, reason="Mine")
    act(operator(cast.otto), Project, "change_overlap_kind_assigned", cast.project, reason="Mine")
    cast.project.refresh_from_db()
    assert (cast.project.stage, cast.project.overlap_kind) == ("production", "fixed")
