"""Audits: a plan draws resolved items at random, experts answer them blind, and their verdicts are kept as they fell.

What was written has no one right wording: experts see the text that was accepted, of whom and how they are not told,
and say whether it is good enough by the guideline, and if not, which clause it misses and how badly.

Drawn is what was agreed on: of *no agreed answer* one expert's answer says nothing. A plan is drawn from once; while its
audits wait, no other plan of the project draws, so that no item is audited under two plans and repaired between them.
"""

import secrets
from array import array
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import connection, transaction

from config.kernel.errors import Conflict, Invalid
from config.kernel.events import record
from config.kernel.jobs import enqueue
from config.kernel.locks import ADVISORY_AUDIT, advisory_lock, lock_row, lock_rows
from config.kernel.models import User
from config.kernel.reasons import checked_reason
from config.kernel.transitions import transition, transition_many
from labeling.forms import ACCEPT, SEVERITY, VERDICT
from labeling.models import Annotation, Item, Project, Round, Task
from labeling.selectors import erased_items
from labeling.services.rounds import cancel_tasks, last_rounds
from labeling.services.stages import close_without_resolution, open_next_rounds
from labeling.types import ROUND_MACHINE, ItemState, RoundReason, RoundState, TaskKind, Work
from quality.comparing import compare
from quality.models import AuditDraw, AuditPlan, AuditSchedule, AuditVerdict, Resolution
from quality.sampling import draw_streamed, plan_audit
from quality.types import DRAW_MACHINE, PLAN_MACHINE, DrawState, PlanState
from quality.written import accepted_texts, clause_named

SLICE = 200
STREAMED = 5000
STRATA = ("language", "domain", "difficulty", "agreement")
LONGEST_STRATUM = 100

# What a plan draws from: what each item came to, where that was agreed on and nothing has come since.
POPULATION = """
SELECT s.id, v.language, v.domain, v.difficulty::text,
  CASE WHEN s.confidence = 1 THEN 'all agree' WHEN s.confidence >= 0.75 THEN 'most agree' ELSE 'divided' END
FROM quality_resolution s
JOIN labeling_round r ON r.id = s.round_id AND r.state = 'resolved'
JOIN labeling_item i ON i.id = r.item_id AND i.state = 'resolved'
JOIN labeling_itemversion v ON v.id = s.item_version_id
WHERE s.project_id = %(project)s AND s.outcome = 'agreed' AND s.answers <> '{}'
  AND (%(from)s::timestamptz IS NULL OR s.created_at >= %(from)s)
  AND (%(until)s::timestamptz IS NULL OR s.created_at < %(until)s)
  AND NOT EXISTS (SELECT FROM quality_resolution later WHERE later.supersedes_id = s.id)
  AND NOT EXISTS (SELECT FROM labeling_round later WHERE later.item_id = i.id AND later.state = 'resolved'
                  AND later.number > r.number AND later.reason NOT IN ('gold', 'audit'))
"""


def checked_settings(*, strata: Collection[str], half_width: Decimal, share_twice: Decimal) -> list[str]:
    """Return the strata in their order. Raises Invalid, naming the field, for what nothing can be drawn by."""
    if unknown := sorted(set(strata) - set(STRATA)):
        raise Invalid(f"Strata are made by {', '.join(STRATA)}; {unknown[0]!r} is none of these.", field="strata")
    if not Decimal("0.005") <= half_width <= Decimal("0.5"):
        raise Invalid("Half the interval lies between 0.005 and 0.5.", field="half_width")
    if not 0 <= share_twice <= 1:
        raise Invalid("The share audited twice lies between 0 and 1.", field="share_twice")
    return [each for each in STRATA if each in strata]


@transaction.atomic
def make_plan(
    *,
    project: Project,
    name: str,
    actor: User,
    strata: Collection[str] = (),
    half_width: Decimal = Decimal("0.050"),
    share_twice: Decimal = Decimal("0.100"),
    resolved_from: datetime | None = None,
    resolved_until: datetime | None = None,
    schedule: AuditSchedule | None = None,
) -> AuditPlan:
    """Make a plan to draw from. Raises Invalid, naming the field, for what is no plan, Conflict for a name that is taken."""
    strata = checked_settings(strata=strata, half_width=half_width, share_twice=share_twice)
    if resolved_from and resolved_until and resolved_from >= resolved_until:
        raise Invalid("The window ends after it begins; choose a later end.", field="resolved_until")
    if AuditPlan.objects.filter(project=project, name=name).exists():
        raise Conflict("The project has a plan of this name; choose another.")
    plan = AuditPlan.objects.create(
        customer_id=project.customer_id,
        project=project,
        name=name,
        strata=strata,
        half_width=half_width,
        share_twice=share_twice,
        resolved_from=resolved_from,
        resolved_until=resolved_until,
        seed=secrets.randbits(62),
        schedule=schedule,
        made_by=actor,
    )
    record("audit_plan.made", subject=plan, actor_id=actor.pk, data={"project": project.pk})
    return plan


