"""Segments by a mixture: how many there are, where the search starts, and what the fit stands on.

Here: k-means of established customers as the start for every k, the choice by the integrated completed
likelihood, last week's segments as the preferred start. Not here: the distributions (mixture.py).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from persona_pipeline.segmentation.algorithms import Learned, divide, grid, lloyd_again
from persona_pipeline.segmentation.choice import trace_curve
from persona_pipeline.segmentation.clustering import Labels, Matrix, assign, draw_rows, kmeans
from persona_pipeline.segmentation.criteria import criteria_of
from persona_pipeline.segmentation.discriminant import Discriminants, separation
from persona_pipeline.segmentation.distributions import Floats
from persona_pipeline.segmentation.evidence import Evidence
from persona_pipeline.segmentation.expectation import Tally
from persona_pipeline.segmentation.mixture import SETTLED, Mixture
from persona_pipeline.segmentation.options import NotEnoughData, SegmentationOptions

# on so many rows k is chosen
ROWS = 5_000
# last week's segments stay the start while a new one explains no more than this share better
WARM_SHARE = 0.01
# so long every start is followed before the best goes on: a search from one start often ends in the next best
FIRST_ROUNDS = 5
# for the choice of k: criteria of neighbours differ by a tenth per customer
ROUGHLY_SETTLED = 1e-3
# a refit on a resample starts from the segments: what other customers would change is seen at once
REFIT_ROUNDS = 15


def learn_mixture(
    values: Matrix,
    scaled: Matrix,
    established: NDArray[np.bool_],
    groups: Sequence[int],
    options: SegmentationOptions,
    last_k: int | None,
    last: Labels | None,
    rng: np.random.Generator,
) -> Learned:
    """Segment everybody by what they did.

    Args:
        values: customers x (features, orders, products by group), NaN where unknown.
        scaled: the same customers, scaled for distances.
        established: who has ordered often enough for k-means to start from.
        groups: sizes of the groups of products.
        options: k or its range, families of the features.
        last_k: number of segments in force, if any.
        last: last week's segments of the customers, -1 for none.
        rng: of the draws.

    Raises:
        NotEnoughData: too few different rows, or nothing that a mixture could weigh.
    """
    families = [options.families.get(name, "value") for name in options.features]
    evidence = Evidence(families, list(groups))
    rows = np.asarray(evidence.fit_transform(values), dtype=np.float64)
    blocks = evidence.blocks()
    if not blocks:
        raise NotEnoughData(
            f"features {', '.join(options.features)} are amounts, which a mixture leaves out; "
            'add a count or a share, or set algorithm = "kmeans"'
        )
    learned_at = np.flatnonzero(established)
    ks = grid(options, len(np.unique(scaled[established], axis=0)))
    curve = trace_curve(
        scaled[established], ks, rng, sample=options.sample, silhouette_sample=options.silhouette_sample
    )
    chosen = draw_rows(len(rows), options.sample, rng)
    few = chosen[draw_rows(len(chosen), ROWS, rng)]
    if last is not None and len(np.unique(last[last >= 0])) < (last_k or 0):
        last = None  # a segment without a customer is no start
    search = _Search(rows, few, blocks, last_k if last is not None else None, last, options.k is not None)
    for k in reversed(ks):
        seeds = [curve.at(k).clustering.centroids, kmeans(curve.rows, k, rng, starts=1).centroids]
        search.search(k, [assign(scaled[few], each).labels for each in seeds])
    k = options.k or _chosen_k(
        {k: each.icl_ for k, each in search.tried.items()}, search.one.icl_, last_k, options.k_margin
    )
    step = search.fitted(k, chosen)
    if step.k < 2:  # noqa: PLR2004 - one segment tells nobody apart
        raise NotEnoughData(f"{len(rows)} customers differ in nothing that a mixture can weigh")
    placed = step.place(rows)

    def refit(drawn: Matrix, labels: Labels) -> Callable[[Matrix], Labels]:
        return Mixture(step.k, blocks).fit_from(drawn, labels, REFIT_ROUNDS).predict

    criteria = criteria_of(curve, divide, lloyd_again, resamples=options.bootstrap, seed=options.seed)
    icl = {1: search.one.icl_, **{k: each.icl_ for k, each in search.tried.items()}}
    with_icl = {number: replace(each, icl=icl.get(number)) for number, each in criteria.items()}
    return Learned(
        (("evidence", evidence), ("segments", step)),
        rows,
        placed.labels,
        placed.labels[learned_at[curve.judged_at]],
        curve,
        {step.k: _apart(scaled, chosen, placed.labels)},
        with_icl,
        refit,
        f"mixture of what {len(chosen)} customers did, integrated completed likelihood of {len(few)}",
    )


class _Search:
    """Mixtures of some of the rows, by the number of their segments, each from the best of its starts."""

    def __init__(
        self,
        rows: Matrix,
        few: Labels,
        blocks: Sequence[tuple],
        last_k: int | None,
        last: Labels | None,
        keep_all: bool,
    ) -> None:
        self.rows, self.few, self.blocks, self.last_k, self.last = rows, few, blocks, last_k, last
        self.keep_all = keep_all
        self.tally = Mixture(1, blocks).tally(rows[few])
        self.one = Mixture(1, blocks).fit_from(self.tally, np.zeros(len(few), dtype=np.intp))
        self.tried: dict[int, Mixture] = {}

    def search(self, k: int, guesses: Sequence[Labels]) -> None:
        """Fit k segments, from guesses and from what k + 1 segments are with two of them made one."""
        merged = [_merged(self.tried[k + 1].probability(self.tally))] if k + 1 in self.tried else []
        begun = [
            Mixture(k, self.blocks).fit_from(self.tally, each, FIRST_ROUNDS, keep_all=self.keep_all)
            for each in (*guesses, *merged)
        ]
        best = max(begun, key=lambda each: (self.keep_all and each.k, each.likelihood_))
        self.tried[k] = self._fitted(k, best, self.tally, self.few, ROUGHLY_SETTLED)

    def fitted(self, k: int, at: Labels) -> Mixture:
        """Fit k segments to the rows of these numbers, from those found; last week's are preferred."""
        return self._fitted(k, self.tried[k], Mixture(k, self.blocks).tally(self.rows[at]), at, SETTLED)

    def _fitted(self, k: int, start: Mixture, tally: Tally, at: Labels, settled: float) -> Mixture:
        found = Mixture(k, self.blocks).fit_from(tally, start, settled=settled, keep_all=self.keep_all)
        if self.last is None or k != self.last_k:
            return found
        carried = Mixture(k, self.blocks).fit_from(
            tally, self.last[at], settled=settled, keep_all=self.keep_all
        )
        explained = found.likelihood_ - self.one.likelihood_ * len(at) / len(self.few)
        return carried if found.likelihood_ - carried.likelihood_ <= WARM_SHARE * explained else found


