"""The console: every model is there, bound to what the operator operates; states change by actions, settings by services."""

import pghistory
import pytest
from django.apps import apps
from django.contrib import admin
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from config.kernel.console import ConsoleAdmin
from config.kernel.models import ApiKey, Event, Handoff, User
from delivery.models import Hold
from labeling.models import AnnotationInvalidation, Customer, Item, Project
from quality.models import GoldItem, Ruling
from tests.cast import gather_cast
from tests.factories import freeze, item_row, resolve_items, settle, upload

OURS = {"kernel", "labeling", "routing", "quality", "delivery"}
MODELS = sorted(
    (model for model in apps.get_models() if model._meta.app_label in OURS), key=lambda model: model._meta.label
)


def operator(user):
    client = Client()
    client.force_login(user)
    return client


def act(client, model, action, *rows, **more):
    return client.post(
        reverse(f"admin:{model._meta.label_lower.replace('.', '_')}_changelist"),
        {"action": action, "_selected_action": [row.pk for row in rows], **more},
        follow=True,
    )


def said(response):
    return [str(message) for message in response.context["messages"]]


@pytest.fixture
def lively(transactional_db):
    cast = gather_cast()
    expected = {"answer": {"preference": {"choice": "a"}}}
    upload(cast.project, cast.dana, item_row("gold", expected=expected))
    resolve_items(cast.project, cast.mira, [cast.anna, cast.bela, cast.cleo], count=2)
    freeze(cast.project, cast.dana)
    upload(cast.foreign_project, cast.otto, item_row("foreign"), b"bad")
    return cast


# What is changed in the console, and nothing else is: each through its service, with its history kept.
EDITABLE = {
    "labeling.Customer": {"name", "conflict_tags", "retention_days"},
    "labeling.Organisation": {"name", "kind"},
    "labeling.Project": {
        "name", "description", "confidentiality", "clearance", "languages", "skills_by_domain", "overlap",
        "overlap_most", "target_confidence", "send_backs_most", "lease_seconds", "gold_share", "gold_share_most",
        "is_gold_delivered", "quality_contract", "acceptance_plan", "priority", "due_at",
        "hold_flagged", "recheck_share", "retention_days", "pay_amount", "price_amount", "currency",
        "countries", "organisation_ids", "distressing_domains", "endpoints",
    },
    "labeling.Reviewer": {"organisation", "country", "languages", "clearance", "conflict_tags", "is_active"},
    "quality.Exam": {"concept", "size", "pass_share", "attempts_most", "wait_days", "valid_days", "is_needed"},
    "routing.Availability": {
        "is_on", "time_zone", "hours", "daily_limit", "weekly_limit", "distressing_daily_limit", "daily_ceiling",
        "weekly_ceiling", "distressing_daily_ceiling", "break_after_minutes", "break_minutes",
    },
    "routing.BusinessCalendar": {"name", "time_zone", "hours", "holidays"},
    "routing.Enrolment": {"max_difficulty"},
    "routing.ProjectRouting": {"weights", "escalate_after_skips"},
    "routing.Qualification": {"level", "expires_at", "reason"},
    "routing.ServiceLevel": {"calendar", "turnaround_hours", "at_risk_hours", "ladder"},
}  # fmt: skip

# What is changed as long as it is a draft; events keep who did.
DRAFTS = {
    "quality.Ruling": {"answer"},
    "quality.GoldItem": {"concept", "explanation", "use", "exposures_most", "expected_hit_rate"},
    "labeling.GuidelineVersion": {
        "change_kind", "summary", "clauses", "examples", "redo", "answer_mapping", "planned_from",
    },
    "labeling.FormVersion": {"document", "answer_mapping"},
}  # fmt: skip


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_every_model_is_in_the_console_and_only_named_settings_are_edited_there(model, rf, cast):
    registered = admin.site._registry[model]
    assert isinstance(registered, ConsoleAdmin)
    request = rf.get("/admin/")
    request.user = cast.mira
    assert not registered.has_delete_permission(request)
    assert registered.has_change_permission(request) == (model._meta.label in EDITABLE or model._meta.label in DRAFTS)
    if model._meta.label in DRAFTS:
        assert set(registered.get_form(request, model(), change=True).base_fields) == DRAFTS[model._meta.label]
        closed = {"answered_at": timezone.now()} if model is Ruling else {"state": "published"}
        assert not registered.has_change_permission(request, model(**closed))
    if model._meta.label in EDITABLE:
        form = registered.get_form(request, model(), change=True)
        assert set(form.base_fields) == EDITABLE[model._meta.label]
        tracked = pghistory.core.event_models(tracks_model=model)[0]
        assert {field.name for field in tracked._meta.fields} >= EDITABLE[model._meta.label]


