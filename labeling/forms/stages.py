"""The form of a later stage: what who reviews an attempt, or adjudicates, is asked around the form itself. Pure functions.

A review is an answer like any other: the verdict, for work that is sent back or rejected the clause and the reason, and
for work that is fixed the questions of the form itself. So the desk shows it, drafts keep it and the schema checks it.

An adjudicator may say that one answer is right, and which; that none is; or that the guideline is at fault, and by which
clause. An audit is asked the form itself: who audits answers as if nobody had. What was written has no one right
wording, so an audit of that shows what was accepted, without a name, and asks for a verdict by the clauses.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from labeling.forms.documents import Form
from labeling.forms.questions import CHOICE, CLAUSE, REASON, RESERVED, SEVERITY, VERDICT, WRITING
from labeling.types import TaskKind, Work

ACCEPT, FIX, SEND_BACK, REJECT = "accept", "fix", "send_back", "reject"
VERDICTS = {
    ACCEPT: "Accept it as it is",
    FIX: "Accept it with my corrections",
    SEND_BACK: "Send it back to its author",
    REJECT: "Reject it",
}
NOT_ACCEPTED = [SEND_BACK, REJECT]

ONE_ANSWER, NO_AGREED_ANSWER, GUIDELINE_AT_FAULT = "answer", "no_agreed_answer", "guideline"
DECISIONS = {
    ONE_ANSWER: "One answer is right: mine below",
    NO_AGREED_ANSWER: "No answer is: well-informed people differ here",
    GUIDELINE_AT_FAULT: "The guideline is at fault: it does not say",
}
AUDITED = {ACCEPT: "Yes, as it is", REJECT: "No"}
SEVERITIES = {
    "minor": "Minor: a reader would pass over it",
    "major": "Major: it has to be mended",
    "critical": "Critical: it must not go out",
}


def form_of_stage(
    work: str, document: Form, clauses: Sequence[Mapping[str, Any]], *, kind: str = "", is_of_work: bool = False
) -> dict[str, Any]:
    """Return the form that a task of this work and kind asks: the project's, or that of the verdict around it.

    `clauses` are those of the guideline that the task is judged by; of fewer than two, none is asked for by name.
    `is_of_work` says that something stands beside the task: an audit is of that, then.
    """
    if kind == TaskKind.AUDIT and is_of_work:
        return _around(
            document,
            verdict=_choice(VERDICT, "Is this work good enough by the guideline?", AUDITED),
            clause=_choice(CLAUSE, "Which clause does it miss?", _named(clauses), when=[REJECT]),
            more=[_choice(SEVERITY, "How bad is that?", SEVERITIES, when=[REJECT])],
            reason=_words("What is wrong with it?", when=[REJECT]),
        )
    if kind == TaskKind.ADJUDICATE:
        return _around(
            document,
            verdict=_choice(VERDICT, "Is one answer right?", DECISIONS),
            clause=_choice(CLAUSE, "Which clause is at fault?", _named(clauses), when=[GUIDELINE_AT_FAULT]),
            reason=_words("What should those know who answered otherwise?"),
            own_when=ONE_ANSWER,
        )
    if work != Work.REVIEW:
        return dict(document)
    return _around(
        document,
        verdict=_choice(VERDICT, "What becomes of this work?", VERDICTS),
        clause=_choice(CLAUSE, "Which clause does it miss?", _named(clauses), when=NOT_ACCEPTED),
        reason=_words("What should its author know?", when=NOT_ACCEPTED),
        own_when=FIX,
    )


def _around(
    document: Form,
    *,
    verdict: dict[str, Any],
    clause: dict[str, Any],
    reason: dict[str, Any],
    more: Sequence[dict[str, Any]] = (),
    own_when: str = "",
) -> dict[str, Any]:
    """Return the form around the project's own questions; these are asked with the verdict `own_when`, or never."""
    asked = [{"question": VERDICT, "in": [own_when]}]
    own = [{**question, "when": [*question.get("when", ()), *asked]} for question in document["questions"] if own_when]
    return {**document, "questions": [verdict, *([clause] if len(clause["options"]) > 1 else []), *more, reason, *own]}


def _named(clauses: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    return {each["id"]: each.get("title") or each["id"] for each in clauses}


def _when(verdicts: Sequence[str]) -> dict[str, Any]:
    return {"when": [{"question": VERDICT, "in": list(verdicts)}]} if verdicts else {}


def _choice(name: str, text: str, options: Mapping[str, str], *, when: Sequence[str] = ()) -> dict[str, Any]:
    offered = [{"value": value, "text": said} for value, said in options.items()]
    return {"id": name, "type": CHOICE, "nature": "objective", "text": text, "options": offered, **_when(when)}


def _words(text: str, *, when: Sequence[str] = ()) -> dict[str, Any]:
    least = {"what": "response", "nature": "objective", "min_length": 10}
    return {"id": REASON, "type": WRITING, **least, "text": text, **_when(when)}


def own_answers(answers: Mapping[str, Any]) -> dict[str, Any]:
    """Return the answers to the project's own questions, without those of the review or the adjudication."""
    return {name: answer for name, answer in answers.items() if name not in RESERVED}
