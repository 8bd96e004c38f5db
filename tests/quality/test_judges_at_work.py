"""Judges at work from end to end: the clock's jobs, two workers at once, what people are given first, audits."""

import multiprocessing
import time
from decimal import Decimal

import pytest
from django.db import connections

from config.kernel.errors import Conflict
from labeling.models import Annotation, Flag
from labeling.services.projects import create_project
from labeling.services.settings import change_project
from quality import jobs
from quality.models import AuditVerdict, JudgeCall, Resolution
from quality.services.audits import make_plan, order_draw
from quality.services.judge_calibrations import calibrate
from quality.services.judge_slices import run_slice
from quality.services.judges import make_judge
from routing.models import Lease
from routing.services.claims import next_task
from routing.services.submits import submit_task
from routing.types import LeasedTask
from tests.auditing import fact, prepare, resolve_facts
from tests.cast import gather_cast
from tests.factories import item_row, settle, take, upload, upload_items
from tests.judging import LENIENT, at_work, run
from tests.quality.models import prefers


def asks(asked, name):
    return name in asked.item["messages"][0]["content"]


def first_given(reviewer):
    lease = Lease.objects.get(token=take(reviewer).token)
    return lease.task.round.item.external_id


# --- the clock's jobs -------------------------------------------------------------------------------------------------


def test_the_clock_has_items_triaged_and_people_are_given_first_what_is_in_doubt(cast, endpoint):
    endpoint.answer = lambda asked: prefers("a", 0.4 if asks(asked, "item-003") else 0.99)(asked)
    judge = at_work(cast, endpoint, contract={"judges_order": True})
    items = upload_items(cast.project, cast.dana, 5)
    assert first_given(cast.anna) == "item-000"
    jobs.judge_items()
    settle()
    assert set(JudgeCall.objects.values_list("ended", flat=True)) == {"answered"}
    assert set(Annotation.objects.values_list("item_version__item", flat=True)) == {item.pk for item in items}
    assert not Flag.objects.filter(kind="rule").exists()
    assert first_given(cast.bela) == "item-000"
    jobs.order_by_judges()
    assert first_given(cast.cleo) == "item-003"
    jobs.judge_items()
    settle()
    assert judge.calls.count() == 5


def test_two_judges_that_disagree_put_an_item_before_others_that_one_is_unsure_of(cast, endpoint):
    contract = {"judges_order": True}
    upload_items(cast.project, cast.dana, 5)
    endpoint.answer = lambda asked: prefers("a", 0.4 if asks(asked, "item-002") else 1.0)(asked)
    run(at_work(cast, endpoint, contract=contract))
    endpoint.answer = lambda asked: prefers("b" if asks(asked, "item-004") else "a", 1.0)(asked)
    run(at_work(cast, endpoint, contract=contract, name="Other", prompt="Judge them."))
    jobs.order_by_judges()
    given = []
    for _ in range(3):
        given.append(first_given(cast.anna))
        token = Lease.objects.get(reviewer=cast.anna, state="live").token
        submit_task(user=cast.anna.user, token=token, answers={"preference": {"choice": "a"}}, seconds=4)
    assert given == ["item-004", "item-002", "item-000"]


# --- who may be asked -------------------------------------------------------------------------------------------------


def test_a_new_project_lists_no_endpoint_and_a_confidential_one_none_either(cast, endpoint):
    for slug, confidentiality in (("plain", "standard"), ("secret", "confidential")):
        project = create_project(customer=cast.northwind, name=slug, slug=slug, actor=cast.mira)
        change_project(project=project, changes={"confidentiality": confidentiality}, actor=cast.mira)
        assert project.endpoints == []
        with pytest.raises(Conflict, match="does not let its content reach"):
            make_judge(
                project=project, name="x", endpoint=endpoint.url, model="acme-1", prompt="Judge.", actor=cast.mira
            )
    assert endpoint.asked == []


def test_what_its_own_family_wrote_is_neither_sent_nor_answered_nor_shown(cast, endpoint):
    judge = at_work(cast, endpoint, model="llama-3-70b-judge", is_shown_before=True)
    row = item_row("own")
    row["responses"][0]["model"] = "org/vicuna-13b"
    upload(cast.project, cast.dana, row)
    run(judge)
    assert (endpoint.asked, Annotation.objects.count()) == ([], 0)
    assert JudgeCall.objects.get().request == {}
    assert take(cast.anna).beside == ()


