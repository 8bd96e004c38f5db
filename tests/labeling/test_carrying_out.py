"""What publishing brings about: nothing, a sample checked again, a slice judged anew, or answers carried over."""

import threading
from datetime import timedelta

import pytest
from django.db import connection, connections

from config.contributions import blast_radius
from config.kernel.clock import database_now
from config.kernel.models import Event
from delivery.models import LedgerEntry
from labeling.jobs import carry_out_guidelines
from labeling.models import Annotation, Item, Project, Round, Task
from labeling.services import carrying_out
from labeling.services.carrying_out import carry_out, carry_out_slice
from labeling.services.forms import publish_form
from labeling.services.guidelines import propose_guideline, publish_draft, publish_guideline
from labeling.services.rounds import assign_items
from quality.models import Resolution
from routing.models import Lease
from routing.services.submits import submit_task
from tests.cast import CLAUSES, FORM, gather_cast
from tests.factories import freeze, item_row, judge, resolve_items, settle, take, upload, upload_items

STRICTER = [{**CLAUSES[0], "text": "A wrong fact always loses."}]

# Both bad becomes a tie; an outright tie is asked anew.
KINDER = {
    "questions": {"preference": {"values": {"both_bad": "tie", "tie": None}}},
    "tests": [
        {"from": {"preference": {"choice": "both_bad"}}, "to": {"preference": {"choice": "tie"}}},
        {"from": {"preference": {"choice": "tie"}}, "to": None},
    ],
}


def states():
    return dict(Item.objects.values_list("external_id", "state"))


def rounds(item):
    return list(Round.objects.filter(item=item).order_by("number").values_list("reason", "state", "guideline__number"))


def touched(version):
    return {line.what: line.count for line in blast_radius(version)}


def renamed(name):
    return {"title": f"Which is {name}?", "questions": [{**FORM["questions"][0], "id": name}, FORM["questions"][1]]}


def judge_all(cast, *choices):
    for reviewer, choice in zip((cast.anna, cast.bela, cast.cleo), choices, strict=False):
        judge(reviewer, choice)
    settle()


@pytest.fixture
def three(cast):
    """Two items resolved and one that Anna has judged, in three domains."""
    upload(cast.project, cast.mira, *[item_row(name, domain=name) for name in ("law", "code")])
    for reviewer in (cast.anna, cast.bela, cast.cleo):
        judge(reviewer)
        judge(reviewer)
    upload(cast.project, cast.mira, item_row("talk", domain="talk", language="en-GB"))
    judge(cast.anna)
    take(cast.bela)
    settle()
    assert states() == {"law": "resolved", "code": "resolved", "talk": "in_progress"}
    return cast


def test_an_editorial_change_touches_nothing(three):
    draft = propose_guideline(project=three.project, clauses=STRICTER, change_kind="editorial", actor=three.mira)
    assert set(touched(draft).values()) == {0}
    publish_draft(guideline=draft, actor=three.mira)
    settle()
    draft.refresh_from_db()
    assert draft.carried_out_at is not None
    assert Round.objects.count() == 3


def test_the_blast_radius_is_told_before_and_carried_out_after(three):
    draft = propose_guideline(project=three.project, clauses=STRICTER, change_kind="breaking", actor=three.mira)
    lines = blast_radius(draft)
    assert {line.what: line.count for line in lines} == {
        "items judged anew": 3,
        "tasks waiting": 1,
        "tasks in somebody's hands": 1,
        "annotations that count": 7,
        "resolutions": 2,
        "resolutions without an agreed answer": 0,
        "releases that carry them": 0,
        "records charged before, and not again": 0,
        "defects that cite a changed clause": 0,
    }
    assert (str(lines[0].amount), lines[0].currency, lines[0].examples) == ("2.250000", "USD", ("law", "code", "talk"))
    assert Round.objects.count() == 3
    publish_draft(guideline=draft, actor=three.mira)
    settle()
    draft.refresh_from_db()
    assert (draft.reopened_count, draft.mapped_count, draft.requeued_count) == (3, 0, 0)
    assert set(states().values()) == {"in_progress"}
    assert rounds(Item.objects.get(external_id="law")) == [("first", "resolved", 1), ("guideline", "open", 2)]
    assert rounds(Item.objects.get(external_id="talk")) == [("first", "cancelled", 1), ("guideline", "open", 2)]
    assert Lease.objects.get(reviewer=three.bela, round__item__external_id="talk").state == "withdrawn"
    assert Annotation.objects.count() == 7
    assert set(touched(draft).values()) == {0}
    said = Event.objects.get(kind="guideline.carried_out")
    assert said.data == {"number": 2, "reopened": 3, "mapped": 0, "requeued": 0}


