"""The desk's API: the next task, and what becomes of it."""
