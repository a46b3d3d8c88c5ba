"""Segments as classes of a mixture: each has its own distributions of what customers do, and how often.

Here: the families of distributions, their fit by expectation and maximisation, and the fitted mixture as the
last step of a pipeline. Not here: what is counted (evidence.py), how many segments (mixing.py).

Customers of one segment differ too: their shares vary around the segment's, and so do their rates. Counts
are therefore Dirichlet-multinomial and negative binomial; multinomial and Poisson would need segments of
their own for frequent buyers. Who did little gives little evidence, so nothing is imputed.

Sources: Minka 2000, "Estimating a Dirichlet distribution"; Minka 2002, "Estimating a gamma distribution";
Holmes, Harris and Quince 2012, "Dirichlet multinomial mixtures"; Biernacki, Celeux and Govaert 2000,
"Assessing a mixture model for clustering with the integrated completed likelihood".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import scipy.sparse
from numpy.typing import ArrayLike, NDArray
from scipy.special import digamma, gammaln, polygamma
from sklearn.base import BaseEstimator, ClusterMixin

from persona_pipeline.segmentation.clustering import Labels, Placed, checked, kmeans

Floats = NDArray[np.float64]

ROUNDS = 200
# of log-likelihood per customer: a smaller gain of a round ends the search
SETTLED = 1e-4
# a start that is sure of its labels can only leave them slowly
DOUBT = 0.1
# sums of Dirichlet parameters, and shapes of gammas: beyond, customers of a segment do not differ
SPREAD = (0.05, 500.0)
LEAST = 1e-3
# of the variance of everybody: no segment is narrower in a value
NARROWEST = 1e-3
# amounts of evidence at which it is known how improbable a typical customer is
KNOTS = 20
ROWS_OF_A_KNOT = 50
TYPICAL = 0.01


class Block(NamedTuple):
    """Columns `start` to `stop` of the evidence, of one family.

    counts: how many of each of several things, Dirichlet-multinomial. rate: how many, and in how many
    occasions, negative binomial. value: a number, and 1 where it is known, normal.
    """

    family: str
    start: int
    stop: int

    @property
    def parameters(self) -> int:
        """Of one segment."""
        return self.stop - self.start if self.family == "counts" else 2


class _Factor(NamedTuple):
    """A part of a block's likelihood that takes few different rows: these, and which one a customer has."""

    block: int
    column: int  # of a block of counts; -1: their sum
    rows: Floats
    row_of: Labels


