"""What spans apps: for each such question, the function of each app that answers its part."""

from collections.abc import Callable, Iterator
from typing import Any

import delivery.selectors
import labeling.selectors
import quality.selectors
import routing.selectors
from config.kernel.models import User
from config.kernel.types import LifeMoment
from labeling.models import Item

# The reviewer's "me".
DESK_ME: tuple[Callable[[User], dict[str, Any]], ...] = (
    labeling.selectors.desk_me,
    routing.selectors.desk_me,
)

# An item's line of life.
LIFE_OF_ITEM: tuple[Callable[[Item], list[LifeMoment]], ...] = (
    labeling.selectors.life_of_item,
    routing.selectors.life_of_item,
    quality.selectors.life_of_item,
    delivery.selectors.life_of_item,
)

# The files of what was erased. Each takes the unfinished erasures of a customer and returns the ids of those that must
# wait. By name, as jobs are: delivery's part is heavy, and web workers import this module.
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


def life_of_item(item: Item) -> Iterator[LifeMoment]:
    """Return all that happened to the item, oldest first."""
    return iter(sorted((moment for part in LIFE_OF_ITEM for moment in part(item)), key=lambda moment: moment.at))
