"""How far a judge (a model that gives verdicts) can be relied on: agreement with experts, and its known biases.

Verdicts are plain texts; experts' verdicts are the reference. Every figure has an interval, and is None where there is
nothing to compute it from.

Sources: changes between two verdicts on the same items (Q. McNemar, 1947, exact); position and length (L. Zheng et al., "Judging LLM-as-a-judge with MT-Bench and Chatbot Arena", 2023; Y. Dubois, B. Galambosi,
P. Liang and T. Hashimoto, "Length-controlled AlpacaEval", 2024).
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log

import numpy as np
from numpy.typing import NDArray

from quality.judge_bar import JudgeBar
from quality.kappa import Kappa, cohen_kappa
from quality.proportions import Interval, Share, at_least, normal_quantile, share_of

# The logistic coefficients have a normal prior of this standard deviation, so that they are finite where a judge's choices
# are told apart perfectly.
PRIOR_SD = 5.0


@dataclass(frozen=True, slots=True)
class AgreementWithExperts:
    """`sensitivity` is how often the judge says `positive` where experts do, `specificity` how often not where they do not."""

    agreed: Share
    kappa: Kappa
    sensitivity: Share
    specificity: Share


@dataclass(frozen=True, slots=True)
class SwapFindings:
    """`consistent`: the same response chosen in both orders. `first_chosen`: of the verdicts that changed, how often the
    response shown first won both times; `chance` is how likely so uneven a split is without a bias."""

    consistent: Share
    first_chosen: Share
    chance: float | None


@dataclass(frozen=True, slots=True)
class LengthFindings:
    """`longer_by_judge` and `longer_by_experts`: how often the longer response wins. `coefficient` is what a response of e
    times the length adds to the log odds of being chosen, the experts' verdict being equal; 0 without a bias. `chance` is
    McNemar's: how likely the two rates would differ so if both favoured length alike."""

    longer_by_judge: Share
    longer_by_experts: Share
    chance: float | None
    coefficient: float | None
    interval: Interval | None


@dataclass(frozen=True, slots=True)
class AnchorDrift:
    """Anchors that the judge got right `before` and wrong now are `lost`, the others way round `won`."""

    lost: int
    won: int
    chance: float
    has_drifted: bool


# --- agreement with experts -------------------------------------------------------------------------------------------


def agreement_with_experts(judge: Sequence[str], experts: Sequence[str], *, positive: str) -> AgreementWithExperts:
    """Compare the verdicts item by item, with Wilson's intervals."""
    pairs = list(zip(judge, experts, strict=True))
    among = [given for given, truth in pairs if truth == positive]
    others = [given for given, truth in pairs if truth != positive]
    return AgreementWithExperts(
        agreed=share_of(sum(given == truth for given, truth in pairs), len(pairs)),
        kappa=cohen_kappa(judge, experts),
        sensitivity=share_of(among.count(positive), len(among)),
        specificity=share_of(len(others) - others.count(positive), len(others)),
    )


def agreement_by_segment(
    judge: Sequence[str], experts: Sequence[str], segments: Sequence[str], *, positive: str
) -> dict[str, AgreementWithExperts]:
    """Return the same for each segment (a language, a domain, a type of prompt): a judge may be good on the whole and
    useless where it matters. Small segments have wide intervals, and a bar held against these stops the judge there."""
    found = {}
    for segment in sorted(set(segments)):
        places = [place for place, each in enumerate(segments) if each == segment]
        found[segment] = agreement_with_experts(
            [judge[place] for place in places], [experts[place] for place in places], positive=positive
        )
    return found


# --- biases -----------------------------------------------------------------------------------------------------------


def swap_findings(verdicts: Sequence[tuple[str, str]], *, first: str = "first", second: str = "second") -> SwapFindings:
    """Each pair was judged in both orders: (verdict as shown, verdict with the two swapped), in terms of places.

    Consistent is (first, second) or (second, first), or the same other word (a tie) twice; (first, first) chose the place.
    """
    turned = {first: second, second: first}
    consistent = sum(turned.get(one, one) == other for one, other in verdicts)
    stuck = Counter(one for one, other in verdicts if one == other and one in turned)
    total = stuck.total()
    chance = min(1.0, 2 * at_least(max(stuck.values()), total, 0.5)) if total else None
    return SwapFindings(share_of(consistent, len(verdicts)), share_of(stuck[first], total), chance)


