"""How much gold a reviewer meets, and that it is never the same twice."""

import threading

import pytest
from django.db import connections

from labeling.models import Project, Task
from quality.models import GoldItem, Standing
from quality.services.gold import seed_gold
from tests.cast import gather_cast
from tests.factories import item_row, settle, upload

EXPECTED = {"answer": {"preference": {"choice": "a"}}}


def stock(cast, gold=12):
    Project.objects.filter(pk=cast.project.pk).update(gold_share="0.1", gold_share_most="0.4")
    if gold:
        upload(cast.project, cast.mira, *[item_row(f"gold-{n:02d}", expected=EXPECTED) for n in range(gold)])
    upload(cast.project, cast.mira, *[item_row(f"plain-{n:02d}") for n in range(12)])
    settle()
    seed_gold()


def waiting(reviewer):
    return Task.objects.filter(kind="gold", state="open", reserved_for=reviewer).count()


def test_who_is_unknown_meets_the_largest_share_and_who_is_known_the_smallest(cast):
    Project.objects.filter(pk=cast.project.pk).update(gold_share="0.1", gold_share_most="0.4")
    for reviewer, low, high in ((cast.bela, 0.80, 0.95), (cast.cleo, 0.50, 1.0)):
        Standing.objects.create(
            customer=cast.northwind, project=cast.project, reviewer=reviewer, alpha=20, beta=3, lower_bound=low,
            upper_bound=high, evidence_count=21,
        )  # fmt: skip
    stock(cast)
    assert waiting(cast.anna) == 4  # nothing is known: 0.4 of the next ten
    assert waiting(cast.bela) == 1  # an interval of 0.15: 0.1 of them
    assert waiting(cast.cleo) == 3  # one of 0.5: 0.1 + 0.3 * 0.35 / 0.75 = 0.24, rounded up


def test_no_more_people_are_asked_than_may_see_it(cast):
    Project.objects.filter(pk=cast.project.pk).update(gold_share="0")
    upload(cast.project, cast.mira, item_row("gold", expected=EXPECTED))
    GoldItem.objects.update(exposures_most=2)
    stock(cast, gold=0)
    assert Task.objects.filter(kind="gold", state="open").count() == 2


@pytest.mark.django_db(transaction=True)
def test_two_workers_never_ask_one_person_the_same_gold_twice():
    cast = gather_cast()
    stock(cast)
    Project.objects.update(gold_share="0.5", gold_share_most="0.5")
    before = Task.objects.filter(kind="gold").count()
    gate = threading.Barrier(4)

    def work():
        try:
            gate.wait()
            seed_gold()
        finally:
            connections.close_all()

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    asked = list(Task.objects.filter(kind="gold").values_list("round", "reserved_for"))
    assert len(asked) == len(set(asked)) == 20  # five each of the next ten
    assert before < 20
