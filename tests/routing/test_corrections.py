"""My last answers: shown as they were given, corrected while they may be, and no way to tell gold."""

import threading
import uuid
from datetime import timedelta

import pytest
from django.db import connection, transaction

from config.kernel.errors import Conflict, NotFound
from config.kernel.locks import lock_row
from labeling.forms import InvalidAnswers
from labeling.models import AccessLog, Annotation, Item, Round, Task
from labeling.selectors import counting_annotations_of
from labeling.services.erasures import erase_item
from labeling.services.forms import publish_form
from labeling.services.judgments import invalidate_annotation
from labeling.services.people import remove_member
from quality.models import GoldScore, Resolution
from quality.services.rounds import resolve_due
from routing.services.blocks import place_block
from routing.services.corrections import correct_answer
from routing.services.enrolments import end_enrolment
from routing.services.leases import skip_task
from routing.services.levels import set_routing
from routing.services.submits import submit_task
from tests.cast import FORM, gather_cast
from tests.factories import item_row, judge, let_answers_age, prefer, settle, take, upload, upload_items

ROOT = "/api/desk/v1/answers"


@pytest.fixture
def judged(cast):
    upload_items(cast.project, cast.mira)
    judge(cast.anna, "a", rationale="It is Paris.")
    return cast, Annotation.objects.get()


def ask(client, cast, path="", who="anna"):
    return client.get(f"{ROOT}{path}", headers=cast.bearer(who))


def put(client, cast, answer, value, who="anna"):
    return client.put(
        f"{ROOT}/{answer}/correct", {"value": value}, content_type="application/json", headers=cast.bearer(who)
    )


def test_my_answers_say_which_can_be_corrected_and_until_when(judged, client):
    cast, first = judged
    rows = ask(client, cast).json()["results"]
    assert [(row["id"], row["can_be_corrected"], row["until"]) for row in rows] == [
        (str(first.public_id), True, "You can correct it for 30 minutes after you gave it.")
    ]
    assert rows[0]["excerpt"] == "What is the capital of France? (item-000)"
    log = AccessLog.objects.latest("id")
    assert (log.user_id, log.door, log.object_ids) == (cast.anna.user_id, "desk", [first.item_version_id])
    assert ask(client, cast, who="bela").json()["results"] == []


def test_an_answer_is_shown_as_it_was_given_and_the_read_is_logged(judged, client):
    cast, first = judged
    before = AccessLog.objects.count()
    shown = ask(client, cast, f"/{first.public_id}").json()
    assert shown["value"] == prefer("a", rationale="It is Paris.")
    assert [each["key"] for each in shown["item"]["responses"]] == first.presented
    assert shown["item"]["messages"][0]["html"].startswith("<p>What is the capital")
    assert "model" not in str(shown["item"])
    assert AccessLog.objects.count() == before + 1
    assert ask(client, cast, f"/{first.public_id}", "bela").status_code == 404


def test_a_correction_counts_and_the_same_again_is_the_same(judged, client):
    cast, first = judged
    made = put(client, cast, first.public_id, prefer("b"))
    again = put(client, cast, first.public_id, prefer("b"))
    assert (made.status_code, again.status_code) == (201, 200)
    assert made.json() == again.json()
    correction = Annotation.objects.get(supersedes=first)
    assert (str(correction.public_id), correction.answers, correction.rationale) == (made.json()["id"], prefer("b"), "")
    assert list(counting_annotations_of([first.round_id])) == [correction]
    row = ask(client, cast).json()["results"][0]
    assert (row["id"], row["is_correction"]) == (made.json()["id"], True)
    assert ask(client, cast, f"/{first.public_id}").json()["id"] == made.json()["id"]


def test_what_the_answer_says_already_is_no_correction(judged, client):
    cast, first = judged
    same = put(client, cast, first.public_id, prefer("a", rationale=" It is Paris. "))
    assert (same.status_code, same.json()) == (200, {"id": str(first.public_id)})
    assert Annotation.objects.count() == 1


def test_a_second_correction_of_the_first_answer_is_refused_and_of_the_newer_taken(judged):
    cast, first = judged
    made = correct_answer(user=cast.anna.user, public_id=first.public_id, answers=prefer("b"))
    with pytest.raises(Conflict, match="corrected before"):
        correct_answer(user=cast.anna.user, public_id=first.public_id, answers=prefer("tie"))
    correct_answer(user=cast.anna.user, public_id=made.annotation_public_id, answers=prefer("tie"))
    assert Annotation.objects.count() == 3


def test_only_the_author_corrects_and_only_as_the_form_allows(judged):
    cast, first = judged
    for who, answer in ((cast.bela, first.public_id), (cast.anna, uuid.uuid4())):
        with pytest.raises(NotFound):
            correct_answer(user=who.user, public_id=answer, answers=prefer("b"))
    with pytest.raises(InvalidAnswers):
        correct_answer(user=cast.anna.user, public_id=first.public_id, answers=prefer("z"))
    remove_member(membership=cast.anna.user.memberships.get(), actor=cast.mira)
    with pytest.raises(NotFound):
        correct_answer(user=cast.anna.user, public_id=first.public_id, answers=prefer("b"))
    assert Annotation.objects.count() == 1


