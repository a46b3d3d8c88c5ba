"""One small interface over all algorithms: customers to learn from in, segments and their steps out.

Here: which steps follow the scaler, which k is tried, and how the algorithm is run again on other customers.
Not here: scaling, names and keys (fit.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.base import BaseEstimator

from persona_pipeline.segmentation.choice import Curve, choose_k, curve_of, trace_curve
from persona_pipeline.segmentation.clustering import (
    Centroids,
    Clustering,
    Labels,
    Matrix,
    Segments,
    assign,
    draw,
    kmeans,
    lloyd,
    means_of,
)
from persona_pipeline.segmentation.criteria import Criteria, criteria_of
from persona_pipeline.segmentation.density import ROWS, Dbscan, Hdbscan
from persona_pipeline.segmentation.discriminant import Discriminants, discriminate, separation
from persona_pipeline.segmentation.hierarchical import LINKAGES, Hierarchical, merge_tree
from persona_pipeline.segmentation.neighbours import NOISE, NoSegments
from persona_pipeline.segmentation.options import NotEnoughData, SegmentationOptions
from persona_pipeline.segmentation.stability import Refit

# last week's centroids win over a new start that is better by less than this share of the inertia
WARM_START_MARGIN = 0.003
STARTS = 4


@dataclass(frozen=True, slots=True)
class Learned:
    """Segments of the customers that were learned from.

    `steps` follow the scaler; the last one places customers. `rows` are what `refit` learns from, `labels`
    their segments, -1 for noise.
    `judged` are those of `curve.judged`. `refit` learns from other rows, given the segments of these, and
    says where rows belong. `note` is what a reader of the result must know about how it came about.
    """

    steps: tuple[tuple[str, BaseEstimator], ...]
    rows: Matrix
    labels: Labels
    judged: Labels
    curve: Curve
    separations: Mapping[int, float]
    criteria: Mapping[int, Criteria]
    refit: Refit
    note: str = ""

    @property
    def segments(self) -> Segments:
        """The last step."""
        return self.steps[-1][1]  # type: ignore[return-value]

    @property
    def k(self) -> int:
        """Number of segments."""
        return int(self.labels.max()) + 1


def learn(
    rows: Matrix,
    options: SegmentationOptions,
    last_k: int | None,
    warm: Labels | None,
    rng: np.random.Generator,
) -> Learned:
    """Segment rows by the algorithm of the options, unless it is the mixture (mixing.py).

    Args:
        rows: scaled behaviour of the customers to learn from, ordered by what they hold.
        options: algorithm, k or its range.
        last_k: number of segments in force, if any.
        warm: last week's segments of the rows, for algorithms that can start from there.
        rng: of the draws.

    Raises:
        NotEnoughData: too few different rows, or no two segments.
    """
    if options.algorithm == "kmeans":
        return _by_kmeans(rows, options, last_k, warm, rng)
    if options.algorithm in LINKAGES:
        return _by_tree(rows, options, last_k, rng)
    return _by_density(rows, options, rng)


def grid(options: SegmentationOptions, different: int) -> list[int]:
    """The k to try: the range of the options and the fixed k, below the number of different rows."""
    least = options.k or options.k_min
    if different <= least:
        raise NotEnoughData(f"{different} different customers, more than {least} needed")
    ks = {*range(options.k_min, options.k_max + 1), *([options.k] if options.k else [])}
    return sorted(k for k in ks if k < different)


def _by_kmeans(
    rows: Matrix,
    options: SegmentationOptions,
    last_k: int | None,
    warm: Labels | None,
    rng: np.random.Generator,
) -> Learned:
    """k-means, its centroids moved by discriminants (discriminant.py) until both agree."""
    ks = grid(options, len(np.unique(draw(rows, options.sample, rng), axis=0)))
    curve = trace_curve(rows, ks, rng, sample=options.sample, silhouette_sample=options.silhouette_sample)
    apart: dict[int, float] = {}

    def how_far(k: int) -> float:
        if k not in apart:
            step, segments = discriminate(curve.rows, curve.at(k).clustering.labels)
            apart[k] = separation(step.transform(curve.rows), segments.labels)
        return apart[k]

    k = options.k or choose_k(curve, last_k, options.k_margin, how_far)
    projection, found = _refine(rows, curve, k, warm, options.sample, rng)
    apart[found.k] = separation(projection.transform(rows), found.labels)

    def refit(drawn: Matrix, labels: Labels) -> Callable[[Matrix], Labels]:
        # started from the segments: what other customers would change, not what another random start would
        again, segments = discriminate(drawn, labels)
        return lambda others: assign(again.transform(others), segments.centroids).labels

    return Learned(
        (("discriminants", projection), ("centroids", Centroids(found.k).keep(found.centroids))),
        rows,
        found.labels,
        assign(projection.transform(curve.judged), found.centroids).labels,
        curve,
        apart,
        criteria_of(curve, divide, lloyd_again, resamples=options.bootstrap, seed=options.seed),
        refit,
    )


def divide(rows: Matrix, ks: Sequence[int], rng: np.random.Generator) -> Iterable[Labels]:
    """k-means into each k, as `criteria_of` takes it."""
    return [kmeans(rows, k, rng, starts=1).labels for k in ks]


def lloyd_again(drawn: Matrix, labels: Labels) -> Callable[[Matrix], Labels]:
    """k-means alone, as every k was tried, from the means of the clusters."""
    used, labels = np.unique(labels, return_inverse=True)
    found = lloyd(drawn, means_of(drawn, labels, len(used)).astype(drawn.dtype))
    return lambda others: found.of(others).labels


def _refine(
    learned: Matrix, curve: Curve, k: int, warm: Labels | None, sample: int, rng: np.random.Generator
) -> tuple[Discriminants, Clustering]:
    """The best start on a sample, then its discriminants, refined on all rows; the clustering is of these.

    Last week's segments are the preferred start.
    """
    rows = draw(learned, sample, rng)
    best = kmeans(rows, k, rng, starts=STARTS, given=(curve.at(k).clustering.centroids,))
    if warm is not None and len(np.unique(warm)) == int(warm.max()) + 1 == k:
        carried = lloyd(rows, means_of(learned.astype(np.float64), warm, k).astype(np.float32))
        if carried.inertia <= (1 + WARM_START_MARGIN) * best.inertia:
            best = carried
    projection, found = discriminate(rows, best.labels)
    if rows is not learned:
        found = lloyd(projection.transform(learned), found.centroids)
    return projection, found


def _by_tree(
    rows: Matrix, options: SegmentationOptions, last_k: int | None, rng: np.random.Generator
) -> Learned:
    """One merge tree, cut at every k."""
    tree = merge_tree(rows, options.algorithm, options.seed)
    ks = grid(options, len(np.unique(tree.points, axis=0)))
    cuts = {k: tree.cut(k)[tree.point_of] for k in ks}
    curve = curve_of(rows, cuts, rng, sample=options.sample, silhouette_sample=options.silhouette_sample)
    # by the silhouette alone: a cut that takes a few odd customers off is far apart, and means nothing
    k = options.k or choose_k(curve, last_k, options.k_margin, lambda _: 0.0)
    step = Hierarchical(k, options.algorithm, options.seed).keep_cut(rows, tree)
    stands_on = "" if tree.is_exact else f"{len(tree.points)} k-means micro-centroids of "

    def cut_each(others: Matrix, ks: Sequence[int], _: np.random.Generator) -> Iterable[Labels]:
        grown = merge_tree(others, options.algorithm, options.seed)
        return [grown.cut(each) for each in ks]

    def cut_again(drawn: Matrix, labels: Labels) -> Callable[[Matrix], Labels]:
        return Hierarchical(len(np.unique(labels)), options.algorithm, options.seed).fit(drawn).predict

    note = f"{options.algorithm} linkage of {stands_on}{len(rows)} customers"
    return Learned(
        (("segments", step),),
        rows,
        step.labels_,
        step.predict(curve.judged),
        curve,
        {k: _apart(curve.rows, curve.at(k).clustering.labels)},
        criteria_of(curve, cut_each, cut_again, resamples=options.bootstrap, seed=options.seed),
        _again(lambda: Hierarchical(k, options.algorithm, options.seed)),
        note,
    )


def _by_density(rows: Matrix, options: SegmentationOptions, rng: np.random.Generator) -> Learned:
    """Dense regions of a sample; everybody else joins them or is an outlier."""
    sample = rows
    if len(rows) > ROWS:
        # rows are ordered by what they hold: every n-th is a sample stratified by the first features
        sample = rows[np.linspace(0, len(rows) - 1, ROWS).round().astype(np.intp)]
    step: Dbscan | Hdbscan = Dbscan() if options.algorithm == "dbscan" else Hdbscan()
    try:
        step.fit(sample)
    except NoSegments as error:
        raise NotEnoughData(f'{options.algorithm}: {error}; algorithm = "kmeans" finds segments') from error
    k = int(step.labels_.max()) + 1
    if k < 2:  # noqa: PLR2004 - one segment tells nobody apart
        raise NotEnoughData(
            f"{options.algorithm} finds one dense region in {len(sample)} customers, two needed; "
            'algorithm = "kmeans" divides it'
        )
    labels = step.predict(rows)
    inside = rows[labels != NOISE]
    curve = curve_of(
        inside,
        {k: labels[labels != NOISE]},
        rng,
        sample=options.sample,
        silhouette_sample=options.silhouette_sample,
    )
    again: Callable[[], Segments] = Hdbscan
    note = f"hdbscan on {len(sample)} customers"
    if isinstance(step, Dbscan):
        eps, least = step.eps_, step.min_samples_
        again = lambda: Dbscan(eps, least)  # noqa: E731 - the other branch is a class
        note = f"dbscan on {len(sample)} customers, eps {eps:.3g}, {least} neighbours"
    return Learned(
        (("segments", step),),
        rows,
        labels,
        step.predict(curve.judged),
        curve,
        {k: _apart(curve.rows, curve.at(k).clustering.labels)},
        criteria_of(curve, None, _again(again), resamples=options.bootstrap, seed=options.seed),
        _again(again),
        f"{note}, {np.mean(labels == NOISE):.1%} outliers",
    )


def _apart(rows: Matrix, labels: Labels) -> float:
    return separation(Discriminants().fit(rows, labels).transform(rows), labels)


def _again(make: Callable[[], Segments]) -> Refit:
    """Learning anew; what is learned from and the parameters are all that counts."""

    def refit(drawn: Matrix, labels: Labels) -> Callable[[Matrix], Labels]:
        try:
            learned = make().fit(drawn)
        except NoSegments:  # an answer: nobody belongs to any
            return lambda others: np.full(len(others), NOISE)
        return lambda others: learned.place(others).labels

    return refit
