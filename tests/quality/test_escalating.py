"""What of quality waits for a person is on the ladder: opened and closed by facts, told to whom it concerns."""

import pytest

from config.console.escalations import escalations
from config.kernel.errors import Conflict
from config.kernel.models import Event
from labeling.models import Pool
from quality.models import Appeal, Pause
from quality.services.appeals import decide_appeal, make_appeal
from quality.services.escalating import watch_quality
from quality.services.feedback import tell_reviewer
from quality.services.pauses import confirm_pause, lift_pause
from quality.services.quality_rules import end_rule
from routing.models import Escalation
from routing.services.escalations import climb, resolve_escalation, tell_customer
from routing.services.levels import create_calendar, set_service_level
from tests.factories import item_row, judge, resolve_items, settle, unguarded, upload, upload_items
from tests.quality.test_quality_rules import agreement_is, promise
from tests.standings import found_right

LADDER = [
    {"after_minutes": 0, "see": "leads"},
    {"after_minutes": 0, "see": "operators", "raise_priority": 2},
    {"after_minutes": 0, "see": "managers", "tell_customer": True, "message": "{project} is due {due}."},
]


@pytest.fixture
def quick(cast):
    """A project whose ladder is climbed at once."""
    calendar = create_calendar(
        customer=cast.northwind, name="Any", time_zone="UTC", hours=[], holidays=[], actor=cast.mira
    )
    set_service_level(project=cast.project, calendar=calendar, turnaround_hours=48, ladder=LADDER, actor=cast.mira)
    return cast


@pytest.fixture
def appeal(cast):
    """Anna's appeal, which nobody has decided in time."""
    upload_items(cast.project, cast.mira)
    judge(cast.anna)
    feedback = tell_reviewer(annotation=cast.anna.annotations.get(), kind="audited", words="Look again.")
    made, _ = make_appeal(feedback=feedback, words="I did.", actor=cast.anna.user)
    assert watch_quality() == 0
    with unguarded("quality_appeal", "fixed_columns") as cursor:
        cursor.execute("UPDATE quality_appeal SET due_at = '2026-03-01 09:30+00'")
    return made


@pytest.fixture
def pause(cast):
    """Anna's pause, which nobody has decided on within a day."""
    resolve_items(cast.project, cast.mira, [cast.anna, cast.bela, cast.cleo], count=10)
    found_right(cast.anna, "0" * 5)
    assert watch_quality() == 0
    with unguarded("quality_pause", "fixed_columns") as cursor:
        cursor.execute("UPDATE quality_pause SET due_at = '2026-03-01 09:30+00'")
    return Pause.objects.get()


def steps(escalation):
    return list(escalation.steps.order_by("id").values_list("what", flat=True))


def test_a_broken_promise_is_its_owners_and_its_customer_is_told_which(quick, client):
    upload(quick.project, quick.mira, item_row("en"), item_row("de", language="de"))
    rule = promise(quick, response="more_overlap", more_overlap=2, segment="language", segment_value="de")
    agreement_is(quick, 0.416, segment="language", segment_value="de")
    settle()
    [found] = Escalation.objects.all()
    assert (found.kind, found.severity, found.subject, found.subject_id) == ("quality", "urgent", "promise", rule.pk)
    assert (found.owner, found.state, found.pool, found.raised, found.rung) == (quick.mira, "open", None, 0, 3)
    assert found.message == (
        "Inter-annotator agreement (Krippendorff's alpha) of “preference” is 0.42 (language de); 0.5 at least was promised."
        " It is over at 0.7; meanwhile: more judgments an item."
    )
    told = (
        "Pairs: Inter-annotator agreement (Krippendorff's alpha) of “preference” is 0.42 (language de); 0.5 at least was"
        " promised. Until it is 0.7, more people judge each item (2 more)."
    )
    assert (found.customer_message, found.customer_draft) == (told, told)
    assert steps(found)[:4] == [
        "Opened.",
        "The project's leads are asked.",
        "The project's operators are asked.",
        "Those who manage the customer are asked.",
    ]
    assert set(Pool.objects.values_list("priority", flat=True)) == {0}
    clock = client.get(f"/api/v1/projects/{quick.project.public_id}/clock", headers=quick.bearer("dana")).json()
    assert [each["message"] for each in clock["messages"]] == [told]
    [shown] = escalations(quick.mira, project=quick.project)
    assert (shown.is_yours, shown.link) == (True, f"/admin/routing/escalation/{found.pk}/change/")
    assert shown.todo == "Read the project's figures, and see to what the promise does not do by itself."


