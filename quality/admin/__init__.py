"""Quality in the console, by room."""

from quality.admin import audits, known

__all__ = ["audits", "known"]
