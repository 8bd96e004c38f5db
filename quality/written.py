"""Reads about written work: the rounds through which a text has come, and who stands by it."""

from collections.abc import Sequence

from labeling.forms import CLAUSE
from labeling.models import Annotation, Round
from labeling.types import ASIDE, RoundState, TaskKind
from quality.comparing import comparable_questions, texts_of
from quality.models import Resolution, Review
from quality.types import ReviewVerdict

UNDONE = frozenset({ReviewVerdict.SEND_BACK, ReviewVerdict.REJECT})


def clause_named(said: Annotation) -> str:
    """Return the clause that an answer (with its guideline) names; of a guideline with one, that."""
    clauses = [each["id"] for each in said.guideline.clauses]
    return said.answers.get(CLAUSE) or (clauses[0] if len(clauses) == 1 else "")


def earlier_rounds(opened: Round) -> list[Round]:
    """Return the rounds that this one goes on from, the latest first: each was sent back or rejected."""
    before = Round.objects.filter(item=opened.item_id, number__lt=opened.number).exclude(reason__in=ASIDE)
    earlier = []
    for each in before.order_by("-number").prefetch_related("reviews"):
        is_undone = any(review.verdict in UNDONE for review in each.reviews.all())
        if each.state != RoundState.CLOSED or not is_undone or each.item_version_id != opened.item_version_id:
            break
        earlier.append(each)
    return earlier


def accepted_texts(resolutions: Sequence[Resolution]) -> dict[int, Annotation]:
    """Return by resolution (with its round and form) the annotation that holds the text it came to, where it is a text
    that was accepted, and not answers that were voted on."""
    asked = {each.pk: texts_of(each.round.form.document, each.answers) for each in resolutions}
    wanted = {ident for each in resolutions if asked[each.pk] for ident in each.annotation_ids}
    found = Annotation.objects.filter(pk__in=wanted).select_related("task", "form", "reviewer").in_bulk()
    holders = {}
    for each in resolutions:
        said = [found[ident] for ident in sorted(each.annotation_ids) if ident in found] if asked[each.pk] else []
        is_written = any(one.task.kind == TaskKind.ATTEMPT for one in said)
        if not is_written and comparable_questions(each.round.form.document):
            continue
        holder = next((one for one in said if texts_of(one.form.document, one.answers) == asked[each.pk]), None)
        if holder is not None:
            holders[each.pk] = holder
    return holders


def stood_by(resolution: Resolution, text_id: int) -> list[Annotation]:
    """Return the counting answers that stand by this text: it itself, and reviews that accepted it as it was."""
    accepting = Review.objects.filter(attempt=text_id, verdict=ReviewVerdict.ACCEPT).values_list(
        "annotation", flat=True
    )
    wanted = {text_id, *accepting} & set(resolution.annotation_ids)
    counting = Annotation.objects.filter(pk__in=wanted, superseded_by=None, invalidation=None)
    return list(counting.select_related("task__pool").order_by("pk"))