class Mixture(ClusterMixin, BaseEstimator):
    """The last step of the pipeline: a fitted mixture. `place` gives the most probable segment of each row.

    `blocks` are the families of the columns, as (family, start, stop); without them every column is a value.
    """

    def __init__(self, n_components: int = 2, blocks: Sequence[tuple] = (), seed: int = 0) -> None:
        self.n_components = n_components
        self.blocks = blocks
        self.seed = seed

    def fit(self, X: ArrayLike, y: object = None) -> Mixture:
        """Learn `n_components` segments, started from k-means of the standardised rows.

        Raises:
            ValueError: values are missing.
        """
        rows = checked(X).astype(np.float64)
        deviation = rows.std(axis=0)
        scaled = (rows - rows.mean(axis=0)) / np.where(deviation > 0, deviation, 1.0)
        start = kmeans(scaled, self.n_components, np.random.default_rng(self.seed), starts=10)
        return self.fit_from(rows, start.labels)

    def fit_from(
        self, X: ArrayLike, labels: Labels, rounds: int = ROUNDS, settled: float = SETTLED
    ) -> Mixture:
        """Learn from rows and a first guess of their segments 0 .. k - 1, -1 where there is none.

        Segments that end without a customer are left out. The search ends after so many rounds, or when one
        gains less than `settled` of log-likelihood per row.
        """
        rows = checked(X).astype(np.float64)
        blocks = self._blocks(rows.shape[1])
        share, fitted = _search(rows, blocks, labels, rounds, settled)
        log = np.log(share) + _log_density(rows, blocks, fitted)
        used = np.unique(log.argmax(axis=1))
        self.log_share_ = np.log(share[used] / share[used].sum())
        self.parameters_ = [each[used] for each in fitted]
        log = self._log(rows)
        posterior, self.likelihood_ = _posterior(log)
        free = len(used) * (1 + sum(block.parameters for block in blocks)) - 1
        entropy = -float((posterior * np.log(np.maximum(posterior, 1e-300))).sum())
        self.icl_ = -2 * self.likelihood_ + free * np.log(len(rows)) + 2 * entropy
        self.knots_, self.typical_ = _typical(self._amount(rows), -log.max(axis=1))
        return self

    @property
    def k(self) -> int:
        """Number of segments."""
        return len(self.log_share_)

    def renumber(self, order: Labels) -> Mixture:
        """Segment `order[i]` becomes segment i."""
        self.log_share_ = self.log_share_[order]
        self.parameters_ = [each[order] for each in self.parameters_]
        return self

    def place(self, X: ArrayLike) -> Placed:
        """The most probable segment of each row, how probable it is, and distances.

        A distance is the root of twice the log-likelihood that a row lacks to typical rows with as much
        evidence: with normal distributions of equal width, standard deviations.
        """
        rows = np.asarray(X, dtype=np.float64)
        log = self._log(rows)
        typical = np.interp(self._amount(rows), self.knots_, self.typical_)
        distances = np.sqrt(2 * np.maximum(-log - typical[:, None], 0.0))
        return Placed(log.argmax(axis=1), distances, _posterior(log)[0].max(axis=1))

    def probability(self, X: ArrayLike) -> Floats:
        """Of each segment, rows x segments."""
        return _posterior(self._log(np.asarray(X, dtype=np.float64)))[0]

    def predict(self, X: ArrayLike) -> Labels:
        """Number of the most probable segment."""
        return self.place(X).labels

    def _blocks(self, columns: int) -> list[Block]:
        return [Block(*each) for each in self.blocks] or [Block("value", n, n + 1) for n in range(columns)]

    def _log(self, rows: Floats) -> Floats:
        """Log of share and density, rows x segments."""
        return self.log_share_ + _log_density(rows, self._blocks(rows.shape[1]), self.parameters_)

    def _amount(self, rows: Floats) -> Floats:
        """How much was counted of each row, on a scale of logarithms."""
        columns = [
            column
            for block in self._blocks(rows.shape[1])
            for column in range(
                block.start, {"counts": block.stop, "rate": block.start + 1}.get(block.family, 0)
            )
        ]
        return np.log1p(rows[:, columns].sum(axis=1))


def _search(
    rows: Floats, blocks: list[Block], labels: Labels, rounds: int, settled: float
) -> tuple[Floats, list[Floats]]:
    """Shares and parameters of the segments, by expectation and maximisation in turn from a first guess."""
    factors = _factors(rows, blocks)
    design = _design(factors, len(rows))
    k = int(labels.max()) + 1
    posterior = np.full((len(rows), k), DOUBT / k)
    posterior[labels >= 0, labels[labels >= 0]] += 1 - DOUBT
    posterior /= posterior.sum(axis=1, keepdims=True)
    share, fitted = posterior.mean(axis=0), [_begin(block, rows, posterior) for block in blocks]
    before = -np.inf
    for _ in range(rounds):
        fitted = _improved(blocks, fitted, factors, design.T @ posterior, rows, posterior)
        share = np.maximum(posterior.mean(axis=0), 1e-12)
        log = np.log(share) + design @ _tables(factors, fitted) + _of_values(rows, blocks, fitted)
        posterior, likelihood = _posterior(log)
        if likelihood - before < settled * len(rows):
            break
        before = likelihood
    return share, fitted


def _factors(rows: Floats, blocks: list[Block]) -> list[_Factor]:
    found = []
    for number, block in enumerate(blocks):
        columns = rows[:, block.start : block.stop]
        if block.family == "rate":
            pairs, row_of = np.unique(columns, axis=0, return_inverse=True)
            found.append(_Factor(number, 0, pairs, row_of.reshape(-1)))
        elif block.family == "counts":
            for column in range(-1, columns.shape[1]):
                counts = columns.sum(axis=1) if column < 0 else columns[:, column]
                values, row_of = np.unique(counts, return_inverse=True)
                found.append(_Factor(number, column, values, row_of))
    return found


