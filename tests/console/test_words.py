"""What the console shows in words: names for numbers, days as everybody reads them, the gist of documents."""

import re
from datetime import UTC, datetime

import pytest
from django.contrib import admin
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.test import Client
from django.urls import reverse

from config.kernel.briefs import gist, span_in_words
from config.kernel.models import Event, User
from labeling.models import AccessLog
from labeling.services.leads import appoint_lead
from tests.console.test_console import operator
from tests.factories import resolve_items


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"preference": {"choice": "a"}}, "preference: a"),
        ({"checks": {"polite": True, "true": False}}, "checks: (polite: yes, true: no)"),
        ({"ranking": [["b"], ["a", "c"]]}, "ranking: b, a, c"),
        ({}, "–"),
        (None, "–"),
        ({"critique": "x" * 200}, f"critique: {'x' * 79}…"),
    ],
)
def test_a_document_is_told_by_its_gist(value, words):
    assert gist(value) == words


@pytest.mark.parametrize(
    ("upper", "words"),
    [
        (None, "from 2 Jan 2026, 09:30"),
        (datetime(2026, 2, 3, tzinfo=UTC), "from 2 Jan 2026, 09:30 until 3 Feb 2026, 00:00"),
    ],
)
def test_a_span_of_time_is_told_from_when_until_when(upper, words):
    assert span_in_words(DateTimeTZRange(datetime(2026, 1, 2, 9, 30, tzinfo=UTC), upper)) == words
    assert span_in_words(None) == "–"


def test_the_access_log_and_the_events_name_people_projects_and_lead_to_rows(cast, django_assert_max_num_queries):
    items = resolve_items(cast.project, cast.mira, [cast.anna, cast.bela, cast.cleo], count=1)
    Client().get(f"/api/v1/items/{items[0].public_id}", headers=cast.bearer("dana"))
    client = operator(cast.mira)
    with django_assert_max_num_queries(10):  # with the session, the person and what they operate
        page = client.get(reverse("admin:labeling_accesslog_changelist")).content.decode()
    for words in (
        f'<a href="{reverse("admin:kernel_user_change", args=[cast.dana.pk])}">Dana</a>',
        f'<a href="{reverse("admin:labeling_project_change", args=[cast.project.pk])}">Pairs</a>',
        f'<a href="{reverse("admin:labeling_item_change", args=[items[0].pk])}">',
    ):
        assert words in page
    row = AccessLog.objects.get(door="api")
    assert "Dana" in client.get(reverse("admin:labeling_accesslog_change", args=[row.pk])).content.decode()
    events = client.get(reverse("admin:kernel_event_changelist")).content.decode()
    assert ">Mira</a>" in events
    assert "{&#x27;" not in events
    event = Event.objects.filter(subject="labeling.item").latest("id")
    assert reverse("admin:labeling_item_change", args=[event.subject_id]) in events


def test_what_nobody_can_name_any_more_is_still_told(cast):
    AccessLog.objects.create(
        user_id=0, customer_id=cast.northwind.pk, project_id=None, door="api", object_type="gone.thing",
        object_ids=[1, 2, 3, 4, 5, 6, 7],
    )  # fmt: skip
    page = operator(cast.mira).get(reverse("admin:labeling_accesslog_changelist")).content.decode()
    for words in ("0 (gone)", "gone.thing", "and 2 more"):
        assert words in page


def test_the_account_box_has_the_name_and_days_are_not_american(cast):
    cast.mira.name = "Mira Miles"
    cast.mira.save()
    client = operator(cast.mira)
    page = client.get(reverse("admin:labeling_project_changelist")).content.decode()
    assert "Mira Miles" in page
    detail = client.get(reverse("admin:labeling_project_change", args=[cast.project.pk])).content.decode()
    assert re.search(r"\d{1,2} [A-Z][a-z]{2} \d{4}, \d\d:\d\d", detail)
    assert not re.search(r"\d (a|p)\.m\.", page + detail)


def test_the_way_above_every_page_leads_somewhere(cast):
    """The crumbs of a page: what its app holds, and the list."""
    cast.mira.is_superuser = True
    cast.mira.save()
    cast.anna.organisation.kind = "vendor"
    cast.anna.organisation.save()
    led = User.objects.create_user("lead@example.org", "lead-password", name="Lena", surface="console")
    appoint_lead(user=led, organisation=cast.anna.organisation, actor=cast.mira)
    for user in (cast.mira, led):
        client, walked = operator(user), set()
        request = client.get("/admin/").wsgi_request
        for model, registered in admin.site._registry.items():
            if registered.has_module_permission(request):
                page = client.get(reverse(f"admin:{model._meta.label_lower.replace('.', '_')}_changelist"))
                crumbs = re.findall(r'<a href="(/admin/[a-z_]+/)"', page.content.decode())
                assert crumbs, model
                walked |= set(crumbs)
        for link in sorted(walked):
            assert client.get(link).status_code == 200, link
