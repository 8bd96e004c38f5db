"""Inference of true values: published figures, an independent slow fit, gold, order, and what permutations must not change."""

import csv
import os
from pathlib import Path

import numpy as np
import pytest
from django.conf import settings
from hypothesis import given
from hypothesis import settings as how
from hypothesis import strategies as st

from quality.labels import index_labels, one_vote_each
from quality.truth import Crowd, dawid_skene, majority, one_coin, pooled_dawid_skene
from tests.crowds import Kind, accuracy, make_crowd

DATA = Path(os.environ.get("ASSAY_DATA") or settings.BASE_DIR.parent / "shared/data") / "consensus"
real = pytest.mark.skipif(not DATA.is_dir(), reason="the real data are not here; ASSAY_DATA names their folder")

# Dawid and Skene (1979), table 1: 45 patients, three assessments by the first of five anaesthetists, one by each other.
ANAESTHETISTS = "1112345"
PATIENTS = (
    "1111111 3334334 1122122 2223121 2223222 2223322 1222111 3333433 2222223 2322223 4444444 2223343 1111111 2223212 1211111 "
    "1112111 1111111 1111111 2222221 2221322 2222222 2222221 2223222 2212222 1111111 1111111 2322222 1111111 1111111 1121121 "
    "1111111 3333233 1111111 2222222 2223232 4334343 2212232 2323233 3333432 1111111 1111111 1212111 2322222 1211111 2222222"
)

METHODS = [majority, one_coin, pooled_dawid_skene, dawid_skene]

rows_of_labels = st.lists(
    st.tuples(st.sampled_from("abcdefgh"), st.sampled_from("uvwxyz"), st.sampled_from("012")), min_size=1, max_size=60
)


def assessments():
    return index_labels(
        (str(patient), who, value)
        for patient, row in enumerate(PATIENTS.split())
        for who, value in zip(ANAESTHETISTS, row, strict=True)
    )


def of_items(labels, truth):
    return {item: tuple(np.round(row, 6)) for item, row in zip(labels.items, truth.posterior, strict=True)}


def slow_dawid_skene(labels, steps):
    """Equations 2.3 to 2.5 as they stand, with loops: posterior, prevalence and log-likelihood after so many steps."""
    size = len(labels.values)
    n = np.zeros((len(labels.items), len(labels.workers), size))
    for item, worker, value, weight in zip(labels.item, labels.worker, labels.value, labels.weight, strict=True):
        n[item, worker, value] += weight
    posterior = n.sum(axis=1) / n.sum(axis=(1, 2))[:, None]
    for _ in range(steps):
        prevalence = posterior.mean(axis=0)
        joint = np.tile(prevalence, (len(n), 1))
        for worker in range(n.shape[1]):
            for j in range(size):
                counts = posterior[:, j] @ n[:, worker]
                if counts.sum() > 0:
                    joint[:, j] *= np.prod((counts / counts.sum()) ** n[:, worker], axis=1)
        posterior = joint / joint.sum(axis=1, keepdims=True)
    return posterior, prevalence, float(np.log(joint.sum(axis=1)).sum())


def test_the_figures_of_dawid_and_skene():
    """Their table 2: prevalences .40, .42, .11, .07; the maximum from the majority's start has a log-likelihood of -192.89."""
    truth = dawid_skene(Crowd(assessments()))
    assert np.round(truth.prevalence, 2).tolist() == [0.40, 0.42, 0.11, 0.07]
    assert truth.log_likelihood == pytest.approx(-192.89, abs=0.005)


def test_a_fit_with_loops_comes_to_the_same():
    labels, _ = make_crowd(Kind(items=60, workers=12, votes=5, classes=3), seed=1)
    for each in (labels, assessments()):
        truth = dawid_skene(Crowd(each))
        posterior, prevalence, likelihood = slow_dawid_skene(each, truth.steps)
        np.testing.assert_allclose(truth.posterior, posterior, atol=1e-9)
        np.testing.assert_allclose(truth.prevalence, prevalence, atol=1e-9)
        assert truth.log_likelihood == pytest.approx(likelihood)


@real
@pytest.mark.parametrize(
    ("name", "by_majority", "by_dawid_skene"), [("rte", 89.69, 92.75), ("dog", 82.22, 84.26), ("CF_amt", 85.33, 83.67)]
)
def test_the_figures_of_public_sets(name, by_majority, by_dawid_skene):
    labels, truth = read_set(name)
    crowd = Crowd(one_vote_each(labels).labels)
    assert round(100 * accuracy(majority(crowd).answers(), truth), 2) == by_majority
    assert round(100 * accuracy(dawid_skene(crowd).answers(), truth), 2) == by_dawid_skene


@real
@pytest.mark.parametrize(
    ("name", "by_majority", "steps", "cut_short", "at_the_end"),
    [("CF_amt", 85.33, 2, 84.00, 83.67), ("ZenCrowd_us", 86.13, 3, 82.94, 82.25)],
)
def test_what_others_print_of_two_sets_is_an_em_that_ends_while_the_likelihood_still_rises(
    name, by_majority, steps, cut_short, at_the_end, monkeypatch
):
    labels, truth = read_set(name)
    crowd = Crowd(labels)  # each row a vote of its own, as there
    assert round(100 * accuracy(majority(crowd).answers(), truth), 2) == by_majority
    whole = dawid_skene(crowd)
    assert round(100 * accuracy(whole.answers(), truth), 2) == at_the_end
    monkeypatch.setattr("quality.truth.STEPS", steps)
    short = dawid_skene(crowd)
    assert round(100 * accuracy(short.answers(), truth), 2) == cut_short
    assert short.log_likelihood < whole.log_likelihood - 10


