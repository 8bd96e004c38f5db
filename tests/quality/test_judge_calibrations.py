"""How far judges can be relied on: measured against experts, tried with tricks, watched for drift; and what follows from it."""

import csv
import json
import multiprocessing
import os
import time
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.db import DatabaseError, connection, connections, transaction

from config.kernel.errors import Conflict
from labeling.models import Annotation, Item, Task
from labeling.services.forms import publish_form
from labeling.services.settings import change_project
from quality.judged import expert_answers, judges_that_count, judges_to_calibrate, most_telling
from quality.models import Check, JudgeAlarm, JudgeCalibration, JudgeCall
from quality.services import judge_slices
from quality.services.answer_checks import check_written
from quality.services.informing import put_telling_first
from quality.services.judge_calibrations import calibrate
from quality.services.judge_slices import run_slice
from quality.services.judges import choose_anchors, close_alarm
from routing.models import Lease
from routing.services.submits import submit_task
from tests.cast import gather_cast
from tests.factories import settle, take, upload, upload_items
from tests.judging import GOLD, at_work, knows, run, upload_gold
from tests.quality.models import obeys, prefers, prefers_first, prefers_longer

DATA = Path(os.environ.get("ASSAY_DATA") or django_settings.BASE_DIR.parent / "shared/data")
real = pytest.mark.skipif(not DATA.is_dir(), reason="the real data are not here; ASSAY_DATA names their folder")


# --- calibration ------------------------------------------------------------------------------------------------------


def test_a_judge_that_knows_meets_the_bar_and_only_then_counts(cast, endpoint):
    endpoint.answer = knows
    judge = at_work(cast, endpoint)
    upload_gold(cast)
    with pytest.raises(Conflict, match="judged nothing yet"):
        calibrate(judge_id=judge.pk)
    run(judge)
    assert JudgeCall.objects.count() == 7 * GOLD
    assert judges_that_count(judge.project) == []
    assert judges_to_calibrate() == [judge.pk]
    found = calibrate(judge_id=judge.pk)
    measured = found.measured
    assert (found.items, found.is_met) == (16, True), found.sentence
    assert (measured["agreed"]["count"], measured["kappa"]["value"]) == (16, 1)
    assert (measured["swap"]["consistent"]["count"], measured["flipped"]["count"]) == (16, 0)
    assert set(measured["segments"]["difficulty"]) == {"1", "2"}
    assert measured["results_right"]["why"].startswith("No audit has been answered yet")
    assert judges_that_count(judge.project) == [judge]
    assert judges_to_calibrate() == []
    change_project(project=judge.project, changes={"quality_contract": {}}, actor=cast.mira)
    judge.project.refresh_from_db()
    assert judges_that_count(judge.project) == []
    for statement in ("UPDATE quality_judgecalibration SET is_met = false", "DELETE FROM quality_judgecalibration"):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    assert JudgeCalibration.objects.get().is_met


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (prefers_first, "Consistency when the responses are swapped"),
        (obeys, "Instructions hidden in a response flip"),
        (prefers("a"), "Kappa with experts"),
    ],
)
def test_what_a_judge_falls_short_of_is_said(cast, endpoint, answer, said):
    endpoint.answer = answer
    judge = at_work(cast, endpoint)
    upload_gold(cast)
    run(judge)
    found = calibrate(judge_id=judge.pk)
    assert not found.is_met
    assert said in found.sentence
    assert judges_that_count(judge.project) == []
    if answer is prefers_first:
        assert found.measured["swap"]["first_chosen"]["value"] == 1
    if answer is obeys:
        assert found.measured["flipped"]["value"] == 1


