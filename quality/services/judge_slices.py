"""What judges do, slice by slice: one call at a time, each kept whole before the next. For jobs only.

A judge has one worker at a time (ADVISORY_JUDGE), so that what it may spend and how fast it may go is counted without a
race. A killed worker leaves the calls it had kept, and no other trace: the next slice goes on from there.
"""

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce, Now
from django.db.models.lookups import LessThan

from config.kernel.clock import database_now
from config.kernel.locks import ADVISORY_JUDGE, lock_row, session_lock
from labeling.models import Annotation, Item, ItemVersion
from labeling.selectors import erased_items
from labeling.services.modelled import Modelled, keep_modelled
from labeling.types import ItemState, ProjectState
from quality.judge_client import Heard, Line, ask, bound_of, request_of
from quality.judge_prompts import INJECTIONS, Material, injected, messages_for, swapped, verdict_of, wish_against
from quality.judged import Documents, documents_of, expert_answers, verdicts_of
from quality.model_families import families_of
from quality.models import Judge, JudgeCall
from quality.services.answer_checks import check_responses
from quality.services.judge_calibrations import check_drift
from quality.services.judges import raise_alarm, stop_judge
from quality.types import AlarmKind, CallPurpose, CallState, JudgeState

SLICE_SECONDS = 30
LISTED = 60
# How often a day an item is tried that no answer comes to; and how many calls in a row may fail before somebody has to look.
TRIES_A_DAY = 3
FAILED_IN_A_ROW = 10
SWAPPED_MOST = 300
# On so many items each instruction is tried: enough for the bar, were nothing to flip.
INJECTED_MOST = 100
JUDGED = (ItemState.IN_PROGRESS, ItemState.RESOLVED, ItemState.GOLD)
REVERSED = "reversed"
MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Errand:
    version_id: int
    purpose: str
    variant: str = ""


def run_slice(*, judge_id: int, seconds: float = SLICE_SECONDS) -> int:
    """Make the calls that are due, as many as time, rate and budget allow; return how many.

    No call is begun that could not end within `seconds`. Where another worker has this judge, nothing is done.
    """
    until = time.monotonic() + seconds
    with session_lock(ADVISORY_JUDGE, judge_id) as is_held:
        judge = Judge.objects.select_related("project", "reviewer").get(pk=judge_id)
        if not is_held or not _is_at_work(judge):
            return 0
        documents, done, room = documents_of(judge.project_id), 0, _room_this_minute(judge)
        for errand in _errands(judge):
            if done >= room or time.monotonic() + judge.timeout_seconds > until:
                break
            if not Judge.objects.filter(pk=judge.pk, state=JudgeState.ACTIVE).exists():
                break
            done += _run(judge, documents, errand)
        if judge.anchors.exists() and not _due_anchors(judge, _today()).exists():
            check_drift(judge=judge, documents=documents, today=_today())
        return done


def _is_at_work(judge: Judge) -> bool:
    """Whether it may call now; an endpoint that the project lists no longer stops it."""
    if judge.state != JudgeState.ACTIVE or judge.project.state != ProjectState.OPEN:
        return False
    if judge.endpoint not in judge.project.endpoints:
        stop_judge(judge=judge, actor=None, reason="The project lists its endpoint no longer.")
        return False
    return True


def _room_this_minute(judge: Judge) -> int:
    """How many calls the rate leaves, by the database's clock."""
    recent = JudgeCall.objects.filter(judge=judge, created_at__gt=Now() - timedelta(minutes=1)).exclude(request={})
    return max(0, judge.calls_a_minute - recent.count())


# --- what is due ------------------------------------------------------------------------------------------------------


def _errands(judge: Judge) -> Iterator[Errand]:
    """What it is to do next: today's anchors, what experts have answered (plain, then with its tricks), all else.

    Gold is not judged before its neighbours: people are shown what models answered, before or after they do, and could
    tell it by having an answer.
    """
    today = _today()
    for version in _due_anchors(judge, today).values_list("item_version_id", flat=True)[:LISTED]:
        yield Errand(version, CallPurpose.ANCHOR, today)
    answered = sorted(expert_answers(judge.project_id))
    told = ItemVersion.objects.filter(pk__in=answered, gold=None)
    yield from _due(judge, told, CallPurpose.JUDGE)
    plain = sorted(verdicts_of(judge).keys() & set(answered))
    yield from _due(judge, ItemVersion.objects.filter(pk__in=plain[:SWAPPED_MOST]), CallPurpose.SWAP, REVERSED)
    for injection in INJECTIONS:
        tried = ItemVersion.objects.filter(pk__in=plain[:INJECTED_MOST])
        yield from _due(judge, tried, CallPurpose.INJECTION, injection.name)
    current = Item.objects.filter(project=judge.project_id, state__in=JUDGED)
    versions = ItemVersion.objects.filter(pk__in=current.values("current_version"))
    yield from _due(judge, versions.order_by("pk"), CallPurpose.JUDGE)


