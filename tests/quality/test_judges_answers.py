"""What judges answer: annotations beside the work, shown to people or not, that count once it is calibrated."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, connections, transaction
from rest_framework.test import APIClient

from config.contributions import life_of_item
from config.kernel.errors import Conflict, Invalid
from config.kernel.models import Event
from delivery.holding import held_results
from delivery.snapshot import Stretch, Tally, carried_records
from labeling.models import Annotation, Flag, Item, Prelabel, Project, Round, Task
from labeling.prelabels import OF_LEASE
from labeling.selectors import progress_of
from labeling.services.erasures import erase_item
from labeling.services.settings import change_project
from labeling.types import RoundReason
from quality.models import Evidence, JudgeCall, Resolution
from quality.services.judges import hide_before, raise_alarm, show_before, stop_judge
from quality.types import AlarmKind
from routing.services.claims import next_task
from routing.services.submits import submit_task
from routing.types import NothingToDo
from tests.cast import gather_cast
from tests.factories import item_row, let_answers_age, prefer, settle, take, trust, upload, upload_items
from tests.judging import at_work, calibrated, run
from tests.quality.models import prefers

BEFORE = "A model’s answer, shown before yours"


def desk(cast, name):
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=cast.bearer(name)["Authorization"])
    return client


def answer_all(reviewer, choice):
    """Let the reviewer answer what there is: gold as expected, all else as said."""
    while not isinstance(leased := next_task(user=reviewer.user), NothingToDo):
        text = leased.payload["messages"][0]["content"]
        said = "ab"[int(text.partition("gold-")[2].split()[0].strip("?.,")) % 2] if "gold-" in text else choice
        submit_task(user=reviewer.user, token=leased.token, answers=prefer(said), seconds=5.0)


# --- annotations beside the work --------------------------------------------------------------------------------------


def test_a_verdict_is_an_annotation_of_the_model_beside_the_work(cast, endpoint):
    endpoint.answer = lambda _: {"answers": {"preference": {"choice": "a"}, "rationale": "It is."}, "confidence": 0.9}
    judge = at_work(cast, endpoint, prompt="Judge these well.")
    upload_items(cast.project, cast.dana, 2)
    before = progress_of(cast.project)
    run(judge)
    said = Annotation.objects.order_by("id").first()
    assert (said.origin, said.reviewer.judge, said.answers, said.rationale) == (
        "model", judge, {"preference": {"choice": "a"}}, "It is.",
    )  # fmt: skip
    assert (said.reviewer.judge.model, said.reviewer.judge.prompt_version) == ("acme-judge-7b", 1)
    assert said.judge_call.request["model"] == "acme-judge-7b"
    assert (said.round.reason, said.round.state, said.task.kind, said.task.state) == (
        "model", "history", "model", "completed",
    )  # fmt: skip
    assert progress_of(cast.project) == before
    assert Annotation.objects.count() == 2
    item = Item.objects.first()
    moments = [moment.what for moment in life_of_item(item)]
    assert moments.count("annotated by a model in round 2") == 1
    assert not any("earlier tool" in what for what in moments)


def test_another_judge_answers_in_the_same_round_beside_and_nobody_changes_what_it_said(cast, endpoint):
    run(at_work(cast, endpoint))
    upload_items(cast.project, cast.dana, 1)
    run(at_work(cast, endpoint, name="Other", prompt="Judge them."))
    run(at_work(cast, endpoint, name="Third", prompt="Judge it."))
    assert Round.objects.filter(reason=RoundReason.MODEL).count() == 1
    assert list(Task.objects.filter(kind="model").order_by("id").values_list("slot", flat=True)) == [0, 1]
    for statement in ("UPDATE labeling_annotation SET answers = '{}'", "DELETE FROM labeling_annotation"):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)


def test_the_database_lets_no_model_into_a_round_of_people(cast, endpoint):
    run(at_work(cast, endpoint))
    upload_items(cast.project, cast.dana, 1)
    run(at_work(cast, endpoint, name="Other", prompt="Judge them."))
    leased = take(cast.anna)
    columns = (
        "customer_id, project_id, item_version_id, guideline_id, form_id, code_version, answers, rationale, presented"
    )
    copied = (
        f"INSERT INTO labeling_annotation ({columns}, public_id, task_id, round_id, reviewer_id, origin, submission)"
        f" SELECT {columns}, gen_random_uuid(), %s, (SELECT round_id FROM labeling_task WHERE id = %s), %s, 'model',"
        " gen_random_uuid() FROM labeling_annotation WHERE origin = 'model'"
    )
    with (
        pytest.raises(DatabaseError, match="kept beside the work"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(copied, [leased.task_id, leased.task_id, cast.bela.pk])


def test_people_answer_as_if_no_model_had_and_it_resolves_by_their_number(cast, endpoint):
    judge = at_work(cast, endpoint)
    upload_items(cast.project, cast.dana, 1)
    run(judge)
    for reviewer in (cast.anna, cast.bela):
        answer_all(reviewer, "b")
    settle()
    assert not Resolution.objects.exists()
    answer_all(cast.cleo, "b")
    settle()
    result = Resolution.objects.get()
    assert result.distribution == {"preference": {"b": 3}}
    assert not Evidence.objects.filter(reviewer=judge.reviewer).exists()


def test_an_erased_items_answers_of_models_are_emptied(cast, endpoint):
    judge = at_work(cast, endpoint)
    upload_items(cast.project, cast.dana, 1)
    run(judge)
    erase_item(item=Item.objects.get(), reason="They asked", actor=cast.dana)
    said = Annotation.objects.get()
    assert (said.answers, said.rationale, said.judge_call.answers) == ({}, "", None)


@pytest.mark.django_db(transaction=True)
def test_an_item_erased_during_a_call_leaves_neither_words_nor_an_annotation(endpoint):
    """The erasure commits while the model is asked: what was asked and answered is not kept, only what it cost."""
    cast = gather_cast()
    upload_items(cast.project, cast.dana, 1)
    judge = at_work(cast, endpoint, price_in="1", price_out="1", budget="1")

    def erases_first(asked):
        erase_item(item=Item.objects.get(), reason="They asked", actor=cast.dana)
        connections.close_all()
        return {"answers": {"preference": {"choice": "a"}, "rationale": "Paris is right."}, "confidence": 0.9}

    endpoint.answer = erases_first
    run(judge)
    call = JudgeCall.objects.get()
    assert (call.request, call.response, call.answers, call.annotation) == ({}, None, None, None)
    assert (call.ended, call.fault, call.cost > 0) == ("failed", "The item was erased meanwhile.", True)
    assert not Annotation.objects.exists()
    assert "Paris" not in str(list(JudgeCall.objects.values()))


# --- what counts ------------------------------------------------------------------------------------------------------


def test_a_judge_that_counts_has_a_vote_beside_peoples_and_nothing_is_released_on_its_strength(cast, endpoint):
    change_project(project=cast.project, changes={"overlap": 2}, actor=cast.mira)
    judge = calibrated(cast, endpoint)
    upload_items(cast.project, cast.dana, 1)
    run(judge)
    answer_all(cast.anna, "a")
    settle()
    assert not Resolution.objects.exists()
    answer_all(cast.bela, "b")
    settle()
    result = Resolution.objects.get()
    assert (result.outcome, result.answers, result.distribution) == (
        "agreed", {"preference": {"choice": "a"}}, {"preference": {"a": 2, "b": 1}},
    )  # fmt: skip
    of_model = Annotation.objects.get(pk__in=result.annotation_ids, origin="model")
    assert of_model.reviewer == judge.reviewer
    assert not Evidence.objects.filter(reviewer=judge.reviewer).exists()
    assert held_results(project_id=cast.project.pk).unproven == 1
    trust(cast.project, cast.anna, cast.mira)
    with transaction.atomic():
        [carried] = carried_records(cast.project, Tally(), Stretch("", None), 10)
    said = {(each["origin"], each["role"], each["model"]) for each in carried.record["annotations"]}
    assert said == {("human", "judgment", None), ("model", "judgment", "acme-judge-7b")}


def test_a_judge_with_an_alarm_or_without_the_contracts_leave_has_no_vote(cast, endpoint):
    change_project(project=cast.project, changes={"overlap": 2}, actor=cast.mira)
    judge = calibrated(cast, endpoint)
    upload_items(cast.project, cast.dana, 1)
    run(judge)
    raise_alarm(judge=judge, kind=AlarmKind.DRIFT, sentence="It judges otherwise.")
    for reviewer, choice in ((cast.anna, "a"), (cast.bela, "b")):
        answer_all(reviewer, choice)
    settle()
    result = Resolution.objects.get()
    assert (result.outcome, result.distribution) == ("no_agreement", {"preference": {"a": 1, "b": 1}})


def test_one_person_is_never_outvoted_by_judges_and_a_judge_they_saw_is_no_vote_beside_theirs(cast, endpoint):
    change_project(project=cast.project, changes={"overlap": 2}, actor=cast.mira)
    judge = calibrated(cast, endpoint, is_shown_before=True)
    upload_items(cast.project, cast.dana, 1)
    run(judge)
    for reviewer, choice in ((cast.anna, "a"), (cast.bela, "b")):
        answer_all(reviewer, choice)
    settle()
    result = Resolution.objects.get()
    assert result.distribution == {"preference": {"a": 1, "b": 1}}
    shown = Annotation.objects.filter(pk__in=result.annotation_ids).values_list("prelabel__reviewer", flat=True)
    assert set(shown) == {judge.reviewer_id}


@pytest.mark.parametrize("is_released", [False, True])
def test_releases_leave_out_what_models_said_unless_the_contract_says_so(cast, endpoint, is_released):
    contract = {"judges_released": True} if is_released else {}
    judge = at_work(cast, endpoint, contract=contract)
    upload_items(cast.project, cast.dana, 1)
    run(judge)
    for reviewer in (cast.anna, cast.bela, cast.cleo):
        answer_all(reviewer, "b")
    settle()
    cast.project.refresh_from_db()
    with transaction.atomic():
        [carried] = carried_records(cast.project, Tally(), Stretch("", None), 10)
    said = [
        (each["origin"], each["role"], each["model"], each["prompt_version"], each["saw_model"])
        for each in carried.record["annotations"]
    ]
    of_people = [("human", "judgment", None, None, False)] * 3
    assert said == [*of_people, ("model", "beside", "acme-judge-7b", 1, False)] if is_released else said == of_people


# --- what people are shown --------------------------------------------------------------------------------------------


def test_by_default_nobody_is_told_what_a_model_answered_before_they_have(cast, endpoint):
    judge = at_work(cast, endpoint)
    upload_items(cast.project, cast.dana, 1)
    run(judge)
    client = desk(cast, "anna")
    task = client.post("/api/desk/v1/next", {}, format="json").json()["task"]
    assert task["beside"] == []
    done = client.post(
        f"/api/desk/v1/tasks/{task['lease']['token']}/submit", {"value": prefer("b"), "seconds": 4}, format="json"
    ).json()
    assert Annotation.objects.get(public_id=done["annotation"]).prelabel is None
    [listed] = client.get("/api/desk/v1/answers").json()["results"]
    assert (listed["can_be_corrected"], listed["has_models"]) == (True, False)
    assert client.get(f"/api/desk/v1/answers/{done['annotation']}").json()["models"] == []
    let_answers_age(timedelta(minutes=31))
    [listed] = client.get("/api/desk/v1/answers").json()["results"]
    assert (listed["can_be_corrected"], listed["has_models"]) == (False, True)
    own, shown = client.get(f"/api/desk/v1/answers/{done['annotation']}").json()["models"]
    assert (own["title"], own["is_by_model"]) == ("You answered", False)
    assert (shown["title"], shown["is_by_model"]) == ("A model answered", True)
    places = [each["key"] for each in task["item"]["responses"]]
    assert shown["said"][0]["lines"] == [f"Response {places.index('a') + 1} (“Paris.”)"]
    assert own["said"][0]["lines"] == [f"Response {places.index('b') + 1} (“Lyon, I think.”)"]


def test_where_the_project_says_so_it_is_shown_before_marked_and_remembered(cast, endpoint):
    judge = at_work(cast, endpoint, is_shown_before=True)
    upload_items(cast.project, cast.dana, 1)
    run(judge)
    client = desk(cast, "anna")
    task = client.post("/api/desk/v1/next", {}, format="json").json()["task"]
    [shown] = task["beside"]
    assert (shown["title"], shown["is_by_model"]) == (BEFORE, True)
    place = [each["key"] for each in task["item"]["responses"]].index("a") + 1
    assert shown["said"] == [{"question": "Which response is better?", "lines": [f"Response {place}"]}]
    assert "acme" not in str(task)
    done = client.post(
        f"/api/desk/v1/tasks/{task['lease']['token']}/submit", {"value": prefer("b"), "seconds": 4}, format="json"
    ).json()
    given = Annotation.objects.get(public_id=done["annotation"])
    assert given.prelabel == Annotation.objects.get(origin="model")
    client.put(f"/api/desk/v1/answers/{done['annotation']}/correct", {"value": prefer("a")}, format="json")
    assert Annotation.objects.get(supersedes=given).prelabel == given.prelabel


def test_what_is_shown_and_what_an_answer_remembers_are_found_alike(cast):
    with connection.cursor() as cursor:
        cursor.execute("SELECT prosrc FROM pg_proc WHERE proname = 'routing_shown'")
        [(shown,)] = cursor.fetchall()
    assert " ".join(OF_LEASE.split()) in " ".join(shown.split())


def test_what_comes_after_a_lease_was_taken_is_not_shown_under_it(cast, endpoint):
    judge = at_work(cast, endpoint, is_shown_before=True)
    upload_items(cast.project, cast.dana, 1)
    leased = take(cast.anna)
    run(judge)
    assert take(cast.anna).beside == ()
    submit_task(user=cast.anna.user, token=leased.token, answers=prefer("b"), seconds=4)
    assert Annotation.objects.get(origin="human").prelabel is None
    assert [each.title for each in take(cast.bela).beside] == [BEFORE]


@pytest.mark.parametrize("how", ["stopped", "alarmed"])
def test_a_judge_that_is_stopped_or_in_doubt_is_shown_to_nobody_any_more(cast, endpoint, how):
    judge = at_work(cast, endpoint, is_shown_before=True)
    upload_items(cast.project, cast.dana, 1)
    run(judge)
    seen = take(cast.anna)
    if how == "stopped":
        stop_judge(judge=judge, actor=cast.mira)
    else:
        raise_alarm(judge=judge, kind=AlarmKind.DRIFT, sentence="It judges otherwise.")
    assert take(cast.bela).beside == ()
    submit_task(user=cast.anna.user, token=seen.token, answers=prefer("b"), seconds=4)
    assert Annotation.objects.get(origin="human").prelabel is not None
    with pytest.raises(DatabaseError, match="never changes"), transaction.atomic():
        Prelabel.objects.update(shown_until=None)


def test_an_operator_turns_showing_on_and_off_for_what_comes(cast, endpoint):
    judge = at_work(cast, endpoint)
    upload_items(cast.project, cast.dana, 1)
    run(judge)
    for _ in range(2):
        show_before(judge=judge, actor=cast.mira)
    assert take(cast.anna).beside == ()
    upload(cast.project, cast.dana, item_row("later"))
    run(judge)
    assert Prelabel.objects.get().item_version.item.external_id == "later"
    for _ in range(2):
        hide_before(judge=judge, actor=cast.mira)
    assert Event.objects.filter(kind="judge.showing_turned").count() == 2
    judge.refresh_from_db()
    assert (judge.is_shown_before, Prelabel.objects.filter(shown_until=None).count()) == (False, 0)


def test_where_people_write_nothing_is_shown_before(cast, endpoint):
    judge = at_work(cast, endpoint)
    Project.objects.filter(pk=cast.project.pk).update(overlap_kind="reviewed")
    judge.project.refresh_from_db()
    with pytest.raises(Conflict, match="would be copied"):
        show_before(judge=judge, actor=cast.mira)
    with pytest.raises(Invalid, match="would be copied"):
        at_work(cast, endpoint, name="Other", prompt="Judge them.", is_shown_before=True)
    judge.refresh_from_db()
    assert not judge.is_shown_before


def test_gold_shows_its_pre_label_as_any_other_item_does(cast, endpoint):
    """And is not judged before its neighbours, so that nobody can tell it by that either."""
    endpoint.answer = prefers("a")
    judge = at_work(cast, endpoint, is_shown_before=True)
    expected = {"answer": {"preference": {"choice": "b"}}}
    upload(cast.project, cast.dana, item_row("one"), item_row("two", expected=expected), item_row("three"))
    run(judge)
    plain = [each for each in JudgeCall.objects.order_by("id") if each.purpose == "judge"]
    assert [each.item_version.item.external_id for each in plain] == ["one", "two", "three"]
    titles = {}
    for _ in range(3):
        leased = take(cast.anna)
        titles[leased.kind] = [each.title for each in leased.beside]
        submit_task(user=cast.anna.user, token=leased.token, answers=prefer("a"), seconds=4)
    assert titles == {"annotate": [BEFORE], "gold": [BEFORE]}


# --- rules first ------------------------------------------------------------------------------------------------------


def test_responses_that_break_a_rule_are_flagged_once_before_the_judge_is_asked(cast, endpoint):
    row = item_row("one")
    row["messages"] = [
        {
            "role": "user",
            "content": "Give me the three largest cities of France as JSON, please, and add nothing to it that is no JSON.",
        }
    ]
    row["responses"] = [
        {"key": "a", "text": "I'm sorry, but I can't help with that."},
        {"key": "b", "text": '["Paris", "Marseille", "Lyon"]'},
        {"key": "c", "text": row["messages"][0]["content"]},
    ]
    upload(cast.project, cast.dana, row)
    endpoint.status = 500
    judge = at_work(cast, endpoint)
    run(judge)
    found = Flag.objects.filter(kind="rule").order_by("field", "id").values_list("field", "detail__rule")
    assert list(found) == [
        ("responses[0].text", "format"),
        ("responses[0].text", "refusal"),
        ("responses[2].text", "format"),
        ("responses[2].text", "copied_prompt"),
    ]
    assert "Marseille" not in str(list(Flag.objects.values_list("detail", flat=True)))
    assert Item.objects.get().state == "in_progress"
