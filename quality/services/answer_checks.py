"""The rules of answers, held against what people wrote and responses say. For jobs only (language identification).

What a reviewer wrote against one is a check for a person to look at; a response that breaks one, a flag of its item.
Personal data is a flag already (labeling), in both.
"""

from collections.abc import Collection, Iterator

from labeling.forms import EDIT, WRITING
from labeling.free_text import written_in
from labeling.language_identification import disagrees, identify
from labeling.models import Annotation, Flag, FormVersion, ItemVersion
from labeling.types import FlagKind
from quality.answer_rules import Asked, Broken, Rule, broken_rules, format_asked_for, prompt_of
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
        for broken in _broken(text, asked):
            yield f"“{question['text'][:60]}”: {broken.sentence}"


def check_responses(*, version: ItemVersion) -> int:
    """Flag each rule that a response of the version breaks; return how many are broken. Again, it adds no flag.

    The sentence is kept, never the words. What is worked on goes on being worked on.
    """
    prompt = prompt_of(version.payload)
    asked = Asked(language=version.language, format=format_asked_for(prompt), prompt=prompt, may_refuse=False)
    flags = [
        Flag(
            customer_id=version.customer_id,
            project_id=version.item.project_id,
            item_version=version,
            kind=FlagKind.RULE,
            field=f"responses[{number}].text",
            detail={"rule": broken.rule, "said": broken.sentence},
        )
        for number, response in enumerate(version.payload["responses"])
        for broken in _broken(response["text"], asked)
    ]
    Flag.objects.bulk_create(flags, ignore_conflicts=True)
    return len(flags)


def _broken(text: str, asked: Asked) -> list[Broken]:
    identified = identify(text)
    reads_as = identified.language if identified and disagrees(asked.language, identified) else None
    found = broken_rules(text, asked, reads_as=reads_as)
    return [broken for broken in found if broken.rule != Rule.PERSONAL_DATA]
