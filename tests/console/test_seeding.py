"""A flaw hidden in a copy of accepted work, from the console: the page, what it makes, and what it refuses."""

import pytest

from labeling.forms import texts_in, with_texts
from labeling.models import AccessLog
from quality.models import GoldItem, Review
from tests.console.test_console import act, operator, said
from tests.factories import item_row, upload
from tests.written import TEXT, attempt, open_written_project, review, written

FLAWED = "Lyon has been the capital of France since 987."


@pytest.fixture
def accepted(cast):
    project = open_written_project(cast)
    upload(project, cast.mira, item_row("one"))
    attempt(cast.anna)
    review(cast.bela, "accept")
    return Review.objects.get()


def seed(cast, *reviews, by=None, **more):
    return act(operator(by or cast.mira), Review, "seed_flaw_in_copy", *reviews, **more)


def given(text=FLAWED, **more):
    return {"confirm": "yes", "text-response": text, "explanation": "It is Paris.", **more}


def test_the_page_shows_what_was_accepted_and_leaves_a_row_in_the_access_log(cast, accepted):
    page = seed(cast, accepted).content.decode()
    for words in (TEXT, "Write the best response you can.", "Truth first", "Be brief"):
        assert words in page
    looked = AccessLog.objects.filter(object_type="labeling.annotation").get()
    assert (looked.user_id, looked.object_ids) == (cast.mira.pk, [accepted.attempt_id])
    assert not GoldItem.objects.exists()


def test_a_flaw_is_hidden_in_a_copy(cast, accepted):
    response = seed(cast, accepted, **given(clause="true", concept="facts"))
    assert said(response) == ["A flaw is hidden in a copy of one; reviewers will meet it."]
    gold = GoldItem.objects.get()
    assert (gold.work, gold.made_by, gold.concept, gold.explanation) == ("review", cast.mira, "facts", "It is Paris.")
    assert (gold.shown.answers, accepted.attempt.answers) == (written(FLAWED), written(TEXT))
    assert gold.expected == {"review_verdict": "send_back", "review_clause": "true"}


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"text-response": TEXT}, "This is what was accepted; put a flaw into it."),
        ({"explanation": " "}, "Say what the flaw is."),
        ({"clause": "style"}, "The guideline in force has no clause"),
        ({"text-response": "Short."}, "20 characters"),
    ],
)
def test_what_is_refused_is_said_on_the_page_which_keeps_what_was_written(cast, accepted, wrong, why):
    page = seed(cast, accepted, **{**given(concept="facts"), **wrong}).content.decode()
    assert why in page
    assert 'value="facts"' in page
    assert wrong.get("text-response", FLAWED) in page
    assert not GoldItem.objects.exists()


def test_one_at_a_time_and_only_by_who_operates_it(cast, accepted):
    assert seed(cast, accepted, by=cast.otto, **given()).status_code == 200
    assert not GoldItem.objects.exists()
    seed(cast, accepted, **given())
    page = seed(cast, accepted, **given()).content.decode()
    assert "This item is gold, or was; take another attempt." in page
    assert GoldItem.objects.count() == 1


def test_texts_are_found_wherever_an_answer_holds_one_and_put_back_there():
    form = {
        "questions": [
            {"id": "mended", "type": "edit", "text": "Mend it.", "nature": "preferential"},
            {"id": "faults", "type": "critique", "text": "What is wrong?", "nature": "objective"},
            {"id": "turns", "type": "writing", "text": "Write it.", "nature": "preferential", "per_turn": True},
            {"id": "sure", "type": "choice", "text": "Sure?", "nature": "objective", "options": []},
        ]
    }
    answers = {
        "mended": {"response": "a", "text": "one"},
        "faults": [{"response": "a", "start": 0, "end": 2, "text": "two"}],
        "turns": {"1": "three"},
        "sure": "yes",
    }
    found = texts_in(form, answers)
    assert [(each.path, each.text) for each in found] == [
        ("mended.text", "one"),
        ("faults.0.text", "two"),
        ("turns.1", "three"),
    ]
    changed = with_texts(form, answers, {"faults.0.text": "zwei", "turns.1": "drei", "sure": "no", "x": "y"})
    assert changed["faults"] == [{"response": "a", "start": 0, "end": 2, "text": "zwei"}]
    assert (changed["turns"], changed["mended"], changed["sure"]) == ({"1": "drei"}, answers["mended"], "yes")
    assert answers["turns"] == {"1": "three"}
