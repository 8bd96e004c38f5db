"""What the database itself refuses, tried by raw SQL as the runtime role and, where a trigger stands, as the owner."""

import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import IntegrityError, ProgrammingError, connection, transaction

from config.kernel import roles
from delivery.models import ArtifactRedaction
from labeling import types as labeling
from labeling.models import Annotation, ColumnMapping, Erasure, Tombstone
from labeling.services.judgments import invalidate_annotation
from quality.services.rulings import answer_ruling, ask_for_ruling, mark_ruling_read
from routing.models import Escalation, EscalationStep, Lease
from routing.services.availability import offer_availability
from routing.services.enrolments import grant_qualification
from routing.services.levels import create_calendar, set_routing, set_service_level
from routing.types import LeaseState
from tests.cast import gather_cast
from tests.factories import freeze, resolve_items, take, upload_items
from tests.house.tables import IMMUTABLE, MACHINES, NOT_DELIVERED


def key_of(table):
    """The primary key, by which a test tries to write a row over itself: histories have pghistory's."""
    return "pgh_id" if table.endswith("change") else "id"


def run(statement, *parameters):
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return cursor.fetchall() if cursor.description else cursor.rowcount


def refused(kind, statement, *parameters):
    with pytest.raises(kind) as error, transaction.atomic():
        run(statement, *parameters)
    return str(error.value)


@pytest.fixture
def delivered(transactional_db):
    """An accepted path up to a frozen release, so that every immutable table but one has rows."""
    cast = gather_cast()
    resolve_items(cast.project, cast.mira, [cast.anna, cast.bela, cast.cleo], count=2)
    invalidate_annotation(annotation=Annotation.objects.first(), reason="Test", actor=cast.mira)
    cast.release = freeze(cast.project, cast.dana)
    owned = {"customer": cast.northwind, "project": cast.project}
    ColumnMapping.objects.create(**owned, name="csv", number=1, document={}, digest="0" * 64, created_by=cast.dana)
    grant_qualification(reviewer=cast.anna, skill="medical", level=2, reason="Test", actor=cast.mira)
    offer_availability(reviewer=cast.anna, changes={"daily_limit": 100})
    cause = {"kind": "nobody", "severity": "warning", "subject": "pool", "subject_id": 0}
    escalation = Escalation.objects.create(**owned, **cause, message="Test")
    EscalationStep.objects.create(customer=cast.northwind, escalation=escalation, what="Test")
    calendar = create_calendar(
        customer=cast.northwind, name="Test", time_zone="UTC", hours=[], holidays=[], actor=cast.mira
    )
    set_service_level(project=cast.project, calendar=calendar, turnaround_hours=8, actor=cast.mira)
    set_routing(project=cast.project, escalate_after_skips=2, actor=cast.mira)
    lease = Lease.objects.filter(reviewer=cast.anna).first()
    ruling, _ = ask_for_ruling(lease=lease, clause="true", question="Test?", actor=cast.anna.user)
    mark_ruling_read(ruling=answer_ruling(ruling=ruling, answer="Test", actor=cast.mira), reviewer=cast.anna)
    erasure = Erasure.objects.create(customer=cast.northwind, kind="item", subject_id=0, reason="Test")
    Tombstone.objects.create(
        customer=cast.northwind, erasure=erasure, subject="test", subject_id=0, keyed_digest="0" * 64
    )
    ArtifactRedaction.objects.create(
        **owned, artifact=cast.release.artifacts.first(), pieces=[], bytes=0, sha256="0" * 64
    )
    return cast


def test_the_tests_run_as_the_runtime_role(cast):
    assert run("SELECT current_user")[0][0] == settings.RUNTIME_ROLE["USER"]
    if settings.RUNTIME_ROLE["USER"] == settings.DATABASES["default"]["USER"]:
        raise ImproperlyConfigured("The owner is the runtime role; these tests would prove nothing.")


def test_the_immutable_tables_are_these(db):
    assert {row[0] for row in run(roles.IMMUTABLE_TABLES)} == IMMUTABLE


