"""CSV in UTF-8: comma, semicolon or tab, with a header. Cells are text and nothing else, whatever they begin with."""

import csv
import io
from collections.abc import Iterator
from typing import IO

from labeling.errors import NotItems
from labeling.reading.limits import EXCERPT, LONGEST_ROW
from labeling.reading.ndjson import BYTE_ORDER_MARK
from labeling.types import RowFault, SentRow

SEPARATORS = ",;\t"
MOST_COLUMNS = 1000


class _TooLong(Exception):
    """The row at hand is longer than LONGEST_ROW."""


class _Lines:
    """The file's lines as text, for the csv module. Bytes that are not UTF-8 come as surrogates, to be told of by row.

    A row may span lines, so what is bounded is the row: `begin_row` is called before each.
    """

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._taken = 0
        self.number = 0

    def begin_row(self) -> None:
        self._taken = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._stream.readline(LONGEST_ROW + 1)
        if not line:
            raise StopIteration
        self.number += 1
        if self.number == 1:
            line = line.removeprefix(BYTE_ORDER_MARK)
        self._taken += len(line)
        if self._taken > LONGEST_ROW:
            while line and not line.endswith(b"\n"):
                line = self._stream.readline(LONGEST_ROW)
            raise _TooLong
        return line.decode("utf-8", "surrogateescape")


def header_of(stream: IO[bytes]) -> list[str]:
    """Read the header and return the names of the columns; raises NotItems where there is none to use."""
    return _opened(stream)[0]


def read(stream: IO[bytes], *, skip: int = 0) -> Iterator[SentRow | RowFault]:
    """Yield every row that is not blank, by its columns' names, but for the first `skip`. An empty cell is no value.

    A row's line is the one it begins in. Raises NotItems where the header is no header.
    """
    names, rows, lines = _opened(stream)
    while True:
        lines.begin_row()
        number = lines.number + 1
        fault = ""
        cells: list[str] = []
        try:
            cells = next(rows)
        except StopIteration:
            return
        except _TooLong:
            fault = f"The row is longer than {LONGEST_ROW / 1024**2:g} MB; is a quotation mark not closed?"
        except csv.Error as error:
            fault = f"The row is not CSV: {error}."
        if not cells and not fault:
            continue
        if skip:
            skip -= 1
        else:
            yield RowFault(number, "", fault) if fault else _row(number, names, cells)


def _opened(stream: IO[bytes]) -> tuple[list[str], Iterator[list[str]], _Lines]:
    csv.field_size_limit(LONGEST_ROW)
    lines = _Lines(stream)
    try:
        first = next(line for line in lines if line.strip())
    except StopIteration:
        raise NotItems("The file is empty; send a table with a header.", field="file") from None
    except _TooLong:
        raise NotItems("The header is too long; is this a table?", field="file") from None
    separator = max(SEPARATORS, key=lambda mark: len(_cells(first, mark)))
    names = [name.strip() for name in _cells(first, separator)]
    if any("\udc80" <= letter <= "\udcff" for letter in first):
        raise NotItems("The header is not UTF-8 text; save the table as UTF-8.", field="file")
    if not all(names) or len(names) > MOST_COLUMNS:
        raise NotItems("The header has a column without a name; name each, in the first line.", field="file")
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise NotItems(f"Two columns are called {twice!r}; name each once.", field="file")
    return names, csv.reader(lines, delimiter=separator, strict=True), lines


def _cells(line: str, separator: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=separator))
    except (csv.Error, StopIteration):
        return []


def _row(number: int, names: list[str], cells: list[str]) -> SentRow | RowFault:
    if any("\udc80" <= letter <= "\udcff" for cell in cells if not cell.isascii() for letter in cell):
        shown = _as_written(cells).encode("utf-8", "replace").decode()
        return RowFault(number, "", "The row is not UTF-8 text; save the table as UTF-8.", shown[:EXCERPT], shown)
    if len(cells) != len(names):
        reason = f"The row has {len(cells)} cells and the header {len(names)}; quote cells that hold the separator."
        text = _as_written(cells)
        return RowFault(number, "", reason, text[:EXCERPT], text)
    return SentRow(number, {name: cell for name, cell in zip(names, cells, strict=True) if cell != ""}, None)


def _as_written(cells: list[str]) -> str:
    written = io.StringIO()
    csv.writer(written, lineterminator="").writerow(cells)
    return written.getvalue().replace("\x00", "�")
