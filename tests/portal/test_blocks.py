"""The portal's page of blocked people: placed and lifted by those who manage the customer, under the names they know."""

import pytest
from django.test import Client

from routing.models import Block, Enrolment

PAGE = "/portal/people/blocked/"


@pytest.fixture
def portal(cast):
    def log_in(who):
        client = Client()
        client.force_login(getattr(cast, who))
        return client

    return log_in


def known(reviewer):
    return Enrolment.objects.get(reviewer=reviewer).pseudonym


def test_somebody_is_blocked_and_the_block_is_lifted_with_a_reason(cast, portal):
    dana = portal("dana")
    placed = dana.post(f"{PAGE}place/", {"reviewer": known(cast.anna), "reason": "Too <fast>"}, follow=True)
    text = placed.content.decode()
    assert "They get no more of your work" in text
    assert known(cast.anna) in text
    assert "Too &lt;fast&gt;" in text
    assert "Anna" not in text
    block = Block.objects.get()
    assert (block.reviewer, block.placed_by, block.lifted_at) == (cast.anna, cast.dana, None)
    lifted = dana.post(f"{PAGE}{block.public_id}/lift/", {"reason": "We talked"}, follow=True).content.decode()
    assert "We talked" in lifted
    block.refresh_from_db()
    assert block.lifted_by == cast.dana


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"reviewer": "r-nobody", "reason": "Test"}, "known by this name"),
        ({"reason": "Test"}, "known by this name"),
        ({"reviewer": "anna", "reason": " "}, "Say why"),
    ],
)
def test_a_refusal_is_said_and_nobody_is_blocked(cast, portal, given, why):
    if given.get("reviewer") == "anna":
        given = {**given, "reviewer": known(cast.anna)}
    assert why in portal("dana").post(f"{PAGE}place/", given, follow=True).content.decode()
    assert not Block.objects.exists()


def test_others_neither_see_nor_place_nor_lift(cast, portal):
    portal("dana").post(f"{PAGE}place/", {"reviewer": known(cast.anna), "reason": "Test"})
    block = Block.objects.get()
    assert known(cast.anna) not in portal("ruth").get(PAGE).content.decode()
    assert known(cast.anna) not in portal("victor").get(PAGE).content.decode()
    for who in ("ruth", "victor"):
        assert portal(who).post(f"{PAGE}{block.public_id}/lift/", {"reason": "Test"}).status_code == 404
    portal("ruth").post(f"{PAGE}place/", {"reviewer": known(cast.bela), "reason": "Test"})
    assert Block.objects.get().lifted_at is None
