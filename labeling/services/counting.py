"""The roll-up behind a project's progress: large projects are counted by a job, so that nobody waits for it."""

import time

from django.db.models.functions import Now

from config.kernel.clock import database_now
from config.kernel.locks import ADVISORY_COUNT, session_lock
from labeling.models import Item, Project, ProjectCount
from labeling.selectors import COUNTED_WHEN_ASKED, count_project

# A project is counted anew each minute, or once it has been left alone for so many times as long as counting it takes.
RESTS = 20
LEAST_SECONDS = 50.0


def count_projects(*, until: float) -> int:
    """Count anew the large projects whose count is old, those first that were counted longest ago; return how many.

    Works until then (monotonic), and for one project at least. Run twice at once, the second returns.
    """
    done = 0
    with session_lock(ADVISORY_COUNT, 0) as is_alone:
        for project in _due() if is_alone else ():
            began = time.monotonic()
            states, judgments, needed = count_project(project)
            ProjectCount.objects.update_or_create(
                project=project,
                defaults={
                    "customer_id": project.customer_id,
                    "states": states,
                    "judgments": judgments,
                    "judgments_needed": needed,
                    "seconds": time.monotonic() - began,
                    "counted_at": Now(),
                },
            )
            done += 1
            if time.monotonic() >= until:
                break
    return done


def _due() -> list[Project]:
    now = database_now()
    kept = ProjectCount.objects.select_related("project").order_by("counted_at")
    aged = [
        each for each in kept if (now - each.counted_at).total_seconds() >= max(LEAST_SECONDS, RESTS * each.seconds)
    ]
    uncounted = Project.objects.filter(kept_count=None).order_by("pk")
    return [project for project in uncounted if _is_large(project)] + [each.project for each in aged]


def _is_large(project: Project) -> bool:
    return Item.objects.filter(project=project).order_by()[COUNTED_WHEN_ASKED : COUNTED_WHEN_ASKED + 1].exists()
