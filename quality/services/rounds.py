"""What rounds come to: set by set, each resolution resting on the judgments that count."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from django.db import connection, transaction
from django.db.models import Exists, OuterRef

from config.kernel.events import record_many
from config.kernel.locks import lock_rows
from labeling.models import FormVersion, Item, Round, Task
from labeling.selectors import counting_annotations_of, erased_items
from labeling.services.rounds import add_slot, close_resolved
from labeling.types import ASIDE, RoundState, TaskKind
from quality.adjudication import adjudicated, rounds_in_dispute
from quality.consensus import Resolved
from quality.judged import counting_beside
from quality.models import Resolution
from quality.services.adaptive import come_to, knowledge_about, settle
from quality.types import Outcome

SLICE = 200

DUE = """
SELECT r.id FROM labeling_round r
WHERE r.state = 'open' AND r.reason NOT IN ('gold', 'audit', 'dispute')
  AND (%(rounds)s::bigint[] IS NULL OR r.id = ANY(%(rounds)s)) AND r.id > %(after)s
  AND r.judgments_needed <= (
    SELECT count(*) FROM labeling_annotation a WHERE a.round_id = r.id
      AND NOT EXISTS (SELECT FROM labeling_annotation later WHERE later.supersedes_id = a.id)
      AND NOT EXISTS (SELECT FROM labeling_annotationinvalidation i WHERE i.annotation_id = a.id))
  AND NOT EXISTS (SELECT FROM quality_dispute d WHERE d.adjudicated_in_id = r.id AND d.state = 'open')
  AND NOT EXISTS (SELECT FROM labeling_task t WHERE t.round_id = r.id AND t.kind IN ('attempt', 'review'))
ORDER BY r.id LIMIT %(most)s
"""


def resolve_due(*, round_ids: Iterable[int] | None = None) -> int:
    """Resolve the open rounds (of these, or all) that have the judgments they need; return how many.

    What needs another judgment by the rules of adaptive overlap is asked for it, or goes to an expert; rounds in dispute are
    left to their adjudicator. Idempotent, and safe to run twice at once: whoever locks a round first resolves it, the other
    finds it closed.
    """
    wanted = None if round_ids is None else sorted(set(round_ids))
    done, after = 0, 0
    while due := _due(wanted, after):
        after = due[-1]
        done += _resolve_slice(settle(round_ids=due))
        if len(due) < SLICE:
            break
    return done


def _voted_on(round_ids: Iterable[int]) -> list[int]:
    """Return these rounds without those of written work, which `written` goes on with."""
    written = Task.objects.filter(round=OuterRef("pk"), kind__in=[TaskKind.ATTEMPT, TaskKind.REVIEW])
    return list(
        Round.objects.filter(~Exists(written), pk__in=set(round_ids)).order_by("pk").values_list("pk", flat=True)
    )


def _due(round_ids: list[int] | None, after: int) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(DUE, {"rounds": round_ids, "most": SLICE, "after": after})
        return [row[0] for row in cursor.fetchall()]


@transaction.atomic
def _resolve_slice(round_ids: Sequence[int]) -> int:
    items = lock_rows(Item.objects.filter(rounds__in=round_ids))
    disputed = rounds_in_dispute(round_ids)
    rounds = [
        opened
        for opened in lock_rows(Round.objects.filter(pk__in=round_ids))
        if opened.state == RoundState.OPEN and opened.reason not in ASIDE and opened.pk not in disputed
    ]
    made = append_resolutions(rounds)
    open_items = {resolution.round.item_id for resolution in made}
    close_resolved(
        rounds=[resolution.round for resolution in made],
        items=[item for item in items if item.pk in open_items],
    )
    return len(made)


def append_resolutions(rounds: Sequence[Round]) -> list[Resolution]:
    """Append what each locked round comes to, over what it came to before; rounds without judgments are left out.

    What an adjudicator has said in a round is what it comes to, whatever others say there. Judges that count have a
    vote beside people's (`quality.judged`); how many people are asked does not change by it.
    """
    judgments = defaultdict(list)
    for annotation in counting_annotations_of([opened.pk for opened in rounds]).select_related("task"):
        judgments[annotation.round_id].append(annotation)
    forms = FormVersion.objects.in_bulk({opened.form_id for opened in rounds})
    current = {
        resolution.round_id: resolution
        for resolution in Resolution.objects.filter(round__in=rounds, superseded_by=None)
    }
    knowledge = knowledge_about(rounds, judgments)
    beside = counting_beside(rounds, judgments)
    made = []
    for opened in rounds:
        if not (counted := judgments[opened.pk]):
            continue
        form = forms[opened.form_id].document
        decided = adjudicated(opened, form, counted)
        voting = [*counted, *beside.get(opened.pk, [])]
        resolved = decided.resolved if decided else come_to(form, voting, knowledge[opened.project_id])
        rests_on = decided.rests_on if decided else [annotation.pk for annotation in voting]
        made.append(resolution_of(opened, resolved, rests_on, current.get(opened.pk)))
    Resolution.objects.bulk_create(made)
    record_many(
        "resolution.made",
        subject="quality.resolution",
        rows=[
            (
                each.pk,
                each.customer_id,
                {"round": each.round_id, "outcome": each.outcome, "item": each.round.item_id},
            )
            for each in made
        ],
        actor_id=None,
    )
    return made


def resolution_of(opened: Round, resolved: Resolved, annotations: list[int], before: Resolution | None) -> Resolution:
    """Return what a round came to, over what it came to before; it is not saved yet."""
    return Resolution(
        customer_id=opened.customer_id,
        project_id=opened.project_id,
        round=opened,
        item_version_id=opened.item_version_id,
        outcome=Outcome(resolved.outcome),
        answers=resolved.answers,
        distribution=resolved.distribution,
        method=resolved.method,
        confidence=resolved.confidence,
        annotation_ids=annotations,
        supersedes=before,
    )


@transaction.atomic
def reconsider(*, round_ids: Iterable[int]) -> None:
    """A judgment of each of these rounds no longer counts: ask for another where the round is open, else resolve anew.

    The new resolution supersedes the old one, which stays. A resolved round that lost its last judgment keeps its
    resolution, since there is nothing to put in its place, and what was erased is left alone.
    """
    wanted = _voted_on(round_ids)
    items = lock_rows(Item.objects.filter(rounds__in=wanted))
    erased = erased_items([item.pk for item in items])
    rounds = [
        judged
        for judged in lock_rows(Round.objects.filter(pk__in=wanted))
        if judged.reason not in ASIDE and judged.item_id not in erased
    ]
    for judged in rounds:
        if judged.state == RoundState.OPEN:
            add_slot(round_id=judged.pk)
    append_resolutions([judged for judged in rounds if judged.state == RoundState.RESOLVED])


@transaction.atomic
def resolve_anew(*, round_ids: Iterable[int]) -> None:
    """A judgment of each of these rounds was corrected: those that are resolved come to something anew, as `reconsider` does."""
    wanted = Round.objects.filter(pk__in=_voted_on(round_ids), state=RoundState.RESOLVED)
    items = lock_rows(Item.objects.filter(rounds__in=wanted.values("pk")))
    erased = erased_items([item.pk for item in items])
    append_resolutions([judged for judged in lock_rows(wanted) if judged.item_id not in erased])
