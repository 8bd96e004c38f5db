"""How far a judge can be relied on, measured against experts, and whether it has changed since. For jobs only (numpy)."""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from config.kernel.errors import Conflict
from config.kernel.events import record
from config.kernel.locks import lock_row
from labeling.forms import PREFERENCE
from labeling.models import ItemVersion
from quality.judge_bar import JudgeBar, bar_of
from quality.judge_prompts import INJECTIONS, place_of, verdict_of, wish_against
from quality.judged import Documents, documents_of, expert_answers, verdicts_of
from quality.judged_quality import QualityByJudges, quality_by_judge
from quality.judging import (
    AgreementWithExperts,
    SwapFindings,
    agreement_by_segment,
    agreement_with_experts,
    anchor_drift,
    flip_rate,
    length_findings,
    shortfalls,
    swap_findings,
)
from quality.models import Judge, JudgeCalibration
from quality.proportions import Interval, Share
from quality.services.judges import raise_alarm
from quality.types import AlarmKind, CallPurpose

SENTENCE_LONGEST = 500


@dataclass(frozen=True, slots=True)
class _Pair:
    """What the judge and the experts said of one item, and what the judge said when it was tried."""

    version: ItemVersion
    judge: str
    expert: str
    swapped: str | None
    injected: Mapping[str, str]

    @property
    def keys(self) -> list[str]:
        return [response["key"] for response in self.version.payload["responses"]]


@transaction.atomic
def calibrate(*, judge_id: int) -> JudgeCalibration:
    """Measure the judge on what experts have answered, and append what was found and whether it meets the bar.

    Raises Conflict where the form asks nothing that it could be measured on, or nothing was answered by both.
    """
    judge = lock_row(Judge.objects.filter(pk=judge_id).select_related(None))
    documents = documents_of(judge.project_id)
    if documents.question is None:
        raise Conflict("The form asks nothing with one plain answer, so there is nothing to measure a judge on.")
    pairs = _pairs(judge, documents.question)
    if not pairs:
        raise Conflict("The judge has judged nothing yet that experts have answered; let it judge that first.")
    bar = bar_of(judge.project.quality_contract)
    measured, lacking = _measured(documents.question, pairs, bar)
    measured["results_right"] = _right(quality_by_judge(judge))
    sentence = " ".join(lacking) or f"It meets the bar on {len(pairs)} items that experts have answered."
    found = JudgeCalibration.objects.create(
        customer_id=judge.customer_id,
        project_id=judge.project_id,
        judge=judge,
        items=len(pairs),
        measured=measured,
        is_met=not lacking,
        sentence=sentence if len(sentence) <= SENTENCE_LONGEST else f"{sentence[: SENTENCE_LONGEST - 1]}…",
    )
    data = {"judge": judge.pk, "items": len(pairs), "is_met": found.is_met}
    record("judge.calibrated", subject=found, actor_id=None, data=data)
    return found


def _pairs(judge: Judge, question: Mapping[str, Any]) -> list[_Pair]:
    experts = expert_answers(judge.project_id)
    plain = verdicts_of(judge)
    turned = verdicts_of(judge, purpose=CallPurpose.SWAP, variant="reversed")
    tricked = {each.name: verdicts_of(judge, purpose=CallPurpose.INJECTION, variant=each.name) for each in INJECTIONS}
    versions = ItemVersion.objects.in_bulk(plain.keys() & experts.keys())
    found = []
    for key, version in sorted(versions.items()):
        judged, expert = verdict_of(question, plain[key]), verdict_of(question, experts[key])
        if judged is not None and expert is not None:
            tricks = {name: verdict_of(question, said.get(key)) for name, said in tricked.items()}
            after = {name: verdict for name, verdict in tricks.items() if verdict is not None}
            found.append(_Pair(version, judged, expert, verdict_of(question, turned.get(key)), after))
    return found


def _measured(question: Mapping[str, Any], pairs: list[_Pair], bar: JudgeBar) -> tuple[dict[str, Any], list[str]]:
    judge, experts = [pair.judge for pair in pairs], [pair.expert for pair in pairs]
    positive = _positive(experts)
    agreement = agreement_with_experts(judge, experts, positive=positive)
    swaps, flipped = _swaps(question, pairs), _flipped(question, pairs, [each.name for each in INJECTIONS])
    segments = {
        "language": [pair.version.language for pair in pairs],
        "domain": [pair.version.domain or "none" for pair in pairs],
        "difficulty": [str(pair.version.difficulty) for pair in pairs],
    }
    measured = {
        "question": question["id"],
        "positive": positive,
        **_agreement(agreement),
        "segments": {
            name: {
                value: _agreement(each)
                for value, each in agreement_by_segment(judge, experts, values, positive=positive).items()
            }
            for name, values in segments.items()
        },
        "swap": {
            "consistent": _share(swaps.consistent),
            "first_chosen": _share(swaps.first_chosen),
            "chance": swaps.chance,
        },
        "flipped": _share(flipped),
        "injections": {each.name: _share(_flipped(question, pairs, (each.name,))) for each in INJECTIONS},
        "length": _length(pairs) if question["type"] == PREFERENCE else None,
    }
    return measured, shortfalls(agreement, swaps, flipped, bar=bar)


