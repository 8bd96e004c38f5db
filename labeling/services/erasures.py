"""Erasure: one item's or one person's content, through the database's one sanctioned function, everywhere at once.

Rows go in the transaction that asks; files follow by a job that hears the event. External ids stay: they are the
customer's own names for their things, and what an erasure is remembered by.
"""

import uuid

from django.db import connection, transaction

from config.kernel.errors import Conflict, NotAllowed
from config.kernel.events import record
from config.kernel.locks import lock_row, lock_rows
from config.kernel.models import User
from config.kernel.reasons import checked_reason
from config.kernel.transitions import transition
from labeling.errors import ErasedBefore, LegalHoldStands
from labeling.models import (
    Batch,
    Customer,
    Erasure,
    ImportedIdentity,
    Item,
    Reviewer,
)
from labeling.selectors import standing_hold
from labeling.services.rounds import cancel_open
from labeling.types import HISTORY_FORMATS, ITEM_MACHINE, BatchState, ErasureKind, ItemState

WHY = "Say why this is erased; the reason is kept."
ERASE = "SELECT assay_erase(%s, %s, %s, %s, %s, %s)"


@transaction.atomic
def erase_item(*, item: Item, reason: str, actor: User | None) -> Erasure:
    """Erase all that the item's versions, judgments and copies say, and withdraw it. It cannot be undone.

    Open work on it ends. `actor` manages the customer, or is None for what retention erases. Raises NotAllowed,
    Invalid without a reason, ErasedBefore, and LegalHoldStands with the hold's reason; then nothing has changed.
    """
    reason = checked_reason(reason, ask=WHY)
    _refuse_strangers(actor, [item.customer_id])
    lock_row(Customer.objects.filter(pk=item.customer_id))
    [item] = lock_rows(Item.objects.filter(pk=item.pk))
    if Erasure.objects.filter(kind=ErasureKind.ITEM, subject_id=item.pk).exists():
        raise ErasedBefore("This item was erased before.")
    refuse_under_legal_hold(customer_id=item.customer_id, project_id=item.project_id)
    cancel_open([item], actor.pk if actor else None)
    if item.state != ItemState.WITHDRAWN:
        transition(item, ItemState.WITHDRAWN, machine=ITEM_MACHINE, actor_id=actor.pk if actor else None)
    erasure = _erase(ErasureKind.ITEM, item.pk, item.customer_id, reason, actor, uuid.uuid4())
    assert erasure is not None, "An item has a customer."
    record("item.erased", subject=item, actor_id=actor.pk if actor else None, data={"erasure": erasure.pk})
    return erasure


@transaction.atomic
def erase_upload(*, batch: Batch, reason: str) -> Erasure:
    """Erase what retention finds of an upload that became no item: its refused rows now, its file by the job.

    Raises LegalHoldStands; then nothing has changed.
    """
    lock_row(Customer.objects.filter(pk=batch.customer_id))
    batch = lock_row(Batch.objects.filter(pk=batch.pk))
    refuse_under_legal_hold(customer_id=batch.customer_id, project_id=batch.project_id)
    erasure = _erase(ErasureKind.BATCH, batch.pk, batch.customer_id, reason, None, uuid.uuid4())
    assert erasure is not None, "A batch has a customer."
    record("batch.erased", subject=batch, actor_id=None, data={"erasure": erasure.pk})
    return erasure


