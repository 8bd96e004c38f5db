"""Written work: attempt, review, and what follows from each verdict, through the doors that people use."""

import pytest
from django.db import IntegrityError, connection, transaction

from config.kernel.errors import Conflict
from delivery.models import LedgerEntry
from labeling.models import Annotation, Item, Project, Round, Task
from labeling.services.erasures import erase_person
from labeling.services.judgments import invalidate_annotation
from labeling.services.people import add_member
from labeling.types import Role
from quality.jobs import sweep_rounds, sweep_written
from quality.models import Dispute, Evidence, Feedback, Resolution, Review
from quality.services import written as written_work
from routing.answers import answers_of, get_answer, shown_answer, shown_summary
from routing.models import Enrolment, Exclusion
from routing.services.claims import next_task
from routing.services.corrections import correct_answer
from routing.services.enrolments import end_enrolment
from routing.services.leases import skip_task
from routing.types import NothingToDo
from tests.factories import item_row, settle, take, unguarded, upload
from tests.traces import tables_with
from tests.written import BETTER, TEXT, WHY, answer, attempt, open_written_project, review, written


@pytest.fixture
def project(cast):
    project = open_written_project(cast)
    upload(project, cast.mira, item_row("one"))
    return project


def gets_nothing(reviewer):
    return isinstance(next_task(user=reviewer.user), NothingToDo)


def rounds():
    return list(Round.objects.order_by("number").values_list("number", "reason", "state"))


def feedback():
    return list(Feedback.objects.order_by("id").values_list("reviewer", "kind", "clause", "words"))


def evidence():
    found = Evidence.objects.filter(voids=None).order_by("id")
    return list(found.values_list("reviewer", "source", "agreed", "reliability", "answers_count"))


def said_in(*numbers):
    return list(Annotation.objects.filter(round__number__in=numbers).order_by("id").values_list("id", flat=True))


def test_an_attempt_is_reviewed_by_somebody_else_and_accepted_as_it_is(cast, project):
    attempt(cast.anna)
    assert list(Task.objects.order_by("slot").values_list("kind", "state", "pool__work")) == [
        ("attempt", "completed", "judge"),
        ("review", "open", "review"),
    ]
    assert gets_nothing(cast.anna)
    shown = take(cast.bela)
    assert [(each.title, each.own) for each in shown.beside] == [("What was written", written())]
    answer(shown, cast.bela, {"review_verdict": "accept"})
    resolution = Resolution.objects.get()
    assert (resolution.outcome, resolution.method, resolution.confidence) == ("agreed", "reviewed", 1.0)
    assert resolution.answers == written()
    assert resolution.annotation_ids == list(Annotation.objects.order_by("id").values_list("id", flat=True))
    said = Review.objects.get()
    assert (said.author, said.reviewer, said.verdict, said.clause) == (cast.anna, cast.bela, "accept", "")
    assert (rounds(), Item.objects.get().state) == ([(1, "first", "resolved")], "resolved")
    assert (evidence(), feedback()) == ([(cast.anna.pk, "review", True, 0.9, 2)], [])
    paid = LedgerEntry.objects.filter(kind="pay").order_by("reviewer")
    assert [(each.reviewer, float(each.amount)) for each in paid] == [(cast.anna, 0.25), (cast.bela, 0.25)]


def test_the_author_is_never_given_their_own_work_to_review_however_much_they_are_trusted(cast, project):
    attempt(cast.bela)
    assert gets_nothing(cast.bela)
    Task.objects.filter(kind="review").update(reserved_for=cast.bela)
    assert gets_nothing(cast.bela)


