"""Why somebody may or may not do a task: every reason is said, met or not, with its facts."""

import re

import pytest
from django.db import connection
from django.utils.timezone import now

from labeling.models import ItemVersion, Pool, Project, Task
from labeling.services.people import remove_member
from labeling.services.projects import pause_project
from labeling.services.rounds import add_slot
from labeling.services.settings import change_customer, change_project, change_reviewer, create_organisation
from routing import eligibility, explaining
from routing.explaining import explain_eligibility, people_of_pool
from routing.models import Enrolment
from routing.services.availability import set_availability
from routing.services.blocks import place_block
from routing.services.enrolments import (
    end_enrolment,
    enrol_reviewer,
    grant_qualification,
    limit_difficulty,
    pause_reviewer,
)
from routing.services.exclusions import exclude
from routing.services.leases import skip_task
from routing.types import ExclusionReason
from tests.cast import open_new_project
from tests.factories import item_row, judge, take, upload, upload_items


@pytest.fixture
def asked(cast):
    """An open task of Northwind's that Anna may do, and a superuser who may change anything."""
    upload_items(cast.project, cast.mira)
    cast.task = Task.objects.first()
    cast.mira.is_superuser = True
    cast.mira.save()
    return cast


def unmet(reviewer, task):
    """What is not met, by code."""
    reasons = explain_eligibility(reviewer=reviewer, task=task).reasons
    return {reason.code: reason.sentence for reason in reasons if not reason.is_met}


def enrolment_of(reviewer):
    return reviewer.enrolments.get()


def test_who_may_is_told_every_reason_and_all_are_met(asked):
    told = explain_eligibility(reviewer=asked.anna, task=asked.task)
    assert told.may
    assert [reason.code for reason in told.reasons] == [
        *explaining.OF_PERSON, "available", *explaining.OF_TASK,
    ]  # fmt: skip
    assert not any("None" in reason.sentence or "{" in reason.sentence for reason in told.reasons)


def test_every_reason_of_eligibility_has_its_sentences():
    asked = {**eligibility.OF_PROJECT, **eligibility.OF_POOL, **eligibility.OF_TASK}
    assert asked.keys() <= {**explaining.OF_PERSON, **explaining.OF_TASK}.keys()
    assert explaining.SENTENCES.keys() == {**explaining.OF_PERSON, **explaining.OF_TASK}.keys()


def test_it_takes_one_statement(asked, django_assert_num_queries):
    with django_assert_num_queries(1):
        explain_eligibility(reviewer=asked.anna, task=asked.task)


def test_nobody_of_another_project_may(asked):
    told = unmet(asked.remo, asked.task)
    assert told["enrolled"] == "They are not enrolled on Pairs."
    assert "permitted" in told
    assert not told.keys() & {"paused", "trust"}


def test_the_reasons_of_the_project(asked):
    anna, mira, project = asked.anna, asked.mira, asked.project
    pause_project(project=project, actor=mira)
    change_project(project=project, changes={"countries": ["CH", "AT"]}, actor=mira)
    vendor = create_organisation(name="Wordsmiths", kind="vendor", actor=mira)
    change_project(project=project, changes={"organisation_ids": [vendor.pk]}, actor=mira)
    change_customer(customer=asked.northwind, changes={"conflict_tags": ["Acme", "Zeta"]}, actor=mira)
    change_reviewer(reviewer=anna, changes={"conflict_tags": ["ACME"], "country": "DE"}, actor=mira)
    place_block(customer=asked.northwind, reviewer=anna, reason="Careless", actor=asked.dana)
    pause_reviewer(enrolment=enrolment_of(anna), reason="Too fast", actor=mira)
    remove_member(membership=anna.user.memberships.get(), actor=mira)
    change_reviewer(reviewer=anna, changes={"is_active": False}, actor=mira)
    told = unmet(anna, asked.task)
    told["blocked"] = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d", "<when>", told["blocked"])
    assert told == {
        "active": "They are not active as a reviewer.",
        "open": "Pairs is paused; work is offered once it is open.",
        "paused": "Their work there is paused: Too fast.",
        "permitted": "They have no membership that lets them judge on Pairs; enrol them again.",
        "country": "Pairs is for people in CH, AT only; they are in DE.",
        "organisation": "Pairs is for people of Wordsmiths only; they work for In-house.",
        "conflict": "They have a conflict of interest with the customer: Acme.",
        "blocked": "The customer's block stands, placed by Dana on <when> UTC.",
    }
    assert "Careless" not in str(told)