def test_a_judge_that_drifts_is_seen_on_its_anchors_and_counts_no_more(cast, endpoint, monkeypatch):
    endpoint.answer = knows
    judge = at_work(cast, endpoint)
    with pytest.raises(Conflict, match="Experts have answered nothing here yet"):
        choose_anchors(judge=judge, actor=cast.mira)
    upload_gold(cast)
    assert choose_anchors(judge=judge, actor=cast.mira) == GOLD
    assert choose_anchors(judge=judge, actor=cast.mira) == 0
    run(judge)
    assert calibrate(judge_id=judge.pk).is_met
    endpoint.answer = prefers("a")
    monkeypatch.setattr(judge_slices, "_today", lambda: "2099-01-02")
    run(judge)
    alarm = JudgeAlarm.objects.get()
    assert alarm.kind == "drift"
    assert alarm.sentence.startswith("Of 16 anchors it judges 8 wrong that it had right on ")
    judge.refresh_from_db()
    assert (judge.state, judges_that_count(judge.project)) == ("active", [])
    close_alarm(alarm=alarm, reason="The provider confirmed a change", actor=cast.mira)


# --- what people judge first ------------------------------------------------------------------------------------------


def test_people_are_given_first_what_judges_disagree_on_and_are_unsure_of(cast, endpoint):
    upload_items(cast.project, cast.dana, 6)
    endpoint.answer = lambda asked: prefers("a", 0.5 if "item-002" in asked.item["messages"][0]["content"] else 1)(
        asked
    )
    first = at_work(cast, endpoint)
    run(first)
    endpoint.answer = lambda asked: prefers("b" if "item-004" in asked.item["messages"][0]["content"] else "a", 1)(
        asked
    )
    run(at_work(cast, endpoint, name="Others", prompt="Judge them."))
    items = {item.pk: item.external_id for item in Item.objects.all()}
    telling = most_telling(cast.project.pk)
    assert [(items[each.item_id], each.disagreement, each.doubt) for each in telling[:2]] == [
        ("item-004", 1.0, 0.0),
        ("item-002", 0.0, 0.25),
    ]
    assert put_telling_first(judge=first, actor=cast.mira) == 6
    tokens = [take(reviewer).token for reviewer in (cast.anna, cast.bela)]
    leased = Lease.objects.filter(token__in=tokens).values_list("task__round__item__external_id", flat=True)
    assert list(leased) == ["item-004", "item-004"]
    with pytest.raises(Conflict, match="not first already"):
        put_telling_first(judge=first, actor=cast.mira)
    assert Task.objects.filter(state="open", returned_xid=None).count() == 12


# --- a worker that dies -----------------------------------------------------------------------------------------------


def _work(judge_id):
    connections.close_all()
    # A worker keeps its connection, and with it the lock; tests let go of theirs wherever a job is queued.
    connections["default"].settings_dict["CONN_MAX_AGE"] = None
    run_slice(judge_id=judge_id)


@pytest.mark.django_db(transaction=True)
def test_a_worker_killed_in_a_call_leaves_nothing_half_judged_and_nothing_charged_twice(endpoint):
    cast = gather_cast()
    upload_items(cast.project, cast.dana, 4)
    judge = at_work(cast, endpoint, price_in="1", price_out="1", budget="10")

    def third_hangs(asked):
        if len(endpoint.asked) == 3:
            time.sleep(20)
        return prefers("a")(asked)

    endpoint.answer = third_hangs
    connections.close_all()
    worker = multiprocessing.get_context("fork").Process(target=_work, args=(judge.pk,))
    worker.start()
    until = time.monotonic() + 60
    while len(endpoint.asked) < 3 and time.monotonic() < until:
        time.sleep(0.05)
    # Another worker finds the judge taken, and does nothing.
    assert run_slice(judge_id=judge.pk) == 0
    worker.kill()
    worker.join()
    assert list(JudgeCall.objects.values_list("ended", flat=True)) == ["answered"] * 2
    for _ in range(50):
        if run_slice(judge_id=judge.pk):
            break
        time.sleep(0.1)
    calls = JudgeCall.objects.filter(ended="answered")
    assert (calls.count(), len(set(calls.values_list("item_version_id", flat=True)))) == (4, 4)
    assert sum(calls.values_list("cost", flat=True)) == 4 * calls.first().cost


# --- real verdicts ----------------------------------------------------------------------------------------------------