@pytest.mark.parametrize("table", sorted(IMMUTABLE))
def test_the_runtime_role_neither_updates_nor_deletes_what_is_immutable(db, table):
    assert "permission denied" in refused(ProgrammingError, f"UPDATE {table} SET {key_of(table)} = {key_of(table)}")
    assert "permission denied" in refused(ProgrammingError, f"DELETE FROM {table}")
    assert "permission denied" in refused(ProgrammingError, f"TRUNCATE {table} CASCADE")


def test_not_even_the_owner_changes_what_is_immutable(delivered):
    run("RESET ROLE")
    for table in sorted(IMMUTABLE - NOT_DELIVERED):
        assert run(f"SELECT count(*) FROM {table}")[0][0] > 0, table
        assert "never changes" in refused(IntegrityError, f"UPDATE {table} SET {key_of(table)} = {key_of(table)}")
        assert "never changes" in refused(IntegrityError, f"DELETE FROM {table}")


def test_the_runtime_role_owns_nothing_and_makes_nothing(db):
    assert "permission denied" in refused(ProgrammingError, "CREATE TABLE public.mine (id int)")
    assert "must be owner" in refused(ProgrammingError, "ALTER TABLE labeling_item DISABLE TRIGGER ALL")
    assert "must be owner" in refused(ProgrammingError, "DROP TABLE labeling_draft")
    assert "permission denied" in refused(ProgrammingError, "DELETE FROM django_migrations")
    assert "permission denied" in refused(ProgrammingError, "UPDATE pghistory_context SET metadata = '{}'")
    assert (
        run("SELECT count(*) FROM pg_class WHERE relowner = (SELECT oid FROM pg_roles WHERE rolname = current_user)")[
            0
        ][0]
        == 0
    )


@pytest.mark.parametrize("table", sorted(MACHINES))
def test_the_database_knows_the_edges_of_the_state_machine(db, table):
    arguments = run("SELECT tgargs FROM pg_trigger WHERE tgname = 'state_edges' AND tgrelid = %s::regclass", table)
    known = bytes(arguments[0][0]).decode().rstrip("\x00").split("\x00")
    assert known == MACHINES[table].pairs()


def test_every_table_with_a_state_has_its_edges_guarded(db):
    with_state = {
        row[0]
        for row in run(
            "SELECT table_name FROM information_schema.columns WHERE column_name = 'state' AND table_schema = 'public'"
            " AND table_name ~ '^(kernel|labeling|routing|quality|delivery)_' AND table_name !~ 'change$'"
        )
    }
    assert with_state == MACHINES.keys()


def test_a_state_moves_along_its_edges_only(delivered):
    assert "cannot go from completed to open" in refused(
        IntegrityError,
        "UPDATE labeling_task SET state = 'open', completed_at = NULL WHERE state = 'completed'",
    )
    assert "cannot go from resolved to accepted" in refused(
        IntegrityError, "UPDATE labeling_item SET state = 'accepted' WHERE state = 'resolved'"
    )


def test_an_item_is_accepted_and_a_lease_live_first(delivered):
    item = (
        "INSERT INTO labeling_item (customer_id, project_id, batch_id, public_id, external_id, state) SELECT customer_id,"
        " project_id, batch_id, gen_random_uuid(), %s, %s FROM labeling_item LIMIT 1"
    )
    for state in sorted({*labeling.ItemState} - {"accepted", "in_progress"}):
        assert "accepted first" in refused(IntegrityError, item, state, state)
    assert run(item, "accepted", "accepted") == 1
    for state in sorted({*LeaseState} - {"live"}):
        assert "live first" in refused(
            IntegrityError,
            "INSERT INTO routing_lease (customer_id, project_id, task_id, round_id, reviewer_id, guideline_id, token, state,"
            " until, why, ended_at) SELECT customer_id, project_id, task_id, round_id, reviewer_id, guideline_id,"
            " gen_random_uuid(), %s, until, why, ended_at FROM routing_lease LIMIT 1",
            state,
        )


def test_a_frozen_release_takes_nothing_more_and_loses_nothing(delivered):
    assert "never changes" in refused(IntegrityError, "UPDATE delivery_release SET content_digest = 'x'")
    assert "never changes" in refused(IntegrityError, "DELETE FROM delivery_release")
    assert "only while the release is being frozen" in refused(
        IntegrityError,
        "INSERT INTO delivery_artifact (customer_id, project_id, release_id, name, media_type, pieces, bytes, sha256)"
        " SELECT customer_id, project_id, release_id, 'more', media_type, pieces, bytes, sha256 FROM delivery_artifact"
        " LIMIT 1",
    )


