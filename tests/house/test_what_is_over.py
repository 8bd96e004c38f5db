"""What the database itself refuses of what is over, tried by raw SQL as the runtime role; the services go on working."""

import pytest
from django.db import IntegrityError, connection, transaction

from labeling.models import Batch, GuidelineAcknowledgement, GuidelineVersion, Round
from labeling.services.acknowledgements import acknowledge_guideline
from labeling.services.guidelines import propose_guideline, publish_guideline
from labeling.services.rounds import documents_in_force
from routing.models import Enrolment, Lease
from routing.services.enrolments import end_enrolment, enrol_reviewer
from routing.services.leases import expire_leases, skip_task
from routing.services.submits import submit_task
from tests.cast import CLAUSES, gather_cast
from tests.factories import item_row, judge, prefer, resolve_items, take, upload, upload_items


def run(statement, *parameters):
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return cursor.rowcount


def refused(statement, *parameters):
    """Try it in a transaction of its own, up to what is checked when that commits; return the refusal."""
    with pytest.raises(IntegrityError) as error, transaction.atomic():
        run_to_the_end(statement, *parameters)
    return str(error.value)


def run_to_the_end(statement, *parameters):
    run(statement, *parameters)
    run("SET CONSTRAINTS ALL IMMEDIATE")
    run("SET CONSTRAINTS ALL DEFERRED")


IN_FORCE = "UPDATE labeling_guidelineversion SET in_force = {} WHERE project_id = %s AND number = %s"


@pytest.mark.parametrize(
    ("to", "why"),
    [
        ("tstzrange(lower(in_force), clock_timestamp() + interval '1 hour')", "stays in force until the next"),
        ("tstzrange(lower(in_force), lower(in_force) + interval '1 us')", "stays in force until the next"),
        ("'empty'", "keeps the day it began"),
        ("tstzrange(NULL, NULL)", "keeps the day it began"),
    ],
)
def test_the_guideline_in_force_stays_so(cast, to, why):
    assert why in refused(IN_FORCE.format(to), cast.project.pk, 1)
    assert documents_in_force(cast.project).guideline.number == 1


PUBLISH = """
UPDATE labeling_guidelineversion v SET
    in_force = CASE WHEN v.id = given.ends THEN tstzrange(lower(v.in_force), now() + given.ended) ELSE tstzrange(now() + given.begins, NULL) END,
    state = 'published', published_at = COALESCE(v.published_at, now())
FROM (SELECT %s::bigint AS ends, %s::bigint AS follows, %s::interval AS ended, %s::interval AS begins) given
WHERE v.id IN (given.ends, given.follows)
"""


def test_what_was_in_force_stays_as_it_was_and_a_later_version_follows(cast):
    second = publish_guideline(project=cast.project, clauses=CLAUSES, actor=cast.dana)
    for to in ("tstzrange(lower(in_force), NULL)", "tstzrange(lower(in_force), upper(in_force) - interval '1 us')"):
        assert "once, and not in the past" in refused(IN_FORCE.format(to), cast.project.pk, 1)
    draft = propose_guideline(project=cast.project, clauses=CLAUSES, actor=cast.dana)
    assert "stays in force until the next one" in refused(PUBLISH, second.pk, draft.pk, "1 day", "2 days")
    assert documents_in_force(cast.project).guideline == second
    assert GuidelineVersion.objects.get(pk=draft.pk).state == "draft"


def test_no_guideline_is_ended_in_the_past(transactional_db):
    cast = gather_cast()
    draft = propose_guideline(project=cast.project, clauses=CLAUSES, actor=cast.dana)
    first = documents_in_force(cast.project).guideline
    assert "not in the past" in refused(PUBLISH, first.pk, draft.pk, "-1 ms", "-1 ms")
    assert documents_in_force(cast.project).guideline == first
    run_to_the_end(PUBLISH, first.pk, draft.pk, "0 s", "0 s")
    assert documents_in_force(cast.project).guideline == draft


ACKNOWLEDGE = (
    "INSERT INTO labeling_guidelineacknowledgement (customer_id, project_id, guideline_id, number, reviewer_id)"
    " SELECT customer_id, project_id, id, {number}, %s FROM labeling_guidelineversion WHERE id = %s"
)


