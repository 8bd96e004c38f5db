"""Whom somebody of the console decides on: a lead of one project, on nobody beyond it; secrets are told by no filter."""

import pytest
from django.test import Client
from django.urls import reverse

from config.kernel.errors import NotAllowed
from config.kernel.models import ApiKey, Event, User
from config.kernel.people import create_person, renew_password
from labeling.authority import people_in_charge_of
from labeling.models import Customer, Organisation
from labeling.services.people import add_member
from labeling.services.settings import change_organisation, change_reviewer, create_organisation
from labeling.types import Role
from tests.factories import item_row, upload


@pytest.fixture
def lena(cast):
    """Lena leads one project of Northwind, and nothing else; the boss is a superuser without a membership."""
    cast.boss = User.objects.create_superuser("boss@example.org", "boss-password", name="Boss")
    cast.lena = User.objects.create_user("lena@example.org", "lena-password", name="Lena", surface="console")
    add_member(user=cast.lena, customer=cast.northwind, project=cast.project, role=Role.LEAD, actor=cast.mira)
    return cast


def console(user):
    client = Client()
    client.force_login(user)
    return client


def act(client, action, *rows):
    return client.post(
        reverse("admin:kernel_user_changelist"), {"action": action, "_selected_action": [row.pk for row in rows]}
    )


@pytest.mark.parametrize("action", ["renew_passwords", "issue_keys", "erase_person"])
def test_nobody_takes_over_a_superuser_or_somebody_elses_people(lena, action):
    before = dict(User.objects.values_list("pk", "password"))
    for client in (console(lena.lena), console(lena.mira)):
        act(client, action, lena.boss, lena.remo.user, lena.ruth, lena.otto)
    assert dict(User.objects.values_list("pk", "password")) == before
    assert not ApiKey.objects.exists()
    assert not Event.objects.filter(kind__in=["person.erased", "person.password_renewed"]).exists()
    with pytest.raises(NotAllowed, match="superuser"):
        renew_password(user=lena.boss, actor=lena.mira)


def test_who_is_in_charge_of_whom(lena):
    names = set(people_in_charge_of(lena.mira).values_list("name", flat=True))
    assert names == {"Mira", "Dana", "Victor", "Anna", "Bela", "Cleo", "Dido", "Lena"}
    assert set(people_in_charge_of(lena.lena)) == {lena.lena}
    nora, _ = create_person(name="Nora", email="nora@example.org", surface="desk", actor=lena.mira)
    assert nora in people_in_charge_of(lena.mira)
    assert nora not in people_in_charge_of(lena.otto)
    assert {nora, lena.boss} <= set(people_in_charge_of(lena.boss))


@pytest.mark.parametrize("lookup", ["password__startswith", "reviewer__user__password__contains", "memberships__role"])
def test_a_list_is_filtered_only_by_what_it_offers(lena, lookup):
    answer = console(lena.mira).get(reverse("admin:kernel_user_changelist"), {lookup: "pbkdf2"})
    assert answer.status_code == 400
    offered = console(lena.mira).get(reverse("admin:kernel_user_changelist"), {"surface__exact": "desk"})
    assert offered.status_code == 200


def test_reviewers_and_organisations_are_changed_by_who_manages_all_their_customers(lena):
    with pytest.raises(NotAllowed):
        change_reviewer(reviewer=lena.remo, changes={"clearance": 3}, actor=lena.mira)
    with pytest.raises(NotAllowed):
        change_reviewer(reviewer=lena.anna, changes={"clearance": 3}, actor=lena.lena)
    change_reviewer(reviewer=lena.anna, changes={"clearance": 3}, actor=lena.mira)
    change_reviewer(reviewer=lena.remo, changes={"clearance": 3}, actor=lena.boss)
    shared = Organisation.objects.get(pk=lena.remo.organisation_id)
    with pytest.raises(NotAllowed):
        change_organisation(organisation=shared, changes={"name": "Hacked"}, actor=lena.mira)
    own = create_organisation(name="Own", kind="vendor", actor=lena.mira)
    assert change_organisation(organisation=own, changes={"name": "Mine"}, actor=lena.mira).name == "Mine"


@pytest.mark.parametrize("model", ["kernel_user", "labeling_customer", "labeling_reviewer", "labeling_organisation"])
def test_who_leads_a_project_makes_nothing_beyond_it(lena, model):
    assert console(lena.lena).get(reverse(f"admin:{model}_add")).status_code == 403
    assert console(lena.mira).get(reverse(f"admin:{model}_add")).status_code == 200
    assert Customer.objects.count() == 2


def test_a_jobs_result_is_for_superusers(lena):
    upload(lena.project, lena.dana, item_row("one"))
    for user, is_told in ((lena.mira, False), (lena.boss, True)):
        answer = console(user).get(reverse("admin:django_q_success_changelist"))
        assert ("outcome" in answer.context["cl"].list_display) is is_told
