"""Parquet: items flat or nested, every type that there is, wrong values, and files that claim too much."""

import io
import json
import os
import resource
import subprocess
import sys

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.conf import settings

from labeling.errors import NotItems
from labeling.reading import parquet
from labeling.reading.memory import bounded
from labeling.types import RowFault, SentRow
from tests.labeling.test_formats import MOST, in_parquet, read, refused

MEMORY = pa.system_memory_pool()


def test_parquet_holds_items_flat_or_nested():
    [flat] = read(
        in_parquet(
            {"external_id": ["one"], "prompt": ["Q"], "response_a": ["A"], "response_b": ["B"], "language": ["en"]}
        ),
        "parquet",
    )
    nested = in_parquet(
        {
            "external_id": ["one"],
            "messages": [[{"role": "user", "content": "Q"}]],
            "responses": [[{"text": "A", "model": None}, {"text": "B", "model": "m"}]],
            "language": ["en"],
            "difficulty": [3],
        }
    )
    [item] = read(nested, "parquet")
    assert json.loads(item.payload)["messages"] == json.loads(flat.payload)["messages"]
    assert json.loads(item.payload)["responses"] == [
        {"key": "a", "model": "", "text": "A"},
        {"key": "b", "model": "m", "text": "B"},
    ]


def test_wrong_values_in_parquet_are_faults_of_their_row():
    content = in_parquet(
        {
            "external_id": ["one", "two", "three"],
            "messages": [["plain text"], ["x"], ["y"]],
            "responses": [[1.0], [2.0], [3.0]],
            "language": ["en"] * 3,
        }
    )
    rows = read(content, "parquet")
    assert [(row.line, row.field) for row in rows] == [(1, "responses[0]"), (2, "responses[0]"), (3, "responses[0]")]
    assert json.loads(rows[0].raw)["messages"] == ["plain text"]
    [fault] = read(
        in_parquet({"external_id": ["n"], "prompt": ["Q"], "response_a": ["A"], "response_b": ["B"], "language": ["en"],
                    "metadata": [{"x": float("nan")}]}),
        "parquet",
    )  # fmt: skip
    assert fault.field == "metadata"
    assert fault.reason.startswith("This value cannot be written as JSON: out of range float values")


def test_a_type_that_items_do_not_have_refuses_the_file_by_name():
    content = in_parquet({"external_id": [b"x"], "prompt": ["Q"]})
    assert refused(content, "parquet") == (
        "The column 'external_id' is of type binary; write it as text, numbers, lists or structs."
    )
    mapping = {
        "fields": {"external_id": {"column": "id"}, "messages": [{"column": "q"}], "responses": [{"column": "q"}]}
    }
    content = in_parquet({"id": ["x"], "q": ["Q"], "unused": [b"x"]})
    assert isinstance(read(content, "parquet", mapping=mapping, language="en")[0], RowFault)


def test_a_damaged_parquet_file_is_refused():
    content = in_parquet({"external_id": ["x"] * 100})
    assert refused(content[:-20], "parquet").startswith("The Parquet file is damaged")
    assert refused(b"PAR1" + b"\x00" * 50, "parquet").startswith("The Parquet file is damaged")
    assert refused(in_parquet({"external_id": ["x" * 2000]}), "parquet", most=10).startswith("The file unpacks to more")


CLAIM = """
import django, io, pathlib, sys
django.setup()
from labeling.errors import NotItems
from labeling.reading import parquet
content = io.BytesIO(sys.stdin.buffer.read())
try:
    rows = list(parquet.read(content, most=2**40))
except NotItems as error:
    print(error.message)
peak = next(line for line in pathlib.Path("/proc/self/status").read_text().splitlines() if line.startswith("VmPeak"))
print(int(peak.split()[1]) // 1024)
"""


def varint(number):
    """Return the number as a footer or a page's header writes it (Thrift's compact protocol)."""
    number, written = number * 2, b""
    while number > 127:
        written += bytes([number & 127 | 128])
        number >>= 7
    return written + bytes([number])


def claiming(size):
    """Return a file whose second column has a page that says it unpacks to `size` bytes."""
    true = 150 * 2**20  # as many digits as what is claimed
    written = io.BytesIO()
    table = pa.table({"external_id": ["a"], "prompt": ["x" * true]})
    pq.write_table(table, written, compression="zstd", use_dictionary=False, data_page_size=2**30)
    content = written.getvalue()
    at = min(place for more in range(64) if (place := content.find(b"\x15" + varint(true + more) + b"\x15")) > 0) + 1
    return content[:at] + varint(size) + content[at + len(varint(true)) :]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux says how much memory a process has")
