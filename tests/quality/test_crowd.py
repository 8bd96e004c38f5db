"""People made up who work through the real queue: who does not try is found, and nobody who is excellent is blamed. Seeded.

One day of four people, so that it is soon done; the other kinds take days to show, see `manage.py bench reviewers --through services`.
"""

import psycopg
import pytest
from django.db import connection
from rich.progress import Progress

from config.bench.crowd_report import measure

COUNTS = {"excellent": 3, "careless": 1}


@pytest.fixture(scope="module")
def owner(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock():
        parameters = connection.get_connection_params()
    with psycopg.connect(**parameters, autocommit=True) as made:
        yield made


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_who_does_not_try_is_found_and_nobody_who_is_excellent_is_blamed(owner):
    """Bounds, not exact values: where gold stands in the queue is drawn by the machine, so that nobody can tell it."""
    progress = Progress(disable=True)
    found = measure(counts=COUNTS, days=1, seed=1, gold_share="0.3", gold=30, owner=owner, progress=progress).figures
    assert found["excellent_paused_share"] == found["excellent_falsely_found_share"] == 0
    assert found["falls_of_good"] == 0
    assert found["careless_found_share"] == found["careless_paused_share"] == 1
    assert found["careless_delay_median_judgments"] <= 30
    assert found["falls"] == 1
