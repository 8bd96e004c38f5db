"""The portal's page of people, page by page."""

import pytest
from django.test import Client

from config.kernel.keys import issue_key
from config.kernel.models import User
from config.portal import paging
from labeling.services.invitations import invite_member
from labeling.services.people import add_member


@pytest.fixture
def crowd(cast, monkeypatch):
    """Three more viewers, three invitations and three keys; two rows a page."""
    monkeypatch.setattr(paging, "ROWS", 2)
    for number in range(3):
        email = f"viewer-{number}@example.org"
        viewer = User.objects.create_user(email, None, name=f"Viewer {number}", surface="portal")
        add_member(user=viewer, customer=cast.northwind, role="customer_viewer", actor=cast.dana)
        invited = f"invited-{number}@example.org"
        invite_member(customer=cast.northwind, email=invited, role="customer_viewer", actor=cast.dana)
        issue_key(user=cast.dana, name=f"key-{number}", scopes=["read"], actor=cast.dana)
    client = Client()
    client.force_login(cast.dana)
    return client


def walk(client, name, tell):
    """Return what each page of the list shows, from the first to the last."""
    told, address = [], "/portal/people/"
    while address:
        page = client.get(address).context[name]
        told.append([tell(row) for row in page.rows])
        address = "/portal/people/" + page.more if page.more else ""
    return told


def test_members_invitations_and_keys_are_each_paged_newest_first(crowd):
    assert walk(crowd, "members", lambda row: row.user.name) == [["Viewer 2", "Viewer 1"], ["Viewer 0", "Victor"], ["Dana", "Mira"]]  # fmt: skip
    assert walk(crowd, "invitations", lambda row: row.email[:9]) == [["invited-2", "invited-1"], ["invited-0"]]
    assert walk(crowd, "keys", lambda row: row.name) == [["key-2", "key-1"], ["key-0"]]


def test_one_list_is_turned_over_and_the_others_stay_where_they_are(crowd):
    first = crowd.get("/portal/people/")
    members = crowd.get("/portal/people/" + first.context["members"].more)
    both = crowd.get("/portal/people/" + members.context["keys"].more)
    assert [row.user.name for row in both.context["members"].rows] == ["Viewer 0", "Victor"]
    assert [row.name for row in both.context["keys"].rows] == ["key-0"]
    assert "Earlier members" in first.content.decode()


def test_a_page_of_somebody_elses_list_is_none(crowd, cast):
    invitation, _ = invite_member(
        customer=cast.meridian, email="else@example.org", role="customer_viewer", actor=cast.ruth
    )
    assert crowd.get(f"/portal/people/?invitations={invitation.public_id}").status_code == 404
