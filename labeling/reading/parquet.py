"""Parquet, a few rows at a time. Imports pyarrow, so only jobs import this module."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from itertools import accumulate
from typing import IO, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from labeling.errors import NotItems
from labeling.reading.limits import DEEPEST, LONGEST_ROW
from labeling.reading.memory import bounded
from labeling.types import RowFault, SentRow

BATCH = 200
# Groups of rows that unpack to more than LARGE are decoded in smaller batches: a row may have up to LONGEST_ROW bytes.
LARGE = 64 * 1024**2
BATCH_OF_LARGE = 32
MOST_COLUMNS = 1000
BYTES_A_VALUE = 8
# What a footer or a page claims to unpack to is believed up to here: it is asked for before it can be seen to be wrong.
MEMORY_MOST = 512 * 1024**2
PIECE = 1024**2


def columns_of(file: IO[bytes]) -> list[str]:
    """Return the names of the columns; raises NotItems for what is no Parquet file."""
    return _opened(file)[1].names


def read(
    file: IO[bytes], *, skip: int = 0, most: int, only: Collection[str] | None = None
) -> Iterator[SentRow | RowFault]:
    """Yield the rows but for the first `skip`; a row's line is its place in the file, from 1.

    Lists and structs come as lists and objects, without what is null in them. Raises NotItems for a file that is
    damaged, unpacks to more than `most` bytes, or holds a column (of `only`, where given) of a type that items do not
    have.
    """
    parquet, schema = _opened(file)
    names = [name for name in schema.names if only is None or name in only]
    for name in names:
        _check_type(name, schema.field(name).type)
    groups = [parquet.metadata.row_group(group) for group in range(parquet.metadata.num_row_groups)]
    if sum(group.total_byte_size for group in groups) > most:
        raise _too_large(most)
    place, total = 0, 0
    for index, group in enumerate(groups):
        if place + group.num_rows <= skip:
            place += group.num_rows
            total += group.total_byte_size
            continue
        for size, row in _rows(parquet, index, names):
            place += 1
            total += size
            if total > most:
                raise _too_large(most)
            if place > skip:
                yield _long(place) if row is None else SentRow(place, _without_nulls(row), None)


def _too_large(most: int) -> NotItems:
    return NotItems(f"The file unpacks to more than {most / 1024**3:g} GB; split it into several.", field="file")


def _long(place: int) -> RowFault:
    return RowFault(place, "", f"The row is longer than {LONGEST_ROW / 1024**2:g} MB.", "")


def _opened(file: IO[bytes]) -> tuple[Any, Any]:
    """Return the file, opened so that repeated texts are kept once, and its schema with distinct names."""
    with _refusing(), bounded(MEMORY_MOST), _system_memory():
        plain = pq.ParquetFile(file, pre_buffer=False)
        columns = [plain.schema.column(index) for index in range(min(plain.metadata.num_columns, MOST_COLUMNS + 1))]
        texts = [column.path for column in columns if column.physical_type == "BYTE_ARRAY"]
        schema = plain.schema_arrow
        names = list(schema.names)
        file.seek(0)
        parquet = pq.ParquetFile(file, pre_buffer=False, buffer_size=PIECE, read_dictionary=texts)
    if len(columns) > MOST_COLUMNS:
        raise NotItems(f"The Parquet file has more than {MOST_COLUMNS} columns; leave some out.", field="file")
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise NotItems(f"Two columns are called {twice[0][:60]!r}; rename one.", field="file")
    _check_encodings(plain.metadata)
    return parquet, schema


@contextmanager
def _refusing() -> Iterator[None]:
    """Say in a sentence what is wrong with a file that pyarrow cannot read."""
    try:
        yield
    except UnicodeDecodeError:
        raise NotItems("The Parquet file holds text that is not UTF-8; write it again.", field="file") from None
    except (pa.ArrowException, OSError, ValueError, MemoryError) as error:
        if isinstance(error, MemoryError) or "bad_alloc" in str(error):
            most = f"{MEMORY_MOST / 1024**2:g} MB"
            fault = f"The Parquet file asks for more than {most} of memory at once; write it with pages of about 1 MB."
        else:
            fault = f"The Parquet file is damaged: {_first_line(error)}."
        raise NotItems(fault, field="file") from None


@contextmanager
def _system_memory() -> Iterator[None]:
    """Have what is opened meanwhile take its memory as it needs it; the usual pool takes a GB before, which no bound sees."""
    usual = pa.default_memory_pool()
    pa.set_memory_pool(pa.system_memory_pool())
    try:
        yield
    finally:
        pa.set_memory_pool(usual)


def _check_encodings(metadata: Any) -> None:
    """Refuse texts that are written as what differs from the one before: they cannot be counted before they are made."""
    for group in range(metadata.num_row_groups):
        row_group = metadata.row_group(group)
        for index in range(metadata.num_columns):
            if "DELTA_BYTE_ARRAY" in row_group.column(index).encodings:
                raise NotItems("The Parquet file uses DELTA_BYTE_ARRAY; write it with dictionaries.", field="file")


def _rows(parquet: Any, group: int, names: list[str]) -> Iterator[tuple[int, dict[str, Any] | None]]:
    """Yield the size of each row, and the row, or None for one that is too long to be made."""
    is_large = parquet.metadata.row_group(group).total_byte_size > LARGE
    count = BATCH_OF_LARGE if is_large else BATCH
    with _refusing():
        batches = parquet.iter_batches(count, row_groups=[group], columns=names, use_threads=False)
        while (batch := _next(batches)) is not None:
            sizes = [sum(row) for row in zip(*map(_sizes, batch.columns), strict=True)] or [0] * batch.num_rows
            if sum(sizes) <= LONGEST_ROW:
                yield from zip(sizes, batch.to_pylist(), strict=True)
                continue
            for place, size in enumerate(sizes):
                yield size, None if size > LONGEST_ROW else batch.slice(place, 1).to_pylist()[0]


def _next(batches: Iterator[Any]) -> Any:
    with bounded(MEMORY_MOST):
        return next(batches, None)


def _sizes(array: Any) -> list[int]:
    """Return how many bytes each entry takes once it is made, of texts that are kept once as often as they stand."""
    kind = array.type
    texts = array.dictionary if pa.types.is_dictionary(kind) else array
    if pa.types.is_string(texts.type) or pa.types.is_large_string(texts.type):
        lengths = pc.binary_length(texts)
        lengths = lengths if texts is array else lengths.take(array.indices)
        return [BYTES_A_VALUE + (length or 0) for length in lengths.to_pylist()]
    if pa.types.is_struct(kind):
        fields = [_sizes(field) for field in array.flatten()]
        return [sum(row) for row in zip(*fields, strict=True)] or [BYTES_A_VALUE] * len(array)
    if pa.types.is_fixed_size_list(kind):
        size = kind.list_size
        before = _before(array.values)
        ends = range(array.offset * size, (array.offset + len(array) + 1) * size, size or 1)
    elif pa.types.is_list(kind) or pa.types.is_large_list(kind):
        before, ends = _before(array.values), array.offsets.to_pylist()
    else:
        return [BYTES_A_VALUE] * len(array)
    return [BYTES_A_VALUE + before[ends[row + 1]] - before[ends[row]] for row in range(len(array))]


def _before(values: Any) -> list[int]:
    return list(accumulate(_sizes(values), initial=0))


def _check_type(name: str, kind: Any, depth: int = 0) -> None:
    inner = kind
    if depth > DEEPEST:
        raise NotItems(f"The column {name!r} is nested deeper than {DEEPEST}.", field=name)
    if pa.types.is_dictionary(kind):
        inner = kind.value_type
    elif pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        return _check_type(name, kind.value_type, depth + 1)
    elif pa.types.is_struct(kind):
        for field in kind:
            _check_type(name, field.type, depth + 1)
        return None
    kinds = (pa.types.is_string, pa.types.is_large_string, pa.types.is_integer, pa.types.is_floating)
    if any(matches(inner) for matches in (*kinds, pa.types.is_boolean, pa.types.is_null)):
        return None
    raise NotItems(f"The column {name!r} is of type {kind}; write it as text, numbers, lists or structs.", field=name)


def _without_nulls(value: Any) -> Any:
    """Parquet spells what is absent as null: leave it out."""
    if isinstance(value, dict):
        return {key: _without_nulls(inner) for key, inner in value.items() if inner is not None}
    if isinstance(value, list):
        return [_without_nulls(inner) for inner in value]
    return value


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or ["it cannot be read"])[0].rstrip(".")[:200]