OVER = "The time for corrections is over; what was said stands."


def test_what_was_said_long_ago_stands_and_no_correction_of_it_begins_the_time_anew(judged, client):
    cast, first = judged
    let_answers_age(timedelta(minutes=29))
    made = put(client, cast, first.public_id, prefer("b")).json()["id"]
    let_answers_age(timedelta(minutes=1))
    row = ask(client, cast).json()["results"][0]
    assert (row["id"], row["can_be_corrected"], row["until"]) == (made, False, OVER)
    refused = put(client, cast, made, prefer("a"))
    assert (refused.status_code, refused.json()["detail"]) == (409, OVER)
    assert Annotation.objects.count() == 2


def test_what_is_resolved_comes_to_something_anew_once_it_is_corrected(judged, client):
    cast, first = judged
    judge(cast.bela, "a")
    judge(cast.cleo, "b")
    settle()
    was = Resolution.objects.get()
    assert put(client, cast, first.public_id, prefer("b")).status_code == 201
    settle()
    now = Resolution.objects.get(supersedes=was)
    assert (was.answers["preference"], now.answers["preference"]) == ({"choice": "a"}, {"choice": "b"})
    assert Annotation.objects.get(supersedes=first).pk in now.annotation_ids


def test_a_correction_asks_nobody_again_where_a_skip_waits_for_an_operator(judged, client):
    cast, first = judged
    set_routing(project=cast.project, escalate_after_skips=1, actor=cast.mira)
    skip_task(user=cast.bela.user, token=take(cast.bela).token, reason="Unclear")
    put(client, cast, first.public_id, prefer("b"))
    settle()
    assert sorted(Task.objects.values_list("state", flat=True)) == ["cancelled", "completed", "open"]


@pytest.mark.parametrize("how", ["ended", "blocked", "conflicted"])
def test_who_is_off_the_work_reads_and_corrects_nothing_of_it(judged, client, how):
    cast, first = judged
    if how == "ended":
        end_enrolment(enrolment=cast.anna.enrolments.get(), actor=cast.mira)
    elif how == "blocked":
        place_block(customer=cast.northwind, reviewer=cast.anna, reason="Test", actor=cast.dana)
    else:
        cast.northwind.conflict_tags = cast.anna.conflict_tags = ["acme"]
        cast.northwind.save(update_fields=["conflict_tags"])
        cast.anna.save(update_fields=["conflict_tags"])
    assert ask(client, cast).json()["results"] == []
    assert ask(client, cast, f"/{first.public_id}").status_code == 404
    assert put(client, cast, first.public_id, prefer("b")).status_code == 404
    assert client.get("/api/desk/v1/rulings", headers=cast.bearer("anna")).json()["results"] == []
    asked = {"clause": "true", "question": "And now?"}
    url = f"/api/desk/v1/tasks/{first.submission}/ask"
    assert client.post(url, asked, content_type="application/json", headers=cast.bearer("anna")).status_code == 404
    assert Annotation.objects.count() == 1


def test_what_was_invalidated_or_erased_is_no_longer_corrected(judged, client):
    cast, first = judged
    invalidate_annotation(annotation=first, reason="Test", actor=cast.mira)
    assert "no longer counts" in put(client, cast, first.public_id, prefer("b")).json()["detail"]
    erase_item(item=Item.objects.get(), reason="Test", actor=cast.dana)
    assert "erased" in put(client, cast, first.public_id, prefer("b")).json()["detail"]
    shown = ask(client, cast, f"/{first.public_id}").json()
    assert (shown["item"], shown["value"], shown["excerpt"], shown["can_be_corrected"]) == (None, {}, "", False)
    assert Annotation.objects.count() == 1


def test_a_corrected_edit_is_sent_again_as_it_was_given(cast, client):
    form = {"title": "Edit", "questions": [{"id": "fix", "type": "edit", "text": "Mend it.", "nature": "preferential"}]}
    publish_form(project=cast.project, document=form, actor=cast.mira)
    upload_items(cast.project, cast.mira)
    answers = {"fix": {"response": "b", "text": "Paris, I know."}}
    submit_task(user=cast.anna.user, token=take(cast.anna).token, answers=answers, seconds=1)
    first = Annotation.objects.get()
    assert ask(client, cast, f"/{first.public_id}").json()["value"] == answers
    assert put(client, cast, first.public_id, answers).status_code == 200
    assert put(client, cast, first.public_id, {"fix": {"response": "b", "text": "Paris."}}).status_code == 201
    assert Annotation.objects.get(supersedes=first).answers["fix"]["diff"]


