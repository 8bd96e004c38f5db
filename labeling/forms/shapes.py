"""What a form needs to know of an item: the names and lengths of its texts, never their words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

ASSISTANT = "assistant"


@dataclass(frozen=True, slots=True)
class ItemShape:
    """`responses` are (key, length) and `messages` (role, length), in order. Lengths are in Unicode code points; None
    stands for a length, or for messages, that are not known.
    """

    responses: tuple[tuple[str, int | None], ...]
    messages: tuple[tuple[str, int | None], ...] | None = None

    @classmethod
    def of(cls, payload: Mapping[str, Any]) -> Self:
        """Return the shape of an item's payload."""
        return cls(
            responses=tuple((response["key"], len(response["text"])) for response in payload["responses"]),
            messages=tuple((message["role"], len(message["content"])) for message in payload["messages"]),
        )

    @classmethod
    def of_keys(cls, keys: Sequence[str]) -> Self:
        """Return the shape of an item of which only the responses' keys are known."""
        return cls(responses=tuple((key, None) for key in keys))

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(key for key, _ in self.responses)

    @property
    def turns(self) -> tuple[int, ...] | None:
        """The places of the assistant's messages, or None where the messages are not known."""
        if self.messages is None:
            return None
        return tuple(index for index, (role, _) in enumerate(self.messages) if role == ASSISTANT)

    def outline(self) -> "ItemShape":
        """Return the shape without its lengths: many items share an outline."""
        messages = None if self.messages is None else tuple((role, None) for role, _ in self.messages)
        return ItemShape(tuple((key, None) for key, _ in self.responses), messages)

    def response_length(self, key: Any) -> int | None:
        return next((length for known, length in self.responses if known == key), None)

    def message_length(self, index: int) -> int | None:
        return self.messages[index][1] if self.messages is not None and 0 <= index < len(self.messages) else None