def test_every_list_and_every_row_opens_for_an_operator(lively):
    client = operator(lively.mira)
    opened = 0
    for model, registered in admin.site._registry.items():
        name = model._meta.label_lower.replace(".", "_")
        response = client.get(reverse(f"admin:{name}_changelist"))
        assert response.status_code == 200, name
        for row in response.context["cl"].result_list[:1]:
            detail = client.get(reverse(f"admin:{name}_change", args=[row.pk]))
            assert detail.status_code == 200, name
            opened += 1
        if registered.has_add_permission(response.wsgi_request):
            assert client.get(reverse(f"admin:{name}_add")).status_code == 200, name
    assert opened > 20


def test_nobody_sees_another_operators_customer(lively):
    for user, own, foreign in (
        (lively.mira, lively.project, lively.foreign_project),
        (lively.otto, lively.foreign_project, lively.project),
    ):
        client = operator(user)
        for model in MODELS:
            if not hasattr(model, "project") or not hasattr(model.objects.none(), "visible_to"):
                continue
            name = model._meta.label_lower.replace(".", "_")
            listed = client.get(reverse(f"admin:{name}_changelist")).context["cl"].queryset
            assert not listed.filter(project=foreign).exists(), name
        assert [row.pk for row in client.get(reverse("admin:labeling_project_changelist")).context["cl"].queryset] == [
            own.pk
        ]
        missing = client.get(reverse("admin:labeling_project_change", args=[foreign.pk]))
        assert missing.status_code == 302


def test_only_people_of_the_console_enter(lively):
    for user in (lively.dana, lively.anna.user):
        assert operator(user).get("/admin/").status_code == 302
    assert operator(lively.mira).get("/admin/").status_code == 200


@pytest.mark.parametrize(
    "path", ["labeling_item", "labeling_task", "labeling_annotation", "kernel_event", "routing_lease"]
)
def test_a_list_takes_eight_statements_at_most(lively, path, django_assert_max_num_queries):
    client = operator(lively.mira)
    with django_assert_max_num_queries(10):  # with the session and the person
        client.get(reverse(f"admin:{path}_changelist"))


def test_states_change_by_actions_and_refusals_are_sentences(lively):
    client = operator(lively.mira)
    project = lively.project
    assert said(act(client, Project, "pause_project", project)) == ["1 done: Pause."]
    assert Project.objects.get(pk=project.pk).state == "paused"
    assert said(act(client, Project, "pause_project", project)) == [
        "Pairs: This project is paused; it cannot become paused."
    ]


def test_an_action_that_needs_a_reason_asks_for_it(lively):
    client = operator(lively.mira)
    asked = act(client, Project, "place_hold", lively.project)
    assert b"Why?" in asked.content
    assert not Hold.objects.exists()
    act(client, Project, "place_hold", lively.project, reason="A leak")
    assert Hold.objects.get().reason == "A leak"
    annotation = Item.objects.get(external_id="item-000").rounds.get().annotations.first()
    act(client, type(annotation), "invalidate_annotation", annotation, reason="Shared account")
    assert AnnotationInvalidation.objects.get().reason == "Shared account"
    act(client, GoldItem, "retire_gold", GoldItem.objects.get(), reason="Leaked")
    assert GoldItem.objects.get().state == "retired"


def test_an_action_reaches_no_foreign_row(lively):
    act(operator(lively.mira), Project, "pause_project", lively.foreign_project)
    assert Project.objects.get(pk=lively.foreign_project.pk).state == "open"


def test_a_key_is_shown_once_when_it_is_issued(lively):
    client = operator(lively.mira)
    [text] = said(act(client, User, "issue_keys", lively.dana))
    key = text.split(": ")[1].split(" ")[0]
    assert Client().get("/api/v1/projects", headers={"Authorization": f"Bearer {key}"}).status_code == 200
    assert key not in client.get(reverse("admin:kernel_apikey_changelist")).content.decode()
    act(client, ApiKey, "revoke_key", ApiKey.objects.get(user=lively.dana))
    assert Client().get("/api/v1/projects", headers={"Authorization": f"Bearer {key}"}).status_code == 401


