"""Coefficients of agreement against published figures, the reference package and slow definitions."""

import itertools

import krippendorff as reference
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import settings as how
from hypothesis import strategies as st

from quality import kappa
from quality.coefficients import cohen_kappa, counts_of, fleiss_kappa, gwet_ac1, krippendorff
from quality.labels import index_labels

LEVELS = ["nominal", "ordinal", "interval", "ratio"]

# Krippendorff's reliability data C (2011, section C and D): four observers, twelve units; None where a value is missing.
DATA_C = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3],
    [None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None],
]

# Fleiss (1971), table 1: what six psychiatrists said of each of thirty patients; five diagnoses.
FLEISS = (
    "444444 222555 233335 555555 222444 113333 333355 113334 114444 555555 144444 124444 222333 144444 224445 "
    "333335 111455 111112 224444 133555 555555 244444 224555 114444 144445 222224 111155 224444 133333 555555"
)

votes = st.lists(st.lists(st.integers(0, 4), min_size=4, max_size=4), min_size=2, max_size=25).map(np.array)


def counts_of_rows(rows, values=(1, 2, 3, 4, 5)):
    units = list(itertools.zip_longest(*rows))
    return np.array([[sum(each == value for each in unit) for value in values] for unit in units], dtype=float)


@pytest.mark.parametrize(
    ("level", "alpha"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849), ("ratio", 0.797)]
)
def test_alpha_of_krippendorffs_data_c(level, alpha):
    found = krippendorff(counts_of_rows(DATA_C), level=level, values=[1, 2, 3, 4, 5])
    assert round(found.value, 3) == alpha
    assert found.units == 11
    assert found.low < found.value < found.high <= 1


@how(max_examples=60, deadline=None)
@given(counts=votes, level=st.sampled_from(LEVELS))
def test_alpha_is_the_reference_packages_at_every_level(counts, level):
    found = krippendorff(counts.astype(float), level=level, values=[1, 2, 5, 9])
    assume(found.value is not None)
    paired = counts[counts.sum(axis=1) > 1]
    is_used = paired.sum(axis=0) > 0
    expected = reference.alpha(
        value_counts=paired[:, is_used], value_domain=np.array([1, 2, 5, 9])[is_used], level_of_measurement=level
    )
    assert found.value == pytest.approx(expected, abs=1e-9)


def test_kappa_of_fleiss_own_table():
    counts = np.array([[row.count(value) for value in "12345"] for row in FLEISS.split()], dtype=float)
    found = fleiss_kappa(counts)
    assert (round(found.value, 3), found.units) == (0.430, 30)
    assert found.low < found.value < found.high


def test_cohens_kappa_of_a_small_table():
    found = cohen_kappa(np.array([[20.0, 5.0], [10.0, 15.0]]))
    assert found.value == pytest.approx(0.4)
    assert found.units == 50
    assert found.low < 0.4 < found.high


def test_kappa_of_verdicts_is_that_of_their_table():
    one, other = "aabbcacbbac", "abbbcaccbaa"
    table = np.zeros((3, 3))
    np.add.at(table, (["abc".index(each) for each in one], ["abc".index(each) for each in other]), 1)
    assert cohen_kappa(table).value == pytest.approx(kappa.cohen_kappa(one, other).value)


def test_weighted_kappa_by_hand():
    """Four units, values 0 to 2; observed cost 1 + 2 = 3 of distances; expected (2 2 0) x (1 1 2) / 4."""
    table = np.array([[1.0, 1.0, 0.0], [0.0, 0.0, 2.0], [0.0, 0.0, 0.0]])
    linear = 1 - (1 + 2) / ((2 * 1 * 1 + 2 * 2 * 2 + 2 * 1 * 1 + 2 * 2 * 1) / 4)
    quadratic = 1 - (1 + 2) / ((2 * 1 * 1 + 2 * 2 * 4 + 2 * 1 * 1 + 2 * 2 * 1) / 4)
    assert cohen_kappa(table, weights="linear").value == pytest.approx(linear)
    assert cohen_kappa(table, weights="quadratic").value == pytest.approx(quadratic)


def slow_ac1(rows, categories):
    """Gwet (2008), eq. 8, with loops and missing ratings as in the Handbook."""
    rated = [[each for each in row if each is not None] for row in rows]
    paired = [row for row in rated if len(row) > 1]
    agreed = np.mean([np.mean([one == other for one, other in itertools.permutations(row, 2)]) for row in paired])
    common = [np.mean([row.count(value) / len(row) for row in rated if row]) for value in categories]
    by_chance = sum(each * (1 - each) for each in common) / (len(categories) - 1)
    return (agreed - by_chance) / (1 - by_chance)