def test_what_is_fixed_is_accepted_in_the_reviewers_words_and_the_author_hears_of_it(cast, project):
    attempt(cast.anna)
    review(cast.bela, "fix")
    resolution = Resolution.objects.get()
    assert (resolution.answers, resolution.confidence) == (written(BETTER), 0.5)
    assert len(resolution.annotation_ids) == 2
    assert evidence() == [(cast.anna.pk, "review", False, 0.9, 2)]
    assert feedback() == [(cast.anna.pk, "fixed", "", "Your work was accepted with corrections.")]
    assert LedgerEntry.objects.filter(kind="pay").count() == 2


def test_what_is_sent_back_waits_for_its_author_beside_what_was_said_of_it(cast, project):
    attempt(cast.anna)
    review(cast.bela, "send_back")
    assert rounds() == [(1, "first", "closed"), (2, "sent_back", "open")]
    assert feedback() == [(cast.anna.pk, "sent_back", "true", WHY)]
    assert Feedback.objects.get().evidence == Evidence.objects.get()
    assert not Resolution.objects.exists()
    for other in (cast.bela, cast.cleo, cast.dido):
        assert gets_nothing(other)
    again = take(cast.anna)
    assert [each.title for each in again.beside] == ["What was written", "What the reviewer said"]
    assert again.draft == written()
    assert (WHY in line for _, said in again.beside[1].said for line in said)
    answer(again, cast.anna, written(BETTER))
    assert gets_nothing(cast.cleo)
    second = take(cast.bela)
    assert [each.title for each in second.beside] == ["What was written", "What the reviewer said"]
    answer(second, cast.bela, {"review_verdict": "accept"})
    assert rounds() == [(1, "first", "closed"), (2, "sent_back", "resolved")]
    resolution = Resolution.objects.get()
    assert resolution.answers == written(BETTER)
    assert resolution.annotation_ids == list(Annotation.objects.order_by("id").values_list("id", flat=True))
    assert len(resolution.annotation_ids) == 4
    assert evidence() == [(cast.anna.pk, "review", False, 0.9, 2), (cast.anna.pk, "review", True, 0.9, 2)]
    assert LedgerEntry.objects.filter(kind="pay").count() == 4


def test_sent_back_more_often_than_the_project_allows_it_goes_to_an_adjudicator(cast, project):
    Project.objects.filter(pk=project.pk).update(send_backs_most=1)
    attempt(cast.anna)
    review(cast.bela, "send_back")
    attempt(cast.anna, BETTER)
    assert review(cast.bela, "send_back").is_placed
    assert rounds() == [(1, "first", "closed"), (2, "sent_back", "closed"), (3, "dispute", "open")]
    dispute = Dispute.objects.get()
    assert (dispute.reason, dispute.annotations, dispute.adjudicated_in.number) == ("unsure", said_in(2), 3)
    assert list(Task.objects.filter(state="open").values_list("kind", "pool__work")) == [("adjudicate", "expert")]
    assert len(evidence()) == 1
    assert len(feedback()) == 1
    assert gets_nothing(cast.anna)
    assert gets_nothing(cast.bela)


def test_rejected_more_often_than_the_project_allows_it_goes_to_an_adjudicator(cast, project):
    Project.objects.filter(pk=project.pk).update(send_backs_most=1)
    attempt(cast.anna)
    review(cast.bela, "reject")
    attempt(cast.cleo, BETTER)
    assert review(cast.dido, "reject").is_placed
    assert rounds() == [(1, "first", "closed"), (2, "rework", "closed"), (3, "dispute", "open")]
    assert list(Task.objects.filter(state="open").values_list("kind", "pool__work")) == [("adjudicate", "expert")]
    assert Dispute.objects.get().annotations == said_in(2)
    assert feedback() == [(cast.anna.pk, "rejected", "true", WHY)]
    assert [reviewer for reviewer, *_ in evidence()] == [cast.anna.pk]


DECIDED = "It is right as it is, and brief."