@transaction.atomic
def order_draw(*, plan: AuditPlan, actor: User) -> None:
    """Have a job draw. Raises Conflict for a plan that was drawn from, and while another plan's audits wait."""
    plan = lock_row(AuditPlan.objects.filter(pk=plan.pk).select_related(None))
    if plan.state != PlanState.DRAFT:
        raise Conflict("This plan was drawn from before; make another to draw again.")
    if waiting := _waiting_elsewhere(plan):
        raise Conflict(f"Audits of the plan {waiting} still wait; have them answered, or close that plan first.")
    record("audit_plan.ordered", subject=plan, actor_id=actor.pk, data={"project": plan.project_id})
    enqueue("quality.jobs.draw_audits", plan.pk, queue="bulk")


def _waiting_elsewhere(plan: AuditPlan) -> str:
    others = AuditDraw.objects.filter(project=plan.project_id, state=DrawState.WAITING).exclude(plan=plan)
    other = others.select_related("plan").first()
    return other.plan.name if other else ""


@transaction.atomic
def draw_audits(*, plan_id: int) -> int:
    """Draw from the plan; return how many items were drawn. Drawn once: again, or beside another plan, it draws nothing.

    What there is to draw from is read once, in a stream; ten bytes a result stay in memory. It is one transaction, so a
    worker that is killed has drawn nothing.
    """
    project_id = AuditPlan.objects.values_list("project_id", flat=True).get(pk=plan_id)
    advisory_lock(ADVISORY_AUDIT, project_id)
    plan = lock_row(AuditPlan.objects.filter(pk=plan_id).select_related(None))
    if plan.state != PlanState.DRAFT or _waiting_elsewhere(plan):
        return 0
    ids, places, names = _read(plan)
    populations = Counter(names[place] for place in places)
    sized = plan_audit(populations, half_width=float(plan.half_width))
    members = ((f"{key}", names[place]) for key, place in zip(ids, places, strict=True))
    drawn = draw_streamed(sized, members, seed=f"{plan.seed}", double_share=float(plan.share_twice))
    AuditDraw.objects.bulk_create(
        [
            AuditDraw(
                customer_id=plan.customer_id,
                project_id=plan.project_id,
                plan=plan,
                resolution_id=int(each.key),
                stratum=each.stratum,
                probability=each.chance,
                is_twice=each.is_double,
            )
            for each in drawn
        ],
        batch_size=2000,
    )
    sizes = {name: {"items": sized.populations[name], "drawn": sized.sizes[name]} for name in sized.sizes}
    transition(
        plan,
        PlanState.DRAWN,
        machine=PLAN_MACHINE,
        actor_id=plan.made_by_id,
        data={"items": len(ids), "drawn": len(drawn)},
        sizes=sizes,
    )
    enqueue("quality.jobs.open_audits", queue="bulk")
    return len(drawn)


def _read(plan: AuditPlan) -> tuple["array[int]", "array[int]", list[str]]:
    """Return the results to draw from: their ids, and of each the place of its stratum among the names."""
    ids, places, known = array("q"), array("H"), dict[str, int]()
    for resolution_id, *values in _rows(plan):
        said = dict(zip(STRATA, values, strict=True))
        stratum = (", ".join(said[name] or "–" for name in plan.strata) or "all")[:LONGEST_STRATUM]
        ids.append(resolution_id)
        places.append(known.setdefault(stratum, len(known)))
    return ids, places, list(known)


def _rows(plan: AuditPlan) -> Iterator[tuple[Any, ...]]:
    window = {"project": plan.project_id, "from": plan.resolved_from, "until": plan.resolved_until}
    with connection.connection.cursor(name="population") as cursor:
        cursor.itersize = STREAMED
        cursor.execute(POPULATION, window)
        yield from cursor


