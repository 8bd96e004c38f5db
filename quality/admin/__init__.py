"""Quality in the console, by room."""

from quality.admin import exams, figures, known

__all__ = ["exams", "figures", "known"]
