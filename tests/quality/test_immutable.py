"""What is known of answers never changes: each table of quality that keeps its rows for good, tried by raw SQL as its
owner.

What the runtime role may not do with these tables is in `tests/house/test_invariants.py`.
"""

import pytest
from django.db import IntegrityError, connection, transaction

from labeling.models import Annotation, Project
from labeling.services.people import add_member
from labeling.types import Role
from quality.models import GoldItem, GoldScore, JudgeCalibration, JudgeCall
from quality.services.audits import make_plan, order_draw
from quality.services.judges import make_judge
from quality.services.rulings import answer_ruling, ask_for_ruling, mark_ruling_read
from quality.services.stages import waive_bar
from quality.services.verdicts import give_verdicts
from routing.models import Lease
from tests.cast import gather_cast
from tests.factories import item_row, resolve_items, settle, take, unguarded, upload
from tests.house.tables import IMMUTABLE
from tests.quality.test_exams import begin, exam_of, stock
from tests.written import answer, attempt, open_written_project, review

KEYS = {"quality_examchange": "pgh_id"}
TABLES = sorted(table for table in IMMUTABLE if table.startswith("quality_"))


@pytest.fixture
def known(transactional_db):
    """A row in each of these tables: of reviewed and audited work, a test, the customer's verdict, a judge."""
    cast = gather_cast()
    written_project = open_written_project(cast)
    add_member(
        user=cast.cleo.user, customer=cast.northwind, project=written_project, role=Role.AUDITOR, actor=cast.mira
    )
    upload(written_project, cast.mira, item_row("written"))
    attempt(cast.anna)
    review(cast.bela, "accept")
    order_draw(plan=make_plan(project=written_project, name="May", actor=cast.mira), actor=cast.mira)
    settle()
    answer(take(cast.cleo), cast.cleo, {"review_verdict": "accept"})

    [item] = resolve_items(cast.project, cast.mira, [cast.anna, cast.bela, cast.cleo])
    lease = Lease.objects.filter(reviewer=cast.anna, project=cast.project).first()
    ruling, _ = ask_for_ruling(lease=lease, clause="true", question="Is it?", actor=cast.anna.user)
    mark_ruling_read(ruling=answer_ruling(ruling=ruling, answer="It is.", actor=cast.mira), reviewer=cast.anna)
    verdict = {"external_id": item.external_id, "answers": {"preference": {"choice": "a"}}}
    give_verdicts(project=cast.project, verdicts=[verdict], actor=cast.dana)
    Project.objects.filter(pk=cast.project.pk).update(stage="calibration")
    waive_bar(project=cast.project, stage="pilot", reason="They asked for it.", actor=cast.mira)
    stock(cast, "qualification", count=3)
    begin(exam_of(cast), cast.dido)

    owned = {"customer": cast.northwind, "project": cast.project}
    said = Annotation.objects.filter(project=cast.project).first()
    with unguarded("quality_goldscore", "of_its_gold"):
        GoldScore.objects.create(
            **owned, gold_item=GoldItem.objects.first(), annotation=said, reviewer=said.reviewer, is_correct=True
        )
    endpoint = "https://models.example/v1"
    Project.objects.filter(pk=cast.project.pk).update(endpoints=[endpoint])
    cast.project.refresh_from_db()
    judge = make_judge(
        project=cast.project, name="Judge", endpoint=endpoint, model="one-2026", prompt="Judge.", actor=cast.mira
    )
    JudgeCall.objects.create(
        **owned, judge=judge, item_version=item.current_version, purpose="judge", ended="failed", request={}
    )
    JudgeCalibration.objects.create(**owned, judge=judge, items=1, measured={}, is_met=False, sentence="Too few.")
    return cast


def test_not_even_the_owner_changes_or_deletes_what_is_known(known):
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")
        for table in TABLES:
            cursor.execute(f"SELECT count(*) FROM {table}")
            assert cursor.fetchone()[0] > 0, table
            key = KEYS.get(table, "id")
            for statement in (f"UPDATE {table} SET {key} = {key}", f"DELETE FROM {table}"):
                with pytest.raises(IntegrityError, match="never changes"), transaction.atomic():
                    cursor.execute(statement)