def open_audits() -> int:
    """Open the rounds of what was drawn, slice by slice; return how many. Idempotent, and safe to run twice at once."""
    done = 0
    for plan_id in AuditPlan.objects.filter(state=PlanState.DRAWN).order_by("pk").values_list("pk", flat=True):
        for tasks_each in (1, 2):
            after = 0
            while (last := _open_slice(plan_id, after, tasks_each)) is not None:
                opened, after = last
                done += opened
    return done


@transaction.atomic
def _open_slice(plan_id: int, after: int, tasks_each: int) -> tuple[int, int] | None:
    """Open the audits of the next slice of draws, and void what was resolved again since; an item in other work waits."""
    waiting = AuditDraw.objects.filter(
        plan=plan_id, is_twice=tasks_each == 2, state=DrawState.WAITING, round=None, pk__gt=after
    ).order_by("pk")
    ids = list(waiting.values_list("pk", flat=True)[:SLICE])
    if not ids:
        return None
    items = lock_rows(_items_of(ids))
    draws = list(waiting.filter(pk__in=ids).select_related("resolution__round__form"))
    standing = _standing(draws, items)
    texts = accepted_texts([draw.resolution for draw in standing])
    made = open_next_rounds(
        after=[draw.resolution.round for draw in standing],
        reason=RoundReason.AUDIT,
        kind=TaskKind.AUDIT,
        work=Work.EXPERT,
        needed=1,
        beside={
            draw.resolution.round_id: [texts[draw.resolution_id].pk] for draw in standing if draw.resolution_id in texts
        },
        tasks_each=tasks_each,
    )
    opened = {each.item_id: each for each in made}
    locked = {draw.pk: draw for draw in lock_rows(AuditDraw.objects.filter(pk__in=ids).select_related(None))}
    for draw in standing:
        if (made_for := opened.get(draw.resolution.round.item_id)) is not None:
            AuditDraw.objects.filter(pk=draw.pk).update(round=made_for)
    kept = {draw.pk for draw in standing}
    _void([locked[draw.pk] for draw in draws if draw.pk not in kept], "resolved again")
    return len(opened), ids[-1]


def _items_of(draw_ids: Any) -> Any:
    judged = AuditDraw.objects.filter(pk__in=draw_ids).values("resolution__round__item")
    return Item.objects.filter(pk__in=judged)


def _standing(draws: Collection[AuditDraw], items: Collection[Item]) -> list[AuditDraw]:
    """Return the draws whose resolution is still what its item came to."""
    latest = last_rounds(list(items))
    resolved = {item.pk for item in items if item.state == ItemState.RESOLVED}
    resolved -= erased_items(resolved)
    superseded = set(
        Resolution.objects.filter(supersedes__in=[draw.resolution_id for draw in draws]).values_list(
            "supersedes", flat=True
        )
    )
    return [
        draw
        for draw in draws
        if (item_id := draw.resolution.round.item_id) in resolved
        and draw.resolution_id not in superseded
        and latest[item_id].pk == draw.resolution.round_id
    ]


def _void(draws: Collection[AuditDraw], why: str) -> None:
    waiting = [draw for draw in draws if draw.state == DrawState.WAITING]
    about = {draw.pk: {"why": why} for draw in waiting}
    transition_many(waiting, DrawState.VOID, machine=DRAW_MACHINE, actor_id=None, data=about)


@transaction.atomic
def void_cancelled(*, round_ids: Collection[int]) -> int:
    """Void the audits whose round was cancelled, as its item is judged anew, or no more; return how many."""
    draws = lock_rows(AuditDraw.objects.filter(round__in=round_ids, state=DrawState.WAITING).select_related(None))
    _void(draws, "judged anew")
    return len(draws)


@transaction.atomic
def void_superseded(*, resolution_ids: Collection[int]) -> int:
    """These resolutions were made: void the audits that wait about what they supersede, and ask no expert any more."""
    waiting = AuditDraw.objects.filter(
        resolution__superseded_by__in=resolution_ids, state=DrawState.WAITING, round__isnull=False
    )
    lock_rows(_items_of(waiting.values("pk")))
    _cancel(lock_rows(Round.objects.filter(audit_draw__in=waiting.values("pk")).select_related(None)), None)
    draws = lock_rows(
        AuditDraw.objects.filter(resolution__superseded_by__in=resolution_ids, state=DrawState.WAITING).select_related(
            None
        )
    )
    _void(draws, "resolved again")
    return len(draws)


