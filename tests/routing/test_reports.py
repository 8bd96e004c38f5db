"""A reviewer reports an item: a flag for a person to look at, which holds the work where the project says so."""

import uuid

import pytest

from config.kernel.models import Event
from labeling.models import Annotation, Flag, Item, Task
from labeling.services.erasures import erase_item, erase_person
from labeling.services.settings import change_project
from labeling.services.triage import confirm_flag, dismiss_flag
from routing.models import Escalation, Lease
from routing.services.claims import next_task
from routing.services.escalations import resolve_escalation
from routing.services.exclusions import exclude
from routing.services.leases import skip_task
from routing.services.levels import set_routing
from routing.services.submits import submit_task
from routing.types import LeasedTask, NothingToDo
from tests.cast import gather_cast
from tests.factories import item_row, judge, prefer, settle, take, upload, upload_items


def report(client, cast, token, kind="broken", note="", who="anna"):
    return client.post(
        f"/api/desk/v1/tasks/{token}/flag", {"kind": kind, "note": note}, content_type="application/json",
        headers=cast.bearer(who),
    )  # fmt: skip


@pytest.fixture
def holding(cast):
    change_project(project=cast.project, changes={"hold_flagged": ["reported"]}, actor=cast.mira)
    cast.project.refresh_from_db()
    return cast


def test_a_report_is_a_flag_that_operators_and_customers_see(cast, client):
    [item] = upload_items(cast.project, cast.mira)
    token = take(cast.anna).token
    made = report(client, cast, token, "wrong_language", " It is Dutch. ")
    flag = Flag.objects.get()
    assert (made.status_code, made.json()) == (201, {"flag": str(flag.public_id), "held": False})
    assert (flag.kind, flag.detail, flag.note) == ("reported", {"problem": "wrong_language"}, "It is Dutch.")
    assert (flag.reported_by, flag.item_version_id) == (cast.anna, item.current_version_id)
    assert Event.objects.get(kind="flag.reported").data == {"item": item.pk, "problem": "wrong_language"}
    rows = client.get(f"/api/v1/projects/{cast.project.public_id}/flags?kind=reported", headers=cast.bearer("dana"))
    shown = rows.json()["results"][0]
    assert (shown["note"], shown["detail"]) == ("It is Dutch.", {"problem": "wrong_language"})
    assert "anna" not in str(shown).lower()
    client.force_login(cast.mira)
    assert "It is Dutch." in client.get("/admin/labeling/flag/").content.decode()
    assert Lease.objects.get().state == "live"


def test_the_same_report_again_is_the_same_flag_and_another_is_another(cast, client):
    upload_items(cast.project, cast.mira)
    token = take(cast.anna).token
    first, again = report(client, cast, token), report(client, cast, token)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert report(client, cast, token, "unsafe").status_code == 201
    assert report(client, cast, take(cast.bela).token, who="bela").status_code == 201
    assert Flag.objects.count() == 3


def test_another_problem_needs_words_and_nobody_reports_under_a_foreign_token(cast, client):
    upload_items(cast.project, cast.mira)
    token = take(cast.anna).token
    refused = report(client, cast, token, "other")
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "note")
    assert report(client, cast, token, "silly").status_code == 400
    assert report(client, cast, token, who="bela").status_code == 404
    assert report(client, cast, uuid.uuid4()).status_code == 404
    assert Flag.objects.count() == 0


def test_a_project_that_holds_reports_stops_the_work_until_one_is_dismissed(holding, client):
    cast = holding
    upload_items(cast.project, cast.mira)
    judge(cast.cleo)
    taken = take(cast.bela)
    made = report(client, cast, take(cast.anna).token, "unsafe")
    assert made.json()["held"] is True
    assert sorted(Task.objects.values_list("state", flat=True)) == ["cancelled", "cancelled", "completed"]
    assert set(Lease.objects.exclude(reviewer=cast.cleo).values_list("state", flat=True)) == {"withdrawn"}
    for reviewer in (cast.anna, cast.bela, cast.dido):
        assert isinstance(next_task(user=reviewer.user), NothingToDo)
    assert taken.task_id in Task.objects.filter(state="cancelled").values_list("pk", flat=True)
    dismiss_flag(flag=Flag.objects.get(), reason="It is fine", actor=cast.mira)
    settle()
    for reviewer in (cast.anna, cast.bela):
        judge(reviewer)
    settle()
    assert (Item.objects.get().state, Annotation.objects.count()) == ("resolved", 3)


def test_a_confirmed_report_keeps_the_work_stopped(holding, client):
    cast = holding
    upload_items(cast.project, cast.mira)
    report(client, cast, take(cast.anna).token)
    confirm_flag(flag=Flag.objects.get(), reason="Broken indeed", actor=cast.mira)
    settle()
    assert isinstance(next_task(user=cast.bela.user), NothingToDo)
    assert set(Task.objects.values_list("state", flat=True)) == {"cancelled"}


def test_a_change_of_what_is_held_goes_on_with_what_was_stopped(holding, client):
    cast = holding
    upload_items(cast.project, cast.mira)
    report(client, cast, take(cast.anna).token)
    change_project(project=cast.project, changes={"hold_flagged": []}, actor=cast.mira)
    settle()
    assert Task.objects.filter(state="open").count() == 3
    settle()
    dismiss_flag(flag=Flag.objects.get(), reason="Fine", actor=cast.mira)
    settle()
    assert Task.objects.filter(state="open").count() == 3


