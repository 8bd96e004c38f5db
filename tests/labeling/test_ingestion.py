"""Reading uploaded lines: every fault with its line, field and reason, and none stops another."""

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.kernel.canonical import canonical_bytes, digest
from labeling.errors import NotItems
from labeling.languages import is_language, matches
from labeling.reading import ndjson
from labeling.reading.detection import format_of
from labeling.reading.rows import Reading, read_items
from labeling.types import ItemRow, RowFault
from tests.cast import FORM
from tests.factories import item_row, lines


def read(*rows, form=FORM):
    return from_bytes(lines(*rows), form)


def from_bytes(content, form=FORM):
    return list(read_items(io.BytesIO(content), Reading("ndjson", form), most=2**30))


def test_a_sound_row_becomes_an_item():
    [item] = read(item_row("one", domain="medical", difficulty=2, metadata={"source": "x"}))
    assert isinstance(item, ItemRow)
    assert (item.line, item.external_id, item.language, item.domain, item.difficulty) == (
        1,
        "one",
        "en",
        "medical",
        2,
    )
    assert json.loads(item.payload)["responses"][0] == {"key": "a", "text": "Paris.", "model": "one"}
    assert (item.metadata, item.expected, item.provenance) == (b'{"source":"x"}', None, "human")


def test_what_is_left_out_has_its_usual_value():
    [item] = read({**item_row(), "responses": [{"text": "x"}, {"text": "y"}]})
    assert [response["key"] for response in json.loads(item.payload)["responses"]] == ["a", "b"]
    assert (item.domain, item.difficulty) == ("general", 3)


def test_the_digest_depends_on_content_and_not_on_spelling():
    row = item_row("one", metadata={"b": 1, "a": 2.0})
    again = json.dumps(dict(reversed(row.items())), indent=None, separators=(" , ", " : ")).encode()
    assert read(row)[0].digest == read(again)[0].digest
    assert read(row)[0].digest != read({**row, "metadata": {"a": 2, "b": 3}})[0].digest


