"""How right answers are where the truth is known: accuracy and macro F1, ties split. Pure; for jobs and commands only (numpy).

An item with several answers that tie counts as that part of a right answer which a draw among them would be right. Sources:
F1 of C. J. van Rijsbergen, "Information retrieval" (1979), chapter 7, averaged over the classes that are true or answered.
"""

import numpy as np
from numpy.typing import NDArray

from quality.labels import Floats, Places

Answers = NDArray[np.bool_]


def accuracy(answers: Answers, truth: Places) -> float | None:
    """Return the share of items (rows) whose true class is answered; None without items.

    `answers` is items x classes; a true class beyond its columns is one that nobody could have answered.
    """
    return float(_drawn(answers, truth)[np.arange(len(truth)), truth].mean()) if len(truth) else None


def macro_f1(answers: Answers, truth: Places) -> float | None:
    """Return the mean over classes of 2 x right / (answered + true), None without items; the same arrays as above."""
    if not len(truth):
        return None
    drawn = _drawn(answers, truth)
    size = drawn.shape[1]
    right = np.bincount(truth, weights=drawn[np.arange(len(truth)), truth], minlength=size)
    both = drawn.sum(axis=0) + np.bincount(truth, minlength=size)
    return float((2 * right[both > 0] / both[both > 0]).mean())


def _drawn(answers: Answers, truth: Places) -> Floats:
    """Return the chance of each class to be drawn, with columns for true classes that were no answers."""
    beyond = max(int(truth.max(initial=0)) + 1 - answers.shape[1], 0)
    chances = answers / answers.sum(axis=1, keepdims=True)
    return np.pad(chances, ((0, 0), (0, beyond)))