def test_every_trigger_function_reads_the_schema_before_temporary_tables(db):
    assert (
        run(
            "SELECT proname FROM pg_proc WHERE prorettype = 'trigger'::regtype AND pronamespace = 'public'::regnamespace"
            " AND NOT coalesce('search_path=public, pg_temp' = ANY(proconfig), false)"
        )
        == []
    )


def test_a_temporary_table_does_not_stand_for_the_one_a_guard_reads(delivered):
    """By row (the release's state, the customer of a parent) and by statement (the parents of all rows inserted)."""
    for shadow, insert, said in (
        (
            "CREATE TEMPORARY TABLE delivery_release ON COMMIT DROP AS SELECT id, customer_id, project_id,"
            " 'requested'::text AS state FROM public.delivery_release",
            "INSERT INTO public.delivery_artifact (customer_id, project_id, release_id, name, media_type, pieces, bytes,"
            " sha256) SELECT customer_id, project_id, release_id, 'more', media_type, pieces, bytes, sha256"
            " FROM public.delivery_artifact LIMIT 1",
            "only while the release is being frozen",
        ),
        (
            "CREATE TEMPORARY TABLE labeling_project ON COMMIT DROP AS"
            f" SELECT id, {delivered.meridian.pk}::bigint AS customer_id FROM public.labeling_project",
            "INSERT INTO public.labeling_item (customer_id, project_id, batch_id, public_id, external_id, state)"
            f" SELECT {delivered.meridian.pk}, project_id, batch_id, gen_random_uuid(), 'shadowed', 'accepted'"
            " FROM public.labeling_item LIMIT 1",
            "labeling_item.project_id",
        ),
    ):
        with transaction.atomic():
            run(shadow)
            assert said in refused(IntegrityError, insert)


def test_published_documents_never_change(cast):
    assert "never changes" in refused(IntegrityError, "UPDATE labeling_guidelineversion SET clauses = '[]'")
    assert "never changes" in refused(IntegrityError, "UPDATE labeling_formversion SET document = '{}'")
    assert "never changes" in refused(IntegrityError, "DELETE FROM labeling_formversion")


def test_one_guideline_is_in_force(cast):
    message = refused(
        IntegrityError,
        "INSERT INTO labeling_guidelineversion (customer_id, project_id, number, state, change_kind, summary, clauses,"
        " examples, redo, decline_reason, digest, in_force, published_at) SELECT customer_id, project_id, 9, state,"
        " change_kind, summary, clauses, examples, redo, decline_reason, digest, in_force, published_at FROM labeling_guidelineversion LIMIT 1",
    )
    assert "guideline_one_in_force" in message


def test_a_task_has_one_live_lease_and_a_reviewer_one_in_a_round(cast):
    upload_items(cast.project, cast.mira)
    take(cast.anna)
    columns = "customer_id, project_id, task_id, round_id, reviewer_id, guideline_id, token, state, until, why"
    again = (
        f"INSERT INTO routing_lease ({columns}) SELECT customer_id, project_id, {{task}}, round_id, {{reviewer}},"
        " guideline_id, gen_random_uuid(), state, until, why FROM routing_lease"
    )
    assert "lease_one_live_a_task" in refused(IntegrityError, again.format(task="task_id", reviewer=cast.bela.pk))
    other = run("SELECT id FROM labeling_task WHERE state = 'open' LIMIT 1")[0][0]
    assert "lease_one_live_a_reviewer_and_round" in refused(
        IntegrityError, again.format(task=other, reviewer="reviewer_id")
    )


