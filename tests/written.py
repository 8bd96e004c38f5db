"""Written work in tests: a project of demonstrations, and people who write, review and pass on."""

from typing import Any

from labeling.forms.templates import TEMPLATES
from labeling.models import Project, Reviewer
from labeling.services.acknowledgements import acknowledge_guideline
from labeling.services.forms import publish_form
from labeling.services.guidelines import publish_guideline
from labeling.services.projects import create_project, open_project
from labeling.types import Overlap
from routing.services.enrolments import enrol_reviewer, set_trust
from routing.services.submits import submit_task
from routing.types import LeasedTask, Submitted
from tests.cast import CLAUSES, Cast
from tests.factories import settle, take

DEMONSTRATION = TEMPLATES["demonstration"].form
TWO_CLAUSES = [*CLAUSES, {"id": "brief", "title": "Be brief", "text": "One paragraph is enough."}]
TEXT = "Paris has been the capital of France since 987."
BETTER = "Paris is the capital of France, and has been for most of a thousand years."
WHY = "Say for how long, and leave the year out."


def open_written_project(cast: Cast, **settings: Any) -> Project:
    """Open a project of demonstrations at Northwind: all four write, and Bela, Cleo and Dido may review as well."""
    project = create_project(
        customer=cast.northwind,
        slug="demonstrations",
        name="Demonstrations",
        actor=cast.mira,
        pay_amount="0.25",
        **settings,
    )
    Project.objects.filter(pk=project.pk).update(overlap_kind=Overlap.REVIEWED)
    publish_form(project=project, document=DEMONSTRATION, actor=cast.mira)
    publish_guideline(project=project, clauses=TWO_CLAUSES, actor=cast.mira)
    open_project(project=project, actor=cast.mira)
    project.refresh_from_db()
    for reviewer in (cast.anna, cast.bela, cast.cleo, cast.dido):
        enrol_reviewer(project=project, reviewer=reviewer, actor=None)
        acknowledge_guideline(reviewer=reviewer, project=project, number=1)
    for reviewer in (cast.bela, cast.cleo, cast.dido):
        trust(project, reviewer)
    return project


def trust(project: Project, reviewer: Reviewer) -> None:
    set_trust(project_id=project.pk, reviewer_id=reviewer.pk, trust="trusted", reason="They write well.", standing=0.9)


def written(text: str = TEXT) -> dict[str, Any]:
    return {"response": text, "confidence": 3}


def answer(leased: LeasedTask, reviewer: Reviewer, answers: dict[str, Any]) -> Submitted:
    """Answer what was leased, and let follow what follows."""
    submitted = submit_task(user=reviewer.user, token=leased.token, answers=answers, seconds=30.0)
    settle()
    return submitted


def attempt(reviewer: Reviewer, text: str = TEXT) -> Submitted:
    return answer(take(reviewer), reviewer, written(text))


def review(reviewer: Reviewer, verdict: str, **more: Any) -> Submitted:
    """Let the reviewer review what waits for them; work that is not accepted gets its clause and reason."""
    if verdict in {"send_back", "reject"}:
        more = {"review_clause": "true", "review_reason": WHY, **more}
    if verdict == "fix":
        more = {**written(BETTER), **more}
    return answer(take(reviewer), reviewer, {"review_verdict": verdict, **more})
