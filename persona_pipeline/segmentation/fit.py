"""One week's segmentation from a matrix of behaviour, given what was in force before.

Here: the order of the steps: scale, choose k, refine, match keys, name. Not here: tables (fitting.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits

from persona_pipeline.segmentation.choice import Curve, choose_k, draw, trace_curve
from persona_pipeline.segmentation.clustering import (
    Centroids,
    Clustering,
    Labels,
    Matrix,
    assign,
    kmeans,
    lloyd,
)
from persona_pipeline.segmentation.discriminant import Discriminants, discriminate, separation
from persona_pipeline.segmentation.matching import Matched, first_keys, match_keys
from persona_pipeline.segmentation.naming import CATEGORY_PREFIX, Name, name_segments
from persona_pipeline.segmentation.options import SegmentationOptions
from persona_pipeline.segmentation.scaling import build_scaler
from persona_pipeline.segmentation.stability import Stability, bootstrap_stability
from persona_pipeline.segmentation.storage import Segmentation

OUTLIER_QUANTILE = 0.99
# last week's centroids win over a new start that is better by less than this share of the inertia
WARM_START_MARGIN = 0.003
STARTS = 4
ESTABLISHED_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class Before:
    """What was in force: the model, the names of its segments, and where it puts today's customers."""

    segmentation: Segmentation
    names: Mapping[str, Name]
    labels: Labels | None  # None when its features are gone


@dataclass(frozen=True, slots=True)
class Fitted:
    """One week's result. Cluster i has key `segmentation.keys[i]`, row i of the arrays, and `matched[i]`."""

    segmentation: Segmentation
    features: tuple[str, ...]  # of the profile: the declared ones and the category shares
    matched: tuple[Matched, ...]
    names: Mapping[str, Name]
    curve: Curve
    separations: Mapping[int, float]  # by k, of those that were compared
    labels: Labels
    inertia: float
    silhouette: float
    stability: Stability | None
    means: NDArray[np.float64]  # segments x features, in the feature's unit, NaN without any value
    base_means: NDArray[np.float64]
    differences: NDArray[np.float64]
    reason: str


class NotEnoughData(Exception):
    """Too few customers, or too few that differ; the message has the numbers."""


def fit_segments(
    values: Matrix,
    orders: Matrix,
    options: SegmentationOptions,
    before: Before | None = None,
    categories: tuple[str, ...] = (),
) -> Fitted:
    """Segment the customers.

    Args:
        values: one row per customer in any order, one column per `options.features` (NaN where
            unknown), then one per category with the number of products bought.
        orders: how many orders each customer has made in 365 days.
        options: how to fit.
        before: what was in force last week, if anything.
        categories: names of the category columns.

    Raises:
        NotEnoughData: fewer than `minimum_customers` rows, or not more different rows than `k_min`.
    """
    if len(values) < options.minimum_customers:
        raise NotEnoughData(f"{len(values)} customers with an order, {options.minimum_customers} needed")
    # random draws pick rows by number: ordered by what they hold, they do not depend on the pseudonyms
    order = np.lexsort(values.T[::-1])
    if before is not None and before.labels is not None:
        before = replace(before, labels=before.labels[order])
    # one thread: the last bits of a matrix product depend on how many threads share it
    with threadpool_limits(limits=1):
        fitted = _fit(values[order], orders[order], options, before, categories)
    return replace(fitted, labels=fitted.labels[np.argsort(order)])


