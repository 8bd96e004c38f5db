"""The difference of an edit: read in order it gives the original and the edited text, whatever the two are."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from labeling.forms import diffs
from labeling.forms.diffs import ADDED, REMOVED, diff_of

TEXTS = st.text(st.sampled_from("ab .\n👋é"), max_size=40) | st.text(max_size=40)


def told_by(diff):
    """What is read of a difference: the original, and the edited text."""
    return tuple("".join(text for op, text in diff if op != without) for without in (ADDED, REMOVED))


def test_words_are_kept_taken_out_and_put_in():
    assert diff_of("The old man sleeps.", "The young man sleeps well.") == [
        ["=", "The "],
        ["-", "old"],
        ["+", "young"],
        ["=", " man sleeps"],
        ["+", " well"],
        ["=", "."],
    ]


def test_equal_and_empty_texts_have_the_plain_difference():
    assert diff_of("Same.", "Same.") == [["=", "Same."]]
    assert diff_of("", "") == []
    assert diff_of("", "New") == [["+", "New"]]
    assert diff_of("Old", "") == [["-", "Old"]]


@given(TEXTS, TEXTS)
def test_the_difference_turns_the_original_into_the_edited_text(original, edited):
    diff = diff_of(original, edited)
    assert told_by(diff) == (original, edited)
    assert all(text for _, text in diff)
    assert all(one[0] != other[0] for one, other in pairwise(diff))


@given(TEXTS, TEXTS, st.integers(0, 30))
def test_texts_too_long_to_compare_word_by_word_still_have_their_difference(original, edited, most):
    usual, diffs.MOST_COMPARISONS = diffs.MOST_COMPARISONS, most
    try:
        assert told_by(diff_of(original, edited)) == (original, edited)
    finally:
        diffs.MOST_COMPARISONS = usual


def test_long_texts_are_compared_by_lines():
    lines = [f"line {number} of many words\n" for number in range(600)]
    changed = [*lines[:300], "Another line\n", *lines[301:]]
    assert diff_of("".join(["x\n", *lines, "y"]), "".join(["z\n", *changed, "w"]))[2:5] == [
        ["=", "".join(lines[:300])],
        ["-", lines[300]],
        ["+", "Another line\n"],
    ]
