"""Gold and a new form: it goes along where its expected answer fits, and is retired where it does not."""

import pytest
from django.db import IntegrityError, transaction

from config.kernel.models import Event
from labeling.models import Item, Project, Round, Task
from labeling.services.forms import publish_form
from quality.jobs import seed_gold as seed_gold_job
from quality.models import GoldItem, GoldScore
from quality.services.gold import make_gold, renew_gold
from routing.services.leases import renew_lease
from tests.cast import FORM
from tests.factories import item_row, judge, settle, take, upload

EXPECTED = {"answer": {"preference": {"choice": "a"}}}
OTHER_TITLE = {**FORM, "title": "Better pairs"}
OTHER_QUESTION = {"title": "Best", "questions": [{**FORM["questions"][0], "id": "best"}]}


@pytest.fixture
def gold(cast):
    """A gold item that waits for everybody, and that Anna has answered."""
    Project.objects.filter(pk=cast.project.pk).update(gold_share="0.5")
    upload(cast.project, cast.dana, item_row("known", expected=EXPECTED), *[item_row(f"{n}") for n in range(12)])
    settle()
    while not GoldScore.objects.filter(reviewer=cast.anna).exists():
        judge(cast.anna)
        settle()
    assert Task.objects.filter(kind="gold", state="open", reserved_for=cast.bela).exists()
    return GoldItem.objects.get()


def end_plain_work():
    Task.objects.filter(kind="annotate", state="open").update(state="cancelled")


def test_gold_keeps_the_old_form_while_plain_items_under_it_wait(cast, gold):
    form = publish_form(project=cast.project, document=OTHER_TITLE, actor=cast.mira)
    upload(cast.project, cast.dana, item_row("later", expected=EXPECTED), *[item_row(f"new-{n}") for n in range(12)])
    settle()
    seed_gold_job()
    assert rounds() == [(1, "open", 1), (1, "open", 2)]
    later = GoldItem.objects.get(item_version__item__external_id="later")
    assert not later.round.tasks.exists()
    old = Task.objects.filter(kind="annotate", state="open", round__form__number=1)
    old.exclude(pk=old.last().pk).update(state="cancelled")
    seed_gold_job()
    assert rounds() == [(1, "open", 1), (1, "open", 2)]
    old.update(state="cancelled")
    seed_gold_job()
    assert rounds() == [(1, "cancelled", 1), (1, "open", 2), (2, "open", 2)]
    gold.refresh_from_db()
    assert gold.round.form == form
    asked = set(Task.objects.filter(kind="gold", state="open").values_list("round__form__number", flat=True))
    assert asked == {2}


def rounds():
    return list(Round.objects.filter(reason="gold").order_by("id").values_list("number", "state", "form__number"))


def test_gold_goes_along_with_a_form_that_its_answer_fits(cast, gold):
    old = gold.round
    end_plain_work()
    form = publish_form(project=cast.project, document=OTHER_TITLE, actor=cast.mira)
    upload(cast.project, cast.dana, *[item_row(f"new-{n}") for n in range(12)])
    settle()
    seed_gold_job()
    gold.refresh_from_db()
    assert gold.state == "active"
    assert rounds() == [(1, "cancelled", 1), (2, "open", 2)]
    assert gold.round.form == form
    assert [said.data for said in Event.objects.filter(kind="gold.renewed")] == [{"form": 2, "round": gold.round_id}]
    assert set(old.tasks.values_list("state", flat=True)) == {"completed", "cancelled"}
    asked = set(gold.round.tasks.filter(state="open").values_list("reserved_for", flat=True))
    assert cast.bela.pk in asked
    assert cast.anna.pk not in asked
    renew_gold(form_ids=[form.pk])
    assert len(rounds()) == 2


def test_gold_in_hand_stays_with_its_holder_as_a_plain_task_does(cast, gold):
    while Task.objects.get(pk=(leased := take(cast.bela)).task_id).kind != "gold":
        judge(cast.bela)
    end_plain_work()
    publish_form(project=cast.project, document=OTHER_TITLE, actor=cast.mira)
    settle()
    seed_gold_job()
    renew_lease(user=cast.bela.user, token=leased.token)
    assert rounds() == [(1, "open", 1)]
    judge(cast.bela)
    settle()
    seed_gold_job()
    assert rounds() == [(1, "cancelled", 1), (2, "open", 2)]


def test_gold_whose_answer_fits_no_more_is_retired_and_waits_for_nobody(cast, gold):
    end_plain_work()
    publish_form(project=cast.project, document=OTHER_QUESTION, actor=cast.mira)
    settle()
    gold.refresh_from_db()
    assert gold.state == "retired"
    assert rounds() == [(1, "cancelled", 1)]
    assert not Task.objects.filter(kind="gold", state__in=["open", "leased"]).exists()
    said = Event.objects.get(subject="quality.golditem", data__has_key="reason")
    assert said.data["reason"] == "The expected answer does not fit form 2."
    assert GoldScore.objects.count() == 1


def test_what_was_answered_before_the_new_form_is_still_scored(cast, gold):
    while Task.objects.filter(kind="gold", state="open", reserved_for=cast.bela).exists():
        judge(cast.bela)
    publish_form(project=cast.project, document=OTHER_TITLE, actor=cast.mira)
    renew_gold(form_ids=cast.project.forms.values_list("pk", flat=True))
    settle()
    assert set(GoldScore.objects.values_list("reviewer", "is_correct")) == {(cast.anna.pk, True), (cast.bela.pk, True)}


def test_gold_that_came_before_the_form_and_is_made_after_it_is_retired(cast, monkeypatch):
    monkeypatch.setattr("quality.jobs.gold.make_gold", lambda **_: 0)
    upload(cast.project, cast.dana, item_row("known", expected=EXPECTED))
    monkeypatch.undo()
    publish_form(project=cast.project, document=OTHER_QUESTION, actor=cast.mira)
    make_gold(item_ids=[Item.objects.get().pk])
    assert GoldItem.objects.get().state == "retired"
    assert make_gold(item_ids=[Item.objects.get().pk]) == 0
    assert rounds() == [(1, "cancelled", 2)]


def test_gold_moves_to_a_gold_round_of_its_own_version_only(cast, gold):
    other = Round.objects.filter(reason="first").first()
    with pytest.raises(IntegrityError, match="own version"), transaction.atomic():
        GoldItem.objects.filter(pk=gold.pk).update(round=other)