@real
def test_llmbar_a_judge_that_likes_length_is_found_out(cast, endpoint):
    pairs = json.loads((DATA / "llmbar/natural.json").read_text())[:60]
    rows = [
        {
            "external_id": f"llmbar-{number}",
            "messages": [{"role": "user", "content": pair["input"]}],
            "responses": [{"key": "a", "text": pair["output_1"]}, {"key": "b", "text": pair["output_2"]}],
            "language": "en",
            "expected": {"answer": {"preference": {"choice": "ab"[pair["label"] - 1]}}},
        }
        for number, pair in enumerate(pairs)
    ]
    upload(cast.project, cast.dana, *rows)
    endpoint.answer = prefers_longer
    judge = at_work(cast, endpoint)
    run(judge)
    found = calibrate(judge_id=judge.pk)
    longer = found.measured["length"]
    right = sum((len(pair["output_1"]) >= len(pair["output_2"])) == (pair["label"] == 1) for pair in pairs)
    assert found.measured["agreed"]["count"] == right
    assert longer["longer_by_judge"]["value"] == 1
    assert longer["longer_by_experts"]["value"] < 0.8
    assert longer["interval_95"][0] > 0
    assert longer["chance"] < 0.01
    assert not found.is_met


@real
def test_xstest_a_second_rater_played_as_a_judge_agrees_with_the_adjudicated_labels_segment_by_segment(cast, endpoint):
    with (DATA / "xstest/completions_mistralguard.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))[:120]
    labels = ("1_full_compliance", "2_full_refusal", "3_partial_refusal")
    form = {
        "title": "Refusals",
        "questions": [
            {
                "id": "refusal",
                "type": "choice",
                "text": "Does the response refuse?",
                "nature": "objective",
                "options": [{"value": label, "text": label} for label in labels],
            }
        ],
    }
    publish_form(project=cast.project, document=form, actor=cast.mira)
    settle()
    upload(
        cast.project,
        cast.dana,
        *[
            {
                "external_id": row["id"],
                "messages": [{"role": "user", "content": row["prompt"]}],
                "responses": [{"key": "a", "text": row["completion"] or "-"}],
                "language": "en",
                "domain": row["type"],
                "expected": {"answer": {"refusal": row["final_label"]}},
            }
            for row in rows
        ],
    )
    by_prompt = {row["prompt"]: row["annotation_2"] for row in rows}

    def second_rater(asked):
        """What it is tried with may stand behind the prompt."""
        prompt = max((each for each in by_prompt if asked.item["messages"][0]["content"].startswith(each)), key=len)
        return {"answers": {"refusal": by_prompt[prompt]}, "confidence": 0.9}

    endpoint.answer = second_rater
    judge = at_work(cast, endpoint)
    run(judge)
    found = calibrate(judge_id=judge.pk)
    items = len(expert_answers(cast.project.pk))
    assert found.items == items
    assert found.measured["agreed"]["count"] == sum(row["annotation_2"] == row["final_label"] for row in rows)
    assert found.measured["kappa"]["value"] > 0.9
    assert set(found.measured["segments"]["domain"]) == {row["type"] for row in rows}
    assert found.measured["swap"]["consistent"]["value"] == 1


# --- rules of answers -------------------------------------------------------------------------------------------------


def test_what_is_written_against_the_rules_is_a_check_once(cast):
    form = {
        "title": "Write",
        "questions": [
            {"id": "better", "type": "writing", "what": "response", "text": "Write an answer", "nature": "preferential"}
        ],
    }
    publish_form(project=cast.project, document=form, actor=cast.mira)
    settle()
    upload_items(cast.project, cast.dana, 2)
    for text in ("I'm sorry, but I can't help with that.", "The capital of France is Paris."):
        submit_task(user=cast.anna.user, token=take(cast.anna).token, answers={"better": text}, seconds=9.0)
    written = list(Annotation.objects.order_by("id").values_list("id", flat=True))
    assert check_written(annotation_ids=written) == 1
    assert check_written(annotation_ids=written) == 0
    check = Check.objects.get()
    assert (check.annotation_id, check.kind, check.state) == (written[0], "rule", "open")
    assert check.sentence == "“Write an answer”: It opens as a refusal does."
