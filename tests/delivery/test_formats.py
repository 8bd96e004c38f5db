"""A release's files: what is in them, that the same records give the same bytes, and that tampering is found."""

import json
import os
import subprocess
import sys

import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from config.kernel.canonical import canonical_bytes
from config.kernel.errors import Invalid
from delivery import signing
from delivery.artifacts import ReleaseWriter, file_fact
from delivery.card import dataset_card
from delivery.errors import ReleaseBroken
from delivery.manifest import build_manifest
from delivery.training_views import VIEWS, Lessons
from delivery.verification import verify_folder

KEY = signing.signing_key("11" * 32)
LESSONS = Lessons(preference="preference")
TRUSTED = signing.published(KEY)["key_id"]


def record(external_id="one", choice="a", outcome="agreed"):
    return {
        "external_id": external_id,
        "item_version": 1,
        "item_digest": "0" * 64,
        "language": "en",
        "domain": "general",
        "difficulty": 3,
        "provenance": "human",
        "metadata": {"source": "x"},
        "messages": [{"role": "user", "content": "Capital of France?"}],
        "responses": [
            {"key": "a", "text": "Paris.", "model": "one"},
            {"key": "b", "text": "Lyon.", "model": "two"},
            {"key": "c", "text": "Nice.", "model": ""},
        ],
        "resolution": {
            "outcome": outcome,
            "answers": {"preference": {"choice": choice}} if choice else {},
            "distribution": {"preference": {"a": 2, "b": 1}},
            "method": "majority",
            "confidence": 2 / 3,
        },
        "annotations": [
            {
                "annotator": "r-1",
                "origin": "human",
                "answers": {"preference": {"choice": "a"}},
                "rationale": "Correct.",
                "seconds": 5.0,
                "guideline": 1,
                "guideline_current": True,
                "form": 1,
                "code": "tests",
                "submitted_at": "2026-01-01T00:00:00.000Z",
            }
        ],
    }


def rows(name, **more):
    return list(VIEWS[name].rows(record(**more), LESSONS))


def said(text):
    return [{"role": "assistant", "content": text}]


PROMPT = [{"role": "user", "content": "Capital of France?"}]


def test_preference_sets_the_chosen_against_each_other():
    assert rows("preference", choice="b") == [
        {"prompt": PROMPT, "chosen": said("Lyon."), "rejected": said("Paris.")},
        {"prompt": PROMPT, "chosen": said("Lyon."), "rejected": said("Nice.")},
    ]


def test_unpaired_labels_each_response():
    assert [(row["completion"], row["label"]) for row in rows("unpaired")] == [
        (said("Paris."), True),
        (said("Lyon."), False),
        (said("Nice."), False),
    ]


def test_openai_preference_has_its_three_parts():
    assert rows("openai_preference")[0] == {
        "input": {"messages": PROMPT, "tools": [], "parallel_tool_calls": True},
        "preferred_output": said("Paris."),
        "non_preferred_output": said("Lyon."),
    }


def test_sft_ends_in_the_chosen_response():
    assert rows("sft") == [{"messages": [*PROMPT, *said("Paris.")]}]


@pytest.mark.parametrize("choice", ["tie", "both_bad", None])
@pytest.mark.parametrize("view", ["preference", "unpaired", "openai_preference", "sft"])
def test_nobody_is_taught_a_preference_that_there_is_not(view, choice):
    assert rows(view, choice=choice) == []
    assert rows(view, outcome="no_agreement") == []


def write(folder, names=("a", "b", "c")):
    with ReleaseWriter(folder, {1: LESSONS}) as writer:
        digests = [writer.add(record(name)) for name in names]
        return writer.finish(), digests


def seal(folder, content):
    """What freezing does with the written files: card, manifest, signature."""
    manifest = build_manifest(
        release={"id": "1", "version": 1, "project": {"id": "1", "slug": "p", "name": "Pairs"}, "customer": "n", "as_of": "now"},
        content=content,
        sources=[],
        documents={"guidelines": [], "forms": [], "codes": []},
        reviewers=[{"annotator": "r-1", "kind": "human", "annotations": 3}],
        quality={
            "thresholds": {},
            "agreement": {"preference": {"units": 3, "unanimous_share": None, "krippendorff_alpha": None, "interval_95": [None, None]}},
            "gold": {"scored": 0, "correct": 0},
            "annotations": 3,
        },
        window={"first": None, "last": None},
        code_version="tests",
    )  # fmt: skip
    (folder / "README.md").write_text(dataset_card(manifest=manifest))
    facts = (*content.files, file_fact(folder, "README.md", "text/markdown"))
    manifest["files"] = [fact.as_dict() for fact in facts]
    data = canonical_bytes(manifest)
    (folder / "manifest.json").write_bytes(data)
    (folder / "manifest.json.sig").write_bytes(canonical_bytes(signing.sign(KEY, data)))


@pytest.fixture
def sealed(tmp_path):
    content, _ = write(tmp_path)
    seal(tmp_path, content)
    return tmp_path