def _fit(
    values: Matrix,
    orders: Matrix,
    options: SegmentationOptions,
    before: Before | None,
    categories: tuple[str, ...],
) -> Fitted:
    rng = np.random.default_rng(options.seed)
    scaler = build_scaler(len(options.features), len(categories))
    scaled = np.asarray(scaler.fit_transform(values), dtype=np.float32)
    least = established_orders(orders, options)
    learned = scaled[orders >= least]
    different = len(np.unique(draw(learned, options.sample, rng), axis=0))
    if different <= options.k_min:
        raise NotEnoughData(f"{different} different customers, more than {options.k_min} needed")
    ks = range(options.k_min, min(options.k_max, different - 1) + 1)
    curve = trace_curve(learned, ks, rng, sample=options.sample, silhouette_sample=options.silhouette_sample)
    last_k = len(before.segmentation.keys) if before else None
    apart: dict[int, float] = {}

    def how_far(k: int) -> float:
        if k not in apart:
            step, segments = discriminate(curve.rows, curve.at(k).clustering.labels)
            apart[k] = separation(step.transform(curve.rows), segments.labels)
        return apart[k]

    k = choose_k(curve, last_k, options.k_margin, how_far)
    warm = before.labels[orders >= least] if before and before.labels is not None else None
    projection, found = _refine(learned, curve, k, warm, options.sample, rng)
    centroids = Centroids(found.k).keep(found.centroids)
    pipeline = Pipeline([("scale", scaler), ("discriminants", projection), ("centroids", centroids)])
    distances = pipeline.transform(values)
    labels = distances.argmin(axis=1)
    matched = _matched(labels, found.k, before)
    order = np.array([one.cluster for one in matched])
    centroids.keep(found.centroids[order])
    number = np.argsort(order)
    labels = number[labels]
    means, base_means, differences = _profile(values, scaled, labels, len(categories))
    shown = (*options.features, *(f"{CATEGORY_PREFIX}{category}" for category in categories))
    keys = tuple(one.key for one in matched)
    names = name_segments(
        {
            key: dict(zip(shown, row.tolist(), strict=True))
            for key, row in zip(keys, differences, strict=True)
        },
        {key: name for key, name in (before.names if before else {}).items() if key in keys},
    )
    segmentation = Segmentation(
        pipeline,
        options.features,
        categories,
        keys,
        {key: list(name.evidence) for key, name in names.items()},
        max([int(key[1:]) for key in keys] + [before.segmentation.highest_key if before else 0]),
        float(np.quantile(distances.min(axis=1), OUTLIER_QUANTILE)),
    )
    judged = assign(projection.transform(curve.judged), found.centroids).labels
    silhouette = curve.silhouette_of(judged, found.k)
    stability = bootstrap_stability(learned, found.labels, options.bootstrap, rng)
    apart[found.k] = separation(projection.transform(learned), found.labels)
    return Fitted(
        segmentation,
        shown,
        tuple(matched),
        names,
        curve,
        apart,
        labels,
        _inertia(learned, found.labels, found.k),
        silhouette,
        replace(stability, jaccard=stability.jaccard[order]) if stability else None,
        means,
        base_means,
        differences,
        f"{len(values)} customers in {found.k} segments, learned from {len(learned)} with {least} orders or "
        f"more; tried {ks[0]} to {ks[-1]}: knee {curve.knee}, separation {apart[found.k]:.1f}, "
        f"silhouette {silhouette:.3f}, last week {last_k or 'none'}",
    )


def established_orders(orders: Matrix, options: SegmentationOptions) -> int:
    """The number of orders, `options.established_orders` or fewer, that half of the customers have made."""
    for least in range(options.established_orders, 0, -1):
        established = int((orders >= least).sum())
        if established >= max(options.minimum_customers, ESTABLISHED_SHARE * len(orders)):
            return least
    return 0


def _refine(
    learned: Matrix, curve: Curve, k: int, warm: Labels | None, sample: int, rng: np.random.Generator
) -> tuple[Discriminants, Clustering]:
    """The best start on a sample, then its discriminants, refined on all rows; the clustering is of these.

    Last week's segments are the preferred start.
    """
    rows = draw(learned, sample, rng)
    best = kmeans(rows, k, rng, starts=STARTS, given=(curve.at(k).clustering.centroids,))
    if warm is not None and len(np.unique(warm)) == int(warm.max()) + 1 == k:
        carried = lloyd(rows, _means(learned.astype(np.float64), warm, k).astype(np.float32))
        if carried.inertia <= (1 + WARM_START_MARGIN) * best.inertia:
            best = carried
    projection, found = discriminate(rows, best.labels)
    if rows is not learned:
        found = lloyd(projection.transform(learned), found.centroids)
    return projection, found


def _matched(labels: Labels, k: int, before: Before | None) -> list[Matched]:
    if before is None or before.labels is None:
        return first_keys(labels, k, before.segmentation.highest_key if before else 0)
    last = before.segmentation
    return match_keys(before.labels, labels, last.keys, k, last.highest_key)


def _inertia(matrix: Matrix, labels: Labels, k: int) -> float:
    values = matrix.astype(np.float64)
    return float(((values - _means(values, labels, k)[labels]) ** 2).sum())


def _profile(
    values: Matrix, scaled: Matrix, labels: Labels, categories: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Means by segment, means of all, and standardised differences of the scaled features."""
    features = values.shape[1] - categories
    counts = values[:, features:]
    totals = counts.sum(axis=1, keepdims=True)
    shares = np.where(totals > 0, counts / np.maximum(totals, 1), np.nan)
    shown = np.hstack([values[:, :features], shares])
    behaviour = np.hstack([scaled[:, :features], scaled[:, scaled.shape[1] - categories :]]).astype(
        np.float64
    )
    deviation = behaviour.std(axis=0)
    k = int(labels.max()) + 1
    gap = _means(behaviour, labels, k) - behaviour.mean(axis=0)
    differences = np.where(deviation > 0, gap / np.where(deviation > 0, deviation, 1), 0.0)
    everybody = np.zeros(len(values), dtype=np.intp)
    return _means(shown, labels, k), _means(shown, everybody, 1)[0], differences


def _means(values: Matrix, labels: Labels, k: int) -> NDArray[np.float64]:
    """Mean of the known values, cluster x column; NaN where a cluster knows none."""
    known = ~np.isnan(values)
    filled = np.where(known, values, 0.0)
    sums = np.stack([np.bincount(labels, column, minlength=k) for column in filled.T], axis=1)
    counts = np.stack(
        [np.bincount(labels, column, minlength=k) for column in known.T.astype(np.float64)], axis=1
    )
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)
