"""Who may do what, in the console: below a task, a reviewer and a pool; settings of projects and people; blocks."""

import pytest
from django.test import Client
from django.urls import reverse

from config.kernel.models import Event, User
from config.kernel.types import Surface
from labeling.models import Pool, Project, Reviewer, Task
from labeling.services.leads import appoint_lead
from labeling.services.settings import change_reviewer, create_organisation
from routing.models import Availability, Block, Enrolment, EnrolmentChange, Leave
from tests.console.test_changes import change, console, page_of
from tests.console.test_console import act, said
from tests.factories import upload_items


@pytest.fixture
def asked(cast):
    upload_items(cast.project, cast.mira)
    upload_items(cast.foreign_project, cast.otto)
    cast.task = Task.objects.filter(project=cast.project).first()
    return cast


def test_a_tasks_page_says_whether_somebody_may_do_it(asked):
    client = console(asked.mira)
    address = page_of(asked.task)
    assert b'data-testid="may"' in client.get(address).content
    told = client.get(address, {"reviewer": "Anna@example.org"}).content.decode()
    assert "yes, now." in told
    told = client.get(address, {"reviewer": "remo@example.org"}).content.decode()
    assert "They are not enrolled on Pairs." in told
    assert 'data-reason="enrolled"' in told
    assert "There is no reviewer with this e-mail." in client.get(address, {"reviewer": "x"}).content.decode()


def test_a_reviewers_page_says_whether_they_may_do_a_task_that_the_asker_operates(asked):
    client = console(asked.mira)
    told = client.get(page_of(asked.anna), {"task": asked.task.pk}).content.decode()
    assert "yes, now." in told
    foreign = Task.objects.filter(project=asked.foreign_project).first()
    for number in (foreign.pk, "x", "9" * 30, "²"):
        told = client.get(page_of(asked.remo), {"task": number}).content.decode()
        assert "You operate no task of this number." in told
        assert "Notes" not in told


def test_a_pools_page_lists_its_people(asked):
    pool = Pool.objects.get(project=asked.project)
    Enrolment.objects.filter(reviewer=asked.bela).update(trust="paused", trust_reason="Too fast")
    told = console(asked.mira).get(page_of(pool)).content.decode()
    assert "They may serve it now." in told
    assert "Their work there is paused: Too fast." in told
    assert "Remo" not in told
    foreign = console(asked.mira).get(page_of(Pool.objects.get(project=asked.foreign_project)))
    assert foreign.status_code == 302
    assert console(asked.mira).get(page_of(pool), {"after": "x"}).status_code == 200


def test_a_vendors_lead_is_told_nothing_of_tasks_and_of_other_people(asked):
    boss = User.objects.create_superuser("boss@example.org", "p", name="Boss")
    vendor = create_organisation(name="Wordsmiths", kind="vendor", actor=boss)
    change_reviewer(reviewer=asked.anna, changes={"organisation": vendor}, actor=boss)
    lena = User.objects.create_user("lena@example.org", "p", name="Lena", surface=Surface.CONSOLE)
    appoint_lead(user=lena, organisation=vendor, actor=boss)
    client = console(lena)
    own = client.get(page_of(asked.anna), {"task": asked.task.pk})
    assert own.status_code == 200
    assert "Pairs" not in own.content.decode()
    assert 'data-testid="may"' not in own.content.decode()
    assert client.get(page_of(asked.task), {"reviewer": "bela@example.org"}).status_code in (302, 403)
    assert client.get(page_of(Pool.objects.get(project=asked.project))).status_code in (302, 403)
    for name in ("availability", "leave", "workload", "block", "exclusion"):
        assert client.get(reverse(f"admin:routing_{name}_changelist")).status_code == 403


def test_a_project_is_restricted_to_countries_and_organisations_by_name(asked):
    client = console(asked.mira)
    vendor = create_organisation(name="Wordsmiths", kind="vendor", actor=asked.mira)
    page = client.get(page_of(asked.project)).content.decode()
    assert "Wordsmiths" in page
    changed = change(
        client, asked.project, countries="DE,AT", organisation_ids=[vendor.pk], distressing_domains="violence"
    )
    assert changed.status_code == 302
    project = Project.objects.get(pk=asked.project.pk)
    assert (project.countries, project.organisation_ids, project.distressing_domains) == (
        ["DE", "AT"],
        [vendor.pk],
        ["violence"],
    )
    before = Event.objects.filter(kind="project.changed").count()
    assert change(client, project, organisation_ids=[vendor.pk]).status_code == 302
    assert Event.objects.filter(kind="project.changed").count() == before
    wrong = change(client, project, organisation_ids=[vendor.pk + 1000])
    assert list(wrong.context["adminform"].form.errors) == ["organisation_ids"]


