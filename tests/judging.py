"""Judges at work on the cast's project, over the server that plays the models."""

import re
from typing import Any

from labeling.models import Project
from labeling.services.settings import change_project
from quality.models import Judge
from quality.services.judge_calibrations import calibrate
from quality.services.judge_slices import run_slice
from quality.services.judges import activate_judge, make_judge
from tests.cast import Cast
from tests.factories import item_row, upload
from tests.quality.models import Asked, Models, prefers

GOLD = 16
LENIENT = {
    "judges_count": True,
    "judge_items_least": 16,
    "judge_kappa_low": 0.2,
    "judge_sensitivity_low": 0.5,
    "judge_specificity_low": 0.5,
    "judge_consistent_low": 0.7,
    "judge_flipped_high": 0.25,
}


def at_work(cast: Cast, played: Models, project: Project | None = None, contract: Any = None, **more: Any) -> Judge:
    """Make a judge of the project (the cast's own) by its endpoint, under a lenient contract, and let it judge."""
    changes = {"endpoints": [played.url], "quality_contract": LENIENT if contract is None else contract}
    project = change_project(project=project or cast.project, changes=changes, actor=cast.mira)
    judge = make_judge(
        **{
            "project": project,
            "name": "Pairs",
            "endpoint": played.url,
            "model": "acme-judge-7b",
            "prompt": "Judge these.",
            "actor": cast.mira,
            "calls_a_minute": 10_000,
            **more,
        }
    )
    activate_judge(judge=judge, actor=cast.mira)
    judge.refresh_from_db()
    return judge


def number_of(asked: Asked) -> int:
    found = re.search(r"gold-(\d+)", asked.item["messages"][0]["content"])
    assert found is not None
    return int(found[1])


def knows(asked: Asked) -> Any:
    """Answers as the experts do: b for odd numbers."""
    return prefers("ab"[number_of(asked) % 2])(asked)


def upload_gold(cast: Cast, count: int = GOLD) -> None:
    rows = [
        item_row(
            f"gold-{number}",
            expected={"answer": {"preference": {"choice": "ab"[number % 2]}}},
            difficulty=1 + number % 2,
        )
        for number in range(count)
    ]
    upload(cast.project, cast.dana, *rows)


def run(judge: Judge) -> None:
    """Let it judge until nothing is due."""
    while run_slice(judge_id=judge.pk):
        pass


def calibrated(cast: Cast, played: Models, **more: Any) -> Judge:
    """Return a judge that knows what experts say, was measured, and counts; it answers a to whatever is no gold."""
    played.answer = lambda asked: (
        knows(asked) if "gold-" in asked.item["messages"][0]["content"] else prefers("a")(asked)
    )
    judge = at_work(cast, played, **more)
    upload_gold(cast)
    run(judge)
    assert calibrate(judge_id=judge.pk).is_met
    return judge
