"""When work will be done: what is due first goes first on the same people, and what few can do waits for those few."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.forecast import Crew, Work, crews_of, finish_hours


def test_a_crew_does_one_work_after_the_other_the_earliest_due_first():
    works = [Work(1, 8.0, 4.0), Work(2, 2.0, 6.0), Work(1, 100.0, 2.0)]
    assert finish_hours(works, [Crew(2, frozenset({1, 2}))]) == [5.0, 3.0, 6.0]


def test_among_equals_the_higher_priority_goes_first():
    assert finish_hours([Work(1, 8.0, 1.0), Work(2, 8.0, 1.0, priority=1)], [Crew(1, frozenset({1, 2}))]) == [2.0, 1.0]


def test_expert_work_waits_for_the_experts_and_not_for_the_many():
    """Nine people who label do not make the audits any faster."""
    label, audit = 1, 2
    works = [Work(label, 10.0, 20.0), Work(audit, 10.0, 12.0)]
    crews = [Crew(9, frozenset({label})), Crew(1, frozenset({audit}))]
    assert finish_hours(works, crews) == pytest.approx([20 / 9, 12.0])


def test_those_who_are_done_help_where_they_may():
    works = [Work(1, 1.0, 2.0), Work(2, 5.0, 10.0)]
    assert finish_hours(works, [Crew(1, frozenset({1, 2})), Crew(1, frozenset({2}))]) == pytest.approx([2.0, 6.0])


def test_what_nobody_serves_is_never_done_and_nothing_left_is_done_now():
    assert finish_hours([Work(1, 1.0, 2.0), Work(2, 1.0, 0.0)], [Crew(3, frozenset({9}))]) == [None, 0.0]
    assert finish_hours([Work(1, 1.0, 2.0)], []) == [None]


def test_people_who_may_serve_the_same_pools_are_one_crew():
    found = crews_of({1: [7, 8, 9], 2: [8, 9], 3: []})
    assert sorted((crew.people, sorted(crew.pools)) for crew in found) == [(1, [1]), (2, [1, 2])]


WORKS = st.lists(
    st.builds(Work, st.integers(1, 4), st.floats(0, 50), st.floats(0, 20), st.integers(0, 2)), min_size=1, max_size=12
)
CREWS = st.lists(st.builds(Crew, st.integers(1, 5), st.frozensets(st.integers(1, 4), min_size=1)), max_size=5)


@given(WORKS, CREWS)
def test_nobody_works_more_than_they_can_and_all_that_is_served_gets_done(works, crews):
    finish = finish_hours(works, crews)
    served = {pool for crew in crews for pool in crew.pools}
    for work, done in zip(works, finish, strict=True):
        assert (done is not None) == (work.pool_id in served or work.hours <= 1e-9)
    last = max((done for done in finish if done is not None), default=0.0)
    total = sum(work.hours for work, done in zip(works, finish, strict=True) if done is not None)
    assert total <= last * sum(crew.people for crew in crews) + 1e-6


@given(WORKS, CREWS)
def test_more_people_for_everything_make_nothing_later(works, crews):
    """One crew that may do all keeps the order, so it can only gain by another."""
    everything = frozenset({1, 2, 3, 4})
    few = finish_hours(works, [Crew(1, everything)])
    many = finish_hours(works, [Crew(2, everything)])
    assert all(b <= a + 1e-6 for a, b in zip(few, many, strict=True) if a is not None and b is not None)