def test_nobody_acknowledges_another_projects_guideline_or_one_that_there_is_not(cast):
    first = cast.project.guidelines.get()
    draft = propose_guideline(project=cast.project, clauses=CLAUSES, actor=cast.dana)
    enrol_reviewer(project=cast.foreign_project, reviewer=cast.anna, actor=None)
    count = GuidelineAcknowledgement.objects.count()
    for reviewer, guideline, number, why in (
        (cast.remo, first, "number", "belongs to its project"),
        (cast.anna, first, "7", "has been in force"),
        (cast.anna, draft, "number", "has been in force"),
    ):
        assert why in refused(ACKNOWLEDGE.format(number=number), reviewer.pk, guideline.pk)
    assert "has been in force" in refused(
        "INSERT INTO labeling_guidelineacknowledgement (customer_id, project_id, guideline_id, number, reviewer_id)"
        " VALUES (%s, %s, %s, 1, %s)",
        *(cast.meridian.pk, cast.foreign_project.pk, first.pk, cast.anna.pk),
    )
    assert GuidelineAcknowledgement.objects.count() == count
    acknowledge_guideline(reviewer=cast.anna, project=cast.foreign_project, number=1)
    assert GuidelineAcknowledgement.objects.count() == count + 1


@pytest.mark.parametrize(
    "change", ["judgments_needed = 1", "closed_at = now()", "stage = 'pilot'", "reason = 'gold'", "closed_at = NULL"]
)
def test_a_closed_round_stays_as_it_was_closed(cast, change):
    resolve_items(cast.project, cast.mira, [cast.anna, cast.bela, cast.cleo])
    assert "A closed round never changes" in refused(f"UPDATE labeling_round SET {change}")
    assert "A closed round never changes" in refused("DELETE FROM labeling_round")
    assert Round.objects.values_list("state", "judgments_needed").get() == ("resolved", 3)


READ = (
    "source_path = 'elsewhere'", "name = 'x'", "stage = 'pilot'", "created_at = now()", "finished_at = now()",
    "rows_read = rows_read + 1, rejected = rejected + 1", "items_created = 0, duplicates = 1", "fault = 'x'",
    "uploaded_by_id = uploaded_by_id + 1",
)  # fmt: skip


@pytest.mark.parametrize("change", READ)
def test_what_a_batch_was_made_of_stays_as_it_was_read(cast, change):
    batch = upload(cast.project, cast.dana, b"not JSON", item_row())
    assert batch.state == "accepted"
    before = Batch.objects.filter(pk=batch.pk).values().get()
    assert "stays as it was read" in refused(f"UPDATE labeling_batch SET {change}")
    assert run("UPDATE labeling_batch SET source_erased_at = now()") == 1
    assert "stays as it was read" in refused("UPDATE labeling_batch SET source_erased_at = NULL")
    after = Batch.objects.filter(pk=batch.pk).values().get()
    assert after | {"source_erased_at": None} == before


ENDED = (
    "until = now() + interval '1 day'", "skip_reason = 'Other'", "ended_at = now() + interval '1 day'",
    "token = gen_random_uuid()", "why = '{}'", "guideline_id = guideline_id", "state = 'live', ended_at = NULL",
)  # fmt: skip


@pytest.mark.parametrize("change", ENDED)
def test_a_lease_stays_as_it_ended_and_is_kept(cast, change):
    upload_items(cast.project, cast.mira, 2)
    judge(cast.anna)
    skip_task(user=cast.bela.user, token=take(cast.bela).token, reason="Not mine")
    live = take(cast.cleo)
    before = list(Lease.objects.order_by("pk").values())
    for state in ("submitted", "skipped"):
        assert refused(f"UPDATE routing_lease SET {change} WHERE state = %s", state)
    assert "A lease is kept" in refused("DELETE FROM routing_lease WHERE state = 'live'")
    assert "A lease is kept" in refused("DELETE FROM routing_lease WHERE state <> 'live'")
    assert list(Lease.objects.order_by("pk").values()) == before
    assert submit_task(user=cast.cleo.user, token=live.token, answers=prefer("a"), seconds=1).is_placed


def test_an_expired_lease_is_submitted_and_nothing_else_of_it_changes(cast):
    upload_items(cast.project, cast.mira)
    leased = take(cast.anna)
    run("UPDATE routing_lease SET until = now() - interval '1 hour'")
    assert expire_leases() == 1
    for change in (*ENDED, "state = 'submitted', until = now()", "state = 'submitted', skip_reason = 'x'"):
        assert refused(f"UPDATE routing_lease SET {change}")
    assert submit_task(user=cast.anna.user, token=leased.token, answers=prefer("a"), seconds=1).is_placed
    assert Lease.objects.get().state == "submitted"


def test_an_enrolment_is_ended_and_kept(cast):
    enrolment = Enrolment.objects.get(reviewer=cast.anna)
    assert "ended, not deleted" in refused("DELETE FROM routing_enrolment")
    end_enrolment(enrolment=enrolment, actor=cast.mira)
    assert "ended, not deleted" in refused("DELETE FROM routing_enrolment")
    enrol_reviewer(project=cast.project, reviewer=cast.anna, actor=None)
    enrolment.refresh_from_db()
    assert enrolment.ended_at is None
