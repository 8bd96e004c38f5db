"""Judges: who may be one, what they are asked, what is kept, and what stops them. The models are played by a server of ours."""

import json
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import DatabaseError, connection, transaction

from config.kernel.errors import Conflict, Invalid
from config.kernel.models import Event
from labeling.models import Item, Reviewer
from labeling.services.erasures import erase_item
from labeling.services.settings import change_project
from quality.models import Judge, JudgeAlarm, JudgeCall
from quality.services.judge_slices import run_slice
from quality.services.judges import (
    activate_judge,
    close_alarm,
    double_budget,
    make_judge,
    stop_judge,
)
from tests.factories import item_row, unguarded, upload, upload_items

MODEL = "acme-judge-7b"


@pytest.fixture
def project(cast, endpoint):
    return change_project(project=cast.project, changes={"endpoints": [endpoint.url]}, actor=cast.mira)


def made(cast, project, played, **more):
    return make_judge(
        **{
            "project": project,
            "name": "Pairs",
            "endpoint": played.url,
            "model": MODEL,
            "prompt": "Judge these.",
            "actor": cast.mira,
            **more,
        }
    )


def at_work(cast, project, played, **more):
    judge = made(cast, project, played, **more)
    activate_judge(judge=judge, actor=cast.mira)
    judge.refresh_from_db()
    return judge


# --- who may be one ---------------------------------------------------------------------------------------------------


def test_a_judge_is_a_reviewer_of_kind_model_that_is_never_offered_work(cast, project, endpoint):
    judge = made(cast, project, endpoint)
    assert (judge.reviewer.kind, judge.reviewer.user_id, judge.reviewer.is_active) == ("model", None, False)
    assert (judge.state, judge.family, judge.prompt_version) == ("draft", "acme", 1)
    assert judge.parameters == {"max_tokens": 1000}


def test_another_prompt_is_the_next_version_and_the_very_same_judge_is_made_once(cast, project, endpoint):
    first = made(cast, project, endpoint)
    assert made(cast, project, endpoint, prompt="Judge better.").prompt_version == 2
    assert made(cast, project, endpoint, parameters={"temperature": 0}).prompt_version == 1
    with pytest.raises(Conflict, match="this very judge already"):
        made(cast, project, endpoint)
    assert first.digest != Judge.objects.last().digest


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"model": "acme-latest"}, "pinned"),
        ({"key_variable": "ASSAY_SECRET_KEY"}, "begins with ASSAY_JUDGE_KEY"),
        ({"parameters": {"tools": []}}, "no parameter of a judge"),
        ({"endpoint": "file:///etc/passwd"}, "An endpoint is an address"),
        ({"endpoint": "http://user:word@127.0.0.1/v1"}, "holds no password"),
    ],
)
def test_what_no_judge_may_be(cast, project, endpoint, more, said):
    with pytest.raises(Invalid, match=said):
        made(cast, project, endpoint, **more)
    assert not Judge.objects.exists()
    assert not Reviewer.objects.filter(kind="model").exists()


def test_no_content_reaches_an_endpoint_that_the_project_does_not_list(cast, project, endpoint):
    with pytest.raises(Conflict, match="does not let its content reach"):
        made(cast, cast.project, endpoint, endpoint="http://127.0.0.1:9/v1")
    judge = at_work(cast, project, endpoint)
    upload_items(cast.project, cast.dana, 1)
    change_project(project=cast.project, changes={"endpoints": [], "confidentiality": "confidential"}, actor=cast.mira)
    assert run_slice(judge_id=judge.pk) == 0
    judge.refresh_from_db()
    assert (judge.state, endpoint.asked) == ("stopped", [])
    with pytest.raises(Conflict, match="does not let its content reach"):
        activate_judge(judge=judge, actor=cast.mira)


def test_plain_http_needs_the_settings_leave(cast, project, endpoint, settings):
    settings.JUDGES_MAY_CALL_PRIVATE = False
    with pytest.raises(Invalid, match="An endpoint is an address such as https"):
        made(cast, project, endpoint)


# --- what it is asked, and what is kept -------------------------------------------------------------------------------


