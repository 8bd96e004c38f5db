"""How strong things are, from who was preferred to whom: Bradley-Terry, Davidson for ties, and Crowd-BT for unequal raters.

Pure; for jobs and commands only (numpy, scipy). Strengths are natural logarithms of the odds, against a reference whose
strength is 0. Sources: R. A. Bradley and M. E. Terry, "Rank analysis of incomplete block designs" (1952); R. R. Davidson, "On
extending the Bradley-Terry model to accommodate ties" (1970), eq. 2.3; X. Chen et al., "Pairwise ranking aggregation in a
crowdsourced setting" (2013), eq. 4, fitted here by EM; L. R. Ford, "Solution of a ranking problem" (1957) for when strengths
exist: no two groups such that one never lost to the other.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components
from scipy.special import expit, logsumexp

from quality.labels import Floats, Places

STEPS = 100
# A fit has ended once no strength moves by more than this (in log odds).
STILL = 1e-10
# What is held of every rater beforehand: that they saw the better one in so many of so many judgments.
SEEN, OF = 4.0, 5.0
# No rater is taken to be quite sure or quite blind: nothing they say could then be read otherwise again.
SUREST = 1 - 1e-6


@dataclass(frozen=True, slots=True)
class Comparisons:
    """n judgments of pairs: `winner` and `loser` are places in `names`, `is_tie` says that neither was preferred; `rater`
    is a place among the raters. All have shape (n,)."""

    names: tuple[str, ...]
    winner: Places
    loser: Places
    is_tie: np.ndarray
    rater: Places


@dataclass(frozen=True, slots=True)
class Strengths:
    """`strength` and its `error` (standard error; both 0 for the reference) by name; None where there are none, and then
    `why` is a sentence. `tie` is the logarithm of Davidson's nu, None without ties; `raters` the chance that each sees the
    better one, None where raters are taken as equal."""

    strength: dict[str, float] | None
    error: dict[str, float] | None = None
    tie: float | None = None
    tie_error: float | None = None
    log_likelihood: float | None = None
    raters: list[float] | None = None
    why: str = ""


def bradley_terry(compared: Comparisons, *, reference: str) -> Strengths:
    """Return the maximum-likelihood strengths; with ties those of Davidson's model. `reference` is one of the names.

    P(i over j) = p_i / D and P(tie) = nu sqrt(p_i p_j) / D, where D = p_i + p_j + nu sqrt(p_i p_j) and p = exp(strength).
    Fitted by Newton's method; errors from the inverse of the observed information at the end.
    """
    if why := _unconnected(compared):
        return Strengths(None, why=why)
    size, base = len(compared.names), compared.names.index(reference)
    has_ties = bool(compared.is_tie.any())
    free = np.array([place for place in range(size) if place != base] + ([size] if has_ties else []), dtype=np.intp)
    parameters = np.zeros(size + 1)
    outcomes = _outcomes(compared, size, has_ties)
    likelihood, slope, information = _surface(parameters, *outcomes)
    for _ in range(STEPS):
        move = np.zeros(size + 1)
        move[free] = np.linalg.solve(information[np.ix_(free, free)], slope[free])
        # The log-likelihood is concave; where a whole step would lead too far, half of it is taken, and half again.
        while (found := _surface(parameters + move, *outcomes))[0] < likelihood - 1e-9 and np.abs(move).max() > STILL:
            move /= 2
        parameters += move
        likelihood, slope, information = found
        if np.abs(move).max() <= STILL:
            break
    errors = np.zeros(size + 1)
    errors[free] = np.sqrt(np.diag(np.linalg.inv(information[np.ix_(free, free)])))
    return Strengths(
        _named(compared.names, parameters),
        _named(compared.names, errors),
        tie=float(parameters[size]) if has_ties else None,
        tie_error=float(errors[size]) if has_ties else None,
        log_likelihood=float(likelihood),
    )


def _outcomes(compared: Comparisons, size: int, has_ties: bool) -> tuple[Floats, Floats]:
    """Return different comparisons as the exponents of their possible ends (comparisons x ends x parameters), and how often
    each end came (comparisons x ends). The ends are: the one, the other, a tie."""
    one, other = np.minimum(compared.winner, compared.loser), np.maximum(compared.winner, compared.loser)
    end = np.where(compared.is_tie, 2, np.where(compared.winner == one, 0, 1))
    pairs, place = np.unique(one * size + other, return_inverse=True)
    came = np.bincount(place * 3 + end, minlength=3 * len(pairs)).reshape(-1, 3).astype(float)
    exponents = np.zeros((len(pairs), 3, size + 1))
    rows, ones, others = np.arange(len(pairs)), pairs // size, pairs % size
    exponents[rows, 0, ones] = exponents[rows, 1, others] = 1.0
    exponents[rows, 2, ones] = exponents[rows, 2, others] = 0.5
    exponents[:, 2, size] = 1.0
    ends = 3 if has_ties else 2
    return exponents[:, :ends], came[:, :ends]


def _surface(parameters: Floats, exponents: Floats, came: Floats) -> tuple[float, Floats, Floats]:
    """Return the log-likelihood at the parameters, its gradient, and the information (minus its second derivatives)."""
    levels = exponents @ parameters
    logs = levels - logsumexp(levels, axis=1, keepdims=True)
    chances, n = np.exp(logs), came.sum(axis=1)
    mean = np.einsum("ce,cep->cp", chances, exponents)
    slope = np.einsum("ce,cep->p", came, exponents) - n @ mean
    second = np.einsum("ce,cep,ceq->pq", chances * n[:, np.newaxis], exponents, exponents, optimize=True)
    return float((came * logs).sum()), slope, second - (mean * n[:, np.newaxis]).T @ mean


def _unconnected(compared: Comparisons) -> str:
    """Return a sentence where strengths do not exist: somebody, or a group, never lost to the others (or was never compared
    with them), so that nothing bounds how much stronger they are. A tie counts as a win of both."""
    if len(compared.names) < 2 or not len(compared.winner):
        return "There is nothing to compare: strengths need two things and a judgment between them."
    ties = compared.is_tie
    beats = np.concatenate([compared.winner, compared.loser[ties]])
    beaten = np.concatenate([compared.loser, compared.winner[ties]])
    size = len(compared.names)
    graph = csr_array((np.ones(len(beats)), (beats, beaten)), shape=(size, size))
    groups, group = connected_components(graph, directed=True, connection="strong")
    if groups == 1:
        return ""
    is_between = group[beats] != group[beaten]
    lost = np.zeros(groups, dtype=bool)
    lost[group[beaten[is_between]]] = True
    unbeaten = [name for name, each in zip(compared.names, group, strict=True) if not lost[each]]
    return (
        f"Strengths are not bounded: {', '.join(unbeaten[:5])}{' …' if len(unbeaten) > 5 else ''} never lost to the others, or"
        " never met them. Compare more pairs, or leave them out."
    )


def crowd_bradley_terry(compared: Comparisons, *, reference: str) -> Strengths:
    """Return strengths and how far each rater can be trusted: rater k sees the better one with chance eta_k.

    P(k prefers i to j) = eta_k p_i / (p_i + p_j) + (1 - eta_k) p_j / (p_i + p_j) (Chen et al., eq. 4): an eta near 0.5 is
    a coin, below it somebody who prefers the worse. A tie counts as half of each. Strengths have a Gaussian prior of mean
    0 and variance 1, and eta one worth OF judgments, so they always exist. No standard errors: the likelihood is not concave.
    """
    size, base = len(compared.names), compared.names.index(reference)
    winner, loser, rater, weight = _halved(compared)
    raters = int(rater.max(initial=-1)) + 1
    strength, eta = np.zeros(size), np.full(raters, SEEN / OF)
    for _ in range(STEPS):
        better = expit(strength[winner] - strength[loser])
        sees = eta[rater] * better
        is_seen = sees / (sees + (1 - eta[rater]) * (1 - better))
        right = np.bincount(rater, weights=weight * is_seen, minlength=raters)
        given = np.bincount(rater, weights=weight, minlength=raters)
        eta = np.clip((right + SEEN) / (given + OF), 1 - SUREST, SUREST)
        found = _strongest(strength, winner, loser, weight * is_seen, weight * (1 - is_seen))
        moved, strength = np.abs(found - strength).max(), found
        if moved <= 1e-6:
            break
    return Strengths(_named(compared.names, strength - strength[base]), raters=[float(each) for each in eta])


def _halved(compared: Comparisons) -> tuple[Places, Places, Places, Floats]:
    """Return winner, loser, rater and weight, each tie as two halves."""
    ties = compared.is_tie
    return (
        np.concatenate([compared.winner, compared.loser[ties]]),
        np.concatenate([compared.loser, compared.winner[ties]]),
        np.concatenate([compared.rater, compared.rater[ties]]),
        np.concatenate([np.where(ties, 0.5, 1.0), np.full(int(ties.sum()), 0.5)]),
    )


def _strongest(start: Floats, winner: Places, loser: Places, won: Floats, lost: Floats) -> Floats:
    """Return the strengths that fit best where a comparison was won with weight `won` and lost with `lost`, under the prior."""

    def loss(strength: Floats) -> tuple[float, Floats]:
        apart = strength[winner] - strength[loser]
        value = (won * np.logaddexp(0, -apart) + lost * np.logaddexp(0, apart)).sum() + (strength**2).sum() / 2
        pull = (won + lost) * expit(apart) - won
        gradient = np.bincount(winner, weights=pull, minlength=len(strength)) + strength
        return float(value), gradient - np.bincount(loser, weights=pull, minlength=len(strength))

    found: Floats = minimize(loss, start, jac=True, method="L-BFGS-B").x
    return found


def _named(names: Sequence[str], values: Floats) -> dict[str, float]:
    return {name: float(value) for name, value in zip(names, values, strict=False)}
