"""The record in the console, by subject."""

from labeling.admin import flags, items, people, privacy, projects, tenants, trace, work

__all__ = ["flags", "items", "people", "privacy", "projects", "tenants", "trace", "work"]
