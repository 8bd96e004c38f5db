"""The choice of a method without the truth: on crowds whose truth is known, it must be near the better one."""

import numpy as np
import pytest

from quality.choosing import FOLDS, choose, folds, methods
from quality.labels import index_labels
from quality.truth import Crowd
from tests.crowds import Kind, accuracy, labels_of, make_crowd

METHODS = methods()
SEEDS = range(100, 104)
# What the crowd is like, and how far the choice may on average stay behind the better of majority and Dawid-Skene.
CROWDS = {
    "errors are independent": (Kind(items=800, workers=100, votes=10, classes=2, skill=(4, 2.5)), 0.005),
    "a third answers by habit": (Kind(items=800, workers=100, votes=7, classes=4, spam=0.35), 0.0),
    "workers lean to a value of their own": (Kind(items=800, workers=100, votes=9, classes=2, bias=0.8), 0.02),
    "some items are harder": (Kind(800, 100, 9, 3, skill=(4, 2.5), difficulty=0.7, spam=0.2), 0.005),
    "hard items carry the errors": (Kind(800, 80, 7, 2, skill=(8, 3), difficulty=2), 0.02),
    "hard items share a wrong answer": (Kind(300, 110, 20, 5, skill=(6, 3), difficulty=1.8, lure=0.9), 0.01),
    "few labels a worker": (Kind(items=400, workers=300, votes=5, classes=5), 0.005),
    "one class is rare": (Kind(800, 100, 5, 2, skill=(8, 2), prevalence=(0.95, 0.05)), 0.0),
    "three classes are rare": (Kind(800, 100, 5, 4, skill=(6, 3), prevalence=(0.85, 0.09, 0.05, 0.01)), 0.0),
}


@pytest.mark.parametrize("name", CROWDS)
def test_the_choice_is_near_the_better_of_majority_and_dawid_skene_where(name):
    kind, allowed = CROWDS[name]
    behind = []
    for seed in SEEDS:
        labels, truth = make_crowd(kind, seed=seed)
        crowd = Crowd(labels)
        found = {each: accuracy(method(crowd).answers(), truth) for each, method in METHODS.items()}
        behind.append(max(found["majority"], found["dawid-skene"]) - found[choose(labels).method])
    assert np.mean(behind) <= allowed, behind


def busy_few(seed):
    """Ninety workers who are right on 72 %, and four who judged everything and take the same third of the 0s for 1s."""
    chance = np.random.default_rng(seed)
    truth = (chance.random(1200) < 0.3).astype(int)
    is_tempting = (truth == 0) & (chance.random(1200) < 0.3)
    others = [chance.choice(np.arange(4, 94), size=6, replace=False) for _ in truth]
    worker = np.concatenate([np.append(np.arange(4), six) for six in others])
    item = np.repeat(np.arange(1200), 10)
    ability = np.where(worker >= 4, 0.72, np.where(is_tempting[item], 0.1, 0.95))
    value = np.where(chance.random(len(item)) < ability, truth[item], 1 - truth[item])
    return labels_of(item, worker, value, 1200, 94, 2), truth


def test_a_mistake_that_a_busy_few_share_does_not_carry_a_model():
    for seed in range(4):
        labels, truth = busy_few(seed)
        crowd = Crowd(labels)
        found = {name: accuracy(method(crowd).answers(), truth) for name, method in METHODS.items()}
        assert max(found["one-coin"], found["pooled"], found["dawid-skene"]) < found["majority"] - 0.05
        assert choose(labels).method == "majority"


def test_every_vote_is_held_back_once_and_never_all_of_an_item():
    labels, _ = make_crowd(Kind(items=50, workers=20, votes=3, classes=2), seed=1)
    fold = folds(labels, np.random.default_rng(1))
    assert set(fold) == set(range(FOLDS))
    for item in range(50):
        assert len(set(fold[labels.item == item])) == 3


def test_where_no_item_has_two_votes_the_majority_is_taken_and_said():
    found = choose(index_labels([("a", "u", "1"), ("b", "v", "0")]))
    assert (found.method, found.items, found.support) == ("majority", 0, {})
    assert found.why.startswith("No item has two votes")


def test_the_choice_says_what_it_saw():
    labels, _ = make_crowd(CROWDS["a third answers by habit"][0], seed=100)
    found = choose(labels)
    assert found == choose(labels)
    assert (found.method, found.items, set(found.support)) == ("one-coin", 800, set(METHODS))
    assert found.why.startswith("Answers that agree with votes not yet seen: majority 45.12%, one-coin 49.53%, ")


def test_gold_is_no_item_to_choose_by():
    labels, truth = make_crowd(Kind(items=40, workers=10, votes=4, classes=2), seed=2)
    assert choose(labels, gold={place: int(truth[place]) for place in range(15)}).items == 25


def test_of_a_large_crowd_whole_items_are_drawn(monkeypatch):
    labels, _ = make_crowd(Kind(items=400, workers=30, votes=6, classes=2, skill=(4, 2.5)), seed=5)
    whole = choose(labels)
    monkeypatch.setattr("quality.choosing.MOST_VOTES", 1200)
    part = choose(labels)
    assert whole.items == 400
    assert 150 < part.items < 250
