"""The order that rankings have in common, against the plain definition."""

from itertools import permutations, product

from hypothesis import given
from hypothesis import strategies as st

from quality.ordering import pair_votes, weak_order


@st.composite
def rankings(draw):
    """Return tiers over the keys a to d."""
    places = draw(st.lists(st.integers(0, 3), min_size=4, max_size=4))
    tiers = {}
    for key, place in zip("abcd", places, strict=True):
        tiers.setdefault(place, []).append(key)
    return [tiers[place] for place in sorted(tiers)]


def stands_before(order):
    place = {key: number for number, tier in enumerate(order) for key in tier}
    return {(one, other) for one, other in permutations("abcd", 2) if place[one] < place[other]}


def every_order():
    for places in product(range(4), repeat=4):
        if set(places) == set(range(max(places) + 1)):
            yield [[key for key, at in zip("abcd", places, strict=True) if at == n] for n in range(max(places) + 1)]


@given(st.lists(rankings(), min_size=1, max_size=5))
def test_an_order_is_found_exactly_where_the_majorities_are_one(given_rankings):
    held = [stands_before(each) for each in given_rankings]
    majority = {
        pair for pair in permutations("abcd", 2) if 2 * sum(pair in each for each in held) > len(given_rankings)
    }
    fitting = [order for order in every_order() if stands_before(order) == majority]
    assert weak_order(pair_votes(given_rankings), len(given_rankings)) == (fitting[0] if fitting else None)


@given(rankings(), st.integers(1, 4))
def test_those_who_rank_alike_have_their_ranking(ranking, people):
    assert weak_order(pair_votes([ranking] * people), people) == ranking
