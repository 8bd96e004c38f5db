"""Checking one item row, field by field. Pure: a row in, a sound item out, or RowRefused with the field and the reason.

An item has `external_id` and `messages`, and may have `responses`, `language`, `domain`, `difficulty`, `provenance`,
`metadata` and `expected`. Without a language it is "und", undetermined, until a job has looked for it.
"""

import hashlib
from collections.abc import Mapping
from functools import lru_cache
from json.encoder import encode_basestring
from typing import Any

from config.kernel.canonical import canonical_bytes
from config.kernel.errors import DomainError
from labeling.errors import RowRefused
from labeling.forms import ItemShape, check_expected, responses_needed
from labeling.languages import UNDETERMINED, is_language
from labeling.types import ITEM_FIELDS, ItemRow, Provenance

MOST_MESSAGES = 500
MOST_RESPONSES = 26
ROLES = frozenset({"system", "user", "assistant", "tool"})
PROVENANCES = frozenset(Provenance.values)
MESSAGE = frozenset({"role", "content"})
RESPONSE = frozenset({"key", "text", "model"})
KEYS = "abcdefghijklmnopqrstuvwxyz"
NOTHING = b"{}"


def check_item(line: int, row: Mapping[str, Any], form: Mapping[str, Any]) -> ItemRow:
    """Return the item that the row makes; raises RowRefused."""
    if not row.keys() <= ITEM_FIELDS:
        unknown = min(row.keys() - ITEM_FIELDS)
        raise RowRefused(unknown, f"There is no field {unknown[:60]!r}; put what is yours into metadata.")
    external_id = _text(row, "external_id", longest=200)
    responses = _responses(row)
    messages = _messages(row)
    payload = _payload(messages, responses)
    _check_responses_suffice(responses, form)
    language = _text(row, "language", longest=35, default=UNDETERMINED)
    if not _is_language(language):
        raise RowRefused("language", f"{language!r} is not a language; use a BCP 47 tag such as en or pt-BR.")
    metadata = _object(row, "metadata")
    item = ItemRow(
        line=line,
        external_id=external_id,
        payload=payload,
        expected=_expected(row, form, messages, responses),
        language=language,
        domain=_text(row, "domain", longest=60, default="general"),
        difficulty=_difficulty(row),
        provenance=_provenance(row),
        metadata=_canonical("metadata", metadata) if metadata else NOTHING,
        digest="",
        keys=[response["key"] for response in responses],
    )
    item.digest = _digest(item)
    return item


def _digest(item: ItemRow) -> str:
    """Return the SHA-256 of the item's content in canonical JSON, put together from parts that are canonical already."""
    hashing = hashlib.sha256(b'{"difficulty":%d,"domain":' % item.difficulty)
    hashing.update(_quoted(item.domain).encode())
    hashing.update(b',"expected":%b,"language":"%b","metadata":' % (item.expected or b"null", item.language.encode()))
    hashing.update(b'%b,"payload":%b,"provenance":"%b"}' % (item.metadata, item.payload, item.provenance.encode()))
    return hashing.hexdigest()


def _payload(messages: list[dict[str, Any]], responses: list[dict[str, str]]) -> bytes:
    """Return canonical_bytes({"messages": …, "responses": …}) of what was checked, in a fraction of its time."""
    said = ",".join(f'{{"content":{encode_basestring(each["content"])},"role":"{each["role"]}"}}' for each in messages)
    given = ",".join(
        f'{{"key":{_quoted(each["key"])},"model":{_quoted(each["model"])},"text":{encode_basestring(each["text"])}}}'
        for each in responses
    )
    try:
        data = f'{{"messages":[{said}],"responses":[{given}]}}'.encode()
    except UnicodeEncodeError:
        raise RowRefused("", "A text contains half of a surrogate pair, which is not text; remove it.") from None
    if b"\\u0000" in data and any("\x00" in text for each in (*messages, *responses) for text in each.values()):
        raise RowRefused("", "The text contains a NUL character; remove it.")
    return data


# The same few keys, models and languages come again and again.
_quoted = lru_cache(1000)(encode_basestring)
_is_language = lru_cache(1000)(is_language)


def _canonical(field: str, value: Any) -> bytes:
    try:
        return canonical_bytes(value)
    except DomainError as error:
        raise RowRefused(field, error.message) from None


