"""What differs between two versions of a guideline, clause by clause and word by word."""

from hypothesis import given
from hypothesis import strategies as st

from labeling import guideline_changes
from labeling.guideline_changes import changes_between

texts = st.text(alphabet="ab .,\nß", max_size=40)
clauses = st.lists(
    st.fixed_dictionaries({"id": st.sampled_from("pqrstu"), "text": texts}), unique_by=lambda clause: clause["id"]
)


def clause(name, text="Text.", title=""):
    return {"id": name, "title": title, "text": text}


def test_clauses_come_go_change_and_move():
    old = [clause("truth", "A wrong fact loses."), clause("length"), clause("code"), clause("care")]
    new = [clause("care"), clause("truth", "A wrong fact always loses."), clause("code"), clause("safety")]
    found = changes_between(old, new)
    assert found.added == [clause("safety")]
    assert found.removed == [clause("length")]
    assert [(each.id, each.diff) for each in found.reworded] == [
        ("truth", [["=", "A wrong fact "], ["+", "always "], ["=", "loses."]])
    ]
    assert found.moved == ["care"]
    assert found.clauses == ["length", "safety", "truth"]


def test_a_new_title_is_a_change_of_words():
    [reworded] = changes_between([clause("a", title="Truth")], [clause("a", title="Truth first")]).reworded
    assert reworded.title_diff == [["=", "Truth"], ["+", " first"]]
    assert reworded.diff == [["=", "Text."]]


def test_examples_come_and_go():
    one, two = {"text": "One", "clause": "a"}, {"text": "Two", "clause": "a"}
    found = changes_between([clause("a")], [clause("a")], old_examples=[one], new_examples=[two])
    assert (found.examples_added, found.examples_removed) == ([two], [one])
    assert found.clauses == []


def test_long_clauses_are_not_compared_word_by_word_but_between_their_first_and_last_change():
    old = " ".join(f"word{number}" for number in range(3000))
    new = " ".join(f"word{number}" if number % 2 else f"other{number}" for number in range(2999))
    [reworded] = changes_between([clause("a", old)], [clause("a", new)]).reworded
    assert reworded.diff == [["-", old], ["+", new]]
    [reworded] = changes_between([clause("a", f"{old} x {old}")], [clause("a", f"{old} y {old}")]).reworded
    assert reworded.diff == [["=", f"{old} "], ["-", "x"], ["+", "y"], ["=", f" {old}"]]


def test_the_same_clauses_are_compared_once(monkeypatch):
    asked = []

    def compare(old, new):
        asked.append(old)
        return [["=", "whole"]]

    monkeypatch.setattr(guideline_changes, "diff_of", compare)
    versions = [clause("once", "As it was.", "Once upon")], [clause("once", "As it is.", "Once upon")]
    first, again = changes_between(*versions), changes_between(*versions)
    assert (asked, first) == (["Once upon", "As it was."], again)
    first.reworded[0].diff.clear()
    assert changes_between(*versions) == again


@given(clauses)
def test_nothing_differs_from_itself(version):
    found = changes_between(version, version)
    assert (found.added, found.removed, found.reworded, found.moved) == ([], [], [], [])


@given(clauses, clauses)
def test_what_has_not_moved_has_kept_its_order(old, new):
    found = changes_between(old, new)
    kept = [each["id"] for each in new if each["id"] in {one["id"] for one in old} - set(found.moved)]
    assert kept == [each["id"] for each in old if each["id"] in kept]
    assert {each["id"] for each in found.added} == {each["id"] for each in new} - {each["id"] for each in old}


@given(st.permutations("abcdef"))
def test_one_clause_put_elsewhere_is_one_move(order):
    moved = changes_between([clause(name) for name in order], [clause(name) for name in [*order[1:], order[0]]]).moved
    assert moved == [order[0]]