def test_an_employer_is_a_conflict_too(asked):
    change_customer(customer=asked.northwind, changes={"conflict_tags": ["in-HOUSE"]}, actor=asked.mira)
    assert unmet(asked.anna, asked.task)["conflict"].endswith("in-HOUSE.")


def test_an_ended_enrolment_says_since_when(asked):
    end_enrolment(enrolment=enrolment_of(asked.anna), actor=asked.mira)
    assert re.fullmatch(
        r"They are not enrolled on Pairs since \d{4}-\d\d-\d\d \d\d:\d\d UTC\.",
        unmet(asked.anna, asked.task)["enrolled"],
    )


def test_the_reasons_of_the_pool(asked):
    skills = {"medical": {"medical": 3, "latin": 1, "law": 2}}
    project = open_new_project(asked.northwind, "clinic", asked.mira, skills_by_domain=skills)
    enrol_reviewer(project=project, reviewer=asked.anna, actor=asked.mira)
    change_project(project=project, changes={"clearance": 2}, actor=asked.mira)
    upload(project, asked.mira, item_row("one", domain="medical", language="de-AT", difficulty=4))
    Pool.objects.filter(project=project).update(needs_trusted=True)
    for skill, level, expires_at in (("medical", 2, None), ("law", 5, now())):
        grant_qualification(
            reviewer=asked.anna, skill=skill, level=level, reason="Test", actor=asked.mira, expires_at=expires_at
        )
    limit_difficulty(enrolment=asked.anna.enrolments.get(project=project), most=3, actor=asked.mira)
    assert unmet(asked.anna, Task.objects.filter(project=project).first()) == {
        "trust": "It needs somebody trusted; their trust there is probation.",
        "language": "It is in de-AT, and they work in en.",
        "skills": "They lack a skill: latin at level 1 (they have none), law at level 2 (theirs has expired),"
        " medical at level 3 (they have 2).",
        "clearance": "It needs clearance 2, and they have 0.",
        "difficulty": "Its difficulty is 4, and theirs there is at most 3.",
        "guideline": "They have not read the guideline in its latest version; they are shown it before the next task.",
    }


def test_the_reasons_of_the_task(asked):
    lease = take(asked.anna)
    task = Task.objects.get(pk=lease.task_id)
    others = Task.objects.exclude(pk=task.pk)
    assert set(unmet(asked.bela, task)) == {"waiting"}
    assert set(unmet(asked.anna, others[0])) == {"in_hand"}
    skip_task(user=asked.anna.user, token=lease.token, reason="Unclear")
    assert set(unmet(asked.anna, task)) == {"skipped"}
    judge(asked.bela)
    assert set(unmet(asked.bela, Task.objects.filter(state="open").first())) == {"judged"}
    exclude(round=task.round, reviewer=asked.cleo, reason=ExclusionReason.AUTHOR, actor=asked.mira)
    open_task = Task.objects.filter(state="open").first()
    assert unmet(asked.cleo, open_task) == {"excluded": "They are excluded from the round: wrote what is judged."}
    Task.objects.filter(pk=open_task.pk).update(reserved_for=asked.cleo)
    assert set(unmet(asked.dido, open_task)) == {"reserved"}


def test_whoever_has_a_task_in_hand_gets_it_first(asked):
    take(asked.anna)
    upload(asked.project, asked.mira, item_row("later"))
    later = Task.objects.filter(round__item__external_id="later").first()
    assert set(unmet(asked.anna, later)) == {"busy"}


