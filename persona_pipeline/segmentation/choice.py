"""How many segments: inertia and silhouette of every k, the knee, how far apart segments are, last week's k.

Here: the curve and the rule. Not here: the Lloyd iterations (clustering.py).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from persona_pipeline.segmentation.clustering import (
    Clustering,
    Labels,
    Matrix,
    draw_rows,
    inertia_of,
    kmeans,
    means_of,
)
from persona_pipeline.segmentation.silhouette import silhouettes

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

    `rows` are the sample that was clustered, `judged` those of them on which silhouettes are measured, with
    `judged_at`, their numbers among all rows.
    """

    tried: tuple[Tried, ...]
    inertia_of_one: float
    knee: int
    rows: Matrix
    judged: Matrix
    judged_at: Labels

    def at(self, k: int) -> Tried:
        """The k of that number."""
        return next(one for one in self.tried if one.k == k)


def trace_curve(
    matrix: Matrix, ks: Sequence[int], rng: np.random.Generator, *, sample: int, silhouette_sample: int
) -> Curve:
    """Cluster into every k; inertia on all rows, silhouette on at most `silhouette_sample` rows."""
    chosen = draw_rows(len(matrix), sample, rng)
    judged = draw_rows(len(chosen), silhouette_sample, rng)
    rows = matrix if len(chosen) == len(matrix) else matrix[chosen]
    found = [kmeans(rows, k, rng, starts=2) for k in ks]
    inertia = [one.inertia if rows is matrix else one.of(matrix).inertia for one in found]
    labels = [one.labels[judged] for one in found]
    return _curve(matrix, rows, chosen[judged], ks, found, inertia, labels)


def curve_of(
    matrix: Matrix,
    cuts: Mapping[int, Labels],
    rng: np.random.Generator,
    *,
    sample: int,
    silhouette_sample: int,
) -> Curve:
    """The same figures of clusterings that were found otherwise: by k, the cluster of each row."""
    chosen = draw_rows(len(matrix), sample, rng)
    judged = chosen[draw_rows(len(chosen), silhouette_sample, rng)]
    found, inertia = [], []
    for k, labels in cuts.items():
        means = means_of(matrix.astype(np.float64), labels, k)
        inertia.append(inertia_of(matrix, labels, k))
        found.append(Clustering(means, labels[chosen], inertia[-1]))
    of_judged = [labels[judged] for labels in cuts.values()]
    return _curve(matrix, matrix[chosen], judged, tuple(cuts), found, inertia, of_judged)


def _curve(
    matrix: Matrix,
    rows: Matrix,
    judged_at: Labels,
    ks: Sequence[int],
    found: Sequence[Clustering],
    inertia: Sequence[float],
    labels: Sequence[Labels],
) -> Curve:
    judged = matrix[judged_at]
    seen = [float(each.mean()) for each in silhouettes(judged, labels)]
    tried = tuple(map(Tried, ks, found, inertia, seen))
    one = float(((matrix.astype(np.float64) - matrix.mean(axis=0, dtype=np.float64)) ** 2).sum())
    return Curve(tried, one, knee_of((1, *ks), (one, *inertia)), rows, judged, judged_at)


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