@pytest.fixture
def with_gold(cast):
    """An ordinary answer by Anna, and after it a miss on gold that has been scored."""
    cast.project.gold_share = "0.5"
    cast.project.save()
    upload(
        cast.project,
        cast.mira,
        item_row("plain"),
        item_row("known", expected={"answer": {"preference": {"choice": "a"}}}),
    )
    for _ in range(2):
        judge(cast.anna, "b")
    settle()
    cast.plain = Annotation.objects.get(round__item__external_id="plain")
    cast.gold = Annotation.objects.get(round__item__external_id="known")
    return cast


def closing(client, cast):
    rows = ask(client, cast).json()["results"]
    return {row["id"]: (row["can_be_corrected"], row["until"]) for row in rows}


def test_a_gold_answer_is_corrected_like_any_other_and_its_miss_stays_a_miss(with_gold, client):
    cast = with_gold
    assert GoldScore.objects.get().is_correct is False
    assert len(set(closing(client, cast).values())) == 1
    for each in (cast.plain, cast.gold):
        assert put(client, cast, each.public_id, prefer("a")).status_code == 201
    settle()
    score = GoldScore.objects.get()
    assert (score.annotation, score.is_correct) == (cast.gold, False)


def test_whether_an_answer_is_open_follows_from_when_it_was_given_gold_or_not(with_gold, client):
    cast = with_gold
    was = closing(client, cast)
    for reviewer in (cast.bela, cast.cleo):
        for _ in range(2):
            judge(reviewer)
    settle()
    assert Round.objects.get(pk=cast.plain.round_id).state == "resolved"
    assert Round.objects.get(pk=cast.gold.round_id).state == "open"
    assert closing(client, cast) == was
    let_answers_age(timedelta(minutes=30))
    assert set(closing(client, cast).values()) == {(False, OVER)}
    answers = [put(client, cast, each.public_id, prefer("a")) for each in (cast.plain, cast.gold)]
    assert [each.status_code for each in answers] == [409, 409]
    assert len({each.json()["detail"] for each in answers}) == 1


def test_a_gold_answer_under_an_old_form_stays_open_as_the_answer_beside_it_does(with_gold, client):
    cast = with_gold
    Task.objects.filter(kind="annotate", state="open").update(state="cancelled")
    publish_form(project=cast.project, document={**FORM, "title": "Pairs anew"}, actor=cast.mira)
    settle()
    assert Round.objects.get(pk=cast.gold.round_id).state == "cancelled"
    assert {can for can, _ in closing(client, cast).values()} == {True}
    assert put(client, cast, cast.gold.public_id, prefer("a")).status_code == 201


def test_corrections_are_not_counted_as_work_of_today(judged, client):
    cast, first = judged
    correct_answer(user=cast.anna.user, public_id=first.public_id, answers=prefer("b"))
    assert client.get("/api/desk/v1/me", headers=cast.bearer("anna")).json()["today"]["submitted"] == 1


@pytest.mark.parametrize("who_is_first", ["resolver", "author"])
def test_who_locks_the_round_first_decides_between_author_and_resolver(transactional_db, who_is_first):
    """Real transactions: the second waits for the first, and then finds the round as that left it."""
    cast = gather_cast()
    upload_items(cast.project, cast.mira)
    judge(cast.anna, "b")
    for reviewer in (cast.bela, cast.cleo):
        judge(reviewer, "a")
    first = Annotation.objects.get(reviewer=cast.anna)

    def in_thread(act):
        def run():
            try:
                act()
            finally:
                connection.close()

        thread = threading.Thread(target=run)
        thread.start()
        return thread

    def correct():
        correct_answer(user=cast.anna.user, public_id=first.public_id, answers=prefer("a"))

    with transaction.atomic():
        if who_is_first == "resolver":
            resolve_due()
            thread = in_thread(correct)
        else:
            lock_row(Round.objects.filter(pk=first.round_id))
            correct()
            thread = in_thread(resolve_due)
        thread.join(0.5)
        assert thread.is_alive()
    thread.join(10)
    resolution = Resolution.objects.get()
    correction = Annotation.objects.get(supersedes=first)
    assert (first if who_is_first == "resolver" else correction).pk in resolution.annotation_ids
    settle()
    latest = Resolution.objects.get(superseded_by=None)
    assert correction.pk in latest.annotation_ids
    assert latest.confidence == 1.0


def test_the_list_costs_the_same_however_long_it_is(cast, client, django_assert_max_num_queries):
    upload_items(cast.project, cast.mira, 12)
    for _ in range(12):
        judge(cast.anna)
    bearer = cast.bearer("anna")
    with django_assert_max_num_queries(5):
        page = client.get(f"{ROOT}?page_size=10", headers=bearer).json()
    assert len(page["results"]) == 10
    assert len(client.get(page["next"], headers=bearer).json()["results"]) == 2
