"""One JSON object a line, in UTF-8."""

from collections.abc import Iterator
from typing import IO

from labeling.errors import RowRefused
from labeling.reading.json_text import StrictDecoder
from labeling.reading.limits import EXCERPT, LONGEST_ROW
from labeling.types import RowFault, SentRow

BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def read(stream: IO[bytes], *, skip: int = 0) -> Iterator[SentRow | RowFault]:
    """Yield every line that is not blank, in order, but for the first `skip` of them, which are not even parsed."""
    decoder = StrictDecoder()
    for number, line in lines(stream):
        if skip:
            skip -= 1
        elif line is None:
            limit = LONGEST_ROW / 1024**2
            yield RowFault(number, "", f"The line is longer than {limit:g} MB; split the item or shorten its texts.")
        else:
            yield _row(decoder, number, line)


def _row(decoder: StrictDecoder, number: int, line: bytes) -> SentRow | RowFault:
    try:
        content = decoder.decode(line)
        if not isinstance(content, dict):
            raise RowRefused("", "The line is JSON but not an object; begin it with {.")
    except RowRefused as wrong:
        text = line.decode("utf-8", "replace").replace("\x00", "�")
        return RowFault(number, wrong.field[:100], wrong.reason[:500], text[:EXCERPT], text)
    return SentRow(number, content, line)


def lines(stream: IO[bytes]) -> Iterator[tuple[int, bytes | None]]:
    """Yield (number, line) for lines that are not blank; None stands for one that is too long."""
    number = 0
    while line := stream.readline(LONGEST_ROW + 1):
        number += 1
        if len(line) > LONGEST_ROW:
            while line and not line.endswith(b"\n"):
                line = stream.readline(LONGEST_ROW)
            yield number, None
        elif number == 1 and line.startswith(BYTE_ORDER_MARK):
            if line := line[3:].strip():
                yield number, line
        elif line := line.strip():
            yield number, line
