"""What segments differ in: the distributions of counts, rates and values, and what they say of customers.

Here: log densities and posterior probabilities. Not here: their fit (expectation.py), the segments they stand
for (mixture.py).

Customers of one segment differ too: their shares vary around the segment's, and so do their rates. Counts
are therefore Dirichlet-multinomial and negative binomial; multinomial and Poisson would need segments of
their own for frequent buyers.

Source: Holmes, Harris and Quince 2012, "Dirichlet multinomial mixtures".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

Floats = NDArray[np.float64]


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


def log_density(rows: Floats, blocks: list[Block], fitted: Sequence[Floats]) -> Floats:
    """Log density in each segment, rows x segments; row by row, so that no batch changes the last bit."""
    log = np.zeros((len(rows), len(fitted[0])))
    for block, parameters in zip(blocks, fitted, strict=True):
        columns = rows[:, block.start : block.stop]
        if block.family == "value":
            log += log_normal(columns, parameters)
        elif block.family == "rate":
            log += log_rate(columns, *parameters.T)
        elif block.family == "counts":
            log -= log_rising(columns.sum(axis=1), parameters.sum(axis=1))
            for column, of_segments in zip(columns.T, parameters.T, strict=True):
                log += log_rising(column, of_segments)
    return log


def log_rising(counts: Floats, alpha: Floats) -> Floats:
    """Logarithm of alpha (alpha + 1) ... (alpha + n - 1), counts x segments."""
    return gammaln(counts[:, None] + alpha) - gammaln(alpha)


def log_rate(pairs: Floats, mean: Floats, shape: Floats) -> Floats:
    """Log probability of counts in so many occasions; 0 where there was none."""
    counted, occasions = pairs[:, :1], pairs[:, 1:]
    expected = mean * occasions / shape
    log = (
        log_rising(pairs[:, 0], shape)
        - gammaln(counted + 1)
        + counted * np.log(np.maximum(expected, 1e-300))
        - (counted + shape) * np.log1p(expected)
    )
    return np.where(occasions > 0, log, 0.0)


def log_normal(columns: Floats, parameters: Floats) -> Floats:
    """Log density of values, where they are known; 0 where not."""
    mean, variance = parameters.T
    density = -0.5 * (np.log(2 * np.pi * variance) + (columns[:, :1] - mean) ** 2 / variance)
    return density * columns[:, 1:] if columns.shape[1] > 1 else density


def to_posterior(log: Floats) -> tuple[Floats, float]:
    """Probability of each segment, and the log-likelihood of all rows."""
    top = log.max(axis=1, keepdims=True)
    parts = np.exp(log - top)
    whole = parts.sum(axis=1, keepdims=True)
    return parts / whole, float((top + np.log(whole)).sum())
