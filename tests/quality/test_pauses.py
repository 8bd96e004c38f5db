"""Pauses: provisional, decided by a person, read by whom they befall; and how they fall on groups of people."""

import pytest
from django.test import Client

from config.kernel.errors import Conflict, Invalid, TransitionRefused
from config.kernel.models import Event, User
from labeling.models import Reviewer
from labeling.services.people import create_reviewer
from quality.models import Pause
from quality.pauses import overdue_pauses, rates_of_groups
from quality.services.pauses import bring_back, confirm_pause, lift_pause, pause_standing, retire_reviewer
from quality.services.standings import review_standings
from routing.models import Enrolment
from routing.selectors import why_nothing
from routing.services.enrolments import end_enrolment, enrol_reviewer
from tests.factories import item_row, judge, resolve_items, settle, unguarded, upload
from tests.standings import found_right, standing_of


def me(cast, who):
    return Client().get("/api/desk/v1/me", headers=cast.bearer(who)).json()


def trust(reviewer):
    return Enrolment.objects.get(reviewer=reviewer).trust


@pytest.fixture
def paused(cast):
    """Anna, whom evidence has paused."""
    resolve_items(cast.project, cast.mira, [cast.anna, cast.bela, cast.cleo], count=10)
    found_right(cast.anna, "0" * 5)
    assert trust(cast.anna) == "paused"
    return cast


def test_the_reviewer_reads_why_and_the_way_back(paused):
    [told] = me(paused, "anna")["pauses"]
    assert told["project"] == "Pairs"
    assert told["why"] == ("Answers of yours that were checked put your accuracy at 1% to 39%; this project needs 60%.")
    assert told["way_back"].startswith("A person looks at this within a day.")
    assert (told["is_provisional"], told["is_retired"]) == (True, False)
    assert me(paused, "bela")["pauses"] == []
    assert why_nothing(reviewer_id=paused.anna.pk).code == "paused"


def test_a_person_confirms_or_lifts_it_with_a_reason(paused):
    pause = Pause.objects.get()
    with pytest.raises(Invalid, match="Say why the pause is confirmed"):
        confirm_pause(pause=pause, reason="", actor=paused.mira)
    confirm_pause(pause=pause, reason="Their answers are guesses", actor=paused.mira)
    with pytest.raises(TransitionRefused):
        confirm_pause(pause=pause, reason="Again", actor=paused.mira)
    pause.refresh_from_db()
    assert (pause.state, pause.decided_by, pause.decision_reason) == (
        "confirmed",
        paused.mira,
        "Their answers are guesses",
    )
    assert trust(paused.anna) == "paused"
    lift_pause(pause=pause, reason="They were taught again", actor=paused.mira)
    assert (trust(paused.anna), standing_of(paused.anna).state) == ("probation", "probation")
    assert me(paused, "anna")["pauses"] == []


def test_nobody_is_paused_again_for_what_was_known_when_their_pause_was_lifted(paused):
    lift_pause(pause=Pause.objects.get(), reason="The guideline was at fault", actor=paused.mira)
    review_standings(pairs=[(paused.project.pk, paused.anna.pk)])
    assert trust(paused.anna) == "probation"
    assert standing_of(paused.anna).reason.startswith("A pause was lifted on ")
    resolve_items_again(paused)
    found_right(paused.anna, "0" * 5)  # of before the pause was lifted
    assert trust(paused.anna) == "probation"
    found_right(paused.anna, "0" * 5)
    assert trust(paused.anna) == "paused"
    assert Pause.objects.count() == 2


def resolve_items_again(cast):
    upload(cast.project, cast.mira, *[item_row(f"again-{n}") for n in range(5)])
    for _ in range(5):
        judge(cast.anna)
    settle()


def test_an_operator_pauses_and_only_a_person_ends_that(cast):
    resolve_items(cast.project, cast.mira, [cast.anna, cast.bela, cast.cleo], count=8)
    found_right(cast.anna, "1" * 4)
    pause = pause_standing(standing=standing_of(cast.anna), reason="Shared account", actor=cast.mira)
    pause.refresh_from_db()
    assert (pause.state, pause.is_automatic, pause.decided_by) == ("confirmed", False, cast.mira)
    found_right(cast.anna, "1" * 4)
    assert (standing_of(cast.anna).state, trust(cast.anna)) == ("paused", "paused")
    with pytest.raises(Conflict, match="paused there already"):
        pause_standing(standing=standing_of(cast.anna), reason="Again", actor=cast.mira)
    lift_pause(pause=pause, reason="It was their sister", actor=cast.mira)
    found_right(cast.anna, "")
    assert trust(cast.anna) == "probation"


