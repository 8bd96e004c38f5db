"""What tests say of reviewers' answers, through the services that say it in the product."""

from labeling.models import Annotation
from quality.models import Evidence, Standing
from quality.services.evidence import Found, add_evidence
from tests.factories import settle


def found_right(reviewer, verdicts, *, skills=(), project=None, source="audit"):
    """Let experts say of the reviewer's next answers that nobody has seen whether they were right ("1") or not ("0")."""
    answers = Annotation.objects.filter(reviewer=reviewer, evidence=None).order_by("pk")
    if project is not None:
        answers = answers.filter(project=project)
    found = [
        Found(
            annotation_id=answer.pk,
            reviewer_id=reviewer.pk,
            customer_id=answer.customer_id,
            project_id=answer.project_id,
            agreed=verdict == "1",
            skills=skills,
        )
        for answer, verdict in zip(answers[: len(verdicts)], verdicts, strict=True)
    ]
    made: list[Evidence] = add_evidence(source=source, found=found)
    settle()
    return made


def standing_of(reviewer, *, skill="", project=None):
    of_project = {} if project is None else {"project": project}
    return Standing.objects.get(reviewer=reviewer, skill=skill, **of_project)
