"""Who changed what in the console: pghistory's trackers, as this house keeps them.

Each change keeps its own context (the person, the address, the request) in its row, so nothing is ever updated: the
tables are immutable like the rest of the record, by our own guards. pghistory's triggers could be switched off by a
setting; what they write is a convenience for people, and nothing that must never happen rests on it.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

import pghistory
from django.db import connection, models
from django.http import HttpRequest, HttpResponse
from psycopg.pq import TransactionStatus

from config.kernel.models import Event, User
from config.kernel.request_ids import request_id

CONSOLE = "/admin/"
SHOWN = 200
LONGEST_VALUE = 200


def changes_of(model: type[models.Model], *fields: str) -> Any:
    """Return the base of a model's history: a row for each insert, and for each update of one of `fields`."""
    return pghistory.create_event_model(
        model,
        fields=list(fields),
        context_field=pghistory.ContextJSONField(),
        context_id_field=None,  # type: ignore[arg-type]  # None means none, whatever its types say
        obj_field=pghistory.ObjForeignKey(related_name="+", related_query_name="+"),
    )


class ConsoleHistory:
    """Say who writes, for what is written in the console. The desk and the API pay nothing for it.

    The library's own middleware puts its setting before each statement's text, which fails for composed statements and
    for many at once. Here the setting is made beside the statement, for the transaction that both are part of.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method != "POST" or not request.path.startswith(CONSOLE):
            return self.get_response(request)
        who = {"user": request.user.pk, "url": request.path, "request": request_id.get()}
        with connection.execute_wrapper(partial(_say_who, json.dumps(who))):
            return self.get_response(request)


def _say_who(who: str, execute: Any, sql: Any, params: Any, many: bool, context: dict[str, Any]) -> Any:
    """Set who writes for the rest of this transaction, then execute the statement. Reads and broken ones just go on."""
    is_read = isinstance(sql, str) and sql.lstrip()[:6].upper() == "SELECT"
    raw = connection.connection
    if raw is not None and raw.info.transaction_status == TransactionStatus.INTRANS and not is_read:
        with raw.cursor() as cursor:
            cursor.execute("SELECT set_config('pghistory.context_metadata', %s, true)", [who])
    return execute(sql, params, many, context)


@dataclass(frozen=True, slots=True)
class Change:
    """One line of a row's history: when, who, and each field with what it was and what it became."""

    at: datetime
    who: str
    what: str
    fields: tuple[tuple[str, str, str], ...] = ()


def history_of(row: models.Model) -> list[Change]:
    """Return what happened to the row, newest first: its tracked changes, and the events that are about it."""
    changes = [(each, _fields(earlier, each)) for earlier, each in _pairs(row)]
    events = list(Event.objects.filter(subject=row._meta.label_lower, subject_id=row.pk).order_by("-id")[:SHOWN])
    people = _names(
        [(each.pgh_context or {}).get("user") for each, _ in changes] + [event.actor_id for event in events]
    )
    told = [
        Change(
            each.pgh_created_at,
            people.get((each.pgh_context or {}).get("user"), ""),
            "made" if each.pgh_label == "insert" else "changed",
            fields,
        )
        for each, fields in changes
        if fields or each.pgh_label == "insert"
    ]
    told += [Change(event.at, people.get(event.actor_id, ""), event.kind, _data(event.data)) for event in events]
    return sorted(told, key=lambda change: change.at, reverse=True)


def _pairs(row: models.Model) -> list[tuple[Any, Any]]:
    """Return each tracked change with the one before it; None before the first."""
    tracked = pghistory.core.event_models(tracks_model=type(row))
    if not tracked:
        return []
    kept: Any = tracked[0]
    changes = list(reversed(kept._default_manager.filter(pgh_obj=row.pk).order_by("-pgh_id")[:SHOWN]))
    return list(zip([None, *changes], changes, strict=False))


def _fields(earlier: Any, later: Any) -> tuple[tuple[str, str, str], ...]:
    if earlier is None:
        return ()
    return tuple(
        (str(field.verbose_name), _text(getattr(earlier, field.attname)), _text(getattr(later, field.attname)))
        for field in later._meta.fields
        if not field.name.startswith("pgh_") and getattr(earlier, field.attname) != getattr(later, field.attname)
    )


def _data(data: dict[str, Any]) -> tuple[tuple[str, str, str], ...]:
    return tuple((name, "", _text(value)) for name, value in data.items())


def _text(value: Any) -> str:
    if value is None or value == "":
        return "–"
    return str(value)[:LONGEST_VALUE]


def _names(ids: Iterable[int | None]) -> dict[int | None, str]:
    return {user.pk: str(user) for user in User.objects.filter(pk__in={each for each in ids if each})}
