"""A task that people keep skipping goes to an operator, and comes back when they say so."""

import pytest

from config.kernel.transitions import TransitionRefused
from labeling.models import Round, Task
from routing.models import Escalation, ProjectRouting
from routing.services.claims import next_task
from routing.services.escalations import resolve_escalation
from routing.services.leases import skip_task
from routing.types import NothingToDo
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