@transaction.atomic
def erase_person(*, user: User, reason: str, actor: User) -> list[Erasure]:
    """Erase a person's name, address and words for every customer they have to do with. It cannot be undone.

    What they chose stays, under their pseudonym: it is about items, not about them. Their keys and login end. What they
    are writing at this moment is waited for and goes too, or waits and is refused (`labeling_refuse_erased`). Raises
    NotAllowed unless `actor` manages all of these customers (a superuser where there are none), Conflict for oneself, Invalid without a reason, and
    LegalHoldStands while a hold of any of them stands; then nothing has changed.
    """
    reason = checked_reason(reason, ask=WHY)
    if user.pk == actor.pk:
        raise Conflict("You cannot erase yourself; ask another operator.")
    lock_rows(Reviewer.objects.filter(user=user), with_references=True)
    customers = lock_rows(Customer.objects.filter(pk__in=customers_of_person(user)))
    _refuse_strangers(actor, [customer.pk for customer in customers])
    if not actor.is_superuser and (user.is_superuser or not customers):
        raise NotAllowed("Only a superuser can erase a superuser, or somebody who has no customer.")
    for customer in customers:
        refuse_under_legal_hold(customer_id=customer.pk)
    request = uuid.uuid4()
    made = [_erase(ErasureKind.PERSON, user.pk, customer.pk, reason, actor, request) for customer in customers]
    if not customers:
        _erase(ErasureKind.PERSON, user.pk, None, reason, actor, request)
        record("person.erased", subject=user, actor_id=actor.pk)
    erasures = [erasure for erasure in made if erasure is not None]
    for erasure in erasures:
        record(
            "person.erased",
            subject=user,
            actor_id=actor.pk,
            customer_id=erasure.customer_id,
            data={"erasure": erasure.pk},
        )
    return erasures


@transaction.atomic
def erase_imported_person(*, identity: ImportedIdentity, reason: str, actor: User) -> Erasure:
    """Erase the name and the words of somebody in the tool that a customer's history came from. It cannot be undone.

    What they chose stays, and is nobody's. The customer's exports of earlier tools are deleted by the job. Raises
    NotAllowed unless `actor` manages the customer, Invalid without a reason, ErasedBefore, LegalHoldStands, and Conflict
    while such an export is being read, as it may name them; then nothing has changed.
    """
    reason = checked_reason(reason, ask=WHY)
    _refuse_strangers(actor, [identity.customer_id])
    lock_row(Customer.objects.filter(pk=identity.customer_id))
    if Erasure.objects.filter(kind=ErasureKind.IMPORTED, subject_id=identity.pk).exists():
        raise ErasedBefore("This person was erased before.")
    refuse_under_legal_hold(customer_id=identity.customer_id)
    coming = Batch.objects.filter(customer=identity.customer_id, state=BatchState.RECEIVED)
    if coming.filter(format__in=HISTORY_FORMATS).exists():
        raise Conflict("An export that may name this person is still being read; try again once it has been.")
    erasure = _erase(ErasureKind.IMPORTED, identity.pk, identity.customer_id, reason, actor, uuid.uuid4())
    assert erasure is not None, "An imported person has a customer."
    record("person.erased", subject=identity, actor_id=actor.pk, data={"erasure": erasure.pk})
    return erasure


def customers_of_person(user: User) -> set[int]:
    """Return the customers that hold anything of this person, whichever app knows of it: the database's function says."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT assay_customers_of_person(%s)", [user.pk])
        return set(cursor.fetchone()[0])


def refuse_under_legal_hold(*, customer_id: int, project_id: int | None = None) -> None:
    """Raise LegalHoldStands if a hold of the customer, of this project, or (without one) of any project stands."""
    hold = standing_hold(customer_id=customer_id, project_id=project_id)
    if hold is not None:
        raise LegalHoldStands(f"A legal hold stands, so nothing is erased: {hold.reason}")


def _refuse_strangers(actor: User | None, customer_ids: list[int]) -> None:
    if actor is None:
        return
    managed = Customer.objects.visible_to(actor, "manage_customer").filter(pk__in=customer_ids)
    if managed.count() != len(set(customer_ids)):
        raise NotAllowed("Only somebody who manages every customer concerned can erase this.")


def _erase(
    kind: ErasureKind, subject_id: int, customer_id: int | None, reason: str, actor: User | None, request: uuid.UUID
) -> Erasure | None:
    with connection.cursor() as cursor:
        cursor.execute(ERASE, [kind.value, subject_id, customer_id, reason, actor.pk if actor else None, request])
        [erasure_id] = cursor.fetchone()
    return None if erasure_id is None else Erasure.objects.get(pk=erasure_id)
