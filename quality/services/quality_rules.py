"""The promises of the quality contract: measured, carried out where they are broken, taken back where they hold again.

A promise is broken below its threshold and holds again only from its `returns_at` on, so that one answer more or less does
not open and shut pools. What its response asks of pools is worked out anew each time from all that are broken.
"""

from collections.abc import Sequence

from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from config.kernel.errors import Conflict, Invalid
from config.kernel.events import record
from config.kernel.locks import ADVISORY_RULES, advisory_lock, lock_row
from config.kernel.models import User
from config.kernel.transitions import transition
from labeling.languages import matches
from labeling.models import Pool, Project
from labeling.services.pools import set_terms
from labeling.types import PoolTerms, Work
from quality.models import Evidence, QualityFigure, QualityRule
from quality.types import RULE_MACHINE, EvidenceSource, Measure, Response, RuleState, Segment

# Gold accuracy is that of the last so many answers, and is unknown of fewer than the least.
ANSWERS_MOST = 200
ANSWERS_LEAST = 20

# Where the work on a segment of the items is found, among the evidence.
WHERE = {
    Segment.LANGUAGE: "annotation__item_version__language",
    Segment.DOMAIN: "annotation__item_version__domain",
    Segment.DIFFICULTY: "annotation__item_version__difficulty",
    Segment.COUNTRY: "reviewer__country",
}

# Training, audits and adjudication go on whatever is broken: they are the way back.
HELD_BACK = (Work.JUDGE, Work.REVIEW)


@transaction.atomic
def set_rule(
    *,
    project: Project,
    measure: str,
    threshold: float,
    returns_at: float,
    response: str,
    owner: User,
    actor: User,
    question: str = "",
    segment: str = Segment.ALL,
    segment_value: str = "",
    more_overlap: int = 0,
) -> QualityRule:
    """Promise that a figure stays at `threshold` at least, for the project or a segment; say what follows, and who owns that.

    Raises Invalid for what cannot be carried out, Conflict where one stands for the same.
    """
    _check(project, threshold, returns_at, response, owner, segment, segment_value, more_overlap)
    advisory_lock(ADVISORY_RULES, project.pk)
    same = {"measure": measure, "question": question, "segment": segment, "segment_value": segment_value}
    if QualityRule.objects.filter(project=project, ended_at=None, **same).exists():
        raise Conflict("A promise stands for this already; end it first, and make it anew.")
    rule = QualityRule.objects.create(
        customer_id=project.customer_id,
        project=project,
        threshold=threshold,
        returns_at=returns_at,
        response=response,
        more_overlap=more_overlap if response == Response.MORE_OVERLAP else 0,
        owner=owner,
        **same,
    )
    record("promise.made", subject=rule, actor_id=actor.pk, data={"project": project.pk, "measure": measure})
    return rule


def _check(
    project: Project,
    threshold: float,
    returns_at: float,
    response: str,
    owner: User,
    segment: str,
    segment_value: str,
    more_overlap: int,
) -> None:
    if not -1 <= threshold <= returns_at <= 1:
        raise Invalid("Give shares up to 1, and let it be over no lower than the threshold.", field="returns_at")
    if not Project.objects.filter(pk=project.pk).visible_to(owner, "operate_project").exists():
        raise Invalid("The owner is somebody who operates this project.", field="owner")
    if bool(segment_value) == (segment == Segment.ALL):
        raise Invalid("Name which segment, or choose everything and name none.", field="segment_value")
    if response == Response.MORE_OVERLAP and not 1 <= more_overlap <= 10:
        raise Invalid("Say how many more judgments an item gets, 1 to 10.", field="more_overlap")
    if response == Response.TELL:
        return
    if segment == Segment.COUNTRY:
        raise Invalid(
            "Work is not divided by the reviewer's country; such a promise can tell its owner.", field="response"
        )
    if segment == Segment.DOMAIN and not project.skills_by_domain.get(segment_value):
        raise Invalid(
            "This domain asks for no skill, so its work has no pool of its own; the promise can tell its owner.",
            field="response",
        )


@transaction.atomic
def end_rule(*, rule: QualityRule, actor: User) -> None:
    """End a promise, and what it asked of pools. Raises Conflict again."""
    advisory_lock(ADVISORY_RULES, rule.project_id)
    locked = QualityRule.objects.filter(pk=rule.pk, ended_at=None)
    if not locked.update(ended_at=Now()):
        raise Conflict("This promise was ended before.")
    record("promise.ended", subject=rule, actor_id=actor.pk, data={"project": rule.project_id})
    _carry_out(rule.project_id)


