"""Signs of low effort and contradictions, found in what somebody answers: each asks a person to look, and does no more.

Standing, trust and pay know nothing of checks. Each answer is looked at in a bounded context: its author's last answers, and
some of the others'. A pattern that is waiting for a person is not reported again, and what came before their decision is
not looked at again.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db import connection, transaction

from config.kernel.events import record_many
from config.kernel.locks import lock_row
from config.kernel.models import User
from config.kernel.reasons import checked_reason
from config.kernel.transitions import transition
from labeling.models import Annotation, FormVersion, ItemVersion
from labeling.types import Origin
from quality.contradictions import contradictions
from quality.effort import (
    TIMES_LEAST,
    BothAnswered,
    Finding,
    copied,
    fast_bound,
    long_run,
    pasted,
    repeated_text,
    same_answers,
    shared_wrong,
    too_fast,
    unsteady,
)
from quality.models import Check, GoldScore
from quality.services.pairs import found_together
from quality.signs import as_label, first_answer, meanings_of, words_of
from quality.types import CHECK_MACHINE, CheckKind, CheckState
from routing.models import Lease

LOOKED_AT = 50
RIGHT = "right"
PAIRS_MOST = 20
# Each answer is another look at much the same last ones. At one in a thousand a look, one honest person in ten would be
# asked about within 1,500 judgments, by one sign alone; at one in ten thousand, one in four hundred is.
CHANCE_BELOW = 0.0001
# How often honest people answer otherwise the second time, where nothing better is known.
USUAL_CHANGE = 0.15
# So many texts have to be pasted before anybody asks.
PASTED_LEAST = 3

# The last answers of some who work on a project, on one form of it: of one more than OTHERS_MOST, for one is oneself.
OTHERS_MOST = 20
OTHERS = """
SELECT a.reviewer_id, a.seconds, a.answers::text, a.presented::text
FROM (SELECT reviewer_id FROM routing_enrolment WHERE project_id = %(project)s ORDER BY id DESC LIMIT %(most)s) others
CROSS JOIN LATERAL (SELECT n.reviewer_id, n.seconds, n.answers, n.presented FROM labeling_annotation n
    WHERE n.reviewer_id = others.reviewer_id AND n.project_id = %(project)s AND n.form_id = %(form)s AND n.origin = 'human'
    ORDER BY n.id DESC LIMIT 25) a
"""


@dataclass(frozen=True, slots=True)
class _Other:
    """An answer of somebody else: how long it took, and what was said first."""

    seconds: float | None
    said: str | None


def look_at_answers(*, annotation_ids: Iterable[int]) -> int:
    """Look at these answers, and at the pattern they end; return how many checks are new. Idempotent."""
    answers = list(
        Annotation.objects.filter(pk__in=list(annotation_ids), origin=Origin.HUMAN)
        .exclude(item_version__payload__has_key="erased")
        .order_by("pk")
    )
    forms = FormVersion.objects.in_bulk({each.form_id for each in answers})
    for each in answers:
        each.form = forms[each.form_id]
    found = [(each, kind, finding) for each in answers for kind, finding in _of_one(each)]
    found += [(each, CheckKind.COPIED, finding) for each, finding in _copies(answers)]
    newest = {(each.project_id, each.reviewer_id): each for each in answers}
    given = {
        (each.project_id, each.form_id): _given(each)
        for each in {(each.project_id, each.form_id): each for each in newest.values()}.values()
    }
    for each in newest.values():
        others = _others(given[each.project_id, each.form_id], each.reviewer_id)
        found += [(each, kind, finding) for kind, finding in _of_pattern(each, others)]
    return _raise(found)


def look_at_gold(*, score_ids: Iterable[int]) -> int:
    """Look at the errors of those whose answers to gold were scored; return how many checks are new. Idempotent."""
    scores = GoldScore.objects.filter(pk__in=list(score_ids)).select_related("annotation").order_by("pk")
    newest = {(each.project_id, each.reviewer_id): each.annotation for each in scores}
    waiting = set(
        Check.objects.filter(
            kind=CheckKind.SHARED_ERRORS, state=CheckState.OPEN, reviewer__in=[who for _, who in newest]
        ).values_list("project_id", "reviewer_id")
    )
    looked_at = [(said, _shared_errors(said)) for key, said in newest.items() if key not in waiting]
    return _raise([(said, CheckKind.SHARED_ERRORS, finding) for said, finding in looked_at if finding])


@transaction.atomic
def _raise(found: Sequence[tuple[Annotation, CheckKind, Finding]]) -> int:
    made = [
        Check(
            customer_id=annotation.customer_id,
            project_id=annotation.project_id,
            kind=kind,
            reviewer_id=annotation.reviewer_id,
            annotation=annotation,
            sentence=finding.sentence[:300],
        )
        for annotation, kind, finding in found
    ]
    Check.objects.bulk_create(made, ignore_conflicts=True)
    new = Check.objects.filter(public_id__in=[each.public_id for each in made])
    rows = [(each.pk, each.customer_id, {"kind": each.kind, "reviewer": each.reviewer_id}) for each in new]
    record_many("check.raised", subject="quality.check", rows=rows, actor_id=None)
    return len(rows)


def _of_one(answer: Annotation) -> Iterable[tuple[CheckKind, Finding]]:
    form = answer.form.document
    for finding in contradictions(form, answer.answers, meanings_of(form)):
        yield CheckKind.CONTRADICTION, finding


def _copies(answers: Sequence[Annotation]) -> Iterable[tuple[Annotation, Finding]]:
    """What was written word for word as a response has it; the responses are read only of what somebody wrote about."""
    written = [(each, words_of(each.form.document, each.answers, each.rationale)) for each in answers]
    versions = ItemVersion.objects.in_bulk({each.item_version_id for each, words in written if words})
    for each, words in written:
        if not words:
            continue
        responses = versions[each.item_version_id].payload.get("responses", ())
        if finding := copied(words, {response["key"]: response.get("text", "") for response in responses}):
            yield each, finding


def _of_pattern(newest: Annotation, others: Sequence[_Other]) -> Iterable[tuple[CheckKind, Finding]]:
    """What somebody's last answers show together; said of the newest of them."""
    of_theirs = Check.objects.filter(project=newest.project_id, reviewer=newest.reviewer_id)
    raised = of_theirs.order_by("annotation").values_list("kind", "state", "annotation")
    waiting = {kind for kind, state, _ in raised if state == CheckState.OPEN}
    decided = {kind: annotation for kind, _, annotation in raised}
    last = _last_answers(newest)
    for kind, look in (
        (CheckKind.TOO_FAST, _too_fast),
        (CheckKind.STRAIGHT_LINING, _straight_lining),
        (CheckKind.COPIED, _copied_often),
        (CheckKind.SELF_REPEAT, _self_repeats),
    ):
        if kind in waiting:
            continue
        if finding := look([each for each in last if each.pk > decided.get(kind, 0)], others):
            yield kind, finding
    if CheckKind.TOGETHER not in waiting:
        after = decided.get(CheckKind.TOGETHER, 0)
        if finding := found_together(newest, after=after, chance_below=CHANCE_BELOW):
            yield CheckKind.TOGETHER, finding


