"""What a reviewer sees of an item: the words and nothing that gives away who wrote them, in an order of their own."""

import hashlib
from typing import Any
from uuid import UUID


def display_order(keys: list[str], *, seed: UUID) -> list[str]:
    """Return the response keys in a fixed pseudo-random order for this seed, so that no place on the screen is favoured."""
    return sorted(keys, key=lambda key: hashlib.sha256(seed.bytes + key.encode()).digest())


def shown_item(payload: dict[str, Any], *, language: str, seed: UUID) -> dict[str, Any]:
    """Return messages and responses as shown: no model names, responses in display order."""
    responses = {response["key"]: response["text"] for response in payload["responses"]}
    return {
        "language": language,
        "messages": [{"role": message["role"], "content": message["content"]} for message in payload["messages"]],
        "responses": [{"key": key, "text": responses[key]} for key in display_order(list(responses), seed=seed)],
    }
