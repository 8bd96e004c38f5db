"""How far answers agree with the customer's own verdicts, question by question. Pure functions of the standard library."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from quality.consensus import resolve
from quality.kappa import cohen_kappa
from quality.proportions import Interval, wilson_interval

Values = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class WithCustomer:
    """One question: of `compared` answers by somebody else, to `items` items, `agreeing` were the customer's own; kappa
    takes chance off, and `interval` is its.

    A choice of several counts option by option, a ranking pair by pair, as votes do. `agreement_interval` is Wilson's
    of as many observations as there are items: what is said of one item is taken to go together. Kappa is None where
    only one value was ever given.
    """

    question: str
    items: int
    compared: int
    agreeing: int
    agreement: float
    agreement_interval: tuple[float, float]
    kappa: float | None
    interval: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class Bar:
    """What the contract asks before a stage opens, what was measured, and whether that is enough."""

    agreement: float | None
    items: int | None
    measured_agreement: float | None
    measured_items: int
    is_met: bool
    sentence: str


def values_of_answers(form: Mapping[str, Any], answers: Mapping[str, Any]) -> dict[str, str]:
    """Return one person's answers as the votes they are: {path: option}."""
    return {path: next(iter(votes)) for path, votes in resolve(form, [answers]).distribution.items() if len(votes) == 1}


def compare(pairs: Iterable[tuple[int, Values, Values]]) -> list[WithCustomer]:
    """Compare answers (item, customer's, somebody else's) to the same items, on what both have answered."""
    given: dict[str, list[tuple[int, str, str]]] = defaultdict(list)
    for item, customer, other in pairs:
        for path in customer.keys() & other.keys():
            given[path.partition(".")[0]].append((item, customer[path], other[path]))
    return [_compared(question, values) for question, values in sorted(given.items())]


def _compared(question: str, values: list[tuple[int, str, str]]) -> WithCustomer:
    agreeing = sum(mine == other for _, mine, other in values)
    items, agreement = len({item for item, _, _ in values}), agreeing / len(values)
    kappa = cohen_kappa([mine for _, mine, _ in values], [other for _, _, other in values])
    return WithCustomer(
        question=question,
        items=items,
        compared=len(values),
        agreeing=agreeing,
        agreement=round(agreement, 6),
        agreement_interval=_rounded(wilson_interval(agreement * items, items)),
        kappa=None if kappa.value is None else round(kappa.value, 6),
        interval=None if kappa.interval is None else _rounded(kappa.interval),
    )


def _rounded(interval: Interval) -> tuple[float, float]:
    return round(interval.low, 6), round(interval.high, 6)


def bar_of(contract: Mapping[str, Any], questions: Iterable[WithCustomer], *, items: int) -> Bar:
    """Hold what was measured against the contract: each question must agree as far, on as many items.

    The contract's keys are `calibration_agreement` (0 to 1) and `calibration_items`; where it has neither there is no bar.
    """
    asked, asked_items = _number(contract.get("calibration_agreement")), _number(contract.get("calibration_items"))
    lowest = min((each.agreement for each in questions), default=None)
    missing = []
    if asked is not None and (lowest is None or lowest < asked):
        found = "nothing has been compared" if lowest is None else f"the lowest is {lowest:.1%}"
        missing.append(f"every question must agree with the customer in {asked:.0%}, and {found}")
    if asked_items is not None and items < asked_items:
        missing.append(f"{asked_items:.0f} items must be compared, and {items} are")
    if asked is None and asked_items is None:
        sentence = "The quality contract sets no bar."
    else:
        sentence = f"The bar is not met: {'; '.join(missing)}." if missing else "The bar is met."
    return Bar(
        agreement=asked,
        items=None if asked_items is None else int(asked_items),
        measured_agreement=lowest,
        measured_items=items,
        is_met=not missing,
        sentence=sentence,
    )


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
