"""A vendor's lead sees their own people in the console, and nothing and nobody else: every list, page and id is walked."""

import re

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from config.kernel.errors import Conflict, Invalid, NotAllowed
from config.kernel.keys import issue_key
from config.kernel.models import Event, User
from config.kernel.types import Scope, Surface
from delivery.models import LedgerEntry
from labeling.models import Organisation, OrganisationLead, Reviewer
from labeling.services.leads import appoint_lead, dismiss_lead
from labeling.services.people import add_member
from labeling.services.settings import change_organisation, change_project, change_reviewer, create_organisation
from labeling.types import Role
from quality.services.gold import seed_gold
from routing.services.claims import next_task
from routing.services.enrolments import grant_qualification
from routing.services.submits import submit_task
from routing.types import LeasedTask
from tests.cast import gather_cast
from tests.factories import freeze, item_row, judge, prefer, settle, upload, upload_items

# What a lead may open, and nothing else.
OPEN = {
    "kernel_user",
    "labeling_organisation",
    "labeling_reviewer",
    "routing_enrolment",
    "routing_qualification",
    "quality_standing",
    "delivery_ledgerentry",
}
# Names that belong to others: people, customers, organisations, and what they earn a judgment at the other vendor.
FOREIGN = (
    "Bela", "Cleo", "Remo", "Dana", "Mira", "Otto", "Ruth", "Northwind", "Meridian", "Inkwell", "In-house", "0.35",
    "bela@example.org", "remo@example.org", "Secret", "What is the capital",
)  # fmt: skip


def told_of_others(page):
    """What a page says of others, word by word."""
    text = page.content.decode()
    return [word for word in FOREIGN if re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text)]


def judge_all(reviewer):
    """Let the reviewer answer whatever waits for them, gold among it."""
    while isinstance(leased := next_task(user=reviewer.user), LeasedTask):
        submit_task(user=reviewer.user, token=leased.token, answers=prefer("a"), seconds=5.0)
        settle()


@pytest.fixture
def led(transactional_db):
    """Lena leads Wordsmiths, whose people are Anna and Dido; Bela works for Inkwell, another vendor."""
    cast = gather_cast()
    boss = User.objects.create_superuser("boss@example.org", "boss-password", name="Boss")
    cast.lena = User.objects.create_user("lena@example.org", "p", name="Lena", surface=Surface.CONSOLE)
    cast.boss = boss
    cast.wordsmiths = create_organisation(name="Wordsmiths", kind="vendor", actor=boss)
    cast.inkwell = create_organisation(name="Inkwell", kind="vendor", actor=boss)
    for reviewer, organisation in (
        (cast.anna, cast.wordsmiths),
        (cast.dido, cast.wordsmiths),
        (cast.bela, cast.inkwell),
    ):
        change_reviewer(reviewer=reviewer, changes={"organisation": organisation}, actor=boss)
    cast.lead = appoint_lead(user=cast.lena, organisation=cast.wordsmiths, actor=boss)
    expected = {"answer": {"preference": {"choice": "a"}}}
    upload(cast.project, cast.dana, item_row("gold", expected=expected))
    upload_items(cast.project, cast.mira, 2)
    seed_gold()
    for reviewer in (cast.anna, cast.bela, cast.cleo):
        judge_all(reviewer)
    freeze(cast.project, cast.dana)
    change_project(project=cast.foreign_project, changes={"pay_amount": "0.35", "overlap": 1}, actor=cast.otto)
    upload(cast.foreign_project, cast.otto, item_row("foreign"))
    judge(cast.remo)
    settle()
    for reviewer, skill in ((cast.anna, "law"), (cast.bela, "Secret skill")):
        grant_qualification(reviewer=reviewer, skill=skill, level=2, reason="Test", actor=cast.mira)
    issue_key(user=cast.anna.user, name="Secret key", scopes=[Scope.DESK], actor=None)
    return cast


def console(user):
    client = Client()
    client.force_login(user)
    return client


def name_of(model):
    return model._meta.label_lower.replace(".", "_")


def test_every_list_every_page_and_every_id_is_their_own_or_shut(led):
    client = console(led.lena)
    seen = {}
    for model in admin.site._registry:
        name = name_of(model)
        answer = client.get(reverse(f"admin:{name}_changelist"))
        assert answer.status_code == (200 if name in OPEN else 403), name
        own = set()
        if name in OPEN:
            own = {row.pk for row in answer.context["cl"].result_list}
            assert told_of_others(answer) == [], name
        key = 0
        for key in model._default_manager.values_list("pk", flat=True)[:25]:
            page = client.get(reverse(f"admin:{name}_change", args=[key]))
            wanted = 200 if key in own else 302 if name in OPEN else 403
            # A key that is nobody's page leads back to the index; a shut table says so.
            assert page.status_code == wanted or (name not in OPEN and page.status_code == 302), (name, key)
            if page.status_code == 200:
                assert told_of_others(page) == [], (name, key)
        assert client.get(reverse(f"admin:{name}_history", args=[key])).status_code == 403, name
        assert client.get(reverse(f"admin:{name}_add")).status_code == 403, name
        seen[name] = own
    assert seen["kernel_user"] == {led.lena.pk, led.anna.user_id, led.dido.user_id}
    assert seen["labeling_organisation"] == {led.wordsmiths.pk}
    assert seen["labeling_reviewer"] == {led.anna.pk, led.dido.pk}
    assert seen["delivery_ledgerentry"] == set(
        LedgerEntry.objects.filter(reviewer=led.anna).values_list("pk", flat=True)
    )
    for name in ("routing_enrolment", "routing_qualification", "quality_standing", "delivery_ledgerentry"):
        assert seen[name], name


