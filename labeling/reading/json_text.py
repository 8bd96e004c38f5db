"""JSON as strict as the record needs it: no key twice, no NaN, no number that would lose digits, no bottomless nesting.

What is wrong with an object is found while it is parsed and said after, so that a reader of many objects can go on with
the next one.
"""

import json
from typing import Any

from labeling.errors import RowRefused
from labeling.reading.limits import DEEPEST, LONGEST_NUMBER

LARGEST_EXACT = 2**53


class StrictDecoder:
    """Decodes JSON values; raises RowRefused for what is not exact, not unique or too deep. Not for two threads at once."""

    def __init__(self) -> None:
        self._wrong: RowRefused | None = None
        self._json = json.JSONDecoder(
            object_pairs_hook=self._object,
            parse_float=self._float,
            parse_int=self._int,
            parse_constant=self._constant,
        )

    def decode(self, data: bytes) -> Any:
        """Return the one value that UTF-8 `data` holds; raises RowRefused."""
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError as error:
            raise RowRefused("", f"The line is not UTF-8 text (byte {error.start + 1}).") from None
        self._wrong = None
        try:
            value = self._json.decode(text)
        except json.JSONDecodeError as error:
            raise RowRefused("", f"The line is not JSON: {error.msg} at character {error.pos + 1}.") from None
        except RecursionError:
            raise RowRefused("", "The line is nested too deeply.") from None
        self._check(value, text)
        return value

    def decode_from(self, text: str, begin: int) -> tuple[Any, int, RowRefused | None]:
        """Return the value that begins at `begin`, where it ends, and what is wrong with it.

        Raises ValueError where the text ends before the value does or holds no JSON there.
        """
        self._wrong = None
        try:
            value, end = self._json.raw_decode(text, begin)
        except RecursionError:
            raise ValueError("it is nested too deeply") from None
        try:
            self._check(value, text[begin:end])
        except RowRefused as wrong:
            return value, end, wrong
        return value, end, None

    def _check(self, value: Any, text: str) -> None:
        if self._wrong is not None:
            raise self._wrong
        if text.count("{") + text.count("[") > DEEPEST and _depth(value) > DEEPEST:
            raise RowRefused("", f"The line is nested deeper than {DEEPEST} levels; make it flatter.")

    def _object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(pairs)
        if len(made) != len(pairs):
            names = [name for name, _ in pairs]
            twice = next(name for name in names if names.count(name) > 1)
            self._refuse(twice, f"The key {twice[:60]!r} is there twice; keep one.")
        return made

    def _float(self, text: str) -> float | int:
        number = float(text)
        if abs(number) >= LARGEST_EXACT:
            self._refuse("", f"The number {text[:40]} is too large to be exact; send it as text.")
            return 0
        return int(number) if number.is_integer() else number

    def _int(self, text: str) -> int:
        if len(text) > LONGEST_NUMBER and (len(text) > LONGEST_NUMBER + 3 or abs(int(text)) > LARGEST_EXACT):
            self._refuse("", f"The number {text[:40]} is too large to be exact; send it as text.")
            return 0
        return int(text)

    def _constant(self, name: str) -> None:
        self._refuse("", f"The line is not JSON: {name} is not a JSON number.")

    def _refuse(self, field: str, reason: str) -> None:
        if self._wrong is None:
            self._wrong = RowRefused(field, reason)


def _depth(value: Any) -> int:
    """Return how many levels of objects and lists `value` has, level by level and without recursion."""
    depth, level = 0, [value]
    while level := [each for each in level if isinstance(each, dict | list)]:
        depth += 1
        level = [inner for each in level for inner in (each.values() if isinstance(each, dict) else each)]
    return depth
