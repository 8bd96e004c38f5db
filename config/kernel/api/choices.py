"""Fields with a few allowed values, which name them when they are given another."""

from typing import Any

from django import forms
from django_filters.fields import ChoiceField as BaseChoice
from django_filters.filters import ChoiceFilter as BaseFilter
from rest_framework import serializers

from config.kernel.schema_faults import one_of


class ChoiceField(serializers.ChoiceField):
    def fail(self, key: str, **kwargs: Any) -> Any:
        if key == "invalid_choice":
            raise serializers.ValidationError(f"This is one of {one_of(self.choices)}.", code=key)
        return super().fail(key, **kwargs)


class _FilterChoice(BaseChoice):
    def validate(self, value: Any) -> None:
        if value and not self.valid_value(value):
            allowed = one_of(key for key, _ in list(self.choices) if key)
            raise forms.ValidationError(f"This is one of {allowed}.", code="invalid_choice")


class ChoiceFilter(BaseFilter):
    field_class = _FilterChoice
