"""Blocks: a customer does not want somebody on its work, until it says otherwise. The person is never told as such."""

from django.db import transaction
from django.db.models.functions import Now

from config.kernel.errors import Conflict, Invalid
from config.kernel.events import record
from config.kernel.locks import ADVISORY_REVIEWER, advisory_lock, lock_row
from config.kernel.models import User
from config.kernel.reasons import checked_reason
from labeling.models import Customer, Reviewer, Task
from routing.models import Block, Enrolment, Lease
from routing.services.withdrawals import take_work_from


@transaction.atomic
def place_block(*, customer: Customer, reviewer: Reviewer, reason: str, actor: User) -> Block:
    """Give the reviewer no more work of the customer; what they hold of it goes to others. What they judged stays.

    Raises Invalid without a reason and for a reviewer who never worked for the customer, Conflict while one stands.
    """
    reason = checked_reason(reason, ask="Say why: it is kept with the block, and shown to operators and to you.")
    if reviewer.user_id is None or not Enrolment.objects.filter(customer=customer, reviewer=reviewer).exists():
        raise Invalid("Nobody on your projects is known by this name.", field="reviewer")
    advisory_lock(ADVISORY_REVIEWER, reviewer.user_id)
    customer = lock_row(Customer.objects.filter(pk=customer.pk))
    if Block.objects.filter(customer=customer, reviewer=reviewer, lifted_at=None).exists():
        raise Conflict("This person is blocked already.")
    block = Block.objects.create(customer=customer, reviewer=reviewer, reason=reason, placed_by=actor)
    withdrawn = take_work_from(
        reviewer=reviewer,
        leases=Lease.objects.filter(customer=customer),
        reserved=Task.objects.filter(customer=customer),
        actor_id=actor.pk,
    )
    record("block.placed", subject=block, actor_id=actor.pk, data={"reviewer": reviewer.pk, "withdrawn": withdrawn})
    return block


@transaction.atomic
def lift_block(*, block: Block, reason: str, actor: User) -> Block:
    """End the block, with a reason that is kept. Raises Invalid without one, Conflict when it was lifted before."""
    reason = checked_reason(reason, ask="Say why the block is lifted.")
    lock_row(Customer.objects.filter(pk=block.customer_id))
    block.refresh_from_db()
    if block.lifted_at is not None:
        raise Conflict("This block was lifted before.")
    Block.objects.filter(pk=block.pk).update(lifted_at=Now(), lifted_by=actor, lift_reason=reason)
    block.refresh_from_db()
    record("block.lifted", subject=block, actor_id=actor.pk, data={"reviewer": block.reviewer_id})
    return block
