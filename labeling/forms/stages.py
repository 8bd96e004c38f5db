"""The form of a later stage: what who reviews an attempt is asked, around what its author was asked. Pure functions.

A review is an answer like any other: the verdict, for work that is sent back or rejected the clause and the reason, and
for work that is fixed the questions of the form itself. So the desk shows it, drafts keep it and the schema checks it.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from labeling.forms.documents import Form
from labeling.forms.questions import CHOICE, CLAUSE, REASON, RESERVED, VERDICT, WRITING
from labeling.types import Work

ACCEPT, FIX, SEND_BACK, REJECT = "accept", "fix", "send_back", "reject"
VERDICTS = {
    ACCEPT: "Accept it as it is",
    FIX: "Accept it with my corrections",
    SEND_BACK: "Send it back to its author",
    REJECT: "Reject it",
}
NOT_ACCEPTED = [SEND_BACK, REJECT]


def form_of_stage(work: str, document: Form, clauses: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the form that a task of this work asks: the project's, or for a review that of the verdict around it.

    `clauses` are those of the guideline that the task is judged by; of fewer than two, none is asked for by name.
    """
    if work != Work.REVIEW:
        return dict(document)
    not_accepted = [{"question": VERDICT, "in": NOT_ACCEPTED}]
    verdict = {
        "id": VERDICT,
        "type": CHOICE,
        "nature": "objective",
        "text": "What becomes of this work?",
        "options": [{"value": value, "text": text} for value, text in VERDICTS.items()],
    }
    named = [{"value": each["id"], "text": each.get("title") or each["id"]} for each in clauses]
    clause = {
        "id": CLAUSE,
        "type": CHOICE,
        "nature": "objective",
        "text": "Which clause does it miss?",
        "options": named,
        "when": not_accepted,
    }
    reason = {
        "id": REASON,
        "type": WRITING,
        "what": "response",
        "nature": "objective",
        "text": "What should its author know?",
        "min_length": 10,
        "when": not_accepted,
    }
    fixed = [{"question": VERDICT, "in": [FIX]}]
    own = [{**question, "when": [*question.get("when", ()), *fixed]} for question in document["questions"]]
    return {**document, "questions": [verdict, *([clause] if len(named) > 1 else []), reason, *own]}


def own_answers(answers: Mapping[str, Any]) -> dict[str, Any]:
    """Return the answers to the project's own questions, without those of the review."""
    return {name: answer for name, answer in answers.items() if name not in RESERVED}