def _merged(probability: Floats) -> Labels:
    """Segments of the rows with those two made one that take the most customers from each other.

    Args:
        probability: of each segment, rows x segments.
    """
    shared = probability.T @ probability
    sizes = np.maximum(probability.sum(axis=0), 1e-12)
    overlap = np.triu(shared / np.minimum(sizes[:, None], sizes), 1)
    one, other = np.unravel_index(overlap.argmax(), overlap.shape)
    labels = probability.argmax(axis=1)
    labels[labels == other] = one
    return np.unique(labels, return_inverse=True)[1]


def _chosen_k(icl: Mapping[int, float], of_one: float, last_k: int | None, margin: float) -> int:
    """The k of the lowest criterion; last week's stays while another explains little more than it.

    Little is half of `margin` of what the best k gains over one segment.
    """
    best = min(icl, key=lambda k: (icl[k], k))
    if last_k is not None and last_k in icl and icl[last_k] - icl[best] <= margin / 2 * (of_one - icl[best]):
        return last_k
    return best


def _apart(scaled: Matrix, chosen: Labels, labels: Labels) -> float:
    used, renumbered = np.unique(labels[chosen], return_inverse=True)
    if len(used) < 2:  # noqa: PLR2004 - of a pair
        return 0.0
    rows = scaled[chosen]
    return separation(Discriminants().fit(rows, renumbered).transform(rows), renumbered)
