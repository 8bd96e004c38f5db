"""The record in the console, by subject."""

from labeling.admin import items, people, projects, work

__all__ = ["items", "people", "projects", "work"]