@pytest.mark.parametrize(
    ("redo", "reopened"),
    [
        ({"domains": ["law", "talk"]}, {"law", "talk"}),
        ({"languages": ["en-GB"]}, {"talk"}),
        ({"languages": ["EN"], "domains": ["law"]}, {"law"}),
        ({"domains": ["poetry"]}, set()),
    ],
)
def test_only_the_named_slice_is_judged_anew(three, redo, reopened):
    version = publish_guideline(
        project=three.project, clauses=STRICTER, change_kind="breaking", redo=redo, actor=three.mira
    )
    assert touched(version)["items judged anew"] == len(reopened)
    settle()
    again = Round.objects.filter(reason="guideline").values_list("item__external_id", flat=True)
    assert set(again) == reopened


def test_what_came_after_the_version_is_not_judged_anew(three):
    publish_guideline(project=three.project, clauses=STRICTER, change_kind="breaking", actor=three.mira)
    upload(three.project, three.mira, item_row("new"))
    settle()
    assert rounds(Item.objects.get(external_id="new")) == [("first", "open", 2)]


def test_a_clarification_has_a_sample_of_what_is_resolved_checked_again(cast):
    Project.objects.filter(pk=cast.project.pk).update(recheck_share="0.4", overlap=1)
    cast.project.refresh_from_db()
    upload_items(cast.project, cast.mira, 20)
    for _ in range(19):
        judge(cast.anna)
    settle()
    draft = propose_guideline(project=cast.project, clauses=STRICTER, change_kind="clarification", actor=cast.mira)
    told = touched(draft)
    assert 2 <= told["items judged anew"] <= 14
    assert told["tasks waiting"] == 0
    publish_draft(guideline=draft, actor=cast.mira)
    settle()
    again = Round.objects.filter(reason="recheck")
    assert again.count() == told["items judged anew"] == told["resolutions"]
    assert "item-019" not in set(again.values_list("item__external_id", flat=True))
    assert Round.objects.filter(reason="first", state="open").count() == 1


def test_a_share_of_one_checks_everything_again_and_of_none_nothing(three):
    for share, expected in (("1", 2), ("0", 0)):
        Project.objects.filter(pk=three.project.pk).update(recheck_share=share)
        draft = propose_guideline(
            project=Project.objects.get(pk=three.project.pk),
            clauses=STRICTER,
            change_kind="clarification",
            actor=three.mira,
        )
        assert touched(draft)["items judged anew"] == expected


def test_a_crash_in_the_middle_goes_on_from_there(three, monkeypatch):
    monkeypatch.setattr(carrying_out, "SLICE", 1)
    version = publish_guideline(project=three.project, clauses=STRICTER, change_kind="breaking", actor=three.mira)
    assert carry_out_slice(document=version) == 1
    reopen = carrying_out.reopen_items

    def crash(**given):
        reopen(**given)
        raise RuntimeError("The machine is gone.")

    monkeypatch.setattr(carrying_out, "reopen_items", crash)
    with pytest.raises(RuntimeError):
        carry_out_slice(document=version)
    version.refresh_from_db()
    assert (version.reopened_count, version.carried_out_at) == (1, None)
    assert Round.objects.filter(reason="guideline").count() == 1
    monkeypatch.setattr(carrying_out, "reopen_items", reopen)
    assert carry_out(project_id=three.project.pk) is False
    version.refresh_from_db()
    assert version.reopened_count == 3
    assert version.carried_out_at is not None
    assert Round.objects.filter(reason="guideline").count() == 3
    assert carry_out_slice(document=version) == 0


def test_out_of_time_the_job_queues_itself_again(three, monkeypatch):
    monkeypatch.setattr(carrying_out, "SLICE", 1)
    monkeypatch.setattr(carrying_out, "WORK_SECONDS", -1.0)
    publish_guideline(project=three.project, clauses=STRICTER, change_kind="breaking", actor=three.mira)
    assert carry_out(project_id=three.project.pk) is True
    monkeypatch.setattr(carrying_out, "WORK_SECONDS", 20.0)
    settle()
    assert Round.objects.filter(reason="guideline").count() == 3


