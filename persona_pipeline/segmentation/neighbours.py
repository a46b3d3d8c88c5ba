"""Segments that are no balls around a mean: a customer belongs where the nearest learned customer does.

Here: the last step of the pipeline for every algorithm but k-means, and its exact search in blocks. Not here:
how segments are found (hierarchical.py, density.py).
"""

from __future__ import annotations

from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClusterMixin, TransformerMixin
from sklearn.neighbors import NearestNeighbors

from persona_pipeline.segmentation.clustering import Labels, Matrix, Placed, checked

NOISE = -1
# cells of the table of distances between a block of rows and all points: 64 MB
CELLS = 16_000_000


class NoSegments(ValueError):
    """The rows hold no dense region."""


class NearestPoints(ClusterMixin, TransformerMixin, BaseEstimator):
    """Fitted points with their segments; `place` says where rows belong.

    `points_` (m x d) are sorted by `segment_`; noise comes last, under the number of segments. `reach_`
    is how far from a point of each segment a row may lie to belong to it, `usual_` the distance within which
    99 % of the learned rows lie from another one of their segment.
    """

    points_: NDArray[np.float64]
    segment_: Labels
    reach_: NDArray[np.float64]
    usual_: float

    def keep(self, points: Matrix, labels: Labels, reach: NDArray[np.float64], usual: float) -> Self:
        """Take points and their segments (-1 for noise) as the fitted ones; equal points are kept once."""
        segment = np.where(labels == NOISE, len(reach), labels)
        rows = np.unique(np.column_stack([segment, np.asarray(points, dtype=np.float64)]), axis=0)
        self.segment_, self.points_ = rows[:, 0].astype(np.intp), np.ascontiguousarray(rows[:, 1:])
        self.reach_, self.usual_ = reach, usual
        return self

    def renumber(self, order: Labels) -> Self:
        """Segment `order[i]` becomes segment i."""
        number = np.append(np.argsort(order), len(order))
        labels = number[self.segment_]
        return self.keep(
            self.points_, np.where(labels == len(order), NOISE, labels), self.reach_[order], self.usual_
        )

    def place(self, X: ArrayLike) -> Placed:
        """Segment of each row, -1 where the nearest point is noise or out of reach, and all distances.

        The same bits for a row alone and in any batch: the float32 product only chooses which distances are
        computed.
        """
        values = np.asarray(X, dtype=np.float64)
        segments = int(self.segment_[-1]) + 1
        distances = np.empty((len(values), segments))
        step = max(CELLS // len(self.points_), 1)
        for start in range(0, len(values), step):
            distances[start : start + step] = self._nearest(values[start : start + step], segments)
        own = distances.argmin(axis=1)
        known = len(self.reach_)
        near = distances[:, :known]
        out = (own == known) | (near.min(axis=1) > self.reach_[np.minimum(own, known - 1)])
        return Placed(np.where(out, NOISE, own), near)

    def transform(self, X: ArrayLike) -> Matrix:
        """Distance to the nearest point of each segment, rows x segments."""
        return self.place(X).distances

    def predict(self, X: ArrayLike) -> Labels:
        """Segment of each row; -1 for noise."""
        return self.place(X).labels

    def _nearest(self, rows: Matrix, segments: int) -> Matrix:
        points, single = self.points_, self.points_.astype(np.float32)
        norms = (single**2).sum(axis=1)
        rough = norms - 2 * (rows.astype(np.float32) @ single.T)
        # of the norms and the product together: d roundings of terms no larger than (|x| + |y|)^2
        largest = np.sqrt(float(norms.max())) + np.sqrt((rows**2).sum(axis=1))
        slack = 8 * rows.shape[1] * np.finfo(np.float32).eps * largest**2
        found = np.empty((len(rows), segments))
        bounds = np.searchsorted(self.segment_, np.arange(segments + 1))
        for number, (first, last) in enumerate(zip(bounds[:-1], bounds[1:], strict=True)):
            part = rough[:, first:last]
            row, point = np.nonzero(part <= (part.min(axis=1) + slack)[:, None])
            squared = ((rows[row] - points[first + point]) ** 2).sum(axis=1)
            found[:, number] = np.minimum.reduceat(squared, np.searchsorted(row, np.arange(len(rows))))
        return np.sqrt(found)


def gaps_within(points: Matrix, labels: Labels) -> NDArray[np.float64]:
    """Distance of each point to the nearest other one of its segment; 0 for one alone, NaN for noise."""
    gaps = np.full(len(points), np.nan)
    for segment in np.unique(labels[labels != NOISE]):
        own = np.flatnonzero(labels == segment)
        gaps[own] = 0.0
        if len(own) > 1:
            search = NearestNeighbors(n_neighbors=1, algorithm="brute").fit(points[own])
            gaps[own] = search.kneighbors()[0][:, 0]
    return gaps


def learnable(X: ArrayLike) -> NDArray[np.float64]:
    """The rows as 64-bit numbers.

    Raises:
        ValueError: values are missing, or the rows are no matrix.
    """
    return np.asarray(checked(X), dtype=np.float64)
