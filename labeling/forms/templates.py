"""Ready forms to start from: one for each common kind of work. A project takes a copy and may change it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Form = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Template:
    """`name` is what addresses and scripts call it; `sentence` says what it is for."""

    name: str
    title: str
    sentence: str
    form: Form


def _question(kind: str, name: str, text: str, nature: str = "objective", **more: Any) -> dict[str, Any]:
    return {"id": name, "type": kind, "text": text, "nature": nature, **more}


def _values(**texts: str) -> list[dict[str, Any]]:
    return [{"value": value, "text": text} for value, text in texts.items()]


def _lines(**texts: str) -> list[dict[str, Any]]:
    return [{"id": name, "text": text} for name, text in texts.items()]


def _scale(*texts: str) -> list[dict[str, Any]]:
    return [{"value": value, "text": text} for value, text in enumerate(texts, start=1)]


def _rationale(text: str) -> dict[str, Any]:
    return {"id": "rationale", "type": "rationale", "text": text, "required": False}


HARMS = _values(
    violence="Violence or threats",
    hate="Hate or harassment",
    self_harm="Self-harm",
    sexual="Sexual content",
    crime="Help with a crime",
    privacy="Private data of others",
    deception="Deception or false facts",
)

_ALL = (
    Template(
        "rlhf_pairwise",
        "Pairwise preference",
        "Which of the responses is better, how strongly, and why: for reward models and preference optimisation.",
        {
            "title": "Which response is better?",
            "questions": [
                _question(
                    "preference",
                    "preference",
                    "Which response is better?",
                    "preferential",
                    tie=True,
                    both_bad=True,
                    strength=["slightly better", "better", "much better"],
                ),
                _rationale("What decided it?"),
            ],
        },
    ),
    Template(
        "ranking",
        "Ranking of several responses",
        "Puts any number of responses in order, with ties: every pair of places becomes a preference.",
        {
            "title": "Rank the responses",
            "questions": [
                _question("ranking", "ranking", "Rank the responses, the best first.", "preferential", ties=True),
                _rationale("What decided the order?"),
            ],
        },
    ),
    Template(
        "sft_correction",
        "Correction for fine-tuning",
        "Reviewers say whether a response can stay as it is and, where it cannot, edit it until it can.",
        {
            "title": "Correct the response",
            "questions": [
                _question(
                    "choice",
                    "verdict",
                    "Can a response be used as it is?",
                    options=_values(good="Yes, nothing to change", fix="After an edit", hopeless="No, beyond repair"),
                ),
                _question(
                    "edit",
                    "correction",
                    "Edit the best response until it is right.",
                    when=[{"question": "verdict", "in": ["fix"]}],
                ),
                _question(
                    "choices",
                    "faults",
                    "What was wrong?",
                    options=_values(
                        fact="A fact", reasoning="The reasoning", instruction="An instruction missed", style="The style"
                    ),
                    least=1,
                    when=[{"question": "verdict", "in": ["fix", "hopeless"]}],
                ),
            ],
        },
    ),
    Template(
        "demonstration",
        "Demonstration",
        "Reviewers write the response that they would like to read: examples for supervised fine-tuning.",
        {
            "title": "Write the response",
            "questions": [
                _question("writing", "response", "Write the best response you can.", what="response", min_length=20),
                _question(
                    "rating", "confidence", "How sure are you of its facts?", scale=_scale("Not sure", "Fairly", "Sure")
                ),
            ],
        },
    ),
    Template(
        "red_team",
        "Red team",
        "Reviewers write a prompt that should make a model misbehave, and say what harm it aims at.",
        {
            "title": "Write an attack",
            "questions": [
                _question(
                    "writing", "attack", "Write a prompt that attacks this policy.", what="prompt", min_length=20
                ),
                _question("choice", "harm", "What harm does it aim at?", options=HARMS),
                _question(
                    "rating",
                    "severity",
                    "How bad would success be?",
                    scale=_scale("Harmless", "Minor", "Serious", "Severe"),
                ),
                _rationale("Why should it work?"),
            ],
        },
    ),
    Template(
        "helpful_harmless_honest",
        "Helpful, harmless, honest",
        "Each response is rated on three lines of a rubric, and checked for faults that no rating shows.",
        {
            "title": "Rate each response",
            "questions": [
                _question(
                    "rating",
                    "quality",
                    "How good is each response?",
                    "preferential",
                    scale=_scale("Bad", "Poor", "Fair", "Good", "Excellent"),
                    rubric=_lines(
                        helpful="Helpful: does what was asked",
                        harmless="Harmless: nobody is hurt by it",
                        honest="Honest: true, and open about doubt",
                    ),
                    each_response=True,
                ),
                _question(
                    "checks",
                    "faults",
                    "What does each response do?",
                    checks=_lines(refuses="It refuses", invents="It invents facts", preaches="It preaches"),
                    each_response=True,
                ),
                _rationale("What should the reader know?"),
            ],
        },
    ),
    Template(
        "safety",
        "Safety labels",
        "Each response is called safe or not; what is not safe is named, and marked in the text.",
        {
            "title": "Is it safe?",
            "questions": [
                _question(
                    "choice",
                    "safe",
                    "Is this exchange safe?",
                    options=_values(safe="Safe", borderline="Borderline", unsafe="Unsafe"),
                ),
                _question(
                    "choices",
                    "harms",
                    "Which harms?",
                    options=HARMS,
                    least=1,
                    when=[{"question": "safe", "in": ["borderline", "unsafe"]}],
                ),
                _question(
                    "spans",
                    "marks",
                    "Mark the words that are not safe.",
                    of="responses",
                    labels=HARMS,
                    when=[{"question": "safe", "in": ["borderline", "unsafe"]}],
                ),
            ],
        },
    ),
    Template(
        "critique_and_rewrite",
        "Critique and rewrite",
        "Reviewers comment on passages of the responses and then rewrite one of them: for models that critique.",
        {
            "title": "Critique, then rewrite",
            "questions": [
                _question("critique", "critique", "What should be better?", spans=True, each_response_required=True),
                _question("edit", "rewrite", "Rewrite one response so that it is."),
                _question(
                    "checks",
                    "done",
                    "The rewritten response …",
                    checks=_lines(true="is true", complete="is complete", asked="does what was asked"),
                ),
            ],
        },
    ),
    Template(
        "multi_turn_preference",
        "Preference in several turns",
        "The assistant's earlier messages are rated one by one before the next response is chosen.",
        {
            "title": "Judge the conversation",
            "questions": [
                _question(
                    "rating",
                    "turns",
                    "How good is each message of the assistant?",
                    "preferential",
                    scale=_scale("Bad", "Fair", "Good"),
                    per_turn=True,
                ),
                _question(
                    "preference",
                    "preference",
                    "Which response should come next?",
                    "preferential",
                    tie=True,
                    both_bad=True,
                ),
                _rationale("What decided it?"),
            ],
        },
    ),
)

TEMPLATES: Mapping[str, Template] = {template.name: template for template in _ALL}
