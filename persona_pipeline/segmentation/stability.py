"""How stable segments are under resampling. Not here: which segments there are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from persona_pipeline.segmentation.clustering import Labels, Matrix

# Hennig 2007 calls a cluster dissolved below 0.5 and doubtful below 0.6
STABLE_JACCARD = 0.6
ROWS = 5_000

# learns from rows, given their segments, and gives what says where any rows belong
Refit = Callable[[Matrix, Labels], Callable[[Matrix], Labels]]


@dataclass(frozen=True, slots=True)
class Stability:
    """Mean Jaccard of each segment with its best match, and the mean adjusted Rand index, over resamples."""

    jaccard: NDArray[np.float64]
    ari: float


def bootstrap_stability(
    matrix: Matrix,
    labels: Labels,
    resamples: int,
    rng: np.random.Generator,
    refit: Refit,
) -> Stability | None:
    """Refit on bootstrap samples and compare on all rows drawn from; None without resamples.

    Args:
        matrix: the learned rows.
        labels: their segments, -1 for noise.
        resamples: number of samples.
        rng: draws them.
        refit: learns from rows and their segments, and gives what says where any rows belong.

    Source: Hennig 2007, "Cluster-wise assessment of cluster stability".
    """
    if resamples == 0:
        return None
    chosen = np.arange(len(matrix)) if len(matrix) <= ROWS else rng.choice(len(matrix), ROWS, replace=False)
    rows, k = matrix[chosen], int(labels.max()) + 1
    truth = labels[chosen]
    jaccards, aris = [], []
    for _ in range(resamples):
        drawn = rng.integers(len(rows), size=len(rows))
        found = refit(rows[drawn], truth[drawn])(rows)
        k_found = max(int(found.max()) + 1, 1)
        jaccards.append(jaccard_matrix(truth, found, k, k_found).max(axis=1))
        aris.append(adjusted_rand(contingency(truth, found, k, k_found)))
    return Stability(np.mean(jaccards, axis=0), float(np.mean(aris)))


def jaccard_matrix(
    first: NDArray[np.intp], second: NDArray[np.intp], k_first: int, k_second: int
) -> NDArray[np.float64]:
    """Jaccard overlap of every cluster of `first` with every cluster of `second`, over the same rows."""
    both = contingency(first, second, k_first, k_second)
    union = both.sum(axis=1)[:, None] + both.sum(axis=0) - both
    return (both / np.maximum(union, 1))[:k_first, :k_second]


def adjusted_rand(both: NDArray[np.int64]) -> float:
    """The adjusted Rand index of a contingency table; 1 for equal partitions.

    As `sklearn.metrics.adjusted_rand_score`, which checks its labels for 1.5 ms, 120 times in each fit.

    Source: Hubert and Arabie 1985, "Comparing partitions".
    """

    def pairs(counts: NDArray[np.int64]) -> float:
        return float((counts * (counts - 1)).sum()) / 2

    rows, columns = pairs(both.sum(axis=1)), pairs(both.sum(axis=0))
    every = pairs(both.sum(keepdims=True))
    expected, most = (rows * columns / every if every else 0.0), (rows + columns) / 2
    return 1.0 if most == expected else (pairs(both) - expected) / (most - expected)


def contingency(
    first: NDArray[np.intp], second: NDArray[np.intp], k_first: int, k_second: int
) -> NDArray[np.int64]:
    """How many rows are in cluster i of `first` and j of `second`; the last row and column are of noise."""
    columns = k_second + 1
    pairs = np.where(first < 0, k_first, first) * columns + np.where(second < 0, k_second, second)
    return np.bincount(pairs, minlength=(k_first + 1) * columns).reshape(k_first + 1, columns)
