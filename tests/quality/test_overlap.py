"""Whether one more judgment is worth its price; and how many labels two real sets need."""

import csv
import os
import random
from collections import Counter, defaultdict
from math import prod
from pathlib import Path

import pytest
from django.conf import settings
from hypothesis import given
from hypothesis import strategies as st

from quality.overlap import Action, Terms, cost_of_more, decide, item_posterior, one_coin, within_budget

DATA = Path(os.environ.get("ASSAY_DATA") or settings.BASE_DIR.parent / "shared/data")
real = pytest.mark.skipif(not DATA.is_dir(), reason="the real data are not here; ASSAY_DATA names their folder")

TERMS = Terms(target=0.95, judgment_cost=1, expert_cost=8, least=1, most=5, next_accuracy=0.8)


def test_bayes_by_hand():
    coin = one_coin(0.8, ["a", "b", "c"])
    found = item_posterior([("a", coin), ("a", coin), ("b", coin)], {"a": 1 / 3, "b": 1 / 3, "c": 1 / 3})
    scores = {"a": 0.8 * 0.8 * 0.1, "b": 0.1 * 0.1 * 0.8, "c": 0.1**3}
    assert found == pytest.approx({key: score / sum(scores.values()) for key, score in scores.items()})


@given(st.lists(st.tuples(st.sampled_from("ab"), st.floats(0.05, 0.95)), max_size=6), st.floats(0.1, 0.9))
def test_the_posterior_is_the_joint_distribution_normalised(labels, share):
    prior = {"a": share, "b": 1 - share}
    given_labels = [(answer, one_coin(accuracy, ["a", "b"])) for answer, accuracy in labels]
    joint = {t: prior[t] * prod(a if answer == t else 1 - a for answer, a in labels) for t in prior}
    expected = {t: value / sum(joint.values()) for t, value in joint.items()}
    assert item_posterior(given_labels, prior) == pytest.approx(expected)
    assert item_posterior(list(reversed(given_labels)), prior) == pytest.approx(expected)


def test_no_single_judgment_settles_anything():
    found = item_posterior([("a", one_coin(1.0, ["a", "b"]))], {"a": 0.5, "b": 0.5})
    assert found["a"] == pytest.approx(0.99)


def test_a_confident_item_is_resolved_and_a_doubtful_one_gets_one_more():
    found = decide({"a": 0.96, "b": 0.04}, given=2, terms=TERMS)
    assert (found.action, found.answer) == (Action.RESOLVE, "a")
    assert found.reason == "a with 96.0% after 2 judgments: the target of 95.0% is reached."
    assert decide({"a": 0.5, "b": 0.5}, given=0, terms=TERMS).action == Action.ONE_MORE
    assert decide({"a": 0.94, "b": 0.06}, given=4, terms=TERMS).action == Action.ONE_MORE


def test_hopeless_or_dear_items_go_to_an_expert():
    assert decide({"a": 0.5, "b": 0.5}, given=4, terms=TERMS).action == Action.ESCALATE
    dear = Terms(target=0.95, judgment_cost=3, expert_cost=8, next_accuracy=0.8)
    assert decide({"a": 0.8, "b": 0.2}, given=1, terms=dear).action == Action.ESCALATE
    assert decide({"a": 0.8, "b": 0.2}, given=1, terms=TERMS).action == Action.ONE_MORE
    found = decide({"a": 0.8, "b": 0.2}, given=5, terms=TERMS)
    assert (found.action, found.expected_cost) == (Action.ESCALATE, 8)


def test_without_an_expert_judgments_go_on_to_the_cap():
    alone = Terms(target=0.95, judgment_cost=1, expert_cost=None, most=5)
    assert decide({"a": 0.5, "b": 0.5}, given=4, terms=alone).action == Action.ONE_MORE
    found = decide({"a": 0.6, "b": 0.4}, given=5, terms=alone)
    assert (found.action, found.confidence) == (Action.RESOLVE, 0.6)
    assert "there is no expert" in found.reason


def test_the_least_number_is_kept():
    careful = Terms(target=0.95, judgment_cost=1, expert_cost=8, least=2, most=5)
    assert decide({"a": 0.99, "b": 0.01}, given=1, terms=careful).action == Action.ONE_MORE


@given(st.floats(0.3, 0.94), st.integers(0, 3), st.floats(0.55, 0.95), st.floats(1.5, 12))
def test_the_cost_to_come_is_that_of_the_best_tree(share, given_, accuracy, expert):
    """Every sequence of answers walked one by one, instead of their counts."""
    terms = Terms(target=0.95, judgment_cost=1, expert_cost=expert, most=5, next_accuracy=accuracy)
    coin = one_coin(accuracy, ["a", "b"])

    def best(posterior, count):
        if count >= 1 and max(posterior.values()) >= terms.target:
            return 0.0
        return expert if count >= terms.most else min(expert, more(posterior, count))

    def more(posterior, count):
        cost = terms.judgment_cost
        for answer in "ab":
            chance = sum(posterior[truth] * coin[truth][answer] for truth in "ab")
            cost += chance * best({t: posterior[t] * coin[t][answer] / chance for t in "ab"}, count + 1)
        return cost

    posterior = {"a": share, "b": 1 - share}
    assert cost_of_more(posterior, given=given_, terms=terms) == pytest.approx(more(posterior, given_))


