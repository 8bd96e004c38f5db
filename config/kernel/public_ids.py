"""Bigints inside, random ids outside: nothing a customer or reviewer sees can be counted or guessed."""

import uuid
from typing import Any

from django.db import models


class PublicIdField(models.UUIDField):
    """A random, unique, never edited UUID (version 4)."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.update(default=uuid.uuid4, unique=True, editable=False)
        super().__init__(**kwargs)

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        for fixed in ("default", "unique", "editable"):
            kwargs.pop(fixed, None)
        return name, path, args, kwargs