def test_a_page_that_claims_too_much_is_refused_before_it_gets_it():
    done = subprocess.run(
        [sys.executable, "-c", CLAIM],
        input=claiming(2**31 - 1), cwd=settings.BASE_DIR, env={**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings", "ARROW_DEFAULT_MEMORY_POOL": "system"},
        capture_output=True, check=True,
    )  # fmt: skip
    fault, peak = done.stdout.decode().splitlines()
    assert fault == ("The Parquet file asks for more than 512 MB of memory at once; write it with pages of about 1 MB.")
    assert int(peak) < 1500


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux says how much memory a process has")
def test_the_bound_on_memory_ends_with_the_reading(monkeypatch):
    before = resource.getrlimit(resource.RLIMIT_DATA)
    monkeypatch.setattr(parquet, "MEMORY_MOST", 100 * 2**20)
    rows = parquet.read(io.BytesIO(in_parquet({"external_id": ["a", "b"]})), most=MOST)
    assert (next(rows).line, resource.getrlimit(resource.RLIMIT_DATA)) == (1, before)
    assert refused(claiming(2**31 - 1), "parquet").startswith("The Parquet file asks for more than 100 MB")
    assert resource.getrlimit(resource.RLIMIT_DATA) == before
    with pytest.raises(MemoryError), bounded(2**20):
        bytearray(2**29)
    assert len(bytearray(2**29)) == 2**29


def test_a_text_that_parquet_keeps_once_is_counted_as_often_as_it_stands():
    rows = 300
    text = pa.DictionaryArray.from_arrays(pa.array([0] * rows, pa.int32()), pa.array(["x" * 2**20]))
    nested = pa.ListArray.from_arrays(pa.array(range(rows + 1), pa.int32()), text)
    for column in (text, nested):
        table = pa.table({"external_id": [str(n) for n in range(rows)], "prompt": ["Q"] * rows, "metadata.big": column})
        written = io.BytesIO()
        pq.write_table(table, written, compression="zstd", store_schema=False, dictionary_pagesize_limit=2**30)
        assert written.tell() < 100_000
        before = MEMORY.bytes_allocated()
        taken = (MEMORY.bytes_allocated() - before for _ in parquet.read(written, most=20 * 2**20))
        with pytest.raises(NotItems, match=r"more than 0\.0195312 GB"):
            assert max(taken) < 0
        assert max(MEMORY.bytes_allocated() - before for _ in parquet.read(written, most=MOST)) < 40 * 2**20


def test_a_parquet_row_that_is_too_long_is_a_fault_and_the_others_are_read(monkeypatch):
    monkeypatch.setattr(parquet, "LONGEST_ROW", 2**20)
    for texts in ([["short"], ["x" * 2**20], ["short"]], [["short"], ["x" * 2**18] * 5, None]):
        rows = list(parquet.read(io.BytesIO(in_parquet({"external_id": ["a", "b", "c"], "texts": texts})), most=MOST))
        assert rows[0] == SentRow(1, {"external_id": "a", "texts": ["short"]}, None)
        assert rows[1] == RowFault(2, "", "The row is longer than 1 MB.", "")
        assert rows[2].content["external_id"] == "c"


def test_every_type_of_parquet_is_read_as_it_was_written():
    values = {
        "text": (["ä" * 300, None, "c"], pa.large_string()),
        "fixed": ([["a", "b"], None, ["c", "d"]], pa.list_(pa.string(), 2)),
        "deep": ([[{"a": ["x", "x"]}], [], [{"a": None}]], pa.list_(pa.struct([("a", pa.large_list(pa.string()))]))),
        "number": ([1, None, 3], pa.int64()),
        "empty": ([None] * 3, pa.null()),
    }
    content = in_parquet({name: value for name, (value, _) in values.items()}, **{n: t for n, (_, t) in values.items()})
    rows = [row.content for row in parquet.read(io.BytesIO(content), most=MOST)]
    assert rows == [
        {"text": "ä" * 300, "fixed": ["a", "b"], "deep": [{"a": ["x", "x"]}], "number": 1},
        {"deep": []},
        {"text": "c", "fixed": ["c", "d"], "deep": [{}], "number": 3},
    ]


def test_a_parquet_file_with_too_many_columns_or_a_name_twice_is_refused():
    wide = in_parquet({f"metadata.c{number}": ["x"] for number in range(1001)})
    assert refused(wide, "parquet") == "The Parquet file has more than 1000 columns; leave some out."
    written = io.BytesIO()
    pq.write_table(pa.Table.from_arrays([pa.array(["a"])] * 2, names=["external_id"] * 2), written)
    assert refused(written.getvalue(), "parquet") == "Two columns are called 'external_id'; rename one."
    written = io.BytesIO()
    table = pa.table({"external_id": ["a"], "prompt": ["Q"]})
    pq.write_table(table, written, use_dictionary=False, column_encoding={"prompt": "DELTA_BYTE_ARRAY"})
    assert refused(written.getvalue(), "parquet").startswith("The Parquet file uses DELTA_BYTE_ARRAY")
    kind, value = pa.int64(), 1
    for _ in range(70):
        kind, value = pa.struct([("s", kind)]), {"s": value}
    deep = in_parquet({"external_id": ["a"], "prompt": ["Q"], "metadata": [value]}, metadata=kind)
    assert refused(deep, "parquet") == "The column 'metadata' is nested deeper than 64."


# --- going on -------------------------------------------------------------------------------------------------------
