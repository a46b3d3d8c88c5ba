"""Exact silhouettes in bounded memory: distances by blocks of a matrix product, never the whole table.

Here: the silhouette of rows under one or more clusterings of them. Not here: which of them is chosen.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from persona_pipeline.segmentation.clustering import Labels, Matrix

# a table of 1,024 x 1,024 distances stays in the cache of a core
BLOCK = 1_024


def silhouettes(rows: Matrix, clusterings: Sequence[Labels]) -> list[NDArray[np.float64]]:
    """The silhouette of each row under each clustering, all from one pass over the distances.

    In the precision of `rows`: the mean of 32-bit rows is exact to about 1e-6. A row alone in its cluster has
    0, and so has every row where there are fewer than two clusters.

    Args:
        rows: rows x columns.
        clusterings: cluster of each row, 0 and up.

    Source: Rousseeuw 1987, "Silhouettes: a graphical aid".
    """
    values = rows - rows.mean(axis=0)
    members = [(labels[:, None] == np.arange(labels.max() + 1)).astype(rows.dtype) for labels in clusterings]
    sums = _sums(values, np.hstack(members))
    bounds = np.cumsum([0, *(member.shape[1] for member in members)])
    return [
        _of_sums(sums[:, first:last], labels)
        for labels, first, last in zip(clusterings, bounds[:-1], bounds[1:], strict=True)
    ]


def mean_silhouette(rows: Matrix, labels: Labels) -> float:
    """Mean silhouette of the rows."""
    return float(silhouettes(rows, [labels])[0].mean())


def _sums(values: Matrix, member: Matrix) -> NDArray[np.float64]:
    """Sum of the distances of each row to the members of each cluster; each pair of blocks is made once."""
    norms = (values**2).sum(axis=1)
    sums = np.zeros(member.shape)
    for first in range(0, len(values), BLOCK):
        own = slice(first, first + BLOCK)
        for second in range(first, len(values), BLOCK):
            other = slice(second, second + BLOCK)
            table = values[own] @ values[other].T
            table *= -2
            table += norms[own, None]
            table += norms[other]
            np.maximum(table, 0, out=table)
            if second == first:
                np.fill_diagonal(table, 0)
            np.sqrt(table, out=table)
            sums[own] += table @ member[other]
            if second != first:
                sums[other] += table.T @ member[own]
    return sums


def _of_sums(sums: NDArray[np.float64], labels: Labels) -> NDArray[np.float64]:
    counts = np.bincount(labels, minlength=sums.shape[1])
    used = counts > 0
    if used.sum() < 2:  # noqa: PLR2004 - the definition needs another cluster
        return np.zeros(len(labels))
    own = np.arange(len(labels)), labels
    within = sums[own] / np.maximum(counts[labels] - 1, 1)
    between = np.where(used, sums / np.maximum(counts, 1), np.inf)
    between[own] = np.inf
    nearest = between.min(axis=1)
    larger = np.maximum(within, nearest)
    known = (counts[labels] > 1) & (larger > 0)
    return np.where(known, (nearest - within) / np.where(larger > 0, larger, 1), 0.0)
