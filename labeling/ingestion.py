"""Reading an uploaded file of items: one JSON object a line, checked field by field. Pure: a stream in, rows and faults out.

An item has `external_id` and `messages`, and may have `responses`, `language`, `domain`, `difficulty`, `provenance`,
`metadata` and `expected`. Without a language it is "und", undetermined, until a job has looked for it. A row that is not sound is a fault with its line and reason, and stops no other row.
"""

import json
from collections.abc import Iterator, Mapping
from typing import IO, Any, NoReturn

from config.kernel.canonical import canonical_bytes, digest
from config.kernel.errors import DomainError, Invalid
from labeling.forms import ItemShape, check_expected, responses_needed
from labeling.languages import UNDETERMINED, is_language
from labeling.types import ItemRow, Provenance, RowFault

LONGEST_LINE = 8 * 1024**2
MOST_MESSAGES = 500
MOST_RESPONSES = 26
EXCERPT = 200
ROLES = ("system", "user", "assistant", "tool")
KEYS = "abcdefghijklmnopqrstuvwxyz"
FIELDS = frozenset(
    {
        "external_id", "messages", "responses", "language", "domain", "difficulty", "provenance", "metadata", "expected",
    }
)  # fmt: skip

# How files begin that people take for text: said by name, since "line 1 is not JSON" helps nobody.
SIGNATURES = (
    (b"\x1f\x8b", "gzip"),
    (b"PK\x03\x04", "ZIP"),
    (b"PAR1", "Parquet"),
    (b"\x28\xb5\x2f\xfd", "Zstandard"),
    (b"\x89PNG", "PNG"),
    (b"%PDF", "PDF"),
    (b"\xff\xfe", "UTF-16"),
    (b"\xfe\xff", "UTF-16"),
)


class NotItems(Invalid):
    """The file as a whole cannot hold items."""

    code = "not_items"


class _Fault(Exception):
    def __init__(self, field: str, reason: str) -> None:
        super().__init__(reason)
        self.field = field
        self.reason = reason


def check_beginning(head: bytes) -> None:
    """Raise NotItems where the first bytes show that this is not a text file of JSON lines."""
    if not head.strip():
        raise NotItems("The file is empty; send one JSON object a line.", field="file")
    for signature, name in SIGNATURES:
        if head.startswith(signature):
            raise NotItems(
                f"This is a {name} file; send UTF-8 text with one JSON object a line (NDJSON).", field="file"
            )
    if b"\x00" in head:
        raise NotItems("This is not a text file; send UTF-8 text with one JSON object a line (NDJSON).", field="file")
    if head.lstrip().startswith(b"["):
        raise NotItems("This is one JSON array; send one JSON object a line instead (jq -c '.[]').", field="file")


def read_items(stream: IO[bytes], form: Mapping[str, Any]) -> Iterator[ItemRow | RowFault]:
    """Yield an ItemRow or a RowFault for every line that is not blank, in order. Memory is bounded by LONGEST_LINE."""
    for number, line in _lines(stream):
        if line is None:
            limit = LONGEST_LINE // 1024**2
            yield RowFault(number, "", f"The line is longer than {limit} MB; split the item or shorten its texts.")
            continue
        try:
            yield _item(number, line, form)
        except _Fault as fault:
            excerpt = line[:EXCERPT].decode("utf-8", "replace").replace("\x00", "�")
            yield RowFault(number, fault.field[:100], fault.reason[:500], excerpt)


def _lines(stream: IO[bytes]) -> Iterator[tuple[int, bytes | None]]:
    """Yield (number, line) for lines that are not blank; None stands for one that is too long."""
    number = 0
    while line := stream.readline(LONGEST_LINE + 1):
        number += 1
        if len(line) > LONGEST_LINE:
            while line and not line.endswith(b"\n"):
                line = stream.readline(LONGEST_LINE)
            yield number, None
        elif number == 1 and line.startswith(b"\xef\xbb\xbf"):
            yield number, line[3:].strip()
        elif line := line.strip():
            yield number, line


def _item(number: int, line: bytes, form: Mapping[str, Any]) -> ItemRow:
    row = _parsed(line)
    if unknown := sorted(row.keys() - FIELDS):
        raise _Fault(unknown[0], f"There is no field {unknown[0]!r}; put what is yours into metadata.")
    external_id = _text(row, "external_id", longest=200)
    payload = {"messages": _messages(row), "responses": _responses(row)}
    _check_responses_suffice(payload, form)
    language = _text(row, "language", longest=35, default=UNDETERMINED)
    if not is_language(language):
        raise _Fault("language", f"{language!r} is not a language; use a BCP 47 tag such as en or pt-BR.")
    columns: dict[str, Any] = {
        "language": language,
        "domain": _text(row, "domain", longest=60, default="general"),
        "difficulty": _difficulty(row),
        "provenance": _provenance(row),
        "metadata": _object(row, "metadata"),
    }
    expected = _expected(row, form, ItemShape.of(payload))
    try:
        found = digest({"payload": payload, "expected": expected, **columns})
    except DomainError as error:
        raise _Fault("", error.message) from None
    return ItemRow(line=number, external_id=external_id, payload=payload, expected=expected, digest=found, **columns)


