"""Canonical JSON, locks, transitions, handoffs, idempotency, problems, logs."""

import json
import logging
import sys
import time

import pytest
from django.db import connection, transaction
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st
from psycopg.types.json import Jsonb

from config.kernel import events, handoffs
from config.kernel.api.idempotency import forget_old
from config.kernel.canonical import NotCanonical, canonical_bytes, digest
from config.kernel.errors import TransitionRefused
from config.kernel.locks import LockOrderViolation, lock_row
from config.kernel.logs import JsonFormatter
from config.kernel.models import Event, Handoff, IdempotencyAnswer, WakeUp
from config.kernel.rendering import render_markdown
from config.kernel.transitions import transition
from config.kernel.types import Subscription
from labeling.models import Item, Project
from labeling.types import PROJECT_MACHINE
from tests.factories import item_row, lines, run_jobs, upload_items

values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(-1e15, 1e15) | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00")),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00")), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@given(values)
def test_canonical_json_is_a_fixed_point_of_reading_and_writing(value):
    assert canonical_bytes(json.loads(canonical_bytes(value))) == canonical_bytes(value)


def test_canonical_json_survives_jsonb(db):
    value = {"b": [1.0, 1.5, -0.0, "é\n\u2028"], "a": {"z": None, "aa": True}, "n": 12345678901234.5}
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s::jsonb::text", [Jsonb(value)])
        again = json.loads(cursor.fetchone()[0])
    assert digest(again) == digest(value)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e300, "\ud800", {"a": "\x00"}, {1, 2}])
def test_what_has_no_canonical_form_is_refused(value):
    with pytest.raises(NotCanonical):
        canonical_bytes(value)


def test_a_row_lock_waits_for_writers_and_not_for_those_who_refer(cast, django_assert_num_queries):
    with transaction.atomic(), django_assert_num_queries(1) as seen:
        lock_row(Project.objects.filter(pk=cast.project.pk))
    assert "FOR NO KEY UPDATE" in seen.captured_queries[0]["sql"]


def test_locks_are_taken_in_the_documented_order(cast):
    [item] = upload_items(cast.project, cast.mira)
    with transaction.atomic():
        lock_row(Item.objects.filter(pk=item.pk))
        with pytest.raises(LockOrderViolation, match=r"labeling\.Project must be locked before labeling\.Item"):
            lock_row(Project.objects.filter(pk=cast.project.pk))
    with transaction.atomic():
        lock_row(Project.objects.filter(pk=cast.project.pk))


def test_a_state_changes_only_under_its_lock_and_along_its_edges(cast):
    with transaction.atomic(), pytest.raises(LockOrderViolation):
        transition(cast.project, "paused", machine=PROJECT_MACHINE, actor_id=None)
    with transaction.atomic():
        project = lock_row(Project.objects.filter(pk=cast.project.pk))
        with pytest.raises(TransitionRefused, match="it cannot become draft"):
            transition(project, "draft", machine=PROJECT_MACHINE, actor_id=None)
        transition(project, "paused", machine=PROJECT_MACHINE, actor_id=cast.mira.pk, data={"why": "test"})
    event = Event.objects.get(kind="project.paused")
    assert (event.subject, event.subject_id, event.actor_id) == ("labeling.project", project.pk, cast.mira.pk)
    assert (event.customer_id, event.data) == (cast.northwind.pk, {"from": "open", "why": "test"})


heard: list[int] = []


def hear(facts):
    heard.extend(fact.subject_id for fact in facts)


def choke(facts):
    if any(fact.data.get("bad") for fact in facts):
        raise ValueError("This fact is bad.")
    heard.extend(fact.subject_id for fact in facts)


@pytest.fixture
def ears(monkeypatch):
    heard.clear()
    table = (
        Subscription("hearer", hears=("test.said",), job=f"{__name__}.hear"),
        Subscription("choker", hears=("test.choked",), job=f"{__name__}.choke"),
    )
    monkeypatch.setattr(events, "subscriptions", lambda: table)
    monkeypatch.setattr(events, "subscribers_of", lambda kind: [each.name for each in table if kind in each.hears])
    monkeypatch.setattr(handoffs, "subscriptions", lambda: table)
    return heard


