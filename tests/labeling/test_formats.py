"""Every format and every kind of bad input, each with the answer it gets."""

import gzip
import io
import json
import secrets

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from labeling.errors import NotItems
from labeling.reading import compression, json_array, parquet, tables
from labeling.reading.detection import HEAD, HEAD_PACKED, beginning, format_of
from labeling.reading.rows import Reading, kept, read_items, sent_back
from labeling.types import ItemRow, RowFault, SentRow
from tests.cast import FORM
from tests.factories import item_row, lines

MOST = 2**30
TABLE = (
    "external_id,prompt,response_a,response_b,model_a,difficulty,language,metadata.topic\n"
    "one,Capital?,Paris.,Lyon.,m1,2,en,towns\n"
)


def read(content, format_="ndjson", **more):
    most = more.pop("most", MOST)
    skip = more.pop("skip", 0)
    reading = Reading(format_, more.pop("form", FORM), **more)
    return list(read_items(io.BytesIO(content), reading, most=most, skip=skip, parquet=parquet))


def in_parquet(columns, **types):
    table = pa.table({name: pa.array(values, type=types.get(name)) for name, values in columns.items()})
    written = io.BytesIO()
    pq.write_table(table, written)
    return written.getvalue()


def refused(content, format_="ndjson", **more):
    with pytest.raises(NotItems) as error:
        read(content, format_, **more)
    return error.value.message


# --- packed ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.ZstdCompressor().compress], ids=["gzip", "zstd"])
def test_packed_files_are_read_as_plain_ones(pack):
    content = lines(item_row("one"), b"bad", item_row("two"))
    assert read(pack(content)) == read(content)
    assert read(pack(content[:40]) + pack(content[40:])) == read(content)
    assert format_of(io.BytesIO(pack(TABLE.encode())), "items.csv.gz") == "csv"
    assert read(pack(TABLE.encode()), "csv") == read(TABLE.encode(), "csv")


def test_a_gzip_bomb_is_refused_while_it_is_read(monkeypatch):
    monkeypatch.setattr(compression, "FREE", 1024**2)
    bomb = gzip.compress(lines(item_row("one")) + b" " * (20 * 1024**2))
    assert refused(bomb) == "The gzip file unpacks to more than 200 times its size; send it plain."
    bomb = zstandard.ZstdCompressor().compress(b"\n" * (20 * 1024**2))
    assert refused(bomb) == "The Zstandard file unpacks to more than 200 times its size; send it plain."


def test_what_unpacks_to_too_much_is_refused():
    content = gzip.compress(lines(*[item_row(f"item-{number}") for number in range(3000)]))
    assert refused(content, most=100_000) == (
        "The gzip file unpacks to more than 9.31323e-05 GB; split it into several."
    )


def test_a_zstandard_header_that_claims_much_more_than_there_is_costs_nothing():
    # Magic, then a single-segment frame whose header says 10 GB.
    claimed = b"\x28\xb5\x2f\xfd\xe0" + (10 * 1024**3).to_bytes(8, "little") + b"\x01\x00\x00"
    assert refused(claimed).startswith("The Zstandard file is damaged")


@pytest.mark.parametrize("cut", [5, 50, -8, -1])
def test_a_packed_file_that_is_cut_is_refused(cut):
    content = gzip.compress(lines(item_row("one")))[:cut]
    assert refused(content) == "The gzip file ends early; pack and send it again."


def test_a_damaged_packed_file_is_refused():
    content = bytearray(gzip.compress(lines(item_row("one"))))
    content[20] ^= 0xFF
    assert refused(bytes(content)).startswith("The gzip file is damaged")


# --- which format ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "name", "found"),
    [
        (lines(item_row()), "items", "ndjson"),
        (b"a;b;c\n1;2;3\n", "items.ndjson", "ndjson"),
        (b"a;b;c\n1;2;3\n", "items", "csv"),
        (b"a\tb\n1\t2\n", "items.TSV", "csv"),
        (in_parquet({"a": [1]}), "items.csv", "parquet"),
        (b'[{"data": {"text": "x"}, "annotations": []}]', "export.json", "label_studio"),
        (b'[\n {"id": 1, "fields": {"text": "x"}, "suggestions": []}', "export.json", "argilla"),
        (lines({"fields": {"text": "x"}, "responses": []}), "records.jsonl", "argilla"),
    ],
)
def test_the_format_is_told_by_content_and_name(content, name, found):
    assert format_of(io.BytesIO(content), name) == found


def test_a_format_that_is_said_is_taken_at_its_word_unless_the_bytes_say_no():
    assert format_of(io.BytesIO(b"a;b\n"), "x.ndjson", said="csv") == "csv"
    for content, said, reason in (
        (in_parquet({"a": [1]}), "csv", "This is a Parquet file; say so"),
        (b"a,b\n", "parquet", "This is not a Parquet file"),
        (b"a,b\n", "excel", "The format is one of ndjson, csv"),
        (gzip.compress(in_parquet({"a": [1]})), "", "Parquet is packed inside already"),
    ):
        with pytest.raises(NotItems) as error:
            format_of(io.BytesIO(content), "x", said=said)
        assert error.value.message.startswith(reason)