def test_trust_and_difficulty_are_set_by_name(asked):
    client = console(asked.mira)
    enrolment = Enrolment.objects.get(reviewer=asked.anna)
    assert change(client, enrolment, max_difficulty="3").status_code == 302
    done = act(client, Enrolment, "trust_fully", enrolment, reason="Passed the exam")
    assert said(done)[-1] == "1 done: Trust, with a reason."
    enrolment.refresh_from_db()
    assert (enrolment.max_difficulty, enrolment.trust, enrolment.trust_reason) == (3, "trusted", "Passed the exam")
    again = act(client, Enrolment, "trust_fully", enrolment, reason="Again")
    assert said(again) == [f"{enrolment}: The trust there is trusted already."]
    act(client, Enrolment, "pause_reviewer", enrolment, reason="Ill")
    act(client, Enrolment, "put_on_probation", enrolment, reason="Back")
    kept = EnrolmentChange.objects.filter(pgh_obj=enrolment).order_by("pgh_id").values_list("trust", "max_difficulty")
    assert list(kept)[1:] == [("probation", 3), ("trusted", 3), ("paused", 3), ("probation", 3)]
    wrong = change(client, enrolment, max_difficulty="6")
    assert list(wrong.context["adminform"].form.errors) == ["max_difficulty"]


def test_an_operator_sets_availability_and_leave(asked):
    client = console(asked.mira)
    sent = {
        "reviewer": asked.anna.pk, "is_on": "on", "time_zone": "Europe/Berlin", "daily_ceiling": "40",
        "hours": '[{"day": 0, "from": "09:00", "to": "17:00"}]', "break_minutes": "15",
    }  # fmt: skip
    address = reverse("admin:routing_availability_add")
    wrong = client.post(address, {**sent, "hours": '[{"day": 9}]'})
    assert list(wrong.context["adminform"].form.errors) == ["hours"]
    assert not Availability.objects.exists()
    assert client.post(address, sent).status_code == 302
    made = Availability.objects.get()
    assert (made.daily_ceiling, made.break_minutes, made.hours[0]["to"]) == (40, 15, "17:00")
    assert change(client, made, is_on="", weekly_ceiling="100").status_code == 302
    made.refresh_from_db()
    assert (made.is_on, made.weekly_ceiling, made.daily_ceiling) == (False, 100, 40)
    away = {"reviewer": asked.anna.pk, "during_0": "2099-01-01", "during_1": "2099-01-08", "reason": ""}
    assert client.post(reverse("admin:routing_leave_add"), away).status_code == 302
    assert str(Leave.objects.get().during.upper) == "2099-01-08"
    act(client, Leave, "remove_leave", Leave.objects.get())
    assert not Leave.objects.exists()


def test_an_operator_blocks_and_lifts(asked):
    client = console(asked.mira)
    sent = {"customer": asked.northwind.pk, "reviewer": asked.anna.pk, "reason": "The customer asked"}
    assert client.post(reverse("admin:routing_block_add"), sent).status_code == 302
    block = Block.objects.get()
    assert console(asked.otto).get(reverse("admin:routing_block_changelist")).context["cl"].result_count == 0
    act(client, Block, "lift_block", block, reason="Mended")
    block.refresh_from_db()
    assert (block.lifted_by, block.lift_reason) == (asked.mira, "Mended")
    foreign = client.post(reverse("admin:routing_block_add"), {**sent, "customer": asked.meridian.pk})
    assert foreign.status_code == 200
    assert Block.objects.count() == 1


def test_conflict_tags_of_a_reviewer_are_changed(asked):
    assert change(console(asked.mira), asked.anna, conflict_tags="Acme,Zeta").status_code == 302
    assert Reviewer.objects.get(pk=asked.anna.pk).conflict_tags == ["Acme", "Zeta"]
    assert Client().get(page_of(asked.anna)).status_code == 302
