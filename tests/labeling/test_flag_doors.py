"""The doors of flags: lists without words, decisions and redactions by those who upload, and the console's actions."""

import pytest
from django.test import Client
from django.urls import reverse

from config.console.dashboard import troubles
from labeling.models import Flag, Item, ItemVersion
from tests.cast import open_new_project
from tests.factories import item_row, judge, settle, upload
from tests.labeling.test_flagging import LONG, row
from tests.labeling.test_redaction import with_mail


def post(cast, who, path, body):
    return Client().post(f"/api/v1/{path}", data=body, content_type="application/json", headers=cast.bearer(who))


def flags_of(cast, who, project, **query):
    return Client().get(f"/api/v1/projects/{project.public_id}/flags", query, headers=cast.bearer(who))


def test_the_list_says_what_and_where_and_never_the_words(cast, django_assert_max_num_queries):
    upload(cast.project, cast.dana, row("one", LONG), row("two", LONG), with_mail("mail"))
    judge(cast.anna, rationale="Ask dora@example.org.")
    settle()
    headers = cast.bearer("victor")
    with django_assert_max_num_queries(8):
        answer = Client().get(f"/api/v1/projects/{cast.project.public_id}/flags", headers=headers)
    found = answer.json()["results"]
    assert len(found) == 5
    assert "example.org" not in answer.content.decode()
    one, two, mail = Item.objects.order_by("id")
    by_kind = {(each["kind"], each["field"]): each for each in found}
    near = by_kind["near_duplicate", ""]
    assert (near["item"], near["other_item"], near["version"]) == (str(two.public_id), str(one.public_id), 1)
    assert by_kind["personal_data", "messages[0].content"] | {"id": "", "created_at": ""} == {
        "id": "", "kind": "personal_data", "item": str(mail.public_id), "version": 1, "annotation": None,
        "other_item": None, "field": "messages[0].content", "detail": {"pattern": "email", "count": 2}, "note": "",
        "state": "open",
        "reason": "", "created_at": "", "decided_at": None,
    }  # fmt: skip
    written = by_kind["personal_data", "rationale"]
    assert written["annotation"] is not None
    assert written["item"] == str(one.public_id)


def test_the_list_is_filtered_by_kind_and_state(cast):
    upload(cast.project, cast.dana, row("one", LONG), row("two", LONG), with_mail("mail"))
    flag = Flag.objects.get(kind="near_duplicate")
    post(cast, "dana", f"flags/{flag.public_id}/decision", {"decision": "dismiss", "reason": "On purpose"})
    for query, count in (({"kind": "personal_data"}, 3), ({"state": "dismissed"}, 1), ({"kind": "language"}, 0)):
        assert len(flags_of(cast, "dana", cast.project, **query).json()["results"]) == count
    assert flags_of(cast, "dana", cast.project, kind="colour").status_code == 400


@pytest.mark.parametrize(("decision", "state"), [("dismiss", "dismissed"), ("confirm", "confirmed")])
def test_a_customers_uploader_decides(cast, decision, state):
    upload(cast.project, cast.dana, with_mail())
    flag = Flag.objects.first()
    body = {"decision": decision, "reason": "We know them"}
    answer = post(cast, "dana", f"flags/{flag.public_id}/decision", body)
    assert (answer.status_code, answer.json()["state"], answer.json()["reason"]) == (200, state, "We know them")
    again = post(cast, "dana", f"flags/{flag.public_id}/decision", body)
    assert (again.status_code, again.json()["code"]) == (409, "conflict")
    for wrong in ({"decision": "perhaps", "reason": "x"}, {"decision": "dismiss"}, {}):
        assert post(cast, "dana", f"flags/{flag.public_id}/decision", wrong).status_code == 400


def test_nobody_else_decides_or_redacts(cast):
    upload(cast.project, cast.dana, with_mail())
    flag, item = Flag.objects.first(), Item.objects.get()
    for who in ("victor", "ruth"):
        body = {"decision": "dismiss", "reason": "x"}
        assert post(cast, who, f"flags/{flag.public_id}/decision", body).status_code == 404
        assert post(cast, who, f"items/{item.public_id}/redaction", {"reason": "x"}).status_code == 404
    assert set(Flag.objects.values_list("state", flat=True)) == {"open"}
    assert ItemVersion.objects.count() == 1