# --- CSV ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_table_whose_columns_are_called_as_fields_needs_no_mapping(separator):
    [item] = read(b"\xef\xbb\xbf" + TABLE.replace(",", separator).encode(), "csv")
    assert isinstance(item, ItemRow)
    assert (item.line, item.external_id, item.difficulty, item.metadata) == (2, "one", 2, b'{"topic":"towns"}')
    assert json.loads(item.payload) == {
        "messages": [{"role": "user", "content": "Capital?"}],
        "responses": [
            {"key": "a", "model": "m1", "text": "Paris."},
            {"key": "b", "model": "", "text": "Lyon."},
        ],
    }


def test_a_ragged_row_is_a_fault_with_its_line_and_stops_no_other():
    rows = read((TABLE + "two,three\n" + "three,Why?,A,B,,,en,\n").encode(), "csv")
    assert [type(row) for row in rows] == [ItemRow, RowFault, ItemRow]
    assert (rows[1].line, rows[1].raw) == (3, "two,three")
    assert rows[1].reason == "The row has 2 cells and the header 8; quote cells that hold the separator."


def test_a_row_that_spans_lines_is_named_by_its_first():
    content = TABLE + 'two,"Two\nlines",A,B,,x,en,\n' + "three,Q,A,B,,,en,\n"
    _, fault, last = read(content.encode(), "csv")
    assert (fault.line, fault.field) == (3, "difficulty")
    assert fault.reason == "The column 'difficulty' cannot be read as integer: x."
    assert last.line == 5


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)", "=cmd|' /C calc'!A0"])
def test_cells_that_look_like_formulas_are_text(cell):
    [item] = read((TABLE.splitlines()[0] + f"\none,{cell},A,{cell},,,en,\n").encode(), "csv")
    payload = json.loads(item.payload)
    assert (payload["messages"][0]["content"], payload["responses"][1]["text"]) == (cell, cell)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"a,a\n1,2\n", "Two columns are called 'a'; name each once."),
        (b"a,,c\n1,2,3\n", "The header has a column without a name; name each, in the first line."),
        (b"colour,prompt\nred,x\n", "The column 'colour' is none of an item's fields; call it metadata.colour, or use a column mapping."),
        (b"\xff\xfa,b\n", "The header is not UTF-8 text; save the table as UTF-8."),
    ],
)  # fmt: skip
def test_a_table_without_a_usable_header_is_refused(content, reason):
    assert refused(content, "csv") == reason


def test_cells_that_are_not_utf8_hold_nul_or_never_end_are_faults(monkeypatch):
    monkeypatch.setattr(tables, "LONGEST_ROW", 500)
    header = TABLE.splitlines()[0].encode() + b"\n"
    good = b"good,Q,A,B,,,en,\n"
    latin = b"two,caf\xe9,A,B,,,en,\n"
    nul = b"three,a\x00b,A,B,,,en,\n"
    [fault, nul_fault, item] = read(header + latin + nul + good, "csv")
    assert (fault.reason, item.external_id) == ("The row is not UTF-8 text; save the table as UTF-8.", "good")
    assert nul_fault.reason == "The text contains a NUL character; remove it."
    rows = read(header + b'two,"never closed' + b"x" * 600 + b"\n" + good, "csv")
    assert rows[0].reason == "The row is longer than 0.000476837 MB; is a quotation mark not closed?"
    assert rows[1].external_id == "good"


@given(st.binary(max_size=300))
def test_no_bytes_whatever_break_the_table_reader(content):
    try:
        rows = list(tables.read(io.BytesIO(content)))
    except NotItems as refusal:
        rows = [refusal]
    for row in rows:
        assert isinstance(row, SentRow) or "." in (getattr(row, "reason", "") or str(row))


def test_gzip_of_endless_empty_members_is_given_up_early():
    packed = io.BytesIO(gzip.compress(b"") * 100_000)
    for look in (lambda: format_of(packed, "items.gz"), lambda: read(packed.getvalue())):
        with pytest.raises(NotItems, match="too many empty members"):
            look()
    assert len(read(gzip.compress(lines(item_row("one"))) + gzip.compress(b"") * 900)) == 1


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.ZstdCompressor().compress], ids=["gzip", "zstd"])
def test_only_the_beginning_of_a_packed_file_is_looked_at(pack):
    packed = io.BytesIO(pack(TABLE.encode()) + pack(b"\n") * 100_000)
    assert format_of(packed, "items") == "csv"
    assert packed.tell() <= HEAD_PACKED < packed.getbuffer().nbytes
    assert len(beginning(io.BytesIO(pack(secrets.token_bytes(2 * HEAD))))) == HEAD


# --- Parquet --------------------------------------------------------------------------------------------------------


