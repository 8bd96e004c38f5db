"""What the house says when it refuses: a code for programs, a sentence for people, details for both."""

from typing import Any, ClassVar


class DomainError(Exception):
    """A refusal. `code` is stable; the message is one sentence saying what is wrong and how to mend it.

    `field` names the input at fault, where there is one; `details` are plain JSON values. Which HTTP status a
    code gets is decided once, in `config.kernel.api.problems`.
    """

    code: ClassVar[str] = "refused"

    def __init__(self, message: str, *, field: str | None = None, **details: Any) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.details = details


class NotFound(DomainError):
    """The object does not exist, or not for this person: the two are never told apart."""

    code = "not_found"


class NotAllowed(DomainError):
    code = "not_allowed"


class Conflict(DomainError):
    """The request is sound but the present state forbids it."""

    code = "conflict"


class Invalid(DomainError):
    code = "invalid"


class OutOfSpace(DomainError):
    """The disk or bucket is full; nothing was kept."""

    code = "out_of_space"


class TransitionRefused(Conflict):
    """The state machine has no such edge."""

    code = "transition_refused"
