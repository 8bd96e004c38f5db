"""Recurring audits in the console: made with ticked strata, shown with when the next is due, ended with a reason."""

import pytest
from django.urls import reverse

from quality.models import AuditPlan, AuditSchedule
from tests.auditing import prepare
from tests.console.test_console import act, operator, said

GIVEN = {
    "name": "Weekly", "every": "week", "every_results": "", "first_at_0": "", "first_at_1": "", "strata": ["language", "domain"],
    "half_width": "0.1", "share_twice": "0.2",
}  # fmt: skip
ADD = reverse("admin:quality_auditschedule_add")


@pytest.fixture
def client(cast):
    prepare(cast, "cleo")
    return operator(cast.mira)


def make(client, cast, **more):
    return client.post(ADD, {"project": cast.project.pk, **GIVEN, **more}, follow=True).content.decode()


def test_one_is_made_and_the_list_says_when_the_next_is_due(client, cast):
    make(client, cast)
    weekly = AuditSchedule.objects.get()
    assert (weekly.strata, weekly.made_by, f"{weekly.half_width}") == (["language", "domain"], cast.mira, "0.100")
    make(client, cast, name="Hundreds", every="results", every_results="100")
    page = client.get(reverse("admin:quality_auditschedule_changelist")).content.decode()
    assert f"{weekly.next_at:%Y-%m-%d %H:%M} UTC" in page
    assert "after 100 more results" in page
    detail = client.get(reverse("admin:quality_auditschedule_change", args=[weekly.pk])).content.decode()
    assert f"{weekly.next_at:%Y-%m-%d %H:%M} UTC" in detail


def test_what_makes_no_sense_is_said_at_its_field(client, cast):
    page = make(client, cast, every="results")
    assert "Say after how many results" in page
    assert "Select a valid choice" in make(client, cast, strata=["colour"])
    assert not AuditSchedule.objects.exists()


def test_one_is_ended_with_a_reason_and_by_who_operates_it(client, cast):
    make(client, cast)
    schedule = AuditSchedule.objects.get()
    act(operator(cast.otto), AuditSchedule, "end_schedule", schedule, reason="Not mine")
    schedule.refresh_from_db()
    assert schedule.ended_at is None
    response = act(client, AuditSchedule, "end_schedule", schedule, reason="The project is over.")
    assert said(response) == ["1 done: End, with a reason."]
    schedule.refresh_from_db()
    assert schedule.ended_at is not None


def test_a_plan_is_made_with_ticked_strata_too(client, cast):
    given = {"project": cast.project.pk, "name": "May", "strata": ["domain"], "half_width": "0.1", "share_twice": "0.1"}
    client.post(reverse("admin:quality_auditplan_add"), given)
    assert AuditPlan.objects.get().strata == ["domain"]
