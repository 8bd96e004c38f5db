"""Adaptive overlap and consensus by models, through the services: when it starts, what it saves, and what it leaves alone."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.exceptions import ValidationError
from django.db import connection

from config.kernel.models import Event
from labeling.models import Annotation, Project, Round, Task
from labeling.services.rounds import ask_for_one_more
from labeling.services.settings import change_project
from quality.models import Dispute, QualityFigure, Resolution
from quality.services.adaptive import knowledge_of
from quality.services.figures import roll_up_figures
from quality.services.rounds import resolve_due
from routing.services.submits import submit_task
from tests.answering import (
    SAFE,
    add_gold,
    add_items,
    hire,
    open_safety,
    resolved_right,
    says,
    truth_of,
    work_through,
)
from tests.cast import gather_cast
from tests.factories import settle, take

ACCURACIES = {"ada": 0.96, "ben": 0.95, "cora": 0.96, "dan": 0.94, "eve": 0.7, "finn": 0.65}
GOLD = 70
WORK = 60
MOST = 5
TASTE = {"id": "taste", "type": "preference", "text": "Which?", "nature": "preferential", "required": True}


@pytest.fixture
def crowd(cast):
    project = open_safety(cast, overlap_kind="adaptive", overlap=2, overlap_most=MOST, target_confidence="0.950")
    return project, hire(project, list(ACCURACIES))


def judgments(names):
    found = Annotation.objects.filter(item_version__item__external_id__in=names)
    return Counter(found.values_list("item_version__item__external_id", flat=True))


def answer(reviewer, **answers):
    return submit_task(user=reviewer.user, token=take(reviewer).token, answers=answers, seconds=5.0)


@pytest.mark.slow
def test_once_gold_shows_that_confidence_holds_it_buys_the_same_accuracy_with_fewer_judgments(cast, crowd):
    project, hired = crowd
    add_gold(project, cast.mira, list(hired.values()), GOLD)
    before = add_items(project, cast.mira, 30, prefix="before")
    work_through(hired, ACCURACIES)
    assert set(judgments(before).values()) == {2}, "Not shown yet, so it is the fixed number."
    roll_up_figures(project_id=project.pk)
    shown = QualityFigure.objects.get(project=project, name="reliability")
    assert shown.detail["shown"], shown.detail
    assert shown.units == GOLD
    assert Event.objects.filter(kind="overlap.adaptive", data__question="safe").count() == 1

    names = add_items(project, cast.mira, WORK)
    work_through(hired, ACCURACIES, seed=2)
    resolved, right = resolved_right(project, names)
    assert resolved + Dispute.objects.filter(project=project).count() == WORK
    counts = judgments(names)
    spent = sum(counts.values())
    assert spent < 0.6 * MOST * WORK
    assert len(set(counts.values())) > 1
    fixed = sum(_majority(name) == truth_of(name) for name in names)
    assert right / resolved >= fixed / WORK - 0.02
    assert set(
        Resolution.objects.filter(item_version__item__external_id__in=names).values_list("method", flat=True)
    ) == {"posterior"}


def _majority(name):
    """What a fixed number of judgments, MOST of them, would come to: those of any MOST people."""
    said = Counter(says(person, name, ACCURACIES[person]) for person in sorted(ACCURACIES)[:MOST])
    return said.most_common(1)[0][0]


def test_without_gold_it_stays_a_fixed_number_and_says_why(cast, crowd):
    project, hired = crowd
    names = add_items(project, cast.mira, 6)
    work_through(hired, ACCURACIES)
    roll_up_figures(project_id=project.pk)
    assert set(judgments(names).values()) == {2}
    assert set(Resolution.objects.filter(project=project).values_list("method", flat=True)) == {"majority"}
    figure = QualityFigure.objects.get(project=project, name="reliability")
    assert (figure.value, figure.detail["shown"]) == (None, False)
    assert figure.why_undefined == "No gold asks this question, so nothing shows whether its confidence holds."


def pretend_shown(project, *, accuracy=0.8, prior=None, confusions=None):
    """Figures as a roll-up would leave them, for people of this accuracy."""
    common = {"customer": project.customer, "project": project, "question": "safe"}
    QualityFigure.objects.create(
        name="consensus",
        value=0.9,
        detail={"method": "pooled", "prior": prior or {"no": 0.5, "yes": 0.5}, "accuracy": accuracy},
        **common,
    )
    QualityFigure.objects.create(
        name="reliability",
        value=0.99,
        detail={"shown": True, "reason": "Shown.", "target": float(project.target_confidence)},
        **common,
    )
    for reviewer, matrix in (confusions or {}).items():
        QualityFigure.objects.create(name="confusion", reviewer=reviewer, detail={"matrix": matrix}, **common)


def test_two_who_differ_are_followed_by_one_more_and_where_that_cannot_do_by_an_expert(cast, crowd):
    project, hired = crowd
    pretend_shown(project, accuracy=0.9)
    add_items(project, cast.mira, 1)
    [opened] = Round.objects.filter(project=project)
    for name, said, needed in (("ada", "yes", 2), ("ben", "no", 3), ("cora", "yes", 4)):
        answer(hired[name], safe=said)
        settle()
        opened.refresh_from_db()
        assert (opened.state, opened.judgments_needed) == ("open", needed)
    answer(hired["dan"], safe="no")
    settle()
    opened.refresh_from_db()
    assert (opened.state, opened.judgments_needed) == ("open", 4), "One more of five could not reach the target."
    dispute = Dispute.objects.get()
    assert (dispute.reason, len(dispute.annotations)) == ("unsure", 4)
    assert Task.objects.filter(round=opened, kind="adjudicate", state="open").count() == 1
    assert resolve_due() == 0, "A round in dispute is the adjudicator's."
    assert not Resolution.objects.exists()


def test_two_who_agree_reach_the_target_and_the_answer_is_the_likeliest(cast, crowd):
    project, hired = crowd
    pretend_shown(project, accuracy=0.9)
    add_items(project, cast.mira, 1)
    for name in ("ada", "ben"):
        answer(hired[name], safe="no")
    settle()
    found = Resolution.objects.get()
    assert (found.method, found.answers) == ("posterior", {"safe": "no"})
    assert found.confidence == pytest.approx(0.81 / (0.81 + 0.01))
    assert found.distribution == {"safe": {"no": 2}}


def test_another_target_than_the_one_shown_is_not_shown(cast, crowd):
    project, _ = crowd
    pretend_shown(project)
    assert knowledge_of(project).known["safe"].is_shown
    change_project(project=project, changes={"target_confidence": "0.990"}, actor=cast.mira)
    assert not knowledge_of(Project.objects.get(pk=project.pk)).known["safe"].is_shown


def test_preferential_questions_ask_for_no_more_and_keep_their_votes(cast):
    project = open_safety(cast, TASTE, overlap_kind="adaptive", overlap=2)
    hired = hire(project, ["ada", "ben"])
    pretend_shown(project)
    add_items(project, cast.mira, 1)
    answer(hired["ada"], taste={"choice": "a"})
    answer(hired["ben"], taste={"choice": "b"})
    settle()
    found = Resolution.objects.get()
    assert (found.outcome, found.distribution, found.method) == (
        "no_agreement",
        {"taste": {"a": 1, "b": 1}},
        "majority",
    )
    assert not Dispute.objects.exists()


def test_a_contract_sends_an_objective_question_without_agreement_to_an_adjudicator(cast):
    project = open_safety(cast, SAFE, TASTE, overlap=2, quality_contract={"adjudicate": True})
    hired = hire(project, ["ada", "ben"])
    add_items(project, cast.mira, 2)
    for _ in range(2):
        answer(hired["ada"], safe="yes", taste={"choice": "a"})
    answer(hired["ben"], safe="yes", taste={"choice": "b"})
    answer(hired["ben"], safe="no", taste={"choice": "a"})
    settle()
    assert Resolution.objects.get().outcome == "no_agreement", "On taste alone, nobody is asked."
    assert Dispute.objects.get().reason == "unsure"


def test_by_contract_a_fixed_number_of_judgments_comes_to_the_likeliest_answer(cast):
    project = open_safety(cast, overlap=3, quality_contract={"consensus_method": "auto"})
    hired = hire(project, ["ada", "eve", "finn"])
    good, poor = ({t: {a: p if a == t else 1 - p for a in ("yes", "no")} for t in ("yes", "no")} for p in (0.98, 0.55))
    pretend_shown(
        project, confusions={hired["ada"]: good, hired["eve"]: poor, hired["finn"]: poor}, prior={"yes": 0.5, "no": 0.5}
    )
    add_items(project, cast.mira, 1)
    for name, said in (("ada", "no"), ("eve", "yes"), ("finn", "yes")):
        answer(hired[name], safe=said)
    settle()
    found = Resolution.objects.get()
    assert (found.answers, found.method) == ({"safe": "no"}, "posterior")
    expected = 0.98 * 0.45**2 / (0.98 * 0.45**2 + 0.02 * 0.55**2)
    assert found.confidence == pytest.approx(expected)


def test_a_contract_names_no_other_method(cast):
    contract = {"quality_contract": {"consensus_method": "Auto"}}
    with pytest.raises(ValidationError, match="`consensus_method` is majority or auto"):
        change_project(project=cast.project, changes=contract, actor=cast.mira)
    cast.project.refresh_from_db()
    assert cast.project.quality_contract == {}


def test_two_workers_at_once_ask_for_one(transactional_db):
    cast = gather_cast()
    project = open_safety(cast, overlap_kind="adaptive", overlap=1)
    hired = hire(project, ["ada"])
    add_items(project, cast.mira, 1)
    answer(hired["ada"], safe="yes")
    [opened] = Round.objects.filter(project=project)

    def ask(_):
        try:
            return ask_for_one_more(round_id=opened.pk) is not None
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(ask, range(4))) == [False, False, False, True]
    opened.refresh_from_db()
    assert opened.judgments_needed == 2
    assert opened.tasks.count() == 2
