"""Redaction: a new version that is routed instead, the raw one untouched; and what happens when two people act at once."""

import threading

import pytest
from django.db import connections

from config.kernel.errors import Conflict, Invalid
from config.kernel.models import Event
from delivery.models import Artifact
from labeling.models import Annotation, Flag, Item, ItemVersion, Round, Task, UnplacedAnswer
from labeling.services import flagging
from labeling.services.judgments import invalidate_annotation
from labeling.services.revisions import redact_flagged, redact_item
from routing.models import Lease
from routing.services.submits import submit_task
from tests.cast import gather_cast
from tests.factories import freeze, item_row, judge, prefer, settle, take, upload

MAIL = "Please write to anna@example.org about it, or to bob@example.org."


def with_mail(name="one", **more):
    messages = [{"role": "user", "content": MAIL}]
    responses = [{"key": "a", "text": "I will."}, {"key": "b", "text": "Call +49 30 1234567 instead."}]
    return item_row(name, messages=messages, responses=responses, metadata={"by": "cleo@example.org", "n": 1}, **more)


def redact(item, actor, **more):
    made = redact_item(item=item, actor=actor, reason="Not theirs to share", **more)
    settle()
    item.refresh_from_db()
    return made


def test_a_redaction_is_the_next_version_and_the_raw_one_stays(cast):
    upload(cast.project, cast.dana, with_mail())
    [item] = Item.objects.all()
    made = redact(item, cast.dana)
    raw = item.versions.get(number=1)
    assert raw.payload["messages"][0]["content"] == MAIL
    assert item.current_version == made
    assert (made.number, made.reason, made.made_by, made.batch, made.line) == (2, "redaction", cast.dana, None, None)
    assert made.payload == {
        "messages": [{"role": "user", "content": "Please write to [email] about it, or to [email]."}],
        "responses": [
            {"key": "a", "model": "", "text": "I will."},
            {"key": "b", "model": "", "text": "Call [phone] instead."},
        ],
    }
    assert made.metadata == {"by": "[email]", "n": 1}
    assert (made.language, made.domain, made.difficulty) == (raw.language, raw.domain, raw.difficulty)
    assert made.digest != raw.digest
    event = Event.objects.get(kind="item.redacted")
    assert (event.actor_id, event.data) == (cast.dana.pk, {"version": 2, "found": {"email": 3, "phone": 1}})


def test_its_flags_are_confirmed_with_the_reason(cast):
    upload(cast.project, cast.dana, with_mail())
    assert Flag.objects.filter(state="open").count() == 3
    redact(Item.objects.get(), cast.dana)
    decided = set(Flag.objects.values_list("state", "reason", "decided_by"))
    assert decided == {("confirmed", "Not theirs to share", cast.dana.pk)}


def test_an_item_in_work_is_judged_anew_on_the_new_version(cast):
    upload(cast.project, cast.dana, with_mail())
    judge(cast.anna)
    token = take(cast.bela).token
    made = redact(Item.objects.get(), cast.mira)
    assert list(Round.objects.order_by("number").values_list("number", "state", "reason", "item_version")) == [
        (1, "cancelled", "first", made.item.versions.get(number=1).pk),
        (2, "open", "revision", made.pk),
    ]
    assert Annotation.objects.count() == 1
    assert Lease.objects.get(token=token).state == "withdrawn"
    assert "[email]" in str(take(cast.bela))


@pytest.mark.django_db(transaction=True)
def test_a_resolved_item_is_judged_anew_and_the_release_carries_the_new_version():
    cast = gather_cast()
    upload(cast.project, cast.dana, with_mail())
    for reviewer in (cast.anna, cast.bela, cast.cleo):
        judge(reviewer)
    settle()
    item = Item.objects.get()
    assert item.state == "resolved"
    redact(item, cast.dana)
    assert item.state == "in_progress"
    for reviewer in (cast.anna, cast.bela, cast.cleo):
        judge(reviewer)
    settle()
    release = freeze(cast.project, cast.dana)
    assert (release.state, release.records_count) == ("frozen", 1)
    manifest = release.manifest
    assert [batch["records"] for batch in manifest["sources"]] == [1]
    assert Artifact.objects.filter(release=release).exists()


def test_a_held_item_goes_to_work_redacted(cast):
    cast.project.hold_flagged = ["personal_data"]
    cast.project.save()
    upload(cast.project, cast.dana, with_mail())
    item = Item.objects.get()
    assert item.state == "held"
    made = redact(item, cast.dana)
    assert item.state == "in_progress"
    assert Round.objects.get().item_version == made


def test_of_some_fields_only_these_are_redacted_and_the_other_flags_still_hold(cast):
    cast.project.hold_flagged = ["personal_data"]
    cast.project.save()
    upload(cast.project, cast.dana, with_mail())
    item = Item.objects.get()
    made = redact(item, cast.dana, fields=["messages[0].content"])
    assert item.state == "held"
    assert made.metadata["by"] == "cleo@example.org"
    assert sorted(Flag.objects.filter(state="open").values_list("field", flat=True)) == [
        "metadata.by", "responses[1].text",
    ]  # fmt: skip
    again = redact(item, cast.dana)
    assert (again.number, item.state) == (3, "in_progress")
    assert not Flag.objects.filter(state="open").exists()


def test_where_nothing_is_found_nothing_is_made(cast):
    upload(cast.project, cast.dana, item_row("plain"))
    with pytest.raises(Conflict, match="No personal data was found"):
        redact_item(item=Item.objects.get(), actor=cast.dana, reason="To be sure")
    assert ItemVersion.objects.count() == 1


