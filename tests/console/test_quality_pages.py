"""The console's pages of quality: as few statements for many rows as for few, and nobody's names but who works here."""

from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from config.kernel.clock import database_now
from quality.models import Dispute, Pause, Standing
from quality.services.audits import make_plan, order_draw
from tests.answering import hire
from tests.auditing import answer_all, fact, prepare, resolve_facts
from tests.factories import item_row, settle

MANY = 12


@pytest.fixture
def busy(cast, client):
    """Every result in dispute, and many who are paused."""
    resolve_facts(prepare(cast, "cleo", "dido"), *[item_row(f"{number}") for number in range(MANY)])
    plan = make_plan(project=cast.project, name="May", actor=cast.mira, share_twice=Decimal(0))
    order_draw(plan=plan, actor=cast.mira)
    settle()
    answer_all(cast.cleo, fact("false"))
    settle()
    owned = {"customer": cast.northwind, "project": cast.project}
    for reviewer in hire(cast.project, [f"p{number}" for number in range(MANY)]).values():
        standing = Standing.objects.create(
            **owned, reviewer=reviewer, state="paused", alpha=1, beta=1, lower_bound=0.1, changed_at=database_now()
        )
        Pause.objects.create(
            **owned, standing=standing, is_automatic=True, reason="So", way_back="Ask", due_at=database_now()
        )
    client.force_login(cast.mira)
    return cast


@pytest.mark.parametrize(("model", "named"), [(Dispute, "Answer B"), (Pause, "overdue")])
def test_a_list_of_many_takes_few_statements(busy, client, model, named):
    assert model.objects.count() >= MANY
    url = reverse(f"admin:quality_{model._meta.model_name}_changelist")
    client.get(url)
    with CaptureQueriesContext(connection) as seen:
        page = client.get(url).content.decode()
    assert page.count(named) >= MANY
    assert len(seen) <= 8


def test_a_promise_is_owned_by_somebody_who_operates_the_project(cast, client):
    client.force_login(cast.mira)
    page = client.get(reverse("admin:quality_qualityrule_add")).content.decode()
    offered = page.partition('name="owner"')[2].partition("</select>")[0]
    assert "Mira" in offered
    assert not [name for name in ("Otto", "Ruth", "Remo", "Anna") if name in offered]
