"""Column mappings: what is one, what it makes of a row, and what it cannot read."""

import pytest

from labeling.columns import apply_mapping, check_mapping, columns_of, default_mapping
from labeling.errors import InvalidMapping, RowRefused

MAPPING = {
    "fields": {
        "external_id": {"column": "id"},
        "messages": [{"role": "system", "constant": "Be brief."}, {"role": "user", "column": "data.prompt"}],
        "responses": [
            {"column": "answer_1", "key": "x", "model": {"constant": "gpt"}},
            {"column": "answer_2", "model": {"column": "who"}},
        ],
        "language": {"constant": "en"},
        "difficulty": {"column": "d", "type": "integer"},
        "metadata": {"topic": {"column": "topic"}, "tags": {"column": "tags", "split": ";"}},
    }
}


def test_columns_constants_and_splits_make_an_item_row():
    check_mapping(MAPPING)
    row = {
        "id": 7, "data": {"prompt": "Why?"}, "answer_1": "A", "answer_2": "B", "who": "", "d": "4", "topic": "t",
        "tags": "a; b;;c", "unused": "x",
    }  # fmt: skip
    assert apply_mapping(MAPPING, row) == {
        "external_id": "7",
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Why?"}],
        "responses": [{"text": "A", "key": "x", "model": "gpt"}, {"text": "B"}],
        "language": "en",
        "difficulty": 4,
        "metadata": {"topic": "t", "tags": ["a", "b", "c"]},
    }
    assert columns_of(MAPPING) == {"id", "data.prompt", "answer_1", "answer_2", "who", "d", "topic", "tags"}


def test_one_column_may_hold_all_responses_or_a_part_that_is_wanted():
    mapping = {
        "fields": {
            "external_id": {"column": "key", "split": "/", "part": 1},
            "messages": [{"column": "q"}],
            "responses": {"column": "answers", "split": "|||"},
        }
    }
    check_mapping(mapping)
    made = apply_mapping(mapping, {"key": "set/12", "q": "Q", "answers": "one ||| two"})
    assert made == {
        "external_id": "12",
        "messages": [{"role": "user", "content": "Q"}],
        "responses": [{"text": "one"}, {"text": "two"}],
    }


@pytest.mark.parametrize(
    ("kind", "value", "read"),
    [
        ("text", 7, "7"), ("text", True, "true"), ("integer", "4", 4), ("integer", 4.0, 4), ("number", "0.5", 0.5),
        ("number", "2.0", 2), ("boolean", "Yes", True), ("boolean", 0, False), ("json", '{"a": [1]}', {"a": [1]}),
        ("json", [1], [1]),
    ],
)  # fmt: skip
def test_a_column_is_read_as_its_type(kind, value, read):
    mapping = {"fields": {"metadata": {"x": {"column": "c", "type": kind}}}}
    assert apply_mapping(mapping, {"c": value}) == {"metadata": {"x": read}}


@pytest.mark.parametrize(
    ("kind", "value"),
    [("text", [1]), ("integer", "4.5"), ("integer", True), ("number", "x"), ("boolean", "maybe"), ("json", "{"),
     ("json", '{"a": 1, "a": 2}')],
)  # fmt: skip
def test_what_cannot_be_read_so_is_a_fault_at_its_place(kind, value):
    with pytest.raises(RowRefused) as refused:
        apply_mapping({"fields": {"metadata": {"x": {"column": "c", "type": kind}}}}, {"c": value})
    assert refused.value.field == "metadata.x"
    assert refused.value.reason.startswith(f"The column 'c' cannot be read as {kind}: ")


SOUND = {"external_id": {"column": "id"}, "messages": [{"column": "q"}]}


@pytest.mark.parametrize(
    ("document", "place", "reason"),
    [
        ([], "mapping", 'A mapping is {"fields": {field: source, …}} and nothing else.'),
        ({"fields": {}, "more": 1}, "mapping", 'A mapping is {"fields": {field: source, …}} and nothing else.'),
        ({"fields": {"colour": {}}}, "fields.colour", "An item has no field 'colour'; map what is yours into metadata."),
        ({"fields": {"messages": [{"column": "q"}]}}, "fields.external_id", "Say where external_id comes from."),
        ({"fields": {**SOUND, "language": "en"}}, "fields.language", 'A source is {"column": name} or {"constant": value}.'),
        ({"fields": {**SOUND, "language": {"column": "l", "constant": 1}}}, "fields.language", 'A source is {"column": name} or {"constant": value}.'),
        ({"fields": {**SOUND, "language": {"column": ""}}}, "fields.language.column", "The column is the name in the header."),
        ({"fields": {**SOUND, "difficulty": {"column": "d", "type": "date"}}}, "fields.difficulty.type", "The type is one of text, integer, number, boolean, json."),
        ({"fields": {**SOUND, "domain": {"column": "d", "by": ";"}}}, "fields.domain.by", "A source here has no 'by'."),
        ({"fields": {**SOUND, "domain": {"column": "d", "part": 1}}}, "fields.domain.part", "The part is a whole number from 0, of a split."),
        ({"fields": {**SOUND, "domain": {"constant": "d", "type": "text"}}}, "fields.domain", "A constant is taken as it is; leave out type."),
        ({"fields": {**SOUND, "messages": []}}, "fields.messages", "The list is empty; give at least one source."),
        ({"fields": {**SOUND, "messages": [{"column": "q", "role": "king"}]}}, "fields.messages[0].role", "The role is one of system, user, assistant, tool."),
        ({"fields": {**SOUND, "responses": [{"column": "a", "model": "gpt"}]}}, "fields.responses[0].model", 'A source is {"column": name} or {"constant": value}.'),
        ({"fields": {**SOUND, "metadata": {"x": 1}}}, "fields.metadata.x", 'A source is {"column": name} or {"constant": value}.'),
    ],
)  # fmt: skip
def test_what_is_no_mapping_is_said_with_its_place(document, place, reason):
    with pytest.raises(InvalidMapping) as refused:
        check_mapping(document)
    assert (refused.value.field, refused.value.message) == (place, reason)


def test_the_default_mapping_of_a_header_is_a_mapping():
    made = default_mapping(["external_id", "prompt", "system", "response_b", "response_a", "model_b", "difficulty"])
    check_mapping(made)
    assert made["fields"] == {
        "external_id": {"column": "external_id", "type": "text"},
        "difficulty": {"column": "difficulty", "type": "integer"},
        "messages": [{"role": "system", "column": "system"}, {"role": "user", "column": "prompt"}],
        "responses": [
            {"column": "response_a", "key": "a"},
            {"column": "response_b", "key": "b", "model": {"column": "model_b"}},
        ],
    }
