"""Labels as arrays: names in order, and one vote a worker and item."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from quality.labels import in_order, index_labels, one_vote_each

rows_of_labels = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("uvw"), st.sampled_from("01")), max_size=30)


def test_numbers_are_sorted_by_size_and_words_by_letters():
    assert in_order(["10", "9", "-1", "2.5"]) == ("-1", "2.5", "9", "10")
    assert in_order(["10", "9", "x"]) == ("10", "9", "x")
    assert in_order(["nan", "1"]) == ("1", "nan")


def test_rows_become_places_in_sorted_names():
    labels = index_labels([("b", "v", "10"), ("a", "u", "9")], values=["11"])
    assert (labels.items, labels.workers, labels.values) == (("a", "b"), ("u", "v"), ("9", "10", "11"))
    assert (labels.item.tolist(), labels.worker.tolist(), labels.value.tolist()) == ([1, 0], [1, 0], [1, 0])


def test_who_says_the_same_again_has_one_vote_and_who_contradicts_themselves_divides_it():
    rows = [("a", "u", "0"), ("a", "u", "0"), ("a", "v", "0"), ("a", "v", "1"), ("a", "v", "1"), ("b", "v", "1")]
    found = one_vote_each(index_labels(rows))
    assert (found.duplicates, found.contradictions) == (2, 1)
    kept = found.labels
    told = {
        (kept.items[i], kept.workers[w], kept.values[v]): weight
        for i, w, v, weight in zip(kept.item, kept.worker, kept.value, kept.weight, strict=True)
    }
    assert told == {("a", "u", "0"): 1.0, ("a", "v", "0"): 1 / 3, ("a", "v", "1"): 2 / 3, ("b", "v", "1"): 1.0}


@given(rows=rows_of_labels, data=st.data())
def test_votes_weigh_one_for_each_worker_and_item_in_any_order(rows, data):
    found = one_vote_each(index_labels(rows))
    kept = found.labels
    assert np.isclose(kept.weight.sum(), len({row[:2] for row in rows}))
    assert len(kept) + found.duplicates == len(rows)
    again = one_vote_each(index_labels(data.draw(st.permutations(rows))))
    assert again.labels.weight.tolist() == kept.weight.tolist()
    assert (again.duplicates, again.contradictions) == (found.duplicates, found.contradictions)
