"""The texts of an item's content, each with its place: `messages[0].content`, `responses[1].text`, `metadata.source`. Pure."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

Replace = Callable[[str, str], str]


def texts_of(payload: Mapping[str, Any], metadata: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield (place, text) for what people and models said, and for every text in the metadata."""
    for number, message in enumerate(payload["messages"]):
        yield f"messages[{number}].content", message["content"]
    for number, response in enumerate(payload["responses"]):
        yield f"responses[{number}].text", response["text"]
    yield from _texts(metadata, "metadata")


def with_texts(
    payload: Mapping[str, Any], metadata: Mapping[str, Any], replace: Replace
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return payload and metadata with each of those texts put through `replace(place, text)`; all else stays."""
    messages = [
        {**message, "content": replace(f"messages[{number}].content", message["content"])}
        for number, message in enumerate(payload["messages"])
    ]
    responses = [
        {**response, "text": replace(f"responses[{number}].text", response["text"])}
        for number, response in enumerate(payload["responses"])
    ]
    return {**payload, "messages": messages, "responses": responses}, _replaced(metadata, replace, "metadata")


def _texts(value: Any, place: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _texts(inner, f"{place}.{name}")
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _texts(inner, f"{place}[{number}]")


def _replaced(value: Any, replace: Replace, place: str) -> Any:
    if isinstance(value, str):
        return replace(place, value)
    if isinstance(value, Mapping):
        return {name: _replaced(inner, replace, f"{place}.{name}") for name, inner in value.items()}
    if isinstance(value, list):
        return [_replaced(inner, replace, f"{place}[{number}]") for number, inner in enumerate(value)]
    return value
