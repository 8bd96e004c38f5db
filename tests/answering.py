"""People who are right so often, seeded: they work through a project as it hands out its tasks."""

import random
from collections.abc import Mapping, Sequence
from typing import Any

from config.kernel.models import User
from labeling.models import Item, ItemVersion, Project, Reviewer
from labeling.services.acknowledgements import acknowledge_guideline
from labeling.services.forms import publish_form
from labeling.services.gold_rounds import reserve_gold_task
from labeling.services.people import create_reviewer
from labeling.services.pools import pools_of
from quality.models import GoldItem, Resolution
from routing.services.claims import next_task
from routing.services.enrolments import enrol_reviewer
from routing.services.submits import submit_task
from routing.types import LeasedTask
from tests.cast import Cast, open_new_project
from tests.factories import item_row, settle, upload

SAFE: dict[str, Any] = {
    "id": "safe",
    "type": "choice",
    "text": "Is it safe?",
    "nature": "objective",
    "required": True,
    "options": [{"value": "yes", "text": "Yes"}, {"value": "no", "text": "No"}],
}


def open_safety(cast: Cast, *questions: dict[str, Any], **settings: Any) -> Project:
    """A project of its own that asks whether answers are safe, or what else is given."""
    project = open_new_project(cast.northwind, "safety", cast.mira, gold_share=0, **settings)
    publish_form(project=project, document={"title": "Safety", "questions": list(questions or [SAFE])}, actor=cast.mira)
    return project


def hire(project: Project, names: Sequence[str]) -> dict[str, Reviewer]:
    """People of these names who may work on the project and have read its guideline."""
    hired = {}
    for name in names:
        user = User.objects.create_user(f"{name}@example.org", name=name.capitalize(), surface="desk")
        hired[name] = create_reviewer(user=user, languages=["en"], actor=None)
        enrol_reviewer(project=project, reviewer=hired[name], actor=None)
        acknowledge_guideline(reviewer=hired[name], project=project, number=1)
    return hired


def truth_of(external_id: str) -> str:
    return random.Random(f"truth {external_id}").choice(["yes", "no"])


def says(name: str, external_id: str, accuracy: float) -> str:
    """Return what this person says of this item, always the same."""
    right = truth_of(external_id)
    is_right = random.Random(f"{name} {external_id}").random() < accuracy
    return right if is_right else {"yes": "no", "no": "yes"}[right]


def add_gold(
    project: Project, actor: User, people: Sequence[Reviewer], count: int, right: dict[str, Any] | None = None
) -> None:
    """Upload gold (with these right answers, or those about safety), and put each item before each of these people."""
    names = [f"gold-{number:03d}" for number in range(count)]
    rows = [item_row(name, expected={"answer": right or {"safe": truth_of(name)}}) for name in names]
    upload(project, actor, *rows, name="gold.ndjson")
    for gold in GoldItem.objects.filter(project=project).select_related("round__item_version").order_by("pk"):
        pool = pools_of(project, [gold.round])[gold.round_id]
        for place, reviewer in enumerate(people):
            position = gold.item_version.item_id * 1000 + place
            reserve_gold_task(gold_round=gold.round, reviewer=reviewer, pool=pool, position=position)


def add_items(project: Project, actor: User, count: int, *, prefix: str = "work") -> list[str]:
    names = [f"{prefix}-{number:03d}" for number in range(count)]
    upload(project, actor, *[item_row(name) for name in names], name=f"{prefix}.ndjson")
    return names


def work_through(
    hired: Mapping[str, Reviewer], accuracies: Mapping[str, float], *, seed: int = 1, settle_every: int = 25
) -> int:
    """Let people take and answer tasks in a random order until there is nothing left for anybody; return how many."""
    external = dict(ItemVersion.objects.values_list("pk", "item__external_id"))
    shuffled, done, idle = random.Random(seed), 0, 0
    while idle < 2:
        names = list(hired)
        shuffled.shuffle(names)
        before = done
        for name in names:
            leased = next_task(user=hired[name].user)
            if not isinstance(leased, LeasedTask):
                continue
            said = says(name, external[leased.item_version_id], accuracies[name])
            submit_task(user=hired[name].user, token=leased.token, answers={"safe": said}, seconds=5.0)
            done += 1
            if done % settle_every == 0:
                settle()
        settle()
        idle = idle + 1 if done == before else 0
    return done


def resolved_right(project: Project, names: Sequence[str]) -> tuple[int, int]:
    """Return how many of these items are resolved, and how many rightly."""
    items = Item.objects.filter(project=project, external_id__in=names, state="resolved")
    found = {item.external_id: item for item in items}
    answers = dict(
        Resolution.objects.filter(project=project, superseded_by=None).values_list(
            "item_version__item__external_id", "answers"
        )
    )
    return len(found), sum(answers[name].get("safe") == truth_of(name) for name in found)
