"""Routing's writes: who is enrolled, who holds what, how it ends."""
