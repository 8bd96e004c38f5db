"""An Idempotency-Key at the doors of flags, redactions, members, invitations and keys: done once, answered alike."""

import pytest
from django.test import Client

from config.kernel.models import ApiKey, IdempotencyAnswer
from labeling.models import Flag, Invitation, Item, ItemVersion, Membership
from labeling.services.invitations import open_invitation
from tests.factories import upload
from tests.labeling.test_redaction import with_mail

PATHS = (
    "/api/v1/flags/{flag}/decision", "/api/v1/items/{item}/redaction", "/api/v1/members", "/api/v1/invitations", "/api/v1/keys",
)  # fmt: skip


@pytest.fixture
def post(cast):
    bearer = cast.bearer("dana")

    def send(path, body, key="once"):
        headers = {**bearer, "Idempotency-Key": key}
        return Client().post(f"/api/v1/{path}", body, content_type="application/json", headers=headers)

    return send


def twice(post, path, body, other):
    """Send the same twice and something else with the same key; return the two answers."""
    first, again, wrong = post(path, body), post(path, body), post(path, other)
    assert (again.status_code, again.headers["Idempotency-Replayed"]) == (first.status_code, "true")
    assert (wrong.status_code, wrong.json()["code"]) == (422, "idempotency_key_reused")
    return first, again


def test_a_flag_is_decided_once(cast, post):
    upload(cast.project, cast.dana, with_mail())
    flag = Flag.objects.first()
    body = {"decision": "dismiss", "reason": "Ours"}
    first, again = twice(post, f"flags/{flag.public_id}/decision", body, {**body, "reason": "Theirs"})
    assert first.json() == again.json()
    assert (first.status_code, first.json()["state"]) == (200, "dismissed")


def test_an_item_is_redacted_once(cast, post):
    upload(cast.project, cast.dana, with_mail())
    item = Item.objects.get()
    first, again = twice(post, f"items/{item.public_id}/redaction", {"reason": "Ours"}, {"reason": "Theirs"})
    assert (first.status_code, first.json()) == (201, again.json())
    assert ItemVersion.objects.count() == 2


def test_a_member_is_added_once(cast, post):
    body = {"email": "victor@example.org", "role": "customer_admin"}
    first, again = twice(post, "members", body, {**body, "role": "customer_viewer"})
    assert (first.status_code, first.json()) == (201, again.json())
    assert Membership.objects.filter(user=cast.victor).count() == 2


def test_an_invitation_is_made_once_and_its_link_is_not_kept(cast, post):
    body = {"email": "nora@example.org", "role": "customer_viewer"}
    first, again = twice(post, "invitations", body, {**body, "days": 3})
    token = first.json()["link"].rstrip("/").split("/")[-1]
    assert open_invitation(token=token, address="192.0.2.1") == Invitation.objects.get()
    assert again.json() == {**first.json(), "link": None}
    assert token not in str(IdempotencyAnswer.objects.values_list("body"))


def test_a_key_is_made_once_and_its_text_is_not_kept(cast, post):
    first, again = twice(post, "keys", {"name": "n", "scopes": ["read"]}, {"name": "m", "scopes": ["read"]})
    assert again.json() == {**first.json(), "key": None}
    assert ApiKey.objects.filter(name="n").count() == 1
    assert first.json()["key"] not in str(IdempotencyAnswer.objects.values_list("body"))


def test_the_description_of_the_api_names_the_header(db):
    paths = Client().get("/api/schema/?format=json").json()["paths"]
    for path in PATHS:
        told = [each["name"] for each in paths[path]["post"]["parameters"]]
        assert "Idempotency-Key" in told, path