def test_many_answers_are_looked_at_less_far_ahead_and_still_in_time():
    even = {str(n): 1 / 40 for n in range(40)}
    assert decide(even, given=0, terms=TERMS).action in (Action.ONE_MORE, Action.ESCALATE)


def test_a_budget_goes_to_the_least_confident():
    shares = {"x": 0.9, "y": 0.6, "z": 0.7, "done": 0.97}
    choices = {key: decide({"a": share, "b": 1 - share}, given=1, terms=TERMS) for key, share in shares.items()}
    assert within_budget(choices, 2) == ["y", "z"]
    assert within_budget(choices, 10) == ["y", "z", "x"]
    assert within_budget(choices, -1) == []


# --- replay ------------------------------------------------------------------------------------------------------------


class Crowd:
    """What is known of workers from their labels so far and nothing else: one-coin accuracies, by expectation-maximisation
    (Dawid and Skene 1979), drawn to the crowd's mean by PRIOR answers; begun anew from where it stood."""

    PRIOR = 4.0

    def __init__(self, answers):
        self.answers = answers
        self.labels = defaultdict(list)
        self.accuracies = defaultdict(lambda: 0.7)
        self.posteriors = {}

    def learn(self, rounds=4):
        even = {answer: 1 / len(self.answers) for answer in self.answers}
        for _ in range(rounds):
            coins = {worker: one_coin(accuracy, self.answers) for worker, accuracy in self.accuracies.items()}
            unknown = one_coin(self.accuracies["nobody"], self.answers)
            right, given_ = Counter(), Counter()
            for item, labels in self.labels.items():
                known = [(label, coins.get(worker, unknown)) for worker, label in labels]
                self.posteriors[item] = item_posterior(known, even)
                for worker, label in labels:
                    right[worker] += self.posteriors[item][label]
                    given_[worker] += 1
            mean = (right.total() + 5 * 0.7) / (given_.total() + 5)
            known = {w: (right[w] + self.PRIOR * mean) / (given_[w] + self.PRIOR) for w in given_}
            self.accuracies = defaultdict(lambda mean=mean: mean, known)


def read(name):
    def rows(file):
        with (DATA / "consensus" / name / file).open(newline="") as lines:
            return list(csv.DictReader(lines))

    return rows("label.csv"), {row["item"]: row["truth"] for row in rows("truth.csv")}


def share_right(votes, truth):
    """The share of items whose likeliest answer is right; where several are likeliest, a part of one."""
    right = 0.0
    for item, scores in votes.items():
        best = [answer for answer, score in scores.items() if score >= max(scores.values()) - 1e-12]
        right += (truth[item] in best) / len(best)
    return right / len(votes)


def replay(labels, truth, *, seed, terms, share):
    """Let the labels come one by one in a random order, where they are asked for; return (share used, share right)."""
    waiting = defaultdict(list)
    for row in random.Random(seed).sample(labels, len(labels)):
        waiting[row["item"]].append((row["worker"], row["label"]))
    crowd = Crowd(sorted(set(truth.values())))
    budget = int(share * len(labels))

    def ask(items):
        for item in items:
            crowd.labels[item].append(waiting[item].pop())

    for _ in range(terms.least):
        ask(waiting)
    while True:
        crowd.learn()
        room = budget - sum(map(len, crowd.labels.values()))
        choices = {
            item: decide(crowd.posteriors[item], given=len(crowd.labels[item]), terms=terms)
            for item in waiting
            if waiting[item]
        }
        asked = within_budget(choices, min(room, 120))
        if not asked:
            return sum(map(len, crowd.labels.values())) / len(labels), share_right(crowd.posteriors, truth)
        ask(asked)


@real
@pytest.mark.slow
@pytest.mark.parametrize("name", ["rte", "dog"])
def test_half_of_the_labels_reach_what_all_of_them_do(name):
    """The majority of all ten labels, by at most five an item on average: workers known by their labels alone, one rule for
    both sets, three orders of the labels."""
    labels, truth = read(name)
    votes = defaultdict(Counter)
    for row in labels:
        votes[row["item"]][row["label"]] += 1
    terms = Terms(target=0.995, judgment_cost=1, expert_cost=None, least=2, most=10)
    found = [replay(labels, truth, seed=seed, terms=terms, share=0.5) for seed in (1, 2, 3)]
    assert all(used <= 0.5 for used, _ in found)
    assert sum(right for _, right in found) / 3 >= share_right(votes, truth)
