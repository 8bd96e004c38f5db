"""A project's judges on one page of the console: what each was measured at, has spent, and what is wrong with it."""

from django.test import Client
from django.urls import reverse

from config.console.judges import TRICKS
from quality.judge_prompts import INJECTIONS
from quality.services import judge_slices
from quality.services.judges import choose_anchors, raise_alarm
from quality.types import AlarmKind
from tests.console.test_console import operator
from tests.factories import judge, upload_items
from tests.judging import at_work, calibrated, run
from tests.quality.models import prefers


def test_one_page_says_how_far_each_judge_can_be_relied_on(cast, endpoint, monkeypatch, django_assert_max_num_queries):
    known_well = calibrated(cast, endpoint, price_in="1", price_out="1", budget="10")
    choose_anchors(judge=known_well, actor=cast.mira)
    run(known_well)
    known = endpoint.answer
    monkeypatch.setattr(judge_slices, "_today", lambda: "2099-01-02")
    endpoint.answer = lambda asked: (
        prefers("a")(asked) if "gold-1 " in asked.item["messages"][0]["content"] else known(asked)
    )
    run(known_well)
    at_work(cast, endpoint, name="New", prompt="Judge them.")
    raise_alarm(judge=known_well, kind=AlarmKind.DRIFT, sentence="It judges otherwise.")
    client = operator(cast.mira)
    address = reverse("judges", args=[cast.project.public_id])
    client.get(address)
    with django_assert_max_num_queries(20):
        page = client.get(address)
    new, measured = page.context["judges"]
    assert new["lines"] == []
    assert new["known"].calibration is None
    lines = {line.name: line for line in measured["lines"]}
    assert (lines["Agrees with experts"].value, lines["Agrees with experts"].total) == (1, 16)
    assert (lines["Cohen’s kappa"].value, lines["Cohen’s kappa"].bar, lines["Cohen’s kappa"].is_short) == (
        1,
        "≥ 0.2",
        False,
    )
    assert lines["Flipped by any hidden instruction"].value == 0
    assert [name for name in lines if name.startswith("– by ")] == [
        "– by an order after a response",
        "– by a claim to speak for the project, before a response",
        "– by a verdict made ready, after a response",
        "– by a plea in the message",
        "– by a pretended end of the item",
    ]
    [anchors] = [line for name, line in lines.items() if name.startswith("Anchors judged otherwise since")]
    assert anchors.total == 16
    assert {segment.name for segment in measured["segments"]} >= {"difficulty 1", "difficulty 2", "language en"}
    text = page.content.decode()
    assert "It judges otherwise." in text
    assert "does not count" in text
    assert "acme-judge-7b" in text
    assert measured["known"].spent == sum(known_well.calls.values_list("cost", flat=True)) > 0
    assert address in client.get(reverse("quality", args=[cast.project.public_id])).content.decode()


def test_a_project_without_judges_says_so_and_nobody_elses_operator_sees_it(cast):
    address = reverse("judges", args=[cast.project.public_id])
    assert "No model judges here." in operator(cast.mira).get(address).content.decode()
    assert operator(cast.otto).get(address).status_code == 404
    assert Client().get(address).status_code == 302


def test_the_page_tells_whether_people_follow_what_they_are_shown(cast, endpoint):
    """Anna answers before the judge has; Bela sees that it said a."""
    upload_items(cast.project, cast.dana, 2)
    judge(cast.anna, "b")
    run(at_work(cast, endpoint, is_shown_before=True))
    judge(cast.bela, "a")
    page = operator(cast.mira).get(reverse("judges", args=[cast.project.public_id]))
    [shown] = page.context["judges"]
    lines = {line.name: (line.value, line.total) for line in shown["lines"]}
    assert lines == {"People answer as it does, having seen it": (1, 1), "– not having seen it": (0, 1)}


def test_each_instruction_that_a_judge_is_tried_with_is_said_in_words():
    assert set(TRICKS) == {each.name for each in INJECTIONS}
