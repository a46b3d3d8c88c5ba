"""The fit of a mixture: expectation and maximisation in turn, from a first guess of everybody's segment.

Here: the search, and what improves the parameters of each family. Not here: the densities
(distributions.py), how many segments (mixing.py).

Only so many different counts occur: what a segment says of each is worked out once a round, and customers
look it up.

Sources: Minka 2000, "Estimating a Dirichlet distribution"; Minka 2002, "Estimating a gamma distribution".
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import scipy.sparse
from scipy.special import digamma, gammaln, polygamma

from persona_pipeline.segmentation.clustering import Labels
from persona_pipeline.segmentation.distributions import Block, Floats, log_normal, log_rate, to_posterior

# a start that is sure of its labels can only leave them slowly
DOUBT = 0.1
# so many rows share what ends a search: the likelihood of fewer would have to settle for less than any
# decision needs
FEW = 2_000
# sums of Dirichlet parameters, and shapes of gammas: beyond, customers of a segment do not differ
SPREAD = (0.05, 500.0)
LEAST = 1e-3
# of the variance of everybody: no segment is narrower in a value
NARROWEST = 1e-3


class Tally:
    """Rows of evidence, and which different counts occur in them: made once, for many searches."""

    def __init__(self, rows: Floats, blocks: Sequence[Block]) -> None:
        self.rows = rows
        self.blocks = blocks
        self.counts, self.rates = _Counts(rows, blocks), _Rates(rows, blocks)
        parts = [*self.counts.row_of, *(of + len(self.counts.part) for of in self.rates.row_of)]
        indices = np.stack(parts, axis=1).reshape(-1) if parts else np.zeros(0, dtype=np.intp)
        bounds = np.arange(len(rows) + 1) * len(parts)
        shape = (len(rows), len(self.counts.part) + len(self.rates.part))
        # customers x different rows of all parts: 1 where a customer has this row
        self.which = scipy.sparse.csr_array((np.ones(len(indices)), indices, bounds), shape=shape)
        self.who = self.which.T.tocsr()

    def log_density(self, fitted: Sequence[Floats]) -> Floats:
        """Log density in each segment, rows x segments; looked up, so not to the last bit that of a row."""
        k = len(fitted[0])
        tables = [
            self.counts.table(self._of("counts", fitted), k),
            self.rates.table(self._of("rate", fitted), k),
        ]
        log = self.which @ np.vstack(tables)
        for block, parameters in zip(self.blocks, fitted, strict=True):
            if block.family == "value":
                log += log_normal(self.rows[:, block.start : block.stop], parameters)
        return log

    def begin(self, posterior: Floats) -> list[Floats]:
        """First parameters, by block, of segments to which the rows belong with these probabilities."""
        return [_begin(block.family, self._columns(block), posterior) for block in self.blocks]

    def improved(self, fitted: Sequence[Floats], posterior: Floats) -> list[Floats]:
        """Parameters that explain the rows better: of values the best, of others one step."""
        weights = self.who @ posterior
        of_counts = len(self.counts.part)
        better = {
            "counts": iter(self.counts.improved(self._of("counts", fitted), weights[:of_counts])),
            "rate": iter(self.rates.improved(self._of("rate", fitted), weights[of_counts:])),
        }
        return [
            _normal(self._columns(block), posterior)
            if block.family == "value"
            else next(better[block.family])
            for block in self.blocks
        ]

    def _of(self, family: str, fitted: Sequence[Floats]) -> list[Floats]:
        return [each for block, each in zip(self.blocks, fitted, strict=True) if block.family == family]

    def _columns(self, block: Block) -> Floats:
        return self.rows[:, block.start : block.stop]


def fit_classes(
    tally: Tally,
    posterior: Floats,
    fitted: Sequence[Floats],
    rounds: int,
    settled: float,
    keep_all: bool,
) -> tuple[Floats, Sequence[Floats], Floats]:
    """Shares of the segments, their parameters by block, and the log of share and density of every row.

    Args:
        tally: the customers.
        posterior: first guess of the probability of each segment, rows x segments.
        fitted: first guess of the parameters, by block.
        rounds: at most.
        settled: a round that gains less log-likelihood per row is the last.
        keep_all: end before a segment loses its last customer to more probable ones.
    """
    size, k = posterior.shape
    found = posterior.mean(axis=0), fitted, np.log(np.maximum(posterior, 1e-300))
    before = -np.inf
    for number in range(rounds):
        fitted = tally.improved(fitted, posterior)
        share = np.maximum(posterior.mean(axis=0), 1e-12)
        log = np.log(share) + tally.log_density(fitted)
        if keep_all and number and len(np.unique(log.argmax(axis=1))) < k:
            break
        found = share, fitted, log
        posterior, likelihood = to_posterior(log)
        if likelihood - before < settled * max(size, FEW):
            break
        before = likelihood
    return found


def guessed(labels: Labels) -> Floats:
    """Probability of each segment, rows x segments, by a guess of the segments 0 .. k - 1; -1 is no guess."""
    k = int(labels.max()) + 1
    posterior = np.full((len(labels), k), DOUBT / k)
    posterior[labels >= 0, labels[labels >= 0]] += 1 - DOUBT
    return posterior / posterior.sum(axis=1, keepdims=True)


class _Distinct:
    """Parts of the likelihood that take few different rows: these rows, one part under the other."""

    def __init__(self, parts: Sequence[Floats]) -> None:
        found = [np.unique(each, axis=0 if each.ndim > 1 else None, return_inverse=True) for each in parts]
        sizes = np.array([len(values) for values, _ in found], dtype=np.intp)
        self.values = np.concatenate([values for values, _ in found]) if found else np.zeros((0, 2))
        self.part = np.repeat(np.arange(len(parts)), sizes)  # of each row
        self.starts = np.cumsum(sizes) - sizes
        # by part, which row each customer has
        self.row_of = [of.reshape(-1) + start for (_, of), start in zip(found, self.starts, strict=True)]


class _Counts(_Distinct):
    """What is counted of several things: a part of each, and one of their sum in each block."""

    def __init__(self, rows: Floats, blocks: Sequence[Block]) -> None:
        counts = [rows[:, each.start : each.stop] for each in blocks if each.family == "counts"]
        super().__init__(
            [*(column for each in counts for column in each.T), *(each.sum(axis=1) for each in counts)]
        )
        self.widths = [each.shape[1] for each in counts]

    def table(self, alphas: Sequence[Floats], k: int) -> Floats:
        """What every segment says of every row: rows x segments."""
        if not alphas:
            return np.zeros((0, k))
        alpha = _with_sums(alphas)
        log = gammaln(self.values[:, None] + alpha[self.part]) - gammaln(alpha)[self.part]
        return np.where(self.part[:, None] < sum(self.widths), log, -log)

    def improved(self, alphas: Sequence[Floats], weights: Floats) -> list[Floats]:
        """One step of the fixed point, with so much weight of each segment on each row."""
        if not alphas:
            return []
        alpha = _with_sums(alphas)
        rising = digamma(self.values[:, None] + alpha[self.part]) - digamma(alpha)[self.part]
        *above, below = np.split(
            LEAST + np.add.reduceat(weights * rising, self.starts), np.cumsum(self.widths)
        )
        better = [
            np.maximum(old * of_columns.T / of_sum[:, None], LEAST)
            for old, of_columns, of_sum in zip(alphas, above, below, strict=True)
        ]
        totals = [each.sum(axis=1, keepdims=True) for each in better]
        return [each * np.clip(total, *SPREAD) / total for each, total in zip(better, totals, strict=True)]


def _with_sums(alphas: Sequence[Floats]) -> Floats:
    """Parameters of every part, parts x segments."""
    return np.hstack([*alphas, *(each.sum(axis=1, keepdims=True) for each in alphas)]).T


class _Rates(_Distinct):
    """How many in how many occasions: a part of each block."""

    def __init__(self, rows: Floats, blocks: Sequence[Block]) -> None:
        super().__init__([rows[:, each.start : each.stop] for each in blocks if each.family == "rate"])

    def table(self, rates: Sequence[Floats], k: int) -> Floats:
        """What every segment says of every row: rows x segments."""
        if not rates:
            return np.zeros((0, k))
        mean, shape = np.stack(rates)[self.part].transpose(2, 0, 1)
        return log_rate(self.values, mean, shape)

    def improved(self, rates: Sequence[Floats], weights: Floats) -> list[Floats]:
        """Means and shapes of the gamma distributions of rates, given what the counts say of each rate."""
        if not rates:
            return []
        mean, shape = np.stack(rates).transpose(2, 0, 1)
        counted, occasions = self.values[:, :1], self.values[:, 1:]
        # who had no occasion says nothing of the rate
        weights = np.where(occasions > 0, weights, 0.0)
        counted, occasions = counted + shape[self.part], occasions + (shape / mean)[self.part]
        whole, of_rate, of_log = (
            np.add.reduceat(each, self.starts)
            for each in (
                weights,
                weights * counted / occasions,
                weights * (digamma(counted) - np.log(occasions)),
            )
        )
        whole = np.maximum(whole, 1e-12)
        mean = np.maximum(of_rate / whole, 1e-6)
        gap = np.log(mean) - of_log / whole
        # Minka 2002, one generalised Newton step for the shape of a gamma distribution
        change = (np.log(shape) - digamma(shape) - gap) / (1 / shape - polygamma(1, shape))
        inverse = 1 / shape + change / shape**2
        shape = np.clip(1 / np.maximum(inverse, 1e-9), *SPREAD)
        return list(np.stack([mean, shape], axis=2))


def _begin(family: str, columns: Floats, posterior: Floats) -> Floats:
    sums = posterior.T @ columns
    if family == "counts":
        return 10.0 * (sums + 1.0) / (sums + 1.0).sum(axis=1, keepdims=True)
    if family == "rate":
        mean = np.maximum(sums[:, 0], 0.5) / np.maximum(sums[:, 1], 0.5)
        return np.column_stack([mean, np.full(len(mean), 2.0)])
    return np.zeros((posterior.shape[1], 2))  # the first step finds them without a guess


def _normal(columns: Floats, posterior: Floats) -> Floats:
    value = columns[:, 0]
    known = columns[:, 1] if columns.shape[1] > 1 else np.ones(len(value))
    weight = posterior * known[:, None]
    whole = np.maximum(weight.sum(axis=0), 1e-12)
    everybody = max(float(np.average((value - np.average(value)) ** 2)), 1e-12)
    mean = (weight * value[:, None]).sum(axis=0) / whole
    variance = (weight * (value[:, None] - mean) ** 2).sum(axis=0) / whole
    return np.column_stack([mean, np.maximum(variance, NARROWEST * everybody)])
