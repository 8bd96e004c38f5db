"""Feedback and appeals: a reviewer reads what became of their answer, says otherwise, and somebody else decides."""

import datetime as dt
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction

from config.kernel.errors import Conflict, Invalid, NotAllowed
from config.kernel.models import Event, User
from config.kernel.types import Surface
from delivery.models import LedgerEntry
from labeling.models import AccessLog, Annotation, GuidelineVersion
from labeling.services.judgments import invalidate_annotation
from labeling.services.people import add_member
from labeling.types import Role
from quality.models import Appeal, Dispute, Evidence, Feedback, GoldItem, Ruling
from quality.services.appeals import decide_appeal, make_appeal
from quality.services.audits import make_plan, order_draw
from quality.services.feedback import tell_reviewer
from quality.services.gold import seed_gold
from quality.services.ruling_examples import add_example
from quality.services.rulings import answer_ruling, ask_for_ruling
from routing.models import Lease
from tests.auditing import answer, answer_all, fact, prepare, resolve_facts
from tests.factories import item_row, prefer, settle, take, unguarded, upload, upload_items


@pytest.fixture
def told(cast):
    """Cleo, an expert, has found otherwise than Anna and Bela; nobody adjudicates yet."""
    resolve_facts(prepare(cast, "cleo", "dido"), item_row("item"))
    plan = make_plan(project=cast.project, name="May", actor=cast.mira, share_twice=Decimal(0))
    order_draw(plan=plan, actor=cast.mira)
    settle()
    answer(cast.cleo, fact("false"))
    settle()
    cast.feedback = Feedback.objects.get(reviewer=cast.anna)
    return cast


def listed(client, cast, who):
    return client.get("/api/desk/v1/feedback", headers=cast.bearer(who)).json()["results"]


def unread(client, cast, who):
    return client.get("/api/desk/v1/me", headers=cast.bearer(who)).json()["feedback_to_read"]


def appeal(client, cast, who="anna", words="Paris it is.", feedback=None):
    return client.post(
        f"/api/desk/v1/feedback/{(feedback or cast.feedback).public_id}/appeal", {"words": words},
        content_type="application/json", headers=cast.bearer(who),
    )  # fmt: skip


def test_a_reviewer_reads_what_became_of_their_answer_with_reason_and_clause(told, client):
    assert unread(client, told, "anna") == 1
    [row] = listed(client, told, "anna")
    assert (row["kind"], row["title"]) == ("audited", "An expert found otherwise")
    assert row["clause"] == {"id": "true", "title": "Truth first"}
    assert "Is the first response true? False" in row["words"]
    assert (row["is_read"], row["can_be_appealed"], row["appeal"]) == (False, True, None)
    assert AccessLog.objects.filter(user_id=told.anna.user_id, door="desk").exists()
    url = f"/api/desk/v1/feedback/{told.feedback.public_id}/read"
    assert client.post(url, headers=told.bearer("bela")).status_code == 404
    for _ in range(2):
        assert client.post(url, headers=told.bearer("anna")).status_code == 200
    assert (unread(client, told, "anna"), unread(client, told, "bela")) == (0, 1)
    assert listed(client, told, "cleo") == []


def test_what_is_told_later_is_not_read_before(told, client):
    told_later = tell_reviewer(
        annotation=told.feedback.annotation, kind="gold_missed", words="Later",
        tell_from=dt.datetime.now(dt.UTC) + dt.timedelta(days=1),
    )  # fmt: skip
    assert [row["kind"] for row in listed(client, told, "anna")] == ["audited"]
    assert appeal(client, told, feedback=told_later).status_code == 404


