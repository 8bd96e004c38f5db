"""What spans apps: for each such question, the function of each app that answers its part."""

from collections.abc import Callable, Collection
from typing import Any

import delivery.selectors
import labeling.guidelines
import labeling.life
import labeling.selectors
import quality.exams
import quality.feedback
import quality.pauses
import quality.rulings
import quality.selectors
import routing.selectors
from config.kernel.models import User
from config.kernel.types import LifeMoment, Touched
from labeling.models import GuidelineVersion, Item

# The reviewer's "me".
DESK_ME: tuple[Callable[[User], dict[str, Any]], ...] = (
    labeling.selectors.desk_me,
    routing.selectors.desk_me,
    quality.rulings.desk_me,
    quality.exams.desk_me,
    quality.feedback.desk_me,
    quality.pauses.desk_me,
)

# An item's line of life.
LIFE_OF_ITEM: tuple[Callable[[Item], list[LifeMoment]], ...] = (
    labeling.life.life_of_item,
    routing.selectors.life_of_item,
    quality.selectors.life_of_item,
    delivery.selectors.life_of_item,
)

# What a guideline version touches once it is in force.
BLAST_RADIUS: tuple[Callable[[GuidelineVersion, Collection[str]], list[Touched]], ...] = (
    labeling.guidelines.blast_radius,
    quality.selectors.blast_radius,
    delivery.selectors.blast_radius,
)

# The files of what was erased. Each takes the unfinished erasures of a customer and until when it may work, and returns
# the ids of those that must wait. By name, as jobs are: delivery's part is heavy, and web workers import this module.
ERASURE_FILES: tuple[str, ...] = (
    "labeling.services.erased_files.erase_files",
    "delivery.services.redaction.erase_files",
)


def desk_me(user: User) -> dict[str, Any]:
    """Return what every app knows of the reviewer who asks."""
    known: dict[str, Any] = {}
    for part in DESK_ME:
        known |= part(user)
    return known


def life_of_item(item: Item) -> list[LifeMoment]:
    """Return all that happened to the item, oldest first."""
    return sorted((moment for part in LIFE_OF_ITEM for moment in part(item)), key=lambda moment: moment.at)


def blast_radius(version: GuidelineVersion, clauses: Collection[str] | None = None) -> list[Touched]:
    """Return what every app knows that the version touches, by the clauses that it changes unless others are named."""
    changed = labeling.guidelines.changes_of(version).clauses if clauses is None else clauses
    return [touched for part in BLAST_RADIUS for touched in part(version, changed)]