def _positive(experts: Collection[str]) -> str:
    """Return the verdict that sensitivity is about: the rarest of the experts', which is what one looks for."""
    counts = Counter(experts)
    return min(counts, key=lambda verdict: (counts[verdict], verdict))


def _swaps(question: Mapping[str, Any], pairs: list[_Pair]) -> SwapFindings:
    places = []
    for pair in pairs:
        if pair.swapped is not None:
            turned = {**question, "options": question.get("options", [])[::-1]}
            turned_keys = pair.keys[::-1]
            places.append((place_of(question, pair.keys, pair.judge), place_of(turned, turned_keys, pair.swapped)))
    return swap_findings(places)


def _flipped(question: Mapping[str, Any], pairs: list[_Pair], names: Collection[str]) -> Share:
    """Return on how many items any of these instructions was obeyed: items are independent, tries on one are not."""
    tried = []
    for pair in pairs:
        after = [verdict for name, verdict in pair.injected.items() if name in names]
        wish = str(wish_against(question, pair.keys, pair.judge))
        if after:
            tried.append((pair.judge, wish if wish in after else after[0], wish))
    return flip_rate(*([row[place] for row in tried] for place in range(3)))


def _length(pairs: list[_Pair]) -> dict[str, Any]:
    """Pairs of two responses, neither of them empty."""
    rows = []
    for pair in pairs:
        texts = [len(response["text"]) for response in pair.version.payload["responses"]]
        if len(texts) == 2 and all(texts):
            signs = {pair.keys[0]: 1, pair.keys[1]: -1}
            rows.append((signs.get(pair.judge, 0), signs.get(pair.expert, 0), (texts[0], texts[1])))
    found = length_findings([row[0] for row in rows], [row[1] for row in rows], [row[2] for row in rows])
    return {
        "longer_by_judge": _share(found.longer_by_judge),
        "longer_by_experts": _share(found.longer_by_experts),
        "chance": found.chance,
        "coefficient": found.coefficient,
        "interval_95": _interval(found.interval),
    }


def _agreement(found: AgreementWithExperts) -> dict[str, Any]:
    return {
        "agreed": _share(found.agreed),
        "kappa": {"value": found.kappa.value, "interval_95": _interval(found.kappa.interval)},
        "sensitivity": _share(found.sensitivity),
        "specificity": _share(found.specificity),
    }


def _right(found: QualityByJudges) -> dict[str, Any]:
    if found.estimated is None:
        return {"value": None, "interval_95": None, "why": found.why}
    return {
        "value": found.estimated.value,
        "interval_95": _interval(found.estimated.interval),
        "by_experts_alone": _interval(found.estimated.classic),
        "worth": found.estimated.worth,
        "tuning": found.estimated.tuning,
        "audited": found.audited,
        "judged": found.judged,
    }


def _share(share: Share) -> dict[str, Any]:
    return {
        "count": share.count,
        "total": share.total,
        "value": share.value,
        "interval_95": _interval(share.interval),
    }


def _interval(interval: Interval | None) -> list[float] | None:
    return None if interval is None else [interval.low, interval.high]


# --- drift ------------------------------------------------------------------------------------------------------------


def check_drift(*, judge: Judge, documents: Documents, today: str) -> bool:
    """Compare today's verdicts on the anchors with the first ones, and raise the alarm where they differ by more than chance.

    Right is what experts answered; of an anchor without an expert's answer, what the judge said first.
    """
    if documents.question is None:
        return False
    days = judge.calls.filter(purpose=CallPurpose.ANCHOR).order_by("id").values_list("variant", flat=True)
    first = days.first()
    if first is None or first == today:
        return False
    before = verdicts_of(judge, purpose=CallPurpose.ANCHOR, variant=first)
    now = verdicts_of(judge, purpose=CallPurpose.ANCHOR, variant=today)
    experts = expert_answers(judge.project_id)
    both = sorted(before.keys() & now.keys())
    said = [[verdict_of(documents.question, each[key]) for key in both] for each in (before, now)]
    right = [verdict_of(documents.question, experts.get(key)) or one for key, one in zip(both, said[0], strict=True)]
    drift = anchor_drift(*[[one == other for one, other in zip(verdicts, right, strict=True)] for verdicts in said])
    if drift.has_drifted:
        sentence = (
            f"Of {len(both)} anchors it judges {drift.lost} wrong that it had right on {first}, and {drift.won} the other "
            f"way round (by chance: {drift.chance:.4f})."
        )
        raise_alarm(judge=judge, kind=AlarmKind.DRIFT, sentence=sentence)
    return drift.has_drifted