def test_a_call_is_kept_with_the_exact_request_and_response(cast, project, endpoint, monkeypatch):
    monkeypatch.setenv("ASSAY_JUDGE_KEY_ACME", "sesame")
    judge = at_work(
        cast, project, endpoint, key_variable="ASSAY_JUDGE_KEY_ACME", price_in="2", price_out="10", budget="1"
    )
    upload_items(cast.project, cast.dana, 1)
    assert run_slice(judge_id=judge.pk) == 1
    call = JudgeCall.objects.get()
    [asked] = endpoint.asked
    assert call.request == asked.body
    assert asked.authorization == "Bearer sesame"
    assert "sesame" not in json.dumps([call.request, call.response])
    assert (call.ended, call.answers, call.confidence) == ("answered", {"preference": {"choice": "a"}}, 0.9)
    assert (call.model_said, call.tokens_in, call.tokens_out) == (MODEL, 1000, 100)
    assert call.cost == Decimal("0.003")
    assert call.response["choices"][0]["message"]["role"] == "assistant"
    assert asked.body["response_format"]["json_schema"]["schema"]["properties"]["answers"]["required"] == ["preference"]


def test_it_is_shown_no_names_and_the_text_stands_between_marks_that_it_cannot_know(cast, project, endpoint):
    upload(cast.project, cast.dana, item_row("one", metadata={"secret": "note"}))
    judge = at_work(cast, project, endpoint)
    run_slice(judge_id=judge.pk)
    [asked] = endpoint.asked
    assert asked.item["responses"] == [{"key": "a", "text": "Paris."}, {"key": "b", "text": "Lyon, I think."}]
    assert "note" not in asked.body["messages"][-1]["content"]
    assert asked.body["messages"][-1]["content"].split("\n")[0] in asked.body["messages"][0]["content"]


def test_it_never_judges_what_its_own_family_wrote(cast, project, endpoint):
    judge = at_work(cast, project, endpoint)
    row = item_row("own")
    row["responses"][1]["model"] = "acme-chat-70b"
    upload(cast.project, cast.dana, row, item_row("other"), item_row("said", metadata={"model": "acme-small"}))
    assert run_slice(judge_id=judge.pk) == 1
    assert run_slice(judge_id=judge.pk) == 0
    ended = dict(JudgeCall.objects.values_list("item_version__item__external_id", "ended"))
    assert ended == {"own": "refused", "other": "answered", "said": "refused"}
    assert len(endpoint.asked) == 1


# --- what goes wrong --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("setting", "ended", "said"),
    [
        ({"status": 429}, "failed", "answered 429"),
        ({"status": 500}, "failed", "answered 500"),
        ({"raw": b"<html>"}, "failed", "not JSON"),
        ({"raw": b"[]"}, "failed", "no object"),
        ({"raw": b'{"model": "acme-judge-7b"}'}, "unreadable", "holds no message"),
        ({"raw": b'{"model": "\\u0000"}'}, "failed", "cannot be kept"),
        ({"raw": b" " * 1_000_001}, "failed", "longer than is taken"),
        ({"answer": lambda _: "I choose a."}, "unreadable", "not JSON"),
        ({"answer": lambda _: {"answers": {"preference": {"choice": "z"}}}}, "unreadable", "do not fit the form"),
        ({"answer": lambda _: {"answers": {}}}, "unreadable", "needs an answer"),
    ],
)
def test_what_cannot_be_read_is_kept_as_such_and_is_no_verdict(cast, project, endpoint, setting, ended, said):
    for name, value in setting.items():
        setattr(endpoint, name, value)
    judge = at_work(cast, project, endpoint)
    upload_items(cast.project, cast.dana, 1)
    run_slice(judge_id=judge.pk)
    call = JudgeCall.objects.get()
    assert (call.ended, call.answers) == (ended, None)
    assert said in call.fault


def test_a_slow_model_is_given_up_at_the_timeout(cast, project, endpoint):
    endpoint.seconds = 1.5
    judge = at_work(cast, project, endpoint, timeout_seconds=1)
    upload_items(cast.project, cast.dana, 1)
    run_slice(judge_id=judge.pk)
    assert JudgeCall.objects.get().fault == "No whole answer came within 1 s."


def test_a_private_address_is_not_called_without_leave(cast, project, endpoint, settings):
    judge = at_work(cast, project, endpoint)
    upload_items(cast.project, cast.dana, 1)
    settings.JUDGES_MAY_CALL_PRIVATE = False
    run_slice(judge_id=judge.pk)
    assert JudgeCall.objects.get().fault == "The endpoint lies in a private network, which content may not reach."
    assert endpoint.asked == []


