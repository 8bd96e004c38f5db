"""An erased person leaves no name and no words, and keeps their choices under a pseudonym."""

import pytest
from django.test import Client

from config.kernel.errors import Conflict, NotAllowed
from config.kernel.models import Event, User
from labeling.models import Annotation, Flag, Reviewer, Tombstone
from labeling.services.erasures import erase_person
from labeling.services.people import add_member
from labeling.services.triage import confirm_flag
from labeling.types import Role
from routing.services.leases import keep_draft, skip_task
from tests.cast import gather_cast
from tests.erasing import WORD, both
from tests.factories import freeze, item_row, judge, settle, take, upload
from tests.traces import empty_files, files_with, tables_with


@pytest.fixture
def cast(transactional_db):
    empty_files()
    return gather_cast()


@pytest.fixture
def remembered(cast):
    """A reviewer whose name, address, country and words are unique, at work for Northwind."""
    User.objects.filter(pk=cast.anna.user_id).update(name="Quirina Zweifel", email="quirina@zweifel.example")
    Reviewer.objects.filter(pk=cast.anna.pk).update(country="LI")
    cast.anna.refresh_from_db()
    cast.anna.user.refresh_from_db()
    upload(cast.project, cast.dana, item_row("one"), item_row("two"), item_row("three"))
    for reviewer in (cast.anna, cast.bela, cast.cleo):
        judge(reviewer, "a", rationale=f"{WORD} of {reviewer.user.name}")
    settle()
    cast.release = freeze(cast.project, cast.dana)
    skip_task(user=cast.anna.user, token=take(cast.anna).token, reason=WORD)
    keep_draft(user=cast.anna.user, token=take(cast.anna).token, answers={"rationale": WORD})
    cast.key("anna")
    return cast


def test_an_erased_person_leaves_no_name_and_no_words_and_keeps_their_choices(remembered):
    anna = remembered.anna
    [erasure] = erase_person(user=anna.user, reason="Asked for", actor=remembered.mira)
    settle()
    erasure.refresh_from_db()
    assert erasure.finished_at is not None
    for word in ("Quirina", "Zweifel", "zweifel.example"):
        assert (tables_with(word), files_with(word)) == (set(), set())
    annotation = Annotation.objects.get(reviewer=anna)
    assert (annotation.answers, annotation.rationale) == ({"preference": {"choice": "a"}}, "")
    assert set(Annotation.objects.exclude(reviewer=anna).values_list("rationale", flat=True)) == {
        f"{WORD} of Bela",
        f"{WORD} of Cleo",
    }
    assert Tombstone.objects.get(subject="labeling_annotation").subject_id == annotation.pk
    anna.refresh_from_db()
    user = User.objects.get(pk=anna.user_id)
    assert (anna.country, anna.languages, anna.is_active) == ("", [], False)
    assert (user.name, user.email, user.is_active) == (
        "Erased person",
        f"erased-{user.public_id}@invalid.example",
        False,
    )
    assert not user.has_usable_password()
    assert remembered.project.enrolments.get(reviewer=anna).ended_at is not None
    assert tables_with(WORD) == {"labeling_annotation"}


def test_what_was_said_of_flags_on_an_erased_persons_words_goes_with_them(remembered):
    mine, other = Annotation.objects.get(reviewer=remembered.anna), Annotation.objects.get(reviewer=remembered.bela)
    for annotation in (mine, other):
        flag = Flag.objects.create(
            customer=remembered.northwind, project=remembered.project, annotation=annotation, kind="personal_data",
            field="rationale", detail={"pattern": "email", "count": 1},
        )  # fmt: skip
        confirm_flag(flag=flag, reason="They name quirina@zweifel.example", actor=remembered.mira)
    erase_person(user=remembered.anna.user, reason="Asked for", actor=remembered.mira)
    flag = Flag.objects.get(annotation=mine)
    assert (flag.state, flag.decided_by, flag.reason) == ("confirmed", remembered.mira, "")
    assert Flag.objects.get(annotation=other).reason == "They name quirina@zweifel.example"


def test_a_customers_own_person_is_erased_with_their_keys(cast):
    bearer = cast.bearer("dana")
    User.objects.filter(pk=cast.dana.pk).update(name="Quirina Zweifel", email="quirina@zweifel.example")
    cast.dana.refresh_from_db()
    assert Client().get("/api/v1/projects", headers=bearer).status_code == 200
    [erasure] = erase_person(user=cast.dana, reason="Left", actor=cast.mira)
    assert (erasure.kind, erasure.subject_id, erasure.customer) == ("person", cast.dana.pk, cast.northwind)
    assert Client().get("/api/v1/projects", headers=bearer).status_code == 401
    assert tables_with("uirina") == set()


def test_a_person_of_nobody_is_erased_too(cast):
    user = User.objects.create_user("quirina@zweifel.example", "secret", name="Quirina", surface="desk")
    with pytest.raises(NotAllowed, match="superuser"):
        erase_person(user=user, reason="Never came", actor=cast.mira)
    boss = User.objects.create_superuser("boss@example.org", "boss-password", name="Boss")
    with pytest.raises(NotAllowed):
        erase_person(user=boss, reason="A rival", actor=cast.mira)
    assert erase_person(user=user, reason="Never came", actor=boss) == []
    assert tables_with("uirina") == set()
    assert Event.objects.get(kind="person.erased").subject_id == user.pk


def test_a_person_of_several_customers_is_erased_by_who_manages_all_of_them(remembered):
    user = remembered.anna.user
    add_member(
        user=user,
        customer=remembered.meridian,
        project=remembered.foreign_project,
        role=Role.REVIEWER,
        actor=None,
    )
    with pytest.raises(NotAllowed):
        erase_person(user=user, reason="Asked for", actor=remembered.mira)
    with pytest.raises(Conflict, match="yourself"):
        erase_person(user=remembered.mira, reason="Tired", actor=remembered.mira)
    assert tables_with("Quirina") != set()
    made = erase_person(user=user, reason="Asked for", actor=both(remembered))
    assert {erasure.customer for erasure in made} == {remembered.northwind, remembered.meridian}
    assert len({erasure.request for erasure in made}) == 1
    assert tables_with("Quirina") == set()
