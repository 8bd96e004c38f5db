"""Pools: where tasks with one requirement are gathered. They are made when the first such task is."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict

from django.db import transaction

from config.kernel.canonical import digest
from config.kernel.events import record
from config.kernel.locks import lock_rows
from labeling.models import ItemVersion, Pool, Project, Round
from labeling.types import PoolTerms, Work

Requirement = tuple[str, str, int]  # language, domain, difficulty


def requirement(version: ItemVersion) -> Requirement:
    return (version.language, version.domain, version.difficulty)


def pools_for(
    *, project: Project, stage: str, versions: Iterable[ItemVersion], work: str = Work.JUDGE
) -> dict[Requirement, Pool]:
    """Return the pool of each requirement among the versions, for this kind of work, making those that are not there yet.

    Training and tests ask for no skill: they are how one is shown.
    """
    made: dict[Requirement, Pool] = {}
    for needed in {requirement(version) for version in versions}:
        language, domain, difficulty = needed
        asked = {} if work == Work.EXAM else project.skills_by_domain.get(domain, {})
        skills = sorted(f"{skill}:{level}" for skill, level in asked.items())
        is_distressing = domain in project.distressing_domains
        needs = [stage, language, skills, difficulty, project.clearance]
        more = [*(["distressing"] if is_distressing else []), *([] if work == Work.JUDGE else [work])]
        signature = digest(needs + more)
        made[needed], _ = Pool.objects.get_or_create(
            project=project,
            signature=signature,
            defaults={
                "customer_id": project.customer_id,
                "stage": stage,
                "language": language,
                "skills": skills,
                "difficulty": difficulty,
                "work": work,
                "clearance": project.clearance,
                "is_distressing": is_distressing,
                "priority": project.priority,
                "due_at": project.due_at,
            },
        )
    return made


def pools_of(project: Project, rounds: Sequence[Round], work: str = Work.JUDGE) -> dict[int, Pool]:
    """Return the pool for the tasks of each round that are this work, by round."""
    pools = {
        stage: pools_for(
            project=project, stage=stage, versions=[r.item_version for r in rounds if r.stage == stage], work=work
        )
        for stage in sorted({opened.stage for opened in rounds})
    }
    return {opened.pk: pools[opened.stage][requirement(opened.item_version)] for opened in rounds}


@transaction.atomic
def set_terms(*, terms: Mapping[int, PoolTerms]) -> int:
    """Ask this of these pools ({pool: terms}); return how many that changes. Idempotent."""
    changed = 0
    for pool in lock_rows(Pool.objects.filter(pk__in=terms)):
        wanted = asdict(terms[pool.pk])
        if any(getattr(pool, name) != value for name, value in wanted.items()):
            Pool.objects.filter(pk=pool.pk).update(**wanted)
            record("pool.terms_set", subject=pool, actor_id=None, data=wanted)
            changed += 1
    return changed
