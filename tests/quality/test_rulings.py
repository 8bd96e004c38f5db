"""Questions about a clause and an item: asked at the desk, answered in the console, read by everybody on the project."""

import uuid

import pytest
from django.db import IntegrityError, connection, transaction

from config.kernel.errors import Conflict, Invalid
from config.kernel.models import Event
from labeling.services.erasures import erase_item, erase_person
from quality.models import Ruling, RulingReading
from quality.services.rulings import answer_ruling, ask_customer
from routing.models import ClockStop
from routing.services.clocks import stop_clock
from routing.services.leases import skip_task
from tests.cast import gather_cast
from tests.factories import take, upload_items


def ask(client, cast, token, question="May both be wrong?", clause="true", who="anna"):
    return client.post(
        f"/api/desk/v1/tasks/{token}/ask", {"clause": clause, "question": question}, content_type="application/json",
        headers=cast.bearer(who),
    )  # fmt: skip


def rulings(client, cast, who, **query):
    return client.get("/api/desk/v1/rulings", query, headers=cast.bearer(who)).json()["results"]


def waiting(client, cast, who):
    return client.get("/api/desk/v1/me", headers=cast.bearer(who)).json()["rulings_to_read"]


@pytest.fixture
def asked(cast, client):
    upload_items(cast.project, cast.mira)
    cast.token = take(cast.anna).token
    assert ask(client, cast, cast.token).status_code == 201
    return cast, Ruling.objects.get()


def test_a_question_is_about_a_clause_and_the_item_at_hand(asked, client):
    cast, ruling = asked
    again = ask(client, cast, cast.token, " May both be wrong? ")
    assert (again.status_code, again.json()["id"]) == (200, str(ruling.public_id))
    assert (ruling.clause, ruling.asked_by, ruling.guideline.number) == ("true", cast.anna, 1)
    assert ruling.item_version.item.project_id == cast.project.pk
    assert Event.objects.get(kind="ruling.asked").data == {"project": cast.project.pk}
    assert ask(client, cast, cast.token, "And if neither is?").status_code == 201


def test_a_question_names_a_clause_there_is_and_comes_from_who_has_the_task(asked, client):
    cast, _ = asked
    assert ask(client, cast, cast.token, clause="tone").json()["errors"][0]["field"] == "clause"
    assert ask(client, cast, cast.token, question="  ").status_code == 400
    assert ask(client, cast, cast.token, who="bela").status_code == 404
    assert ask(client, cast, uuid.uuid4()).status_code == 404
    assert Ruling.objects.count() == 1


def test_the_answer_reaches_everybody_on_the_project_and_nobody_else(asked, client):
    cast, ruling = asked
    assert [row["answer"] for row in rulings(client, cast, "anna")] == [""]
    assert rulings(client, cast, "bela") == []
    answer_ruling(ruling=ruling, answer=" Yes: choose both bad. ", actor=cast.mira)
    event = Event.objects.get(kind="ruling.answered")
    assert (event.subject_id, event.actor_id) == (ruling.pk, cast.mira.pk)
    for who, is_mine in (("anna", True), ("bela", False)):
        [row] = rulings(client, cast, who, project=str(cast.project.public_id))
        assert (row["answer"], row["is_mine"], row["is_read"]) == ("Yes: choose both bad.", is_mine, False)
        assert "item" not in row
        assert waiting(client, cast, who) == 1
    assert rulings(client, cast, "remo") == []
    assert rulings(client, cast, "anna", project=str(cast.foreign_project.public_id)) == []


def test_an_answer_is_marked_read_once_by_each(asked, client):
    cast, ruling = asked
    url = f"/api/desk/v1/rulings/{ruling.public_id}/read"
    assert client.post(url, headers=cast.bearer("anna")).status_code == 409
    assert client.post(url, headers=cast.bearer("bela")).status_code == 404
    answer_ruling(ruling=ruling, answer="Yes.", actor=cast.mira)
    for _ in range(2):
        assert client.post(url, headers=cast.bearer("bela")).status_code == 200
    assert client.post(url, headers=cast.bearer("remo")).status_code == 404
    assert [reading.reviewer for reading in RulingReading.objects.all()] == [cast.bela]
    assert (waiting(client, cast, "bela"), waiting(client, cast, "anna")) == (0, 1)
    assert rulings(client, cast, "bela")[0]["is_read"] is True


def test_an_operator_answers_in_the_console_and_only_once(asked, client):
    cast, ruling = asked
    client.force_login(cast.mira)
    page = f"/admin/quality/ruling/{ruling.pk}/change/"
    assert "May both be wrong?" in client.get(page).content.decode()
    assert client.post(page, {"answer": "Yes."}).status_code == 302
    ruling.refresh_from_db()
    assert (ruling.answer, ruling.answered_by) == ("Yes.", cast.mira)
    client.post(page, {"answer": "No."})
    ruling.refresh_from_db()
    assert ruling.answer == "Yes."
    client.force_login(cast.otto)
    assert client.get(page).status_code == 302


