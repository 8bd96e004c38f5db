"""The rules of answers, held against what reviewers wrote. For jobs only (language identification).

What breaks one is a check for a person to look at. Personal data in what reviewers wrote is a flag already (labeling).
"""

from collections.abc import Collection, Iterator

from labeling.forms import EDIT, WRITING
from labeling.free_text import written_in
from labeling.language_identification import disagrees, identify
from labeling.models import Annotation, FormVersion
from quality.answer_rules import Asked, Rule, broken_rules, format_asked_for, prompt_of
from quality.models import Check
from quality.types import CheckKind

SENTENCE_LONGEST = 300


def check_written(*, annotation_ids: Collection[int]) -> int:
    """Make a check of each answer in which something written breaks a rule; return how many. Again, it makes none."""
    answers = Annotation.objects.filter(pk__in=annotation_ids)
    forms = FormVersion.objects.filter(pk__in=answers.order_by().values("form").distinct())
    asking = [form.pk for form in forms if any(each["type"] in (WRITING, EDIT) for each in form.document["questions"])]
    if not asking:
        return 0
    annotations = answers.filter(form__in=asking).select_related("form", "item_version")
    found = [(annotation, " ".join(_sentences(annotation))) for annotation in annotations]
    checks = [
        Check(
            customer_id=annotation.customer_id,
            project_id=annotation.project_id,
            kind=CheckKind.RULE,
            reviewer_id=annotation.reviewer_id,
            annotation=annotation,
            sentence=sentence if len(sentence) <= SENTENCE_LONGEST else f"{sentence[: SENTENCE_LONGEST - 1]}…",
        )
        for annotation, sentence in found
        if sentence
    ]
    known = Check.objects.filter(annotation__in=[check.annotation_id for check in checks], kind=CheckKind.RULE)
    already = set(known.values_list("annotation_id", flat=True))
    Check.objects.bulk_create(checks, ignore_conflicts=True)
    return len({check.annotation_id for check in checks} - already)


def _sentences(annotation: Annotation) -> Iterator[str]:
    version = annotation.item_version
    prompt = prompt_of(version.payload)
    kinds = {f"answers.{question['id']}": question for question in annotation.form.document["questions"]}
    for place, text in written_in(annotation.form.document, annotation.answers, ""):
        question = kinds.get(place)
        if question is None or question["type"] not in (WRITING, EDIT):
            continue
        answers_prompt = question["type"] == EDIT or question.get("what") == "response"
        asked = Asked(
            language=version.language,
            format=format_asked_for(prompt) if answers_prompt else "",
            prompt=prompt,
            may_refuse=not answers_prompt,
        )
        identified = identify(text)
        reads_as = identified.language if identified and disagrees(version.language, identified) else None
        for broken in broken_rules(text, asked, reads_as=reads_as):
            if broken.rule != Rule.PERSONAL_DATA:
                yield f"“{question['text'][:60]}”: {broken.sentence}"
