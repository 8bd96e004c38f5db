"""A confidential project is invisible without a grant, in the console too; whoever looks at content leaves a trace."""

import pytest
from django.apps import apps
from django.contrib import admin
from django.db import models
from django.test import Client
from django.urls import reverse

from config.kernel.console import ConsoleAdmin
from config.kernel.types import Scope
from labeling.models import AccessLog, Annotation, Flag, Item, RejectedRow
from labeling.pseudonyms import pseudonym
from labeling.querysets import PROJECT_PATHS
from labeling.services.people import add_member
from labeling.types import Role
from quality.models import Resolution
from routing.services.enrolments import enrol_reviewer
from tests.cast import gather_cast, open_new_project
from tests.factories import freeze, item_row, resolve_items, trust, upload, upload_items

# Fields that hold a customer's words, or what was said of them.
CONTENT = {
    "payload",
    "expected",
    "answers",
    "distribution",
    "rationale",
    "raw",
    "excerpt",
    "explanation",
    "note",
    "metadata",
}
# What a membership, a permission, a change of settings or a log says names the project, and shows nothing of it.
ABOUT_ACCESS = {
    "labeling.membership", "labeling.projectuserpermission", "labeling.accesslog", "kernel.event", "kernel.handoff",
    "labeling.invitation", "labeling.legalhold",
}  # fmt: skip


def console(user):
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def hidden(transactional_db):
    """Northwind has a confidential project, which Mira operates without a grant, and where everything has happened."""
    cast = gather_cast()
    cast.hidden = open_new_project(cast.northwind, "hidden", cast.mira, confidentiality="confidential")
    for reviewer in (cast.anna, cast.bela, cast.cleo):
        enrol_reviewer(project=cast.hidden, reviewer=reviewer, actor=None)
    expected = {"answer": {"preference": {"choice": "a"}}}
    upload(cast.hidden, cast.dana, item_row("secret-gold", expected=expected), b"secret row")
    cast.items = resolve_items(cast.hidden, cast.dana, [cast.anna, cast.bela, cast.cleo], count=2)
    item = Item.objects.get(project=cast.hidden, external_id="item-000")
    Flag.objects.create(
        customer=cast.northwind,
        project=cast.hidden,
        item_version=item.current_version,
        kind="language",
        field="messages",
    )
    trust(cast.hidden, cast.anna, cast.dana)
    cast.release = freeze(cast.hidden, cast.dana)
    return cast


def rows_of(project):
    """Every row of every model of ours that leads to the project, by model."""
    for model in admin.site._registry:
        if model._meta.label_lower in ABOUT_ACCESS:
            continue
        names = {field.name: field for field in model._meta.fields}
        if "project" in names:
            yield model, model._default_manager.filter(project=project)
        elif isinstance(getattr(model, "objects", None), models.Manager) and hasattr(
            model.objects.none(), "visible_to"
        ):
            if path := PROJECT_PATHS.get(model._meta.label):
                yield model, model._default_manager.filter(**{path.removesuffix("_id"): project.pk})
            elif model._meta.label == "labeling.Project":
                yield model, model._default_manager.filter(pk=project.pk)


def test_an_operator_without_a_grant_finds_no_row_of_it_anywhere(hidden):
    client = console(hidden.mira)
    walked = set()
    for model, rows in rows_of(hidden.hidden):
        name = model._meta.label_lower.replace(".", "_")
        listed = client.get(reverse(f"admin:{name}_changelist"))
        assert not set(listed.context["cl"].queryset.values_list("pk", flat=True)) & set(
            rows.values_list("pk", flat=True)
        ), name
        for row in rows[:2]:
            walked.add(model._meta.label)
            assert client.get(reverse(f"admin:{name}_change", args=[row.pk])).status_code == 302, name
            assert client.get(reverse(f"admin:{name}_history", args=[row.pk])).status_code == 403, name
        form = client.get(reverse(f"admin:{name}_add"))
        if form.status_code == 200 and "project" in form.context["adminform"].form.fields:
            assert hidden.hidden not in form.context["adminform"].form.fields["project"].queryset, name
    assert walked >= {
        "labeling.Project", "labeling.Item", "labeling.ItemVersion", "labeling.Batch", "labeling.Round", "labeling.Task",
        "labeling.Annotation", "labeling.Flag", "labeling.RejectedRow", "labeling.FormVersion", "labeling.GuidelineVersion",
        "labeling.ProjectChange", "routing.Lease", "routing.Enrolment", "quality.Resolution", "quality.GoldItem",
        "delivery.Release", "delivery.ReleaseEntry", "delivery.Artifact", "delivery.AcceptanceSample",
        "delivery.SampleEntry", "delivery.LedgerEntry",
    }  # fmt: skip
    version = Item.objects.get(project=hidden.hidden, external_id="item-000").current_version_id
    assert client.get(f"/admin/content/{version}/").status_code == 404
    assert "Hidden" not in client.get("/admin/").content.decode()


def test_a_grant_opens_it_and_the_customers_own_people_always_see_it(hidden):
    add_member(user=hidden.mira, customer=hidden.northwind, project=hidden.hidden, role=Role.LEAD, actor=hidden.mira)
    client = console(hidden.mira)
    assert client.get(reverse("admin:labeling_project_change", args=[hidden.hidden.pk])).status_code == 200
    assert (
        client.get(reverse("admin:labeling_item_changelist"))
        .context["cl"]
        .queryset.filter(project=hidden.hidden)
        .exists()
    )
    assert Item.objects.visible_to(hidden.dana).filter(project=hidden.hidden).exists()


