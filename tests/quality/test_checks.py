"""Signs of low effort and contradictions: each asks a person to look, and touches nobody's trust."""

from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.db.utils import IntegrityError

from config.kernel.errors import Invalid, TransitionRefused
from labeling.models import Annotation
from quality.models import Check
from quality.services.checks import confirm_check, dismiss_check, look_at_answers
from quality.signs import first_answer, meanings_of, words_of
from routing.models import Enrolment
from routing.services.enrolments import enrol_reviewer
from routing.services.submits import submit_task
from tests.cast import FORM, open_new_project
from tests.factories import item_row, judge, let_leases_age, settle, take, upload, upload_items

RATED = {
    **FORM,
    "questions": [
        *FORM["questions"],
        {
            "id": "quality", "type": "rating", "text": "How good is it?", "nature": "preferential", "required": False,
            "each_response": True, "scale": [{"value": n, "text": str(n)} for n in (1, 2, 3)],
        },
    ],
}  # fmt: skip
HARM = {
    "title": "Harm",
    "questions": [
        {
            "id": "verdict", "type": "choice", "text": "Is it safe?", "nature": "objective",
            "options": [{"value": "safe", "text": "Safe"}, {"value": "unsafe", "text": "Unsafe"}],
        },
        {"id": "safety_critique", "type": "critique", "text": "What is harmful?", "nature": "preferential"},
    ],
}  # fmt: skip


def kinds():
    return list(Check.objects.order_by("pk").values_list("kind", flat=True))


def test_first_and_rated_lowest_is_a_contradiction_that_a_person_decides(cast):
    project = open_new_project(cast.northwind, "rated", cast.mira, form=RATED)
    enrol_reviewer(project=project, reviewer=cast.anna, actor=None)
    upload_items(project, cast.mira, 2)
    trust = Enrolment.objects.get(project=project).trust
    for rated in ({"a": 1, "b": 3}, {"a": 3, "b": 1}):
        answers = {"preference": {"choice": "a"}, "quality": rated}
        submit_task(user=cast.anna.user, token=take(cast.anna).token, answers=answers, seconds=5.0)
    settle()
    [check] = Check.objects.all()
    assert (check.kind, check.state, check.reviewer) == ("contradiction", "open", cast.anna)
    assert check.sentence == (
        'Response a comes first at "Which response is better?" and is rated lowest at "How good is it?".'
    )
    look_at_answers(annotation_ids=Annotation.objects.values_list("pk", flat=True))
    assert kinds() == ["contradiction"]
    with pytest.raises(Invalid, match="Say what you found"):
        confirm_check(check=check, reason=" ", actor=cast.mira)
    confirm_check(check=check, reason="A slip", actor=cast.mira)
    with pytest.raises(TransitionRefused):
        dismiss_check(check=check, reason="Changed my mind", actor=cast.mira)
    check.refresh_from_db()
    assert (check.state, check.decided_by, check.reason) == ("confirmed", cast.mira, "A slip")
    assert Enrolment.objects.get(project=project).trust == trust
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")
        with pytest.raises(IntegrityError, match="never changes"), transaction.atomic():
            cursor.execute("UPDATE quality_check SET reason = 'Other'")


def test_a_rationale_that_is_one_of_the_responses_is_copied(cast):
    text = "The capital of France has been the city of Paris for most of the time since the year 508."
    upload(
        cast.project, cast.mira, item_row("long", responses=[{"key": "a", "text": text}, {"key": "b", "text": "Lyon."}])
    )
    judge(cast.anna, rationale=text)
    settle()
    assert kinds() == ["copied"]
    assert Check.objects.get().sentence == "100% of the text stands word for word in response a."


def test_whoever_is_far_faster_than_the_others_is_looked_at_once(cast):
    upload_items(cast.project, cast.mira, 25)
    for who, seconds in ((cast.bela, 30.0), (cast.cleo, 40.0)):
        for _ in range(25):
            token = take(who).token
            let_leases_age(timedelta(minutes=1))
            submit_task(user=who.user, token=token, answers={"preference": {"choice": "a"}}, seconds=seconds)
    settle()
    assert not Check.objects.exists()
    for _ in range(4):
        token = take(cast.anna).token
        let_leases_age(timedelta(minutes=1))
        submit_task(user=cast.anna.user, token=token, answers={"preference": {"choice": "a"}}, seconds=1.0)
        settle()
    assert kinds() == ["too_fast"]
    [check] = Check.objects.all()
    assert check.sentence == "4 of 4 judgments took less time than 95% of others need for such items."
    dismiss_check(check=check, reason="They know these items", actor=cast.mira)
    judge(cast.anna)
    settle()
    assert kinds() == ["too_fast"]
    assert Enrolment.objects.get(reviewer=cast.anna).trust == "probation"


def test_a_form_is_read_by_the_names_it_gives():
    [exclusion] = meanings_of(HARM).exclusions
    assert (exclusion.question, sorted(exclusion.values), exclusion.excluded) == (
        "verdict",
        ["safe"],
        "safety_critique",
    )
    assert meanings_of(FORM).exclusions == ()


def test_an_answer_is_told_by_its_place_and_texts_by_their_words():
    assert first_answer(FORM, {"preference": {"choice": "b"}}, ["b", "a"]) == "place 1"
    assert first_answer(FORM, {"preference": {"choice": "tie"}}, ["b", "a"]) == "tie"
    assert first_answer(HARM, {"verdict": "safe"}, []) == '"safe"'
    assert words_of(HARM, {"safety_critique": {"a": "It tells how."}}, "Clearly.") == "It tells how. Clearly."