def drain(name):
    return handoffs.drain(name, until=time.monotonic() + 60)


def say(kind, *rows):
    events.record_many(kind, subject="labeling.item", rows=[(row[0], None, row[1]) for row in rows], actor_id=None)


def test_a_fact_is_handed_on_once_and_its_handoff_is_gone(db, ears):
    say("test.said", *[(number, {}) for number in range(450)])
    assert Handoff.objects.count() == 450
    assert drain("hearer") == 450
    assert sorted(ears) == list(range(450))
    assert not Handoff.objects.exists()
    assert Event.objects.filter(kind="test.said").count() == 450


def test_one_bad_fact_does_not_stop_the_others_and_is_kept_with_its_error(db, ears):
    say("test.choked", (1, {}), (2, {"bad": True}), (3, {}))
    drain("choker")
    assert sorted(ears) == [1, 3]
    left = Handoff.objects.get()
    assert (left.attempts, left.error, left.dead_at) == (1, "ValueError: This fact is bad.", None)
    assert drain("choker") == 0
    Handoff.objects.update(attempts=7, not_before="2020-01-01T00:00:00Z")
    drain("choker")
    assert Handoff.objects.get().dead_at is not None


def test_a_forgotten_fact_is_found_by_the_sweep(db, ears):
    say("test.said", (1, {}))
    say("test.choked", (2, {}))
    assert (handoffs.sweep(), WakeUp.objects.count()) == (2, 1)
    assert handoffs.sweep() == 2
    assert run_jobs() == 1
    assert sorted(ears) == [1, 2]
    assert not WakeUp.objects.exists()


def test_a_drain_stays_while_facts_keep_coming_and_goes_when_none_do(db, ears, settings, monkeypatch):
    settings.ASSAY_DRAIN_SECONDS = 30.0
    pauses = []

    def pause(seconds):
        pauses.append(seconds)
        if len(pauses) < 4:
            say("test.said", (len(pauses), {}))

    monkeypatch.setattr(handoffs.time, "sleep", pause)
    events.wake(["hearer"])
    assert handoffs.drain_queue("quick") == 3
    assert ears == [1, 2, 3]
    assert len(pauses) == 4 + handoffs.IDLE_LOOKS
    assert not WakeUp.objects.exists()


