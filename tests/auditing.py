"""A project with an objective question, and experts on it: what audits, disputes and appeals are tried on."""

from typing import Any

from labeling.models import Reviewer
from labeling.services.forms import publish_form
from labeling.services.people import add_member
from labeling.types import Role
from routing.services.claims import next_task
from routing.services.submits import submit_task
from routing.types import LeasedTask
from tests.cast import Cast
from tests.factories import settle, take, upload

OBJECTIVE: dict[str, Any] = {
    "title": "Facts",
    "questions": [
        {
            "id": "fact",
            "type": "choice",
            "nature": "objective",
            "text": "Is the first response true?",
            "options": [{"value": value, "text": value.capitalize()} for value in ("true", "false", "unclear")],
            "required": True,
        },
        {
            "id": "liked",
            "type": "choice",
            "nature": "preferential",
            "text": "Do you like it?",
            "options": [{"value": value, "text": value.capitalize()} for value in ("yes", "no")],
            "required": True,
        },
    ],
}


def fact(value: str, liked: str = "yes") -> dict[str, Any]:
    return {"fact": value, "liked": liked}


def prepare(cast: Cast, *experts: str) -> Cast:
    """Publish the objective form, and make these of the cast experts of the project."""
    publish_form(project=cast.project, document=OBJECTIVE, actor=cast.mira)
    cast.project.overlap = 2
    cast.project.save()
    for name in experts:
        add_member(
            user=getattr(cast, name).user,
            customer=cast.northwind,
            project=cast.project,
            role=Role.AUDITOR,
            actor=cast.mira,
        )
    return cast


def answer(reviewer: Reviewer, answers: dict[str, Any]) -> Any:
    """Let the reviewer take and answer their next task."""
    return submit_task(user=reviewer.user, token=take(reviewer).token, answers=answers, seconds=5.0)


def answer_all(reviewer: Reviewer, answers: dict[str, Any]) -> int:
    """Answer whatever waits for the reviewer alike; return how much it was."""
    done = 0
    while isinstance(leased := next_task(user=reviewer.user), LeasedTask):
        submit_task(user=reviewer.user, token=leased.token, answers=answers, seconds=5.0)
        done += 1
    return done


def resolve_facts(cast: Cast, *rows: dict[str, Any], said: str = "true") -> None:
    """Upload the items and let Anna and Bela answer them alike."""
    upload(cast.project, cast.mira, *rows)
    for reviewer in (cast.anna, cast.bela):
        answer_all(reviewer, fact(said))
    settle()
