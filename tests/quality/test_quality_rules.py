"""Promises of quality: measured, carried out, and over only from their own figure on."""

import pytest

from config.kernel.errors import Conflict, Invalid
from config.kernel.models import Event
from labeling.models import Pool, Round
from quality.models import QualityFigure, QualityRule
from quality.services.quality_rules import end_rule, measure_promises, measured, set_rule
from tests.factories import item_row, judge, settle, unguarded, upload, upload_items
from tests.standings import found_right

ALPHA = {"measure": "agreement", "question": "preference", "threshold": 0.5, "returns_at": 0.7}


@pytest.fixture
def promised(cast):
    """A project with a pool in English and one in German."""
    upload(cast.project, cast.mira, item_row("en"), item_row("de", language="de"))
    return cast


def promise(cast, **more):
    owned = {"project": cast.project, "owner": cast.mira, "actor": cast.mira}
    return set_rule(**{**owned, **ALPHA, "response": "tell", **more})


def agreement_is(cast, value, **segment):
    QualityFigure.objects.update_or_create(
        customer=cast.northwind,
        project=cast.project,
        name="agreement",
        question="preference",
        **segment,
        defaults={"value": value},
    )
    return measure_promises()


def state_of(rule):
    rule.refresh_from_db()
    return rule.state, rule.measured


def test_a_promise_breaks_below_its_threshold_and_holds_again_only_from_its_return_on(promised):
    rule = promise(promised, response="pause_pools")
    assert measure_promises() == 0
    assert state_of(rule) == ("holding", None)
    for value, state, changed in (
        (0.5, "holding", 0), (0.49, "breached", 1), (0.6, "breached", 0), (0.69, "breached", 0), (0.7, "holding", 1),
        (0.6, "holding", 0),
    ):  # fmt: skip
        assert agreement_is(promised, value) == changed, value
        assert state_of(rule) == (state, value)
        assert set(Pool.objects.filter(project=promised.project).values_list("is_paused", flat=True)) == {
            state == "breached"
        }
    told = [
        (event.kind, event.data["owner"])
        for event in Event.objects.filter(subject="quality.qualityrule").order_by("id")[1:]
    ]
    assert told == [("promise.breached", promised.mira.pk), ("promise.holding", promised.mira.pk)]


def test_only_the_pools_of_the_segment_are_touched_and_those_made_later_too(promised):
    german = {"segment": "language", "segment_value": "de"}
    rule = promise(promised, response="experts_only", **german)
    agreement_is(promised, 0.2, **german)
    trusted_only = Pool.objects.filter(project=promised.project, needs_trusted=True)
    assert list(trusted_only.values_list("language", flat=True)) == ["de"]
    upload(promised.project, promised.mira, item_row("austrian", language="de-AT"))
    measure_promises()
    assert sorted(trusted_only.values_list("language", flat=True)) == ["de", "de-AT"]
    end_rule(rule=rule, actor=promised.mira)
    assert not trusted_only.exists()
    with pytest.raises(Conflict, match="ended before"):
        end_rule(rule=rule, actor=promised.mira)


def test_more_overlap_is_asked_of_rounds_that_open_meanwhile(promised):
    promise(promised, response="more_overlap", more_overlap=2)
    agreement_is(promised, 0.2)
    upload(promised.project, promised.mira, item_row("later"))
    later = Round.objects.get(item__external_id="later")
    assert (later.judgments_needed, later.tasks.count()) == (5, 5)
    assert Round.objects.get(item__external_id="en").judgments_needed == 3
    agreement_is(promised, 0.9)
    upload(promised.project, promised.mira, item_row("last"))
    assert Round.objects.get(item__external_id="last").judgments_needed == 3


def test_accuracy_on_gold_is_measured_from_the_last_answers_where_no_figure_is(cast):
    rule = set_rule(
        project=cast.project, measure="gold_accuracy", threshold=0.8, returns_at=0.9, response="tell", owner=cast.mira,
        actor=cast.mira,
    )  # fmt: skip
    upload_items(cast.project, cast.mira, 21)
    for _ in range(21):
        judge(cast.anna)
    settle()
    with unguarded("quality_evidence", "of_a_score"):
        found_right(cast.anna, "1" * 15 + "0" * 4, source="gold")
    assert measured(rule) is None  # nineteen answers are too few
    with unguarded("quality_evidence", "of_a_score"):
        found_right(cast.anna, "0", source="gold")
    assert measured(rule) == 0.75
    assert measure_promises() == 1
    assert state_of(rule) == ("breached", 0.75)
    english = QualityRule(project=cast.project, measure="gold_accuracy", segment="language", segment_value="en")
    german = QualityRule(project=cast.project, measure="gold_accuracy", segment="language", segment_value="de")
    assert (measured(english), measured(german)) == (0.75, None)


def test_what_cannot_be_carried_out_is_refused(promised):
    for more, sentence in (
        ({"returns_at": 0.4}, "no lower than the threshold"),
        ({"owner": promised.dana}, "somebody who operates this project"),
        ({"owner": promised.otto}, "somebody who operates this project"),
        ({"segment": "language"}, "Name which segment"),
        ({"response": "more_overlap"}, "how many more judgments"),
        (
            {"segment": "country", "segment_value": "DE", "response": "pause_pools"},
            "not divided by the reviewer's country",
        ),
        ({"segment": "domain", "segment_value": "law", "response": "pause_pools"}, "asks for no skill"),
    ):
        with pytest.raises(Invalid, match=sentence):
            promise(promised, **more)
    assert not QualityRule.objects.exists()
    promise(promised)
    with pytest.raises(Conflict, match="stands for this already"):
        promise(promised)
