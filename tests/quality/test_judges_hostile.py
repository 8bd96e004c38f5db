"""Endpoints that would end the worker: each of their answers is kept as a call that came to nothing."""

from datetime import timedelta

import pytest

from labeling.models import Annotation, Project
from quality.models import JudgeCall
from quality.services.gold import seed_gold
from quality.services.judge_slices import run_slice
from routing.answers import answers_of, may_see_models
from tests.factories import item_row, judge, let_answers_age, settle, upload, upload_items
from tests.judging import at_work

CHOSEN = '"preference": {"choice": "a"}'
BODIES = {"an array": b"[" * 200_000, "an object": b'{"a":' * 100_000, "a whole one": b"[" * 50_000 + b"]" * 50_000}
TEXTS = {
    "NUL": f'{{"answers": {{{CHOSEN}, "rationale": "a\\u0000b"}}}}',
    "half a sign": f'{{"answers": {{{CHOSEN}, "rationale": "\\ud800"}}}}',
    "no number": '{"answers": {"preference": {"choice": NaN}}}',
    "no end": '{"answers": {"preference": {"choice": 1e999}}}',
    "depth": '{"answers": {"preference": ' + "[" * 900 + "]" * 900 + "}}",
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