def test_a_scheduled_version_is_carried_out_when_it_takes_effect(three):
    begins = database_now() + timedelta(seconds=2)
    publish_guideline(
        project=three.project, clauses=STRICTER, change_kind="breaking", effective_from=begins, actor=three.mira
    )
    assert carry_out_guidelines() == 0
    assert not Round.objects.filter(reason="guideline").exists()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_sleep(2)")
    assert carry_out_guidelines() == 1
    settle()
    assert Round.objects.filter(reason="guideline").count() == 3
    assert carry_out_guidelines() == 0


def test_answers_are_carried_over_and_what_does_not_map_is_asked_anew(cast):
    [item] = upload_items(cast.project, cast.mira)
    judge_all(cast, "a", "both_bad", "tie")
    paid = LedgerEntry.objects.filter(kind="pay").count()
    version = publish_guideline(
        project=cast.project, clauses=STRICTER, change_kind="breaking", answer_mapping=KINDER, actor=cast.mira
    )
    settle()
    version.refresh_from_db()
    assert (version.reopened_count, version.mapped_count, version.requeued_count) == (1, 2, 1)
    assert rounds(item) == [("first", "resolved", 1), ("migration", "open", 2)]
    migrated = Annotation.objects.filter(origin="migrated").order_by("id")
    assert [
        (each.reviewer_id, each.answers, each.seconds, each.guideline_id, each.migrated_from.round.number)
        for each in migrated
    ] == [
        (cast.anna.pk, {"preference": {"choice": "a"}}, None, version.pk, 1),
        (cast.bela.pk, {"preference": {"choice": "tie"}}, None, version.pk, 1),
    ]
    assert list(
        Task.objects.filter(round__reason="migration").order_by("slot").values_list("state", "reserved_for")
    ) == [("completed", cast.anna.pk), ("completed", cast.bela.pk), ("open", None)]
    judge(cast.cleo, "a")
    settle()
    resolution = Resolution.objects.get(round__reason="migration")
    assert (resolution.outcome, resolution.distribution) == ("agreed", {"preference": {"a": 2, "tie": 1}})
    assert LedgerEntry.objects.filter(kind="pay").count() == paid + 1


def test_a_round_whose_answers_all_map_resolves_by_itself(cast):
    [item] = resolve_items(cast.project, cast.mira, [cast.anna, cast.bela, cast.cleo], choice="both_bad")
    publish_guideline(
        project=cast.project, clauses=STRICTER, change_kind="breaking", answer_mapping=KINDER, actor=cast.mira
    )
    settle()
    item.refresh_from_db()
    assert item.state == "resolved"
    assert rounds(item)[-1] == ("migration", "resolved", 2)
    assert Resolution.objects.get(round__reason="migration").answers == {"preference": {"choice": "tie"}}


def test_a_new_form_by_itself_changes_nothing_that_is_open(cast):
    resolve_items(cast.project, cast.mira, [cast.anna, cast.bela, cast.cleo])
    form = publish_form(project=cast.project, document={**FORM, "title": "Other"}, actor=cast.mira)
    settle()
    assert form.carried_out_at is not None
    assert Round.objects.count() == 1


def test_a_new_form_with_a_mapping_carries_the_answers_over(cast):
    [item] = upload_items(cast.project, cast.mira)
    judge(cast.anna, "b", rationale="It is right.")
    judge(cast.bela, "both_bad")
    settle()
    document = {
        "title": "Which?",
        "questions": [{**FORM["questions"][0], "id": "best", "both_bad": False}, FORM["questions"][1]],
    }
    mapping = {
        "questions": {"preference": {"to": "best"}},
        "tests": [
            {"from": {"preference": {"choice": "b"}}, "to": {"best": {"choice": "b"}}},
            {"from": {"preference": {"choice": "both_bad"}}, "to": None},
        ],
    }
    form = publish_form(project=cast.project, document=document, answer_mapping=mapping, actor=cast.mira)
    settle()
    form.refresh_from_db()
    assert (form.mapped_count, form.requeued_count) == (1, 1)
    [migrated] = Annotation.objects.filter(origin="migrated")
    assert (migrated.answers, migrated.rationale, migrated.form) == ({"best": {"choice": "b"}}, "It is right.", form)
    assert migrated.guideline.number == 1
    assert rounds(item) == [("first", "cancelled", 1), ("migration", "open", 1)]
    assert Task.objects.filter(round__reason="migration", state="open").count() == 2
    assert take(cast.bela).form["title"] == "Which?"