@pytest.fixture
def in_dispute(cast, project):
    """Anna's work was sent back once more than the project allows; Dido, an expert, decides."""
    Project.objects.filter(pk=project.pk).update(send_backs_most=1)
    add_member(user=cast.dido.user, customer=cast.northwind, project=project, role=Role.AUDITOR, actor=cast.mira)
    attempt(cast.anna)
    review(cast.bela, "send_back")
    attempt(cast.anna, BETTER)
    review(cast.bela, "send_back")
    return cast


def decide(cast, **said):
    shown = take(cast.dido)
    answer(shown, cast.dido, {"review_reason": DECIDED, **said})
    return shown


def test_an_adjudicator_who_accepts_it_ends_it_with_every_round_in_what_it_rests_on(in_dispute):
    shown = decide(in_dispute, review_verdict="answer", **written(BETTER))
    assert [each.title for each in shown.beside] == ["What was written", "What the reviewer said"]
    assert shown.draft == written(BETTER)
    resolution = Resolution.objects.get()
    assert (resolution.method, resolution.outcome, resolution.answers) == ("adjudicated", "agreed", written(BETTER))
    assert resolution.annotation_ids == said_in(1, 2, 3)
    assert len(resolution.annotation_ids) == 5
    assert Dispute.objects.get().outcome == "upheld"
    assert Item.objects.get().state == "resolved"
    assert feedback()[1:] == [
        (in_dispute.anna.pk, "explained", "", f"An adjudicator accepted your work as it was. {DECIDED}")
    ]
    assert evidence()[1:] == [(in_dispute.anna.pk, "audit", True, 0.95, 2)]
    assert LedgerEntry.objects.filter(kind="pay").count() == 5


def test_what_an_adjudicator_writes_anew_is_told_to_its_author_with_the_reason(in_dispute):
    decide(in_dispute, review_verdict="answer", **written(TEXT + " Truly."))
    assert Resolution.objects.get().answers == written(TEXT + " Truly.")
    assert Dispute.objects.get().outcome == "overturned"
    [_, told] = feedback()
    assert told[:2] == (in_dispute.anna.pk, "adjudicated")
    assert told[3].startswith(f"{DECIDED}\nWrite the best response you can. {TEXT} Truly.")
    assert Feedback.objects.last().appeal_until is not None
    assert evidence()[1:] == [(in_dispute.anna.pk, "audit", False, 0.95, 2)]


def test_where_the_guideline_is_at_fault_its_author_hears_that_nothing_is_held_against_them(in_dispute):
    decide(in_dispute, review_verdict="guideline", review_clause="brief")
    resolution = Resolution.objects.get()
    assert (resolution.outcome, resolution.annotation_ids) == ("no_agreement", said_in(1, 2, 3))
    assert feedback()[1:] == [
        (
            in_dispute.anna.pk,
            "explained",
            "",
            f"An adjudicator decided on your work, and it is not held against you. {DECIDED}",
        )
    ]
    assert len(evidence()) == 1


def test_what_is_rejected_is_written_anew_by_somebody_else(cast, project):
    attempt(cast.anna)
    review(cast.bela, "reject")
    assert rounds() == [(1, "first", "closed"), (2, "rework", "open")]
    assert feedback() == [(cast.anna.pk, "rejected", "true", WHY)]
    assert list(Exclusion.objects.values_list("round__number", "reviewer")) == [(2, cast.anna.pk)]
    assert gets_nothing(cast.anna)
    anew = take(cast.cleo)
    assert (anew.beside, anew.draft) == ((), None)
    answer(anew, cast.cleo, written(BETTER))
    review(cast.dido, "reject")
    assert set(Exclusion.objects.filter(round__number=3).values_list("reviewer", flat=True)) == {
        cast.anna.pk,
        cast.cleo.pk,
    }
    assert gets_nothing(cast.cleo)


