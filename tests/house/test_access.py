"""Every address x every role x own and foreign objects."""

import uuid

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from config.kernel.keys import issue_key, revoke_key
from config.kernel.models import ApiKey
from config.kernel.types import Scope
from labeling.models import Annotation, Batch, Flag, Item, Membership, Project, UnplacedAnswer
from labeling.services.invitations import invite_member, withdraw_invitation
from quality.services.exams import open_exam
from quality.services.feedback import tell_reviewer
from quality.services.rulings import answer_ruling, ask_for_ruling
from quality.types import FeedbackKind
from routing.models import Lease
from routing.services.blocks import place_block
from routing.services.submits import submit_task
from tests.cast import gather_cast
from tests.factories import freeze, item_row, prefer, resolve_items, take, upload, upload_items

READERS = {"dana": 200, "victor": 200, "ruth": 404, "mira": 403, "anna": 403, "nobody": 401}
UPLOADERS = {**READERS, "dana": 422, "victor": 404}
DECIDERS = {**READERS, "dana": 422, "victor": 404}
EVERY_CUSTOMER = {**READERS, "ruth": 200}
PORTAL = {"dana": 200, "victor": 200, "ruth": 404, "mira": 302, "anna": 302, "nobody": 302}
DESK = {"anna": 200, "dana": 403, "victor": 403, "ruth": 403, "mira": 403, "nobody": 401}
LEASE_OF_ANNA = {**DESK, "remo": 404}
MANAGERS = {**EVERY_CUSTOMER, "ruth": 404, "victor": 404}
ALL = dict.fromkeys(("dana", "victor", "ruth", "mira", "anna", "nobody"), 200)

