"""Members come by invitation and go at once; keys may do no more than who makes them."""

import hashlib
import re
from datetime import timedelta

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher
from django.db import IntegrityError
from django.test import Client
from django.utils import timezone

from config.kernel.errors import Conflict, Invalid, NotAllowed, NotFound
from config.kernel.keys import issue_key
from config.kernel.models import ApiKey, Event, User
from config.kernel.people import take_back_account
from config.kernel.types import Scope
from labeling.models import Invitation, Item, Membership
from labeling.services.invitations import accept_invitation, invite_member, open_invitation, withdraw_invitation
from labeling.services.people import add_colleague, add_member, remove_colleague, remove_member
from labeling.types import Role
from tests.factories import upload_items
from tests.house.test_invariants import refused

PASSWORD = "a long sentence of words"
SOMEWHERE = "192.0.2.1"


def invite(cast, email="nora@example.org", role="customer_viewer", actor=None, **more):
    return invite_member(customer=cast.northwind, email=email, role=role, actor=actor or cast.dana, **more)


def join(**more):
    return accept_invitation(address=SOMEWHERE, **more)


def opened(token):
    return open_invitation(token=token, address=SOMEWHERE)


def api(cast, who="dana", *scopes):
    client, bearer = Client(), cast.bearer(who, *scopes)

    def ask(method, path, body=None):
        return getattr(client, method)(f"/api/v1/{path}", body, content_type="application/json", headers=bearer)

    return ask


def test_the_invited_join_once_and_only_the_digest_of_the_token_is_kept(cast):
    invitation, token = invite(cast, "Nora@Example.org")
    assert (invitation.email, invitation.token_digest) == (
        "nora@example.org",
        hashlib.sha256(token.encode()).hexdigest(),
    )
    nora = join(token=token, name="Nora", password=PASSWORD)
    assert (nora.surface, nora.name, nora.check_password(PASSWORD)) == ("portal", "Nora", True)
    membership = Membership.objects.get(user=nora)
    assert (membership.role, membership.granted_by) == ("customer_viewer", cast.dana)
    upload_items(cast.project, cast.mira)
    assert Item.objects.visible_to(nora).count() == 1
    with pytest.raises(Conflict, match="used before"):
        join(token=token, name="Nora", password=PASSWORD)
    assert token not in str(list(Event.objects.values()))


def test_a_link_that_was_never_made_was_withdrawn_or_has_expired_opens_nothing(cast):
    with pytest.raises(NotFound):
        opened("made-up")
    invitation, token = invite(cast)
    withdraw_invitation(invitation=invitation, actor=cast.dana)
    with pytest.raises(Conflict, match="withdrawn"):
        join(token=token, name="Nora", password=PASSWORD)
    with pytest.raises(Conflict, match="before"):
        withdraw_invitation(invitation=invitation, actor=cast.dana)
    with refused_expiry(cast) as expired, pytest.raises(Conflict, match="expired"):
        join(token=expired, name="Nora", password=PASSWORD)
    assert not User.objects.filter(email="nora@example.org").exists()


class refused_expiry:
    """An invitation that was made long ago: the guard keeps its date, so it is written so from the beginning."""

    def __init__(self, cast):
        self.cast = cast

    def __enter__(self):
        token = "long-ago"
        Invitation.objects.create(
            customer=self.cast.northwind, email="nora@example.org", role="customer_viewer", invited_by=self.cast.dana,
            token_digest=hashlib.sha256(token.encode()).hexdigest(), expires_at=timezone.now() - timedelta(days=1),
        )  # fmt: skip
        return token

    def __exit__(self, *_):
        return False


def test_an_expired_invitation_makes_way_for_another_and_an_open_one_does_not(cast):
    with refused_expiry(cast):
        invitation, _ = invite(cast)
    with pytest.raises(Conflict, match="open invitation"):
        invite(cast)
    withdraw_invitation(invitation=invitation, actor=cast.dana)
    invite(cast)
    assert Invitation.objects.filter(accepted_at=None, withdrawn_at=None).count() == 1


def test_a_password_that_will_not_do_makes_nobody(cast):
    _, token = invite(cast)
    for name, password, field in (
        ("Nora", "short", "password"),
        ("Nora", "nora@example.org", "password"),
        (" ", PASSWORD, "name"),
    ):
        with pytest.raises(Invalid) as error:
            join(token=token, name=name, password=password)
        assert error.value.field == field
    assert not User.objects.filter(email="nora@example.org").exists()
    assert opened(token).accepted_at is None