def test_while_the_customer_is_asked_the_clock_stands_and_both_see_why(asked, client):
    cast, first = asked
    ask(client, cast, cast.token, "And if neither is?")
    second = Ruling.objects.get(question="And if neither is?")
    client.force_login(cast.mira)
    chosen = {"action": "ask_customer", "_selected_action": [first.pk], "reason": "May both be wrong?"}
    client.post("/admin/quality/ruling/", chosen)
    ask_customer(ruling=second, reason="And neither?", actor=cast.mira)
    with pytest.raises(Conflict, match="asked before"):
        ask_customer(ruling=first, reason="Again?", actor=cast.mira)
    clock = client.get(f"/api/v1/projects/{cast.project.public_id}/clock", headers=cast.bearer("dana")).json()
    assert (clock["is_stopped"], [stop["reason"] for stop in clock["stops"]]) == (True, ["May both be wrong?"])
    page = client.get(f"/admin/operations/{cast.project.public_id}/").content.decode()
    assert "May both be wrong?" in page
    assert "kind=clearance" in page
    client.force_login(cast.dana)
    assert "May both be wrong?" in client.get(f"/portal/projects/{cast.project.public_id}/").content.decode()
    answer_ruling(ruling=first, answer="Yes.", actor=cast.mira)
    assert ClockStop.objects.get().ended_at is None
    answer_ruling(ruling=second, answer="Yes.", actor=cast.mira)
    assert (ClockStop.objects.get().kind, ClockStop.objects.get().ended_by) == ("ruling", cast.mira)
    with pytest.raises(Conflict, match="answered before"):
        ask_customer(ruling=first, reason="Still?", actor=cast.mira)


def test_a_question_that_the_customer_was_not_asked_lets_no_clock_go_on(asked):
    cast, ruling = asked
    stop_clock(project=cast.project, kind="ruling", reason="By hand", actor=cast.mira)
    answer_ruling(ruling=ruling, answer="Yes.", actor=cast.mira)
    assert ClockStop.objects.get().ended_at is None


def test_an_answer_needs_words_and_is_given_once(asked):
    cast, ruling = asked
    for words in (" ", "x" * 2001):
        with pytest.raises(Invalid):
            answer_ruling(ruling=ruling, answer=words, actor=cast.mira)
    answer_ruling(ruling=ruling, answer="Yes.", actor=cast.mira)
    with pytest.raises(Conflict, match="answered before"):
        answer_ruling(ruling=ruling, answer="No.", actor=cast.mira)
    ruling.refresh_from_db()
    assert ruling.answer == "Yes."


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ("UPDATE quality_ruling SET answer = 'No.'", "never changes"),
        ("UPDATE quality_ruling SET answered_at = NULL, answered_by_id = NULL, answer = ''", "never changes"),
        ("UPDATE quality_ruling SET question = 'Else?'", "never change"),
        ("DELETE FROM quality_ruling", "never changes|is kept"),
    ],
)
def test_the_database_refuses_another_word_once_a_ruling_is_given(asked, change, why):
    cast, ruling = asked
    answer_ruling(ruling=ruling, answer="Yes.", actor=cast.mira)
    with pytest.raises(IntegrityError, match=why), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(change)


def test_the_database_refuses_rulings_across_customers_and_born_answered(asked):
    cast, _ = asked
    columns = "project_id, guideline_id, clause, item_version_id, asked_by_id, question"
    for customer, answered, why in (
        (cast.meridian, "NULL, NULL", "another customer"),
        (cast.northwind, f"now(), {cast.mira.pk}", "asked for first"),
    ):
        insert = (
            f"INSERT INTO quality_ruling (public_id, submission, customer_id, answered_at, answered_by_id, {columns})"
            f" SELECT gen_random_uuid(), gen_random_uuid(), {customer.pk}, {answered}, {columns} FROM quality_ruling"
        )
        with pytest.raises(IntegrityError, match=why), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(insert)


def test_what_was_asked_goes_with_the_item_or_the_person(transactional_db, client):
    cast = gather_cast()
    items = upload_items(cast.project, cast.mira, 1)
    for who in (cast.anna, cast.bela):
        token = take(who).token
        assert ask(client, cast, token, f"quetzal of {who.pk}", who=who.user.name.lower()).status_code == 201
        skip_task(user=who.user, token=token, reason="Test")
    first, second = Ruling.objects.order_by("pk")
    answer_ruling(ruling=first, answer="A quetzal is a bird.", actor=cast.mira)
    erase_person(user=cast.anna.user, reason="Test", actor=cast.mira)
    first.refresh_from_db()
    assert (first.question, first.answer) == ("", "A quetzal is a bird.")
    erase_item(item=items[0], reason="Test", actor=cast.dana)
    assert {(each.question, each.answer) for each in Ruling.objects.all()} == {("", "")}
    assert rulings(client, cast, "bela") == []
    assert second.pk in Ruling.objects.values_list("pk", flat=True)


def test_nobody_has_more_questions_waiting_than_somebody_can_answer(asked, client, monkeypatch):
    cast, ruling = asked
    monkeypatch.setattr("quality.services.rulings.MOST_WAITING", 2)
    assert ask(client, cast, cast.token, "Another?").status_code == 201
    said = ask(client, cast, cast.token, "And another?")
    assert (said.status_code, said.json()["detail"][:19]) == (409, "2 of your questions")
    assert ask(client, cast, cast.token, "Another?").status_code == 200  # the same again is the same
    answer_ruling(ruling=ruling, answer="Yes", actor=cast.mira)
    assert ask(client, cast, cast.token, "And another?").status_code == 201
