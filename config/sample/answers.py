"""A valid answer to any form, as a seeded generator gives it: for the sample's gallery and for tests. Pure.

What it says is invented and means nothing; that it is well formed is all it promises.
"""

import random
from collections.abc import Callable, Mapping
from typing import Any

from labeling.forms import BOTH_BAD, RATIONALE, TIE, is_asked, is_required

OPTIONAL_SHARE = 0.7
MARKS_AT_MOST = 3

COMMENTS = (
    "This part answers what was asked.",
    "Say where this comes from, or leave it out.",
    "The tone is right for somebody who is worried.",
    "Shorter would be clearer; the point is in the last sentence.",
    "The number is right, and the reason for it is missing.",
)
TEXTS = (
    "Start with the step that cannot wait, and say what can be left until tomorrow.",
    "It depends on one thing that you have not told me: how much time do you have?",
    "Here is the short answer first, and below it the reasons, for as long as you care to read.",
)

Question = Mapping[str, Any]
Item = Mapping[str, Any]


def answer_form(form: Mapping[str, Any], item: Item, *, seed: str) -> dict[str, Any]:
    """Return answers to every question that is asked, the same for the same seed; optional ones now and then.

    `item` has the messages and the responses, as a task shows them.
    """
    source, answers = random.Random(seed), dict[str, Any]()
    for question in form["questions"]:
        if not is_asked(question, answers):
            continue
        if not is_required(question) and source.random() >= OPTIONAL_SHARE:
            continue
        answer = _whole(question, item, source)
        if answer is not None:
            answers[question["id"]] = answer
    return answers


def _whole(question: Question, item: Item, source: random.Random) -> Any:
    kind = KINDS[question["type"]]
    if question.get("each_response"):
        return {each["key"]: kind(question, item, source) for each in _by_key(item)} or None
    if question.get("per_turn"):
        turns = [(n, each) for n, each in enumerate(item["messages"]) if each["role"] == "assistant"]
        return {str(n): kind(question, {"messages": [each], "responses": []}, source) for n, each in turns} or None
    return kind(question, item, source)


def _by_key(item: Item) -> list[Mapping[str, Any]]:
    """Return the responses in the order of their keys, however they are shown."""
    return sorted(item["responses"], key=lambda each: str(each["key"]))


def _preference(question: Question, item: Item, source: random.Random) -> Any:
    keys = [each["key"] for each in _by_key(item)]
    others = [name for name in (TIE, BOTH_BAD) if question.get(name)]
    choice = source.choice([*keys, *keys, *others])
    degrees = question.get("strength")
    return {"choice": choice, **({"strength": source.choice(degrees)} if degrees and choice in keys else {})}


def _ranking(question: Question, item: Item, source: random.Random) -> Any:
    keys = [each["key"] for each in _by_key(item)]
    source.shuffle(keys)
    tiers = [[keys[0]]]
    for key in keys[1:]:
        if question.get("ties") and source.random() < 0.2:
            tiers[-1] = sorted([*tiers[-1], key])
        else:
            tiers.append([key])
    return tiers


def _choice(question: Question, _item: Item, source: random.Random) -> Any:
    return source.choice(question["options"])["value"]


def _choices(question: Question, _item: Item, source: random.Random) -> Any:
    values = [option["value"] for option in question["options"]]
    least, most = question.get("least", 0), question.get("most", len(values))
    return sorted(source.sample(values, source.randint(least, max(least, min(most, 3)))))


def _rating(question: Question, _item: Item, source: random.Random) -> Any:
    scale = [degree["value"] for degree in question["scale"]]
    if rubric := question.get("rubric"):
        return {line["id"]: source.choice(scale) for line in rubric}
    return source.choice(scale)


def _checks(question: Question, _item: Item, source: random.Random) -> Any:
    return {check["id"]: source.random() < 0.5 for check in question["checks"]}


def _edit(_question: Question, item: Item, source: random.Random) -> Any:
    response = source.choice(_by_key(item))
    words = response["text"].split(" ")
    place = source.randrange(len(words) + 1)
    return {"response": response["key"], "text": " ".join([*words[:place], source.choice(TEXTS), *words[place + 1 :]])}


def _span(text: str, source: random.Random) -> dict[str, int]:
    """Return a place in the text, which is not empty."""
    start = source.randrange(len(text))
    return {"start": start, "end": source.randint(start + 1, len(text))}


def _critique(question: Question, item: Item, source: random.Random) -> Any:
    """Comment on every response, or on the one message that there is if the question is asked of each turn."""
    owners = [({"response": each["key"]}, each["text"]) for each in _by_key(item)]
    if question.get("per_turn"):
        owners = [({}, item["messages"][0]["content"])]
    return [
        {**owner, "text": source.choice(COMMENTS), **(_span(text, source) if question.get("spans") and text else {})}
        for owner, text in owners
    ]


def _writing(question: Question, _item: Item, source: random.Random) -> Any:
    text = source.choice(TEXTS)
    while len(text) < question.get("min_length", 0):
        text += f" {source.choice(TEXTS)}"
    return text


def _spans(question: Question, item: Item, source: random.Random) -> Any:
    texts: list[tuple[dict[str, Any], str]] = [({"message": n}, m["content"]) for n, m in enumerate(item["messages"])]
    if question["of"] == "responses":
        texts = [({"response": each["key"]}, each["text"]) for each in _by_key(item)]
    texts = [(owner, text) for owner, text in texts if text]
    chosen = [source.choice(texts) for _ in range(source.randint(1, MARKS_AT_MOST))] if texts else []
    return [
        {**owner, **_span(text, source), "label": source.choice(question["labels"])["value"]} for owner, text in chosen
    ]


KINDS: dict[str, Callable[[Question, Item, random.Random], Any]] = {
    "preference": _preference,
    "ranking": _ranking,
    "choice": _choice,
    "choices": _choices,
    "rating": _rating,
    "checks": _checks,
    "edit": _edit,
    "critique": _critique,
    "writing": _writing,
    "spans": _spans,
    RATIONALE: _writing,
}