def test_gold_that_is_reported_looks_the_same_and_stays_gold_for_others(holding, client):
    cast = holding
    cast.project.gold_share = "0.5"
    cast.project.save()
    gold = item_row("known", expected={"answer": {"preference": {"choice": "a"}}})
    upload(cast.project, cast.mira, item_row("plain"), gold)
    for _ in range(2):
        token = take(cast.anna).token
        assert report(client, cast, token).json()["held"] is True
    settle()
    of_gold = Task.objects.filter(kind="gold")
    assert [task.state for task in of_gold.filter(reserved_for=cast.anna)] == ["cancelled"]
    assert of_gold.filter(reserved_for=cast.bela, state="open").count() == 1
    assert Item.objects.get(external_id="known").state == "gold"
    assert isinstance(next_task(user=cast.anna.user), NothingToDo)


def test_who_was_named_for_a_stopped_item_is_named_again(cast, client):
    change_project(project=cast.project, changes={"hold_flagged": ["reported"]}, actor=cast.mira)
    upload_items(cast.project, cast.mira)
    Task.objects.filter(slot=0).update(reserved_for=cast.anna)
    report(client, cast, take(cast.anna).token)
    dismiss_flag(flag=Flag.objects.get(), reason="Fine", actor=cast.mira)
    again = Task.objects.filter(state="open").order_by("slot")
    assert [task.reserved_for for task in again] == [cast.anna, None, None]


def test_notes_go_with_the_item_or_the_person_they_are_about(transactional_db, client):
    cast = gather_cast()
    items = upload_items(cast.project, cast.mira, 2)
    for who in (cast.anna, cast.bela):
        token = take(who).token
        assert report(client, cast, token, "other", "quetzal", who=who.user.name.lower()).status_code == 201
        skip_task(user=who.user, token=token, reason="Test")
    erase_person(user=cast.anna.user, reason="Test", actor=cast.mira)
    assert sorted(Flag.objects.values_list("note", flat=True)) == ["", "quetzal"]
    for item in items:
        erase_item(item=item, reason="Test", actor=cast.dana)
    assert set(Flag.objects.values_list("note", flat=True)) == {""}


def with_gold(cast):
    cast.project.gold_share = "0.5"
    cast.project.save()
    gold = item_row("known", expected={"answer": {"preference": {"choice": "a"}}})
    upload(cast.project, cast.mira, *[item_row(f"plain-{number}") for number in range(3)], gold)


def skipped(cast, lease):
    skip_task(user=cast.anna.user, token=lease.token, reason="Test")


def taken_away(cast, lease):
    exclude(round=lease.round, reviewer=cast.anna, reason="author", actor=cast.mira)


def answered(cast, lease):
    submit_task(user=cast.anna.user, token=lease.token, answers=prefer("a"), seconds=1)


def in_hand(cast, lease):
    """Nothing has become of it."""


@pytest.mark.parametrize(("end", "held"), [(skipped, False), (taken_away, False), (answered, False), (in_hand, True)])
def test_whatever_became_of_a_task_a_report_says_the_same_of_gold_and_of_other_work(holding, client, end, held):
    cast, told = holding, {}
    with_gold(cast)
    while isinstance(leased := next_task(user=cast.anna.user), LeasedTask):
        lease = Lease.objects.get(token=leased.token)
        end(cast, lease)
        answers = [report(client, cast, leased.token).json()["held"] for _ in range(2)]
        told.setdefault(lease.task.kind, set()).update(answers)
    assert told == {"gold": {held}, "annotate": {held}}


@pytest.mark.parametrize("end", [skipped, taken_away, answered])
def test_a_report_under_a_lease_that_is_over_stops_nobody(holding, client, end):
    cast = holding
    upload_items(cast.project, cast.mira)
    lease = Lease.objects.get(token=take(cast.anna).token)
    end(cast, lease)
    of_bela = take(cast.bela).token
    assert report(client, cast, lease.token).json()["held"] is False
    assert Lease.objects.get(token=of_bela).state == "live"
    assert Flag.objects.get().reported_by == cast.anna


def test_a_dismissed_report_asks_nobody_again_for_what_was_skipped_too_often(holding, client):
    cast = holding
    set_routing(project=cast.project, escalate_after_skips=1, actor=cast.mira)
    upload_items(cast.project, cast.mira)
    skip_task(user=cast.anna.user, token=take(cast.anna).token, reason="Unclear")
    for who in ("bela", "cleo"):  # the second time, what was asked again is stopped again
        report(client, cast, take(getattr(cast, who)).token, who=who)
        assert set(Task.objects.values_list("state", flat=True)) == {"cancelled"}
        dismiss_flag(flag=Flag.objects.get(state="open"), reason="Fine", actor=cast.mira)
        settle()
        assert Task.objects.filter(state="open").count() == 2
    resolve_escalation(escalation=Escalation.objects.get(), reason="Clear now", actor=cast.mira)
    assert Task.objects.filter(state="open").count() == 3
