"""The ladder of an escalation: its shape, who is asked when, and what a customer is told."""

import pytest

from config.kernel.errors import Invalid
from routing.ladder import HOUSE_LADDER, MESSAGES, NEXT_STEPS, asked, ladder_from, message_for, reached
from routing.types import INTERNAL, EscalationKind

FACTS = {"project": "Pairs", "due": "1 March", "forecast": "2 March", "open": "12"}
OWN = [
    {"after_minutes": 0, "see": "operators"},
    {
        "after_minutes": 30,
        "see": "managers",
        "raise_priority": 2,
        "tell_customer": True,
        "message": "{project}: {open}",
    },
]


def test_without_a_ladder_the_house_has_one():
    assert ladder_from([]) == HOUSE_LADDER
    assert [reached(HOUSE_LADDER, minutes) for minutes in (0, 59, 60, 240, 9999)] == [1, 1, 2, 3, 3]
    assert asked(HOUSE_LADDER, 2) == ["leads", "operators"]


def test_a_ladder_says_who_is_asked_and_what_is_told():
    ladder = ladder_from(OWN)
    assert (ladder[1].raise_priority, ladder[1].tell_customer) == (2, True)
    assert asked(ladder, 0) == ["operators"]
    assert message_for("missed", ladder[1], FACTS) == "Pairs: 12"


def test_every_kind_has_words_for_the_customer_and_for_the_operator():
    assert set(NEXT_STEPS) == set(EscalationKind)
    assert set(MESSAGES) == set(EscalationKind) - set(INTERNAL)
    for kind in MESSAGES:
        said = message_for(kind, None, FACTS)
        assert "Pairs" in said
        assert "{" not in said


@pytest.mark.parametrize(
    ("rungs", "said"),
    [
        ({}, "a list of rungs"),
        ([{"see": "leads"}], "Rung 1: it has after_minutes and see"),
        ([{"after_minutes": 0, "see": "leads", "who": "x"}], "may have"),
        ([{"after_minutes": -1, "see": "leads"}], "from 0 to 129600"),
        ([{"after_minutes": 0, "see": "everybody"}], "see is one of"),
        ([{"after_minutes": 0, "see": "leads", "raise_priority": 1.5}], "whole number"),
        ([{"after_minutes": 0, "see": "leads", "tell_customer": 1}], "true or false"),
        ([{"after_minutes": 0, "see": "leads", "message": "{owner}"}], "nothing else in braces"),
        ([{"after_minutes": 0, "see": "leads", "message": "{project.customer}"}], "nothing else in braces"),
        ([{"after_minutes": 0, "see": "leads", "message": "{project"}], "brace"),
        ([OWN[1], OWN[0]], "Rung 2 comes before"),
        ([OWN[0]] * 11, "at most 10"),
    ],
)
def test_another_shape_is_refused_with_the_rung_at_fault(rungs, said):
    with pytest.raises(Invalid, match=said):
        ladder_from(rungs)