@pytest.mark.parametrize(
    ("row", "field", "reason"),
    [
        (b'{"external_id": ', "", "The line is not JSON: Expecting value at character 16."),
        (b"[1, 2]", "", "The line is JSON but not an object; begin it with {."),
        (b'{"a": NaN}', "", "The line is not JSON: NaN is not a JSON number."),
        (b"\xff\xfe{}", "", "The line is not UTF-8 text (byte 1)."),
        (b"[" * 100_000, "", "The line is nested too deeply."),
        (b'{"a":' * 65 + b"1" + b"}" * 65, "", "The line is nested deeper than 64 levels; make it flatter."),
        (b'{"metadata": {"a": 1, "b": 2, "a": 3}}', "a", "The key 'a' is there twice; keep one."),
        (b'{"a": 12345678901234567890}', "", "The number 12345678901234567890 is too large to be exact; send it as text."),
        (b'{"a": 1e999}', "", "The number 1e999 is too large to be exact; send it as text."),
        (item_row("\ud800"), "external_id", "The text contains half of a surrogate pair; remove it."),
        ({**item_row(), "messages": [{"role": "user", "content": "\udfff"}]}, "", "A text contains half of a surrogate pair, which is not text; remove it."),
        ({**item_row(), "messages": [{"role": "user", "content": "a\x00"}]}, "", "The text contains a NUL character; remove it."),
        ({"_raw": "{broken", "_rejected": {"line": 4}}, "_raw", "This row could not be read as it was sent; write it as an item and leave out _raw."),
        (item_row(colour="red"), "colour", "There is no field 'colour'; put what is yours into metadata."),
        ({**item_row(), "external_id": None}, "external_id", "The field external_id is missing."),
        ({**item_row(), "external_id": 7}, "external_id", "external_id must be text that is not empty."),
        (item_row("x" * 201), "external_id", "external_id is longer than 200 characters."),
        (item_row(language="klingonese-language"), "language", "'klingonese-language' is not a language; use a BCP 47 tag such as en or pt-BR."),
        (item_row(language="xx"), "language", "'xx' is not a language; use a BCP 47 tag such as en or pt-BR."),
        (item_row(difficulty=6), "difficulty", "difficulty is a whole number from 1 to 5."),
        (item_row(difficulty=True), "difficulty", "difficulty is a whole number from 1 to 5."),
        (item_row(provenance="alien"), "provenance", "provenance is one of human, production, synthetic."),
        (item_row(metadata=[1]), "metadata", "metadata must be an object."),
        (item_row(metadata={"x": 1e300}), "", "The number 1e+300 is too large to be exact; send it as text."),
        (item_row(metadata={"x": "a\x00b"}), "metadata", "The text contains a NUL character; remove it."),
        (item_row(metadata={"x": "\ud800"}), "metadata", "This value cannot be written as JSON: it contains half of a surrogate pair, which is not text."),
        ({**item_row(), "messages": []}, "messages", 'messages must be a list with at least one {"role", "content"}.'),
        ({**item_row(), "messages": [{"role": "king", "content": ""}]}, "messages[0].role", "The role is one of system, user, assistant, tool."),
        ({**item_row(), "messages": [{"role": "user", "content": 3}]}, "messages[0].content", "The content must be text."),
        ({**item_row(), "messages": [{"role": "user"}]}, "messages[0]", "A message has a role and a content, and nothing else."),
        ({**item_row(), "responses": [{"text": "only one"}]}, "responses", "The project has a preference question: give at least two responses."),
        ({**item_row(), "responses": [{"key": "a", "text": "x"}, {"key": "a", "text": "y"}]}, "responses", "Two responses have the same key; give each its own."),
        ({**item_row(), "responses": [{"key": "tie", "text": "x"}, {"text": "y"}]}, "responses[0].key", "The key is a short word, and neither tie nor both_bad."),
        (item_row(expected={"answer": {"preference": {"choice": "z"}}}), "expected.answer.preference", "Choose one of a, b, tie, both_bad."),
        (item_row(expected={"why": "so"}), "expected", "expected has an answer, and may have an explanation and a concept."),
    ],
)  # fmt: skip
def test_a_bad_row_is_a_fault_with_its_reason_and_the_next_one_is_read(row, field, reason):
    fault, after = read(row, item_row("after"))
    assert isinstance(fault, RowFault)
    assert (fault.line, fault.field, fault.reason) == (1, field, reason)
    assert after.external_id == "after"


def test_a_line_that_is_too_long_is_said_and_skipped(monkeypatch):
    monkeypatch.setattr(ndjson, "LONGEST_ROW", 1000)
    long = item_row("long", metadata={"x": "y" * 5000})
    fault, after = read(long, item_row("after"))
    assert fault == RowFault(1, "", "The line is longer than 0.000953674 MB; split the item or shorten its texts.")
    assert (after.external_id, after.line) == ("after", 2)
    assert [type(row) for row in read(item_row("before"), long)] == [ItemRow, RowFault]


def test_blank_lines_and_a_byte_order_mark_do_not_matter():
    content = b"\xef\xbb\xbf" + lines(item_row("one")) + b"\n  \n" + lines(item_row("two")).strip()
    assert [(row.line, row.external_id) for row in from_bytes(content)] == [
        (1, "one"),
        (4, "two"),
    ]


@pytest.mark.parametrize(
    ("head", "said"),
    [
        (b"", "The file is empty"),
        (b" \n\n ", "The file is empty"),
        (b"\xef\xbb\xbf", "The file is empty"),
        (b"PK\x03\x04", "This is a ZIP file"),
        (b"\x89PNG\r\n", "This is a PNG file"),
        (b"\xff\xfe{\x00", "This is a UTF-16 file"),
        (b"\xfe\xff\x00{", "This is a UTF-16 file"),
        (b"ab\x00cd", "This is not a text file"),
        (b' [{"a": 1}]', "This is one JSON array"),
    ],
)
def test_a_file_that_is_not_what_it_says_is_refused_by_name(head, said):
    with pytest.raises(NotItems) as refused:
        format_of(io.BytesIO(head), "items.ndjson")
    assert refused.value.message.startswith(said)


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=30)


