"""How many segments: inertia and silhouette of every k, the knee, how far apart segments are, last week's k.

Here: the curve and the rule. Not here: the Lloyd iterations (clustering.py).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from persona_pipeline.segmentation.clustering import Clustering, Labels, Matrix, assign, kmeans

# from the knee on: silhouette alone favours two clusters on almost any data, so only these are compared
AFTER_KNEE = 2
# Ashman's D of the two halves of one bell curve is 2.65; of two bell curves 3.5 apart a twenty-fifth overlaps
APART = 3.5


@dataclass(frozen=True, slots=True)
class Tried:
    """One k: its clustering of the sample, and both criteria."""

    k: int
    clustering: Clustering
    inertia: float
    silhouette: float


@dataclass(frozen=True, slots=True)
class Curve:
    """All k that were tried, in order; `inertia_of_one` is the inertia around the mean (k = 1).

    `rows` are the sample that was clustered, `judged` those on which silhouettes are measured, `distances`
    the ones between them.
    """

    tried: tuple[Tried, ...]
    inertia_of_one: float
    knee: int
    rows: Matrix
    judged: Matrix
    distances: NDArray[np.float64]

    def at(self, k: int) -> Tried:
        """The k of that number."""
        return next(one for one in self.tried if one.k == k)

    def silhouette_of(self, labels: Labels, k: int) -> float:
        """Mean silhouette of any segments of the judged rows."""
        return silhouette(self.distances, labels, k)


def trace_curve(
    matrix: Matrix, k_range: range, rng: np.random.Generator, *, sample: int, silhouette_sample: int
) -> Curve:
    """Cluster into every k; inertia on all rows, silhouette on at most `silhouette_sample` rows."""
    rows = draw(matrix, sample, rng)
    judged = draw(rows, silhouette_sample, rng)
    distances = pairwise(judged)
    tried = []
    for k in k_range:
        found = kmeans(rows, k, rng, starts=2)
        inertia = found.inertia if rows is matrix else assign(matrix, found.centroids).inertia
        labels = found.labels if judged is rows else assign(judged, found.centroids).labels
        tried.append(Tried(k, found, inertia, silhouette(distances, labels, k)))
    one = float(((matrix.astype(np.float64) - matrix.mean(axis=0, dtype=np.float64)) ** 2).sum())
    knee = knee_of((1, *k_range), (one, *(item.inertia for item in tried)))
    return Curve(tuple(tried), one, knee, rows, judged, distances)


def choose_k(curve: Curve, last_k: int | None, margin: float, separation: Callable[[int], float]) -> int:
    """The most segments, from the knee to two beyond, of which no two overlap; else the best silhouette.

    Args:
        curve: what was tried.
        last_k: k in force, if any. It stays while its segments are apart, with half of `margin` either way,
            or while no silhouette is higher by more than `margin`.
        margin: a share.
        separation: of a k that was tried, Ashman's D of its two closest segments.
    """
    near = [one for one in curve.tried if curve.knee <= one.k <= curve.knee + AFTER_KNEE] or curve.tried
    last = next((one for one in curve.tried if one.k == last_k), None)
    holds = last is not None and separation(last.k) >= (1 - margin / 2) * APART
    least = (1 + margin / 2) * APART if holds else APART
    most = max((one.k for one in near if separation(one.k) >= least), default=0)
    if last is not None and holds and last.k >= most:
        return last.k
    if most:
        return most
    best = max(near, key=lambda one: (one.silhouette, -one.k))
    if last is not None and best.silhouette <= last.silhouette + margin * abs(last.silhouette):
        return last.k
    return best.k


def knee_of(ks: tuple[int, ...], inertia: tuple[float, ...]) -> int:
    """The k farthest below the chord of the curve.

    Source: Satopaa et al. 2011, "Finding a 'kneedle' in a haystack", without smoothing.
    """
    x = (np.array(ks) - ks[0]) / max(ks[-1] - ks[0], 1)
    y = np.array(inertia)
    fallen = (y[0] - y) / max(y[0] - y[-1], 1e-300)
    inner = slice(1, None)
    return int(np.array(ks)[inner][np.argmax((fallen - x)[inner])])


def silhouette(distances: NDArray[np.float64], labels: Labels, k: int) -> float:
    """Mean silhouette from a distance matrix; 0 if there are fewer than two clusters.

    A row alone in its cluster counts 0.

    Source: Rousseeuw 1987, "Silhouettes: a graphical aid".
    """
    member = (labels[:, None] == np.arange(k)).astype(np.float64)
    counts = member.sum(axis=0)
    used = counts > 0
    if used.sum() < 2:  # noqa: PLR2004 - the definition needs another cluster
        return 0.0
    sums = distances @ member
    own = np.arange(len(labels)), labels
    within = sums[own] / np.maximum(counts[labels] - 1, 1)
    between = np.where(used, sums / np.maximum(counts, 1), np.inf)
    between[own] = np.inf
    nearest = between.min(axis=1)
    larger = np.maximum(within, nearest)
    values = np.where(
        (counts[labels] > 1) & (larger > 0), (nearest - within) / np.where(larger > 0, larger, 1), 0.0
    )
    return float(values.mean())


def pairwise(rows: Matrix) -> NDArray[np.float64]:
    """Euclidean distances of all pairs, in 64 bit."""
    values = rows.astype(np.float64)
    norms = (values**2).sum(axis=1)
    squared = norms[:, None] + norms - 2 * (values @ values.T)
    np.fill_diagonal(squared, 0)
    return np.sqrt(np.maximum(squared, 0))


def draw(matrix: Matrix, limit: int, rng: np.random.Generator) -> Matrix:
    """At most `limit` rows, in their order; the same array when there are no more."""
    if len(matrix) <= limit:
        return matrix
    return matrix[np.sort(rng.choice(len(matrix), size=limit, replace=False))]
