"""One week's segmentation from a matrix of behaviour, given what was in force before.

Here: the order of the steps: scale, learn, match keys, name. Not here: the algorithms (algorithms.py), tables
(fitting.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits

from persona_pipeline.contracts.titles import CATEGORY_PREFIX, PRICE_BAND_PREFIX
from persona_pipeline.segmentation.algorithms import Learned, learn
from persona_pipeline.segmentation.choice import Curve
from persona_pipeline.segmentation.clustering import (
    Labels,
    Matrix,
    Placed,
    Segments,
    inertia_of,
    place,
)
from persona_pipeline.segmentation.criteria import Criteria
from persona_pipeline.segmentation.description import Description, describe
from persona_pipeline.segmentation.matching import Matched, Matching, Retired, first_keys, match_keys
from persona_pipeline.segmentation.mixing import learn_mixture
from persona_pipeline.segmentation.naming import Name, name_segments
from persona_pipeline.segmentation.neighbours import NOISE, NearestPoints
from persona_pipeline.segmentation.options import NotEnoughData, SegmentationOptions
from persona_pipeline.segmentation.rules import Rule, segment_rules
from persona_pipeline.segmentation.scaling import build_scaler
from persona_pipeline.segmentation.silhouette import mean_silhouette
from persona_pipeline.segmentation.stability import Stability, bootstrap_stability
from persona_pipeline.segmentation.storage import Segmentation

OUTLIER_QUANTILE = 0.99
ESTABLISHED_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class Before:
    """What was in force: the model, the names of its segments, and where it puts today's customers."""

    segmentation: Segmentation
    names: Mapping[str, Name]
    labels: Labels | None  # None when its features are gone; -1 for customers in no segment
    strangers: NDArray[np.bool_] | None = None  # farther from their segment than the model's outliers


@dataclass(frozen=True, slots=True)
class Fitted:
    """One week's result. Cluster i has key `segmentation.keys[i]`, row i of the arrays, and `matched[i]`."""

    segmentation: Segmentation
    features: tuple[str, ...]  # of the profile: the declared ones and the category shares
    matched: tuple[Matched, ...]
    retired: tuple[Retired, ...]
    names: Mapping[str, Name]
    curve: Curve
    separations: Mapping[int, float]  # by k, of those that were compared
    criteria: Mapping[int, Criteria]
    labels: Labels
    inertia: float
    silhouette: float
    stability: Stability | None
    described: Description
    rules: list[list[Rule]]
    reason: str


