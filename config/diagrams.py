"""The state diagrams in the apps' READMEs, drawn from the transition tables themselves."""

from pathlib import Path

from config.kernel.transitions import Machine
from delivery.types import RELEASE_MACHINE
from labeling.types import (
    BATCH_MACHINE,
    FLAG_MACHINE,
    FORM_MACHINE,
    GUIDELINE_MACHINE,
    ITEM_MACHINE,
    PROJECT_MACHINE,
    ROUND_MACHINE,
    TASK_MACHINE,
)
from quality.types import (
    APPEAL_MACHINE,
    CHECK_MACHINE,
    DISPUTE_MACHINE,
    DOUBT_MACHINE,
    DRAW_MACHINE,
    EXAM_MACHINE,
    GOLD_MACHINE,
    JUDGE_MACHINE,
    PAUSE_MACHINE,
    PLAN_MACHINE,
    RULE_MACHINE,
    SITTING_MACHINE,
    STANDING_MACHINE,
)
from routing.types import ESCALATION_MACHINE, LEASE_MACHINE

BEGIN = "<!-- drawn by manage.py diagrams: begin -->"
END = "<!-- end -->"

# Each app's machines, with the state in which its nouns are born.
MACHINES: dict[str, tuple[tuple[Machine, str], ...]] = {
    "labeling": (
        (PROJECT_MACHINE, "draft"),
        (GUIDELINE_MACHINE, "draft"),
        (FORM_MACHINE, "draft"),
        (BATCH_MACHINE, "received"),
        (ITEM_MACHINE, "accepted"),
        (ROUND_MACHINE, "open"),
        (TASK_MACHINE, "open"),
        (FLAG_MACHINE, "open"),
    ),
    "routing": ((LEASE_MACHINE, "live"), (ESCALATION_MACHINE, "open")),
    "quality": (
        (GOLD_MACHINE, "active"),
        (STANDING_MACHINE, "probation"),
        (PAUSE_MACHINE, "provisional"),
        (DOUBT_MACHINE, "open"),
        (CHECK_MACHINE, "open"),
        (PLAN_MACHINE, "draft"),
        (DRAW_MACHINE, "waiting"),
        (DISPUTE_MACHINE, "open"),
        (APPEAL_MACHINE, "open"),
        (EXAM_MACHINE, "open"),
        (SITTING_MACHINE, "open"),
        (RULE_MACHINE, "holding"),
        (JUDGE_MACHINE, "draft"),
    ),
    "delivery": ((RELEASE_MACHINE, "requested"),),
}


def diagrams_of(app: str) -> str:
    """Return the app's state machines as Mermaid diagrams, between the two marks."""
    parts = [BEGIN]
    for machine, born in MACHINES[app]:
        lines = [f"    [*] --> {born}"]
        lines += [f"    {origin} --> {target}" for origin, target in (pair.split(">") for pair in machine.pairs())]
        parts.append(f"**{machine.noun}**\n\n```mermaid\nstateDiagram-v2\n" + "\n".join(lines) + "\n```")
    return "\n\n".join([*parts, END])


def with_diagrams(text: str, app: str) -> str:
    """Return the README's text with its diagrams as they should be."""
    before, rest = text.split(BEGIN, 1)
    _, after = rest.split(END, 1)
    return before + diagrams_of(app) + after


def readme_of(app: str, root: Path) -> Path:
    return root / app / "README.md"