@given(
    contents=st.lists(TEXT, min_size=1, max_size=3),
    texts=st.lists(TEXT, min_size=2, max_size=3),
    metadata=st.dictionaries(TEXT, st.one_of(TEXT, st.integers(-(2**53), 2**53), st.floats(-1e9, 1e9))),
)
def test_an_items_digest_is_that_of_its_canonical_content(contents, texts, metadata):
    row = item_row(
        messages=[{"role": "user", "content": content} for content in contents],
        responses=[{"text": text} for text in texts],
        metadata=metadata,
    )
    [item] = read(row)
    payload = {
        "messages": row["messages"],
        "responses": [{"key": key, "model": "", "text": text} for key, text in zip("abc", texts, strict=False)],
    }
    assert item.payload == canonical_bytes(payload)
    assert item.digest == digest(
        {
            "payload": payload,
            "expected": None,
            "language": "en",
            "domain": "general",
            "difficulty": 3,
            "provenance": "human",
            "metadata": metadata,
        }
    )


@given(st.binary(max_size=300))
def test_no_bytes_whatever_break_the_reader(content):
    if content.startswith((b"\x1f\x8b", b"\x28\xb5\x2f\xfd")):
        return  # packed files are the business of test_formats
    for row in from_bytes(content):
        assert isinstance(row, RowFault)
        assert row.reason


@pytest.mark.parametrize("tag", ["en", "de-AT", "zh-Hant-TW", "es-419", "sl-rozaj-biske", "x" * 3, "yue"])
def test_these_are_languages(tag):
    assert is_language(tag)


@pytest.mark.parametrize("tag", ["", "e", "xx", "en_US", "english language", "en-", "12", "de-" + "a" * 40])
def test_these_are_not(tag):
    assert not is_language(tag)


def test_a_language_range_takes_what_begins_with_it():
    assert matches("en", "en-GB")
    assert matches("*", "cy")
    assert matches("DE-at", "de-AT")
    assert not matches("en-GB", "en")
    assert not matches("en", "enm")


def test_an_item_has_the_responses_that_its_form_asks_about():
    editing = {"title": "t", "questions": [{"id": "q", "type": "edit", "text": "?", "nature": "preferential"}]}
    ranking = {"title": "t", "questions": [{"id": "q", "type": "ranking", "text": "?", "nature": "preferential"}]}
    none, one = {**item_row(), "responses": []}, {**item_row(), "responses": [{"text": "one"}]}
    [fault] = read(none, form=editing)
    assert (fault.field, fault.reason) == ("responses", "The project has an edit question: give at least one response.")
    [fault] = read(one, form=ranking)
    assert fault.reason == "The project has a ranking question: give at least two responses."
    assert isinstance(read(one, form=editing)[0], ItemRow)


def test_an_expected_answer_is_checked_against_the_texts_and_is_never_written_work():
    labels = [{"value": "fact", "text": "A wrong fact"}]
    form = {
        "title": "t",
        "questions": [
            {"id": "s", "type": "spans", "text": "?", "nature": "objective", "of": "responses", "labels": labels},
            {"id": "w", "type": "writing", "text": "?", "nature": "objective", "what": "response"},
        ],
    }
    mark = {"response": "a", "start": 0, "end": 6, "label": "fact"}
    assert isinstance(read(item_row(expected={"answer": {"s": [mark]}}), form=form)[0], ItemRow)
    [fault] = read(item_row(expected={"answer": {"s": [{**mark, "end": 7}]}}), form=form)
    assert (fault.field, fault.reason) == ("expected.answer.s[0].end", "The text has 6 characters; end within it.")
    [fault] = read(item_row(expected={"answer": {"w": "Paris."}}), form=form)
    assert (fault.field, fault.reason) == (
        "expected.answer.w",
        "Nobody can be expected to write the same words; leave w out of the expected answer.",
    )
