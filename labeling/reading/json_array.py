"""The objects of one JSON array, without the array: read as it comes, so that an export of any size takes little memory."""

import codecs
from collections.abc import Iterator
from typing import IO

from labeling.errors import NotItems
from labeling.reading.json_text import StrictDecoder
from labeling.reading.limits import EXCERPT, LONGEST_ROW
from labeling.types import RowFault, SentRow

CHUNK = 64 * 1024
BLANK = " \t\r\n"


class _Text:
    """UTF-8 text that grows as it is needed, and forgets what was read."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")()
        self.text = ""
        self.at = 0
        self.is_at_end = False

    def grow(self) -> bool:
        """Take in as much again as is there, and CHUNK at least; return whether anything came."""
        if self.is_at_end:
            return False
        data = self._stream.read(max(CHUNK, len(self.text) - self.at))
        self.is_at_end = not data
        try:
            more = self._decoder.decode(data, final=self.is_at_end)
        except UnicodeDecodeError:
            raise NotItems("The export is not UTF-8 text; write it again as UTF-8.", field="file") from None
        self.text, self.at = self.text[self.at :] + more, 0
        return bool(more)

    def next_character(self) -> str:
        """Skip blanks and return the character there, "" at the end."""
        while True:
            while self.at < len(self.text) and self.text[self.at] in BLANK:
                self.at += 1
            if self.at < len(self.text):
                return self.text[self.at]
            if not self.grow() and self.is_at_end:
                return ""


def read(stream: IO[bytes], *, skip: int = 0) -> Iterator[SentRow | RowFault]:
    """Yield the array's objects but for the first `skip`; a row's line is its place in the array, from 1.

    Raises NotItems where the array itself is broken: after that, nothing can be told apart.
    """
    text, decoder = _Text(stream), StrictDecoder()
    if text.next_character() != "[":
        raise NotItems("The export is not a JSON array; export it again as JSON.", field="file")
    text.at += 1
    place = 0
    while (character := text.next_character()) != "]":
        if place and character == ",":
            text.at += 1
            text.next_character()
        elif place or character == "":
            raise _broken(place + 1, "a comma is missing" if character else "the file ends early")
        place += 1
        row = _next_row(text, decoder, place)
        if place > skip:
            yield row


def _next_row(text: _Text, decoder: StrictDecoder, place: int) -> SentRow | RowFault:
    while True:
        try:
            value, end, wrong = decoder.decode_from(text.text, text.at)
        except ValueError as error:
            if len(text.text) - text.at > LONGEST_ROW:
                raise _broken(place, f"it is longer than {LONGEST_ROW / 1024**2:g} MB, or not JSON") from None
            if not text.grow() and text.is_at_end:
                raise _broken(place, str(error)) from None
            continue
        sent = text.text[text.at : end]
        text.at = end
        if wrong is None and isinstance(value, dict):
            return SentRow(place, value, sent.encode("utf-8", "surrogatepass"))
        field, reason = (wrong.field, wrong.reason) if wrong else ("", "This element of the array is not an object.")
        return RowFault(place, field[:100], reason[:500], sent[:EXCERPT], sent)


def _broken(place: int, why: str) -> NotItems:
    return NotItems(f"The export cannot be read from record {place} on: {why}.", field="file")
