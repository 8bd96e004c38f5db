"""People made up who work through the real queue: who is poor is found, who is good is left alone. Seeded."""

import psycopg
import pytest
from django.db import connection
from rich.progress import Progress

from config.bench.crowd_report import measure


def owner():
    return psycopg.connect(**connection.get_connection_params(), autocommit=True)


@pytest.mark.django_db(transaction=True)
def test_x():
    import time
    began=time.time()
    counts = {"excellent": 4, "careless": 1, "straight": 1, "drifting": 1, "colluding": 2}
    report = measure(counts=counts, days=5, seed=1, gold_share="0.3", owner=owner(), progress=Progress(disable=True))
    for k, v in report.figures.items():
        print(k, v)
    print(time.time()-began)
    assert 0
