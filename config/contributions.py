"""What spans apps: for each such question, the function of each app that answers its part."""

from collections.abc import Callable
from typing import Any

import delivery.selectors
import labeling.life
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
    labeling.life.life_of_item,
    routing.selectors.life_of_item,
    quality.selectors.life_of_item,
    delivery.selectors.life_of_item,
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