def _design(factors: list[_Factor], rows: int) -> scipy.sparse.csr_array:
    """Which row of which factor each customer has: customers x all rows of factors, of ones."""
    sizes = [len(factor.rows) for factor in factors]
    starts = np.cumsum([0, *sizes])
    places = [factor.row_of + start for factor, start in zip(factors, starts, strict=False)]
    indices = np.stack(places, axis=1).reshape(-1) if factors else np.zeros(0, dtype=np.intp)
    bounds = np.arange(rows + 1) * len(factors)
    return scipy.sparse.csr_array((np.ones(len(indices)), indices, bounds), shape=(rows, int(starts[-1])))


def _tables(factors: list[_Factor], fitted: list[Floats]) -> Floats:
    """What every segment says of every row of the factors."""
    parts = [np.zeros((0, 0))] if not factors else []
    for factor in factors:
        parameters = fitted[factor.block]
        if factor.rows.ndim == 2:  # noqa: PLR2004 - pairs are of a rate
            parts.append(_log_rate(factor.rows, parameters))
        elif factor.column < 0:
            parts.append(-_log_rising(factor.rows, parameters.sum(axis=1)))
        else:
            parts.append(_log_rising(factor.rows, parameters[:, factor.column]))
    return np.vstack(parts) if factors else np.zeros((0, len(fitted[0])))


def _begin(block: Block, rows: Floats, posterior: Floats) -> Floats:
    columns = rows[:, block.start : block.stop]
    if block.family == "counts":
        shares = posterior.T @ columns + 1.0
        return 10.0 * shares / shares.sum(axis=1, keepdims=True)
    if block.family == "rate":
        counted, occasions = (posterior.T @ columns).T
        mean = np.maximum(counted, 0.5) / np.maximum(occasions, 0.5)
        return np.column_stack([mean, np.full(len(mean), 2.0)])
    return np.zeros((posterior.shape[1], 2))


def _improved(
    blocks: list[Block],
    fitted: list[Floats],
    factors: list[_Factor],
    weights: Floats,
    rows: Floats,
    posterior: Floats,
) -> list[Floats]:
    """Parameters that explain the rows better: of values the best, of others one fixed-point step."""
    found = list(fitted)
    above = [np.full_like(each, LEAST) for each in fitted]
    below = [np.full(len(each), LEAST) for each in fitted]
    start = 0
    for factor in factors:
        weight = weights[start : start + len(factor.rows)]
        start += len(factor.rows)
        old = fitted[factor.block]
        if factor.rows.ndim == 2:  # noqa: PLR2004 - pairs are of a rate
            found[factor.block] = _improved_rate(factor.rows, old, weight)
        elif factor.column < 0:
            total = old.sum(axis=1)
            below[factor.block] += (weight * (digamma(factor.rows[:, None] + total) - digamma(total))).sum(
                axis=0
            )
        else:
            alpha = old[:, factor.column]
            rising = digamma(factor.rows[:, None] + alpha) - digamma(alpha)
            above[factor.block][:, factor.column] += (weight * rising).sum(axis=0)
    for number, block in enumerate(blocks):
        if block.family == "counts":
            alpha = np.maximum(fitted[number] * above[number] / below[number][:, None], LEAST)
            total = alpha.sum(axis=1, keepdims=True)
            found[number] = alpha * np.clip(total, *SPREAD) / total
        elif block.family == "value":
            found[number] = _normal(rows[:, block.start : block.stop], posterior)
    return found


def _improved_rate(pairs: Floats, old: Floats, weight: Floats) -> Floats:
    """Mean and shape of the gamma distribution of rates, given what the counts say of each rate."""
    counted, occasions = pairs[:, :1], pairs[:, 1:]
    mean, shape = old.T
    rate = shape / mean
    expected = (counted + shape) / (occasions + rate)
    of_log = digamma(counted + shape) - np.log(occasions + rate)
    # who had no occasion says nothing of the rate
    weight = np.where(occasions > 0, weight, 0.0)
    whole = np.maximum(weight.sum(axis=0), 1e-12)
    new_mean = np.maximum((weight * expected).sum(axis=0) / whole, 1e-6)
    gap = np.log(new_mean) - (weight * of_log).sum(axis=0) / whole
    # Minka 2002, one generalised Newton step for the shape of a gamma distribution
    change = (np.log(shape) - digamma(shape) - gap) / (1 / shape - polygamma(1, shape))
    inverse = 1 / shape + change / shape**2
    return np.column_stack([new_mean, np.clip(1 / np.maximum(inverse, 1e-9), *SPREAD)])


