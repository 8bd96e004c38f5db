"""The consensus command: figures, what it chose, plain sentences for files that cannot be used, and its speed."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from tests.crowds import Kind, make_crowd

ROOT = Path(settings.BASE_DIR)
DATA = Path(os.environ.get("ASSAY_DATA") or ROOT.parent / "shared/data") / "consensus"
real = pytest.mark.skipif(not DATA.is_dir(), reason="the real data are not here; ASSAY_DATA names their folder")


@pytest.fixture
def file(tmp_path):
    def write(name, text, encoding="utf-8"):
        path = tmp_path / name
        path.write_text(text, encoding=encoding)
        return path

    return write


def run(capsys, labels, **options):
    call_command("consensus", str(labels), json=True, **options)
    out = capsys.readouterr().out
    assert out.count("\n") == 1
    return json.loads(out)


LABELS = "item,worker,label\n" + "".join(
    f"{item},{worker},{label}\n"
    for item, labels in {"a": "1110", "b": "0001", "c": "1100", "d": "1111"}.items()
    for worker, label in zip("uvwx", labels, strict=True)
)


def test_the_figures_of_a_small_file(file, capsys):
    """c is a tie, so the majority is right on a, b and half of c; d is not in the truth."""
    labels = file("labels.csv", LABELS + "a,u,1\nd,x,0\n")
    truth = file("truth.csv", "item,truth\na,1\nb,0\nc,1\nelsewhere,1\n")
    found = run(capsys, labels, truth=truth, method="majority")
    figures = found["figures"]
    assert {name: figures[name] for name in ("items", "workers", "labels", "duplicates", "contradictions", "gold")} == {
        "items": 4, "workers": 4, "labels": 18, "duplicates": 1, "contradictions": 1, "gold": 0,
    }  # fmt: skip
    assert (figures["accuracy"], figures["accuracy_majority"]) == (83.33, 83.33)
    # Of class 1: right 1.5, answered 1.5, true 2; of class 0: right 1, answered 1.5, true 1.
    assert figures["macro_f1"] == round(100 * (3 / 3.5 + 2 / 2.5) / 2, 2)
    assert (found["ok"], found["method"], found["why"]) == (True, "majority", "It was asked for.")


def test_without_truth_there_is_no_accuracy_and_without_order_no_ordinal_alpha(file, capsys):
    found = run(capsys, file("labels.csv", LABELS.replace(",1\n", ",yes\n").replace(",0\n", ",no\n")))
    assert found["figures"]["accuracy"] is None
    assert found["figures"]["alpha_ordinal"] is None
    assert found["undefined"] == {"alpha_ordinal": "The labels are not numbers, so they have no order to go by."}
    assert found["why"].startswith("Answers that agree with votes not yet seen: majority ")


def test_gold_is_taken_as_true_and_not_counted_as_right(file, capsys, tmp_path):
    truth = file("truth.csv", "item,truth\na,0\nb,0\nd,1\n")
    gold = file("gold.csv", "item,truth\na,0\nunknown,2\n")
    out = tmp_path / "out.csv"
    found = run(capsys, file("labels.csv", LABELS), truth=truth, gold=gold, method="majority", out=out)
    assert (found["figures"]["gold"], found["figures"]["accuracy"]) == (1, 100.0)
    assert out.read_text(encoding="utf-8").splitlines() == [
        "item,label,belief", "a,0,1.000000", "b,0,0.750000", "c,0,0.500000", "d,1,1.000000",
    ]  # fmt: skip


def test_columns_may_stand_anywhere_and_a_byte_order_mark_is_no_letter(file, capsys):
    rows = [line.split(",") for line in LABELS.splitlines()]
    swapped = "\r\n".join(",".join([label, "x", item, worker]) for item, worker, label in rows)
    found = run(capsys, file("labels.csv", swapped, encoding="utf-8-sig"))
    assert (found["figures"]["labels"], found["figures"]["items"]) == (16, 4)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "line 1: the header must name the columns item, worker, label; it lacks item, worker, label."),
        ("item,worker\n", "line 1: the header must name the columns item, worker, label; it lacks label."),
        ("item,worker,label\n", "has no labels: below its header there is no row."),
        ("item,worker,label\na,u,1\nb,u\n", "line 3: 2 fields where the header has 3."),
        ("item,worker,label\na,u,1\n\nb,u, \n", "line 4: label is empty; fill it in, or take the line out."),
        ('item,worker,label\na,"u"v,1\n', "line 2: not CSV: "),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_with_its_line(file, text, sentence):
    with pytest.raises(CommandError) as refused:
        call_command("consensus", str(file("labels.csv", text)))
    assert sentence in str(refused.value)
    assert "labels.csv" in str(refused.value)


def test_what_cannot_be_read_is_said(file, tmp_path):
    with pytest.raises(CommandError, match=r"nowhere\.csv cannot be read: No such file or directory\."):
        call_command("consensus", str(tmp_path / "nowhere.csv"))
    with pytest.raises(CommandError, match=r"labels\.csv is not UTF-8 text"):
        call_command("consensus", str(file("labels.csv", LABELS.replace("a,", "ä,"), encoding="latin-1")))
    twice = file("truth.csv", "item,truth\na,1\nb,0\na,0\n")
    with pytest.raises(CommandError, match=r"truth\.csv, line 4: item a has another answer above, 1 and not 0"):
        call_command("consensus", str(file("labels.csv", LABELS)), truth=twice)
    with pytest.raises(CommandError, match="cannot be written: Is a directory"):
        call_command("consensus", str(file("labels.csv", LABELS)), out=tmp_path)


def test_labels_that_are_no_short_list_are_refused(file):
    text = "item,worker,label\n" + "".join(f"{n},u,text {n}\n" for n in range(5000))
    with pytest.raises(CommandError, match="5,000 different labels for 5,000 items"):
        call_command("consensus", str(file("labels.csv", text)))


def test_it_runs_where_no_database_is(file):
    done = subprocess.run(
        [sys.executable, "manage.py", "consensus", str(file("labels.csv", LABELS)), "--json"],
        cwd=ROOT, capture_output=True, text=True, check=True,
        env={"PATH": "/usr/bin:/bin", "DATABASE_URL": "postgres://nobody:nothing@127.0.0.1:1/nothing"},
    )  # fmt: skip
    assert json.loads(done.stdout)["figures"]["labels"] == 16


def test_two_hundred_thousand_labels_take_less_than_three_seconds(tmp_path, capsys):
    labels, truth = make_crowd(Kind(items=20_000, workers=800, votes=10, classes=5, spam=0.2), seed=1)
    rows = np.stack([labels.item, labels.worker, labels.value], axis=1)
    np.savetxt(tmp_path / "l.csv", rows, fmt="%d", delimiter=",", header="item,worker,label", comments="")
    told = np.stack([np.arange(20_000), truth], axis=1)
    np.savetxt(tmp_path / "t.csv", told, fmt="%d", delimiter=",", header="item,truth", comments="")
    figures = run(capsys, tmp_path / "l.csv", truth=tmp_path / "t.csv")["figures"]
    assert figures["labels"] == 200_000
    assert figures["seconds"] < 3


@real
@pytest.mark.parametrize(
    ("name", "is_near"), [("rte", 92.25), ("dog", 83.76), ("CF_amt", 84.83), ("ZenCrowd_us", 85.63)]
)
def test_what_is_chosen_is_within_half_a_point_of_the_better_on_public_sets(name, is_near, capsys):
    figures = run(capsys, DATA / name / "label.csv", truth=DATA / name / "truth.csv")["figures"]
    assert figures["accuracy"] >= is_near
    assert figures["accuracy"] >= max(figures["accuracy_majority"], figures["accuracy_dawid_skene"]) - 0.5