def test_an_item_is_tried_three_times_a_day(cast, project, endpoint):
    endpoint.answer = lambda _: "no"
    judge = at_work(cast, project, endpoint)
    upload_items(cast.project, cast.dana, 1)
    assert [run_slice(judge_id=judge.pk) for _ in range(4)] == [1, 1, 1, 0]


def test_ten_failures_in_a_row_stop_it_until_somebody_has_looked(cast, project, endpoint):
    endpoint.status = 500
    judge = at_work(cast, project, endpoint)
    upload_items(cast.project, cast.dana, 12)
    assert run_slice(judge_id=judge.pk) == 10
    alarm = JudgeAlarm.objects.get()
    assert (alarm.kind, alarm.sentence) == (
        "failing",
        "10 calls in a row came to nothing; the last one: The endpoint answered 500.",
    )
    judge.refresh_from_db()
    assert judge.state == "stopped"
    with pytest.raises(Conflict, match="An alarm about it is open"):
        activate_judge(judge=judge, actor=cast.mira)
    close_alarm(alarm=alarm, reason="The provider was down", actor=cast.mira)
    endpoint.status = 200
    activate_judge(judge=judge, actor=cast.mira)
    assert run_slice(judge_id=judge.pk) == 12
    with pytest.raises(Conflict, match="closed already"):
        close_alarm(alarm=alarm, reason="Again", actor=cast.mira)


def test_another_model_behind_the_name_is_an_alarm_and_no_verdict(cast, project, endpoint):
    endpoint.says = "acme-judge-8b"
    judge = at_work(cast, project, endpoint)
    upload_items(cast.project, cast.dana, 3)
    assert run_slice(judge_id=judge.pk) == 1
    call, alarm = JudgeCall.objects.get(), JudgeAlarm.objects.get()
    assert (call.ended, call.answers, call.model_said) == ("failed", None, "acme-judge-8b")
    assert (alarm.kind, alarm.sentence) == ("model_changed", "acme-judge-8b answers; acme-judge-7b is pinned.")
    judge.refresh_from_db()
    assert judge.state == "stopped"
    assert Event.objects.filter(kind="judge.alarmed", data__kind="model_changed").count() == 1


def test_it_never_spends_more_than_its_budget(cast, project, endpoint):
    """A call costs 0.003 and could cost, at most, its bytes and 1,000 tokens of answer."""
    judge = at_work(cast, project, endpoint, price_in="2", price_out="10", budget="0.02")
    upload_items(cast.project, cast.dana, 5)
    while run_slice(judge_id=judge.pk):
        pass
    spent = sum(JudgeCall.objects.values_list("cost", flat=True))
    assert Decimal(0) < spent <= Decimal("0.02")
    assert JudgeAlarm.objects.get().kind == "budget"
    judge.refresh_from_db()
    assert judge.state == "stopped"
    double_budget(judge=judge, actor=cast.mira)
    close_alarm(alarm=JudgeAlarm.objects.get(), reason="More was agreed", actor=cast.mira)
    judge.refresh_from_db()
    assert judge.budget == Decimal("0.04")


@pytest.mark.parametrize(
    "setting",
    [
        {"usage": {}},
        {"usage": {"prompt_tokens": 0, "completion_tokens": 0}},
        {"usage": {"prompt_tokens": 3, "completion_tokens": 1}},
        {"status": 500},
        {"raw": b"<html>"},
        {"raw": b"[]"},
        {"raw": b'{"model": "acme-judge-7b"}'},
        {"raw": b" " * 1_000_001},
    ],
)
def test_what_an_endpoint_does_not_say_is_paid_for_by_the_bound(cast, project, endpoint, setting):
    for name, value in setting.items():
        setattr(endpoint, name, value)
    judge = at_work(cast, project, endpoint, price_in="2", price_out="10", budget="1")
    upload_items(cast.project, cast.dana, 1)
    run_slice(judge_id=judge.pk)
    call = JudgeCall.objects.get()
    read = len(json.dumps(call.request, ensure_ascii=False).encode())
    assert call.cost == (Decimal(2) * read + Decimal(10) * 1000) / 1_000_000
    said = setting.get("usage", {})
    assert (call.tokens_in, call.tokens_out) == (said.get("prompt_tokens", 0), said.get("completion_tokens", 0))


