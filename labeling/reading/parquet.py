"""Parquet, a few rows at a time. Imports pyarrow, so only jobs import this module."""

from collections.abc import Collection, Iterator
from typing import IO, Any

import pyarrow as pa
import pyarrow.parquet as pq

from labeling.errors import NotItems
from labeling.types import RowFault, SentRow

BATCH = 200


def columns_of(file: IO[bytes]) -> list[str]:
    """Return the names of the columns; raises NotItems for what is no Parquet file."""
    return [str(name) for name in _opened(file).schema_arrow.names]


def read(
    file: IO[bytes], *, skip: int = 0, most: int, only: Collection[str] | None = None
) -> Iterator[SentRow | RowFault]:
    """Yield the rows but for the first `skip`; a row's line is its place in the file, from 1.

    Lists and structs come as lists and objects, without what is null in them. Raises NotItems for a file that is
    damaged, unpacks to more than `most` bytes, or holds a column (of `only`, where given) of a type that items do not
    have.
    """
    parquet = _opened(file)
    names = [name for name in parquet.schema_arrow.names if only is None or name in only]
    for name in names:
        _check_type(name, parquet.schema_arrow.field(name).type)
    groups = range(parquet.metadata.num_row_groups)
    if sum(parquet.metadata.row_group(group).total_byte_size for group in groups) > most:
        raise NotItems(f"The file unpacks to more than {most / 1024**3:g} GB; split it into several.", field="file")
    place = 0
    for group in groups:
        count = parquet.metadata.row_group(group).num_rows
        if place + count <= skip:
            place += count
            continue
        for row in _rows(parquet, group, names):
            place += 1
            if place > skip:
                yield SentRow(place, _without_nulls(row), None)


def _opened(file: IO[bytes]) -> Any:
    try:
        return pq.ParquetFile(file, pre_buffer=False)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise NotItems(f"The Parquet file is damaged: {_first_line(error)}.", field="file") from None


def _rows(parquet: Any, group: int, names: list[str]) -> Iterator[dict[str, Any]]:
    try:
        for batch in parquet.iter_batches(BATCH, row_groups=[group], columns=names, use_threads=False):
            yield from batch.to_pylist()
    except UnicodeDecodeError:
        raise NotItems("The Parquet file holds text that is not UTF-8; write it again.", field="file") from None
    except (pa.ArrowException, OSError, ValueError) as error:
        raise NotItems(f"The Parquet file is damaged: {_first_line(error)}.", field="file") from None


def _check_type(name: str, kind: Any) -> None:
    inner = kind
    if pa.types.is_dictionary(kind):
        inner = kind.value_type
    elif pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        return _check_type(name, kind.value_type)
    elif pa.types.is_struct(kind):
        for field in kind:
            _check_type(name, field.type)
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