def test_an_appeal_is_made_once_in_words_by_whoever_was_told(told, client):
    assert appeal(client, told, words="  ").status_code == 400
    assert appeal(client, told, who="bela").status_code == 404
    first = appeal(client, told)
    assert (first.status_code, first.json()["state"]) == (201, "open")
    assert (appeal(client, told).status_code, appeal(client, told, words="Else").status_code) == (200, 409)
    made = Appeal.objects.get()
    assert abs(made.due_at - made.created_at - dt.timedelta(days=5)) < dt.timedelta(seconds=5)
    [row] = listed(client, told, "anna")
    assert (row["appeal"]["words"], row["can_be_appealed"], row["is_read"]) == ("Paris it is.", False, True)
    with pytest.raises(NotAllowed):
        make_appeal(feedback=told.feedback, words="Mine", actor=told.bela.user)


def test_what_takes_nothing_and_what_is_long_past_is_not_appealed_against(told):
    explained = tell_reviewer(annotation=told.feedback.annotation, kind="explained", words="Test")
    with pytest.raises(Conflict, match="nothing to appeal"):
        make_appeal(feedback=explained, words="But", actor=told.anna.user)
    with unguarded("quality_feedback", "fixed_columns") as cursor:
        cursor.execute("UPDATE quality_feedback SET appeal_until = '2020-01-01T00:00Z'")
    with pytest.raises(Conflict, match="is over"):
        make_appeal(feedback=told.feedback, words="But", actor=told.anna.user)
    assert not Appeal.objects.exists()


def appealed(cast, feedback=None):
    return make_appeal(feedback=feedback or cast.feedback, words="Paris it is.", actor=cast.anna.user)[0]


def test_upheld_voids_what_was_held_against_them_and_has_it_adjudicated(told):
    settled = decide_appeal(appeal=appealed(told), outcome="upheld", reason="It is true.", actor=told.mira)
    assert (settled.state, settled.decided_by, settled.answer) == ("upheld", told.mira, "It is true.")
    void = Evidence.objects.filter(voids__isnull=False)
    assert [each.annotation_id for each in void] == [told.feedback.annotation_id]
    assert Event.objects.filter(kind="evidence.voided").count() == 1
    assert not Evidence.objects.get(annotation__reviewer=told.bela, skill="").agreed
    settle()
    assert Dispute.objects.filter(state="open").count() == 1
    with pytest.raises(Conflict, match="decided before"):
        decide_appeal(appeal=settled, outcome="refused", reason="No.", actor=told.mira)


@pytest.mark.parametrize(("outcome", "voided"), [("refused", 0), ("guideline", 1)])
def test_refused_all_stands_and_where_the_guideline_is_at_fault_nobody_is_marked_down(told, outcome, voided):
    decide_appeal(appeal=appealed(told), outcome=outcome, reason="Because.", actor=told.mira)
    assert Evidence.objects.filter(voids__isnull=False).count() == voided
    data = Event.objects.get(kind=f"appeal.{outcome}").data
    assert (data["clause"], data["kind"]) == ("true", "audited")


def test_whoever_had_a_part_in_it_does_not_decide_and_an_answer_is_needed(told):
    made = appealed(told)
    for person in (told.anna.user, told.cleo.user):
        with pytest.raises(NotAllowed, match="somebody else decides"):
            decide_appeal(appeal=made, outcome="upheld", reason="Yes.", actor=person)
    for outcome, reason in (("upheld", " "), ("open", "Yes.")):
        with pytest.raises(Invalid):
            decide_appeal(appeal=made, outcome=outcome, reason=reason, actor=told.mira)
    made.refresh_from_db()
    assert made.state == "open"


def test_an_invalidated_answer_is_told_and_its_pay_is_never_taken(told):
    invalidate_annotation(annotation=told.feedback.annotation, reason="Copied", actor=told.mira)
    settle()
    feedback = Feedback.objects.get(kind="invalidated")
    assert (feedback.reviewer, feedback.words) == (told.anna, "This answer no longer counts: Copied")
    made = appealed(told, feedback)
    with pytest.raises(NotAllowed):
        decide_appeal(appeal=made, outcome="upheld", reason="It was not.", actor=told.mira)
    nora = User.objects.create_user("nora@example.org", "nora-password", name="Nora", surface=Surface.CONSOLE)
    add_member(user=nora, customer=told.northwind, role=Role.OPERATOR, actor=None)
    decide_appeal(appeal=made, outcome="upheld", reason="It was not.", actor=nora)
    settle()
    paid = LedgerEntry.objects.filter(kind="pay", reviewer=told.anna)
    assert [(each.amount, each.subject_id) for each in paid] == [(Decimal("0.25"), feedback.annotation_id)]