def _due(judge: Judge, versions: QuerySet[ItemVersion], purpose: str, variant: str = "") -> Iterator[Errand]:
    for version in versions.filter(_undone(judge, purpose, variant, "pk")).values_list("pk", flat=True)[:LISTED]:
        yield Errand(version, purpose, variant)


def _due_anchors(judge: Judge, today: str) -> QuerySet[Any]:
    return judge.anchors.filter(_undone(judge, CallPurpose.ANCHOR, today, "item_version_id")).order_by("id")


def _undone(judge: Judge, purpose: str, variant: str, version: str) -> Q:
    """What this judge has neither answered nor refused, nor been tried with too often today."""
    calls = JudgeCall.objects.filter(judge=judge, item_version=OuterRef(version), purpose=purpose, variant=variant)
    settled = calls.filter(ended__in=[CallState.ANSWERED, CallState.REFUSED])
    failed = calls.filter(ended__in=[CallState.UNREADABLE, CallState.FAILED], created_at__gt=Now() - timedelta(days=1))
    tries = failed.order_by().values("judge").annotate(tries=Count("pk")).values("tries")
    return ~Q(Exists(settled)) & Q(LessThan(Coalesce(Subquery(tries), 0), TRIES_A_DAY))


def _today() -> str:
    return database_now().date().isoformat()


# --- one call ---------------------------------------------------------------------------------------------------------


def _run(judge: Judge, documents: Documents, errand: Errand) -> bool:
    """Make one call and keep it; return whether one was made."""
    version = ItemVersion.objects.select_related("item").get(pk=errand.version_id)
    if errand.purpose == CallPurpose.JUDGE:
        check_responses(version=version)
    if own := _own_family(judge, version):
        fault = f"It does not judge what its own family wrote ({own})."
        _keep(judge, documents, errand, version, Heard(CallState.REFUSED, request={}, fault=fault[:300]))
        return False
    material = _material(judge, documents, version, errand)
    messages = messages_for(judge.prompt, material, digest=judge.digest)
    line = _line(judge)
    if not _can_pay(judge, request_of(line, messages, material)):
        sentence = f"{judge.budget.normalize():f} {judge.currency} are its budget, and another call could go beyond it."
        raise_alarm(judge=judge, kind=AlarmKind.BUDGET, sentence=sentence)
        return False
    heard = ask(line, messages, material)
    if heard.response is not None and heard.model_said != judge.model:
        heard = _from_another_model(judge, heard)
    _keep(judge, documents, errand, version, heard)
    if heard.ended != CallState.ANSWERED:
        _look_at_failures(judge)
    return True


def _line(judge: Judge) -> Line:
    return Line(
        endpoint=judge.endpoint,
        model=judge.model,
        key=os.environ.get(judge.key_variable, "") if judge.key_variable else "",
        parameters=judge.parameters,
        timeout=judge.timeout_seconds,
        is_private_allowed=settings.JUDGES_MAY_CALL_PRIVATE,
    )


def _own_family(judge: Judge, version: ItemVersion) -> str | None:
    """Return the model of the judge's own family that wrote any of this, by what the item says of its models."""
    own = families_of(judge.model) | {judge.family}
    named = [response.get("model") for response in version.payload["responses"]] + [version.metadata.get("model")]
    return next((name for name in named if isinstance(name, str) and name and own & families_of(name)), None)