def test_a_promise_that_holds_again_or_is_ended_closes_what_it_opened(cast):
    upload_items(cast.project, cast.mira)
    rule = promise(cast)
    for value, state in ((0.4, "open"), (0.6, "open"), (0.7, "resolved"), (0.4, "open")):
        agreement_is(cast, value)
        settle()
        assert watch_quality() == 0
        assert Escalation.objects.latest("pk").state == state, value
    end_rule(rule=rule, actor=cast.mira)
    settle()
    first, second = Escalation.objects.order_by("pk")
    for each in (first, second):
        assert steps(each)[-1] == "Resolved by the facts: the promise holds again, or was ended."
    assert (first.customer_told_at, second.state) == (None, "resolved")


def test_the_customer_is_told_less_of_a_promise_about_their_reviewers_country(quick):
    upload_items(quick.project, quick.mira)
    promise(quick, segment="country", segment_value="KE")
    agreement_is(quick, 0.3, segment="country", segment_value="KE")
    settle()
    found = Escalation.objects.get()
    assert "(country of the reviewer KE)" in found.message
    assert found.customer_message == (
        "The measured quality of part of Pairs is below what was agreed; we are at work on it."
    )


def test_what_is_resolved_by_name_opens_again_while_the_promise_is_broken(cast):
    upload_items(cast.project, cast.mira)
    promise(cast)
    agreement_is(cast, 0.4)
    settle()
    resolve_escalation(escalation=Escalation.objects.get(), reason="Seen.", actor=cast.mira)
    assert (watch_quality(), watch_quality()) == (1, 0)
    assert list(Escalation.objects.order_by("pk").values_list("state", flat=True)) == ["resolved", "open"]


def test_an_overdue_appeal_is_escalated_once_and_closed_by_its_decision(cast, appeal):
    assert (watch_quality(), watch_quality()) == (1, 0)
    found = Escalation.objects.get()
    assert (found.kind, found.severity, found.subject, found.subject_id) == ("appeal", "warning", "appeal", appeal.pk)
    assert (found.project, found.owner) == (cast.project, None)
    assert found.message == (
        f"Appeal {appeal.pk} (an expert found otherwise) was to be decided on 1 March 2026 at 09:30 (UTC), and its author"
        " waits."
    )
    decide_appeal(appeal=Appeal.objects.get(), outcome="refused", reason="It stands.", actor=cast.mira)
    settle()
    found.refresh_from_db()
    assert found.state == "resolved"
    assert steps(found) == [
        "Opened.",
        "The project's leads are asked.",
        "Resolved by the facts: the appeal is decided.",
    ]
    resolved = Event.objects.get(kind="escalation.resolved")
    assert (resolved.subject_id, resolved.actor_id) == (found.pk, None)
    assert watch_quality() == 0


@pytest.mark.parametrize("how", [confirm_pause, lift_pause])
def test_a_pause_that_nobody_decided_on_within_a_day_is_escalated_until_somebody_does(cast, pause, how):
    assert (watch_quality(), watch_quality()) == (1, 0)
    found = Escalation.objects.get()
    assert (found.kind, found.severity, found.subject, found.subject_id) == ("pause", "urgent", "pause", pause.pk)
    assert found.message == (
        f"The automatic pause {pause.pk} was to be confirmed or lifted on 1 March 2026 at 09:30 (UTC)."
    )
    how(pause=pause, reason="Seen.", actor=cast.mira)
    settle()
    found.refresh_from_db()
    assert steps(found)[-1] == "Resolved by the facts: the pause is confirmed or lifted."


def test_no_customer_is_told_of_what_is_between_reviewers_and_operators(quick, appeal, client):
    assert watch_quality() == 1
    found = Escalation.objects.get()
    assert (climb(), found.rung, found.raised, found.customer_told_at) == (0, 3, 0, None)
    with pytest.raises(Conflict, match="customers are not told"):
        tell_customer(escalation=found, actor=quick.mira)
    client.force_login(quick.mira)
    page = client.get(f"/admin/routing/escalation/{found.pk}/change/").content.decode()
    assert "Decide it, or have somebody decide it" in page
    assert ("Resolve, with a note" in page, "Tell the customer in my words" in page) == (True, False)
