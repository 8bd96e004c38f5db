"""A task that people keep skipping goes to an operator, and comes back when they say so."""

import threading
import time

import pytest
from django.db import connection, transaction

from config.kernel.locks import lock_row
from config.kernel.transitions import TransitionRefused
from labeling.models import Pool, Round, Task
from routing.models import Escalation, ProjectRouting
from routing.services.claims import next_task
from routing.services.escalations import resolve_escalation
from routing.services.leases import skip_task
from routing.types import NothingToDo
from tests.cast import gather_cast
from tests.console.test_console import act, operator
from tests.factories import judge, settle, take, upload_items


def skip(reviewer):
    skip_task(user=reviewer.user, token=take(reviewer).token, reason="Unclear")


def test_the_third_skip_of_a_round_asks_an_operator(cast):
    upload_items(cast.project, cast.mira)
    skip(cast.anna)
    skip(cast.bela)
    assert not Escalation.objects.exists()
    skip(cast.cleo)
    escalation = Escalation.objects.get()
    assert (escalation.kind, escalation.state, escalation.subject_id) == ("skipped", "open", Round.objects.get().pk)
    assert escalation.message == "3 people skipped an item's round 1."
    assert sorted(Task.objects.values_list("state", flat=True)) == ["cancelled", "open", "open"]


def test_resolving_it_asks_others_again_and_once(cast):
    ProjectRouting.objects.create(customer=cast.northwind, project=cast.project, escalate_after_skips=1)
    upload_items(cast.project, cast.mira)
    skip(cast.anna)
    escalation = Escalation.objects.get()
    judge(cast.bela)
    resolve_escalation(escalation=escalation, reason="It is clear enough.", actor=cast.mira)
    assert sorted(Task.objects.values_list("state", flat=True)) == ["cancelled", "completed", "open", "open"]
    assert isinstance(next_task(user=cast.anna.user), NothingToDo)
    judge(cast.cleo)
    judge(cast.dido)
    settle()
    assert Round.objects.get().state == "resolved"
    with pytest.raises(TransitionRefused):
        resolve_escalation(escalation=escalation, reason="Again.", actor=cast.mira)
    assert Task.objects.count() == 4


def test_resolving_it_holds_no_pool_while_it_waits_for_the_escalation(transactional_db):
    """Else it and the watch, which locks escalations before pools, could wait for each other."""
    cast = gather_cast()
    ProjectRouting.objects.create(customer=cast.northwind, project=cast.project, escalate_after_skips=1)
    upload_items(cast.project, cast.mira)
    skip(cast.anna)
    escalation, client = Escalation.objects.get(), operator(cast.mira)

    def resolve():
        act(client, Escalation, "resolve_escalation", escalation, reason="Asked of others.")
        connection.close()

    other = threading.Thread(target=resolve)
    with transaction.atomic():
        lock_row(Escalation.objects.filter(pk=escalation.pk).select_related(None))
        other.start()
        until = time.monotonic() + 20
        while Task.objects.count() < 4 and time.monotonic() < until:
            time.sleep(0.05)
        assert Task.objects.count() == 4
        Pool.objects.select_for_update(nowait=True).get()
    other.join()
    escalation.refresh_from_db()
    assert escalation.state == "resolved"