# Each address with its method, what is sent, and what each of the cast is answered. {names} are Northwind's objects.
DOORS = [
    ("GET", "", None, dict.fromkeys(ALL, 302)),
    ("GET", "api/schema/", None, ALL),
    ("GET", "api/docs/", None, ALL),
    ("GET", "api/v1/projects", None, EVERY_CUSTOMER),
    ("GET", "api/v1/access-log", None, EVERY_CUSTOMER),
    ("GET", "api/v1/signing-keys", None, EVERY_CUSTOMER),
    ("GET", "api/v1/members", None, EVERY_CUSTOMER),
    ("POST", "api/v1/members", {}, {**EVERY_CUSTOMER, "dana": 400, "victor": 400, "ruth": 400}),
    ("DELETE", "api/v1/members/{member}", None, {**MANAGERS, "dana": 409}),
    ("GET", "api/v1/invitations", None, EVERY_CUSTOMER),
    ("POST", "api/v1/invitations", {}, {**EVERY_CUSTOMER, "dana": 400, "victor": 400, "ruth": 400}),
    ("DELETE", "api/v1/invitations/{invitation}", None, {**MANAGERS, "dana": 409}),
    ("GET", "api/v1/keys", None, EVERY_CUSTOMER),
    ("POST", "api/v1/keys", {}, {**EVERY_CUSTOMER, "dana": 400, "victor": 400, "ruth": 400}),
    ("DELETE", "api/v1/keys/{key}", None, {**MANAGERS, "dana": 409}),
    ("GET", "api/v1/blocks", None, EVERY_CUSTOMER),
    ("POST", "api/v1/blocks", {}, {**EVERY_CUSTOMER, "dana": 400, "victor": 400, "ruth": 400}),
    ("POST", "api/v1/blocks/{block}/lift", {"reason": " "}, {**MANAGERS, "dana": 422}),
    ("GET", "api/v1/projects/{project}", None, READERS),
    ("GET", "api/v1/projects/{project}/progress", None, READERS),
    ("GET", "api/v1/projects/{project}/clock", None, READERS),
    ("GET", "api/v1/projects/{project}/calibration", None, READERS),
    ("PUT", "api/v1/projects/{project}/calibration", {"verdicts": [{"external_id": "?", "answers": {}}]}, DECIDERS),
    ("GET", "api/v1/projects/{project}/quality", None, READERS),
    ("GET", "api/v1/form-templates", None, EVERY_CUSTOMER),
    ("GET", "api/v1/projects/{project}/form", None, READERS),
    ("GET", "api/v1/projects/{project}/guidelines", None, READERS),
    ("POST", "api/v1/projects/{project}/guidelines", {"clauses": [{}], "change_kind": "editorial"}, UPLOADERS),
    ("GET", "api/v1/projects/{project}/guidelines/1", None, READERS),
    ("PUT", "api/v1/projects/{project}/guidelines/1", {}, {**UPLOADERS, "dana": 404}),
    ("GET", "api/v1/projects/{project}/guidelines/1/changes", None, READERS),
    ("GET", "api/v1/projects/{project}/guidelines/1/blast-radius", None, READERS),
    ("GET", "api/v1/projects/{project}/batches", None, READERS),
    ("POST", "api/v1/projects/{project}/batches", b"", UPLOADERS),
    ("GET", "api/v1/projects/{project}/column-mappings", None, READERS),
    ("POST", "api/v1/projects/{project}/column-mappings", {"name": "x", "document": {}}, UPLOADERS),
    ("POST", "api/v1/projects/{project}/column-mappings/preview", {}, {**UPLOADERS, "dana": 415}),
    ("GET", "api/v1/projects/{project}/items", None, READERS),
    ("GET", "api/v1/projects/{project}/releases", None, READERS),
    ("GET", "api/v1/projects/{project}/costs", None, READERS),
    ("GET", "api/v1/projects/{project}/flags", None, READERS),
    ("POST", "api/v1/flags/{flag}/decision", {"decision": "perhaps"}, {**UPLOADERS, "dana": 400}),
    ("POST", "api/v1/items/{item}/redaction", {}, {**UPLOADERS, "dana": 400}),
    ("GET", "api/v1/batches/{batch}", None, READERS),
    ("GET", "api/v1/batches/{batch}/rejects", None, READERS),
    ("GET", "api/v1/batches/{batch}/rejects.ndjson", None, READERS),
    ("GET", "api/v1/items/{item}", None, READERS),
    ("GET", "api/v1/items/{item}/life", None, READERS),
    ("POST", "api/v1/items/{item}/erasure", {"reason": ""}, UPLOADERS),
    ("GET", "api/v1/erasures", None, EVERY_CUSTOMER),
    ("GET", "api/v1/legal-holds", None, EVERY_CUSTOMER),
    ("GET", "api/v1/retention", None, EVERY_CUSTOMER),
    ("GET", "api/v1/releases/{release}", None, READERS),
    ("GET", "api/v1/releases/{release}/manifest", None, READERS),
    ("GET", "api/v1/releases/{release}/files", None, READERS),
    ("GET", "api/v1/releases/{release}/files/records.jsonl", None, READERS),
    ("GET", "api/v1/releases/{release}/sample", None, READERS),
    ("POST", "api/v1/releases/{release}/sample/{entry}/verdict", {"verdict": "defect"}, DECIDERS),
    ("POST", "api/v1/releases/{release}/decision", {"decision": "reject"}, DECIDERS),
    ("POST", "api/v1/projects/{project}/releases", {}, {**DECIDERS, "dana": 202}),
    ("GET", "api/desk/v1/me", None, DESK),
    ("POST", "api/desk/v1/next", {}, DESK),
    ("GET", "api/desk/v1/availability", None, DESK),
    ("PUT", "api/desk/v1/availability", {"daily_limit": None}, DESK),
    ("GET", "api/desk/v1/leaves", None, DESK),
    ("POST", "api/desk/v1/leaves", {}, {**DESK, "anna": 400}),
    ("DELETE", "api/desk/v1/leaves/{leave}", None, {**LEASE_OF_ANNA, "anna": 404}),
    ("POST", "api/desk/v1/prefetch", {}, {**DESK, "remo": 409}),
    ("POST", "api/desk/v1/projects/{project}/acknowledge", {"number": 1}, LEASE_OF_ANNA),
    ("POST", "api/desk/v1/tasks/{token}/heartbeat", {}, LEASE_OF_ANNA),
    ("POST", "api/desk/v1/tasks/{token}/extend", {}, LEASE_OF_ANNA),
    ("PUT", "api/desk/v1/tasks/{token}/draft", {"value": {}}, LEASE_OF_ANNA),
    ("POST", "api/desk/v1/tasks/{token}/submit", {"value": {}}, {**LEASE_OF_ANNA, "anna": 422}),
    ("POST", "api/desk/v1/tasks/{token}/flag", {"kind": "broken"}, {**LEASE_OF_ANNA, "anna": 201}),
    ("POST", "api/desk/v1/tasks/{token}/ask", {"clause": "true", "question": "Why?"}, {**LEASE_OF_ANNA, "anna": 201}),
    ("POST", "api/desk/v1/tasks/{token}/skip", {"reason": "Test"}, LEASE_OF_ANNA),
    ("GET", "api/desk/v1/projects", None, {**DESK, "remo": 200}),
    ("GET", "api/desk/v1/answers", None, {**DESK, "remo": 200}),
    ("GET", "api/desk/v1/answers/{answer}", None, LEASE_OF_ANNA),
    ("PUT", "api/desk/v1/answers/{answer}/correct", {"value": {}}, {**LEASE_OF_ANNA, "anna": 422}),
    ("POST", "api/desk/v1/messages/{message}/read", {}, LEASE_OF_ANNA),
    ("GET", "api/desk/v1/rulings", None, {**DESK, "remo": 200}),
    ("POST", "api/desk/v1/rulings/{ruling}/read", {}, LEASE_OF_ANNA),
    ("GET", "api/desk/v1/exams", None, {**DESK, "remo": 200}),
    ("POST", "api/desk/v1/exams/{exam}/sittings", {}, {**LEASE_OF_ANNA, "anna": 409}),
    ("GET", "api/desk/v1/answers/{answer}/explanation", None, {**LEASE_OF_ANNA, "anna": 404}),
    ("GET", "desk/exams/", None, {**dict.fromkeys(ALL, 302), "anna": 200}),
    ("GET", "api/desk/v1/feedback", None, {**DESK, "remo": 200}),
    ("POST", "api/desk/v1/feedback/{feedback}/read", {}, LEASE_OF_ANNA),
    ("POST", "api/desk/v1/feedback/{feedback}/appeal", {"words": "It is true."}, {**LEASE_OF_ANNA, "anna": 201}),
    ("GET", "desk/", None, {**dict.fromkeys(ALL, 302), "anna": 200}),
    ("GET", "desk/availability/", None, {**dict.fromkeys(ALL, 302), "anna": 200}),
    ("GET", "desk/login/", None, ALL),
    ("POST", "desk/logout/", {}, dict.fromkeys(ALL, 302)),
    ("GET", "portal/", None, {**PORTAL, "ruth": 200}),
    ("GET", "portal/login/", None, ALL),
    ("POST", "portal/logout/", {}, dict.fromkeys(ALL, 302)),
    ("GET", "portal/people/", None, {**PORTAL, "ruth": 200}),
    ("POST", "portal/people/invitations/", {}, {**PORTAL, "dana": 302, "victor": 404, "ruth": 302}),
    ("POST", "portal/people/invitations/{invitation}/withdraw/", {}, {**PORTAL, "dana": 404, "victor": 404}),
    ("POST", "portal/people/members/{member}/remove/", {}, {**PORTAL, "dana": 302, "victor": 404}),
    ("POST", "portal/people/keys/", {}, {**PORTAL, "dana": 302, "victor": 302, "ruth": 302}),
    ("POST", "portal/people/keys/{key}/revoke/", {}, {**PORTAL, "dana": 302, "victor": 404}),
    ("GET", "portal/people/blocked/", None, {**PORTAL, "ruth": 200}),
    ("POST", "portal/people/blocked/place/", {}, {**PORTAL, "dana": 302, "victor": 404, "ruth": 302}),
    ("POST", "portal/people/blocked/{block}/lift/", {}, {**PORTAL, "dana": 302, "victor": 404}),
    ("GET", "welcome/{welcome}/", None, ALL),
    ("GET", "welcome/unknown/", None, dict.fromkeys(ALL, 404)),
    ("GET", "portal/projects/{project}/", None, PORTAL),
    ("GET", "portal/projects/{project}/flags/", None, PORTAL),
    ("GET", "portal/projects/{project}/calibration/", None, PORTAL),
    ("GET", "portal/projects/{project}/calibration/{calibrated}/", None, {**PORTAL, "victor": 404}),
    ("POST", "portal/projects/{project}/calibration/{calibrated}/", {}, {**PORTAL, "dana": 302, "victor": 404}),
    ("POST", "portal/flags/{flag}/decision/", {}, {**PORTAL, "dana": 302, "victor": 404}),
    ("GET", "portal/batches/{batch}/", None, PORTAL),
    ("POST", "portal/projects/{project}/upload/", {}, {**PORTAL, "dana": 302, "victor": 404}),
    ("POST", "portal/projects/{project}/release/", {}, {**PORTAL, "dana": 302, "victor": 404}),
    ("GET", "portal/releases/{release}/", None, PORTAL),
    ("GET", "portal/releases/{release}/files/README.md", None, PORTAL),
    ("POST", "portal/releases/{release}/sample/{entry}/", {}, {**PORTAL, "dana": 302, "victor": 404}),
    ("POST", "portal/releases/{release}/decision/", {}, {**PORTAL, "dana": 302, "victor": 404}),
    ("GET", "admin/content/{version}/", None, {**dict.fromkeys(ALL, 302), "mira": 200, "otto": 404}),
    ("GET", "admin/operations/{project}/", None, {**dict.fromkeys(ALL, 302), "mira": 200, "otto": 404}),
    ("GET", "admin/quality/{project}/", None, {**dict.fromkeys(ALL, 302), "mira": 200, "otto": 404}),
    ("GET", "admin/quality/{project}/judges/", None, {**dict.fromkeys(ALL, 302), "mira": 200, "otto": 404}),
    ("GET", "admin/form-preview/", None, {**dict.fromkeys(ALL, 302), "mira": 200, "otto": 200}),
    ("POST", "admin/form-check/", {}, {**dict.fromkeys(ALL, 302), "mira": 200, "otto": 200}),
]


