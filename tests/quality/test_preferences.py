"""Strengths from comparisons: Stigler's journals, ties, what cannot be told, and raters of unequal worth."""

import numpy as np
import pytest
from scipy.optimize import minimize

from quality.preferences import Comparisons, bradley_terry, crowd_bradley_terry

# S. M. Stigler, "Citation patterns in the journals of statistics and probability" (1994): how often the row was cited by the
# column.
JOURNALS = ("Biometrika", "Comm Statist", "JASA", "JRSS-B")
CITED = [[714, 730, 498, 221], [33, 425, 68, 17], [320, 813, 1072, 142], [284, 276, 325, 188]]


def compared(names, judgments, ties=()):
    """Comparisons from (winner, loser, rater) and, for ties, (one, other, rater)."""
    rows = [*judgments, *ties]
    winner, loser, rater = (np.array([row[k] for row in rows], dtype=np.intp) for k in range(3))
    is_tie = np.array([False] * len(judgments) + [True] * len(ties))
    return Comparisons(tuple(names), winner, loser, is_tie, rater)


def journals():
    return compared(
        JOURNALS,
        [(i, j, 0) for i in range(4) for j in range(4) if i != j for _ in range(CITED[i][j])],
    )


def test_the_strengths_of_stiglers_journals():
    found = bradley_terry(journals(), reference="Biometrika")
    assert {name: round(value, 3) for name, value in found.strength.items()} == {
        "Biometrika": 0.0, "Comm Statist": -2.949, "JASA": -0.480, "JRSS-B": 0.269,
    }  # fmt: skip
    assert {name: round(value, 3) for name, value in found.error.items()} == {
        "Biometrika": 0.0, "Comm Statist": 0.103, "JASA": 0.061, "JRSS-B": 0.071,
    }  # fmt: skip
    assert (found.tie, found.why) == (None, "")


def test_another_reference_shifts_all_strengths_alike():
    one, other = (bradley_terry(journals(), reference=name) for name in ("Biometrika", "JASA"))
    assert one.log_likelihood == pytest.approx(other.log_likelihood)
    for name in JOURNALS:
        assert one.strength[name] - one.strength["JASA"] == pytest.approx(other.strength[name])


def random_comparisons(seed, strength, nu, count):
    chance = np.random.default_rng(seed)
    wins, ties = [], []
    for _ in range(count):
        i, j = chance.choice(len(strength), size=2, replace=False)
        p = np.exp(strength)
        ends = np.array([p[i], p[j], nu * np.sqrt(p[i] * p[j])])
        end = chance.choice(3, p=ends / ends.sum())
        (ties if end == 2 else wins).append((i, j, 0) if end != 1 else (j, i, 0))
    return compared("abcd"[: len(strength)], wins, ties)


def test_davidsons_ties_by_another_optimiser():
    comparisons = random_comparisons(5, np.array([0.0, 0.8, -0.5, 1.5]), 0.7, 600)
    found = bradley_terry(comparisons, reference="a")

    def loss(free):
        strength, nu = np.append(0.0, free[:3]), np.exp(free[3])
        p, q = np.exp(strength[comparisons.winner]), np.exp(strength[comparisons.loser])
        between = nu * np.sqrt(p * q)
        return -np.log(np.where(comparisons.is_tie, between, p) / (p + q + between)).sum()

    slow = minimize(loss, np.zeros(4), method="BFGS")
    np.testing.assert_allclose([found.strength[name] for name in "bcd"] + [found.tie], slow.x, atol=1e-3)
    np.testing.assert_allclose(
        [found.error[name] for name in "bcd"] + [found.tie_error], np.sqrt(np.diag(slow.hess_inv)), rtol=0.1
    )
    assert found.log_likelihood == pytest.approx(-slow.fun, abs=1e-6)


def test_strengths_that_nothing_bounds_are_not_told():
    unbeaten = bradley_terry(compared("abc", [(0, 1, 0), (0, 2, 0), (1, 2, 0), (2, 1, 0)]), reference="a")
    assert unbeaten.strength is None
    assert unbeaten.why.startswith("Strengths are not bounded: a never lost to the others")
    apart = bradley_terry(compared("abcd", [(0, 1, 0), (1, 0, 0), (2, 3, 0), (3, 2, 0)]), reference="a")
    assert "a, b, c, d never lost" in apart.why
    assert bradley_terry(compared("ab", []), reference="a").why.startswith("There is nothing to compare")


def test_a_tie_bounds_both():
    found = bradley_terry(compared("ab", [(0, 1, 0), (0, 1, 0)], [(0, 1, 0)]), reference="a")
    assert found.strength["b"] < 0


def test_a_rater_who_prefers_the_worse_is_found_out():
    """Three of five raters see the better one on 90 %, one tosses a coin and one is a contrary."""
    chance = np.random.default_rng(11)
    sees = [0.9, 0.9, 0.9, 0.5, 0.1]
    strength = np.array([0.0, 1.0, 2.0, 3.0])
    judgments = []
    for rater, eta in enumerate(sees):
        for _ in range(300):
            i, j = chance.choice(4, size=2, replace=False)
            is_first = chance.random() < 1 / (1 + np.exp(strength[j] - strength[i]))
            better, worse = (i, j) if is_first else (j, i)
            judgments.append((better, worse, rater) if chance.random() < eta else (worse, better, rater))
    comparisons = compared("abcd", judgments)
    found = crowd_bradley_terry(comparisons, reference="a")
    assert sorted(found.strength, key=found.strength.get) == ["a", "b", "c", "d"]
    np.testing.assert_allclose(found.raters, sees, atol=0.12)
    plain = bradley_terry(comparisons, reference="a")
    off = [abs(each.strength["d"] - 3.0) for each in (found, plain)]
    assert off[0] < off[1]


def test_strengths_with_raters_exist_where_nobody_lost():
    found = crowd_bradley_terry(compared("ab", [(0, 1, 0), (0, 1, 1)], [(0, 1, 1)]), reference="b")
    assert (found.strength["b"], found.strength["a"] > 0, len(found.raters)) == (0.0, True, 2)