def test_every_format_goes_on_where_it_stopped():
    rows = [item_row(f"item-{number}") for number in range(5)]
    table = TABLE + "two,Q,A,B,,,en,\n\nragged\nthree,Q,A,B,,,en,\n"
    exported = [{"id": n, "data": {"text": "Q", "language": "en"}, "annotations": []} for n in range(5)]
    columns = {"external_id": [str(n) for n in range(5)], "prompt": ["Q"] * 5, "language": ["en"] * 5}
    for content, format_ in (
        (lines(*rows[:2], b"bad", b"", *rows[2:]), "ndjson"),
        (table.encode(), "csv"),
        (in_parquet(columns), "parquet"),
        (json.dumps(exported).encode(), "label_studio"),
    ):
        everything = read(content, format_)
        assert len(everything) >= 4
        for skip in range(len(everything) + 1):
            assert read(content, format_, skip=skip) == everything[skip:]


# --- JSON arrays ----------------------------------------------------------------------------------------------------


@given(
    st.lists(st.dictionaries(st.text(max_size=5), st.text(max_size=20), max_size=3), max_size=8),
    st.integers(1, 40),
    st.sampled_from([None, 1]),
)
def test_an_array_is_read_the_same_however_small_the_pieces(values, chunk, indent):
    content = json.dumps(values, indent=indent).encode()
    before, json_array.CHUNK = json_array.CHUNK, chunk
    try:
        rows = list(json_array.read(io.BytesIO(content)))
    finally:
        json_array.CHUNK = before
    assert [row.content for row in rows] == values
    assert [row.line for row in rows] == list(range(1, len(values) + 1))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b'[{"a": 1} {"b": 2}]', "The export cannot be read from record 2 on: a comma is missing."),
        (b'[{"a": 1}, {"b": ', "The export cannot be read from record 2 on: "),
        (b'[{"a": 1}', "The export cannot be read from record 2 on: the file ends early."),
        (b"{}", "The export is not a JSON array; export it again as JSON."),
        (b'[{"a": "\xff"}]', "The export is not UTF-8 text; write it again as UTF-8."),
    ],
)
def test_an_array_that_breaks_off_is_refused_from_there(content, reason):
    with pytest.raises(NotItems) as error:
        list(json_array.read(io.BytesIO(content)))
    assert error.value.message.startswith(reason)


def test_an_element_that_is_not_sound_stops_no_other():
    rows = list(json_array.read(io.BytesIO(b'[{"a": 1, "a": 2}, 7, {"b": NaN}, {"c": 1}]')))
    assert [getattr(row, "reason", None) for row in rows] == [
        "The key 'a' is there twice; keep one.",
        "This element of the array is not an object.",
        "The line is not JSON: NaN is not a JSON number.",
        None,
    ]


# --- what is sent back ----------------------------------------------------------------------------------------------


def back(fault):
    fault = kept(fault)
    return sent_back(fault.raw, fault.excerpt, line=fault.line, field=fault.field, reason=fault.reason)


def test_a_rejected_row_comes_back_as_it_was_sent_and_mended_is_taken():
    bad = {**item_row("one"), "difficulty": 9}
    [fault] = read(lines(bad))
    returned = json.loads(back(fault))
    why = {"line": 1, "field": "difficulty", "reason": "difficulty is a whole number from 1 to 5."}
    assert returned == {**bad, "_rejected": why}
    [still_bad] = read(lines(returned))
    assert json.loads(back(still_bad)) == returned
    [item] = read(lines({**returned, "difficulty": 3}))
    assert item.digest == read(lines(item_row("one")))[0].digest


def test_a_row_that_was_no_object_comes_back_as_text():
    [broken, listed] = read(b'{"a": \xff}\n[1]\n')
    assert json.loads(back(broken))["_raw"] == '{"a": �}'
    assert json.loads(back(listed))["_raw"] == "[1]"
    [twice] = read(b'{"a": 1, "a": 2}\n')
    assert back(twice).startswith(b'{"a": 1, "a": 2,"_rejected":')
    [empty] = read(b"{}\n")
    assert set(json.loads(back(empty))) == {"_rejected"}


def test_a_row_of_a_table_comes_back_as_the_item_it_would_be():
    [fault] = read((TABLE.splitlines()[0] + "\none,Q,A,B,,,klingon!,\n").encode(), "csv")
    returned = json.loads(back(fault))
    assert returned.pop("_rejected")["field"] == "language"
    assert isinstance(read(lines({**returned, "language": "en"}))[0], ItemRow)


def test_of_a_long_row_the_beginning_is_kept_and_that_is_said():
    [fault] = read(lines(item_row("one", difficulty=9, metadata={"x": "y" * 70_000})))
    stored = kept(fault)
    assert stored.raw == ""
    assert stored.reason.endswith("(The row is longer than 64 KB; only its beginning is kept.)")
    assert json.loads(back(fault))["_raw"].startswith('{"external_id": "one"')