def test_slots_and_first_judgments_are_unique(delivered):
    assert "never change" in refused(IntegrityError, "UPDATE labeling_task SET slot = 0")
    columns = (
        "customer_id, project_id, task_id, round_id, item_version_id, reviewer_id, guideline_id, form_id, code_version,"
        " answers, rationale, presented, seconds, origin"
    )
    copied = f"INSERT INTO labeling_annotation (public_id, submission, supersedes_id, {columns}) SELECT gen_random_uuid(), gen_random_uuid(), {{supersedes}}, {columns} FROM labeling_annotation WHERE id = {{id}}"
    first, other = Annotation.objects.order_by("id")[:2]
    assert "annotation_once_a_round" in refused(IntegrityError, copied.format(supersedes="NULL", id=first.pk))
    assert "same reviewer and round" in refused(IntegrityError, copied.format(supersedes=other.pk, id=first.pk))
    assert run(copied.format(supersedes=first.pk, id=first.pk)) == 1
    assert "supersedes_id" in refused(IntegrityError, copied.format(supersedes=first.pk, id=first.pk))


def test_no_row_changes_its_customer(delivered):
    for table in (
        "labeling_item",
        "labeling_task",
        "labeling_round",
        "labeling_batch",
        "routing_lease",
        "delivery_release",
    ):
        refused(IntegrityError, f"UPDATE {table} SET customer_id = %s", delivered.meridian.pk)
    refused(
        IntegrityError,
        "UPDATE labeling_project SET customer_id = %s WHERE slug = 'pairs'",
        delivered.meridian.pk,
    )


def test_no_row_is_born_under_another_customer_than_its_parents(cast):
    upload_items(cast.project, cast.mira)
    assert "belongs to another customer" in refused(
        IntegrityError,
        "INSERT INTO labeling_itemversion (customer_id, item_id, number, payload, language, domain, difficulty, provenance,"
        " metadata, digest) SELECT %s, item_id, 2, payload, language, domain, difficulty, provenance, metadata, digest"
        " FROM labeling_itemversion",
        cast.meridian.pk,
    )


def test_rows_that_come_by_the_hundred_are_checked_all_the_same(cast):
    """Items, versions and staged rows are checked by statement: one wrong row among many refuses them all."""
    upload_items(cast.project, cast.mira, 2)
    upload_items(cast.foreign_project, cast.otto)
    columns = "customer_id, project_id, batch_id, public_id, external_id, state, current_version_id"
    insert = (
        f"INSERT INTO labeling_item ({columns}) SELECT customer_id, {{project}}, {{batch}}, gen_random_uuid(), 'new-' || id,"
        " 'accepted', {version} FROM labeling_item WHERE project_id = %s"
    )
    own = {"project": "project_id", "batch": "batch_id", "version": "NULL"}
    for wrong, said in (
        (
            {"project": f"CASE WHEN external_id = 'item-001' THEN {cast.foreign_project.pk} ELSE project_id END"},
            "another customer",
        ),
        (
            {"batch": f"(SELECT id FROM labeling_batch WHERE project_id = {cast.foreign_project.pk})"},
            "another customer",
        ),
        ({"version": "current_version_id"}, "must be a version of the item"),
    ):
        assert said in refused(IntegrityError, insert.format(**{**own, **wrong}), cast.project.pk)
    assert "must be a version of the item" in refused(
        IntegrityError,
        "UPDATE labeling_item i SET current_version_id = (SELECT max(id) FROM labeling_itemversion) WHERE project_id = %s",
        cast.project.pk,
    )
    assert "another customer" in refused(
        IntegrityError,
        "INSERT INTO labeling_stagedrow (customer_id, batch_id, line, external_id, payload, language, domain, difficulty,"
        " provenance, metadata, digest) SELECT %s, id, 1, 'x', '{}', 'en', 'x', 1, 'human', '{}', 'x' FROM labeling_batch",
        cast.northwind.pk,
    )


def test_every_tenant_row_has_its_customer(db):
    """Every table that leads to a customer by a foreign key of its own has customer_id, and it is never null."""
    nullable = run(
        "SELECT table_name FROM information_schema.columns WHERE column_name = 'customer_id' AND is_nullable = 'YES'"
        " AND table_schema = 'public' AND table_name <> 'kernel_event'"
    )
    assert nullable == []


def test_nothing_refers_to_events_or_the_access_log(db):
    assert (
        run(
            "SELECT conname FROM pg_constraint WHERE contype = 'f'"
            " AND (confrelid IN ('kernel_event'::regclass, 'labeling_accesslog'::regclass)"
            "      OR conrelid IN ('kernel_event'::regclass, 'labeling_accesslog'::regclass))"
        )
        == []
    )
