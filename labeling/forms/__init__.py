"""Task forms: what may be asked, what answers look like, and whether an answer answers it.

`questions` is the table of the kinds of question, `documents` checks a form, `answers` says and checks what answers it,
`shapes` is what must be known of an item, `stages` is the form of a review, `diffs` tells an edit from its original, `words` says answers to
people, `templates` are forms to start from.
"""

from labeling.forms.answers import (
    LONGEST_ANSWER,
    InvalidAnswers,
    answers_schema,
    check_answers,
    check_expected,
    check_size,
    given_answers,
    is_asked,
    is_required,
    kept_answers,
    kept_schema,
    split_rationale,
)
from labeling.forms.documents import (
    InvalidForm,
    check_form,
    first_question,
    preference_question,
    resolvable,
    responses_needed,
)
from labeling.forms.questions import (
    BOTH_BAD,
    CHECKS,
    CHOICE,
    CHOICES,
    CRITIQUE,
    EDIT,
    KINDS,
    PREFERENCE,
    RANKING,
    RATING,
    RATIONALE,
    SPANS,
    TIE,
    WRITING,
    values_of,
)
from labeling.forms.shapes import ItemShape
from labeling.forms.stages import form_of_stage, own_answers
from labeling.forms.words import answers_in_words

__all__ = [
    "BOTH_BAD",
    "CHECKS",
    "CHOICE",
    "CHOICES",
    "CRITIQUE",
    "EDIT",
    "KINDS",
    "LONGEST_ANSWER",
    "PREFERENCE",
    "RANKING",
    "RATING",
    "RATIONALE",
    "SPANS",
    "TIE",
    "WRITING",
    "InvalidAnswers",
    "InvalidForm",
    "ItemShape",
    "answers_in_words",
    "answers_schema",
    "check_answers",
    "check_expected",
    "check_form",
    "check_size",
    "first_question",
    "form_of_stage",
    "given_answers",
    "is_asked",
    "is_required",
    "kept_answers",
    "kept_schema",
    "own_answers",
    "preference_question",
    "resolvable",
    "responses_needed",
    "split_rationale",
    "values_of",
]
