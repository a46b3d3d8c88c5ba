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
from persona_pipeline.segmentation.clustering import Centroids, Clustering, Labels, Matrix, kmeans, lloyd
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
    options: SegmentationOptions,
    before: Before | None = None,
    categories: tuple[str, ...] = (),
) -> Fitted:
    """Segment the customers.

    Args:
        values: one row per customer in any order, one column per `options.features` (NaN where
            unknown), then one per category with the number of products bought.
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
        fitted = _fit(values[order], options, before, categories)
    return replace(fitted, labels=fitted.labels[np.argsort(order)])


def _fit(
    values: Matrix, options: SegmentationOptions, before: Before | None, categories: tuple[str, ...]
) -> Fitted:
    rng = np.random.default_rng(options.seed)
    scaler = build_scaler(len(options.features), len(categories))
    scaled = np.asarray(scaler.fit_transform(values), dtype=np.float32)
    different = len(np.unique(draw(scaled, options.sample, rng), axis=0))
    if different <= options.k_min:
        raise NotEnoughData(f"{different} different customers, more than {options.k_min} needed")
    ks = range(options.k_min, min(options.k_max, different - 1) + 1)
    curve = trace_curve(scaled, ks, rng, sample=options.sample, silhouette_sample=options.silhouette_sample)
    last_k = len(before.segmentation.keys) if before else None
    k = choose_k(curve, last_k, options.k_margin)
    found = _refine(scaled, curve, k, before, options.sample, rng)
    matched = _matched(found, before)
    order = np.array([one.cluster for one in matched])
    fitted = Clustering(found.centroids[order], np.argsort(order)[found.labels], found.inertia)
    pipeline = Pipeline([("scale", scaler), ("centroids", Centroids(fitted.k).keep(fitted.centroids))])
    means, base_means, differences = _profile(values, scaled, fitted, len(categories))
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
        float(np.quantile(pipeline.transform(values).min(axis=1), OUTLIER_QUANTILE)),
    )
    silhouette = curve.silhouette_of(fitted)
    return Fitted(
        segmentation,
        shown,
        tuple(matched),
        names,
        curve,
        fitted.labels,
        fitted.inertia,
        silhouette,
        bootstrap_stability(scaled, fitted, options.bootstrap, rng),
        means,
        base_means,
        differences,
        f"{len(values)} customers in {fitted.k} segments, tried {ks[0]} to {ks[-1]}: knee {curve.knee}, "
        f"silhouette {silhouette:.3f}, last week {last_k or 'none'}",
    )


def _refine(
    scaled: Matrix, curve: Curve, k: int, before: Before | None, sample: int, rng: np.random.Generator
) -> Clustering:
    """The best start on a sample, refined on all rows; last week's segments are the preferred start."""
    rows = draw(scaled, sample, rng)
    best = kmeans(rows, k, rng, starts=STARTS, given=(curve.at(k).clustering.centroids,))
    warm = _warm_start(scaled, k, before)
    if warm is not None:
        carried = lloyd(rows, warm)
        if carried.inertia <= (1 + WARM_START_MARGIN) * best.inertia:
            best = carried
    refined = best if rows is scaled else lloyd(scaled, best.centroids)
    used = np.flatnonzero(np.bincount(refined.labels, minlength=k))
    return Clustering(refined.centroids[used], np.searchsorted(used, refined.labels), refined.inertia)


def _warm_start(scaled: Matrix, k: int, before: Before | None) -> Matrix | None:
    """Means of last week's segments over today's customers, if there are k of them."""
    if before is None or before.labels is None:
        return None
    counts = np.bincount(before.labels, minlength=len(before.segmentation.keys))
    if len(counts) != k or not counts.all():
        return None
    return _means(scaled.astype(np.float64), before.labels, k).astype(np.float32)


def _matched(found: Clustering, before: Before | None) -> list[Matched]:
    if before is None or before.labels is None:
        return first_keys(found.labels, found.k, before.segmentation.highest_key if before else 0)
    last = before.segmentation
    return match_keys(before.labels, found.labels, last.keys, found.k, last.highest_key)


def _profile(
    values: Matrix, scaled: Matrix, fitted: Clustering, categories: int
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
    gap = _means(behaviour, fitted.labels, fitted.k) - behaviour.mean(axis=0)
    differences = np.where(deviation > 0, gap / np.where(deviation > 0, deviation, 1), 0.0)
    everybody = np.zeros(len(values), dtype=np.intp)
    return _means(shown, fitted.labels, fitted.k), _means(shown, everybody, 1)[0], differences


def _means(values: Matrix, labels: Labels, k: int) -> NDArray[np.float64]:
    """Mean of the known values, cluster x column; NaN where a cluster knows none."""
    known = ~np.isnan(values)
    filled = np.where(known, values, 0.0)
    sums = np.stack([np.bincount(labels, column, minlength=k) for column in filled.T], axis=1)
    counts = np.stack(
        [np.bincount(labels, column, minlength=k) for column in known.T.astype(np.float64)], axis=1
    )
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)