def test_an_item_is_redacted_through_the_api(cast):
    upload(cast.project, cast.dana, with_mail())
    item = Item.objects.get()
    path = f"items/{item.public_id}/redaction"
    part = post(cast, "dana", path, {"reason": "Not ours", "places": ["metadata.by"]})
    assert (part.status_code, part.json()["version"], part.json()["id"]) == (201, 2, str(item.public_id))
    assert "messages" not in part.json()
    assert post(cast, "dana", path, {"reason": "Not ours"}).json()["version"] == 3
    assert post(cast, "dana", path, {"reason": "Not ours"}).status_code == 409
    assert post(cast, "dana", path, {}).status_code == 400
    assert ItemVersion.objects.count() == 3


def test_a_batch_tells_how_far_its_flags_are(cast):
    batch = upload(cast.project, cast.dana, with_mail())
    told = Client().get(f"/api/v1/batches/{batch.public_id}", headers=cast.bearer("dana")).json()
    assert told["flagged_count"] == 1
    assert told["flagged_at"] is not None


def test_the_portal_says_quietly_how_many_wait(cast):
    client = Client()
    client.force_login(cast.victor)
    page = f"/portal/projects/{cast.project.public_id}/"
    assert 'data-testid="open-flags"' not in client.get(page).content.decode()
    upload(cast.project, cast.dana, with_mail())
    assert "3 flags wait for a look." in client.get(page).content.decode()


def console(user):
    client = Client()
    client.force_login(user)
    return client


def act(client, model, action, row, **more):
    return client.post(
        reverse(f"admin:labeling_{model}_changelist"),
        {"action": action, "_selected_action": [row.pk], **more},
        follow=True,
    )


def test_an_operator_decides_and_redacts_with_a_reason(cast):
    upload(cast.project, cast.dana, with_mail())
    client = console(cast.mira)
    first, second, third = Flag.objects.order_by("id")
    assert b"Why?" in act(client, "flag", "dismiss_flag", first).content
    act(client, "flag", "dismiss_flag", first, reason="Invented")
    act(client, "flag", "confirm_flag", second, reason="Real")
    act(client, "flag", "redact_flagged", third, reason="Real too")
    assert list(Flag.objects.order_by("id").values_list("state", "reason")) == [
        ("dismissed", "Invented"), ("confirmed", "Real"), ("confirmed", "Real too"),
    ]  # fmt: skip
    assert ItemVersion.objects.count() == 2
    upload(cast.project, cast.dana, with_mail("other"))
    act(client, "item", "redact_item", Item.objects.get(external_id="other"), reason="Real")
    assert Item.objects.get(external_id="other").current_version.number == 2


def test_the_console_lists_flags_with_links_and_says_that_they_wait(cast, django_assert_max_num_queries):
    upload(cast.project, cast.dana, row("one", LONG), row("two", LONG), with_mail("mail"))
    judge(cast.anna, rationale="Ask dora@example.org.")
    settle()
    client = console(cast.mira)
    with django_assert_max_num_queries(10):  # with the session and the person
        page = client.get(reverse("admin:labeling_flag_changelist")).content.decode()
    for item in Item.objects.filter(external_id__in=["one", "two", "mail"]):
        assert reverse("admin:labeling_item_change", args=[item.pk]) in page
    told = [each for each in troubles(cast.mira) if each and each.what == "flags wait for somebody"]
    assert [(each.count, each.link) for each in told] == [
        ("5", reverse("admin:labeling_flag_changelist") + "?state__exact=open")
    ]
    assert not [each for each in troubles(cast.otto) if each and each.what == "flags wait for somebody"]


def test_flags_of_another_project_are_not_listed(cast):
    other = open_new_project(cast.northwind, "other", cast.mira)
    upload(other, cast.dana, with_mail())
    upload(cast.project, cast.dana, item_row("plain"))
    assert flags_of(cast, "dana", cast.project).json()["results"] == []
    assert len(flags_of(cast, "dana", other).json()["results"]) == 3
