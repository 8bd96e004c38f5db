"""States move along their edges and no other way; each move leaves an event, which is its history.

The database holds the same edges (`config.kernel.guards.StateEdges`), and a test compares the two.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import models
from django.db.models.functions import Now

from config.kernel.errors import TransitionRefused
from config.kernel.events import record, record_many
from config.kernel.locks import LockOrderViolation, is_locked


@dataclass(frozen=True)
class Machine:
    """The states of one noun. `stamps` names the timestamp that entering a state sets."""

    noun: str
    edges: Mapping[str, frozenset[str]]
    stamps: Mapping[str, str] = field(default_factory=dict)

    def allows(self, origin: str, target: str) -> bool:
        return target in self.edges.get(origin, frozenset())

    def pairs(self) -> list[str]:
        """Every edge as "from>to", sorted: the form in which the database knows them."""
        return sorted(f"{origin}>{target}" for origin, targets in self.edges.items() for target in targets)


def machine(noun: str, edges: Mapping[str, set[str]], stamps: Mapping[str, str] | None = None) -> Machine:
    return Machine(noun, {origin: frozenset(targets) for origin, targets in edges.items()}, stamps or {})


def transition(
    row: models.Model,
    target: str,
    *,
    machine: Machine,
    actor_id: int | None,
    data: Mapping[str, Any] | None = None,
    **changes: Any,
) -> None:
    """Move a locked row to `target`, with other fields changed in the same statement, and append the event.

    The row must have been locked in this transaction (LockOrderViolation otherwise). Raises TransitionRefused where
    there is no such edge; then nothing has changed.
    """
    if not is_locked(row):
        raise LockOrderViolation(f"{row._meta.label} {row.pk} must be locked before its state may change.")
    _check_edge(row, target, machine)
    origin = row.state  # type: ignore[attr-defined]
    if stamp := machine.stamps.get(target):
        changes[stamp] = Now()
    moved = type(row)._base_manager.filter(pk=row.pk, state=origin).update(state=target, **changes)
    if moved != 1:
        raise TransitionRefused(f"This {machine.noun} was changed by somebody else; look again.", origin=origin)
    row.refresh_from_db(fields=["state", *changes])
    record(
        f"{machine.noun}.{target}",
        subject=row,
        actor_id=actor_id,
        data={"from": origin, **(data or {})},
    )


def transition_many(
    rows: Sequence[models.Model],
    target: str,
    *,
    machine: Machine,
    actor_id: int | None,
    data: Mapping[int, Mapping[str, Any]] | None = None,
    **changes: Any,
) -> None:
    """Move locked rows of one model to `target` in one statement, and append an event each in another.

    `data` gives each row's own part of its event by primary key. Raises as `transition` does, for the first row that
    may not move; then none has.
    """
    if not rows:
        return
    model = type(rows[0])
    for row in rows:
        if not is_locked(row):
            raise LockOrderViolation(f"{model._meta.label} {row.pk} must be locked before its state may change.")
        _check_edge(row, target, machine)
    if stamp := machine.stamps.get(target):
        changes[stamp] = Now()
    keys = {row.pk: row.state for row in rows}  # type: ignore[attr-defined]
    moved = model._base_manager.filter(pk__in=keys, state__in=set(keys.values())).update(state=target, **changes)
    if moved != len(keys):
        raise TransitionRefused(f"One of these was changed by somebody else; look again ({machine.noun}).")
    record_many(
        f"{machine.noun}.{target}",
        subject=model._meta.label_lower,
        rows=[
            (
                row.pk,
                getattr(row, "customer_id", None),
                {"from": keys[row.pk], **((data or {}).get(row.pk, {}))},
            )
            for row in rows
        ],
        actor_id=actor_id,
    )


def _check_edge(row: models.Model, target: str, machine: Machine) -> None:
    origin = row.state  # type: ignore[attr-defined]
    if not machine.allows(origin, target):
        raise TransitionRefused(
            f"This {machine.noun} is {origin}; it cannot become {target}.", origin=origin, target=target
        )