def test_whoever_is_retired_stays_so_until_somebody_brings_them_back(paused):
    standing = standing_of(paused.anna)
    retire_reviewer(standing=standing, reason="They left", actor=paused.mira)
    assert Pause.objects.get().state == "lifted"
    found_right(paused.anna, "11111")
    assert (standing_of(paused.anna).state, trust(paused.anna)) == ("retired", "retired")
    assert [(told["why"], told["is_retired"]) for told in me(paused, "anna")["pauses"]] == [("They left", True)]
    with pytest.raises(TransitionRefused):
        retire_reviewer(standing=standing, reason="Again", actor=paused.mira)
    bring_back(standing=standing, reason="They are back", actor=paused.mira)
    assert trust(paused.anna) == "probation"
    with pytest.raises(Conflict, match="not retired there"):
        bring_back(standing=standing, reason="Again", actor=paused.mira)
    assert Event.objects.filter(kind="standing.retired", actor_id=paused.mira.pk).count() == 1


def test_a_pause_is_overdue_after_a_day(paused):
    pause = Pause.objects.get()
    assert not overdue_pauses().exists()
    with unguarded("quality_pause", "fixed_columns") as cursor:
        cursor.execute("UPDATE quality_pause SET due_at = now() - interval '1 minute'")
    assert overdue_pauses().get() == pause
    confirm_pause(pause=pause, reason="It stands", actor=paused.mira)
    assert not overdue_pauses().exists()


def hire_in(cast, country, languages, count):
    for number in range(count):
        name = f"{country}-{languages[0]}-{number}".lower()
        user = User.objects.create_user(f"{name}@example.org", name=name, surface="desk")
        hired = create_reviewer(user=user, languages=languages, country=country, actor=None)
        enrol_reviewer(project=cast.project, reviewer=hired, actor=None)


def counts(row):
    return (row.name, row.people, row.paused, row.decided, row.overturned)


def test_pauses_and_their_ends_are_shown_by_country_and_language_with_intervals(paused):
    """Anna is of DE with four others; ES and FR have two each, together with the three of no country seven people."""
    Reviewer.objects.filter(pk=paused.anna.pk).update(country="DE", languages=["en", "de"])
    hire_in(paused, "DE", ["de"], 4)
    hire_in(paused, "ES", ["es"], 2)
    hire_in(paused, "FR", ["fr"], 2)
    lift_pause(pause=Pause.objects.get(), reason="The guideline was at fault", actor=paused.mira)
    rates = rates_of_groups(paused.project)
    [germany] = rates["country"].groups
    assert counts(germany) == ("DE", 5, 1, 1, 1)
    assert str(germany.pause_rate.interval) == "4% to 62%"
    assert (rates["country"].small_count, counts(rates["country"].others)) == (3, ("", 7, 0, 0, 0))
    assert [counts(row) for row in rates["language"].groups] == [("de", 5, 1, 1, 1)]
    assert (rates["language"].small_count, counts(rates["language"].others)) == (3, ("", 8, 1, 1, 1))
    page = operations_page(paused)
    assert "Pauses, tests and overturned pauses" in page
    assert "1 / 5" in page
    assert "(4% to 62%)" in page
    assert "3 smaller countries, together" in page


def operations_page(cast):
    client = Client()
    client.force_login(cast.mira)
    return client.get(f"/admin/operations/{cast.project.public_id}/").content.decode()


def test_a_group_of_few_people_is_not_shown_as_it_says_who_they_are(paused):
    Reviewer.objects.filter(pk=paused.anna.pk).update(country="DE")
    rates = rates_of_groups(paused.project)["country"]
    assert (rates.groups, rates.small_count, rates.others) == ([], 2, None)
    page = operations_page(paused)
    assert "2 countries have too few people to be shown." in page
    assert "1 / 1" not in page


def test_who_left_counts_on_and_a_confirmed_pause_that_ended_was_not_overturned(paused):
    hire_in(paused, "DE", ["de"], 4)
    Reviewer.objects.filter(pk=paused.anna.pk).update(country="DE")
    confirm_pause(pause=Pause.objects.get(), reason="Guesses", actor=paused.mira)
    lift_pause(pause=Pause.objects.get(), reason="They were taught again", actor=paused.mira)
    end_enrolment(enrolment=Enrolment.objects.get(reviewer=paused.anna), actor=paused.mira)
    [germany] = rates_of_groups(paused.project)["country"].groups
    assert counts(germany) == ("DE", 5, 1, 1, 0)


def test_who_is_paused_reads_after_the_confirmation_what_a_person_said(paused):
    confirm_pause(pause=Pause.objects.get(), reason="Their answers are guesses", actor=paused.mira)
    [told] = me(paused, "anna")["pauses"]
    assert told["why"].endswith("this project needs 60%. Confirmed: Their answers are guesses")
    assert told["way_back"].startswith("A person has looked at this and confirmed it. Ask your operator")
    assert told["is_provisional"] is False
