"""Nobody but the one function erases: neither the runtime role, by raw SQL, nor the owner by a slip."""

import pytest
from django.db import IntegrityError, ProgrammingError, connection, transaction

from config.kernel.models import User
from labeling.models import Erasure
from labeling.services.erasures import erase_person
from labeling.services.invitations import invite_member
from labeling.services.legal_holds import lift_legal_hold, place_legal_hold
from labeling.types import Role
from tests.cast import gather_cast
from tests.erasing import WORD, both, call_erase, plant_word
from tests.traces import empty_files, tables_with


@pytest.fixture
def cast(transactional_db):
    empty_files()
    return gather_cast()


@pytest.fixture
def planted(cast):
    return plant_word(cast)


def refused(kind, *statements):
    with pytest.raises(kind) as error, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("; ".join(statements))
    return str(error.value)


PARTS = (
    "labeling_erase_item(1, 1)", "labeling_erase_content(1, 1)", "labeling_erase_batch(1)", "labeling_erase_person(1, 1, 1)", "labeling_forget_person(1)",
    "labeling_empty_rejects(1)", "labeling_empty_content(1, 1)", "labeling_empty_batch(1)",
    "labeling_empty_item(1, 1)", "labeling_erase_words(1, 1, 1)", "labeling_erase_imported(1, 1, 1)",
    "labeling_forget_identities(ARRAY[1::bigint])",
    "labeling_leave_tombstone(1, 'x', 1, 'x')", "routing_erase_item(1)", "routing_erase_person(1)",
    "quality_erase_item(1, 1)", "quality_erase_person(1, 1, 1)", "quality_empty_item(1, 1)",
    "quality_empty_person(1, 1, 1)", "delivery_erase_item(1)",
    "kernel_erase_answers(ARRAY[1::bigint])", "kernel_erase_person(1)", "kernel_empty_person(1)", "labeling_customers_of_person(1)",
    "quality_customers_of_person(1)",
)  # fmt: skip


@pytest.mark.parametrize("part", PARTS)
def test_the_runtime_role_calls_no_part_of_an_erasure(db, part):
    assert "permission denied for function" in refused(ProgrammingError, f"SELECT {part}")


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE labeling_itemversion SET payload = '{}'",
        "UPDATE labeling_annotation SET rationale = ''",
        "UPDATE quality_resolution SET answers = '{}'",
        "UPDATE delivery_defect SET note = ''",
        "DELETE FROM labeling_itemversion",
        "DELETE FROM labeling_annotation",
        "DELETE FROM labeling_tombstone",
        "DELETE FROM delivery_artifactredaction",
    ],
)
def test_the_runtime_role_cannot_pass_for_an_erasure(db, change):
    assert "permission denied" in refused(ProgrammingError, "SET LOCAL assay.erasing = 'on'", change)


def test_what_the_runtime_role_may_write_to_keeps_what_it_holds(planted):
    erase_person(user=planted.remo.user, reason="Test", actor=both(planted))
    for change, why in (
        ("UPDATE labeling_unplacedanswer SET answers = '{}'", "never change"),
        ("UPDATE labeling_rejectedrow SET excerpt = ''", "never changes"),
        ("DELETE FROM labeling_unplacedanswer", "is kept"),
        ("DELETE FROM labeling_rejectedrow", "never changes"),
        ("DELETE FROM labeling_batch", "A batch is kept"),
        ("DELETE FROM labeling_erasure", "An erasure is remembered"),
    ):
        assert why in refused(IntegrityError, "SET LOCAL assay.erasing = 'on'", change)
    assert {"labeling_unplacedanswer", "labeling_rejectedrow"} <= tables_with(WORD)


def test_not_even_the_owner_changes_content_without_the_function(planted):
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")
    for change in (
        "UPDATE labeling_itemversion SET payload = '{}'",
        "UPDATE labeling_annotation SET rationale = ''",
        "DELETE FROM labeling_annotation",
    ):
        assert "never changes" in refused(IntegrityError, change)
    erasing = "SET LOCAL assay.erasing = 'on'"
    assert "never changes" in refused(IntegrityError, erasing, "UPDATE labeling_annotation SET seconds = 0")
    assert "never changes" in refused(IntegrityError, erasing, "DELETE FROM labeling_annotation")


def test_a_legal_hold_is_neither_deleted_nor_rewritten(cast):
    hold = place_legal_hold(customer=cast.northwind, reason="Kept", actor=cast.mira)
    assert "lifted, not deleted" in refused(IntegrityError, "DELETE FROM labeling_legalhold")
    assert "never change" in refused(IntegrityError, "UPDATE labeling_legalhold SET reason = 'Other'")
    lift_legal_hold(hold=hold, reason="Over", actor=cast.mira)
    assert "never changes" in refused(IntegrityError, "UPDATE labeling_legalhold SET lifted_at = now()")


def test_a_person_is_erased_past_no_legal_hold_whichever_customer_is_named(planted):
    """Of Northwind, Anna has judgments, Dana a membership, Ruth an invitation; each is named with another customer, or none."""
    anna, dana, ruth = planted.anna.user, planted.dana, planted.ruth
    invite_member(customer=planted.northwind, email=ruth.email, role=Role.CUSTOMER_VIEWER, actor=planted.mira)
    hold = place_legal_hold(
        customer=planted.northwind, project=planted.project, reason="The court asks", actor=planted.mira
    )
    for user in (anna, dana, ruth):
        for customer in (None, planted.meridian.pk, planted.northwind.pk):
            with pytest.raises(IntegrityError, match="A legal hold stands: The court asks"), transaction.atomic():
                call_erase("person", user.pk, customer)
        assert User.objects.get(pk=user.pk).email == user.email
    assert not Erasure.objects.exists()
    lift_legal_hold(hold=hold, reason="Over", actor=planted.mira)
    assert call_erase("person", anna.pk, None) is None
    assert User.objects.get(pk=anna.pk).email != anna.email


def test_the_hold_of_a_customer_that_knows_nothing_of_a_person_keeps_nobody(cast):
    place_legal_hold(customer=cast.meridian, reason="The court asks", actor=cast.otto)
    assert call_erase("person", cast.dana.pk, cast.northwind.pk) is not None
    assert User.objects.get(pk=cast.dana.pk).email != "dana@example.org"


def test_the_function_refuses_what_is_not_there(cast):
    for kind, subject, customer, why in (
        ("thing", 1, cast.northwind.pk, "of an item, a person, a batch or an imported person"),
        ("batch", 1, cast.northwind.pk, "no batch 1 without items"),
        ("item", 1, cast.northwind.pk, "has no item"),
        ("imported", 1, cast.northwind.pk, "has no imported person"),
        ("person", 10**9, cast.northwind.pk, "There is no person"),
    ):
        with pytest.raises(IntegrityError, match=why), transaction.atomic():
            call_erase(kind, subject, customer)
    assert not Erasure.objects.exists()
