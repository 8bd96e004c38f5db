"""A connection that is looked at before it is asked whether it is still there."""

import select
import time

from django.db.backends.postgresql import base

ASK_AFTER = 10.0


class DatabaseWrapper(base.DatabaseWrapper):
    """Django asks a persistent connection whether it is usable at the beginning of each request, by a statement.

    A server that ends a connection (a restart, an end of the session by the operator) says so unasked, and closes the
    socket: both can be seen without asking. What a network drops in silence cannot, so the statement is sent once in
    ASK_AFTER seconds.
    """

    _asked_at = float("-inf")

    def is_usable(self) -> bool:
        if time.monotonic() < self._asked_at + ASK_AFTER and not self._is_told_something():
            return True
        is_usable: bool = super().is_usable()
        self._asked_at = time.monotonic() if is_usable else float("-inf")
        return is_usable

    def _is_told_something(self) -> bool:
        if self.connection is None or self.connection.closed:
            return True
        waiting = select.poll()
        waiting.register(self.connection.fileno(), select.POLLIN)
        return bool(waiting.poll(0))
