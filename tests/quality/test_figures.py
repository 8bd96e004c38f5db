"""The figures of quality: exact values through the services, why some are not defined, and two workers at once."""

import threading

import pytest
from django.db import connection

from config.kernel.locks import ADVISORY_FIGURES, session_lock
from labeling.models import Project, Round
from quality import figure_jobs
from quality.models import GoldScore, QualityFigure
from quality.services.figures import projects_to_measure, roll_up_figures
from routing.services.submits import submit_task
from tests.answering import SAFE, add_gold, add_items, hire, open_safety, truth_of
from tests.cast import gather_cast
from tests.factories import item_row, settle, take, upload

SCALE = [{"value": value, "text": str(value)} for value in (1, 2, 3)]
GRADE = {
    "id": "grade",
    "type": "rating",
    "text": "How good?",
    "nature": "preferential",
    "required": True,
    "scale": SCALE,
}


def answer(reviewer, **answers):
    return submit_task(user=reviewer.user, token=take(reviewer).token, answers=answers, seconds=5.0)


def figure(project, name, **more):
    return QualityFigure.objects.get(project=project, name=name, **more)


@pytest.fixture
def judged(cast):
    """Two people on three items in two languages: they agree on the first two, and differ on the third."""
    project = open_safety(cast, SAFE, GRADE, overlap=2)
    hired = hire(project, ["ada", "ben"])
    for reviewer in hired.values():
        reviewer.languages = ["en", "de"]
        reviewer.save()
    rows = [item_row("one", domain="law"), item_row("two", domain="law"), item_row("three", language="de")]
    upload(project, cast.mira, *rows)
    for name, said in (("ada", ("yes", "no", "yes")), ("ben", ("yes", "no", "no"))):
        by_item = dict(zip(("one", "two", "three"), said, strict=True))
        for _ in range(3):
            leased = take(hired[name])
            place = Round.objects.get(item_version=leased.item_version_id).item.external_id
            submit_task(
                user=hired[name].user, token=leased.token, answers={"safe": by_item[place], "grade": 2}, seconds=5.0
            )
    settle()
    roll_up_figures(project_id=project.pk)
    return project


def test_agreement_is_told_by_question_segment_and_guideline_version(judged):
    """Two unanimous units and one split: D_observed = 1/3, D_expected = 3/5, so alpha = 1 - (1/3) / (3/5) = 4/9."""
    whole = figure(judged, "agreement", question="safe", segment="all", guideline=None)
    assert (whole.value, whole.units) == (pytest.approx(4 / 9), 3)
    assert whole.detail["unanimous_share"] == pytest.approx(2 / 3)
    assert whole.low is None
    assert whole.detail["no_interval"].startswith("There is no interval: drawn again, too often only one value")
    under = figure(judged, "agreement", question="safe", segment="all", guideline__number=1)
    assert (under.value, under.units) == (whole.value, 3)
    law = figure(judged, "agreement", question="safe", segment="domain", segment_value="law", guideline=None)
    assert (law.value, law.units) == (1.0, 2)


def test_a_figure_that_is_not_defined_says_why(judged):
    german = figure(judged, "agreement", question="safe", segment="language", segment_value="de", guideline=None)
    assert german.value == 0.0
    assert german.detail["no_interval"].startswith("There is no interval: one unit")
    grade = figure(judged, "agreement", question="grade", segment="all", guideline=None)
    assert grade.value is None
    assert grade.why_undefined == "Only one value was given, so agreement by chance would be just as complete."
    gold = figure(judged, "gold_accuracy", question="", segment="all")
    assert (gold.value, gold.why_undefined) == (None, "Nobody has answered gold here yet.")


def test_methods_stand_side_by_side_and_each_reviewer_has_a_matrix(judged):
    consensus = figure(judged, "consensus")
    assert consensus.question == "safe", "A preferential question has no true answer."
    assert set(consensus.detail["methods"]) == {"majority", "one-coin", "pooled", "dawid-skene"}
    assert consensus.detail["method"] == "majority"
    assert sum(consensus.detail["prior"].values()) == pytest.approx(1)
    confusions = QualityFigure.objects.filter(project=judged, name="confusion")
    assert {each.reviewer.user.name for each in confusions} == {"Ada", "Ben"}
    for each in confusions:
        assert each.units == 3
        assert 0 <= each.low <= each.value <= each.high <= 1
        for row in each.detail["matrix"].values():
            assert sum(row.values()) == pytest.approx(1, abs=1e-5)


def test_measuring_again_changes_nothing_and_what_is_no_more_goes(judged):
    before = {row.pk: (row.value, row.low, row.units) for row in QualityFigure.objects.filter(project=judged)}
    QualityFigure.objects.create(
        customer=judged.customer,
        project=judged,
        name="agreement",
        question="gone",
        value=1.0,
        measured_at="2020-01-01T00:00Z",
    )
    roll_up_figures(project_id=judged.pk)
    assert {row.pk: (row.value, row.low, row.units) for row in QualityFigure.objects.filter(project=judged)} == before


def test_what_there_is_no_time_for_stays_as_it_was(judged):
    before = QualityFigure.objects.filter(project=judged).count()
    roll_up_figures(project_id=judged.pk, until=0.0)
    assert QualityFigure.objects.filter(project=judged).count() == before


def test_gold_is_told_by_segment_question_and_country(cast):
    project = open_safety(cast, overlap=1)
    hired = hire(project, ["ada", "ben"])
    hired["ada"].country = "DE"
    hired["ada"].save()
    add_gold(project, cast.mira, list(hired.values()), 2)
    for name, is_right in (("ada", True), ("ben", False)):
        for _ in range(2):
            leased = take(hired[name])
            place = Round.objects.get(item_version=leased.item_version_id).item.external_id
            right = truth_of(place)
            said = right if is_right else {"yes": "no", "no": "yes"}[right]
            submit_task(user=hired[name].user, token=leased.token, answers={"safe": said}, seconds=5.0)
    settle()
    assert GoldScore.objects.filter(project=project).count() == 4
    roll_up_figures(project_id=project.pk)
    whole = figure(project, "gold_accuracy", question="", segment="all")
    assert (whole.value, whole.units) == (0.5, 4)
    assert (round(whole.low, 3), round(whole.high, 3)) == (0.15, 0.85)
    assert figure(project, "gold_accuracy", question="safe").value == 0.5
    germany = figure(project, "gold_accuracy", segment="country", segment_value="DE")
    assert (germany.value, germany.high) == (1.0, 1.0)
    shown = figure(project, "reliability")
    assert (shown.units, shown.detail["shown"], shown.detail["target"]) == (2, False, 0.95)


def test_the_jobs_take_each_project_that_is_worked_on(judged):
    assert set(projects_to_measure()) == set(Project.objects.filter(state="open").values_list("pk", flat=True))
    QualityFigure.objects.all().delete()
    figure_jobs.measure_projects()
    settle()
    assert QualityFigure.objects.filter(project=judged).count() > 10


def test_of_two_workers_at_once_one_measures(transactional_db):
    cast = gather_cast()
    project = open_safety(cast)
    add_items(project, cast.mira, 1)
    held, done = threading.Event(), threading.Event()

    def hold():
        with session_lock(ADVISORY_FIGURES, project.pk) as is_alone:
            assert is_alone
            held.set()
            done.wait(30)
        connection.close()

    thread = threading.Thread(target=hold)
    thread.start()
    assert held.wait(30)
    assert roll_up_figures(project_id=project.pk) == 0
    done.set()
    thread.join()
    assert roll_up_figures(project_id=project.pk) > 0