def _text(row: Mapping[str, Any], field: str, *, longest: int, default: str | None = None) -> str:
    value = row.get(field, default)
    if value is None:
        raise RowRefused(field, f"The field {field} is missing.")
    if not isinstance(value, str) or not value.strip():
        raise RowRefused(field, f"{field} must be text that is not empty.")
    if len(value) > longest:
        raise RowRefused(field, f"{field} is longer than {longest} characters.")
    if "\x00" in value:
        raise RowRefused(field, "The text contains a NUL character; remove it.")
    if not value.isascii() and any("\ud800" <= letter <= "\udfff" for letter in value):
        raise RowRefused(field, "The text contains half of a surrogate pair; remove it.")
    return value


def _object(row: Mapping[str, Any], field: str) -> dict[str, Any]:
    value = row.get(field)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise RowRefused(field, f"{field} must be an object.")
    return value


def _messages(row: Mapping[str, Any]) -> list[dict[str, Any]]:
    messages = row.get("messages")
    if not isinstance(messages, list) or not messages:
        raise RowRefused("messages", 'messages must be a list with at least one {"role", "content"}.')
    if len(messages) > MOST_MESSAGES:
        raise RowRefused("messages", f"There are more than {MOST_MESSAGES} messages.")
    for index, message in enumerate(messages):
        if not isinstance(message, dict) or message.keys() != MESSAGE:
            raise RowRefused(f"messages[{index}]", "A message has a role and a content, and nothing else.")
        if not isinstance(message["role"], str) or message["role"] not in ROLES:
            raise RowRefused(f"messages[{index}].role", "The role is one of system, user, assistant, tool.")
        if not isinstance(message["content"], str):
            raise RowRefused(f"messages[{index}].content", "The content must be text.")
    return messages


def _responses(row: Mapping[str, Any]) -> list[dict[str, str]]:
    responses = row.get("responses", [])
    if not isinstance(responses, list) or len(responses) > MOST_RESPONSES:
        raise RowRefused("responses", f"responses must be a list of at most {MOST_RESPONSES}.")
    read = [_response(index, response) for index, response in enumerate(responses)]
    if len({response["key"] for response in read}) != len(read):
        raise RowRefused("responses", "Two responses have the same key; give each its own.")
    return read


def _response(index: int, response: Any) -> dict[str, str]:
    place = f"responses[{index}]"
    if not isinstance(response, dict) or "text" not in response or not response.keys() <= RESPONSE:
        raise RowRefused(place, "A response has a text, and may have a key and a model.")
    text, key, model = response["text"], response.get("key", KEYS[index]), response.get("model", "")
    if not isinstance(text, str):
        raise RowRefused(f"{place}.text", "The text must be text.")
    if not isinstance(key, str) or not 1 <= len(key) <= 40 or not key.isprintable() or key in {"tie", "both_bad"}:
        raise RowRefused(f"{place}.key", "The key is a short word, and neither tie nor both_bad.")
    if not isinstance(model, str) or len(model) > 200:
        raise RowRefused(f"{place}.model", "The model is text of at most 200 characters.")
    return {"key": key, "model": model, "text": text}


def _difficulty(row: Mapping[str, Any]) -> int:
    value = row.get("difficulty", 3)
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 5:
        raise RowRefused("difficulty", "difficulty is a whole number from 1 to 5.")
    return value


def _provenance(row: Mapping[str, Any]) -> str:
    value = row.get("provenance", "human")
    if not isinstance(value, str) or value not in PROVENANCES:
        raise RowRefused("provenance", f"provenance is one of {', '.join(Provenance.values)}.")
    return value


def _check_responses_suffice(responses: list[dict[str, str]], form: Mapping[str, Any]) -> None:
    count, kind = responses_needed(form)
    if len(responses) < count:
        words = "two responses" if count == 2 else "one response"
        article = "an" if kind[0] in "aeiou" else "a"
        raise RowRefused("responses", f"The project has {article} {kind} question: give at least {words}.")


def _expected(
    row: Mapping[str, Any], form: Mapping[str, Any], messages: list[dict[str, Any]], responses: list[dict[str, str]]
) -> bytes | None:
    expected = _object(row, "expected")
    if not expected:
        return None
    if not set(expected) <= {"answer", "explanation", "concept"} or not expected.get("answer"):
        raise RowRefused("expected", "expected has an answer, and may have an explanation and a concept.")
    for field, longest in (("explanation", 5000), ("concept", 100)):
        if not isinstance(expected.get(field, ""), str) or len(expected.get(field, "")) > longest:
            raise RowRefused(f"expected.{field}", f"{field} is text of at most {longest} characters.")
    try:
        written = canonical_bytes(expected)
        shape = ItemShape.of({"messages": messages, "responses": responses})
        check_expected(form, shape, expected["answer"])
    except DomainError as error:
        raise RowRefused(f"expected.answer.{error.field or ''}".rstrip("."), error.message) from None
    return written