def fit_segments(
    values: Matrix,
    options: SegmentationOptions,
    before: Before | None = None,
    categories: tuple[str, ...] = (),
) -> Fitted:
    """Segment the customers.

    Args:
        values: one row per customer in any order, one column per `options.features` (NaN where
            unknown), the number of orders in 365 days, then with categories the number of products bought in
            each of them, and in each band of price.
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
        strangers = None if before.strangers is None else before.strangers[order]
        before = replace(before, labels=before.labels[order], strangers=strangers)
    # one thread: the last bits of a matrix product depend on how many threads share it
    with threadpool_limits(limits=1):
        fitted = _fit(values[order], options, before, categories)
    return replace(fitted, labels=fitted.labels[np.argsort(order)])


def _fit(
    values: Matrix,
    options: SegmentationOptions,
    before: Before | None,
    categories: tuple[str, ...],
) -> Fitted:
    rng = np.random.default_rng(options.seed)
    features = len(options.features)
    # without the number of orders, which counts for what the features are worth
    groups = [size for size in (len(categories), values.shape[1] - features - 1 - len(categories)) if size]
    scaler = build_scaler(features, groups)
    scaled = np.asarray(scaler.fit_transform(values), dtype=np.float32)
    orders = values[:, features]
    least = established_orders(orders, options)
    last_k = len(before.segmentation.keys) if before else None
    last = before.labels if before else None
    if options.algorithm == "mixture":
        learning = np.ones(len(values), dtype=bool)
        learned = learn_mixture(values, scaled, orders >= least, groups, options, last_k, last, rng)
        pipeline = Pipeline(list(learned.steps))
        least = int(orders.min())
    else:
        learning = orders >= least
        learned = learn(scaled[learning], options, last_k, None if last is None else last[learning], rng)
        pipeline = Pipeline([("scale", scaler), *learned.steps])
    placed = place(pipeline, values)
    matching = _matching(placed.labels, learned.k, before)
    matched = matching.matched
    order = np.array([one.cluster for one in matched])
    learned.segments.renumber(order)
    labels = np.append(np.argsort(order), NOISE)[placed.labels]
    unscaled = _shown(values, features, groups)
    # without the indicators of missing values between features and products
    of_shown = np.r_[:features, scaled.shape[1] - sum(groups) : scaled.shape[1]]
    described = describe(unscaled, scaled[:, of_shown], labels, placed.distances[:, order])
    shown = (
        *options.features,
        *(f"{CATEGORY_PREFIX}{category}" for category in categories),
        *(f"{PRICE_BAND_PREFIX}{band}" for size in groups[1:] for band in range(1, size + 1)),
    )
    keys = tuple(one.key for one in matched)
    names = name_segments(
        {
            key: dict(zip(shown, row.tolist(), strict=True))
            for key, row in zip(keys, described.differences, strict=True)
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
        _usual_distance(learned.segments, placed),
    )
    silhouette = mean_silhouette(learned.curve.judged, learned.judged)
    stability = bootstrap_stability(learned.rows, learned.labels, options.bootstrap, rng, learned.refit)
    apart = learned.separations
    return Fitted(
        segmentation,
        shown,
        matched,
        matching.retired,
        names,
        learned.curve,
        apart,
        learned.criteria,
        labels,
        inertia_of(
            scaled[learning][learned.labels != NOISE], learned.labels[learned.labels != NOISE], learned.k
        ),
        silhouette,
        replace(stability, jaccard=stability.jaccard[order]) if stability else None,
        described,
        segment_rules(unscaled, labels, shown, options.seed),
        _reason(len(values), int(learning.sum()), least, learned, silhouette, last_k),
    )


def _usual_distance(segments: Segments, placed: Placed) -> float:
    """From which distance on a customer is an outlier."""
    if isinstance(segments, NearestPoints):
        return segments.usual_
    return float(np.quantile(placed.distances.min(axis=1), OUTLIER_QUANTILE))


def _reason(
    customers: int, rows: int, least: int, learned: Learned, silhouette: float, last_k: int | None
) -> str:
    ks, curve = [one.k for one in learned.curve.tried], learned.curve
    clauses = [
        f"{customers} customers in {learned.k} segments, learned from {rows} with {least} orders or more",
        *([learned.note] if learned.note else []),
        (f"tried {ks[0]} to {ks[-1]}: knee {curve.knee}, " if len(ks) > 1 else "")
        + f"separation {learned.separations[learned.k]:.1f}, silhouette {silhouette:.3f}, "
        f"last week {last_k or 'none'}",
    ]
    return "; ".join(clauses)


def established_orders(orders: Matrix, options: SegmentationOptions) -> int:
    """The number of orders, `options.established_orders` or fewer, that half of the customers have made."""
    for least in range(options.established_orders, 0, -1):
        established = int((orders >= least).sum())
        if established >= max(options.minimum_customers, ESTABLISHED_SHARE * len(orders)):
            return least
    return 0


def _matching(labels: Labels, k: int, before: Before | None) -> Matching:
    if before is None or before.labels is None:
        last = before.segmentation if before else None
        first = first_keys(labels, k, last.highest_key if last else 0)
        # who was in them cannot be said any more, as their features are gone
        return replace(first, retired=tuple(Retired(key, None, 0) for key in (last.keys if last else ())))
    last = before.segmentation
    return match_keys(before.labels, labels, last.keys, k, last.highest_key, before.strangers)


def _shown(values: Matrix, features: int, groups: Sequence[int]) -> Matrix:
    """The features as a reader knows them: of groups of products the shares, NaN for who bought none."""
    parts, start = [values[:, :features]], features + 1
    for size in groups:
        counts = values[:, start : start + size]
        totals = counts.sum(axis=1, keepdims=True)
        parts.append(np.where(totals > 0, counts / np.maximum(totals, 1), np.nan))
        start += size
    return np.hstack(parts)
