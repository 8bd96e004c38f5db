"""What the tests of erasure share: a word planted everywhere, the raw call, and an operator of both customers."""

from typing import Any

from django.db import connection

from config.kernel.models import IdempotencyAnswer, User
from delivery.models import SampleEntry
from delivery.services.acceptance import give_verdict
from labeling.models import Annotation, Item
from labeling.services.judgments import invalidate_annotation
from labeling.services.people import add_member
from labeling.services.rounds import reopen_items
from labeling.types import Role, RoundReason
from quality.services.rulings import answer_ruling, ask_for_ruling
from routing.answers import lease_of
from routing.services.leases import keep_draft, skip_task
from routing.services.reports import flag_task
from routing.services.submits import submit_task
from tests.factories import freeze, item_row, judge, prefer, settle, take, upload

WORD = "quetzalcoatlus"


def plant_word(cast: Any) -> Any:
    """An item that says the word wherever an item's content can lie, beside one that says nothing of it."""
    row = item_row("spoken", metadata={"note": WORD})
    row["messages"][0]["content"] = f"What is a {WORD}?"
    row["responses"][0]["text"] = f"A {WORD} is a bird."
    upload(cast.project, cast.dana, row, item_row("silent"))
    upload(cast.project, cast.dana, row, b'{"external_id": "spoken", "messages": "%s"}' % WORD.encode(), name="again")
    for reviewer in (cast.anna, cast.bela, cast.cleo):
        for _ in range(2):
            judge(reviewer, "a", rationale=f"It knows the {WORD}.")
    settle()
    cast.item = Item.objects.get(external_id="spoken")
    cast.release = freeze(cast.project, cast.dana)
    entry = SampleEntry.objects.get(entry__external_id="spoken")
    give_verdict(entry=entry, verdict="defect", severity="minor", note=f"No {WORD}", actor=cast.dana)
    annotation = Annotation.objects.filter(round__item=cast.item).first()
    invalidate_annotation(annotation=annotation, reason=f"Copied {WORD}", actor=cast.mira)
    settle()
    _work_again(cast)
    IdempotencyAnswer.objects.create(user=cast.dana, key="k", request_digest="d", status=200, body={"said": WORD})
    return cast


def _work_again(cast: Any) -> None:
    """A round more, with a draft, a skip, an answer that came too late, a report and a question."""
    reopen_items(item_ids=[cast.item.pk], reason=RoundReason.RECHECK, actor=cast.mira)
    late = take(cast.anna).token
    reopen_items(item_ids=[cast.item.pk], reason=RoundReason.RECHECK, actor=cast.mira)
    settle()
    submit_task(user=cast.anna.user, token=late, answers=prefer("a", rationale=WORD), seconds=1.0)
    flag_task(user=cast.anna.user, token=late, problem="other", note=f"No {WORD}")
    lease = lease_of(user=cast.anna.user, token=late)
    ruling, _ = ask_for_ruling(lease=lease, clause="true", question=f"A {WORD}?", actor=cast.anna.user)
    answer_ruling(ruling=ruling, answer="No bird.", actor=cast.mira)
    skip_task(user=cast.bela.user, token=take(cast.bela).token, reason=f"I fear {WORD}")
    keep_draft(user=cast.cleo.user, token=take(cast.cleo).token, answers={"rationale": WORD})


def call_erase(kind: str, subject: int, customer: int | None) -> Any:
    with connection.cursor() as cursor:
        cursor.execute("SELECT assay_erase(%s, %s, %s, 'Test', NULL, gen_random_uuid())", [kind, subject, customer])
        return cursor.fetchone()[0]


def both(cast: Any) -> User:
    """Return Mira, who from now on operates Meridian too."""
    add_member(user=cast.mira, customer=cast.meridian, role=Role.OPERATOR, actor=None)
    mira: User = cast.mira
    return mira