def test_a_wake_up_is_queued_once_and_after_the_commit(db, ears, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks() as callbacks:
        say("test.said", (1, {}), (2, {}))
        say("test.said", (3, {}))
    assert not WakeUp.objects.exists()
    for callback in callbacks:
        callback()
    assert run_jobs() == 1
    assert ears == [1, 2, 3]


def test_an_idempotency_key_answers_alike_and_refuses_another_request(cast):
    client, headers = Client(), {**cast.bearer("dana"), "Idempotency-Key": "one"}
    path = f"/api/v1/projects/{cast.project.public_id}/batches"
    first = client.post(path, lines(item_row("one")), content_type="application/x-ndjson", headers=headers)
    again = client.post(path, lines(item_row("one")), content_type="application/x-ndjson", headers=headers)
    assert (first.status_code, again.status_code, again.json()) == (202, 202, first.json())
    assert again["Idempotency-Replayed"] == "true"
    other = client.post(path, lines(item_row("two")), content_type="application/x-ndjson", headers=headers)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    IdempotencyAnswer.objects.update(created_at="2020-01-01T00:00:00Z")
    assert forget_old() == 1


def test_every_refusal_is_a_problem_that_names_its_field(cast):
    client, headers = Client(), cast.bearer("dana")
    path = f"/api/v1/projects/{cast.project.public_id}/batches"
    refused = client.post(path, b"", content_type="application/x-ndjson", headers=headers)
    assert refused["Content-Type"] == "application/problem+json"
    assert refused.json() == {
        "type": "urn:assay:problem:not_items",
        "title": "Unprocessable Entity",
        "status": 422,
        "detail": "The file is empty; send one JSON object a line.",
        "code": "not_items",
        "errors": [{"field": "file", "message": "The file is empty; send one JSON object a line."}],
    }
    for method, where, status in (
        ("post", "/api/v1/projects", 405),
        ("get", "/api/v1/nothing", 404),
        ("get", f"/api/v1/projects/{cast.foreign_project.public_id}", 404),
    ):
        assert getattr(client, method)(where, headers=headers).status_code == status
    desk = cast.bearer("anna")
    broken = client.post("/api/desk/v1/next", b"{", content_type="application/json", headers=desk)
    assert (broken.status_code, broken.json()["code"]) == (400, "parse_error")
    for body, said in (
        (b'{"project": null, "project": null}', "an object has 'project' twice"),
        (b'{"a":' * 3000 + b"1" + b"}" * 3000, "nested too deeply"),
        (b'{"a": NaN}', "NaN is not a JSON number"),
        (b'"\xff"', "not UTF-8"),
    ):
        answer = client.post("/api/desk/v1/next", body, content_type="application/json", headers=desk)
        assert (answer.status_code, said in answer.json()["detail"]) == (400, True), answer.content
    unknown = client.get("/api/v1/nothing")
    assert (unknown["Content-Type"], unknown.json()["detail"]) == (
        "application/problem+json",
        "There is nothing at this address.",
    )
    assert "There is nothing at this address." in client.get("/nothing").content.decode()
    wrong = client.post("/api/desk/v1/next", {"project": "x"}, content_type="application/json", headers=desk)
    assert wrong.json()["errors"] == [{"field": "project", "message": "Must be a valid UUID."}]


def test_every_request_is_one_log_line_with_its_id(db, caplog):
    with caplog.at_level("INFO", logger="assay.requests"):
        Client().get("/api/v1/projects?page_size=3", headers={"X-Request-Id": "request-0001"})
    [record] = caplog.records
    assert record.fields == {
        "method": "GET",
        "path": "/api/v1/projects",
        "status": 401,
        "milliseconds": record.fields["milliseconds"],
    }
    line = json.loads(JsonFormatter().format(record))
    assert (line["message"], line["status"], line["path"]) == ("answered", 401, "/api/v1/projects")


def test_health_is_answered_whatever_the_host_is_called(db):
    for path in ("/healthz", "/readyz"):
        assert Client().get(path, headers={"Host": "10.0.0.7"}).status_code == 200
    assert Client().get("/portal/login/", headers={"Host": "10.0.0.7"}).status_code == 400


def test_a_log_line_is_one_json_object():
    try:
        raise ValueError("two\nlines")
    except ValueError:
        record = logging.getLogger("test").makeRecord("test", 40, "f", 1, "said %s", ("ü",), sys.exc_info())
    line = JsonFormatter().format(record)
    assert "\n" not in line
    assert json.loads(line)["message"] == "said ü"


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("# Title", "<h3>Title</h3>\n"),
        ("<b>x</b>", "<p>&lt;b&gt;x&lt;/b&gt;</p>\n"),
        ("![a cat](http://x/y.png)", '<p><span class="image">[a cat]</span></p>\n'),
        ("[x](javascript:alert(1))", "<p>[x](javascript:alert(1))</p>\n"),
        (
            "[x](https://e.org)",
            '<p><a href="https://e.org" target="_blank" rel="noopener noreferrer nofollow">x</a></p>\n',
        ),
        ("```js\nlet a = '<i>'\n```", "<pre><code>let a = '&lt;i&gt;'\n</code></pre>\n"),
    ],
)
def test_markdown_becomes_safe_html(text, html):
    assert render_markdown(text) == html


@given(st.text(max_size=200))
def test_no_text_brings_anything_alive(text):
    html = render_markdown(text + "<script>1</script><img src=x onerror=1>")
    assert "<script" not in html
    assert "<img" not in html