def measure_promises() -> int:
    """Measure every promise that stands and carry out what follows; return how many changed. Each project by itself."""
    projects = (
        QualityRule.objects.filter(ended_at=None).order_by("project").values_list("project", flat=True).distinct()
    )
    return sum(measure_project(project_id=project_id) for project_id in list(projects))


@transaction.atomic
def measure_project(*, project_id: int) -> int:
    """Measure the project's promises; return how many broke or hold again. One at a time, idempotent."""
    advisory_lock(ADVISORY_RULES, project_id)
    standing = QualityRule.objects.filter(project=project_id, ended_at=None).order_by("pk")
    values = {rule.pk: measured(rule) for rule in standing}
    states = {rule.pk: _state_after(rule, values[rule.pk]) for rule in standing}
    _carry_out(project_id, states)
    changed = 0
    for rule in standing:
        locked = lock_row(QualityRule.objects.filter(pk=rule.pk))
        known = {"measured": values[rule.pk], "measured_at": Now()}
        if states[rule.pk] == locked.state:
            QualityRule.objects.filter(pk=rule.pk).update(**known)
            continue
        about = {"project": project_id, "owner": locked.owner_id, "response": locked.response}
        transition(locked, states[rule.pk], machine=RULE_MACHINE, actor_id=None, data=about, **known)
        changed += 1
    return changed


def _state_after(rule: QualityRule, value: float | None) -> RuleState:
    """A figure that is not known changes nothing."""
    if value is not None and rule.state == RuleState.HOLDING and value < rule.threshold:
        return RuleState.BREACHED
    if value is not None and rule.state == RuleState.BREACHED and value >= rule.returns_at:
        return RuleState.HOLDING
    return RuleState(rule.state)


def measured(rule: QualityRule) -> float | None:
    """Return the figure a promise is about, as it was last rolled up; accuracy on gold else from the last answers. None of
    what is not known."""
    figure = QualityFigure.objects.filter(
        project=rule.project_id,
        name=rule.measure,
        question=rule.question,
        segment=rule.segment,
        segment_value=rule.segment_value,
        guideline=None,
        reviewer=None,
    ).first()
    if figure is not None and figure.value is not None:
        return figure.value
    return _gold_accuracy(rule) if rule.measure == Measure.GOLD_ACCURACY else None


def _gold_accuracy(rule: QualityRule) -> float | None:
    of_gold: QuerySet[Evidence] = Evidence.objects.filter(
        project=rule.project_id, skill="", source=EvidenceSource.GOLD, voids=None, voided_by=None
    )
    if rule.segment in WHERE:
        of_gold = of_gold.filter(**{WHERE[Segment(rule.segment)]: rule.segment_value})
    if rule.question:
        of_gold = of_gold.filter(annotation__gold_score__by_question__has_key=rule.question)
    last = of_gold.order_by("-pk").values_list("agreed", "annotation__gold_score__by_question")[:ANSWERS_MOST]
    right = [by_question[rule.question] if rule.question else agreed for agreed, by_question in last]
    return sum(right) / len(right) if len(right) >= ANSWERS_LEAST else None


def _carry_out(project_id: int, states: dict[int, RuleState] | None = None) -> None:
    """Ask of the project's pools what its broken promises come to, and nothing else. Pools are locked before promises."""
    rules = QualityRule.objects.filter(project=project_id, ended_at=None).exclude(response=Response.TELL)
    broken = [rule for rule in rules if (states or {}).get(rule.pk, rule.state) == RuleState.BREACHED]
    project = Project.objects.get(pk=project_id)
    touched = Q(is_paused=True) | Q(needs_trusted=True) | Q(more_overlap__gt=0)
    pools = Pool.objects.filter(project=project_id, work__in=HELD_BACK)
    wanted = pools if broken else pools.filter(touched)
    set_terms(terms={pool.pk: _terms(pool, project, broken) for pool in wanted})


def _terms(pool: Pool, project: Project, broken: Sequence[QualityRule]) -> PoolTerms:
    here = [rule for rule in broken if _is_of(pool, project, rule)]
    return PoolTerms(
        is_paused=any(rule.response == Response.PAUSE_POOLS for rule in here),
        needs_trusted=any(rule.response == Response.EXPERTS_ONLY for rule in here),
        more_overlap=max((rule.more_overlap for rule in here), default=0),
    )


def _is_of(pool: Pool, project: Project, rule: QualityRule) -> bool:
    if rule.segment == Segment.LANGUAGE:
        return matches(rule.segment_value, pool.language)
    if rule.segment == Segment.DIFFICULTY:
        return str(pool.difficulty) == rule.segment_value
    if rule.segment == Segment.DOMAIN:
        asked = project.skills_by_domain.get(rule.segment_value, {})
        return set(pool.skills) == {f"{skill}:{level}" for skill, level in asked.items()}
    return rule.segment == Segment.ALL