def test_without_a_reason_nothing_is_made(cast):
    upload(cast.project, cast.dana, with_mail())
    with pytest.raises(Invalid, match="Say why"):
        redact_item(item=Item.objects.get(), actor=cast.dana, reason=" ")
    assert ItemVersion.objects.count() == 1
    assert Flag.objects.filter(state="open").count() == 3


def test_gold_is_not_redacted(cast):
    upload(cast.project, cast.dana, with_mail(expected={"answer": {"preference": {"choice": "a"}}}))
    with pytest.raises(Conflict, match="gold"):
        redact_item(item=Item.objects.get(), actor=cast.dana, reason="Not theirs")
    assert ItemVersion.objects.count() == 1


def test_an_accepted_item_keeps_its_expected_answer_and_becomes_gold(cast):
    cast.project.hold_flagged = ["personal_data"]
    cast.project.save()
    expected = {"answer": {"preference": {"choice": "a"}}}
    upload(cast.project, cast.dana, with_mail(expected=expected))
    item = Item.objects.get()
    made = redact(item, cast.dana)
    assert (made.expected, item.state) == (expected, "gold")


def test_a_flag_is_answered_by_redacting_its_item(cast):
    upload(cast.project, cast.dana, with_mail())
    flag = Flag.objects.first()
    assert redact_flagged(flag=flag, actor=cast.mira, reason="Not theirs").number == 2
    flag.refresh_from_db()
    with pytest.raises(Conflict, match="open flag"):
        redact_flagged(flag=flag, actor=cast.mira, reason="Not theirs")
    assert ItemVersion.objects.count() == 2


def test_what_is_redacted_before_its_flags_were_looked_for_is_looked_at_in_its_new_version(cast, monkeypatch):
    rows = with_mail()
    del rows["language"]
    monkeypatch.setattr("labeling.jobs.flag", lambda batch_id: 0)
    batch = upload(cast.project, cast.dana, rows)
    item = Item.objects.get()
    assert (redact(item, cast.dana).number, item.state) == (2, "accepted")
    assert flagging.flag_batch(batch_id=batch.pk) == 1
    settle()
    item.refresh_from_db()
    assert (item.current_version.number, item.current_version.language, item.state) == (3, "en", "in_progress")
    assert "[email]" in item.current_version.payload["messages"][0]["content"]
    assert not Flag.objects.exists()


def together(*calls):
    """Start the calls at once, in threads of their own; return what each returned or raised."""
    barrier = threading.Barrier(len(calls))
    results: dict[int, object] = {}

    def run(place, call):
        try:
            barrier.wait()
            results[place] = call()
        except Exception as error:  # noqa: BLE001 - told to the main thread, which looks at it
            results[place] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=each) for each in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [results[place] for place in sorted(results)]


@pytest.mark.django_db(transaction=True)
def test_two_redactions_at_once_make_one_version():
    cast = gather_cast()
    upload(cast.project, cast.dana, with_mail())
    item = Item.objects.get()
    results = together(*[lambda: redact_item(item=item, actor=cast.dana, reason="Not theirs")] * 4)
    assert sorted(type(each).__name__ for each in results) == ["Conflict", "Conflict", "Conflict", "ItemVersion"]
    assert ItemVersion.objects.count() == 2
    assert list(Round.objects.order_by("number").values_list("state", flat=True)) == ["cancelled", "open"]
    assert Event.objects.filter(kind="item.redacted").count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_redaction_while_people_submit_loses_no_answer():
    """Whoever comes first: each answer is an annotation of the first round, or kept unplaced; the new round is whole."""
    cast = gather_cast()
    upload(cast.project, cast.dana, *[with_mail(f"item-{number}") for number in range(6)])
    for item in Item.objects.order_by("id"):
        tokens = [(reviewer, take(reviewer).token) for reviewer in (cast.anna, cast.bela, cast.cleo)]
        results = together(
            *[
                lambda reviewer=reviewer, token=token: submit_task(
                    user=reviewer.user, token=token, answers=prefer("a"), seconds=1.0
                )
                for reviewer, token in tokens
            ],
            lambda item=item: redact_item(item=item, actor=cast.dana, reason="Not theirs"),
        )
        assert not [each for each in results if isinstance(each, Exception)]
        placed = Annotation.objects.filter(round__item=item).count()
        assert placed + UnplacedAnswer.objects.filter(round__item=item).count() == 3
        first, second = Round.objects.filter(item=item).order_by("number")
        assert (first.state, second.state, second.item_version.number) == ("cancelled", "open", 2)
        assert Task.objects.filter(round=second, state="open").count() == 3
        assert not Task.objects.filter(round=first, state__in=["open", "leased"]).exists()
        settle()
        Task.objects.filter(round=second).update(reserved_for=cast.dido)


def test_a_flag_on_an_answer_is_not_answered_by_a_redaction(cast):
    upload(cast.project, cast.dana, item_row("one"))
    judge(cast.anna, rationale="Ask anna@example.org.")
    settle()
    flag = Flag.objects.get()
    with pytest.raises(Conflict, match="never changed"):
        redact_flagged(flag=flag, actor=cast.mira, reason="Not theirs")
    invalidate_annotation(annotation=flag.annotation, reason="Names somebody", actor=cast.mira)
    assert ItemVersion.objects.count() == 1