@pytest.fixture
def house(transactional_db):
    cast = gather_cast()
    items = resolve_items(cast.project, cast.mira, [cast.anna, cast.bela, cast.cleo], count=2)
    release = freeze(cast.project, cast.dana)
    upload(cast.project, cast.mira, item_row("mail", metadata={"by": "anna@example.org"}))
    upload_items(cast.foreign_project, cast.otto)
    places = {
        "project": cast.project.public_id,
        "batch": Batch.objects.filter(project=cast.project).earliest("id").public_id,
        "item": items[0].public_id,
        "calibrated": calibrated(cast).public_id,
        "flag": Flag.objects.first().public_id,
        "version": items[0].current_version_id,
        "release": release.public_id,
        "entry": release.sample.entries.first().public_id,
        "member": Membership.objects.get(user=cast.dana).public_id,
        "block": place_block(customer=cast.northwind, reviewer=cast.dido, reason="Test", actor=cast.dana).public_id,
        "leave": uuid.uuid4(),
        "exam": open_exam(project=cast.project, kind="training", name="First", actor=cast.mira).public_id,
        **said_by_anna(cast),
        **people_of(cast),
    }
    return cast, places


def calibrated(cast):
    """An item of a calibration batch, which nobody but its customer's people may answer in the portal."""
    project, before = Project.objects.filter(pk=cast.project.pk), cast.project.stage
    project.update(stage="calibration")
    upload(project.get(), cast.mira, item_row("calibrated"))
    project.update(stage=before)
    return Item.objects.get(external_id="calibrated")