def test_who_has_an_account_joins_with_its_password_and_keeps_it(cast):
    _, token = invite(cast, "ruth@example.org")
    with pytest.raises(Invalid, match="give its password"):
        join(token=token, name="Somebody", password=PASSWORD)
    assert not Membership.objects.filter(user=cast.ruth, customer=cast.northwind).exists()
    assert join(token=token, name="Somebody", password="ruth-password") == cast.ruth
    cast.ruth.refresh_from_db()
    assert (cast.ruth.name, cast.ruth.check_password("ruth-password")) == ("Ruth", True)
    assert Membership.objects.filter(user=cast.ruth).count() == 2


def test_an_account_of_another_surface_cannot_join(cast):
    _, token = invite(cast, "anna@example.org")
    with pytest.raises(Invalid, match="another surface"):
        join(token=token, name="Anna", password="anna-password")
    assert not Membership.objects.filter(user=cast.anna.user, role="customer_viewer").exists()


def test_customers_invite_their_own_people_and_operators_anybody(cast):
    for actor, role in (
        (cast.dana, "operator"),
        (cast.victor, "customer_viewer"),
        (cast.ruth, "customer_viewer"),
        (cast.otto, "operator"),
    ):
        with pytest.raises(NotAllowed):
            invite(cast, role=role, actor=actor)
    assert not Invitation.objects.exists()
    _, token = invite(cast, "omar@example.org", "operator", cast.mira)
    assert join(token=token, name="Omar", password=PASSWORD).surface == "console"
    for wrong in ({"email": "no-mail"}, {"role": "king"}, {"project": cast.foreign_project}, {"days": 1000}):
        with pytest.raises(Invalid):
            invite(cast, **wrong)
    with pytest.raises(Conflict, match="member already"):
        invite(cast, "victor@example.org")


def test_the_invitations_of_somebody_who_was_removed_open_nothing(cast):
    add_colleague(email="victor@example.org", role="customer_admin", customer=cast.northwind, actor=cast.dana)
    _, token = invite(cast, actor=cast.victor)
    for membership in Membership.objects.filter(user=cast.victor):
        remove_member(membership=membership, actor=cast.dana)
    with pytest.raises(Conflict, match="does not manage"):
        join(token=token, name="Nora", password=PASSWORD)


def test_a_removed_member_sees_nothing_from_their_next_request_on(cast):
    item = upload_items(cast.project, cast.mira)[0]
    client = Client()
    client.force_login(cast.victor)
    bearer = cast.bearer("victor", Scope.READ)
    path = f"/api/v1/items/{item.public_id}"
    assert client.get(path, headers=bearer).status_code == 200
    assert client.get(f"/portal/projects/{cast.project.public_id}/").status_code == 200
    remove_colleague(membership=Membership.objects.get(user=cast.victor), actor=cast.dana)
    assert client.get(path, headers=bearer).status_code == 404
    assert client.get(f"/portal/projects/{cast.project.public_id}/").status_code == 404
    assert client.get("/portal/").status_code == 200
    assert Client().get("/api/v1/projects", headers=bearer).json()["results"] == []


def test_a_removed_operator_enters_the_console_and_finds_nothing_there(cast):
    client = Client()
    client.force_login(cast.mira)
    assert client.get("/admin/labeling/reviewer/").status_code == 200
    remove_member(membership=Membership.objects.get(user=cast.mira), actor=cast.otto)
    assert client.get("/admin/labeling/reviewer/").status_code == 403
    index = client.get("/admin/")
    assert index.status_code == 200
    assert "/admin/labeling/" not in index.content.decode()


def test_the_last_admin_stays_and_our_people_are_not_the_customers_to_remove(cast):
    with pytest.raises(Conflict, match="last admin"):
        remove_colleague(membership=Membership.objects.get(user=cast.dana), actor=cast.dana)
    with pytest.raises(NotAllowed, match="our people"):
        remove_colleague(membership=Membership.objects.get(user=cast.mira), actor=cast.dana)
    with pytest.raises(Invalid, match="invite them"):
        add_colleague(email="ruth@example.org", role="customer_admin", customer=cast.northwind, actor=cast.dana)
    add_colleague(email="victor@example.org", role="customer_admin", customer=cast.northwind, actor=cast.dana)
    remove_colleague(membership=Membership.objects.get(user=cast.dana), actor=cast.victor)
    assert not Membership.objects.filter(user=cast.dana).exists()


