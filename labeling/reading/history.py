"""What people said in an earlier tool, in the words of the project's form. Pure; what fits is a `PastJudgment`.

Both tools name their controls; a control answers the question of the same id. Their values come here in one shape: text
for one choice, a list for several, a number for a rating, tiers for a ranking.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from config.kernel.canonical import canonical_bytes
from config.kernel.errors import DomainError
from labeling.errors import RowRefused
from labeling.forms import check_answers, split_rationale
from labeling.types import PastJudgment, SaidBefore

MOST_JUDGMENTS = 1000


def judgments_of(
    said: Sequence[SaidBefore], form: Mapping[str, Any], keys: Sequence[str]
) -> tuple[list[PastJudgment], list[tuple[int, str]]]:
    """Return the judgments that fit the form, for responses with these keys, and (place, reason) of those that do not.

    The place MOST_JUDGMENTS stands for all from there on.
    """
    fitting: list[PastJudgment] = []
    unfit: list[tuple[int, str]] = []
    names: set[str] = set()
    for index, each in enumerate(said[:MOST_JUDGMENTS]):
        try:
            judgment = _judgment(each, form, keys)
            if judgment.name in names:
                raise RowRefused("", "This person has judged the item before, in the same row; the first counts.")
        except RowRefused as refused:
            unfit.append((index, refused.reason))
        else:
            names.add(judgment.name)
            fitting.append(judgment)
    if len(said) > MOST_JUDGMENTS:
        unfit.append((MOST_JUDGMENTS, f"An item takes {MOST_JUDGMENTS} imported annotations."))
    return fitting, unfit


def _judgment(said: SaidBefore, form: Mapping[str, Any], keys: Sequence[str]) -> PastJudgment:
    if said.fault:
        raise RowRefused("", said.fault)
    questions = {question["id"]: question for question in form["questions"]}
    if missing := sorted(set(said.values) - questions.keys()):
        raise RowRefused("", f"The form has no question {missing[0][:60]!r}; nothing answers to this control.")
    answers = {name: answer_of(questions[name], value, keys) for name, value in said.values.items()}
    if not answers:
        raise RowRefused("", "The annotation holds no answer.")
    try:
        canonical_bytes([answers, said.name])
        check_answers(form, keys, answers)
    except DomainError as error:
        raise RowRefused("", f"{error.field or 'answers'}: {error.message}") from None
    judged, rationale = split_rationale(form, answers)
    return PastJudgment(said.name[:200] or "unknown", judged, rationale, said.seconds, _moment(said.at))


def answer_of(question: Mapping[str, Any], value: Any, keys: Sequence[str]) -> Any:
    """Return the value as this question's answer, as far as it can be; `check_answers` says whether it is one."""
    kind = question["type"]
    one = value[0] if isinstance(value, list) and len(value) == 1 else value
    if kind == "preference":
        return {"choice": one}
    if kind == "choices":
        return sorted(set(value)) if isinstance(value, list) and all(isinstance(each, str) for each in value) else value
    if kind == "rating":
        return _whole(one)
    if kind == "ranking":
        return _tiers(value)
    if kind in {"writing", "rationale"} and isinstance(value, list) and all(isinstance(each, str) for each in value):
        return "\n".join(value)
    return one


def _whole(value: Any) -> Any:
    try:
        return int(value) if not isinstance(value, bool) and float(value).is_integer() else value
    except (TypeError, ValueError):
        return value


def _tiers(value: Any) -> Any:
    """Return tiers, best first: of [{"value", "rank"}], of keys in their order, or of tiers as they are."""
    if not isinstance(value, list):
        return value
    if all(isinstance(each, dict) and "value" in each for each in value):
        ranks = sorted({each.get("rank") for each in value if isinstance(each.get("rank"), int)})
        return [sorted(str(each["value"]) for each in value if each.get("rank") == rank) for rank in ranks]
    return [each if isinstance(each, list) else [each] for each in value]


def _moment(text: str) -> str | None:
    """Return the time in ISO 8601 and UTC, which it is in where it names no offset; None for what is no time in UTC."""
    try:
        moment = datetime.fromisoformat(text)
        return (moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)).isoformat()
    except (ValueError, OverflowError):
        return None