def _parsed(line: bytes) -> dict[str, Any]:
    try:
        row = json.loads(line.decode("utf-8"), parse_constant=_refuse_constant)
    except UnicodeDecodeError as error:
        raise _Fault("", f"The line is not UTF-8 text (byte {error.start + 1}).") from None
    except json.JSONDecodeError as error:
        raise _Fault("", f"The line is not JSON: {error.msg} at character {error.pos + 1}.") from None
    except RecursionError:
        raise _Fault("", "The line is nested too deeply.") from None
    except ValueError as error:
        raise _Fault("", f"The line is not JSON: {error}.") from None
    if not isinstance(row, dict):
        raise _Fault("", "The line is JSON but not an object; begin it with {.")
    return row


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


def _text(row: Mapping[str, Any], field: str, *, longest: int, default: str | None = None) -> str:
    value = row.get(field, default)
    if value is None:
        raise _Fault(field, f"The field {field} is missing.")
    if not isinstance(value, str) or not value.strip():
        raise _Fault(field, f"{field} must be text that is not empty.")
    if len(value) > longest:
        raise _Fault(field, f"{field} is longer than {longest} characters.")
    if "\x00" in value:
        raise _Fault(field, "The text contains a NUL character; remove it.")
    return value


def _object(row: Mapping[str, Any], field: str) -> dict[str, Any]:
    value = row.get(field)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise _Fault(field, f"{field} must be an object.")
    return value


def _messages(row: Mapping[str, Any]) -> list[dict[str, Any]]:
    messages = row.get("messages")
    if not isinstance(messages, list) or not messages:
        raise _Fault("messages", 'messages must be a list with at least one {"role", "content"}.')
    if len(messages) > MOST_MESSAGES:
        raise _Fault("messages", f"There are more than {MOST_MESSAGES} messages.")
    for index, message in enumerate(messages):
        place = f"messages[{index}]"
        if not isinstance(message, dict) or set(message) != {"role", "content"}:
            raise _Fault(place, "A message has a role and a content, and nothing else.")
        if message["role"] not in ROLES:
            raise _Fault(f"{place}.role", f"The role is one of {', '.join(ROLES)}.")
        if not isinstance(message["content"], str):
            raise _Fault(f"{place}.content", "The content must be text.")
    return messages


def _responses(row: Mapping[str, Any]) -> list[dict[str, Any]]:
    responses = row.get("responses", [])
    if not isinstance(responses, list) or len(responses) > MOST_RESPONSES:
        raise _Fault("responses", f"responses must be a list of at most {MOST_RESPONSES}.")
    read = []
    for index, response in enumerate(responses):
        place = f"responses[{index}]"
        if not isinstance(response, dict) or not {"text"} <= set(response) <= {"key", "text", "model"}:
            raise _Fault(place, "A response has a text, and may have a key and a model.")
        if not isinstance(response["text"], str):
            raise _Fault(f"{place}.text", "The text must be text.")
        key, model = response.get("key", KEYS[index]), response.get("model", "")
        if not isinstance(key, str) or not 1 <= len(key) <= 40 or not key.isprintable() or key in {"tie", "both_bad"}:
            raise _Fault(f"{place}.key", "The key is a short word, and neither tie nor both_bad.")
        if not isinstance(model, str) or len(model) > 200:
            raise _Fault(f"{place}.model", "The model is text of at most 200 characters.")
        read.append({"key": key, "text": response["text"], "model": model})
    if len({response["key"] for response in read}) != len(read):
        raise _Fault("responses", "Two responses have the same key; give each its own.")
    return read


def _difficulty(row: Mapping[str, Any]) -> int:
    value = row.get("difficulty", 3)
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 5:
        raise _Fault("difficulty", "difficulty is a whole number from 1 to 5.")
    return value


def _provenance(row: Mapping[str, Any]) -> str:
    value = row.get("provenance", Provenance.HUMAN.value)
    if value not in Provenance.values:
        raise _Fault("provenance", f"provenance is one of {', '.join(Provenance.values)}.")
    return str(value)


def _check_responses_suffice(payload: Mapping[str, Any], form: Mapping[str, Any]) -> None:
    count, kind = responses_needed(form)
    if len(payload["responses"]) < count:
        words = "two responses" if count == 2 else "one response"
        article = "an" if kind[0] in "aeiou" else "a"
        raise _Fault("responses", f"The project has {article} {kind} question: give at least {words}.")


def _expected(row: Mapping[str, Any], form: Mapping[str, Any], shape: ItemShape) -> dict[str, Any] | None:
    expected = _object(row, "expected")
    if not expected:
        return None
    if not set(expected) <= {"answer", "explanation", "concept"} or not expected.get("answer"):
        raise _Fault("expected", "expected has an answer, and may have an explanation and a concept.")
    for field, longest in (("explanation", 5000), ("concept", 100)):
        if not isinstance(expected.get(field, ""), str) or len(expected.get(field, "")) > longest:
            raise _Fault(f"expected.{field}", f"{field} is text of at most {longest} characters.")
    try:
        canonical_bytes(expected)
        check_expected(form, shape, expected["answer"])
    except DomainError as error:
        raise _Fault(f"expected.answer.{error.field or ''}".rstrip("."), error.message) from None
    return expected
