"""Routing in the console, by subject."""

from routing.admin import people, time

__all__ = ["people", "time"]
