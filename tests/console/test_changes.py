"""Settings are changed in the console through services, and their history says who, when, from what to what."""

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.test import Client
from django.urls import reverse

from config.kernel.errors import Conflict, Invalid, NotAllowed
from config.kernel.models import Event
from labeling.models import (
    Customer,
    CustomerChange,
    Item,
    Organisation,
    OrganisationChange,
    Pool,
    Project,
    ProjectChange,
    Reviewer,
    ReviewerChange,
)
from labeling.services.people import add_member
from labeling.services.settings import change_organisation, change_project, create_organisation
from labeling.types import Role
from routing.models import QualificationChange
from routing.services.enrolments import grant_qualification
from tests.cast import gather_cast
from tests.factories import upload_items
from tests.house.test_invariants import refused


def console(user):
    client = Client()
    client.force_login(user)
    return client


def page_of(row):
    return reverse(f"admin:{row._meta.label_lower.replace('.', '_')}_change", args=[row.pk])


def change(client, row, **changes):
    """Send the row's form back with what the page showed, but for `changes`; return the answer."""
    form = client.get(page_of(row)).context["adminform"].form
    sent = {}
    for name, field in form.fields.items():
        value = field.prepare_value(form.get_initial_for_field(field, name))
        if name == "due_at":
            continue
        if value is False:
            continue
        sent[name] = "" if value is None else value
    return client.post(page_of(row), {**sent, **changes})


def test_a_projects_settings_are_changed_and_the_history_tells_it(cast):
    client = console(cast.mira)
    answer = change(client, cast.project, name="Pairs of answers", priority="7", gold_share="0.200")
    assert answer.status_code == 302
    project = Project.objects.get(pk=cast.project.pk)
    assert (project.name, project.priority, str(project.gold_share)) == ("Pairs of answers", 7, "0.200")
    latest = ProjectChange.objects.filter(pgh_obj=project).order_by("-pgh_id").first()
    assert (latest.pgh_label, latest.name, latest.customer_id) == ("update", "Pairs of answers", cast.northwind.pk)
    assert latest.pgh_context["user"] == cast.mira.pk
    assert latest.pgh_context["url"] == page_of(project)
    told = client.get(reverse("admin:labeling_project_history", args=[project.pk])).content.decode()
    assert "<del>Pairs</del> → " in told
    assert "Mira" in told
    assert Event.objects.get(kind="project.changed").data == {"fields": ["gold_share", "name", "priority"]}


def test_nothing_is_written_when_nothing_was_changed(cast):
    before = ProjectChange.objects.count()
    assert change(console(cast.mira), cast.project).status_code == 302
    assert ProjectChange.objects.count() == before
    assert not Event.objects.filter(kind="project.changed").exists()


def test_only_named_settings_are_taken(cast):
    change(console(cast.mira), cast.project, slug="other", state="closed", customer=cast.meridian.pk)
    project = Project.objects.get(pk=cast.project.pk)
    assert (project.slug, project.state, project.customer_id) == ("pairs", "open", cast.northwind.pk)
    with pytest.raises(Invalid, match="state is not a setting"):
        change_project(project=project, changes={"state": "closed"}, actor=cast.mira)


def test_a_refusal_is_a_sentence_at_its_field_and_changes_nothing(cast):
    client = console(cast.mira)
    refused = change(client, cast.project, currency="EUR", name="Other")
    assert refused.status_code == 200
    assert refused.context["adminform"].form.errors == {
        "currency": ["The currency is fixed once the project was opened; begin another project."]
    }
    wrong = change(client, cast.project, overlap="0")
    assert list(wrong.context["adminform"].form.errors) == ["overlap"]
    project = Project.objects.get(pk=cast.project.pk)
    assert (project.name, project.currency, project.overlap) == ("Pairs", "USD", 3)


