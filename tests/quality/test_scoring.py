"""How answers compare with what gold expects, for every kind of question."""

import pytest

from quality.scoring import score_gold

MARK = {"response": "a", "start": 0, "end": 4, "label": "fact"}
OTHER = {"response": "b", "start": 2, "end": 3, "label": "fact"}


def is_right(kind, expected, given, *also):
    form = {"title": "t", "questions": [{"id": "q", "type": kind}]}
    return score_gold(form, {"q": expected}, {"q": given}, tolerance={"q": list(also)}).is_correct


@pytest.mark.parametrize(
    ("kind", "expected", "right", "wrong"),
    [
        ("preference", {"choice": "a"}, {"choice": "a", "strength": "lot"}, {"choice": "b"}),
        ("preference", {"choice": "a", "strength": "lot"}, {"choice": "a", "strength": "lot"}, {"choice": "a"}),
        ("choice", "x", "x", "y"),
        ("choice", {"a": "x", "b": "y"}, {"b": "y", "a": "x"}, {"a": "x", "b": "x"}),
        ("choices", ["x", "y"], ["x", "y"], ["x"]),
        ("choices", {"a": ["x"], "b": []}, {"a": ["x"], "b": []}, {"a": [], "b": ["x"]}),
        ("rating", 3, 3, 4),
        (
            "rating",
            {"a": {"one": 1}, "b": {"one": 2}},
            {"a": {"one": 1}, "b": {"one": 2}},
            {"a": {"one": 1}, "b": {"one": 1}},
        ),
        ("checks", {"one": True, "two": False}, {"one": True, "two": False}, {"one": True, "two": True}),
        ("ranking", [["a", "b"], ["c"]], [["b", "a"], ["c"]], [["a"], ["b"], ["c"]]),
        ("spans", [MARK, OTHER], [OTHER, MARK], [MARK]),
        ("spans", [MARK], [MARK], [{**MARK, "end": 5}]),
        ("spans", [], [], [MARK]),
    ],
)
def test_an_answer_is_right_where_it_says_the_same(kind, expected, right, wrong):
    assert is_right(kind, expected, right)
    assert not is_right(kind, expected, wrong)


def test_what_the_tolerance_lists_is_right_too():
    assert is_right("preference", {"choice": "a"}, {"choice": "b"}, "b")
    assert is_right("choice", "x", "y", "y")
    assert is_right("choices", ["x"], ["y", "x"], ["x", "y"])
    assert is_right("checks", {"one": True}, {"one": False}, {"one": False})
    assert is_right("ranking", [["a"], ["b", "c"]], [["c", "b"], ["a"]], [["b", "c"], ["a"]])
    assert is_right("spans", [MARK], [OTHER, MARK], [MARK, OTHER])


def test_the_tolerance_of_a_rating_holds_wherever_it_is_asked():
    expected = {"a": {"one": 4, "two": 4}, "b": {"one": 2, "two": 5}}
    near = {"a": {"one": 5, "two": 4}, "b": {"one": 4, "two": 5}}
    assert is_right("rating", expected, near, 4, 5)
    assert not is_right("rating", expected, near, 5)
    assert is_right("rating", 4, 5, 5)


def test_what_was_not_answered_is_wrong_and_what_was_not_expected_is_not_scored():
    form = {"title": "t", "questions": [{"id": "q", "type": "choice"}, {"id": "r", "type": "rating"}]}
    scored = score_gold(form, {"q": "x", "r": 1}, {"q": "x"})
    assert (scored.is_correct, scored.questions) == (False, {"q": True, "r": False})
    assert score_gold(form, {"q": "x"}, {"q": "x", "r": 3}).is_correct
    assert not score_gold(form, {}, {"q": "x"}).is_correct
