"""Pools: where tasks with one requirement are gathered. They are made when the first such task is."""

from collections.abc import Iterable, Sequence

from config.kernel.canonical import digest
from labeling.models import ItemVersion, Pool, Project, Round
from labeling.types import Work

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
