"""How quality says no."""

from config.kernel.errors import Conflict


class GoldRetired(Conflict):
    code = "gold_retired"