def test_an_author_is_never_given_what_they_wrote(asked):
    names = {reviewer: enrolment_of(reviewer).pseudonym for reviewer in (asked.anna, asked.bela)}
    upload(
        asked.project,
        asked.mira,
        item_row("many", metadata={"authors": ["somebody", names[asked.anna]]}),
        item_row("one", metadata={"authors": names[asked.bela]}),
        item_row("odd", metadata={"authors": {"x": [1, None]}}),
    )
    kept = dict(ItemVersion.objects.exclude(authors=[]).values_list("item__external_id", "authors"))
    assert kept == {
        "many": ["somebody", names[asked.anna]],
        "one": [names[asked.bela]],
        "odd": [{"x": [1, None]}],
    }
    for external_id, author in (("many", asked.anna), ("one", asked.bela), ("odd", None)):
        task = Task.objects.filter(round__item__external_id=external_id).first()
        for reviewer in (asked.anna, asked.bela, asked.cleo):
            assert ("author" in unmet(reviewer, task)) == (reviewer == author), (external_id, reviewer)
            with connection.cursor() as cursor:  # as the claim asks
                cursor.execute(
                    f"SELECT {eligibility.all_of(eligibility.OF_TASK)} FROM labeling_task t WHERE t.id = {task.pk}",
                    {"reviewer": reviewer.pk},
                )
                assert cursor.fetchone()[0] == (reviewer != author)


def test_the_reasons_of_time(asked):
    set_availability(reviewer=asked.anna, changes={"is_on": False, "distressing_daily_limit": 0}, actor=asked.mira)
    told = unmet(asked.anna, asked.task)
    assert told == {"off": "They are told: You have switched off new work; switch it on when you are ready."}
    Pool.objects.update(is_distressing=True)
    assert set(unmet(asked.anna, asked.task)) == {"off", "distressing"}


def test_the_people_of_a_pool_come_in_pages_each_with_the_first_reason(asked, monkeypatch, django_assert_num_queries):
    monkeypatch.setattr(explaining, "PEOPLE_A_PAGE", 2)
    place_block(customer=asked.northwind, reviewer=asked.bela, reason="Test", actor=asked.dana)
    limit_difficulty(enrolment=enrolment_of(asked.bela), most=1, actor=asked.mira)
    end_enrolment(enrolment=enrolment_of(asked.dido), actor=asked.mira)
    pool = asked.task.pool
    with django_assert_num_queries(1):
        first = people_of_pool(pool=pool)
    assert [(told.name, told.reason and told.reason.code) for told in first.people] == [
        ("Anna", None),
        ("Bela", "blocked"),
    ]
    second = people_of_pool(pool=pool, after=first.after)
    assert ([told.name for told in second.people], second.after) == (["Cleo"], None)


def test_what_becomes_distressing_reaches_the_tasks_made_from_then_on(asked):
    change_project(project=asked.project, changes={"distressing_domains": ["general"]}, actor=asked.mira)
    judged = asked.task.round
    judged.judgments_needed = 4
    judged.save()
    added = add_slot(round_id=judged.pk)
    assert (added.pool.is_distressing, asked.task.pool.is_distressing) == (True, False)
    upload(Project.objects.get(pk=asked.project.pk), asked.mira, item_row("new"))
    assert {task.pool for task in Task.objects.filter(round__item__external_id="new")} == {added.pool}


def test_the_pseudonym_of_an_enrolment_is_the_one_that_releases_carry(asked):
    again = enrol_reviewer(project=asked.project, reviewer=asked.anna, actor=asked.mira)
    other = open_new_project(asked.northwind, "other", asked.mira)
    elsewhere = enrol_reviewer(project=other, reviewer=asked.anna, actor=asked.mira)
    assert again.pseudonym == elsewhere.pseudonym
    assert re.fullmatch("r-[0-9a-f]{20}", again.pseudonym)
    assert Enrolment.objects.filter(pseudonym=again.pseudonym).count() == 2
