"""Careless, drifting and colluding people are found soon, and good ones are left alone: seeded, all rules together."""

import json
import random

import pytest
from django.core.management import call_command

from config.bench.reviewers import MOST, PEOPLE, measure, watch_pair, watch_person


@pytest.fixture(scope="module")
def figures():
    return measure(people=60, seed=2).figures


@pytest.mark.slow
def test_good_people_are_left_alone(figures):
    """Over 1,500 judgments each, and as many of each pair."""
    assert figures["judgments_each"] == MOST == 1500
    assert figures["excellent_falsely_found_share"] <= 0.05
    assert figures["independent_falsely_found_share"] <= 0.05


@pytest.mark.slow
def test_careless_people_are_found_within_two_days(figures):
    assert figures["careless_found_share"] == 1
    assert figures["careless_delay_p90_judgments"] <= 80


@pytest.mark.slow
def test_drift_is_found_within_500_judgments_and_dated(figures):
    """From 95 % to 72 % right, with one task in twenty gold: the delay is some twenty pieces of gold. One in five is not found within
    1,000 judgments: half of these by the common chart, to which some come by luck."""
    assert figures["drifting_found_share"] >= 0.75
    assert figures["drifting_delay_median_judgments"] <= 500
    assert abs(figures["drifting_dated_median_judgments"]) <= 100


@pytest.mark.slow
def test_people_who_copy_are_found_within_400_judgments(figures):
    assert figures["colluding_found_share"] >= 0.95
    assert figures["colluding_delay_median_judgments"] <= 400


def test_the_same_seed_makes_the_same_people():
    assert watch_person(PEOPLE["careless"], random.Random("x")) == watch_person(PEOPLE["careless"], random.Random("x"))
    assert watch_pair(0.9, random.Random("x")) == watch_pair(0.9, random.Random("x"))


@pytest.mark.slow
def test_the_command_prints_its_figures(capsys):
    call_command("bench", "reviewers", "--json", "--people", "3")
    printed = json.loads(capsys.readouterr().out.strip().splitlines()[-1])
    assert printed["ok"] is True
    assert printed["figures"]["careless_found_share"] == 1