def test_the_same_records_give_the_same_bytes(tmp_path):
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
    first, digests = write(tmp_path / "first")
    second, again = write(tmp_path / "second")
    assert (first, digests) == (second, again)
    assert first.records_count == 3
    assert first.outcomes == {"agreed": 3}


def test_parquet_says_what_the_lines_say(tmp_path):
    write(tmp_path)
    found = pq.read_table(tmp_path / "records.parquet").to_pylist()
    lines = [json.loads(line) for line in (tmp_path / "records.jsonl").read_text().splitlines()]
    for row, line in zip(found, lines, strict=True):
        assert row["external_id"] == line["external_id"]
        assert row["messages"] == line["messages"]
        assert row["responses"] == line["responses"]
        assert json.loads(row["answers"]) == line["resolution"]["answers"]
        assert json.loads(row["annotations"][0]["answers"]) == line["annotations"][0]["answers"]
        assert row["confidence"] == line["resolution"]["confidence"]


@pytest.mark.parametrize("view", VIEWS)
def test_a_view_says_the_same_in_both_its_files(tmp_path, view):
    content, _ = write(tmp_path)
    found = pq.read_table(tmp_path / "views" / f"{view}.parquet").to_pylist()
    lines = [json.loads(line) for line in (tmp_path / "views" / f"{view}.jsonl").read_text().splitlines()]
    assert found == lines
    assert len(found) == content.view_rows[view]