def test_gold_whose_answer_was_wrong_is_gold_no_more(cast):
    expected = {"answer": {"preference": {"choice": "b"}}}
    upload(cast.project, cast.mira, item_row("gold", expected=expected))
    cast.project.gold_share = Decimal("0.5")
    cast.project.save()
    upload_items(cast.project, cast.mira, 4)
    seed_gold()
    known = Evidence.objects.filter(source="gold", voids=None, voided_by=None)
    assert answer_all(cast.anna, prefer("a")) == 5
    assert answer_all(cast.bela, prefer("a")) == 5
    settle()
    assert known.filter(agreed=False).count() == 2
    missed = Annotation.objects.get(reviewer=cast.anna, round__reason="gold")
    feedback = tell_reviewer(annotation=missed, kind="gold_missed", words="Lyon was expected.")
    decide_appeal(appeal=appealed(cast, feedback), outcome="upheld", reason="You are right.", actor=cast.mira)
    gold = GoldItem.objects.get()
    assert (gold.state, gold.retired_because) == ("retired", "disputed")
    settle()
    assert not known.exists()  # it was wrong for everybody


def test_an_operator_decides_in_the_console_and_whoever_appealed_reads_the_answer(told, client):
    made = appealed(told)
    client.force_login(told.mira)
    page = client.get("/admin/quality/appeal/").content.decode()
    assert "Paris it is." in page
    chosen = {"action": "decide_appeal_upheld", "_selected_action": [made.pk], "reason": "It is true."}
    client.post("/admin/quality/appeal/", chosen)
    [row] = listed(client, told, "anna")
    assert (row["appeal"]["state"], row["appeal"]["answer"]) == ("upheld", "It is true.")
    assert client.get("/admin/quality/dispute/").status_code == 200


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ("UPDATE quality_appeal SET words = 'Else'", "never change"),
        ("DELETE FROM quality_appeal", "keeps its rows"),
        ("UPDATE quality_feedback SET kind = 'fixed'", "never change"),
    ],
)
def test_the_database_refuses_other_words(told, change, why):
    appealed(told)
    with pytest.raises(IntegrityError, match=why), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(change)


def test_a_ruling_becomes_a_worked_example_of_the_next_draft_once(cast):
    upload_items(cast.project, cast.mira)
    lease = Lease.objects.get(token=take(cast.anna).token)
    ruling, _ = ask_for_ruling(lease=lease, clause="true", question="May both be wrong?", actor=cast.anna.user)
    with pytest.raises(Conflict, match="no answer yet"):
        add_example(ruling=ruling, actor=cast.mira)
    ruling = answer_ruling(ruling=ruling, answer="Yes: choose both bad.", actor=cast.mira)
    draft = add_example(ruling=ruling, actor=cast.mira)
    assert (draft.number, draft.state, draft.change_kind) == (2, "draft", "clarification")
    assert draft.examples == [{"text": "May both be wrong?\nYes: choose both bad.", "clause": "true"}]
    with pytest.raises(Conflict, match="already"):
        add_example(ruling=ruling, actor=cast.mira)
    second, _ = ask_for_ruling(lease=lease, clause="true", question="And if neither is?", actor=cast.anna.user)
    again = add_example(ruling=answer_ruling(ruling=second, answer="Tie.", actor=cast.mira), actor=cast.mira)
    assert (again.pk, len(again.examples)) == (draft.pk, 2)
    assert GuidelineVersion.objects.filter(project=cast.project).count() == 2
    assert Ruling.objects.count() == 2