def test_the_api_lists_members_and_who_of_ours_has_access(cast):
    add_member(user=cast.otto, customer=cast.northwind, project=cast.project, role=Role.LEAD, actor=cast.mira)
    found = api(cast)("get", "members").json()["results"]
    assert {(each["role"], each["email"]) for each in found} == {
        ("customer_admin", "dana@example.org"),
        ("customer_viewer", "victor@example.org"),
        ("operator", None),
        ("lead", None),
    }
    assert "Mira" not in str(found)
    assert all(each["since"] for each in found)
    assert api(cast, "victor", Scope.MANAGE)("get", "members").json()["results"] == []


def test_a_superusers_grant_of_themselves_shows_in_the_customers_list_and_leaves_an_event(cast):
    cast.otto.is_superuser = True
    cast.otto.save()
    client = Client()
    client.force_login(cast.otto)
    before = len(api(cast)("get", "members").json()["results"])
    client.post(
        "/admin/labeling/membership/add/", {"user": cast.otto.pk, "customer": cast.northwind.pk, "role": "operator"}
    )
    found = api(cast)("get", "members").json()["results"]
    assert len(found) == before + 1
    assert found[0]["role"] == "operator"
    event = Event.objects.get(kind="membership.granted", actor_id=cast.otto.pk)
    assert (event.customer_id, event.data["user"]) == (cast.northwind.pk, cast.otto.pk)


def test_people_are_managed_by_the_api(cast):
    ask = api(cast)
    made = ask("post", "invitations", {"email": "nora@example.org", "role": "customer_admin"})
    assert made.status_code == 201
    token = made.json()["link"].rstrip("/").split("/")[-1]
    listed = ask("get", "invitations").json()["results"]
    assert [each["email"] for each in listed] == ["nora@example.org"]
    assert token not in str(listed)
    nora = join(token=token, name="Nora", password=PASSWORD)
    victor = Membership.objects.get(user=cast.victor).public_id
    assert ask("delete", f"members/{victor}").status_code == 204
    assert not Membership.objects.filter(user=cast.victor).exists()
    added = ask("post", "members", {"email": "nora@example.org", "role": "customer_viewer"})
    assert added.status_code == 201
    assert Membership.objects.filter(user=nora).count() == 2
    other = ask("post", "invitations", {"email": "ivo@example.org", "role": "customer_viewer"}).json()["id"]
    assert ask("delete", f"invitations/{other}").status_code == 204
    refusal = ask("post", "invitations", {"email": "ivo@example.org", "role": "operator"})
    assert (refusal.status_code, refusal.json()["errors"][0]["field"]) == (400, "role")


def test_a_key_makes_no_key_that_may_do_more_than_it(cast):
    ask = api(cast, "dana", Scope.MANAGE, Scope.READ)
    refusal = ask("post", "keys", {"name": "more", "scopes": ["read", "decide"]})
    assert (refusal.status_code, refusal.json()["errors"]) == (
        422,
        [{"field": "scopes", "message": "A key makes no key that may do more than it may itself."}],
    )
    assert not ApiKey.objects.filter(name="more").exists()
    made = ask("post", "keys", {"name": "less", "scopes": ["read"], "days": 7}).json()
    assert Client().get("/api/v1/projects", headers={"Authorization": f"Bearer {made['key']}"}).status_code == 200
    listed = ask("get", "keys").json()["results"]
    assert {each["name"] for each in listed} == {"dana", "less"}
    assert made["key"] not in str(listed)
    assert ask("delete", f"keys/{made['id']}").status_code == 204
    assert Client().get("/api/v1/projects", headers={"Authorization": f"Bearer {made['key']}"}).status_code == 401
    assert api(cast, "dana", Scope.READ)("get", "keys").status_code == 403


def test_the_portal_shows_a_link_and_a_key_once(cast):
    client = Client()
    client.force_login(cast.dana)
    shown = client.post("/portal/people/invitations/", {"email": "nora@example.org", "role": "customer_viewer"})
    link = shown.context["link"]
    assert link in shown.content.decode()
    assert link not in client.get("/portal/people/").content.decode()
    made = client.post("/portal/people/keys/", {"name": "nightly", "scopes": ["read"]})
    assert made.context["key"] in made.content.decode()
    assert made.context["key"] not in client.get("/portal/people/").content.decode()
    path = link.split("testserver")[1]
    page = Client().get(path)
    assert "invited to Northwind" in page.content.decode()
    wrong = Client().post(path, {"name": "Nora", "password": "short"})
    assert (wrong.status_code, "ten characters or more" in wrong.content.decode()) == (422, True)
    done = Client().post(path, {"name": "Nora", "password": PASSWORD})
    assert (done.status_code, done["Location"]) == (302, "/portal/login/")
    assert Client().post("/portal/login/", {"username": "nora@example.org", "password": PASSWORD}).status_code == 302
    assert Client().get(path).status_code == 410
    member = Membership.objects.get(user__email="nora@example.org")
    client.post(f"/portal/people/members/{member.public_id}/remove/")
    assert not Membership.objects.filter(pk=member.pk).exists()


