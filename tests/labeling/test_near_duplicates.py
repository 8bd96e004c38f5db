"""Near-duplicates: the estimate is near the truth, and what is alike meets in a band."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labeling.near_duplicates import (
    ALIKE,
    BANDS,
    MOST_A_BAND,
    PERMUTATIONS,
    Neighbourhood,
    bands_of,
    signature_of,
    similarities,
    stored,
    text_to_compare,
)

WORDS = [f"word{number}" for number in range(2000)]


def shingles(words):
    return {tuple(words[at : at + 3]) for at in range(len(words) - 2)}


def jaccard(first, second):
    return len(shingles(first) & shingles(second)) / len(shingles(first) | shingles(second))


@given(st.integers(0, 10_000), st.integers(0, 150))
@settings(max_examples=60)
def test_the_estimate_is_near_the_jaccard_similarity(seed, changed):
    drawn = random.Random(seed)
    first = [drawn.choice(WORDS) for _ in range(300)]
    second = [*first[: 300 - changed], *(drawn.choice(WORDS) for _ in range(changed))]
    [share] = similarities(stored(signature_of(" ".join(first))), [stored(signature_of(" ".join(second)))])
    # Five standard deviations of a mean of 64.
    assert share == pytest.approx(jaccard(first, second), abs=5 * 0.5 / PERMUTATIONS**0.5)


def test_what_is_alike_meets_in_a_band_and_what_is_not_does_not():
    drawn = random.Random(7)
    met = strangers = 0
    for _ in range(200):
        words = [drawn.choice(WORDS) for _ in range(200)]
        other = [*words]
        other[drawn.randrange(190)] = "changed"
        third = [drawn.choice(WORDS) for _ in range(200)]
        bands, near, far = (set(bands_of(signature_of(" ".join(each)), project_id=1)) for each in (words, other, third))
        met += bool(bands & near)
        strangers += bool(bands & far)
    assert (met, strangers) == (200, 0)


def test_case_punctuation_and_spelling_of_signs_make_no_difference():
    first = signature_of("The quick, brown fox — jumps ﬁne!")
    assert stored(first) == stored(signature_of("the QUICK brown fox jumps fine"))


def test_scripts_without_spaces_are_compared_sign_by_sign():
    text = "我想知道法国的首都是哪里因为我下个月要去那里旅行还想看看铁塔和博物馆"
    [share] = similarities(stored(signature_of(text)), [stored(signature_of(text + "吗"))])
    assert share >= ALIKE


def test_bands_of_two_projects_never_meet():
    signature = signature_of("the same text in two projects")
    assert len(set(bands_of(signature, project_id=1)) | set(bands_of(signature, project_id=2))) == 2 * (BANDS + 1)


def test_a_signature_is_the_same_for_ever():
    """Stored sketches are compared with new ones: a change of the hash functions would be a change of the data."""
    assert stored(signature_of("one two three four")).hex()[:32] == "3e3d52a3747b5b0c15d28d44bb7565a4"
    assert bands_of(signature_of("one two three four"), project_id=1)[0] == 4864265943261659262


@pytest.mark.parametrize("text", ["", " \n", "—!?"])
def test_a_text_without_words_has_no_signature(text):
    assert signature_of(text) is None


def test_short_texts_are_alike_only_when_they_are_the_same():
    one = stored(signature_of("Paris"))
    assert similarities(one, [stored(signature_of("paris.")), stored(signature_of("Lyon"))]) == [1.0, 0.0]


def test_all_that_was_said_counts():
    payload = {
        "messages": [{"role": "user", "content": "Why?"}],
        "responses": [{"key": "a", "text": "So.", "model": ""}],
    }
    assert text_to_compare(payload) == "Why?\nSo."


def test_a_band_takes_the_first_sketches_and_no_more():
    near = Neighbourhood()
    taken = [near.add(bytes(256), item_id, [1, 2]) for item_id in range(MOST_A_BAND)]
    assert taken == [[1, 2]] * MOST_A_BAND
    assert near.add(bytes(256), 99, [2, 3]) == [3]
    assert near.most_alike(bytes(256), [1, 2]) == (1.0, 0)
    assert near.most_alike(bytes(256), [3]) == (1.0, 99)
    assert near.most_alike(bytes(256), [4]) is None


def test_what_is_the_same_is_met_where_every_other_band_is_full():
    near = Neighbourhood()
    signature = signature_of("one two three four")
    bands = bands_of(signature, project_id=1)
    for item_id in range(MOST_A_BAND):
        near.add(bytes(256), item_id, bands[:-1])
    assert near.add(stored(signature), 99, bands) == bands[-1:]
    assert near.most_alike(stored(signature), bands) == (1.0, 99)