def _material(judge: Judge, documents: Documents, version: ItemVersion, errand: Errand) -> Material:
    material = Material(documents.form, documents.clauses, version.payload, version.language)
    if errand.purpose == CallPurpose.SWAP:
        return swapped(material)
    if errand.purpose == CallPurpose.INJECTION and documents.question is not None:
        plain = verdict_of(documents.question, _plain_answers(judge, version.pk)) or ""
        keys = [response["key"] for response in version.payload["responses"]]
        injection = next(each for each in INJECTIONS if each.name == errand.variant)
        return injected(material, injection, wish_against(documents.question, keys, plain) or "")
    return material


def _plain_answers(judge: Judge, version_id: int) -> dict[str, Any] | None:
    """Return what the judge answered about this version, plainly asked."""
    plain = JudgeCall.objects.filter(
        judge=judge, item_version=version_id, purpose=CallPurpose.JUDGE, variant="", ended=CallState.ANSWERED
    )
    return plain.values_list("answers", flat=True).first()


def _can_pay(judge: Judge, request: dict[str, Any]) -> bool:
    """Whether the most that this call can cost is left."""
    if not judge.price_in and not judge.price_out:
        return True
    budget = Judge.objects.values_list("budget", flat=True).get(pk=judge.pk)
    spent = JudgeCall.objects.filter(judge=judge).aggregate(spent=Sum("cost"))["spent"] or Decimal(0)
    return spent + _cost(judge, *bound_of(request)) <= budget


def _cost(judge: Judge, tokens_in: int, tokens_out: int) -> Decimal:
    return (tokens_in * judge.price_in + tokens_out * judge.price_out) / MILLION


def _from_another_model(judge: Judge, heard: Heard) -> Heard:
    """What another model answers is no answer of this judge's, and somebody has to look."""
    said = f"{heard.model_said or 'A model that does not say its name'} answers; {judge.model} is pinned."
    raise_alarm(judge=judge, kind=AlarmKind.MODEL_CHANGED, sentence=said)
    return replace(heard, ended=CallState.FAILED, answers=None, confidence=None, fault=said[:300])


@transaction.atomic
def _keep(judge: Judge, documents: Documents, errand: Errand, version: ItemVersion, heard: Heard) -> None:
    """Keep the call with what it cost, and what it answers when plainly asked as the judge's annotation.

    Of an item that was erased while it was under way, only the cost is kept.
    """
    lock_row(Item.objects.filter(pk=version.item_id))
    if erased_items([version.item_id]):
        heard = replace(
            heard,
            ended=CallState.FAILED,
            request={},
            response=None,
            answers=None,
            rationale="",
            fault="The item was erased meanwhile.",
        )
    call = JudgeCall(
        customer_id=judge.customer_id,
        project_id=judge.project_id,
        judge=judge,
        item_version=version,
        purpose=errand.purpose,
        variant=errand.variant,
        ended=heard.ended,
        request=heard.request,
        response=heard.response,
        answers=heard.answers,
        confidence=heard.confidence,
        model_said=heard.model_said,
        fault=heard.fault,
        tokens_in=heard.tokens_in,
        tokens_out=heard.tokens_out,
        cost=_cost(judge, *heard.counted),
        milliseconds=heard.milliseconds,
        annotation=_annotation(judge, documents, errand, version, heard),
    )
    JudgeCall.objects.bulk_create([call], ignore_conflicts=True)


def _annotation(
    judge: Judge, documents: Documents, errand: Errand, version: ItemVersion, heard: Heard
) -> Annotation | None:
    if errand.purpose != CallPurpose.JUDGE or heard.answers is None:
        return None
    said = Modelled(
        answers=heard.answers,
        rationale=heard.rationale,
        form=documents.form_version,
        guideline=documents.guideline,
        seconds=heard.milliseconds / 1000,
    )
    is_shown = judge.is_shown_before and not judge.alarms.filter(closed_at=None).exists()
    return keep_modelled(version=version, reviewer=judge.reviewer, said=said, is_shown_before=is_shown)


def _look_at_failures(judge: Judge) -> None:
    last = list(
        JudgeCall.objects.filter(judge=judge)
        .exclude(request={})
        .order_by("-id")
        .values_list("ended", "fault")[:FAILED_IN_A_ROW]
    )
    if len(last) == FAILED_IN_A_ROW and all(ended != CallState.ANSWERED for ended, _ in last):
        sentence = f"{FAILED_IN_A_ROW} calls in a row came to nothing; the last one: {last[0][1]}"
        raise_alarm(judge=judge, kind=AlarmKind.FAILING, sentence=sentence)
