"""Quality in the console, by room."""

from quality.admin import judges, known

__all__ = ["judges", "known"]
