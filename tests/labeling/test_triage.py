"""What people decide about flags: with a reason, once, and the item follows."""

import pytest

from config.kernel.errors import Conflict, Invalid
from config.kernel.models import Event
from labeling.models import Flag, Item, Task
from labeling.services.revisions import redact_item
from labeling.services.triage import confirm_flag, dismiss_flag
from tests.cast import gather_cast
from tests.factories import settle, take, upload
from tests.labeling.test_flagging import LONG, row, without_language
from tests.labeling.test_redaction import together, with_mail


def hold(cast, *kinds):
    cast.project.hold_flagged = list(kinds)
    cast.project.save()


def test_a_dismissal_says_who_when_and_why(cast):
    upload(cast.project, cast.dana, row("one", "Write to anna@example.org."))
    flag = Flag.objects.order_by("id").first()
    dismiss_flag(flag=flag, reason=" Invented. ", actor=cast.mira)
    flag.refresh_from_db()
    assert (flag.state, flag.reason, flag.decided_by) == ("dismissed", "Invented.", cast.mira)
    assert flag.decided_at is not None
    assert Event.objects.get(kind="flag.dismissed").actor_id == cast.mira.pk


@pytest.mark.parametrize("decide", [dismiss_flag, confirm_flag])
@pytest.mark.parametrize("reason", ["", "  ", "x" * 301])
def test_without_a_reason_nothing_is_decided(cast, decide, reason):
    upload(cast.project, cast.dana, row("one", "Write to anna@example.org."))
    flag = Flag.objects.first()
    with pytest.raises(Invalid, match="Say why"):
        decide(flag=flag, reason=reason, actor=cast.mira)
    assert set(Flag.objects.values_list("state", flat=True)) == {"open"}


def test_a_flag_is_decided_once(cast):
    upload(cast.project, cast.dana, row("one", "Write to anna@example.org."))
    flag = Flag.objects.first()
    confirm_flag(flag=flag, reason="A real address", actor=cast.mira)
    with pytest.raises(Conflict, match="confirmed before"):
        dismiss_flag(flag=flag, reason="Oh well", actor=cast.dana)
    assert Flag.objects.get(pk=flag.pk).reason == "A real address"


def test_a_held_item_goes_to_work_with_its_last_flag_dismissed(cast):
    hold(cast, "personal_data")
    upload(cast.project, cast.dana, row("one", "Write to anna@example.org."))
    item = Item.objects.get()
    flags = list(Flag.objects.order_by("id"))
    assert len(flags) == 3
    for flag in flags[:2]:
        dismiss_flag(flag=flag, reason="Invented", actor=cast.dana)
    settle()
    item.refresh_from_db()
    assert (item.state, Task.objects.count()) == ("held", 0)
    dismiss_flag(flag=flags[2], reason="Invented", actor=cast.dana)
    settle()
    item.refresh_from_db()
    assert (item.state, Task.objects.count()) == ("in_progress", 3)


def test_a_confirmed_flag_keeps_its_item_held(cast):
    hold(cast, "near_duplicate")
    upload(cast.project, cast.dana, row("one", LONG), row("two", LONG))
    confirm_flag(flag=Flag.objects.get(), reason="The same question", actor=cast.dana)
    settle()
    assert dict(Item.objects.values_list("external_id", "state")) == {"one": "in_progress", "two": "held"}


def test_flags_of_other_kinds_hold_nothing_up(cast):
    hold(cast, "near_duplicate")
    upload(cast.project, cast.dana, row("one", f"{LONG} anna@example.org"), row("two", LONG))
    dismiss_flag(flag=Flag.objects.get(kind="near_duplicate"), reason="On purpose", actor=cast.dana)
    settle()
    assert set(Item.objects.values_list("state", flat=True)) == {"in_progress"}
    assert Flag.objects.filter(kind="personal_data", state="open").count() == 3


def test_an_undetermined_item_let_go_is_for_those_of_any_language(cast):
    upload(cast.project, cast.dana, without_language("one", "42!"))
    dismiss_flag(flag=Flag.objects.get(), reason="Numbers only", actor=cast.dana)
    settle()
    assert Item.objects.get().state == "in_progress"
    assert set(Task.objects.values_list("pool__language", flat=True)) == {"und"}
    cast.bela.languages = ["*"]
    cast.bela.save()
    assert take(cast.bela).token
    with pytest.raises(AssertionError):
        take(cast.anna)


@pytest.mark.django_db(transaction=True)
def test_a_dismissal_and_a_redaction_at_once_leave_the_item_in_work_on_its_current_version():
    cast = gather_cast()
    hold(cast, "personal_data")
    upload(cast.project, cast.dana, *[with_mail(f"item-{number}") for number in range(4)])
    for item in Item.objects.order_by("id"):
        flag = Flag.objects.filter(item_version__item=item).order_by("id")[0]
        decided, made = together(
            lambda flag=flag: dismiss_flag(flag=flag, reason="Invented", actor=cast.mira),
            lambda item=item: redact_item(item=item, reason="Not theirs", actor=cast.dana),
        )
        settle()
        item.refresh_from_db()
        assert (made.number, item.current_version_id, item.state) == (2, made.pk, "in_progress")
        assert isinstance(decided, Flag | Conflict)
        assert not Flag.objects.filter(item_version__item=item, kind="personal_data", state="open").exists()
