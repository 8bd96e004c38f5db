"""What routing is told of a reviewer's standing."""

import pytest

from quality.models import Standing
from quality.services.gold import seed_gold
from routing.models import Enrolment
from tests.factories import item_row, judge, settle, upload, upload_items


def test_every_piece_of_evidence_moves_the_standing_that_the_router_weighs(cast):
    expected = {"answer": {"preference": {"choice": "a"}}}
    upload(cast.project, cast.mira, *[item_row(f"gold-{n}", expected=expected) for n in range(3)])
    upload_items(cast.project, cast.mira, 30)
    seed_gold()
    before = Enrolment.objects.get(reviewer=cast.anna).standing
    for _ in range(20):
        judge(cast.anna)
    settle()
    standing = Standing.objects.get(reviewer=cast.anna)
    assert standing.evidence_count > 0
    assert Enrolment.objects.get(reviewer=cast.anna).standing == pytest.approx(standing.lower_bound)
    assert before != pytest.approx(standing.lower_bound)