def test_a_review_prefers_who_sent_the_attempt_back_unless_they_have_left(cast, project):
    attempt(cast.anna)
    review(cast.bela, "send_back")
    end_enrolment(enrolment=Enrolment.objects.get(project=project, reviewer=cast.bela), actor=cast.mira)
    attempt(cast.anna, BETTER)
    assert Task.objects.filter(kind="review", state="open").get().reserved_for is None
    review(cast.cleo, "accept")
    assert Resolution.objects.get().answers == written(BETTER)


def test_what_waits_for_one_person_waits_three_days(cast, project):
    attempt(cast.anna)
    review(cast.bela, "send_back")
    sweep_written()
    assert Task.objects.get(kind="attempt", state="open").reserved_for == cast.anna
    with unguarded("labeling_task", "fixed_columns") as cursor:
        cursor.execute("UPDATE labeling_task SET created_at = created_at - interval '73 hours'")
    sweep_written()
    assert Task.objects.get(kind="attempt", state="open").reserved_for is None
    attempt(cast.cleo, BETTER)
    assert Task.objects.get(kind="review", state="open").reserved_for is None


def test_an_author_who_skips_what_came_back_leaves_it_to_others(cast, project):
    attempt(cast.anna)
    review(cast.bela, "send_back")
    skip_task(user=cast.anna.user, token=take(cast.anna).token, reason="I have said all I know.")
    attempt(cast.dido, BETTER)
    review(cast.cleo, "accept")
    assert Resolution.objects.get().answers == written(BETTER)


def test_facts_that_come_twice_or_never_do_no_harm(cast, project, monkeypatch):
    monkeypatch.setattr("quality.jobs.written.go_on", lambda **_: 0)
    attempt(cast.anna)
    assert not Task.objects.filter(kind="review").exists()
    monkeypatch.undo()
    assert sweep_written() == 1
    assert sweep_written() == 0
    review(cast.bela, "send_back")
    every = list(Round.objects.values_list("pk", flat=True))
    assert written_work.go_on(round_ids=every) == 0
    assert sweep_rounds() == 0
    assert (Review.objects.count(), Round.objects.count(), Task.objects.count()) == (1, 2, 3)


def test_an_attempt_that_no_longer_counts_is_written_by_somebody_else(cast, project):
    attempt(cast.anna)
    invalidate_annotation(annotation=Annotation.objects.get(), reason="Copied from a book.", actor=cast.mira)
    settle()
    assert list(Task.objects.order_by("slot").values_list("kind", "state")) == [
        ("attempt", "completed"),
        ("review", "cancelled"),
        ("attempt", "open"),
    ]
    attempt(cast.cleo, BETTER)
    review(cast.bela, "accept")
    resolution = Resolution.objects.get()
    assert resolution.answers == written(BETTER)
    invalidate_annotation(annotation=Annotation.objects.get(reviewer=cast.cleo), reason="Copied.", actor=cast.mira)
    settle()
    assert rounds() == [(1, "first", "resolved"), (2, "rework", "open")]
    assert Evidence.objects.filter(voids__isnull=False).count() == 1
    assert gets_nothing(cast.cleo)
    attempt(cast.dido, TEXT)
    review(cast.bela, "accept")
    assert Resolution.objects.filter(round__number=2).get().answers == written(TEXT)


def test_a_review_that_no_longer_counts_is_given_by_somebody_else(cast, project):
    attempt(cast.anna)
    review(cast.bela, "accept")
    invalidate_annotation(annotation=Annotation.objects.get(reviewer=cast.bela), reason="Unread.", actor=cast.mira)
    settle()
    assert (rounds(), Item.objects.get().state) == (
        [(1, "first", "resolved"), (2, "rework", "open")],
        "in_progress",
    )
    for barred in (cast.anna, cast.bela):
        assert gets_nothing(barred)
    review(cast.cleo, "accept")
    resolution = Resolution.objects.get(round__number=2)
    assert resolution.answers == written()
    said = Annotation.objects.exclude(reviewer=cast.bela).order_by("id").values_list("id", flat=True)
    assert resolution.annotation_ids == list(said)


