"""What the claim asks of a reviewer beside languages and skills: conflicts, blocks, authorship, places, limits."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now

from config.kernel.models import Event
from labeling.models import Annotation, Customer, Project, Reviewer, Round, Task
from labeling.services.rounds import assign_items, reopen_items
from labeling.types import RoundReason
from routing import selectors
from routing.errors import LeaseOver
from routing.models import Availability, Enrolment, Escalation, HandlingTime, Lease
from routing.services.blocks import place_block
from routing.services.claims import next_task, prefetch_task
from routing.services.enrolments import end_enrolment
from routing.services.leases import skip_task
from routing.services.submits import submit_task
from routing.types import LeasedTask, NothingToDo
from tests.factories import item_row, judge, prefer, take, upload, upload_items


def why(reviewer):
    nothing = next_task(user=reviewer.user)
    assert isinstance(nothing, NothingToDo), nothing
    return nothing.code


def judged_by(reviewer):
    return list(Annotation.objects.filter(reviewer=reviewer).values_list("round__item__external_id", flat=True))


@pytest.mark.parametrize(
    ("of_whom", "what"),
    [
        ("reviewer", {"conflict_tags": ["Rival Inc"]}),
        ("employer", {"name": "RIVAL INC"}),
    ],
)
def test_a_conflict_of_interest_takes_the_work_away(cast, of_whom, what):
    Customer.objects.filter(pk=cast.northwind.pk).update(conflict_tags=["rival inc"])
    if of_whom == "reviewer":
        Reviewer.objects.filter(pk=cast.anna.pk).update(**what)
    else:
        type(cast.anna.organisation).objects.filter(pk=cast.anna.organisation_id).update(**what)
    upload_items(cast.project, cast.mira)
    assert why(cast.anna) == "nothing_left"


def test_who_is_blocked_is_given_nothing_and_loses_what_they_hold(cast):
    upload_items(cast.project, cast.mira)
    take(cast.anna)
    place_block(customer=cast.northwind, reviewer=cast.anna, reason="Test", actor=cast.dana)
    assert Lease.objects.get().state == "withdrawn"
    assert why(cast.anna) == "nothing_left"
    assert isinstance(take(cast.bela), LeasedTask)


def test_nobody_is_given_what_they_wrote(cast):
    name = Enrolment.objects.get(reviewer=cast.anna).pseudonym
    upload(cast.project, cast.mira, item_row("hers", metadata={"authors": [name]}), item_row("another"))
    judge(cast.anna)
    assert judged_by(cast.anna) == ["another"]
    assert why(cast.anna) == "nothing_left"
    assert take(cast.bela).item_version_id


def test_a_project_may_name_countries_and_organisations(cast):
    upload_items(cast.project, cast.mira)
    Reviewer.objects.filter(pk=cast.anna.pk).update(country="DE")
    Project.objects.filter(pk=cast.project.pk).update(countries=["FR"])
    assert why(cast.anna) == "nothing_left"
    Project.objects.filter(pk=cast.project.pk).update(countries=["FR", "DE"], organisation_ids=[-1])
    assert why(cast.anna) == "nothing_left"
    Project.objects.filter(pk=cast.project.pk).update(organisation_ids=[cast.anna.organisation_id])
    assert take(cast.anna)


def test_work_above_the_difficulty_of_an_enrolment_is_not_offered(cast):
    upload(cast.project, cast.mira, item_row("hard", difficulty=4))
    Enrolment.objects.filter(reviewer=cast.anna).update(max_difficulty=3)
    assert why(cast.anna) == "nothing_left"
    Enrolment.objects.filter(reviewer=cast.anna).update(max_difficulty=4)
    assert take(cast.anna)


def test_pools_for_trusted_people_are_theirs_alone(cast):
    upload_items(cast.project, cast.mira)
    cast.project.pools.update(needs_trusted=True)
    assert why(cast.anna) == "nothing_left"
    Enrolment.objects.filter(reviewer=cast.anna).update(trust="trusted")
    assert take(cast.anna)


def test_the_limit_of_the_day_is_told_with_its_end_and_counts_the_task_in_hand(cast):
    upload_items(cast.project, cast.mira, 4)
    Availability.objects.create(reviewer=cast.anna, daily_limit=2)
    judge(cast.anna)
    held = take(cast.anna)
    ahead = prefetch_task(user=cast.anna.user)
    assert isinstance(ahead, NothingToDo)
    assert ahead.code == "daily_limit"
    submit_task(user=cast.anna.user, token=held.token, answers=prefer("a"), seconds=1)
    nothing = next_task(user=cast.anna.user)
    assert isinstance(nothing, NothingToDo)
    assert (nothing.code, nothing.message) == ("daily_limit", "You have done your limit of today; thank you.")
    assert nothing.until is not None
    assert (nothing.until.hour, nothing.until.minute) == (0, 0)


def test_who_has_switched_off_keeps_the_task_in_hand_and_gets_no_other(cast):
    upload_items(cast.project, cast.mira, 2)
    held = take(cast.anna)
    Availability.objects.create(reviewer=cast.anna, is_on=False)
    assert take(cast.anna).token == held.token
    submit_task(user=cast.anna.user, token=held.token, answers=prefer("a"), seconds=1)
    assert why(cast.anna) == "off"


def test_a_cap_on_distressing_work_leaves_the_rest(cast):
    Project.objects.filter(pk=cast.project.pk).update(distressing_domains=["harm"])
    cast.project.refresh_from_db()
    Availability.objects.create(reviewer=cast.anna, distressing_daily_limit=1)
    upload(
        cast.project, cast.mira, item_row("harm-1", domain="harm"), item_row("harm-2", domain="harm"), item_row("calm")
    )
    judge(cast.anna)
    judge(cast.anna)
    assert sorted(judged_by(cast.anna)) == ["calm", "harm-1"]
    assert why(cast.anna) == "distressing_limit"


def test_a_block_between_choosing_and_leasing_is_seen(cast, monkeypatch):
    """The pools were chosen a moment ago; the lease is written only if nothing has come between."""
    upload_items(cast.project, cast.mira)
    chosen = selectors.servable_pools

    def choose_and_be_blocked(**asked):
        found = chosen(**asked)
        place_block(customer=cast.northwind, reviewer=cast.anna, reason="Test", actor=cast.dana)
        return found

    monkeypatch.setattr(selectors, "servable_pools", choose_and_be_blocked)
    assert why(cast.anna) == "nothing_left"
    assert not Lease.objects.exists()
    assert not Event.objects.filter(kind="task.leased").exists()


def test_lease_lengths_follow_what_a_form_takes(cast):
    upload_items(cast.project, cast.mira)
    form = cast.project.forms.get()
    measured = {"customer": cast.northwind, "form": form, "median_seconds": 40.0, "p95_seconds": 100.0}
    HandlingTime.objects.create(**measured, count=29)
    leased = take(cast.anna)
    assert Lease.objects.get().seconds == cast.project.lease_seconds
    Lease.objects.filter(token=leased.token).update(until=Now() - timedelta(seconds=1))
    HandlingTime.objects.update(count=30)
    assert 195 < take(cast.bela).seconds_left <= 200


def test_a_limit_of_one_leaves_nothing_ahead_on_the_first_day(cast):
    upload_items(cast.project, cast.mira, 2)
    Availability.objects.create(reviewer=cast.anna, daily_limit=1)
    take(cast.anna)
    ahead = prefetch_task(user=cast.anna.user)
    assert isinstance(ahead, NothingToDo)
    assert ahead.code == "daily_limit"


def test_what_waits_for_somebody_who_leaves_goes_to_others(cast):
    Project.objects.filter(pk=cast.project.pk).update(overlap_kind="assigned")
    cast.project.refresh_from_db()
    [item] = upload_items(cast.project, cast.mira)
    assign_items(project=cast.project, assignments={item.external_id: [cast.anna]}, actor=None)
    end_enrolment(enrolment=Enrolment.objects.get(reviewer=cast.anna, project=cast.project), actor=cast.mira)
    assert Task.objects.get().reserved_for is None
    assert take(cast.bela)


def test_somebody_is_named_in_place_of_those_who_skipped(cast):
    Project.objects.filter(pk=cast.project.pk).update(overlap_kind="assigned")
    cast.project.refresh_from_db()
    [item] = upload_items(cast.project, cast.mira)
    assign_items(project=cast.project, assignments={item.external_id: [cast.anna, cast.bela]}, actor=None)
    for reviewer in (cast.anna, cast.bela):
        skip_task(user=reviewer.user, token=take(reviewer).token, reason="Unclear")
    assert assign_items(project=cast.project, assignments={item.external_id: [cast.cleo]}, actor=None) == 1
    assert list(Task.objects.order_by("slot").values_list("slot", "reserved_for", "state")) == [
        (0, cast.anna.pk, "cancelled"),
        (1, cast.bela.pk, "cancelled"),
        (2, cast.cleo.pk, "open"),
    ]
    assert Round.objects.get().judgments_needed == 1


def test_what_a_named_reviewer_skips_goes_to_another_who_was_named_until_nobody_is_left(cast):
    Project.objects.filter(pk=cast.project.pk).update(overlap_kind="assigned")
    cast.project.refresh_from_db()
    first, second = upload_items(cast.project, cast.mira, 2)
    named = {first.external_id: [cast.anna], second.external_id: [cast.bela]}
    assign_items(project=cast.project, assignments=named, actor=None)
    task = Task.objects.get(round__item=first)
    skip_task(user=cast.anna.user, token=take(cast.anna).token, reason="Unclear")
    task.refresh_from_db()
    assert (task.state, task.reserved_for) == ("open", cast.bela)
    assert isinstance(next_task(user=cast.cleo.user), NothingToDo)
    assert not Escalation.objects.exists()
    skip_task(user=cast.bela.user, token=take(cast.bela).token, reason="Unclear")
    task.refresh_from_db()
    assert (task.state, task.reserved_for) == ("cancelled", cast.bela)
    escalation = Escalation.objects.get()
    assert (escalation.kind, escalation.subject_id) == ("skipped", task.round_id)
    assert "nobody else named on the project may judge it" in escalation.message


def test_a_named_reviewer_who_may_not_judge_is_not_asked_instead(cast):
    Project.objects.filter(pk=cast.project.pk).update(overlap_kind="assigned")
    cast.project.refresh_from_db()
    first, second = upload_items(cast.project, cast.mira, 2)
    named = {first.external_id: [cast.anna], second.external_id: [cast.bela, cast.cleo]}
    assign_items(project=cast.project, assignments=named, actor=None)
    Reviewer.objects.filter(pk=cast.bela.pk).update(languages=["de"])
    skip_task(user=cast.anna.user, token=take(cast.anna).token, reason="Unclear")
    assert Task.objects.get(round__item=first).reserved_for == cast.cleo


def test_a_task_that_was_taken_away_cannot_be_skipped(cast):
    [item] = upload_items(cast.project, cast.mira)
    token = take(cast.anna).token
    reopen_items(item_ids=[item.pk], reason=RoundReason.REVISION, actor=None)
    with pytest.raises(LeaseOver, match="withdrawn"):
        skip_task(user=cast.anna.user, token=token, reason="Unclear")
    assert Lease.objects.get(token=token).state == "live"