# --- two workers at once ----------------------------------------------------------------------------------------------


def _work(judge_id):
    connections.close_all()
    run_slice(judge_id=judge_id)


def _at_once(judge, workers=2):
    connections.close_all()
    context = multiprocessing.get_context("fork")
    started = [context.Process(target=_work, args=(judge.pk,)) for _ in range(workers)]
    for each in started:
        each.start()
    for each in started:
        each.join(60)
        assert each.exitcode == 0


@pytest.mark.django_db(transaction=True)
def test_two_workers_together_keep_to_rate_and_budget(endpoint):
    """A call costs 0.0011 of a budget in which eight have room beside what one more could cost."""
    cast = gather_cast()
    upload_items(cast.project, cast.dana, 12)
    endpoint.seconds = 0.05
    slow = at_work(cast, endpoint, calls_a_minute=5)
    _at_once(slow)
    assert slow.calls.count() == 5
    poor = at_work(cast, endpoint, name="Poor", prompt="Judge cheaply.", price_in="1", price_out="1", budget="0.012")
    for _ in range(3):
        _at_once(poor)
    calls = poor.calls.filter(ended="answered")
    spent = sum(calls.values_list("cost", flat=True))
    assert 0 < spent <= Decimal("0.012")
    assert calls.count() == len(set(calls.values_list("item_version", flat=True))) < 12
    assert Annotation.objects.filter(reviewer=poor.reviewer).count() == calls.count()
    poor.refresh_from_db()
    assert (poor.state, poor.alarms.get().kind) == ("stopped", "budget")


@pytest.mark.django_db(transaction=True)
def test_a_worker_killed_while_an_answer_is_kept_leaves_both_call_and_annotation_or_neither(endpoint):
    cast = gather_cast()
    upload_items(cast.project, cast.dana, 12)
    judge = at_work(cast, endpoint, is_shown_before=True)
    for pause in (0.05, 0.12, 0.2):
        connections.close_all()
        worker = multiprocessing.get_context("fork").Process(target=_work, args=(judge.pk,))
        worker.start()
        time.sleep(pause + 0.5)
        worker.kill()
        worker.join()
        calls = judge.calls.filter(ended="answered")
        assert calls.filter(annotation=None).count() == 0
        assert Annotation.objects.count() == calls.count()
    for _ in range(50):
        if run_slice(judge_id=judge.pk) or judge.calls.count() == 12:
            break
        time.sleep(0.1)
    assert Annotation.objects.filter(shown_as__shown_until=None).count() == 12


# --- audits that tell more --------------------------------------------------------------------------------------------


def test_real_audits_and_many_verdicts_tell_how_much_is_right_more_narrowly_than_audits_alone(cast, endpoint):
    """Of 40 results, 8 are wrong; experts see some, a judge that sees as well as they do sees all."""
    wrong = [number for number in range(40) if number % 5 == 0]
    resolve_facts(prepare(cast, "cleo"), *[item_row(f"item-{number:03d}") for number in range(40)])
    assert Resolution.objects.filter(outcome="agreed").count() == 40

    def truth(text):
        return fact("false" if any(f"item-{number:03d}" in text for number in wrong) else "true")

    endpoint.answer = lambda asked: {"answers": truth(asked.item["messages"][0]["content"]), "confidence": 0.9}
    judge = at_work(cast, endpoint, contract=LENIENT)
    plan = make_plan(
        project=cast.project, name="May", half_width=Decimal("0.2"), share_twice=Decimal(0), actor=cast.mira
    )
    order_draw(plan=plan, actor=cast.mira)
    settle()
    while isinstance(leased := next_task(user=cast.cleo.user), LeasedTask):
        said = truth(leased.payload["messages"][0]["content"])
        submit_task(user=cast.cleo.user, token=leased.token, answers=said, seconds=5)
    settle()
    audited = AuditVerdict.objects.filter(draw__plan=plan).values("draw").distinct().count()
    assert 5 < audited < 40
    run(judge)
    right = calibrate(judge_id=judge.pk).measured["results_right"]
    assert (right["audited"], right["judged"]) == (audited, 40 - audited)
    assert right["value"] == pytest.approx(0.8, abs=0.05)
    low, high = right["interval_95"]
    alone = right["by_experts_alone"]
    assert low <= 0.8 <= high
    assert high - low < alone[1] - alone[0]
