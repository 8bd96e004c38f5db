"""Who asks: the one place where a request's user becomes a person."""

from typing import Any

from config.kernel.models import User


def person(request: Any) -> User:
    """Return who asks. The door has let nobody anonymous through: anything else is a programming error."""
    user = request.user
    assert isinstance(user, User), "This door must not be open to anonymous people."
    return user