def read_set(name):
    """Return a public set's labels, each row one, and the places of its true values."""
    with open(DATA / name / "label.csv", encoding="utf-8-sig", newline="") as file:
        labels = index_labels((row["item"], row["worker"], row["label"]) for row in csv.DictReader(file))
    with open(DATA / name / "truth.csv", encoding="utf-8-sig", newline="") as file:
        told = {row["item"]: row["truth"] for row in csv.DictReader(file)}
    return labels, np.array([labels.values.index(told[item]) for item in labels.items])


def test_gold_stays_what_it_was_declared_and_teaches_who_is_right():
    """Two of three are wrong on everything; ten items with known answers turn all others round."""
    rows = [
        (f"{n:02d}", who, str((n + (who != "expert")) % 2)) for n in range(40) for who in ("expert", "bad", "worse")
    ]
    labels = index_labels(rows)
    crowd = Crowd(labels)
    truth = np.array([int(item) % 2 for item in labels.items])
    for method in METHODS:
        assert accuracy(method(crowd).answers(), truth) == 0.0
    gold = {place: int(truth[place]) for place in range(10)}
    for method in (one_coin, pooled_dawid_skene, dawid_skene):
        found = method(crowd, gold=gold)
        assert accuracy(found.answers(), truth) == 1.0
    by_votes = majority(crowd, gold=gold)
    assert accuracy(by_votes.answers()[:10], truth[:10]) == 1.0
    assert accuracy(by_votes.answers()[10:], truth[10:]) == 0.0


def test_pooling_helps_workers_with_few_labels():
    found = []
    for seed in range(5):
        labels, truth = make_crowd(Kind(items=400, workers=300, votes=5, classes=5), seed=seed)
        crowd = Crowd(labels)
        found.append([accuracy(method(crowd).answers(), truth) for method in (pooled_dawid_skene, dawid_skene)])
    pooled, unpooled = np.mean(found, axis=0)
    assert pooled > unpooled + 0.02


def test_where_values_are_ordered_what_nobody_did_yet_is_a_near_miss_first():
    """On one item two workers without any other label say 2; where there is order, 1 is likelier than 0 to have been true."""
    rows = [(str(n), who, str(n % 4)) for n in range(8) for who in "ab"]
    labels = index_labels([*rows, ("new", "c", "2"), ("new", "d", "2")])
    crowd = Crowd(labels)
    item = labels.items.index("new")
    ordered, plain = (pooled_dawid_skene(crowd, is_ordered=order).posterior[item] for order in (True, False))
    assert ordered[1] > ordered[0] * 1.5
    assert plain[1] == pytest.approx(plain[0])


def test_the_likelihood_of_the_classic_fit_never_falls(monkeypatch):
    labels, _ = make_crowd(Kind(items=80, workers=15, votes=4, classes=3, spam=0.3), seed=3)
    found = []
    for steps in range(1, 15):
        monkeypatch.setattr("quality.truth.STEPS", steps)
        found.append(dawid_skene(Crowd(labels)).log_likelihood)
    assert (np.diff(found) > -1e-9).all()


@how(max_examples=40, deadline=None)
@given(rows=rows_of_labels, data=st.data())
def test_no_order_of_rows_and_no_names_of_workers_change_what_is_true(rows, data):
    shuffled = data.draw(st.permutations(rows))
    renamed = dict(zip("uvwxyz", data.draw(st.permutations("uvwxyz")), strict=True))
    labels = one_vote_each(index_labels(rows)).labels
    other = one_vote_each(index_labels((item, renamed[who], value) for item, who, value in shuffled)).labels
    for method in METHODS:
        one, two = of_items(labels, method(Crowd(labels))), of_items(other, method(Crowd(other)))
        assert one.keys() == two.keys()
        for item in one:
            np.testing.assert_allclose(one[item], two[item], atol=1e-5)


@how(max_examples=40, deadline=None)
@given(rows=rows_of_labels)
def test_a_posterior_is_one(rows):
    crowd = Crowd(one_vote_each(index_labels(rows)).labels)
    for method in METHODS:
        posterior = method(crowd).posterior
        assert np.isfinite(posterior).all()
        np.testing.assert_allclose(posterior.sum(axis=1), 1.0)


def test_where_all_agree_every_method_agrees_with_them():
    labels = index_labels((str(n), who, str(n % 3)) for n in range(30) for who in "abc")
    truth = np.array([int(item) % 3 for item in labels.items])
    for method in METHODS:
        assert accuracy(method(Crowd(labels)).answers(), truth) == 1.0


def test_one_class_and_one_label_are_no_special_case():
    for method in METHODS:
        assert method(Crowd(index_labels([("a", "u", "1")]))).posterior.tolist() == [[1.0]]
