"""Endpoints that would end the worker: each of their answers is kept as a call that came to nothing."""

import time
from datetime import timedelta

import pytest

from labeling.models import Annotation, Project
from quality.dialling import is_public
from quality.models import JudgeCall
from quality.services.gold import seed_gold
from quality.services.judge_slices import run_slice
from routing.answers import answers_of, may_see_models
from tests.factories import item_row, judge, let_answers_age, settle, upload, upload_items
from tests.judging import at_work
from tests.quality.models import Models, drips

CHOSEN = '"preference": {"choice": "a"}'
BODIES = {"an array": b"[" * 200_000, "an object": b'{"a":' * 100_000, "a whole one": b"[" * 50_000 + b"]" * 50_000}
TEXTS = {
    "NUL": f'{{"answers": {{{CHOSEN}, "rationale": "a\\u0000b"}}}}',
    "half a sign": f'{{"answers": {{{CHOSEN}, "rationale": "\\ud800"}}}}',
    "no number": '{"answers": {"preference": {"choice": NaN}}}',
    "no end": '{"answers": {"preference": {"choice": 1e999}}}',
    "depth": '{"answers": {"preference": ' + "[" * 900 + "]" * 900 + "}}",
}
CHUNKED = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
DRIPPING = {
    "the first line": (b"HTTP/1.1 200 O", b"K"),
    "a header": (b"HTTP/1.1 200 OK\r\nX-Long: ", b"a"),
    "rows of 100 Continue": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "the head of a chunk": (CHUNKED + b"1", b";"),
    "the answer": (CHUNKED, b"1\r\n \r\n"),
}


@pytest.mark.parametrize("name", BODIES)
def test_a_body_that_cannot_be_read_is_a_failed_call(cast, endpoint, name):
    upload_items(cast.project, cast.mira, 1)
    endpoint.raw = BODIES[name]
    run_slice(judge_id=at_work(cast, endpoint).pk)
    assert JudgeCall.objects.earliest("pk").fault == "The endpoint's answer is not JSON."


@pytest.mark.parametrize("name", TEXTS)
def test_an_answer_that_cannot_be_kept_is_an_unreadable_call(cast, endpoint, name):
    upload_items(cast.project, cast.mira, 1)
    endpoint.answer = lambda _asked: TEXTS[name]
    run_slice(judge_id=at_work(cast, endpoint).pk)
    assert JudgeCall.objects.earliest("pk").ended == "unreadable"


@pytest.mark.parametrize("name", DRIPPING)
def test_what_drips_is_over_at_the_timeout(cast, settings, name):
    settings.JUDGES_MAY_CALL_PRIVATE = True
    upload_items(cast.project, cast.mira, 1)
    with drips(*DRIPPING[name]) as url:
        judging = at_work(cast, Models(url=url), timeout_seconds=1)
        began = time.monotonic()
        assert run_slice(judge_id=judging.pk, seconds=1.5) == 1
        assert time.monotonic() - began < 3
    call = JudgeCall.objects.get()
    assert (call.ended, call.fault) == ("failed", "No whole answer came within 1 s.")
    assert 900 <= call.milliseconds < 2000


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("8.8.8.8", True),
        ("2606:4700::1111", True),
        ("64:ff9b::808:808", True),
        ("2002:808:808::1", True),
        ("10.0.0.1", False),
        ("169.254.169.254", False),
        ("224.0.0.1", False),
        ("233.252.0.1", False),
        ("ff02::1", False),
        ("ff0e::1", False),
        ("::1", False),
        ("::ffff:10.0.0.1", False),
        ("::127.0.0.1", False),
        ("64:ff9b::a9fe:a9fe", False),
        ("2002:7f00:1::", False),
        ("2002:a00:1::1", False),
        ("2001:0:4136:e378:8000:63bf:f5ff:fffe", False),
    ],
)
def test_an_address_is_public_with_all_that_it_carries(address, told):
    assert is_public(address) is told


def test_an_address_that_carries_a_private_one_is_not_called(cast, endpoint, settings):
    upload_items(cast.project, cast.mira, 1)
    judging = at_work(cast, Models(url="http://[64:ff9b::7f00:1]:9/v1"))
    settings.JUDGES_MAY_CALL_PRIVATE = False
    run_slice(judge_id=judging.pk)
    assert JudgeCall.objects.get().fault == "The endpoint lies in a private network, which content may not reach."


def test_that_a_model_answered_does_not_tell_gold(cast, endpoint):
    judging = at_work(cast, endpoint, calls_a_minute=2)
    Project.objects.filter(pk=cast.project.pk).update(gold_share="0.5")
    known = [item_row(f"gold-{number}", expected={"answer": {"preference": {"choice": "a"}}}) for number in range(2)]
    upload(cast.project, cast.dana, *[item_row(f"{number}") for number in range(6)], *known)
    seed_gold()
    run_slice(judge_id=judging.pk)
    for _ in range(8):
        judge(cast.anna, "a")
    settle()
    let_answers_age(timedelta(hours=1))
    kinds = dict(Annotation.objects.filter(reviewer=cast.anna).values_list("pk", "task__kind"))
    answered = {kinds[each.pk] for each in answers_of(cast.anna.user) if may_see_models(each)}
    assert sorted(kinds.values()) == ["annotate"] * 6 + ["gold"] * 2
    assert answered == {"annotate"}
