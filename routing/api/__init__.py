"""The desk's API: the next task, what becomes of it, and when there is one. And the customers': whom they block."""