def _normal(columns: Floats, posterior: Floats) -> Floats:
    value = columns[:, 0]
    known = columns[:, 1] if columns.shape[1] > 1 else np.ones(len(value))
    weight = posterior * known[:, None]
    whole = np.maximum(weight.sum(axis=0), 1e-12)
    everybody = max(float(np.average((value - np.average(value)) ** 2)), 1e-12)
    mean = (weight * value[:, None]).sum(axis=0) / whole
    variance = (weight * (value[:, None] - mean) ** 2).sum(axis=0) / whole
    return np.column_stack([mean, np.maximum(variance, NARROWEST * everybody)])


def _log_density(rows: Floats, blocks: list[Block], fitted: Sequence[Floats]) -> Floats:
    """Log density in each segment, rows x segments; row by row, so that no batch changes the last bit."""
    log = _of_values(rows, blocks, fitted)
    for block, parameters in zip(blocks, fitted, strict=True):
        columns = rows[:, block.start : block.stop]
        if block.family == "rate":
            log += _log_rate(columns, parameters)
        elif block.family == "counts":
            log -= _log_rising(columns.sum(axis=1), parameters.sum(axis=1))
            for column, of_segments in zip(columns.T, parameters.T, strict=True):
                log += _log_rising(column, of_segments)
    return log


def _of_values(rows: Floats, blocks: list[Block], fitted: Sequence[Floats]) -> Floats:
    """What the blocks of values add to the log density, rows x segments."""
    log = np.zeros((len(rows), len(fitted[0])))
    for block, parameters in zip(blocks, fitted, strict=True):
        if block.family == "value":
            value = rows[:, block.start, None]
            mean, variance = parameters.T
            density = -0.5 * (np.log(2 * np.pi * variance) + (value - mean) ** 2 / variance)
            log += density if block.stop - block.start == 1 else density * rows[:, block.stop - 1, None]
    return log


def _log_rising(counts: Floats, alpha: Floats) -> Floats:
    """Logarithm of alpha (alpha + 1) ... (alpha + n - 1), counts x segments."""
    return gammaln(counts[:, None] + alpha) - gammaln(alpha)


def _log_rate(pairs: Floats, parameters: Floats) -> Floats:
    """Log probability of counts in so many occasions; 0 where there was none."""
    counted, occasions = pairs[:, :1], pairs[:, 1:]
    mean, shape = parameters.T
    expected = mean * occasions / shape
    log = (
        _log_rising(pairs[:, 0], shape)
        - gammaln(counted + 1)
        + counted * np.log(np.maximum(expected, 1e-300))
        - (counted + shape) * np.log1p(expected)
    )
    return np.where(occasions > 0, log, 0.0)


def _posterior(log: Floats) -> tuple[Floats, float]:
    """Probability of each segment, and the log-likelihood of all rows."""
    top = log.max(axis=1, keepdims=True)
    parts = np.exp(log - top)
    whole = parts.sum(axis=1, keepdims=True)
    return parts / whole, float((top + np.log(whole)).sum())


def _typical(amount: Floats, improbable: Floats) -> tuple[Floats, Floats]:
    """By amount of evidence, how improbable the most typical rows are."""
    order = np.argsort(amount, kind="stable")
    parts = np.array_split(order, max(min(KNOTS, len(order) // ROWS_OF_A_KNOT), 1))
    knots = np.array([np.median(amount[part]) for part in parts])
    typical = np.array([np.quantile(improbable[part], TYPICAL) for part in parts])
    # several parts with the same amount are one
    knots, first = np.unique(knots, return_index=True)
    return knots, np.array([each.min() for each in np.split(typical, first[1:])])
