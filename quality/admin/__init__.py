"""Quality in the console, by room."""

from quality.admin import exams, known

__all__ = ["exams", "known"]