def test_urgency_moves_pools_and_a_new_clearance_does_not(cast):
    upload_items(cast.project, cast.mira)
    change_project(project=cast.project, changes={"priority": 9, "clearance": 2}, actor=cast.mira)
    assert list(Pool.objects.filter(project=cast.project).values_list("priority", "clearance")) == [(9, 0)]


def test_confidentiality_is_raised_by_who_operates_and_lowered_only_by_who_manages(cast):
    add_member(user=cast.otto, customer=cast.northwind, project=cast.project, role=Role.LEAD, actor=cast.mira)
    upload_items(cast.project, cast.mira)
    change_project(project=cast.project, changes={"confidentiality": "confidential"}, actor=cast.otto)
    assert not Item.objects.visible_to(cast.mira, "operate_project").exists()
    assert Item.objects.visible_to(cast.otto, "operate_project").exists()
    assert Item.objects.visible_to(cast.dana).exists()
    with pytest.raises(NotAllowed, match="manages the customer"):
        change_project(project=cast.project, changes={"confidentiality": "standard"}, actor=cast.otto)
    assert Project.objects.get(pk=cast.project.pk).confidentiality == "confidential"
    change_project(project=cast.project, changes={"confidentiality": "standard"}, actor=cast.mira)
    assert Item.objects.visible_to(cast.mira, "operate_project").exists()


def test_how_long_content_is_kept_is_said_by_who_manages_the_customer_and_is_a_day_at_least(cast):
    add_member(user=cast.otto, customer=cast.northwind, project=cast.project, role=Role.LEAD, actor=cast.mira)
    with pytest.raises(NotAllowed, match="manages the customer"):
        change_project(project=cast.project, changes={"retention_days": 1}, actor=cast.otto)
    change_project(project=cast.project, changes={"retention_days": None, "name": "Other"}, actor=cast.otto)
    with pytest.raises(ValidationError):
        change_project(project=cast.project, changes={"retention_days": 0}, actor=cast.mira)
    change_project(project=cast.project, changes={"retention_days": 30}, actor=cast.mira)
    assert Project.objects.get(pk=cast.project.pk).retention_days == 30
    for row in (cast.project, cast.northwind):
        refused(IntegrityError, f"UPDATE {row._meta.db_table} SET retention_days = 0 WHERE id = {row.pk}")


@pytest.mark.parametrize(
    ("name", "wrong", "right"),
    [
        ("skills_by_domain", {"towns": "x"}, {"towns": {"geography": 2}}),
        ("skills_by_domain", {"towns": {"geography": 0}}, {}),
        ("quality_contract", ["a"], {"agreement": 0.8}),
        ("quality_contract", {"agreement": {"deep": 1}}, {}),
        ("acceptance_plan", {"size": 0}, {"size": 50, "defects": 2}),
        ("acceptance_plan", {"size": 2, "defects": 2}, {"size": 2, "defects": 0}),
        ("acceptance_plan", {"samples": 2}, {}),
    ],
)
def test_settings_that_are_documents_are_checked(cast, name, wrong, right):
    with pytest.raises(ValidationError) as told:
        change_project(project=cast.project, changes={name: wrong}, actor=cast.mira)
    assert list(told.value.message_dict) == [name]
    change_project(project=cast.project, changes={name: right}, actor=cast.mira)
    assert getattr(Project.objects.get(pk=cast.project.pk), name) == right


