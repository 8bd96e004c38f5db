"""People made up who work through the real queue: who is poor is found, who is good is left alone. Seeded."""

import psycopg
import pytest
from django.db import connection
from rich.progress import Progress

from config.bench.crowd_report import measure

COUNTS = {"excellent": 4, "careless": 1, "straight": 1, "drifting": 1, "colluding": 2}


@pytest.fixture(scope="module")
def owner(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock():
        parameters = connection.get_connection_params()
    with psycopg.connect(**parameters, autocommit=True) as made:
        yield made


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_who_is_poor_is_found_and_nobody_who_is_excellent_is_blamed(owner):
    """Bounds, not exact values: where gold stands in the queue is drawn by the machine, so that nobody can tell it."""
    progress = Progress(disable=True)
    found = measure(counts=COUNTS, days=5, seed=1, gold_share="0.3", gold=120, owner=owner, progress=progress).figures
    assert found["excellent_paused_share"] == 0
    assert found["excellent_falsely_found_share"] == 0
    assert found["falls_of_good"] == 0
    for kind in ("careless", "straight"):
        assert found[f"{kind}_found_share"] == found[f"{kind}_paused_share"] == 1
        assert found[f"{kind}_delay_median_judgments"] <= 25
    assert found["drifting_found_share"] == 1
    assert found["drifting_falsely_found_share"] == 0
    assert found["drifting_delay_median_judgments"] <= 90
    assert abs(found["drifting_dated_median_judgments"]) <= 40
    assert found["falls"] >= 3
    assert found["doubts_cleared"] > 0
    assert found["resolved_right_share"] >= 0.95
