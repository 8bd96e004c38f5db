"""Accuracy and macro F1 by hand, with ties and classes that were never answered."""

import numpy as np
import pytest

from quality.correctness import accuracy, macro_f1

ANSWERS = np.array([[True, False, False], [True, True, False], [False, True, False], [False, False, True]])


def test_a_tie_is_right_by_its_part():
    assert accuracy(ANSWERS, np.array([0, 0, 1, 1])) == 0.625
    assert macro_f1(ANSWERS, np.array([0, 0, 1, 1])) == pytest.approx((2 * 1.5 / 3.5 + 2 * 1 / 3.5 + 0) / 3)


def test_a_class_that_nobody_could_answer_is_never_right():
    assert accuracy(ANSWERS, np.array([0, 1, 3, 2])) == 0.625
    assert macro_f1(ANSWERS, np.array([0, 1, 3, 2])) == pytest.approx((2 / 2.5 + 1 / 2.5 + 1 + 0) / 4)


def test_without_items_there_is_nothing_to_tell():
    nothing = np.zeros((0, 2), dtype=bool)
    assert accuracy(nothing, np.zeros(0, dtype=int)) is None
    assert macro_f1(nothing, np.zeros(0, dtype=int)) is None
