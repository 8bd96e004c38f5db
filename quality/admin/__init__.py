"""Quality in the console, by room."""

from quality.admin import figures, known

__all__ = ["figures", "known"]