def test_two_customers_releases_share_no_pseudonym(transactional_db):
    cast = gather_cast()
    found = []
    for project, admin_of in ((cast.project, cast.dana), (cast.foreign_project, cast.ruth)):
        for reviewer in (cast.anna, cast.bela, cast.cleo):
            enrol_reviewer(project=project, reviewer=reviewer, actor=None)
        resolve_items(project, admin_of, [cast.anna, cast.bela, cast.cleo])
        found.append({each["annotator"] for each in freeze(project, admin_of).manifest["reviewers"]})
    mine, theirs = found
    assert mine == {
        pseudonym(key=cast.northwind.pseudonym_key, reviewer=each.public_id)
        for each in (cast.anna, cast.bela, cast.cleo)
    }
    assert len(theirs) == 3
    assert not mine & theirs


def test_every_admin_that_shows_content_says_so(rf, cast):
    request = rf.get("/admin/")
    request.user = cast.mira
    for model, registered in admin.site._registry.items():
        assert isinstance(registered, ConsoleAdmin)
        shown = {*registered.get_list_display(request), *registered.get_fields(request, model())}
        if model._meta.app_label in {"labeling", "quality", "delivery"} and shown & CONTENT:
            assert registered.content or model._meta.label == "labeling.ItemVersion", (model, shown & CONTENT)


def test_lists_and_pages_that_show_content_leave_a_row_and_others_none(hidden):
    upload(hidden.project, hidden.dana, item_row("one"), b"bad row")
    resolve_items(hidden.project, hidden.dana, [hidden.anna, hidden.bela, hidden.cleo])
    client = console(hidden.mira)
    before = AccessLog.objects.count()
    client.get(reverse("admin:labeling_item_changelist"))
    client.get(reverse("admin:labeling_task_changelist"))
    assert AccessLog.objects.count() == before
    for model in (Annotation, Resolution, RejectedRow):
        name = model._meta.label_lower.replace(".", "_")
        own = sorted(model.objects.visible_to(hidden.mira, "operate_project").values_list("pk", flat=True))
        client.get(reverse(f"admin:{name}_changelist"))
        latest = AccessLog.objects.latest("id")
        assert (latest.door, latest.object_type, latest.object_ids) == ("console", model._meta.label_lower, own)
        assert (latest.customer_id, latest.project_id, latest.user_id) == (
            hidden.northwind.pk,
            hidden.project.pk,
            hidden.mira.pk,
        )
        client.get(reverse(f"admin:{name}_change", args=[own[0]]))
        assert AccessLog.objects.latest("id").object_ids == [own[0]]
    assert AccessLog.objects.count() == before + 6


def test_a_page_with_content_of_two_projects_leaves_a_row_for_each(hidden):
    add_member(user=hidden.mira, customer=hidden.meridian, role=Role.OPERATOR, actor=hidden.otto)
    upload(hidden.project, hidden.dana, b"bad row", item_row("one"))
    upload(hidden.foreign_project, hidden.otto, b"bad row", item_row("one"))
    before = AccessLog.objects.count()
    console(hidden.mira).get(reverse("admin:labeling_rejectedrow_changelist"))
    left = AccessLog.objects.order_by("id")[before:]
    assert [(row.customer_id, row.project_id, len(row.object_ids)) for row in left] == [
        (hidden.northwind.pk, hidden.project.pk, 1),
        (hidden.meridian.pk, hidden.foreign_project.pk, 1),
    ]


def test_the_customer_reads_their_log_by_door_and_time(cast):
    item = upload_items(cast.project, cast.mira)[0]
    client, bearer = Client(), cast.bearer("dana", Scope.READ)
    client.get(f"/api/v1/items/{item.public_id}", headers=bearer)
    console(cast.mira).get(f"/admin/content/{item.current_version_id}/")

    def log(query):
        return client.get(f"/api/v1/access-log?{query}", headers=bearer).json()["results"]

    assert [(row["door"], row["who"]) for row in log("")] == [("console", "console"), ("api", "dana@example.org")]
    assert [row["door"] for row in log("door=api")] == ["api"]
    assert log("since=2999-01-01T00:00:00Z") == []
    assert len(log("until=2999-01-01T00:00:00Z&since=2020-01-01T00:00:00Z")) == 2
    assert client.get("/api/v1/access-log?door=window", headers=bearer).status_code == 400
    assert client.get("/api/v1/access-log", headers=cast.bearer("ruth", Scope.READ)).json()["results"] == []


def test_rejected_rows_read_by_the_api_are_logged(cast):
    batch = upload(cast.project, cast.dana, item_row("one"), b"bad row")
    Client().get(f"/api/v1/batches/{batch.public_id}/rejects", headers=cast.bearer("dana", Scope.READ))
    latest = AccessLog.objects.latest("id")
    assert (latest.object_type, latest.object_ids) == (
        "labeling.rejectedrow",
        list(RejectedRow.objects.values_list("pk", flat=True)),
    )


def test_every_model_with_a_project_is_bound_to_who_may_see_it():
    for model in apps.get_models():
        if any(field.name == "project" for field in model._meta.fields):
            assert hasattr(model.objects.none(), "visible_to"), model
