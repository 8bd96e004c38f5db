"""What django-q2 runs to measure figures: apart from `quality.jobs`, as it needs numpy and scipy, which quick jobs do not load."""

import time

from config.kernel.jobs import enqueue
from quality.services.figures import projects_to_measure, roll_up_figures

SECONDS_A_JOB = 20.0


def measure_projects() -> int:
    """Every ten minutes: the figures of every project that is worked on, each by a job of its own."""
    projects = projects_to_measure()
    for project_id in projects:
        enqueue("quality.figure_jobs.measure_project", project_id, queue="bulk")
    return len(projects)


def measure_project(project_id: int) -> int:
    """Measure a project's figures; what there is no time for is as it was."""
    return roll_up_figures(project_id=project_id, until=time.monotonic() + SECONDS_A_JOB)
