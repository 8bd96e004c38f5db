"""Quality in the console, by room."""

from quality.admin import audits, exams, figures, judges, known, standings, written

__all__ = ["audits", "exams", "figures", "judges", "known", "standings", "written"]