def test_a_customer_a_reviewer_an_organisation_and_a_qualification_are_changed_too(cast):
    client = console(cast.mira)
    vendor = create_organisation(name="Wordsmiths", kind="vendor", actor=cast.mira)
    skill = grant_qualification(reviewer=cast.anna, skill="law", level=2, reason="Test", actor=cast.mira)
    assert change(client, cast.northwind, retention_days="30").status_code == 302
    assert change(client, cast.anna, organisation=vendor.pk, clearance="2").status_code == 302
    assert change(client, vendor, name="Wordsmiths Ltd").status_code == 302
    assert change(client, skill, level="4", reason="Passed the exam").status_code == 302
    assert Customer.objects.get(pk=cast.northwind.pk).retention_days == 30
    anna = Reviewer.objects.get(pk=cast.anna.pk)
    assert (anna.organisation_id, anna.clearance, anna.is_active) == (vendor.pk, 2, True)
    assert Organisation.objects.get(pk=vendor.pk).name == "Wordsmiths Ltd"
    skill.refresh_from_db()
    assert (skill.level, skill.reason, skill.granted_by) == (4, "Passed the exam", cast.mira)
    for history, row in (
        (CustomerChange, cast.northwind),
        (ReviewerChange, cast.anna),
        (OrganisationChange, vendor),
        (QualificationChange, skill),
    ):
        latest = history.objects.filter(pgh_obj=row.pk).order_by("-pgh_id").first()
        assert (latest.pgh_label, latest.pgh_context["user"]) == ("update", cast.mira.pk)
        assert (
            client.get(reverse(f"admin:{row._meta.label_lower.replace('.', '_')}_history", args=[row.pk])).status_code
            == 200
        )
    assert not any(field.name == "pseudonym_key" for field in CustomerChange._meta.fields)


def test_what_is_written_outside_the_console_names_nobody_in_its_context(cast):
    change_project(project=cast.project, changes={"name": "Other"}, actor=cast.mira)
    assert ProjectChange.objects.filter(pgh_obj=cast.project).order_by("-pgh_id").first().pgh_context is None


def test_the_writer_is_said_for_one_request_only(transactional_db):
    cast = gather_cast()
    change(console(cast.mira), cast.project, name="First")
    change_project(project=cast.project, changes={"name": "Second"}, actor=cast.mira)
    first, second = list(ProjectChange.objects.filter(pgh_obj=cast.project).order_by("pgh_id"))[-2:]
    assert (first.name, first.pgh_context["user"]) == ("First", cast.mira.pk)
    assert (second.name, second.pgh_context) == ("Second", None)


def test_nobody_changes_or_reads_the_history_of_a_foreign_row(cast):
    client = console(cast.mira)
    assert client.get(page_of(cast.foreign_project)).status_code == 302
    assert client.post(page_of(cast.foreign_project), {"name": "Mine"}).status_code == 302
    assert client.get(reverse("admin:labeling_project_history", args=[cast.foreign_project.pk])).status_code == 403
    assert Project.objects.get(pk=cast.foreign_project.pk).name == "Notes"
    assert (
        not ProjectChange.objects.visible_to(cast.mira, "operate_project").filter(pgh_obj=cast.foreign_project).exists()
    )


def test_an_organisation_has_a_name_of_its_own(cast):
    create_organisation(name="Wordsmiths", kind="vendor", actor=cast.mira)
    with pytest.raises(Conflict, match="already"):
        create_organisation(name="Wordsmiths", kind="vendor", actor=cast.mira)
    with pytest.raises(Invalid, match="kind"):
        create_organisation(name="Others", kind="cloud", actor=cast.mira)
    assert Organisation.objects.filter(name__in=["Wordsmiths", "Others"]).count() == 1


def test_the_history_of_a_row_without_settings_is_its_events(cast):
    item = upload_items(cast.project, cast.mira)[0]
    told = console(cast.mira).get(reverse("admin:labeling_item_history", args=[item.pk])).content.decode()
    assert "item.in_progress" in told


def test_raw_sql_cannot_rewrite_history_and_a_membership_keeps_who_it_is_of(cast):
    assert "never change" in refused(IntegrityError, "UPDATE labeling_membership SET role = 'operator'")
    vendor = create_organisation(name="Wordsmiths", kind="vendor", actor=cast.mira)
    change_organisation(organisation=vendor, changes={"name": "Wordsmiths Ltd"}, actor=cast.mira)
    assert list(
        OrganisationChange.objects.filter(pgh_obj=vendor.pk).order_by("pgh_id").values_list("name", flat=True)
    ) == [
        "Wordsmiths",
        "Wordsmiths Ltd",
    ]