@pytest.mark.slow
def loaded_by_datasets(folder, cache):
    """Return the rows of every configuration of the card in the folder, as the `datasets` library reads them."""
    script = (
        "import json, sys; from datasets import get_dataset_config_names, load_dataset; folder = sys.argv[1]\n"
        "rows = {name: load_dataset(folder, name, split='train').to_list() for name in get_dataset_config_names(folder)}\n"
        "print(json.dumps(rows))"
    )
    offline = {"HF_HOME": str(cache), "HF_HUB_OFFLINE": "1", "HF_DATASETS_DISABLE_PROGRESS_BARS": "1"}
    ran = subprocess.run(
        [sys.executable, "-c", script, str(folder)],
        env=os.environ | offline,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


def test_the_datasets_library_loads_the_card_as_it_is(sealed, tmp_path_factory):
    found = loaded_by_datasets(sealed, tmp_path_factory.mktemp("cache"))
    assert [row["external_id"] for row in found.pop("default")] == ["a", "b", "c"]
    for view, rows in found.items():
        assert rows == [json.loads(line) for line in (sealed / "views" / f"{view}.jsonl").read_text().splitlines()]
    assert sorted(found) == sorted(VIEWS)


@pytest.mark.parametrize("names", [("b", "a"), ("a", "a"), ("é", "z")])
def test_records_out_of_order_are_refused(tmp_path, names):
    with pytest.raises(ReleaseBroken, match="ordered by external id"):
        write(tmp_path, names)


def test_what_was_sealed_is_verified(sealed):
    verified = verify_folder(sealed, trusted_fingerprint=TRUSTED)
    assert (verified.records, verified.files, verified.key_id) == (3, 12, TRUSTED)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(data=st.data())
def test_one_changed_byte_anywhere_is_found(sealed, data):
    path = data.draw(
        st.sampled_from(sorted(path for path in sealed.rglob("*") if path.is_file() and path.stat().st_size))
    )
    content = path.read_bytes()
    place = data.draw(st.integers(0, len(content) - 1))
    path.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
    try:
        with pytest.raises(ReleaseBroken):
            verify_folder(sealed, trusted_fingerprint=TRUSTED)
    finally:
        path.write_bytes(content)


def test_another_key_is_not_trusted(sealed):
    with pytest.raises(ReleaseBroken, match="and you trust sha256:other"):
        verify_folder(sealed, trusted_fingerprint="sha256:other")


def test_missing_and_unknown_files_are_found(sealed):
    (sealed / "extra.txt").write_text("x")
    with pytest.raises(ReleaseBroken, match=r"extra\.txt lies in the folder"):
        verify_folder(sealed, trusted_fingerprint=TRUSTED)
    (sealed / "extra.txt").unlink()
    (sealed / "records.parquet").unlink()
    with pytest.raises(ReleaseBroken, match=r"records\.parquet is missing"):
        verify_folder(sealed, trusted_fingerprint=TRUSTED)


def test_a_manifest_that_points_outside_is_refused(sealed):
    manifest = json.loads((sealed / "manifest.json").read_text())
    manifest["files"][0]["name"] = "../secret"
    data = canonical_bytes(manifest)
    (sealed / "manifest.json").write_bytes(data)
    (sealed / "manifest.json.sig").write_bytes(canonical_bytes(signing.sign(KEY, data)))
    with pytest.raises(ReleaseBroken, match="outside the release"):
        verify_folder(sealed, trusted_fingerprint=TRUSTED)


@pytest.mark.parametrize("secret", ["", "zz" * 32, "11" * 31])
def test_a_signing_key_is_64_hexadecimal_characters(secret):
    with pytest.raises(Invalid, match="64 hexadecimal"):
        signing.signing_key(secret)


def test_the_card_leaves_out_views_without_rows(tmp_path):
    with ReleaseWriter(tmp_path, {1: LESSONS}) as writer:
        writer.add(record(choice="tie"))
        content = writer.finish()
    seal(tmp_path, content)
    card = (tmp_path / "README.md").read_text()
    assert "Counts here are as frozen; what was erased of these records since is listed by the API at" in card
    assert "1 record judged by" in card
    header = card.split("---")[1]
    assert "config_name: default" in header
    assert "views/" not in header


# --- what other questions teach -----------------------------------------------------------------------------------

ALL = Lessons(preference="preference", rankings=("ranking",), edits=("edit",), writings=("own", "turns"))


def taught(view, answers, messages=None, outcome="agreed"):
    made = record(choice=None, outcome=outcome)
    made["resolution"]["answers"] = answers
    made["messages"] = messages or made["messages"]
    return list(VIEWS[view].rows(made, ALL))


def pairs(answers, view="preference", **more):
    names = {"Paris.": "a", "Lyon.": "b", "Nice.": "c"}
    sides = {"preference": ("chosen", "rejected"), "openai_preference": ("preferred_output", "non_preferred_output")}
    return [tuple(names[row[side][0]["content"]] for side in sides[view]) for row in taught(view, answers, **more)]


@pytest.mark.parametrize("view", ["preference", "openai_preference"])
def test_a_ranking_sets_the_best_against_all_below_and_each_place_against_the_next(view):
    assert pairs({"ranking": [["b"], ["c"], ["a"]]}, view) == [("b", "c"), ("b", "a"), ("c", "a")]
    assert pairs({"ranking": [["b", "a"], ["c"]]}, view) == [("b", "c"), ("a", "c")]
    assert pairs({"ranking": [["a", "b", "c"]]}, view) == []
    assert pairs({"ranking": [["b"], ["c"], ["a"]]}, view, outcome="no_agreement") == []


def test_places_further_apart_than_one_are_no_pair_but_for_the_best():
    made = record(choice=None)
    made["responses"].append({"key": "d", "text": "Metz.", "model": ""})
    made["resolution"]["answers"] = {"ranking": [["a"], ["b"], ["c"], ["d"]]}
    rows = [(row["chosen"][0]["content"], row["rejected"][0]["content"]) for row in VIEWS["preference"].rows(made, ALL)]
    assert rows == [
        ("Paris.", "Lyon."),
        ("Paris.", "Nice."),
        ("Paris.", "Metz."),
        ("Lyon.", "Nice."),
        ("Nice.", "Metz."),
    ]


def test_a_pair_is_taught_once_and_not_where_preference_and_ranking_contradict():
    both = {"preference": {"choice": "a"}, "ranking": [["a"], ["b"], ["c"]]}
    assert pairs(both) == [("a", "b"), ("a", "c"), ("b", "c")]
    assert pairs({**both, "ranking": [["b"], ["a"], ["c"]]}) == [("a", "c"), ("b", "c")]


def test_what_was_edited_and_written_is_taught_as_a_response():
    edit = {"response": "a", "text": "Paris, on the Seine.", "diff": []}
    assert taught("sft", {"edit": edit}) == [{"messages": [*PROMPT, *said("Paris, on the Seine.")]}]
    assert taught("sft", {"own": "It is Paris."}) == [{"messages": [*PROMPT, *said("It is Paris.")]}]
    assert taught("sft", {"own": "It is Paris."}, outcome="no_agreement") == []


def test_the_chosen_response_is_taught_as_it_stood_unless_it_was_edited():
    edit = {"response": "b", "text": "Lyon!", "diff": []}
    last = [row["messages"][-1]["content"] for row in taught("sft", {"preference": {"choice": "a"}, "edit": edit})]
    assert last == ["Paris.", "Lyon!"]
    last = [row["messages"][-1]["content"] for row in taught("sft", {"preference": {"choice": "b"}, "edit": edit})]
    assert last == ["Lyon!"]


def test_what_was_written_for_an_earlier_turn_ends_the_conversation_there():
    conversation = [
        {"role": "user", "content": "Hello"},
        {"role": "assistant", "content": "What?"},
        {"role": "user", "content": "Capital of France?"},
    ]
    assert taught("sft", {"turns": {"1": "Good morning!"}}, messages=conversation) == [
        {"messages": [{"role": "user", "content": "Hello"}, *said("Good morning!")]}
    ]


def test_a_form_teaches_what_its_questions_can():
    questions = [
        {"id": "p", "type": "preference"},
        {"id": "p2", "type": "preference"},
        {"id": "r", "type": "ranking"},
        {"id": "e", "type": "edit"},
        {"id": "attack", "type": "writing", "what": "prompt"},
        {"id": "own", "type": "writing", "what": "response"},
        {"id": "c", "type": "choice"},
    ]
    assert Lessons.of({"questions": questions}) == Lessons("p", ("r",), ("e",), ("own",))
    assert Lessons.of({"questions": questions[-1:]}) == Lessons()
