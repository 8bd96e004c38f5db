"""One call to an OpenAI-compatible /chat/completions, and what came of it: nothing is raised for what an endpoint does.

The address is looked up once, checked and then dialled (`quality.dialling`), so that a name cannot point elsewhere in between. No
proxies, no redirects; a whole answer has to be there within the timeout and within ANSWER_BYTES.
"""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import httpx

from config.kernel.canonical import NotCanonical, canonical_bytes
from quality.dialling import CheckedTransport, Unreachable
from quality.judge_prompts import Material, Unreadable, read_answer, wanted_schema
from quality.types import CallState

# No model's tokens are so long on the whole: an endpoint that says it read or wrote fewer is not believed.
BYTES_A_TOKEN = 16


@dataclass(frozen=True, slots=True)
class Line:
    """Whom to call and how. `is_private_allowed`: the address may be of a private network, or this machine."""

    endpoint: str
    model: str
    key: str
    parameters: Mapping[str, Any]
    timeout: float
    is_private_allowed: bool = False


@dataclass(frozen=True, slots=True)
class Heard:
    """What came of a call: the exact request and response, and what was read from it.

    `tokens_in` and `tokens_out` are what the endpoint says; `counted` is what is paid for, in and out (`docs/judges.md`).
    """

    ended: str
    request: dict[str, Any]
    response: dict[str, Any] | None = None
    answers: dict[str, Any] | None = None
    rationale: str = ""
    confidence: float | None = None
    model_said: str = ""
    fault: str = ""
    tokens_in: int = 0
    tokens_out: int = 0
    counted: tuple[int, int] = (0, 0)
    milliseconds: int = field(default=0, compare=False)


def ask(line: Line, messages: Sequence[Mapping[str, str]], material: Material) -> Heard:
    """Call once and return what came, whatever it was. A busy endpoint is asked again another minute, not here."""
    # Imported here, as only job workers that do call a judge should carry it.
    import openai

    request = request_of(line, messages, material)
    began = time.monotonic()
    transport = CheckedTransport(began + line.timeout, is_private_allowed=line.is_private_allowed)
    response, fault, is_turned_away = None, "", False
    with httpx.Client(transport=transport, timeout=line.timeout, trust_env=False, follow_redirects=False) as http:
        client = openai.OpenAI(
            base_url=line.endpoint, api_key=line.key or "none", max_retries=0, timeout=line.timeout, http_client=http
        )
        try:
            response = client.chat.completions.with_raw_response.create(**request).http_response.json()
            canonical_bytes(response)
        except openai.APIStatusError as error:
            fault = f"The endpoint answered {error.status_code}."
            is_turned_away = 400 <= error.status_code < 500
        except openai.APITimeoutError:
            fault = f"No whole answer came within {line.timeout:g} s."
        except openai.APIConnectionError as error:
            fault = _said(error)
        except (ValueError, RecursionError):
            fault = "The endpoint's answer is not JSON."
        except NotCanonical:
            fault = "The endpoint's answer holds signs that cannot be kept."
    heard = _heard(request, response, material) if not fault else _failed(request, fault)
    counted = _counted(heard) if transport.is_sent and not is_turned_away else (0, 0)
    return replace(heard, counted=counted, milliseconds=round(1000 * (time.monotonic() - began)))


def request_of(line: Line, messages: Sequence[Mapping[str, str]], material: Material) -> dict[str, Any]:
    """Return the exact body of the request; the key is no part of it."""
    schema = {"type": "json_schema", "json_schema": {"name": "answers", "schema": wanted_schema(material)}}
    return {
        "model": line.model,
        "messages": [dict(message) for message in messages],
        "response_format": schema,
        **line.parameters,
    }


def bound_of(request: Mapping[str, Any]) -> tuple[int, int]:
    """Return the most tokens that this request can take, read and written: none is shorter than a byte, and its own bound."""
    written = max(int(request.get(name, 0)) for name in ("max_tokens", "max_completion_tokens"))
    return _bytes(json.dumps(request, ensure_ascii=False)), written


def _counted(heard: Heard) -> tuple[int, int]:
    """Return the tokens to pay for: what the endpoint says where that can be, else the bound."""
    most_in, most_out = bound_of(heard.request)
    message = _message(heard.response) if isinstance(heard.response, dict) else None
    content = str((message or {}).get("content") or "")
    is_in, is_out = heard.tokens_in * BYTES_A_TOKEN >= most_in, heard.tokens_out * BYTES_A_TOKEN >= _bytes(content)
    return (
        heard.tokens_in if is_in else most_in,
        heard.tokens_out if is_out and heard.tokens_out else most_out,
    )


def _bytes(text: str) -> int:
    return len(text.encode())


def _heard(request: dict[str, Any], response: Any, material: Material) -> Heard:
    """Read a response of any shape."""
    if not isinstance(response, dict):
        return _failed(request, "The endpoint's answer is no object.")
    said = response.get("usage")
    usage: dict[str, Any] = said if isinstance(said, dict) else {}
    known: dict[str, Any] = {
        "request": request,
        "response": response,
        "model_said": str(response.get("model") or "")[:120],
        "tokens_in": _count(usage.get("prompt_tokens")),
        "tokens_out": _count(usage.get("completion_tokens")),
    }
    message = _message(response)
    if message is None:
        return Heard(CallState.UNREADABLE, fault="The response holds no message.", **known)
    if message.get("refusal"):
        return Heard(CallState.REFUSED, fault="The model refused to answer.", **known)
    try:
        read = read_answer(material, str(message.get("content") or ""))
    except Unreadable as error:
        return Heard(CallState.UNREADABLE, fault=str(error)[:300], **known)
    return Heard(
        CallState.ANSWERED, answers=read.answers, rationale=read.rationale, confidence=read.confidence, **known
    )


def _message(response: Mapping[str, Any]) -> dict[str, Any] | None:
    choices = response.get("choices")
    first = choices[0] if isinstance(choices, list) and choices else None
    message = first.get("message") if isinstance(first, dict) else None
    return message if isinstance(message, dict) else None


def _failed(request: dict[str, Any], fault: str) -> Heard:
    return Heard(CallState.FAILED, request=request, fault=fault[:300])


def _count(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**31 else 0


def _said(error: Exception) -> str:
    cause = error.__cause__
    return str(cause) if isinstance(cause, Unreachable) else "The endpoint could not be reached."
