"""What models answered about an item, as people may see it: before they answer themselves, or afterwards.

A pre-label is shown under a lease exactly where it was shown when the lease began: what comes later never changes what
somebody has in hand, and what was in front of them can be told for ever. Gold has its pre-labels as other items do.
"""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from labeling.forms import answers_in_words
from labeling.models import Annotation
from labeling.presentation import Beside, names_shown
from labeling.types import Origin

BEFORE = "A model’s answer, shown before yours"
AFTER = "A model answered"
OWN = "You answered"
EXCERPT = 60
MODELS_MOST = 3

# The pre-label (as `routing_shown` has it, too) under a lease `l` on a task `t` of a round `r`: of plain
# judgments and gold alone, for these look the same. Experts, who answer blind, those who are examined, and who writes
# or reviews (gold with something beside it) are shown none.
OF_LEASE = """
(SELECT s.annotation_id FROM labeling_prelabel s JOIN labeling_annotation said ON said.id = s.annotation_id
 WHERE t.kind IN ('annotate', 'gold') AND t.beside IS NULL
   AND s.item_version_id = r.item_version_id AND said.form_id = r.form_id
   AND s.shown_from <= l.claimed_at AND (s.shown_until IS NULL OR s.shown_until > l.claimed_at)
 ORDER BY s.id DESC LIMIT 1)
"""


def before(annotation_id: int, *, payload: dict[str, Any], seed: UUID) -> Beside:
    """Return a pre-label in words, beside the item as it is shown for this seed."""
    annotation = Annotation.objects.select_related("form").get(pk=annotation_id)
    return _in_words(BEFORE, annotation, names_shown(payload, seed=seed), is_alone=len(payload["responses"]) < 2)


def afterwards(answer: Annotation, *, payload: dict[str, Any], seed: UUID) -> list[Beside]:
    """Return what somebody answered, then what models answered to the same form about the same version, in words."""
    texts = {response["key"]: " ".join(response["text"].split()) for response in payload["responses"]}
    names = {
        key: f"{name} (“{texts[key][:EXCERPT]}{'…' if len(texts[key]) > EXCERPT else ''}”)"
        for key, name in names_shown(payload, seed=seed).items()
    }
    said = of_models(answer.item_version_id, answer.form_id).select_related("form").order_by("pk")[:MODELS_MOST]
    own = Beside(OWN, answers_in_words(answer.form.document, answer.answers, names))
    return [own, *(_in_words(AFTER, each, names, is_alone=len(texts) < 2) for each in said)]


def of_models(version: Any, form: Any) -> QuerySet[Annotation]:
    """Return what models answered about a version by a form (ids, or references to them)."""
    return Annotation.objects.filter(item_version=version, form=form, origin=Origin.MODEL, invalidation=None)


def _in_words(title: str, annotation: Annotation, names: dict[str, str], *, is_alone: bool) -> Beside:
    """A model's reasons call responses by their keys, which nobody sees: they are shown where there is but one."""
    said = answers_in_words(annotation.form.document, annotation.answers, names)
    if annotation.rationale and is_alone:
        said = [*said, ("Why", [annotation.rationale])]
    return Beside(title, said, is_by_model=True)