def said_by_anna(cast):
    """What Anna's desk names: an answer, a message that another was kept, and a ruling that she asked for."""
    lease = Lease.objects.filter(reviewer=cast.anna).first()
    kept = submit_task(user=cast.anna.user, token=lease.token, answers=prefer("tie"), seconds=1.0)
    assert not kept.is_placed
    ruling, _ = ask_for_ruling(lease=lease, clause="true", question="May both be wrong?", actor=cast.anna.user)
    return {
        "answer": (answer := Annotation.objects.filter(reviewer=cast.anna).first()).public_id,
        "feedback": tell_reviewer(annotation=answer, kind=FeedbackKind.AUDITED, words="Test").public_id,
        "message": UnplacedAnswer.objects.get(reviewer=cast.anna).submission,
        "ruling": answer_ruling(ruling=ruling, answer="Yes.", actor=cast.mira).public_id,
    }


def people_of(cast):
    """What Dana manages: an invitation that was withdrawn, one that is open, and a key that was revoked."""
    closed, _ = invite_member(customer=cast.northwind, email="eve@example.org", role="customer_viewer", actor=cast.dana)
    withdraw_invitation(invitation=closed, actor=cast.dana)
    _, token = invite_member(customer=cast.northwind, email="ivo@example.org", role="customer_viewer", actor=cast.dana)
    key, _ = issue_key(user=cast.dana, name="old", scopes=[Scope.READ], actor=None)
    revoke_key(key=key, actor=cast.dana)
    return {"invitation": closed.public_id, "welcome": token, "key": key.public_id}


def ask(cast, who, method, path, body):
    """Make one request as `who`, with the credentials that belong there, and return its status."""
    client = Client()
    headers = {}
    is_api = path.startswith("/api/")
    if who != "nobody":
        if is_api and who not in {"mira", "otto"}:
            headers = cast.bearer(who)
        else:
            person = getattr(cast, who)
            client.force_login(getattr(person, "user", person))
    content = {"data": body, "content_type": "application/json"} if is_api and isinstance(body, dict) else {}
    if isinstance(body, bytes):
        content = {"data": body, "content_type": "application/x-ndjson"}
    return getattr(client, method.lower())(path, headers=headers, **content).status_code


