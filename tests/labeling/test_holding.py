"""Items that flags hold get out once none does any more, and a later upload does not get past what holds."""

from datetime import timedelta

from django.utils import timezone
from django_q.models import OrmQ

from labeling import jobs
from labeling.models import Batch, Flag, Item, Round, Task
from labeling.services import flagging, triage
from labeling.services.flagging import flag_batch
from labeling.services.revisions import redact_item
from labeling.services.rounds import reopen_items
from labeling.services.settings import change_project
from labeling.services.triage import confirm_flag, dismiss_flag, release_held
from labeling.types import ItemState
from tests.factories import item_row, judge, resolve_items, settle, take, upload
from tests.labeling.test_conflicts import upload_anew
from tests.labeling.test_flagging import row, without_language
from tests.labeling.test_language_identification import GERMAN
from tests.labeling.test_redaction import with_mail
from tests.labeling.test_triage import hold


def state():
    return Item.objects.get().state


def decide_all(cast, decide=dismiss_flag):
    for flag in Flag.objects.filter(state="open").order_by("id"):
        decide(flag=flag, reason="Looked at", actor=cast.dana)
    settle()


def rounds():
    return list(Round.objects.order_by("number").values_list("state", "reason", "item_version__number"))


def test_an_item_held_for_want_of_a_language_goes_to_work_uploaded_again_with_one(cast):
    upload(cast.project, cast.dana, without_language("one", "42!"))
    assert state() == "held"
    upload_anew(cast, row("one", "42!"))
    assert state() == "in_progress"
    assert rounds() == [("open", "first", 2)]
    assert set(Task.objects.values_list("pool__language", flat=True)) == {"en"}


def test_an_item_with_personal_data_goes_to_work_uploaded_again_without(cast):
    hold(cast, "personal_data")
    upload(cast.project, cast.dana, with_mail())
    decide_all(cast, confirm_flag)
    assert state() == "held"
    external_id = Item.objects.get().external_id
    upload_anew(cast, item_row(external_id))
    assert state() == "in_progress"
    assert rounds() == [("open", "first", 2)]


def test_an_upload_again_is_looked_at_before_anything_lets_the_item_go(cast, monkeypatch):
    hold(cast, "personal_data")
    upload(cast.project, cast.dana, row("one", "Write to anna@example.org."))
    monkeypatch.setattr(jobs, "flag", lambda batch_id: 0)
    batch = upload_anew(cast, row("one", "Write to bela@example.org."))
    decide_all(cast)
    jobs.generate(batch.pk)
    assert (state(), Task.objects.count()) == ("held", 0)
    monkeypatch.undo()
    jobs.flag(batch.pk)
    settle()
    assert state() == "held"
    decide_all(cast)
    assert rounds() == [("open", "first", 2)]


def test_an_item_uploaded_again_before_its_tasks_are_made_waits_for_the_flags_of_that_upload(cast, monkeypatch):
    hold(cast, "personal_data")
    generate = jobs.generate
    monkeypatch.setattr(jobs, "generate", lambda batch_id: 0)
    first = upload(cast.project, cast.dana, row("one"), row("two"), row("three"))
    monkeypatch.setattr(jobs, "flag", lambda batch_id: 0)
    upload_anew(cast, row("one", "Write to bela@example.org."), row("two", "Write to nobody."))
    assert generate(first.pk) == 1
    states = Item.objects.values_list("external_id", "state")
    assert dict(states.all()) == {"one": "accepted", "two": "accepted", "three": "in_progress"}
    monkeypatch.undo()
    flag_batch(batch_id=Batch.objects.order_by("-pk")[0].pk)
    settle()
    assert dict(states.all()) == {"one": "held", "two": "in_progress", "three": "in_progress"}


def test_a_confirmation_lets_go_of_what_the_project_holds_no_more(cast):
    hold(cast, "personal_data")
    upload(cast.project, cast.dana, with_mail())
    hold(cast)
    confirm_flag(flag=Flag.objects.order_by("id")[0], reason="Real", actor=cast.dana)
    settle()
    assert (state(), Task.objects.count()) == ("in_progress", 3)


def test_a_change_of_what_is_held_lets_go_of_what_is_held_no_more(cast):
    hold(cast, "personal_data", "near_duplicate")
    upload(cast.project, cast.dana, with_mail("one"), without_language("two", "42!"))
    change_project(project=cast.project, changes={"hold_flagged": ["personal_data"]}, actor=cast.mira)
    settle()
    assert dict(Item.objects.values_list("external_id", "state")) == {"one": "held", "two": "held"}
    change_project(project=cast.project, changes={"hold_flagged": []}, actor=cast.mira)
    settle()
    assert dict(Item.objects.values_list("external_id", "state")) == {"one": "in_progress", "two": "held"}


def test_the_sweep_lets_go_of_what_was_forgotten(cast):
    hold(cast, "personal_data")
    upload(cast.project, cast.dana, with_mail("one"))
    resolve = upload(cast.project, cast.dana, row("two"))
    upload_anew(cast, row("two", "Write to anna@example.org."))
    Batch.objects.update(worked_at=timezone.now() - timedelta(hours=1))
    assert jobs.sweep_batches() == 0
    change_project(project=cast.project, changes={"hold_flagged": []}, actor=cast.mira)
    OrmQ.objects.all().delete()
    assert jobs.sweep_batches() == 2
    settle()
    assert set(Item.objects.values_list("state", flat=True)) == {"in_progress"}
    assert Round.objects.filter(item__batch=resolve, state="open").get().item_version.number == 2
    assert jobs.sweep_batches() == 0


