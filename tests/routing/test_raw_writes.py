"""What no process may write of queues, leases, escalations and counts, tried by raw SQL as the runtime role."""

import pytest
from django.db import IntegrityError, connection, transaction

from routing.models import ClockStop, Exclusion, Lease, Workload
from routing.services.clocks import stop_clock
from routing.services.escalations import Cause, climb, open_escalations, tell_customer
from routing.services.exclusions import exclude
from routing.services.leases import expire_leases, extend_lease, renew_lease
from tests.factories import judge, take, upload_items

FORGED = {
    "an exclusion deleted": ("DELETE FROM routing_exclusion", "for good"),
    "a pseudonym changed": ("UPDATE routing_enrolment SET pseudonym = 'r-forged'", "never change"),
    "a tail lowered": ("UPDATE labeling_pool SET tail = tail - 1", "only moves on"),
    "a task put forward": (
        "UPDATE labeling_task SET position = position - 1 WHERE state = 'open'",
        "never moves forward",
    ),
    "an endless lease": ("UPDATE routing_lease SET until = 'infinity' WHERE state = 'live'", "no longer"),
    "a lease of a day": ("UPDATE routing_lease SET until = now() + interval '1 day' WHERE state = 'live'", "no longer"),
    "another length": ("UPDATE routing_lease SET seconds = 100000 WHERE state = 'live'", "never change"),
    "an escalation's words": ("UPDATE routing_escalation SET message = 'forged'", "never change"),
    "an escalation's severity": ("UPDATE routing_escalation SET severity = 'urgent'", "never change"),
    "a priority raised without a rung": ("UPDATE routing_escalation SET raised = 30000", "by its steps"),
    "a rung descended": ("UPDATE routing_escalation SET rung = 0", "by its steps"),
    "another word to the customer": ("UPDATE routing_escalation SET customer_message = 'forged'", "by its steps"),
    "a customer who was never told": ("UPDATE routing_escalation SET customer_told_at = NULL", "by its steps"),
    "a stop that is over at once": (
        "INSERT INTO routing_clockstop (public_id, customer_id, project_id, kind, reason, started_at, ended_at)"
        " SELECT gen_random_uuid(), customer_id, project_id, 'other', 'forged', now(), now() FROM routing_clockstop",
        "before it is ended",
    ),
    "a day's work undone": ("UPDATE routing_workload SET day_count = 0, week_count = 0", "not taken back"),
    "a day before": ("UPDATE routing_workload SET day = day - 1", "not taken back"),
    "a count deleted": ("DELETE FROM routing_workload", "is kept"),
}


@pytest.fixture
def at_work(cast):
    """A row of each: judged, leased, excluded, escalated and told, stopped."""
    [item, *_] = upload_items(cast.project, cast.mira, 3)
    judge(cast.anna)
    cast.held = take(cast.bela)
    exclude(round=item.rounds.get(), reviewer=cast.dido, reason="author", actor=cast.mira)
    stop_clock(project=cast.project, kind="clearance", reason="Names are missing", actor=cast.mira)
    pool = cast.project.pools.get()
    whose = {"project_id": cast.project.pk, "customer_id": cast.northwind.pk, "pool_id": pool.pk}
    about = {"kind": "at_risk", "severity": "warning", "subject": "pool", "subject_id": pool.pk, "message": "Late soon"}
    [cast.escalation] = open_escalations([Cause(**whose, **about)])
    tell_customer(escalation=cast.escalation, actor=cast.mira, words="It may be late.")
    return cast


@pytest.mark.parametrize("forged", FORGED)
def test_the_database_refuses(at_work, forged):
    statement, why = FORGED[forged]
    with pytest.raises(IntegrityError, match=why), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def test_a_lease_that_its_project_does_not_allow_is_refused(at_work):
    columns = "customer_id, project_id, round_id, guideline_id, until, why"
    insert = (
        f"INSERT INTO routing_lease (token, state, task_id, reviewer_id, seconds, {columns})"
        f" SELECT gen_random_uuid(), 'live', task_id + 1, {at_work.cleo.pk}, 100000, {columns} FROM routing_lease"
        " WHERE state = 'live'"
    )
    with pytest.raises(IntegrityError, match="no longer"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(insert)


def test_what_the_services_write_of_them_is_taken(at_work):
    renew_lease(user=at_work.bela.user, token=at_work.held.token)
    extend_lease(user=at_work.bela.user, token=at_work.held.token)
    tell_customer(escalation=at_work.escalation, actor=at_work.mira, words="It will be late.")
    climb()
    expire_leases()
    judge(at_work.anna)
    assert Workload.objects.get(reviewer=at_work.anna).day_count == 2
    assert (Exclusion.objects.count(), ClockStop.objects.count(), Lease.objects.filter(state="live").count()) == (
        1,
        1,
        1,
    )
