"""Checks of settings that the database's types leave open: languages, and a project's documents."""

from typing import Any

from django.core.exceptions import ValidationError
from jsonschema import Draft202012Validator
from jsonschema.protocols import Validator

from labeling.languages import is_language

_NAME = {"type": "string", "minLength": 1, "maxLength": 50}

_SKILLS = Draft202012Validator(
    {
        "type": "object",
        "propertyNames": _NAME,
        "additionalProperties": {
            "type": "object",
            "propertyNames": _NAME,
            "additionalProperties": {"type": "integer", "minimum": 1, "maximum": 100},
        },
    }
)
_CONTRACT = Draft202012Validator(
    {
        "type": "object",
        "propertyNames": _NAME,
        "properties": {
            "calibration_agreement": {"type": "number", "minimum": 0, "maximum": 1},
            "calibration_items": {"type": "integer", "minimum": 0},
            "consensus_method": {"enum": ["majority", "auto"]},
            "adjudicate": {"type": "boolean"},
        },
        "additionalProperties": {"type": ["number", "integer", "boolean", "string"], "maxLength": 300},
    }
)
_PLAN = Draft202012Validator(
    {
        "type": "object",
        "properties": {
            "size": {"type": "integer", "minimum": 1, "maximum": 10_000},
            "defects": {"type": "integer", "minimum": 0, "maximum": 10_000},
        },
        "additionalProperties": False,
    }
)


def check_language(value: str) -> None:
    """Raise ValidationError unless it is the tag of a language, or * for any."""
    if value != "*" and not is_language(value):
        raise ValidationError(f"{value!r} is not a language; use a BCP 47 tag such as en or pt-BR.")


def check_skills_by_domain(value: Any) -> None:
    """Raise ValidationError unless it says, for domains, which skills at which level (1 to 100) their items need."""
    _check(_SKILLS, value, 'Say which skills a domain needs, and at which level: {"medical": {"anatomy": 2}}.')


def check_quality_contract(value: Any) -> None:
    """Raise ValidationError unless it is an object of named figures, switches or short texts."""
    _check(
        _CONTRACT,
        value,
        'The contract names figures: {"agreement": 0.8}; `calibration_agreement` is from 0 to 1, `calibration_items` a count,'
        " `consensus_method` is majority or auto, `adjudicate` true or false.",
    )


def check_acceptance_plan(value: Any) -> None:
    """Raise ValidationError unless it says how many records are checked and how many of these may be defective."""
    _check(
        _PLAN,
        value,
        'Say how many records are checked, and with how many defects they pass: {"size": 20, "defects": 1}.',
    )
    if isinstance(value, dict) and value.get("defects", 0) >= value.get("size", value.get("defects", 0) + 1):
        raise ValidationError(
            "A plan by which every sampled record may be defective checks nothing; allow fewer defects."
        )


def _check(validator: Validator, value: Any, sentence: str) -> None:
    if not validator.is_valid(value):
        raise ValidationError(sentence)