def test_neither_an_attempt_nor_a_review_is_corrected(cast, project):
    first = attempt(cast.anna)
    with pytest.raises(Conflict, match="read by another person"):
        correct_answer(user=cast.anna.user, public_id=first.annotation_public_id, answers=written(BETTER))
    second = review(cast.bela, "accept")
    with pytest.raises(Conflict, match="acted on at once"):
        correct_answer(user=cast.bela.user, public_id=second.annotation_public_id, answers={"review_verdict": "reject"})
    assert Annotation.objects.count() == 2
    [mine] = answers_of(cast.bela.user)
    assert not shown_summary(mine)["can_be_corrected"]
    shown = shown_answer(get_answer(user=cast.bela.user, public_id=second.annotation_public_id))
    assert shown["value"] == {"review_verdict": "accept"}
    assert shown["form"]["questions"][0]["id"] == "review_verdict"


@pytest.mark.parametrize("when", ["waiting", "under review", "reviewed", "sent back"])
def test_what_was_under_way_on_an_erased_authors_words_is_written_anew(cast, project, monkeypatch, when):
    attempt(cast.anna)
    if when == "under review":
        leased = take(cast.bela)
    if when == "sent back":
        review(cast.bela, "send_back")
    if when == "reviewed":
        with monkeypatch.context() as patched:
            patched.setattr("quality.jobs.written.go_on", lambda **_: 0)
            review(cast.bela, "accept")
    erase_person(user=cast.anna.user, reason="They asked for it.", actor=cast.mira)
    settle()
    assert rounds()[-1][2] == "open"
    assert list(Task.objects.filter(state="open").values_list("kind", "beside")) == [("attempt", None)]
    assert not Task.objects.filter(state="leased").exists()
    if when == "under review":
        assert not answer(leased, cast.bela, {"review_verdict": "accept"}).is_placed
    attempt(cast.cleo, BETTER)
    review(cast.dido, "accept")
    assert Resolution.objects.get().answers == written(BETTER)
    assert tables_with(TEXT) == set()


def test_a_dispute_about_an_erased_authors_work_is_dropped_and_it_is_written_anew(in_dispute):
    erase_person(user=in_dispute.anna.user, reason="They asked for it.", actor=in_dispute.mira)
    settle()
    assert Dispute.objects.get().state == "dropped"
    assert rounds()[-1] == (3, "dispute", "open")
    attempt(in_dispute.cleo, BETTER)
    settle()
    assert list(Task.objects.filter(state="open").values_list("kind", flat=True)) == ["review"]
    review(in_dispute.bela, "accept")
    resolution = Resolution.objects.get()
    assert (resolution.answers, resolution.annotation_ids) == (written(BETTER), said_in(1, 2, 3))


def test_a_killed_worker_leaves_no_half_of_a_verdict(cast, project, monkeypatch):
    attempt(cast.anna)

    def killed(**_):
        raise KeyboardInterrupt

    monkeypatch.setattr("quality.services.written.exclude_from_new", killed)
    with pytest.raises(KeyboardInterrupt):
        review(cast.bela, "reject")
    assert (Review.objects.count(), Feedback.objects.count(), Evidence.objects.count()) == (0, 0, 0)
    assert rounds() == [(1, "first", "open")]
    monkeypatch.undo()
    assert sweep_written() == 1
    assert rounds() == [(1, "first", "closed"), (2, "rework", "open")]


@pytest.mark.parametrize("statement", ["UPDATE quality_review SET verdict = 'reject'", "DELETE FROM quality_review"])
def test_a_review_never_changes(cast, project, statement):
    attempt(cast.anna)
    review(cast.bela, "accept")
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("RESET ROLE")
        with pytest.raises(IntegrityError, match="A review never changes"), transaction.atomic():
            cursor.execute(statement)
        transaction.set_rollback(True)
    assert Review.objects.get().verdict == "accept"
