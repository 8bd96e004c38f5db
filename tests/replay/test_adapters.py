"""Datasets of real judgments, as each publisher spells them, and as Assay takes them."""

import json
import os
from collections import Counter
from pathlib import Path

import pytest
from django.conf import settings

from config.replay.adapters import BadDataset, read_dataset
from config.replay.run import plain_majority
from labeling.forms import check_answers, check_form

DATA = Path(os.environ.get("ASSAY_DATA") or settings.BASE_DIR.parent / "shared/data")
real = pytest.mark.skipif(not DATA.is_dir(), reason="the real data are not here; ASSAY_DATA names their folder")

PANDALM = {
    "idx": 7, "motivation_app": "Grammarly", "cmp_key": "bloom-7b_llama-7b", "instruction": "Shorten this.",
    "input": "A long text.", "response1": "Text.", "response2": True, "annotator1": 1, "annotator2": 2, "annotator3": 0,
}  # fmt: skip
TULU = {
    "id": 1, "instance_id": "task_2", "prompt": "Mend this.", "model_a": "tulu_65B", "model_b": "chatgpt",
    "completion_a": "by Tülu", "completion_b": "by ChatGPT", "completion_a_is_acceptable": "yes",
    "completion_b_is_acceptable": "no", "preference": "a-is-slightly-better", "evaluator": "rater1",
    "timestamp": "2023-05-19T13:11:45.000",
}  # fmt: skip
VOTES = "topic,pair_id,arg1,arg2,worker,vote,accept_utc,submit_utc,worker_stance,reason\n"
VOTE = "ban-x_no,arg1_arg2,arg1,arg2,w1,a2,2016-01-31 16:53:19.0 UTC,2016-01-31 16:54:49.0 UTC,none,Because\n"
ARGUMENTS = 'topic,arg_id,text\nban-x_no,arg1,"First, with a comma"\nban-x_no,arg2,Second\n'


def write(folder, name, text):
    (folder / name).write_text(text, encoding="utf-8")


def test_pandalm_has_three_annotators_and_ties(tmp_path):
    write(tmp_path, "pairs_3annotators_half.json", json.dumps([PANDALM]))
    dataset = read_dataset("pandalm", tmp_path)
    [item] = dataset.items
    assert item["external_id"] == "pandalm-0007"
    assert item["messages"] == [{"role": "user", "content": "Shorten this.\n\nA long text."}]
    assert item["responses"][1] == {"key": "b", "text": "true", "model": "llama-7b"}
    assert [judgment.value["preference"]["choice"] for judgment in dataset.judgments] == ["a", "b", "tie"]


def test_tulu_swaps_places_and_assay_does_not(tmp_path):
    swapped = {
        **TULU, "model_a": "chatgpt", "model_b": "tulu_65B", "completion_a": "by ChatGPT", "completion_b": "by Tülu",
        "preference": "a-is-better", "evaluator": "rater2",
    }  # fmt: skip
    later = {**TULU, "preference": "tie", "timestamp": "2023-05-20T00:00:00.000"}
    rows = [later, swapped, TULU]
    write(tmp_path, "annotations_chatgpt_vs_tulu65b.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    dataset = read_dataset("tulu", tmp_path)
    [item] = dataset.items
    assert [response["text"] for response in item["responses"]] == ["by ChatGPT", "by Tülu"]
    assert {judgment.rater: judgment.value for judgment in dataset.judgments} == {
        "rater1": {"preference": {"choice": "tie"}, "acceptable": {"b": "yes", "a": "no"}},
        "rater2": {"preference": {"choice": "a", "strength": "clearly"}, "acceptable": {"a": "yes", "b": "no"}},
    }


def test_ukp_has_reasons_and_times(tmp_path):
    write(tmp_path, "votes.csv", VOTES + VOTE)
    write(tmp_path, "arguments.csv", ARGUMENTS)
    dataset = read_dataset("ukp", tmp_path)
    [judgment] = dataset.judgments
    assert judgment.value == {"preference": {"choice": "b"}, "rationale": "Because"}
    assert judgment.seconds == 90
    assert dataset.items[0]["responses"][0]["text"] == "First, with a comma"
    assert dataset.items[0]["messages"][0]["content"] == "ban x: no"


@pytest.mark.parametrize(
    ("name", "file", "content", "said"),
    [
        ("pandalm", "pairs_3annotators_half.json", "{", "the file is not as PandaLM has it"),
        ("pandalm", "pairs_3annotators_half.json", json.dumps([PANDALM, {**PANDALM, "annotator1": 5}]), "row 2"),
        ("tulu", "annotations_chatgpt_vs_tulu65b.jsonl", json.dumps({**TULU, "preference": "?"}), "line 1"),
        ("ukp", "arguments.csv", ARGUMENTS, r"votes\.csv is missing"),
        ("nope", "x", "", "There is no adapter for 'nope'; there are pandalm, tulu, ukp"),
    ],
)
def test_what_is_malformed_is_a_sentence(tmp_path, name, file, content, said):
    write(tmp_path, file, content)
    with pytest.raises(BadDataset, match=said):
        read_dataset(name, tmp_path)


def test_plain_majority_is_more_than_half():
    assert plain_majority(["a", "a", "b"]) == "a"
    assert plain_majority(["a", "b"]) is None
    assert plain_majority(["a", "b", "tie"]) is None


@real
@pytest.mark.parametrize(
    ("name", "folder", "items", "judgments", "raters"),
    [
        ("pandalm", "pandalm", 500, 1500, 3),
        ("tulu", "tulu_human_eval", 332, 403, 15),
        ("ukp", "ukpconvarg1", 3775, 18833, 2805),
    ],
)
def test_the_real_files_are_read_whole_and_answer_their_form(name, folder, items, judgments, raters):
    dataset = read_dataset(name, DATA / folder)
    check_form(dataset.form)
    assert (len(dataset.items), len(dataset.judgments)) == (items, judgments)
    assert len({judgment.rater for judgment in dataset.judgments}) == raters
    for judgment in dataset.judgments:
        check_answers(dataset.form, ["a", "b"], judgment.value)


@real
def test_pandalms_annotators_are_unanimous_on_about_88_percent():
    dataset = read_dataset("pandalm", DATA / "pandalm")
    votes = Counter((judgment.external_id, judgment.value["preference"]["choice"]) for judgment in dataset.judgments)
    assert sum(count == 3 for count in votes.values()) == 437