def test_nothing_is_written_by_a_lead(led):
    client = console(led.lena)
    client.post(reverse("admin:labeling_reviewer_change", args=[led.anna.pk]), {"clearance": "5"})
    client.post(
        reverse("admin:labeling_reviewer_changelist"), {"action": "delete_selected", "_selected_action": [led.anna.pk]}
    )
    client.post(
        reverse("admin:kernel_user_changelist"), {"action": "renew_passwords", "_selected_action": [led.anna.user_id]}
    )
    before = led.anna.user.password
    led.anna.user.refresh_from_db()
    assert led.anna.user.password == before
    assert Reviewer.objects.get(pk=led.anna.pk).clearance == 0


def test_the_sidebar_and_the_overview_show_their_people_only(led):
    index = console(led.lena).get("/admin/")
    text = index.content.decode()
    assert told_of_others(index) == []
    assert [row["reviewer"] for row in index.context["led"]] == [led.anna, led.dido]
    assert [row["earned"] for row in index.context["led"]] == ["0.75 USD", ""]
    for model in admin.site._registry:
        address = reverse(f"admin:{name_of(model)}_changelist")
        assert (f'href="{address}"' in text) <= (name_of(model) in OPEN), address
    found = console(led.lena).get("/admin/search/?s=an")
    assert told_of_others(found) == []


def test_filters_and_searches_reach_no_further(led):
    client = console(led.lena)
    for query in (f"organisation__id__exact={led.inkwell.pk}", "q=bela@example.org", "q=Bela"):
        answer = client.get(f"{reverse('admin:labeling_reviewer_changelist')}?{query}")
        text = answer.content.decode().replace(query, "").replace("bela@example.org", "").replace('value="Bela"', "")
        assert "Bela" not in text, query
        assert "Inkwell" not in text, query


def test_querysets_tell_the_same(led):
    assert set(Reviewer.objects.visible_to(led.lena)) == {led.anna, led.dido}
    assert set(Organisation.objects.visible_to(led.lena)) == {led.wordsmiths}
    assert Reviewer.objects.visible_to(led.mira).count() == 5
    assert not Reviewer.objects.visible_to(led.dana).exists()


def test_an_operator_keeps_to_their_customers_ledger_and_standings(led):
    client = console(led.mira)
    for name in ("delivery_ledgerentry", "quality_standing", "routing_enrolment"):
        rows = client.get(reverse(f"admin:{name}_changelist")).context["cl"].queryset
        assert rows.exists(), name
        assert not rows.exclude(customer=led.northwind).exists(), name


def test_superusers_appoint_and_dismiss_and_each_leaves_an_event(led):
    ivan = User.objects.create_user("ivan@example.org", "p", name="Ivan", surface=Surface.CONSOLE)
    with pytest.raises(NotAllowed):
        appoint_lead(user=ivan, organisation=led.inkwell, actor=led.mira)
    assert console(led.mira).get(reverse("admin:labeling_organisationlead_add")).status_code == 403
    console(led.boss).post(
        reverse("admin:labeling_organisationlead_add"), {"user": ivan.pk, "organisation": led.inkwell.pk}
    )
    lead = OrganisationLead.objects.get(user=ivan)
    assert lead.granted_by == led.boss
    with pytest.raises(NotAllowed):
        dismiss_lead(lead=lead, actor=led.mira)
    dismiss_lead(lead=lead, actor=led.boss)
    assert console(ivan).get(reverse("admin:labeling_reviewer_changelist")).status_code == 403
    kinds = Event.objects.filter(subject_id=led.inkwell.pk, kind__startswith="lead.").order_by("id")
    assert list(kinds.values_list("kind", flat=True)) == ["lead.appointed", "lead.dismissed"]


def test_only_somebody_who_operates_nothing_leads_a_vendor(led):
    for user, organisation, error in (
        (led.mira, led.inkwell, Conflict),
        (led.boss, led.inkwell, Conflict),
        (led.dana, led.inkwell, Invalid),
        (led.lena, Organisation.objects.get(name="In-house"), Invalid),
    ):
        with pytest.raises(error):
            appoint_lead(user=user, organisation=organisation, actor=led.boss)
    assert OrganisationLead.objects.count() == 1
    with pytest.raises(Conflict, match="leads this vendor"):
        change_organisation(organisation=led.wordsmiths, changes={"kind": "in_house"}, actor=led.boss)


def test_who_operates_and_leads_is_an_operator(led):
    add_member(user=led.lena, customer=led.northwind, role=Role.OPERATOR, actor=led.mira)
    assert console(led.lena).get(reverse("admin:labeling_item_changelist")).status_code == 200