def test_a_customer_made_in_the_console_is_operated_by_its_maker(lively):
    client = operator(lively.mira)
    client.post(reverse("admin:labeling_customer_add"), {"name": "Third", "slug": "third"})
    third = Customer.objects.get(slug="third")
    assert Customer.objects.visible_to(lively.mira).filter(pk=third.pk).exists()
    again = client.post(reverse("admin:labeling_customer_add"), {"name": "Third", "slug": "third"})
    assert again.status_code == 200
    assert Customer.objects.filter(slug="third").count() == 1


def test_a_dead_handoff_is_tried_again(lively):
    settle()
    dead = Handoff.objects.create(event_id=1, subscriber="pay", attempts=8, dead_at="2026-01-01T00:00:00Z")
    act(operator(lively.mira), Handoff, "retry_handoff", dead)
    dead.refresh_from_db()
    assert (dead.dead_at, dead.attempts) == (None, 0)


def test_content_is_framed_and_its_reading_logged(lively):
    client = operator(lively.mira)
    item = Item.objects.get(external_id="item-000")
    page = client.get(reverse("admin:labeling_itemversion_change", args=[item.current_version_id]))
    assert f'<iframe sandbox src="/admin/content/{item.current_version_id}/"' in page.content.decode()
    assert "What is the capital of France?" not in page.content.decode()
    frame = client.get(f"/admin/content/{item.current_version_id}/")
    assert "What is the capital of France?" in frame.content.decode()
    assert "sandbox" in frame["Content-Security-Policy"]


def test_forms_offer_and_take_only_what_the_operator_operates(lively):
    client = operator(lively.mira)
    offered = client.get(reverse("admin:routing_enrolment_add")).context["adminform"].form.fields["project"].queryset
    assert list(offered) == [lively.project]
    refused = client.post(
        reverse("admin:routing_enrolment_add"), {"project": lively.foreign_project.pk, "reviewer": lively.anna.pk}
    )
    assert refused.status_code == 200
    assert not lively.anna.enrolments.filter(project=lively.foreign_project).exists()
    client.post(
        reverse("admin:labeling_membership_add"),
        {"user": lively.mira.pk, "customer": lively.meridian.pk, "role": "operator"},
    )
    assert not lively.mira.memberships.filter(customer=lively.meridian).exists()


def test_nobody_makes_keys_or_passwords_for_people_of_a_customer_they_do_not_manage(lively):
    client = operator(lively.mira)
    for user in (lively.ruth, lively.remo.user, lively.otto):
        act(client, User, "issue_keys", user)
        before = user.password
        act(client, User, "renew_passwords", user)
        user.refresh_from_db()
        assert user.password == before
    assert not ApiKey.objects.filter(user__in=[lively.ruth, lively.remo.user, lively.otto]).exists()
    assert "ruth@example.org" not in client.get(reverse("admin:kernel_user_changelist")).content.decode()


def test_a_superuser_grants_themselves_access_and_nobody_else(lively):
    lively.mira.is_superuser = True
    lively.mira.save()
    client = operator(lively.mira)
    grant = {"customer": lively.meridian.pk, "role": "operator"}
    client.post(
        reverse("admin:labeling_membership_add"), {**grant, "user": User.objects.get(email="mira@example.org").pk}
    )
    assert lively.mira.memberships.filter(customer=lively.meridian).exists()
    assert Event.objects.filter(
        kind="membership.granted", actor_id=lively.mira.pk, customer_id=lively.meridian.pk
    ).exists()


def test_a_person_is_made_with_a_password_that_is_shown_once(lively):
    client = operator(lively.mira)
    made = client.post(
        reverse("admin:kernel_user_add"), {"name": "Nora", "email": "Nora@Example.org", "surface": "desk"}, follow=True
    )
    password = next(text for text in said(made) if "password is" in text).split("password is ")[1].split(" ")[0]
    assert Client().post("/desk/login/", {"username": "nora@example.org", "password": password}).status_code == 302
    again = client.post(reverse("admin:kernel_user_add"), {"name": "N", "email": "nora@example.org", "surface": "desk"})
    assert b"Somebody has this e-mail already." in again.content