def test_an_endpoint_that_says_it_used_nothing_comes_to_the_end_of_its_budget(cast, project, endpoint):
    endpoint.usage = {}
    judge = at_work(cast, project, endpoint, price_in="2", price_out="10", budget="0.05")
    upload_items(cast.project, cast.dana, 12)
    assert 0 < run_slice(judge_id=judge.pk) < 5
    assert JudgeAlarm.objects.get().kind == "budget"
    assert sum(JudgeCall.objects.values_list("cost", flat=True)) <= Decimal("0.05")


def test_a_slow_call_is_paid_for_and_one_that_was_turned_away_or_never_sent_is_not(cast, project, endpoint, settings):
    judge = at_work(cast, project, endpoint, timeout_seconds=1, price_in="2", price_out="10", budget="1")
    upload_items(cast.project, cast.dana, 1)
    endpoint.status = 429
    run_slice(judge_id=judge.pk)
    settings.JUDGES_MAY_CALL_PRIVATE = False
    run_slice(judge_id=judge.pk)
    settings.JUDGES_MAY_CALL_PRIVATE = True
    endpoint.status, endpoint.seconds = 200, 1.5
    run_slice(judge_id=judge.pk)
    costs = list(JudgeCall.objects.order_by("pk").values_list("cost", flat=True))
    assert costs[:2] == [0, 0]
    assert costs[2] > Decimal("0.01")


def test_it_goes_no_faster_than_its_rate(cast, project, endpoint):
    judge = at_work(cast, project, endpoint, calls_a_minute=2)
    upload_items(cast.project, cast.dana, 5)
    assert [run_slice(judge_id=judge.pk) for _ in range(2)] == [2, 0]
    with unguarded("quality_judgecall", "immutable") as cursor:
        cursor.execute("UPDATE quality_judgecall SET created_at = created_at - %s", [timedelta(minutes=1)])
    assert run_slice(judge_id=judge.pk) == 2


def test_no_call_is_begun_that_could_not_end_in_the_slice(cast, project, endpoint):
    judge = at_work(cast, project, endpoint, timeout_seconds=25)
    upload_items(cast.project, cast.dana, 1)
    assert run_slice(judge_id=judge.pk, seconds=20) == 0
    assert run_slice(judge_id=judge.pk, seconds=30) == 1


def test_a_stopped_judge_calls_nobody(cast, project, endpoint):
    judge = at_work(cast, project, endpoint)
    upload_items(cast.project, cast.dana, 2)
    stop_judge(judge=judge, actor=cast.mira, reason="Enough")
    assert run_slice(judge_id=judge.pk) == 0
    assert endpoint.asked == []


# --- what never changes -----------------------------------------------------------------------------------------------


def test_nobody_changes_a_call_or_a_judges_identity_and_nothing_is_answered_twice(cast, project, endpoint):
    judge = at_work(cast, project, endpoint)
    upload_items(cast.project, cast.dana, 1)
    run_slice(judge_id=judge.pk)
    for statement in (
        "UPDATE quality_judgecall SET answers = '{}'",
        "DELETE FROM quality_judgecall",
        "UPDATE quality_judge SET model = 'other'",
        "UPDATE quality_judge SET prompt = 'other'",
        "DELETE FROM quality_judge",
        "INSERT INTO quality_judgecall (customer_id, project_id, judge_id, item_version_id, purpose, variant, ended, request, "
        "model_said, fault, tokens_in, tokens_out, cost, milliseconds) SELECT customer_id, project_id, judge_id, "
        "item_version_id, purpose, variant, ended, request, '', '', 0, 0, 0, 0 FROM quality_judgecall",
    ):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    assert JudgeCall.objects.count() == 1


def test_an_erased_items_calls_are_emptied(cast, project, endpoint):
    judge = at_work(cast, project, endpoint)
    upload_items(cast.project, cast.dana, 1)
    run_slice(judge_id=judge.pk)
    item = Item.objects.get()
    erase_item(item=item, reason="They asked", actor=cast.dana)
    call = JudgeCall.objects.get()
    assert (call.request, call.response, call.answers, call.ended) == ({}, None, None, "answered")
