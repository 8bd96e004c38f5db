"""Annotations supersede, and never change: the author appends a correction while it is time."""

from datetime import timedelta

import pytest

from config.kernel.errors import Conflict, NotAllowed
from config.kernel.models import Event
from labeling.forms import InvalidAnswers
from labeling.models import Annotation
from labeling.selectors import counting_annotations_of
from labeling.services.judgments import invalidate_annotation, supersede_annotation
from tests.factories import judge, let_answers_age, prefer, upload_items


@pytest.fixture
def judged(cast):
    upload_items(cast.project, cast.mira)
    judge(cast.anna, "a")
    return cast, Annotation.objects.get()


def correct(annotation, actor, choice="b", **more):
    return supersede_annotation(annotation=annotation, answers=prefer(choice, **more), actor=actor)


def test_a_correction_counts_in_place_of_what_it_supersedes(judged):
    cast, first = judged
    made = correct(first, cast.anna.user, rationale="I misread it")
    assert (made.supersedes, made.answers, made.rationale) == (first, {"preference": {"choice": "b"}}, "I misread it")
    assert (made.round_id, made.task_id, made.guideline_id, made.origin) == (
        first.round_id,
        first.task_id,
        first.guideline_id,
        "human",
    )
    first.refresh_from_db()
    assert first.answers == {"preference": {"choice": "a"}}
    assert list(counting_annotations_of([first.round_id])) == [made]
    event = Event.objects.get(kind="annotation.superseded")
    assert (event.subject_id, event.data, event.actor_id) == (
        made.pk,
        {"supersedes": first.pk, "round": first.round_id},
        cast.anna.user_id,
    )


def test_a_correction_can_be_corrected_and_the_first_only_once(judged):
    cast, first = judged
    made = correct(first, cast.anna.user)
    with pytest.raises(Conflict, match="corrected before"):
        correct(first, cast.anna.user)
    correct(made, cast.anna.user, "tie")
    assert Annotation.objects.count() == 3


def test_only_the_author_corrects_and_only_as_the_form_allows(judged):
    cast, first = judged
    for actor in (cast.bela.user, cast.mira, cast.dana):
        with pytest.raises(NotAllowed):
            correct(first, actor)
    with pytest.raises(InvalidAnswers):
        correct(first, cast.anna.user, "z")
    assert Annotation.objects.count() == 1


def test_what_was_invalidated_or_said_long_ago_stands(judged):
    cast, first = judged
    for reviewer in (cast.bela, cast.cleo):
        judge(reviewer)
    last = Annotation.objects.get(reviewer=cast.cleo)
    invalidate_annotation(annotation=last, reason="Test", actor=cast.mira)
    with pytest.raises(Conflict, match="invalidated"):
        correct(last, cast.cleo.user)
    let_answers_age(timedelta(minutes=30))
    with pytest.raises(Conflict, match="time for corrections is over"):
        correct(first, cast.anna.user)
    assert Annotation.objects.filter(supersedes__isnull=False).count() == 0
