"""A judge never judges its own family."""

import pytest

from quality.model_families import families_of, is_own_family


@pytest.mark.parametrize(
    ("model_id", "families"),
    [
        ("openai/gpt-4o-mini-2024-07-18", {"gpt"}),
        ("text-davinci-003", {"gpt"}),
        ("o3-mini", {"gpt"}),
        ("claude-3-5-sonnet-20241022", {"claude"}),
        ("google/gemma-2-9b-it", {"gemini"}),
        ("meta-llama/Llama-3.1-8B-Instruct", {"llama"}),
        ("mistralai/Mixtral-8x7B-Instruct-v0.1", {"mistral"}),
        ("Qwen2.5-72B-Instruct", {"qwen"}),
        ("deepseek-r1-distill-llama-70b", {"deepseek", "llama"}),
        ("acme/house-7b", {"house"}),
        ("", {""}),
    ],
)
def test_an_id_tells_its_families(model_id, families):
    assert families_of(model_id) == families


def test_what_was_distilled_from_a_family_belongs_to_it_too():
    assert is_own_family("llama-3.3-70b", "deepseek-r1-distill-llama-70b")
    assert is_own_family("gpt-4o", "o1-preview")
    assert not is_own_family("gpt-4o", "claude-3-opus")


def test_a_customer_says_what_their_models_were_tuned_from():
    declared = {"acme/house-7b": ["mistral", "house"]}
    assert is_own_family("mistral-large", "acme/house-7b", declared)
    assert not is_own_family("mistral-large", "acme/house-7b")