def test_what_is_held_is_let_go_in_slices_and_once(cast, monkeypatch):
    monkeypatch.setattr(triage, "SLICE", 2)
    hold(cast, "personal_data")
    batch = upload(cast.project, cast.dana, *[with_mail(f"item-{number}") for number in range(5)])
    assert release_held(batch_id=batch.pk) == 0
    hold(cast)
    assert release_held(batch_id=batch.pk, until=0) == 0
    assert release_held(batch_id=batch.pk) == 5
    assert release_held(batch_id=batch.pk) == 0
    assert set(Item.objects.values_list("state", flat=True)) == {"accepted"}


def test_a_later_upload_with_what_is_held_waits_and_the_work_on_the_earlier_goes_on(cast):
    hold(cast, "personal_data")
    upload(cast.project, cast.dana, row("one"))
    judge(cast.anna)
    upload_anew(cast, row("one", "Write to anna@example.org."))
    assert rounds() == [("open", "first", 1)]
    judge(cast.bela)
    flags = list(Flag.objects.order_by("id"))
    for flag in flags[:-1]:
        dismiss_flag(flag=flag, reason="Invented", actor=cast.dana)
    settle()
    assert rounds() == [("open", "first", 1)]
    dismiss_flag(flag=flags[-1], reason="Invented", actor=cast.dana)
    settle()
    assert rounds() == [("cancelled", "first", 1), ("open", "revision", 2)]


def test_a_later_upload_of_a_resolved_item_waits_too_and_for_good_once_confirmed(cast):
    [item] = resolve_items(cast.project, cast.mira, [cast.anna, cast.bela, cast.cleo])
    hold(cast, "personal_data")
    upload_anew(cast, row(item.external_id, "Write to anna@example.org."))
    decide_all(cast, confirm_flag)
    assert (state(), rounds()) == ("resolved", [("resolved", "first", 1)])
    upload_anew(cast, row(item.external_id, "Write to nobody."))
    assert (state(), rounds()[-1]) == ("in_progress", ("open", "revision", 3))


def test_a_later_upload_that_waits_goes_to_work_redacted(cast):
    hold(cast, "personal_data")
    upload(cast.project, cast.dana, item_row("one"))
    upload_anew(cast, with_mail("one"))
    item = Item.objects.get()
    redact_item(item=item, actor=cast.dana, reason="Not theirs", fields=["messages[0].content"])
    assert rounds() == [("open", "first", 1)]
    redact_item(item=item, actor=cast.dana, reason="Not theirs")
    assert rounds() == [("cancelled", "first", 1), ("open", "revision", 4)]


def test_a_later_upload_redacted_in_part_goes_to_work_with_the_settings(cast):
    hold(cast, "personal_data")
    upload(cast.project, cast.dana, item_row("one"))
    upload_anew(cast, with_mail("one"))
    redact_item(item=Item.objects.get(), actor=cast.dana, reason="Not theirs", fields=["messages[0].content"])
    change_project(project=cast.project, changes={"hold_flagged": []}, actor=cast.mira)
    settle()
    assert rounds() == [("cancelled", "first", 1), ("open", "revision", 3)]


def test_a_later_upload_whose_language_was_found_waits_for_what_else_holds(cast):
    hold(cast, "personal_data")
    upload(cast.project, cast.dana, row("one", GERMAN, language="de"))
    upload_anew(cast, without_language("one", f"{GERMAN} Schreib an anna@example.org."))
    assert Item.objects.get().current_version.reason == "identified"
    assert rounds() == [("open", "first", 1)]
    decide_all(cast)
    assert rounds() == [("cancelled", "first", 1), ("open", "revision", 3)]


def test_work_that_is_done_again_meanwhile_is_about_the_version_that_was_judged(cast):
    hold(cast, "personal_data")
    upload(cast.project, cast.dana, row("one"))
    upload_anew(cast, row("one", "Write to anna@example.org."))
    assert reopen_items(item_ids=[Item.objects.get().pk], reason="rework", actor=cast.mira) == 1
    assert rounds() == [("cancelled", "first", 1), ("open", "rework", 1)]
    assert take(cast.anna).token
    decide_all(cast)
    assert rounds()[2:] == [("open", "revision", 2)]


def test_an_item_that_went_to_work_while_its_language_was_looked_for_is_judged_on_the_version_with_it(
    cast, monkeypatch
):
    monkeypatch.setattr(jobs, "flag", lambda batch_id: 0)
    batch = upload(cast.project, cast.dana, without_language("one", GERMAN))
    identify = flagging._identify_languages

    def meanwhile(*args):
        Batch.objects.filter(pk=batch.pk).update(flagged_at=timezone.now())
        assert jobs.generate(batch.pk) == 1
        Batch.objects.filter(pk=batch.pk).update(flagged_at=None)
        return identify(*args)

    monkeypatch.setattr(flagging, "_identify_languages", meanwhile)
    assert flag_batch(batch_id=batch.pk) == 1
    assert state() == ItemState.IN_PROGRESS
    assert rounds() == [("cancelled", "first", 1), ("open", "revision", 2)]
    assert set(Task.objects.filter(state="open").values_list("pool__language", flat=True)) == {"de"}