def _last_answers(newest: Annotation) -> list[Annotation]:
    last = list(
        Annotation.objects.filter(
            reviewer=newest.reviewer_id, project=newest.project_id, form=newest.form_id, pk__lte=newest.pk
        )
        .only("reviewer_id", "form_id", "item_version_id", "answers", "rationale", "presented", "seconds")
        .order_by("-pk")[:LOOKED_AT]
    )
    for each in last:
        each.form = newest.form
    return last[::-1]


def _given(answer: Annotation) -> dict[int, list[_Other]]:
    """Return the last answers on this one's form, by their authors, who joined last first."""
    about = {"project": answer.project_id, "form": answer.form_id, "most": OTHERS_MOST + 1}
    given: dict[int, list[_Other]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(OTHERS, about)
        for reviewer, seconds, said, shown in cursor.fetchall():
            first = first_answer(answer.form.document, json.loads(said), json.loads(shown))
            given[reviewer].append(_Other(seconds, first))
    return given


def _others(given: dict[int, list[_Other]], reviewer_id: int) -> list[_Other]:
    people = [who for who in given if who != reviewer_id][:OTHERS_MOST]
    return [each for who in people for each in given[who]]


def _too_fast(last: Sequence[Annotation], others: Sequence[_Other]) -> Finding | None:
    bound = fast_bound([each.seconds for each in others if each.seconds is not None])
    if bound is None:
        return None
    timed = [(each.seconds, bound) for each in last if each.seconds is not None]
    return too_fast(timed, chance_below=CHANCE_BELOW)


def _straight_lining(last: Sequence[Annotation], others: Sequence[_Other]) -> Finding | None:
    given = [first_answer(each.form.document, each.answers, each.presented) for each in last]
    answers = [each for each in given if each is not None]
    if not answers:
        return None
    seen = Counter(each.said for each in others)
    seen.pop(None, None)
    if seen.total() < TIMES_LEAST:
        return None
    kinds = {*seen, *answers}
    usual = {str(each): (seen[each] + 1) / (seen.total() + len(kinds)) for each in kinds}
    places = max((len(each.presented) for each in last), default=0)
    usual |= {each: max(share, 1 / places) for each, share in usual.items() if each.startswith("place ") and places}
    return same_answers(answers, usual, chance_below=CHANCE_BELOW) or long_run(
        answers, usual, chance_below=CHANCE_BELOW
    )


def _copied_often(last: Sequence[Annotation], _others: Sequence[_Other]) -> Finding | None:
    texts = [words_of(each.form.document, each.answers, each.rationale) for each in last]
    return _said_before(last, texts) or _pasted(last, texts)


def _pasted(last: Sequence[Annotation], texts: Sequence[str]) -> Finding | None:
    """Some people write elsewhere, so one text says nothing; the desk counts what is pasted, not what."""
    leases = Lease.objects.filter(token__in=[each.submission for each in last], pasted__gt=0)
    counts = dict(leases.values_list("token", "pasted"))
    found = [pasted(len(text), counts.get(each.submission, 0)) for each, text in zip(last, texts, strict=True)]
    if sum(each is not None for each in found) < PASTED_LEAST:
        return None
    return found[-1]


def _said_before(last: Sequence[Annotation], texts: Sequence[str]) -> Finding | None:
    earlier = [
        text
        for each, text in zip(last[:-1], texts[:-1], strict=True)
        if each.item_version_id != last[-1].item_version_id
    ]
    return repeated_text(texts[-1], earlier) if texts else None


def _self_repeats(last: Sequence[Annotation], _others: Sequence[_Other]) -> Finding | None:
    if not last:
        return None
    versions = {each.item_version_id for each in last}
    given = Annotation.objects.filter(reviewer=last[-1].reviewer_id, item_version__in=versions, supersedes=None)
    times = Counter(given.values_list("item_version", flat=True))
    if not (again := [version for version, count in times.items() if count > 1]):
        return None
    twice = given.filter(item_version__in=again).order_by("pk")
    said: dict[int, list[str]] = {}
    for each in twice.select_related("form"):
        answer = first_answer(each.form.document, each.answers, ()) or as_label(each.answers, list(each.answers))
        said.setdefault(each.item_version_id, []).append(answer)
    repeats = [(answers[0], answers[-1]) for answers in said.values()]
    return unsteady(repeats, usual_change=USUAL_CHANGE, chance_below=CHANCE_BELOW)


def _shared_errors(newest: Annotation) -> Finding | None:
    """Whether somebody else gives the same wrong answers to gold as this one's author. What was erased says nothing."""
    of_project = GoldScore.objects.filter(project=newest.project_id).exclude(annotation__answers={})
    mine = list(
        of_project.filter(reviewer=newest.reviewer_id)
        .select_related("annotation", "gold_item")
        .order_by("-pk")[:LOOKED_AT]
    )
    wrong = {each.gold_item_id: _label(each) for each in mine if not each.is_correct}
    if not wrong:
        return None
    theirs = of_project.filter(gold_item__in=[each.gold_item_id for each in mine]).exclude(reviewer=newest.reviewer_id)
    by_person: dict[int, dict[int, str]] = {}
    for score in theirs.select_related("annotation", "gold_item").order_by("-pk")[: LOOKED_AT * PAIRS_MOST]:
        by_person.setdefault(score.reviewer_id, {})[score.gold_item_id] = _label(score)
    alike = [who for who, said in by_person.items() if any(said.get(gold) == label for gold, label in wrong.items())]
    own = {each.gold_item_id: _label(each) for each in mine}
    for who in alike[:PAIRS_MOST]:
        if finding := shared_wrong(_both(own, who, by_person), chance_below=CHANCE_BELOW / max(1, len(alike))):
            return finding
    return None


def _label(score: GoldScore) -> str:
    return RIGHT if score.is_correct else as_label(score.annotation.answers, list(score.gold_item.expected))


def _both(own: dict[int, str], who: int, by_person: dict[int, dict[int, str]]) -> list[BothAnswered]:
    both = []
    for gold, mine in own.items():
        if gold not in by_person[who]:
            continue
        others = Counter(said[gold] for person, said in by_person.items() if person != who and gold in said)
        answers = {mine, by_person[who][gold], *others, RIGHT}
        both.append(BothAnswered(mine, by_person[who][gold], RIGHT, others, max(2, len(answers))))
    return both


def confirm_check(*, check: Check, reason: str, actor: User) -> None:
    """Say that something is wrong there, by name. It changes nothing else: what follows is a person's to do."""
    _decide(check, CheckState.CONFIRMED, reason, actor)


def dismiss_check(*, check: Check, reason: str, actor: User) -> None:
    """Say that nothing is wrong there, by name."""
    _decide(check, CheckState.DISMISSED, reason, actor)


@transaction.atomic
def _decide(check: Check, state: CheckState, reason: str, actor: User) -> None:
    reason = checked_reason(reason, ask="Say what you found.")
    check = lock_row(Check.objects.filter(pk=check.pk))
    transition(check, state, machine=CHECK_MACHINE, actor_id=actor.pk, decided_by_id=actor.pk, reason=reason)
