"""Quality in the console, by room."""

from quality.admin import known

__all__ = ["known"]
