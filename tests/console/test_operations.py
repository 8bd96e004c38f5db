"""Operations of a project on one page, escalations on the first page, and time in the portal."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from config.console.escalations import escalations
from config.kernel.models import User
from labeling.models import Project
from labeling.services.people import add_member
from labeling.types import Role
from routing import figures
from routing.clock import shown_clock
from routing.models import Availability, ClockStop, Escalation, HandlingTime, Leave, PoolStat, ServiceLevel
from routing.services.clocks import stop_clock
from routing.services.escalations import acknowledge_escalation
from routing.services.leases import skip_task
from routing.services.levels import create_calendar, set_service_level
from routing.services.rollups import roll_up
from routing.services.watching import watch_service_levels
from tests.console.test_console import act, operator, said
from tests.factories import item_row, judge, take, upload, upload_items


def make_busy(cast):
    """Work that will be late, work that nobody can do, and a customer who is waited for."""
    calendar = create_calendar(
        customer=cast.northwind, name="Always", time_zone="UTC", hours=[], holidays=[], actor=cast.mira
    )
    set_service_level(project=cast.project, calendar=calendar, turnaround_hours=30, actor=cast.mira)
    upload_items(cast.project, cast.mira, 8)
    upload(cast.project, cast.mira, item_row("fr", language="fr"))
    judge(cast.anna)
    skip_task(user=cast.bela.user, token=take(cast.bela).token, reason="Unclear")
    HandlingTime.objects.create(
        form=cast.project.forms.get(), customer=cast.northwind, count=9, median_seconds=9000, mean_seconds=9000,
        p95_seconds=9000,
    )  # fmt: skip
    stop_clock(project=cast.project, kind="ruling", reason="Is sarcasm rude?", actor=cast.mira)
    roll_up()
    watch_service_levels()
    return cast


@pytest.fixture
def busy(cast):
    return make_busy(cast)


def test_one_page_says_what_is_failing_for_whom_and_what_to_do_next(busy):
    page = operator(busy.mira).get(reverse("operations", args=[busy.project.public_id]))
    text = page.content.decode()
    assert {each.escalation.kind for each in page.context["escalations"]} == {"at_risk", "nobody"}
    assert "Enrol or qualify somebody" in text
    assert "Is sarcasm rude?" in text
    assert page.context["totals"] == {"submitted": 1, "expired": 0, "skipped": 1, "withdrawn": 0}


def test_the_page_asks_as_much_for_many_as_for_few(busy, django_assert_max_num_queries):
    client = operator(busy.mira)
    client.get("/admin/")
    upload(busy.project, busy.mira, *[item_row(f"d{n}", difficulty=n) for n in range(1, 6)])
    roll_up()
    watch_service_levels()
    with django_assert_max_num_queries(40):
        client.get(reverse("operations", args=[busy.project.public_id]))
    with django_assert_max_num_queries(7):
        shown_clock(busy.project)


def test_the_first_page_shows_escalations_first(busy):
    text = operator(busy.mira).get("/admin/").content.decode()
    assert text.index('data-testid="escalations"') < text.index('data-testid="troubles"')
    assert 'data-testid="escalations"' not in operator(busy.otto).get("/admin/").content.decode()


def test_leads_are_asked_first_and_operators_where_there_is_none(busy):
    def asked(user):
        return {each.is_yours for each in escalations(user)}

    assert asked(busy.mira) == {True}
    lead = User.objects.create_user("lea@example.org", name="Lea", surface="console")
    add_member(user=lead, customer=busy.northwind, project=busy.project, role=Role.LEAD, actor=None)
    assert asked(lead) == {True}
    assert asked(busy.mira) == {False}
    acknowledge_escalation(escalation=Escalation.objects.get(kind="nobody"), actor=busy.mira)
    assert [each.escalation.kind for each in escalations(busy.mira) if each.is_yours] == ["nobody"]
    assert asked(busy.otto) == set()


def test_escalations_are_answered_in_the_console(busy):
    client, found = operator(busy.mira), Escalation.objects.get(kind="nobody")
    assert "1 done" in said(act(client, Escalation, "acknowledge_escalation", found))[0]
    assert "1 done" in said(act(client, Escalation, "act_on_escalation", found, reason="Hiring."))[0]
    assert "1 done" in said(act(client, Escalation, "tell_customer", found))[0]
    detail = client.get(reverse("admin:routing_escalation_change", args=[found.pk])).content.decode()
    assert "Hiring." in detail
    assert "1 done" in said(act(client, Escalation, "resolve_escalation", found, reason="Hired."))[0]
    found.refresh_from_db()
    assert (found.state, found.owner) == ("resolved", busy.mira)
    refused = said(act(client, Escalation, "acknowledge_escalation", found))
    assert "it cannot become acknowledged" in refused[0]


def test_a_service_level_is_set_by_a_checked_form(busy):
    client = operator(busy.mira)
    level = ServiceLevel.objects.get()
    url = reverse("admin:routing_servicelevel_change", args=[level.pk])
    given = {"calendar": level.calendar_id, "turnaround_hours": "30", "at_risk_hours": "31", "ladder": "[]"}
    refused = client.post(url, given)
    assert "At risk is from 0 hours" in refused.content.decode()
    client.post(url, {**given, "at_risk_hours": "6", "ladder": '[{"after_minutes": 5, "see": "operators"}]'})
    level.refresh_from_db()
    assert (level.at_risk_hours, level.ladder) == (6, [{"after_minutes": 5, "see": "operators"}])
    history = client.get(reverse("admin:routing_servicelevel_history", args=[level.pk])).content.decode()
    assert "at risk from" in history
    stop = ClockStop.objects.get()
    assert "1 done" in said(act(client, ClockStop, "end_stop", stop))[0]


def test_the_customer_sees_the_clock_in_the_portal(busy, client):
    client.force_login(busy.dana)
    text = client.get(f"/portal/projects/{busy.project.public_id}/").content.decode()
    assert "The clock stands" in text
    assert "Is sarcasm rude?" in text
    assert "items.ndjson" in text


def test_people_needed_and_people_available(busy):
    Availability.objects.create(reviewer=busy.anna, is_on=False)
    today = timezone.now().date()
    Leave.objects.create(reviewer=busy.bela, during=(today, today + timedelta(days=1)))
    roll_up()
    by_language = {row.pool.language: row.days for row in figures.staffing(Project.objects.get(pk=busy.project.pk))}
    assert [day.available for day in by_language["en"][:2]] == [2, 3]
    assert {day.available for day in by_language["fr"]} == {0}
    assert sum(day.needed for day in by_language["fr"]) > 0
    assert any(day.is_short for day in by_language["fr"])


def test_hours_past_midnight_are_of_the_next_day_too(busy):
    today = timezone.now().date()
    for hours, days in (({"from": "22:00", "to": "06:00"}, [4, 4, 3]), ({"from": "18:00", "to": "00:00"}, [4, 3, 3])):
        Availability.objects.update_or_create(
            reviewer=busy.anna, defaults={"is_on": True, "hours": [{"day": today.weekday(), **hours}]}
        )
        by_language = {row.pool.language: row.days for row in figures.staffing(busy.project)}
        assert [day.available for day in by_language["en"][:3]] == days


def test_what_waits_and_how_leases_ended(busy):
    [waiting] = figures.queue_ages(busy.project)
    assert (waiting.priority, waiting.pools) == (0, 2)
    assert waiting.open == sum(PoolStat.objects.values_list("open_count", flat=True)) == 26
    outcomes = figures.lease_outcomes(busy.project)
    assert len(outcomes) == 24
    assert (outcomes[-1].submitted, outcomes[-1].skipped) == (1, 1)
    assert figures.turnaround(busy.project).count == 0