def test_ac1_of_data_c():
    rows = list(itertools.zip_longest(*DATA_C))
    found = gwet_ac1(counts_of_rows(DATA_C))
    assert found.value == pytest.approx(slow_ac1(rows, (1, 2, 3, 4, 5)))
    # As K. L. Gwet's irrCAC gives it for the same data.
    assert round(found.value, 4) == 0.7754


@how(max_examples=60, deadline=None)
@given(rows=st.lists(st.lists(st.sampled_from([0, 1, 2, None]), min_size=3, max_size=3), min_size=1, max_size=20))
def test_ac1_is_its_definition(rows):
    counts = np.array([[row.count(value) for value in range(3)] for row in rows], dtype=float)
    found = gwet_ac1(counts)
    if any(sum(each is not None for each in row) > 1 for row in rows):
        assert found.value == pytest.approx(slow_ac1(rows, range(3)))
    else:
        assert (found.value, found.why) == (None, "No unit has two ratings.")


@pytest.mark.parametrize("coefficient", [krippendorff, fleiss_kappa, gwet_ac1])
@given(wholes=st.lists(st.integers(0, 2), min_size=4, max_size=20).filter(lambda each: len(set(each)) > 1))
@how(max_examples=25, deadline=None)
def test_where_all_agree_it_is_one(coefficient, wholes):
    assert coefficient(3.0 * np.eye(3)[wholes]).value == pytest.approx(1.0)


@pytest.mark.parametrize("coefficient", [krippendorff, fleiss_kappa, gwet_ac1])
@how(max_examples=25, deadline=None)
@given(counts=votes, data=st.data())
def test_no_order_of_units_or_values_changes_it(coefficient, counts, data):
    units = data.draw(st.permutations(range(len(counts))))
    values = data.draw(st.permutations(range(4)))
    found = coefficient(counts.astype(float))
    other = coefficient(counts[np.ix_(units, values)].astype(float))
    assert (found.units, found.why) == (other.units, other.why)
    assert found.value == other.value or found.value == pytest.approx(other.value)


def test_what_is_not_defined_says_why():
    same, single = np.array([[3.0, 0.0], [3.0, 0.0]]), np.array([[1.0, 0.0], [0.0, 1.0]])
    for coefficient in (krippendorff, fleiss_kappa):
        assert (coefficient(same).value, coefficient(same).why[:24]) == (None, "Only one value was given")
    for coefficient in (krippendorff, fleiss_kappa, gwet_ac1):
        assert (coefficient(single).value, coefficient(single).why) == (None, "No unit has two ratings.")
    uneven = fleiss_kappa(np.array([[2.0, 1.0], [2.0, 0.0]]))
    assert (uneven.value, uneven.why[:27]) == (None, "Fleiss' kappa needs the sam")
    one = krippendorff(np.array([[1.0, 1.0]]))
    assert (one.value, one.low, one.why[:24]) == (0.0, None, "There is no interval: on")
    assert cohen_kappa(np.array([[4.0, 0.0], [0.0, 0.0]])).why.startswith("Only one value was given")
    assert krippendorff(np.zeros((0, 2))).why == "No unit has two ratings."


def test_an_interval_is_not_told_where_resampling_mostly_finds_one_value():
    rare = krippendorff(np.array([[2.0, 0.0]] * 5 + [[1.0, 1.0]]))
    assert rare.value is not None
    assert (rare.low, rare.why[:32]) == (None, "There is no interval: drawn agai")


def test_numbers_are_needed_and_not_below_zero_where_the_level_says_so():
    counts = np.array([[1.0, 1.0], [2.0, 0.0]])
    with pytest.raises(ValueError, match="needs the numbers"):
        krippendorff(counts, level="interval")
    with pytest.raises(ValueError, match="not below zero"):
        krippendorff(counts, level="ratio", values=[-1, 1])


def test_the_interval_covers_the_truth_about_as_often_as_it_says():
    """Two raters, right on 85 % each of a fair coin: the expected alpha is 0.49. Of 100 intervals some 95 hold it."""
    chance = np.random.default_rng(7)
    held = 0
    for _ in range(100):
        truth = chance.integers(2, size=(200, 1))
        given = np.where(chance.random((200, 2)) < 0.85, truth, 1 - truth)
        found = krippendorff(np.stack([(given == value).sum(axis=1) for value in (0, 1)], axis=1).astype(float))
        held += found.low <= 0.49 <= found.high
    assert 88 <= held <= 100


def test_counts_come_from_labels():
    labels = index_labels([("a", "u", "0"), ("a", "v", "1"), ("b", "u", "1")])
    assert counts_of(labels).tolist() == [[1.0, 1.0], [0.0, 1.0]]
