"""Which families a model belongs to, by its id: a judge never judges its own. Pure functions on plain values.

Judges prefer what their own family wrote (A. Panickssery, S. R. Bowman and S. Feng, "LLM evaluators recognize and favor their
own generations", 2024). A family is a line of base models: a model distilled or tuned from another belongs to both.
"""

import re
from collections.abc import Collection, Mapping

# Words of an id, by family. Tuned models stand with what they were tuned from.
FAMILIES: Mapping[str, tuple[str, ...]] = {
    "gpt": ("gpt", "chatgpt", "o1", "o3", "o4", "davinci", "curie", "babbage", "codex"),
    "claude": ("claude",),
    "gemini": ("gemini", "gemma", "palm", "bard", "medgemma"),
    "llama": ("llama", "codellama", "alpaca", "vicuna", "koala", "tulu", "wizardlm", "guanaco", "hermes", "nemotron"),
    "mistral": ("mistral", "mixtral", "codestral", "ministral", "magistral", "pixtral", "devstral", "zephyr"),
    "qwen": ("qwen", "qwq", "qvq"),
    "deepseek": ("deepseek",),
    "command": ("command", "cohere", "aya"),
    "phi": ("phi",),
    "grok": ("grok",),
    "glm": ("glm", "chatglm", "zhipu"),
    "yi": ("yi",),
    "olmo": ("olmo",),
    "kimi": ("kimi", "moonshot"),
    "falcon": ("falcon",),
    "granite": ("granite",),
    "nova": ("nova", "titan"),
    "jamba": ("jamba", "jurassic"),
    "internlm": ("internlm",),
    "dolly": ("dolly", "pythia", "stablelm"),
}
_FAMILY_OF = {word: family for family, words in FAMILIES.items() for word in words}


def families_of(model_id: str, declared: Mapping[str, Collection[str]] | None = None) -> frozenset[str]:
    """Return the families of a model id such as `org/gpt-4o-mini` or `deepseek-r1-distill-llama-70b`; never empty.

    `declared` says the families of ids whose names do not tell, such as a customer's own tuned models. An id that tells
    nothing is a family of its own: its first word after the organisation.
    """
    if declared and model_id in declared:
        return frozenset(declared[model_id])
    words = [word for word in re.split(r"[^a-z0-9]+", model_id.lower()) if word]
    found = {_FAMILY_OF[stem] for word in words for stem in (word, _stem(word)) if stem in _FAMILY_OF}
    if found:
        return frozenset(found)
    name = [word for word in re.split(r"[^a-z0-9]+", model_id.lower().rsplit("/", 1)[-1]) if word]
    return frozenset({name[0] if name else model_id})


def is_own_family(judge: str, judged: str, declared: Mapping[str, Collection[str]] | None = None) -> bool:
    """Whether the two models share a family, so that the one may not judge the other."""
    return not families_of(judge, declared).isdisjoint(families_of(judged, declared))


def _stem(word: str) -> str:
    """Return the letters before the digits: qwen2 and llama3 are written in one word."""
    return re.sub(r"\d.*$", "", word)