def test_every_door_answers_everybody_as_it_should(house):
    cast, places = house
    wrong = []
    for method, pattern, body, expected in DOORS:
        for who, status in expected.items():
            token = lease_of_anna(cast) if "{token}" in pattern else None
            found = ask(cast, who, method, "/" + pattern.format(token=token, **places), body)
            if found != status:
                wrong.append(f"{method} /{pattern} as {who}: {found}, not {status}")
    assert wrong == []


def lease_of_anna(cast):
    """Return the token of what Anna holds: a new item of her project, if she has none."""
    upload(cast.project, cast.mira, item_row(f"more-{uuid.uuid4()}"))
    return take(cast.anna).token


def patterns(resolver, prefix=""):
    for each in resolver.url_patterns:
        path = prefix + str(each.pattern)
        if isinstance(each, URLResolver):
            if each.app_name != "admin":
                yield from patterns(each, path)
        elif isinstance(each, URLPattern):
            yield each, path


def test_every_address_has_its_line_in_the_table():
    """A new address is decided on here before it exists. The console's own are walked by its tests."""
    resolver = get_resolver()
    known = set()
    for _method, pattern, _body, _expected in DOORS:
        path = pattern.format(
            **dict.fromkeys(
                (
                    "project",
                    "batch",
                    "item",
                    "release",
                    "entry",
                    "token",
                    "member",
                    "invitation",
                    "key",
                    "welcome",
                    "flag",
                    "block",
                    "leave",
                    "answer",
                    "message",
                    "ruling",
                    "exam",
                    "feedback",
                    "calibrated",
                ),
                uuid.uuid4(),
            ),
            version=1,
        )
        known.add(resolver.resolve("/" + path).route)
    assert {path for _, path in patterns(resolver)} - known == set()


def test_a_key_opens_only_what_its_scope_names(house):
    cast, places = house
    client = Client()
    reading = cast.bearer("dana", Scope.READ)
    assert client.get(f"/api/v1/projects/{places['project']}", headers=reading).status_code == 200
    refused = client.post(f"/api/v1/projects/{places['project']}/releases", headers=reading)
    assert (refused.status_code, refused.json()["code"]) == (403, "permission_denied")
    deciding = cast.bearer("dana", Scope.DECIDE)
    assert client.get(f"/api/v1/projects/{places['project']}", headers=deciding).status_code == 403


def test_revoked_expired_and_unknown_keys_open_nothing(cast):
    client, bearer = Client(), cast.bearer("dana")
    assert client.get("/api/v1/projects", headers=bearer).status_code == 200
    key = ApiKey.objects.get(user=cast.dana)
    ApiKey.objects.update(expiry=timezone.now())
    assert client.get("/api/v1/projects", headers=bearer).status_code == 401
    ApiKey.objects.update(expiry=None)
    revoke_key(key=key, actor=cast.dana)
    answer = client.get("/api/v1/projects", headers=bearer)
    assert answer.status_code == 401
    assert "revoked" in answer.json()["detail"]
    assert answer["WWW-Authenticate"] == "Bearer"
    for text in ("assay_" + "0" * 60, "æøå", ""):
        headers = {"Authorization": f"Bearer {text}".encode().decode("latin-1")}
        assert client.get("/api/v1/projects", headers=headers).status_code == 401


def test_lists_hold_own_rows_only(house):
    cast, places = house
    client = Client()
    for name, slugs in (("dana", ["pairs"]), ("ruth", ["notes"])):
        found = client.get("/api/v1/projects", headers=cast.bearer(name)).json()["results"]
        assert [each["slug"] for each in found] == slugs
    items = client.get(f"/api/v1/projects/{places['project']}/items", headers=cast.bearer("dana")).json()["results"]
    assert {each["id"] for each in items} == {str(item.public_id) for item in Item.objects.filter(project=cast.project)}


def test_a_superuser_sees_no_customers_content_without_a_grant(house):
    cast, places = house
    cast.otto.is_superuser = True
    cast.otto.save()
    assert ask(cast, "otto", "GET", f"/admin/content/{places['version']}/", None) == 404


def test_people_of_one_surface_do_not_log_in_at_another(cast):
    client = Client()
    answer = client.post("/desk/login/", {"username": "dana@example.org", "password": "dana-password"})
    assert answer.status_code == 200
    assert "log in at /portal/" in answer.content.decode()
    assert client.get("/desk/").status_code == 302
    assert (
        client.post("/portal/login/", {"username": "Dana@Example.org", "password": "dana-password"}).status_code == 302
    )
    assert client.get("/portal/").status_code == 200
