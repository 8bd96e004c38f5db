"""Quality in the console, by room."""

from quality.admin import known, standings

__all__ = ["known", "standings"]
