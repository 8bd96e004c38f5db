"""Adaptive overlap at its edges: two workers at once, the cap, what an expert costs, and the model it goes by."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from config.kernel.models import Event
from labeling.models import Project, Round, Task
from labeling.services.pools import pools_of
from labeling.types import Work
from quality.models import Dispute, QualityFigure, Resolution
from quality.services.adaptive import knowledge_of
from quality.services.rounds import resolve_due
from routing.models import PoolStat
from tests.answering import add_items, hire, open_safety
from tests.cast import gather_cast
from tests.factories import settle
from tests.quality.test_adaptive import answer, pretend_shown

ITEMS = 12
WORKERS = 4


def adaptive(cast, **settings):
    common = {"overlap_kind": "adaptive", "overlap": 2, "overlap_most": 5, "target_confidence": "0.950"}
    project = open_safety(cast, **{**common, **settings})
    return project, hire(project, ["ada", "ben", "cora", "dan", "eve"])


def experts_wait(project, *, waiting, an_hour, people=1):
    """What the roll-up of pools would say of the experts' queue."""
    [opened] = Round.objects.filter(project=project)
    pool_id = pools_of(project, [opened], Work.EXPERT)[opened.pk].pk
    PoolStat.objects.create(
        customer=project.customer,
        pool_id=pool_id,
        open_count=waiting,
        throughput_per_hour=an_hour,
        eligible_count=people,
    )


@pytest.mark.django_db(transaction=True)
def test_workers_who_meet_resolve_each_item_once_and_ask_for_no_judgment_too_many():
    cast = gather_cast()
    project, hired = adaptive(cast)
    pretend_shown(project, accuracy=0.9)
    add_items(project, cast.mira, ITEMS)
    for place in range(ITEMS):
        answer(hired["ada"], safe="yes")
        answer(hired["ben"], safe="yes" if place % 2 else "no")
    rounds = list(Round.objects.filter(project=project).order_by("pk"))
    said = {each.pk: Counter(a.answers["safe"] for a in each.annotations.all()) for each in rounds}
    agreed = {pk for pk, votes in said.items() if len(votes) == 1}
    assert 0 < len(agreed) < ITEMS
    gate = threading.Barrier(WORKERS)

    def work(_):
        try:
            gate.wait()
            # The fact's job, and the sweep right behind it.
            return resolve_due(round_ids=[each.pk for each in rounds]) + resolve_due()
        finally:
            connection.close()

    with ThreadPoolExecutor(WORKERS) as pool:
        assert sum(pool.map(work, range(WORKERS))) == len(agreed)
    assert Counter(Resolution.objects.filter(project=project).values_list("round", flat=True)) == Counter(agreed)
    for each in Round.objects.filter(project=project):
        is_agreed = each.pk in agreed
        assert (each.state, each.judgments_needed) == (("resolved", 2) if is_agreed else ("open", 3))
        assert each.tasks.count() == each.judgments_needed
    made = Event.objects.filter(kind="resolution.made").values_list("data__round", flat=True)
    assert len(made) == len(agreed)


def test_at_the_cap_an_item_goes_to_an_expert_and_nobody_else_is_asked(cast):
    project, hired = adaptive(cast)
    pretend_shown(project, accuracy=0.8)
    add_items(project, cast.mira, 1)
    experts_wait(project, waiting=8, an_hour=1.0)
    [opened] = Round.objects.filter(project=project)
    for (name, said), needed in zip(
        {"ada": "yes", "ben": "no", "cora": "yes", "dan": "yes", "eve": "no"}.items(), (2, 3, 4, 5, 5), strict=True
    ):
        assert not Dispute.objects.exists()
        answer(hired[name], safe=said)
        settle()
        opened.refresh_from_db()
        assert opened.judgments_needed == needed
    assert (Dispute.objects.get().reason, len(Dispute.objects.get().annotations)) == ("unsure", 5)
    assert Task.objects.filter(round=opened, kind="annotate").count() == 5
    assert Task.objects.filter(round=opened, kind="adjudicate", state="open").count() == 1
    assert resolve_due() == 0


@pytest.mark.parametrize(
    ("queue", "goes_to_an_expert"),
    [(None, True), ({"waiting": 0, "an_hour": 1.0}, True), ({"waiting": 8, "an_hour": 1.0}, False)],
    ids=["nobody waits for experts yet", "their queue is empty", "a working day waits for them"],
)
def test_an_expert_is_asked_where_that_costs_less_than_judging_on(cast, queue, goes_to_an_expert):
    """Two who are right on 80 % differ: judging on costs 5.08 judgments with an expert at 5, 7.48 with one at 10."""
    project, hired = adaptive(cast)
    pretend_shown(project, accuracy=0.8)
    add_items(project, cast.mira, 1)
    if queue:
        experts_wait(project, **queue)
    answer(hired["ada"], safe="yes")
    answer(hired["ben"], safe="no")
    settle()
    opened = Round.objects.get(project=project)
    assert Dispute.objects.exists() == goes_to_an_expert
    assert opened.judgments_needed == (2 if goes_to_an_expert else 3)


def test_where_no_expert_is_there_what_is_likeliest_at_the_cap_is_what_there_is(cast):
    project, hired = adaptive(cast, overlap_most=3)
    pretend_shown(project, accuracy=0.8)
    add_items(project, cast.mira, 1)
    experts_wait(project, waiting=0, an_hour=1.0, people=0)
    for name, said in {"ada": "yes", "ben": "no", "cora": "yes"}.items():
        answer(hired[name], safe=said)
        settle()
    found = Resolution.objects.get()
    assert found.answers == {"safe": "yes"}
    assert found.confidence == pytest.approx(0.8)
    assert not Dispute.objects.exists()


def test_confidence_that_was_shown_for_another_model_is_not_shown(cast):
    project, _ = adaptive(cast)
    pretend_shown(project)
    for name, model in (("consensus", "one-coin"), ("reliability", "one-coin")):
        figure = QualityFigure.objects.get(project=project, name=name)
        figure.detail["model"] = model
        figure.save()
    assert knowledge_of(project).known["safe"].is_shown
    figure.detail["model"] = "pooled"
    figure.save()
    assert not knowledge_of(Project.objects.get(pk=project.pk)).known["safe"].is_shown