def test_a_mapping_leaves_items_alone_that_ask_a_form_before_the_one_it_is_from(cast):
    resolve_items(cast.project, cast.mira, [cast.anna, cast.bela, cast.cleo])
    publish_form(project=cast.project, document=renamed("best"), actor=cast.mira)
    upload(cast.project, cast.mira, item_row("later"))
    for reviewer in (cast.anna, cast.bela, cast.cleo):
        submit_task(user=reviewer.user, token=take(reviewer).token, answers={"best": {"choice": "a"}}, seconds=1.0)
    settle()
    mapping = {
        "questions": {"best": {"to": "better"}},
        "tests": [{"from": {"best": {"choice": "a"}}, "to": {"better": {"choice": "a"}}}],
    }
    form = publish_form(project=cast.project, document=renamed("better"), answer_mapping=mapping, actor=cast.mira)
    settle()
    form.refresh_from_db()
    assert (form.reopened_count, form.mapped_count, form.requeued_count) == (1, 3, 0)
    assert states() == {"item-000": "resolved", "later": "resolved"}
    assert list(Round.objects.order_by("id").values_list("item__external_id", "form__number")) == [
        ("item-000", 1),
        ("later", 2),
        ("later", 3),
    ]


def test_people_who_were_named_are_named_again(cast):
    Project.objects.filter(pk=cast.project.pk).update(overlap_kind="assigned")
    cast.project.refresh_from_db()
    [item] = upload_items(cast.project, cast.mira)
    assign_items(project=cast.project, assignments={item.external_id: [cast.anna, cast.bela, cast.cleo]}, actor=None)
    judge(cast.anna, "a")
    judge(cast.bela, "tie")
    settle()
    publish_guideline(
        project=cast.project, clauses=STRICTER, change_kind="breaking", answer_mapping=KINDER, actor=cast.mira
    )
    settle()
    tasks = Task.objects.filter(round__reason="migration").order_by("slot").values_list("state", "reserved_for")
    assert list(tasks) == [("completed", cast.anna.pk), ("open", cast.bela.pk), ("open", cast.cleo.pk)]


@pytest.mark.django_db(transaction=True)
def test_releases_stay_and_say_that_they_were_made_under_an_older_version(client):
    cast = gather_cast()
    resolve_items(cast.project, cast.mira, [cast.anna, cast.bela, cast.cleo])
    release = freeze(cast.project, cast.dana)
    path, headers = f"/api/v1/releases/{release.public_id}", cast.bearer("dana")
    before = client.get(path, headers=headers).json()
    assert (before["guidelines"], before["superseded_guideline"]) == ([1], False)
    version = publish_guideline(project=cast.project, clauses=STRICTER, change_kind="breaking", actor=cast.mira)
    assert touched(version)["releases that carry them"] == 1
    radius = client.get(f"/api/v1/projects/{cast.project.public_id}/guidelines/2/blast-radius", headers=headers).json()
    assert radius[0] == {
        "app": "labeling",
        "what": "items judged anew",
        "count": 1,
        "amount": "0.750000",
        "currency": "USD",
        "examples": ["item-000"],
    }
    settle()
    after = client.get(path, headers=headers).json()
    assert (after["state"], after["records"], after["superseded_guideline"]) == ("frozen", 1, True)
    [listed] = client.get(f"/api/v1/projects/{cast.project.public_id}/releases", headers=headers).json()["results"]
    assert listed == after
    client.force_login(cast.dana)
    page = client.get(f"/portal/releases/{release.public_id}/").content.decode()
    assert "Made under guideline version 1; a breaking version has come into force since." in page


@pytest.mark.django_db(transaction=True)
def test_two_at_once_carry_out_everything_once():
    cast = gather_cast()
    resolve_items(cast.project, cast.mira, [cast.anna, cast.bela, cast.cleo], count=3)
    version = publish_guideline(project=cast.project, clauses=STRICTER, change_kind="breaking", actor=cast.mira)
    barrier = threading.Barrier(2)
    failures: list[BaseException] = []

    def one():
        try:
            barrier.wait()
            carry_out_slice(document=version)
        except BaseException as failure:  # noqa: BLE001 - told to the main thread, which fails on it
            failures.append(failure)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=one) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    version.refresh_from_db()
    assert version.reopened_count == 3
    assert Round.objects.filter(reason="guideline").count() == 3
