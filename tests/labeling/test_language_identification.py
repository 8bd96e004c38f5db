"""Languages: named where they are certain, compared by primary language, and nothing claimed otherwise."""

import pytest

from labeling.language_identification import Identified, disagrees, identify, text_to_identify

ENGLISH = "What is the capital of France, and why did it become the seat of its government?"
GERMAN = "Wie heißt die Hauptstadt von Frankreich, und warum ist sie der Sitz der Regierung geworden?"
CHINESE = "我想知道法国的首都是哪里，因为我下个月要去那里旅行。"


@pytest.mark.parametrize(("text", "language"), [(ENGLISH, "en"), (GERMAN, "de"), (CHINESE, "zh")])
def test_a_certain_language_is_named(text, language):
    found = identify(text)
    assert (found.language, found.probability >= 0.9) == (language, True)


@pytest.mark.parametrize(
    "text",
    ["", "ok", "Bonjour", "12 + 30 = 42; 99 - 17 = 82; 64 / 8 = 8; 2 * 2 = 4", "Je suis un chat. I am a cat. Ich bin"],
)
def test_nothing_is_claimed_of_what_is_short_mixed_or_no_language(text):
    assert identify(text) is None


@pytest.mark.parametrize(
    ("tag", "found", "differs"),
    [
        ("en", "en", False), ("en-GB", "en", False), ("EN", "en", False), ("de", "en", True), ("pt-BR", "es", True),
        ("nb", "no", False), ("hr-HR", "sr", False), ("zh-Hant", "yue", False), ("gsw", "de", False), ("und", "de", False),
    ],
)  # fmt: skip
def test_only_another_primary_language_disagrees(tag, found, differs):
    assert disagrees(tag, Identified(found, 0.99)) is differs


def test_code_and_system_messages_do_not_count_and_long_texts_only_by_their_beginning():
    payload = {
        "messages": [
            {"role": "system", "content": ENGLISH},
            {"role": "user", "content": "```\nfor each in range(3): print(each)\n```" + GERMAN},
        ],
        "responses": [{"key": "a", "text": GERMAN * 1000, "model": ""}],
    }
    text = text_to_identify(payload)
    assert "capital" not in text
    assert "print" not in text
    assert len(text) < 1000
    assert identify(text).language == "de"
