"""Flags in the portal: listed by kind and state without the words, page by page, and decided on with a reason."""

import pytest
from django.test import Client

from config.portal import paging
from labeling.models import AccessLog, Flag, Item, ItemVersion
from tests.factories import settle, upload
from tests.labeling.test_flagging import LONG, row
from tests.labeling.test_redaction import with_mail


def portal(user):
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def flagged(cast):
    """Three flags for personal data on one item, and a near-duplicate."""
    cast.project.hold_flagged = ["personal_data"]
    cast.project.save()
    upload(cast.project, cast.dana, row("one", LONG), row("two", LONG), with_mail("mail"))
    return f"/portal/projects/{cast.project.public_id}/flags/"


def decide(client, flag, decision, reason="We know them", referer=""):
    return client.post(
        f"/portal/flags/{flag.public_id}/decision/", {"decision": decision, "reason": reason}, follow=True,
        headers={"Referer": f"http://testserver{referer}"} if referer else {},
    )  # fmt: skip


def test_admins_and_viewers_see_what_was_noticed_where_and_never_the_words(
    cast, flagged, django_assert_max_num_queries
):
    client = portal(cast.victor)
    with django_assert_max_num_queries(8):  # with the session, the person and the trace in the access log
        page = client.get(flagged).content.decode()
    for words in ("Near-duplicate", "alike", "to one", "messages[0].content", "e-mail address × 2", "phone number × 1"):
        assert words in page
    assert "example.org</" not in page.replace("victor@example.org", "")
    assert "anna@" not in page
    assert "are held" not in page
    assert "Personal data." in page
    assert "Decide" not in page
    assert "Decide" in portal(cast.dana).get(flagged).content.decode()


def test_every_read_leaves_a_row_in_the_access_log(cast, flagged):
    portal(cast.victor).get(flagged)
    portal(cast.victor).get(f"{flagged}?kind=near_duplicate")
    read = AccessLog.objects.filter(door="portal", object_type="labeling.flag").order_by("id")
    assert [(each.user_id, len(each.object_ids)) for each in read] == [(cast.victor.pk, 4), (cast.victor.pk, 1)]


def test_flags_are_filtered_and_paged_and_the_filter_stays(cast, flagged, monkeypatch):
    monkeypatch.setattr(paging, "ROWS", 2)
    client = portal(cast.dana)
    page = client.get(f"{flagged}?kind=personal_data&state=open")
    assert [each["flag"].kind for each in page.context["flags"]] == ["personal_data"] * 2
    assert page.context["more"].startswith("?kind=personal_data&state=open&after=")
    further = client.get(flagged + page.context["more"])
    assert (len(further.context["flags"]), further.context["more"]) == (1, "")
    assert client.get(f"{flagged}?state=dismissed").context["flags"] == []
    for wrong in ("kind=colour", "state=lost", "after=nonsense"):
        assert client.get(f"{flagged}?{wrong}").status_code == 404


def test_an_admin_dismisses_confirms_and_redacts_with_a_reason(cast, flagged):
    client, item = portal(cast.dana), Item.objects.get(external_id="mail")
    first, second, third = Flag.objects.filter(kind="personal_data").order_by("id")
    assert "Say why" in decide(client, first, "dismiss", reason=" ").content.decode()
    assert "The decision is one of dismiss, confirm, redact." in decide(client, first, "perhaps").content.decode()
    assert Flag.objects.filter(state="open").count() == 4
    told = decide(client, first, "dismiss", referer=f"{flagged}?state=open")
    assert told.redirect_chain == [(f"http://testserver{flagged}?state=open", 302)]
    assert "The flag is dismissed." in told.content.decode()
    decide(client, second, "confirm", "Theirs")
    decide(client, third, "redact", "Theirs too")
    settle()
    item.refresh_from_db()
    assert (item.current_version.number, item.state) == (2, "in_progress")
    assert list(Flag.objects.filter(kind="personal_data").order_by("id").values_list("state", "reason")) == [
        ("dismissed", "We know them"), ("confirmed", "Theirs"), ("confirmed", "Theirs too"),
    ]  # fmt: skip
    assert "This flag was dismissed before." in decide(client, first, "confirm").content.decode()


def test_viewers_and_other_tenants_decide_nothing_and_outsiders_see_nothing(cast, flagged):
    flag = Flag.objects.first()
    for user in (cast.victor, cast.ruth):
        assert decide(portal(user), flag, "dismiss").status_code == 404
    assert portal(cast.ruth).get(flagged).status_code == 404
    assert set(Flag.objects.values_list("state", flat=True)) == {"open"}
    assert ItemVersion.objects.count() == 3
    assert not AccessLog.objects.filter(object_type="labeling.flag").exists()
