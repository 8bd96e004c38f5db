"""Questions and an item to ask them of, for tests of forms and of answers."""

from typing import Any

from config import sample
from labeling.forms import ItemShape, check_form
from labeling.forms.templates import TEMPLATES

GALLERY: dict[str, Any] = next(each for each in sample.load("projects.json") if each["slug"] == "question-gallery")[
    "form"
]
FORMS = {**{name: template.form for name, template in TEMPLATES.items()}, "gallery": GALLERY}
ITEM: dict[str, Any] = {
    "messages": [
        {"role": "user", "content": "Hello"},
        {"role": "assistant", "content": "Hi 👋"},
        {"role": "user", "content": "What is new?"},
    ],
    "responses": [
        {"key": "a", "text": "Nothing.", "model": ""},
        {"key": "b", "text": "A lot, and all of it good.", "model": ""},
    ],
}
SHAPE = ItemShape.of(ITEM)

OPTIONS = [{"value": "x", "text": "X"}, {"value": "y", "text": "Y"}, {"value": "z", "text": "Z"}]
SCALE = [{"value": 1, "text": "Low"}, {"value": 2, "text": "High"}]
CHECKS = [{"id": "one", "text": "One"}, {"id": "two", "text": "Two"}]


def ask(kind: str, name: str = "q", **more: Any) -> dict[str, Any]:
    """Return a question of this kind."""
    nature = {} if kind == "rationale" else {"nature": "objective"}
    return {"id": name, "type": kind, "text": "?", **nature, **more}


def form(*questions: dict[str, Any]) -> dict[str, Any]:
    """Return a form that asks these questions."""
    document = {"title": "t", "questions": list(questions)}
    check_form(document)
    return document
