"""What else is known of each number of segments: Davies-Bouldin, Calinski-Harabasz, gap, stability.

Here: the indices beside inertia and silhouette, on the same grid, and which k each of them prefers. They are
kept and shown. Not here: the rule that decides (choice.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import calinski_harabasz_score, davies_bouldin_score

from persona_pipeline.segmentation.choice import Curve
from persona_pipeline.segmentation.clustering import Labels, Matrix, draw_rows, inertia_of
from persona_pipeline.segmentation.stability import Refit, bootstrap_stability

# of rows for the gap and the stability of every k: a hundred clusterings of each
ROWS = 500
REFERENCES = 10
AS_STABLE = 0.01

Cluster = Callable[[Matrix, Sequence[int], np.random.Generator], Iterable[Labels]]


@dataclass(frozen=True, slots=True)
class Criteria:
    """The indices of one k; None where an index says nothing, as most of them of k = 1."""

    davies_bouldin: float | None = None
    calinski_harabasz: float | None = None
    gap: float | None = None
    gap_error: float | None = None
    stability: float | None = None
    icl: float | None = None


def criteria_of(
    curve: Curve, cluster: Cluster | None, refit: Refit, *, resamples: int, seed: int
) -> dict[int, Criteria]:
    """The indices of every k that was tried, and of 1.

    Args:
        curve: what was tried.
        cluster: clusters rows into each k; None for algorithms that have no k, and so no gap.
        refit: learns again from rows and their clusters.
        resamples: bootstrap samples behind the stability of each k.
        seed: of the draws.
    """
    rng = np.random.default_rng([seed, 1])
    chosen = draw_rows(len(curve.rows), ROWS, rng)
    rows = curve.rows[chosen]
    gaps = gap_statistic(rows, [one.k for one in curve.tried], cluster, rng) if cluster else {}
    found = {1: Criteria(None, None, *gaps.get(1, (None, None)))}
    for one in curve.tried:
        labels = one.clustering.labels
        stability = bootstrap_stability(rows, labels[chosen], resamples, rng, refit)
        found[one.k] = Criteria(
            float(davies_bouldin_score(curve.rows, labels)),
            float(calinski_harabasz_score(curve.rows, labels)),
            *gaps.get(one.k, (None, None)),
            stability.ari if stability else None,
        )
    return found


def gap_statistic(
    rows: Matrix, ks: Sequence[int], cluster: Cluster, rng: np.random.Generator, references: int = REFERENCES
) -> dict[int, tuple[float, float]]:
    """Gap and its standard error by k, from k = 1; how much tighter clusters are than in uniform rows.

    References are uniform over a box along the principal axes of the rows.

    Source: Tibshirani, Walther and Hastie 2001, "Estimating the number of clusters in a data set via the gap
    statistic", section 4, choice (b).
    """
    centred = rows - rows.mean(axis=0)
    _, _, axes = np.linalg.svd(centred.astype(np.float64), full_matrices=False)
    turned = centred @ axes.T
    low, high = turned.min(axis=0), turned.max(axis=0)
    own = _log_within(rows, ks, cluster, rng)
    uniform = np.array(
        [
            _log_within(rng.uniform(low, high, turned.shape).astype(rows.dtype), ks, cluster, rng)
            for _ in range(references)
        ]
    )
    gaps = uniform.mean(axis=0) - own
    errors = uniform.std(axis=0) * np.sqrt(1 + 1 / references)
    return {k: (float(gap), float(error)) for k, gap, error in zip((1, *ks), gaps, errors, strict=True)}


def _log_within(
    rows: Matrix, ks: Sequence[int], cluster: Cluster, rng: np.random.Generator
) -> NDArray[np.float64]:
    one = np.zeros(len(rows), dtype=np.intp)
    clusterings = [one, *cluster(rows, ks, rng)]
    within = [inertia_of(rows, labels, int(labels.max()) + 1) for labels in clusterings]
    return np.log(np.maximum(within, 1e-300))


def preferred(curve: Curve, criteria: Mapping[int, Criteria]) -> dict[str, int]:
    """The k that each criterion prefers; criteria without a value are absent."""
    silhouettes = {one.k: one.silhouette for one in curve.tried}
    found = {"knee": curve.knee, "silhouette": max(silhouettes, key=silhouettes.__getitem__)}
    for name, sign in (("davies_bouldin", -1), ("calinski_harabasz", 1), ("icl", -1)):
        values = {
            k: sign * value for k, each in criteria.items() if (value := getattr(each, name)) is not None
        }
        if values:
            found[name] = max(values, key=values.__getitem__)
    stable = {k: each.stability for k, each in criteria.items() if each.stability is not None}
    if stable:
        # few segments are always as stable as the right number of them
        found["stability"] = max(k for k, each in stable.items() if each >= max(stable.values()) - AS_STABLE)
    gaps = [
        (k, each.gap, each.gap_error or 0.0) for k, each in sorted(criteria.items()) if each.gap is not None
    ]
    for (k, gap, _), (_, following, error) in zip(gaps, gaps[1:], strict=False):
        if gap >= following - error:
            found["gap"] = k
            break
    return found