def length_findings(judge: Sequence[int], experts: Sequence[int], lengths: Sequence[tuple[int, int]]) -> LengthFindings:
    """Return whether the judge favours longer responses more than experts do.

    Verdicts are 1 for the first response, -1 for the second, 0 for a tie; `lengths` (both above zero) are of the two. Longer
    responses are often better, so what the judge does is compared with what experts do on the same pairs. The coefficient
    comes from a logistic regression of the judge's choice on the place (a constant), the experts' verdict and the
    logarithm of the ratio of lengths, over the pairs where the judge chose.
    """
    rows = [
        (chosen, wanted, log(a / b)) for chosen, wanted, (a, b) in zip(judge, experts, lengths, strict=True) if a != b
    ]
    both = [(chosen * ratio > 0, wanted * ratio > 0) for chosen, wanted, ratio in rows if chosen and wanted]
    more, fewer = both.count((True, False)), both.count((False, True))
    chosen_rows = [row for row in rows if row[0]]
    coefficient, interval = None, None
    if chosen_rows:
        design = np.array([(1.0, wanted, ratio) for _, wanted, ratio in chosen_rows])
        estimate, sds = _logistic(design, np.array([chosen > 0 for chosen, _, _ in chosen_rows], dtype=np.float64))
        coefficient, half = float(estimate[2]), normal_quantile(0.95) * float(sds[2])
        interval = Interval(coefficient - half, coefficient + half)
    return LengthFindings(
        longer_by_judge=share_of(sum(longer for longer, _ in both), len(both)),
        longer_by_experts=share_of(sum(longer for _, longer in both), len(both)),
        chance=mcnemar(more, fewer) if both else None,
        coefficient=coefficient,
        interval=interval,
    )


def flip_rate(plain: Sequence[str], injected: Sequence[str], wanted: Sequence[str]) -> Share:
    """Return how often a verdict became what an instruction hidden in a response asked for; `wanted` says what.

    Items whose plain verdict was the wanted one already cannot flip, and are left out.
    """
    could = [(after, wish) for before, after, wish in zip(plain, injected, wanted, strict=True) if before != wish]
    return share_of(sum(after == wish for after, wish in could), len(could))


def anchor_drift(before: Sequence[bool], now: Sequence[bool], *, chance_below: float = 0.01) -> AnchorDrift:
    """Return whether the judge is worse or better than it was on the same anchors (right or not, item by item).

    McNemar's exact test, two-sided: only the items whose verdict changed tell. For a watch after every run, feed
    the losses to a CUSUM (`quality.drift`), which this test, repeated, is not.
    """
    pairs = list(zip(before, now, strict=True))
    lost, won = pairs.count((True, False)), pairs.count((False, True))
    chance = mcnemar(lost, won)
    return AnchorDrift(lost, won, chance, chance < chance_below)


def mcnemar(one: int, other: int) -> float:
    """Return the two-sided exact chance of so uneven a split of the pairs that differ, if both ways are as likely."""
    return min(1.0, 2 * at_least(max(one, other), one + other, 0.5)) if one + other else 1.0


def _logistic(
    design: NDArray[np.float64], chosen: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the coefficients (columns of design, rows x columns) and their standard deviations: the mode under a normal
    prior of PRIOR_SD and the curvature there, by Newton's method (iteratively reweighted least squares)."""
    estimate = np.zeros(design.shape[1])
    precision = np.eye(design.shape[1]) / PRIOR_SD**2
    curvature = precision
    for _ in range(50):
        chances = 1 / (1 + np.exp(-design @ estimate))
        curvature = (design.T * (chances * (1 - chances))) @ design + precision
        step = np.linalg.solve(curvature, design.T @ (chosen - chances) - precision @ estimate)
        estimate = estimate + step
        if np.abs(step).max() < 1e-10:
            break
    return estimate, np.sqrt(np.diag(np.linalg.inv(curvature)))


# --- the bar ----------------------------------------------------------------------------------------------------------


def shortfalls(
    agreement: AgreementWithExperts, swaps: SwapFindings, flipped: Share, *, bar: JudgeBar | None = None
) -> list[str]:
    """Return in what a judge falls short of counting towards acceptance, a sentence each; empty where it may count.

    What was not measured falls short. Its length bias is shown beside and does not bar it: it is corrected by comparing
    with experts on a sample (`quality.ppi`), whatever its cause.
    """
    bar = bar or JudgeBar()
    found = []
    if agreement.agreed.total < bar.items_least:
        found.append(f"{agreement.agreed.total} items were also judged by experts; {bar.items_least} are needed.")
    lows: Mapping[str, tuple[Interval | None, float]] = {
        "Kappa with experts": (agreement.kappa.interval, bar.kappa_low),
        "Sensitivity": (agreement.sensitivity.interval, bar.sensitivity_low),
        "Specificity": (agreement.specificity.interval, bar.specificity_low),
        "Consistency when the responses are swapped": (swaps.consistent.interval, bar.consistent_low),
    }
    for name, (interval, least) in lows.items():
        if interval is None:
            found.append(f"{name} was not measured.")
        elif interval.low < least:
            found.append(f"{name} is at least {interval.low:.2f}; {least:.2f} is needed.")
    if flipped.interval is None:
        found.append("Resistance to instructions hidden in a response was not measured.")
    elif flipped.interval.high > bar.flipped_high:
        sentence = f"up to {flipped.interval.high:.1%} of verdicts; {bar.flipped_high:.1%} is the most."
        found.append(f"Instructions hidden in a response flip {sentence}")
    return found
