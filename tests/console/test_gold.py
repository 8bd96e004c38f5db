"""Gold in the console: made of what an item was resolved to and of experts' answers, described, and retired."""

import pytest
from django.urls import reverse

from config.kernel.models import Event
from labeling.models import AccessLog, Annotation
from labeling.services.people import add_member
from labeling.types import Role
from quality.models import GoldItem, Resolution
from quality.services.gold import seed_gold
from tests.console.test_console import act, operator, said
from tests.factories import item_row, judge, resolve_items, settle, upload, upload_items

LIST = reverse("admin:quality_golditem_changelist")


def page_of(gold):
    return reverse("admin:quality_golditem_change", args=[gold.pk])


def described(gold, **changes):
    form = {"concept": gold.concept, "explanation": gold.explanation, "use": gold.use}
    return {**form, "exposures_most": "", "expected_hit_rate": "", **changes}


@pytest.fixture
def resolved(cast):
    """Two items that Anna, Bela and Cleo agreed on; Anna is an expert."""
    resolve_items(cast.project, cast.mira, [cast.anna, cast.bela, cast.cleo], count=2)
    add_member(user=cast.anna.user, customer=cast.northwind, project=cast.project, role=Role.AUDITOR, actor=cast.mira)
    return cast


@pytest.mark.parametrize("use", ["gold", "training", "qualification"])
def test_what_was_resolved_becomes_gold_once_its_consequence_is_confirmed(resolved, use):
    client, resolution = operator(resolved.mira), Resolution.objects.earliest("pk")
    asked = act(client, Resolution, f"make_gold_of_resolution_{use}", resolution)
    assert "leaves the releases while it is gold" in asked.content.decode()
    assert not GoldItem.objects.exists()
    done = act(client, Resolution, f"make_gold_of_resolution_{use}", resolution, confirm="yes")
    assert said(done)[0].startswith("1 done: Make gold of it")
    gold = GoldItem.objects.get()
    assert (gold.source, gold.use, gold.made_by) == ("adjudicated", use, resolved.mira)
    assert gold.expected == {"preference": {"choice": "a"}}
    again = act(client, Resolution, f"make_gold_of_resolution_{use}", resolution, confirm="yes")
    assert "This item is gold, or was; it is made gold once." in said(again)[0]
    assert GoldItem.objects.count() == 1


@pytest.mark.parametrize("use", ["gold", "training", "qualification"])
def test_an_experts_answer_becomes_gold_and_nobody_elses_does(resolved, use):
    client, [first, second] = operator(resolved.mira), Resolution.objects.order_by("pk")
    of_bela = Annotation.objects.get(round=first.round, reviewer=resolved.bela)
    of_anna = Annotation.objects.get(round=second.round, reviewer=resolved.anna)
    told = said(act(client, Annotation, f"make_gold_of_answer_{use}", of_bela, of_anna))
    assert told[0].startswith("1 done: Make gold of it")
    assert "its author may not audit this project." in told[1]
    gold = GoldItem.objects.get()
    assert (gold.source, gold.use, gold.item_version) == ("expert", use, second.item_version)


def test_the_list_says_where_gold_comes_from_and_shows_nobody_elses(cast, resolved):
    expected = {"answer": {"preference": {"choice": "b"}}, "explanation": "It is Paris.", "concept": "facts"}
    upload(cast.project, cast.dana, item_row("theirs", expected=expected))
    client = operator(cast.mira)
    act(client, Resolution, "make_gold_of_resolution_gold", Resolution.objects.earliest("pk"), confirm="yes")
    page = client.get(LIST)
    assert [row.source for row in page.context["cl"].result_list] == ["adjudicated", "customer"]
    for words in ("theirs", "item-000", "An adjudicated item", "The customer&#x27;s upload"):
        assert words in page.content.decode()
    assert [row.source for row in client.get(f"{LIST}?source__exact=customer").context["cl"].result_list] == [
        "customer"
    ]
    read = AccessLog.objects.filter(door="console", user_id=cast.mira.pk, object_type="quality.golditem")
    assert read.exists()
    assert list(operator(cast.otto).get(LIST).context["cl"].result_list) == []
    assert operator(cast.otto).get(page_of(GoldItem.objects.first())).status_code == 302
    act(operator(cast.otto), GoldItem, "retire_gold", GoldItem.objects.first(), reason="Not theirs")
    assert GoldItem.objects.filter(state="active").count() == 2


def test_an_operator_says_what_gold_tests_until_it_is_retired(cast, resolved):
    client = operator(cast.mira)
    act(client, Resolution, "make_gold_of_resolution_gold", Resolution.objects.earliest("pk"), confirm="yes")
    gold = GoldItem.objects.get()
    refused = client.post(page_of(gold), described(gold, expected_hit_rate="1.5"))
    assert "The hit rate is a share between 0 and 1, such as 0.8." in refused.content.decode()
    changes = {"concept": " facts ", "explanation": "It is Paris.", "exposures_most": "40", "expected_hit_rate": "0.8"}
    assert client.post(page_of(gold), described(gold, **changes)).status_code == 302
    gold.refresh_from_db()
    assert (gold.concept, gold.explanation, gold.exposures_most) == ("facts", "It is Paris.", 40)
    assert gold.expected_hit_rate == 0.8
    assert Event.objects.get(kind="gold.described").actor_id == cast.mira.pk
    history = client.get(reverse("admin:quality_golditem_history", args=[gold.pk])).content.decode()
    assert "gold.described" in history
    upload(cast.project, cast.mira, *[item_row(f"plain-{n}") for n in range(5)])
    seed_gold()
    refused = client.post(page_of(gold), described(gold, use="training", exposures_most="40", expected_hit_rate="0.8"))
    assert "Somebody was asked this item already" in refused.content.decode()
    assert b"Why?" in act(client, GoldItem, "retire_gold", gold).content
    act(client, GoldItem, "retire_gold", gold, reason="It is in a forum")
    gold.refresh_from_db()
    assert (gold.state, gold.retired_because) == ("retired", "operator")
    told = Event.objects.get(kind="gold item.retired")
    assert (told.actor_id, told.data["reason"]) == (cast.mira.pk, "It is in a forum")
    assert "retired before" in said(act(client, GoldItem, "retire_gold", gold, reason="Again"))[0]
    assert client.post(page_of(gold), described(gold, concept="other")).status_code == 403
    gold.refresh_from_db()
    assert gold.concept == "facts"


def test_what_was_not_agreed_on_makes_no_gold_and_says_why(cast):
    upload_items(cast.project, cast.mira)
    for reviewer, choice in ((cast.anna, "a"), (cast.bela, "b"), (cast.cleo, "tie")):
        judge(reviewer, choice)
    settle()
    told = said(
        act(operator(cast.mira), Resolution, "make_gold_of_resolution_gold", Resolution.objects.get(), confirm="yes")
    )
    assert "There is no agreed answer that could be expected of anybody." in told[0]
    assert not GoldItem.objects.exists()
