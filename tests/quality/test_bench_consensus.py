"""bench consensus: what each policy asks for, its figures, and a folder without sets."""

import numpy as np
import pytest
from rich.progress import Progress

from config.bench import consensus
from tests.crowds import Kind, make_crowd


@pytest.fixture
def small(monkeypatch):
    """The synthetic crowd is small here, and a method chosen by parting votes once: speed is the bench's own business."""
    monkeypatch.setattr(consensus, "ITEMS", 300)
    monkeypatch.setattr(consensus, "ROUNDS", 1)
    monkeypatch.setattr("quality.choosing.MOST_PARTITIONS", 1)


def write_set(folder, seed):
    labels, truth = make_crowd(Kind(items=150, workers=30, votes=6, classes=2, skill=(6, 2)), seed=seed)
    folder.mkdir(parents=True)
    rows = zip(labels.item, labels.worker, labels.value, strict=True)
    text = "item,worker,label\n" + "".join(f"{item},{worker},{value}\n" for item, worker, value in rows)
    (folder / "label.csv").write_text(text)
    told = "".join(f"{item},{value}\n" for item, value in enumerate(truth))
    (folder / "truth.csv").write_text("item,truth\n" + told)


def test_every_set_and_policy_has_its_figures(small, tmp_path):
    write_set(tmp_path / "consensus" / "one", seed=4)
    figures = consensus.measure(tmp_path, progress=Progress(disable=True)).figures
    assert figures["sets"] == 1
    for policy in ("fixed_1", "fixed_2", "fixed_3", "fixed_5", "adaptive_80", "adaptive_99", "calibrated_90", "full"):
        assert 50 <= figures[f"accuracy_one_{policy}"] <= 100
    assert "accuracy_one_fixed_10" not in figures
    asked = {policy: figures[f"labels_per_item_one_{policy}"] for policy in ("fixed_1", "fixed_3", "fixed_5", "full")}
    assert asked == {"fixed_1": 1.0, "fixed_3": 3.0, "fixed_5": 5.0, "full": 6.0}
    assert 3 <= figures["labels_per_item_one_adaptive_80"] <= figures["labels_per_item_one_adaptive_99"] <= 6
    assert figures["accuracy_one_full"] > figures["accuracy_one_fixed_1"]
    assert figures["seconds_200k_labels"] > figures["floor_seconds_200k_labels"]


def test_where_no_sets_are_only_speed_is_told(small, tmp_path):
    figures = consensus.measure(tmp_path / "nowhere", progress=Progress(disable=True)).figures
    assert figures["sets"] == 0
    assert not [name for name in figures if name.startswith("accuracy")]


def test_every_order_takes_each_label_of_an_item_at_another_turn():
    labels, _ = make_crowd(Kind(items=20, workers=30, votes=4, classes=2), seed=1)
    first, second = (consensus._turns(labels, order) for order in (0, 1))
    for item in range(20):
        assert sorted(first[labels.item == item]) == [0, 1, 2, 3]
    assert (first != second).any()


def test_an_item_on_which_the_first_agree_is_asked_of_nobody_else():
    """Workers are right on nine of ten, so three who agree mostly settle an item, and two against one mostly do not, at 99 %."""
    labels, _ = make_crowd(Kind(items=300, workers=20, votes=7, classes=2, skill=(90, 10)), seed=2)
    turn = consensus._turns(labels, 0)
    asked = np.bincount(labels.item[consensus._asked(labels, turn, 0.99)])
    first = labels.only(turn < 3)
    agree = np.array([len(set(first.value[first.item == item])) == 1 for item in range(300)])
    assert (asked[agree] == 3).mean() > 0.95
    assert (asked[~agree] > 3).mean() > 0.9
