"""What the true values of items are, inferred from many workers' labels. Pure; for jobs and commands only (numpy, scipy).

For *objective* questions only: each item is taken to have one true value. Sources: A. P. Dawid and A. M. Skene, "Maximum
likelihood estimation of observer error-rates using the EM algorithm" (Applied Statistics 28, 1979), equations 2.3 to 2.5;
the one-coin model as in Y. Zhang et al., "Spectral methods meet EM" (2014), section 2; partial pooling in the spirit of
B. Carpenter, "Multilevel Bayesian models of categorical data annotation" (2008), with the pool estimated and its strength fixed.

A worker's confusion matrix is kept only where it is needed: a row for each pair of a worker and a value they used, of the
chances of that value under each class. Votes are one sparse matrix of items x pairs, so a step is two sparse products, and
memory is labels x classes at most.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import reduce

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from quality.labels import Floats, Labels, Places

# An EM ends once a step changes the log-likelihood by no more than this for each vote, or after so many steps: what still
# moves then has hardly anything to go by.
STEPS = 100
LEAST_GAIN = 1e-7
SMALLEST = 1e-300
# Two values of an item count as equally likely when they are as near as this.
TIE = 1e-9

Gold = Mapping[int, int]


@dataclass(frozen=True, slots=True, eq=False)
class Truth:
    """What a method found. `posterior` (items x classes) sums to one in each row; for the majority it is the share of votes.

    `chances` (pairs x classes) are P(the pair's value | class) for the pair's worker, see Crowd; None for the majority.
    """

    method: str
    posterior: Floats
    prevalence: Floats
    log_likelihood: float | None = None
    steps: int = 0
    chances: Floats | None = None

    def answers(self) -> NDArray[np.bool_]:
        """Return which values are the likeliest of each item (items x classes), several where they tie."""
        return self.posterior >= self.posterior.max(axis=1, keepdims=True) - TIE


class Crowd:
    """Labels as the models read them.

    `votes` (items x pairs) holds the weights; pair p is that of worker `worker[p]` with value `value[p]`; `by_worker`
    (workers x pairs) adds a worker's pairs up.
    """

    def __init__(self, labels: Labels) -> None:
        self.items, self.workers, self.classes = len(labels.items), len(labels.workers), len(labels.values)
        cells, pair = np.unique(labels.worker * self.classes + labels.value, return_inverse=True)
        self.worker: Places = cells // self.classes
        self.value: Places = cells % self.classes
        places = np.arange(len(cells))
        self.votes = csr_array((labels.weight, (labels.item, pair)), shape=(self.items, len(cells)))
        self.transposed = self.votes.T.tocsr()
        self.by_worker = csr_array((np.ones(len(cells)), (self.worker, places)), shape=(self.workers, len(cells)))
        self.by_value = csr_array((np.ones(len(cells)), (self.value, places)), shape=(self.classes, len(cells)))
        self.weight = float(labels.weight.sum())

    def shares(self, gold: Gold | None) -> Floats:
        """Return each item's shares of the votes (items x classes): all equal without votes, the declared value of gold."""
        votes = self.votes @ self.by_value.T.toarray()
        given = votes.sum(axis=1, keepdims=True)
        shares: Floats = np.where(given > 0, votes / np.where(given > 0, given, 1.0), 1.0 / max(self.classes, 1))
        _clamp(shares, gold)
        return shares

    def log_joint(self, chances: Floats, prevalence: Floats) -> Floats:
        """Return log P(class, an item's votes) for each item and class."""
        joint: Floats = self.votes @ _log(chances) + _log(prevalence)
        return joint


# From the expected counts (pairs x classes) to the chances of each pair's value.
Maximise = Callable[[Crowd, Floats], Floats]


def majority(crowd: Crowd, *, gold: Gold | None = None) -> Truth:
    """Return each item's shares of the votes; an item without votes has them all equal, a gold item its declared value."""
    shares = crowd.shares(gold)
    return Truth("majority", shares, shares.mean(axis=0))


def dawid_skene(crowd: Crowd, *, gold: Gold | None = None) -> Truth:
    """Return the classic maximum-likelihood fit: each worker has a confusion matrix of their own, and nothing is pooled."""
    return _fitted("dawid-skene", crowd, _unpooled, gold)


def pooled_dawid_skene(crowd: Crowd, *, gold: Gold | None = None, is_ordered: bool = False) -> Truth:
    """Return Dawid-Skene in which workers borrow from each other.

    A row of a worker's matrix has a Dirichlet prior (as a maximum a posteriori: parameters 1 + strength x mean). Its mean is
    the row of the whole crowd, and its strength as many labels as there are values. So a worker is taken for one of the
    crowd until they have, in that class, a label for each parameter of the row; from then on their own labels outweigh it.
    The strength is a count of parameters, and follows from no data.

    The crowd's row itself has a prior worth one label: spread evenly over the values, or, where `is_ordered` (values listed
    from low to high), falling by half with each step away, so that what nobody has done yet is a near miss sooner than a
    far one.
    """
    size = crowd.classes
    away = np.abs(np.subtract.outer(np.arange(size), np.arange(size)))
    spread = 0.5**away if is_ordered else np.ones((size, size))
    return _fitted("pooled", crowd, _pooling(spread / spread.sum(axis=0)), gold)


def one_coin(crowd: Crowd, *, gold: Gold | None = None) -> Truth:
    """Return the fit in which a worker is right with one chance whatever the class, and wrong values are equally likely.

    The chance is pooled by the same rule as in pooled_dawid_skene, right and wrong being the two values.
    """
    return _fitted("one-coin", crowd, _tossed, gold)


def _fitted(method: str, crowd: Crowd, maximise: Maximise, gold: Gold | None) -> Truth:
    """Run EM from the shares of votes until the likelihood stands still.

    Where a pool moves along, a step need not raise the likelihood; it ends by the same rule.
    """
    posterior = crowd.shares(gold)
    before, steps = -np.inf, 0
    while True:
        steps += 1
        prevalence = np.full(crowd.items, 1 / crowd.items) @ posterior
        chances = maximise(crowd, crowd.transposed @ posterior)
        likelihood, posterior = _posterior(crowd.log_joint(chances, prevalence), gold)
        if abs(likelihood - before) <= LEAST_GAIN * crowd.weight or steps == STEPS:
            return Truth(method, posterior, prevalence, likelihood, steps, chances)
        before = likelihood


def _posterior(joint: Floats, gold: Gold | None) -> tuple[float, Floats]:
    """Return the log-likelihood and P(class | votes), from log P(class, votes); of gold items the class is known."""
    top = reduce(np.maximum, joint.T)  # numpy reduces a long, narrow array along its rows several times as slowly
    posterior = np.exp(joint - top[:, np.newaxis])
    totals = posterior @ np.ones(joint.shape[1])
    of_items = top + np.log(totals)
    posterior /= totals[:, np.newaxis]
    if gold:
        items, classes = list(gold.keys()), list(gold.values())
        of_items[items] = joint[items, classes]
        _clamp(posterior, gold)
    return float(of_items.sum()), posterior


def _unpooled(crowd: Crowd, counts: Floats) -> Floats:
    chances: Floats = counts / np.maximum((crowd.by_worker @ counts)[crowd.worker], SMALLEST)
    return chances


def _pooling(spread: Floats) -> Maximise:
    """Return the step whose pool has the prior `spread` (values x classes; a column sums to one)."""

    def maximise(crowd: Crowd, counts: Floats) -> Floats:
        pool = crowd.by_value @ counts + spread
        pool /= pool.sum(axis=0)
        totals, strength = (crowd.by_worker @ counts)[crowd.worker], crowd.classes
        chances: Floats = (counts + strength * pool[crowd.value]) / (totals + strength)
        return chances

    return maximise


def _tossed(crowd: Crowd, counts: Floats) -> Floats:
    own = np.arange(len(crowd.value))
    right = np.bincount(crowd.worker, weights=counts[own, crowd.value], minlength=crowd.workers)
    given = np.bincount(crowd.worker, weights=counts.sum(axis=1), minlength=crowd.workers)
    accuracy = (right + 2 * (right.sum() + 0.5) / (given.sum() + 1)) / (given + 2)
    wrong = (1 - accuracy) / max(crowd.classes - 1, 1)
    chances = np.repeat(wrong[crowd.worker, np.newaxis], crowd.classes, axis=1)
    chances[own, crowd.value] = accuracy[crowd.worker]
    return chances


def _clamp(posterior: Floats, gold: Gold | None) -> None:
    for item, value in (gold or {}).items():
        posterior[item] = 0.0
        posterior[item, value] = 1.0


def _log(chances: Floats) -> Floats:
    logs: Floats = np.log(np.maximum(chances, SMALLEST))
    return logs