def _cancel(rounds: Collection[Round], actor_id: int | None) -> None:
    opened = [each for each in rounds if each.state == RoundState.OPEN]
    cancel_tasks(Task.objects.filter(round__in=opened), actor_id)
    transition_many(opened, RoundState.CANCELLED, machine=ROUND_MACHINE, actor_id=actor_id)


def close_plan(*, plan: AuditPlan, reason: str, actor: User) -> AuditPlan:
    """Ask no more experts under this plan: what still waits is void, slice by slice; what was answered stays.

    Raises Invalid without a reason, and Conflict for a plan that nothing was drawn from.
    """
    reason = checked_reason(reason, ask="Say why no more of this plan is audited.")
    if plan.state != PlanState.DRAWN:
        raise Conflict("Only a plan that was drawn from is closed.")
    while _close_slice(plan.pk, actor):
        pass
    with transaction.atomic():
        plan = lock_row(AuditPlan.objects.filter(pk=plan.pk).select_related(None))
        transition(plan, PlanState.CLOSED, machine=PLAN_MACHINE, actor_id=actor.pk, data={"reason": reason})
    return plan


@transaction.atomic
def _close_slice(plan_id: int, actor: User) -> int:
    waiting = AuditDraw.objects.filter(plan=plan_id, state=DrawState.WAITING).order_by("pk")
    ids = list(waiting.values_list("pk", flat=True)[:SLICE])
    lock_rows(_items_of(ids))
    _cancel(lock_rows(Round.objects.filter(audit_draw__in=ids).select_related(None)), actor.pk)
    _void(lock_rows(AuditDraw.objects.filter(pk__in=ids).select_related(None)), "plan closed")
    return len(ids)


def take_verdicts(*, annotation_ids: Iterable[int]) -> int:
    """Hold what experts answered against the resolutions as they stood; return how many verdicts were new. Idempotent."""
    said = Annotation.objects.filter(
        pk__in=list(annotation_ids), task__kind=TaskKind.AUDIT, audit_verdict=None, supersedes=None
    )
    return sum(_take(annotation_id) for annotation_id in said.order_by("pk").values_list("pk", flat=True))


def _found(reference: Resolution, said: Annotation) -> dict[str, Any] | None:
    """Return what this answer says of the resolution, as a verdict keeps it; None where they cannot be compared."""
    if said.task.beside is not None:
        is_right = said.answers[VERDICT] == ACCEPT
        severity = said.answers.get(SEVERITY, "")
        return {"is_right": is_right, "clause": "" if is_right else clause_named(said), "severity": severity}
    compared = compare(
        form=reference.round.form.document,
        reference=reference.answers,
        given_form=said.form.document,
        given=said.answers,
    )
    if not compared.by_question:
        return None
    return {"is_right": compared.is_alike, "by_question": compared.by_question}


@transaction.atomic
def _take(annotation_id: int) -> bool:
    said = Annotation.objects.select_related("form", "round", "guideline", "task").get(pk=annotation_id)
    item = lock_row(Item.objects.filter(pk=said.round.item_id))
    opened = lock_row(Round.objects.filter(pk=said.round_id).select_related(None))
    cancel = Task.objects.filter(round=opened)
    drawn = AuditDraw.objects.filter(round=opened).select_related("resolution__round__form").get()
    found = _found(drawn.resolution, said)
    is_standing = found is not None and bool(_standing([drawn], [item]))
    if not is_standing:
        cancel_tasks(cancel, None)
    draw = lock_row(AuditDraw.objects.filter(pk=drawn.pk).select_related(None))
    if draw.state != DrawState.WAITING:
        return False
    if found is None or not is_standing:
        close_without_resolution(rounds=[opened], why="audit void")
        _void([draw], "resolved again" if found else "asked otherwise by now")
        return False
    verdict, is_new = AuditVerdict.objects.get_or_create(
        annotation=said,
        defaults={
            "customer_id": said.customer_id,
            "project_id": said.project_id,
            "draw": draw,
            **found,
        },
    )
    if is_new:
        record("audit.answered", subject=verdict, actor_id=None, data={"draw": draw.pk, "right": verdict.is_right})
    if draw.verdicts.count() >= (2 if draw.is_twice else 1):
        close_without_resolution(rounds=[opened], why="audited")
        transition(draw, DrawState.DONE, machine=DRAW_MACHINE, actor_id=None, data={"round": opened.pk})
    return is_new
