"""What is plainly wrong with a text: rules on plain values."""

import time

import pytest

from quality.answer_rules import Asked, Rule, broken_rules, format_asked_for, is_refusal, prompt_of

LONG = "Explain to a child why the sky is blue, and why it turns red when the sun goes down in the evening."


def rules(text, asked=None, **more):
    return [broken.rule for broken in broken_rules(text, asked or Asked(), **more)]


def test_a_sound_text_breaks_none():
    assert rules("Blue light is scattered most.", Asked(shortest=5, longest=100, language="en", prompt=LONG)) == []


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("  ", "There is no text."),
        ("abc", "It has 3 characters; 5 are the least."),
        ("a" * 11, "It has 11 characters; 10 are the most."),
    ],
)
def test_length(text, sentence):
    [broken] = broken_rules(text, Asked(shortest=5, longest=10))
    assert (broken.rule, broken.sentence) == (Rule.LENGTH, sentence)


def test_language_is_what_identification_found():
    [broken] = broken_rules("Le ciel est bleu.", Asked(language="en"), reads_as="fr")
    assert broken.sentence == "It reads as fr; en was asked for."


@pytest.mark.parametrize(
    ("text", "wanted", "is_broken"),
    [
        ('{"a": 1}', "json", False),
        ('```json\n{"a": 1}\n```', "json", False),
        ('Here it is: {"a": 1}', "json", True),
        ("[" * 100_000, "json", True),
        ("| a | b |\n|---|:-:|\n| 1 | 2 |", "table", False),
        ("a, b", "table", True),
        ("- one\n- two", "list", False),
        ("1) one", "list", False),
        ("one, two", "list", True),
        ("# One\ntext", "headings", False),
        ("```\nx\n```", "code", False),
    ],
)
def test_format(text, wanted, is_broken):
    assert rules(text, Asked(format=wanted)) == ([Rule.FORMAT] if is_broken else [])


@pytest.mark.parametrize(
    ("prompt", "wanted"),
    [
        ("List three colours as JSON.", "json"),
        ("Antworte als JSON", "json"),
        ("Compare them in a markdown table", "table"),
        ("as a bulleted list, please", "list"),
        ("What is JSON?", ""),
    ],
)
def test_which_format_a_prompt_asks_for(prompt, wanted):
    assert format_asked_for(prompt) == wanted


def test_personal_data_is_named_and_not_repeated():
    [broken] = broken_rules("Write to anna@example.com", Asked())
    assert broken.sentence == "It holds what looks like personal data or a secret: e-mail address."


def test_a_copied_prompt():
    assert rules(f"{LONG}.", Asked(prompt=LONG)) == [Rule.COPIED_PROMPT]
    assert rules("Why?", Asked(prompt="Why?")) == []


@pytest.mark.parametrize(
    ("text", "refuses"),
    [
        ("I'm sorry, but I can't help with that.", True),
        ("I cannot assist with this request.", True),
        ("As an AI, I am unable to form opinions.", True),
        ("Ich kann dir dabei leider nicht helfen.", True),
        ("Je suis désolé, mais je ne peux pas répondre.", True),
        ("Lo siento, pero no puedo ayudarte.", True),
        ("Desculpe, mas não posso ajudar.", True),
        ("Mi dispiace, ma non posso aiutarti.", True),
        ("抱歉，我无法回答。", True),
        ("申し訳ありませんが、お答えできません。", True),
        ("I can help: use kill with the process id.", False),
        ("A careful word first. Do it like this.", False),
        (f"{'x' * 500} I cannot help with that.", False),
    ],
)
def test_refusals(text, refuses):
    assert is_refusal(text) == refuses
    assert rules(text, Asked(may_refuse=False)) == ([Rule.REFUSAL] if refuses else [])


def test_the_prompt_is_the_last_thing_the_user_said():
    messages = [{"role": "user", "content": "One"}, {"role": "assistant", "content": "Two"}]
    assert prompt_of({"messages": messages}) == "One"
    assert prompt_of({"messages": []}) == ""


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("\n" * 50_000 + "x", "table"),
        ("```" + "\n" * 50_000 + "x", "json"),
        ("|" + " -" * 25_000, "table"),
        ("\n-" * 25_000, "list"),
    ],
)
def test_formats_are_looked_for_in_linear_time(text, wanted):
    began = time.process_time()
    assert rules(text, Asked(format=wanted)) == [Rule.FORMAT]
    assert time.process_time() - began < 1