def test_the_console_invites_for_any_role_with_the_link_shown_once(cast):
    client = Client()
    client.force_login(cast.mira)
    answer = client.post(
        "/admin/labeling/invitation/add/",
        {"email": "omar@example.org", "role": "operator", "customer": cast.northwind.pk},
        follow=True,
    )
    [text] = [str(each) for each in answer.context["messages"] if "/welcome/" in str(each)]
    token = text.split("/welcome/")[1].split("/")[0]
    assert opened(token).email == "omar@example.org"
    assert token not in client.get("/admin/labeling/invitation/").content.decode()


def test_the_database_keeps_what_an_invitation_says(cast):
    invite(cast)
    assert "never change" in refused(IntegrityError, "UPDATE labeling_invitation SET role = 'operator'")
    assert "never change" in refused(IntegrityError, "UPDATE labeling_invitation SET email = 'x@example.org'")
    assert Invitation.objects.get().role == "customer_viewer"


def test_neither_the_link_nor_a_refusal_tells_whether_there_is_an_account(cast):
    """Ruth has an account of the portal and Anna one of the desk; nobody is called Nora."""
    told = {}
    for name in ("nora", "ruth", "anna"):
        _, token = invite(cast, f"{name}@example.org")
        page = Client().get(f"/welcome/{token}/")
        wrong = Client().post(f"/welcome/{token}/", {"name": "Somebody", "password": "1234567890"})
        told[name] = [
            (each.status_code, without_forgery_token(each).replace(name, "who").replace(token, "token"))
            for each in (page, wrong)
        ]
    assert told["nora"] == told["ruth"] == told["anna"]
    assert told["nora"][1][0] == 422


def without_forgery_token(answer):
    return re.sub(r'name="csrfmiddlewaretoken" value="[^"]*"', "", answer.content.decode())


@pytest.mark.parametrize("name", ["nora", "ruth", "anna"])
def test_a_refused_password_is_hashed_once_whether_there_is_an_account_or_not(cast, name, monkeypatch):
    hashed = []
    encode = MD5PasswordHasher.encode

    def counted(*given):
        hashed.append(1)
        return encode(*given)

    monkeypatch.setattr(MD5PasswordHasher, "encode", counted)
    _, token = invite(cast, f"{name}@example.org")
    with pytest.raises(Invalid, match="This password will not do"):
        join(token=token, name="Somebody", password="1234567890")
    assert hashed == [1]


def test_who_made_an_account_of_an_invited_address_first_gets_nothing_of_the_invitation(cast):
    """Ruth's customer invites an address that is not theirs, takes the link, and makes the account and a key."""
    _, theirs = invite_member(customer=cast.meridian, email="nora@example.org", role="customer_admin", actor=cast.ruth)
    squatter = join(token=theirs, name="Not Nora", password=PASSWORD)
    _, text = issue_key(user=squatter, name="kept", scopes=[Scope.READ], actor=squatter)
    _, token = invite(cast)
    with pytest.raises(Invalid, match="This password will not do"):
        join(token=token, name="Nora", password="what Nora would choose")
    assert not Membership.objects.filter(user=squatter, customer=cast.northwind).exists()
    own = take_back_account(user=squatter, actor=cast.otto)
    join(token=token, name="Nora", password=own)
    assert Membership.objects.filter(user=squatter, customer=cast.northwind).count() == 1
    assert Client().get("/api/v1/projects", headers={"Authorization": f"Bearer {text}"}).status_code == 401
    assert not Client().login(username="nora@example.org", password=PASSWORD)


def test_somebody_who_is_logged_in_as_another_does_not_join(cast):
    _, token = invite(cast, "nora@example.org", "customer_admin")
    client = Client()
    client.force_login(cast.victor)
    for password in (PASSWORD, "victor-password"):
        refusal = client.post(f"/welcome/{token}/", {"name": "Nora", "password": password})
        assert refusal.status_code == 422
        assert "you are logged in as victor@example.org" in refusal.content.decode()
    assert not User.objects.filter(email="nora@example.org").exists()
    assert [each.role for each in Membership.objects.filter(user=cast.victor)] == ["customer_viewer"]
    assert opened(token).accepted_at is None
