"""Quality in the console, by room."""

from quality.admin import known, written

__all__ = ["known", "written"]
