"""The few directions in which the segments lie apart, found together with the segments.

Here: linear discriminants and nearest centroids in turn (LDA-Km). k-means alone weighs every scaled feature
the same; where many features say nothing about how customers differ, they blur the border between segments.
Not here: the start of the search (clustering.py).
"""

from __future__ import annotations

import numpy as np
import scipy.linalg
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.covariance import ledoit_wolf

from persona_pipeline.segmentation.clustering import Clustering, Labels, Matrix, assign

ROUNDS = 20
# fewer changes than this share of the rows end the search
SETTLED = 1e-3
# of the mean variance within segments: keeps the covariance regular where features repeat each other
RIDGE = 1e-6


class Discriminants(TransformerMixin, BaseEstimator):
    """Linear discriminants; distances between projected rows are in standard deviations within segments."""

    def fit(self, X: ArrayLike, y: Labels) -> Discriminants:
        """Learn at most k - 1 directions from rows and their segments 0 .. k - 1, all of them in use.

        The covariance within segments is shrunk as in Ledoit and Wolf 2004, "A well-conditioned estimator
        for large-dimensional covariance matrices".
        """
        values = np.asarray(X, dtype=np.float64)
        k, columns = int(y.max()) + 1, values.shape[1]
        means = _means(values, y, k)
        within = ledoit_wolf(values - means[y], assume_centered=True)[0]
        within += RIDGE * max(float(np.trace(within)) / columns, RIDGE) * np.eye(columns)
        gaps = means - values.mean(axis=0)
        between = (gaps * np.bincount(y, minlength=k)[:, None]).T @ gaps / len(values)
        last = columns - 1
        _, vectors = scipy.linalg.eigh(between, within, subset_by_index=(max(columns - k + 1, 0), last))
        self.components_: NDArray[np.float64] = np.ascontiguousarray(vectors.T[::-1])
        return self

    def transform(self, X: ArrayLike) -> Matrix:
        """Rows x directions. Not by matrix product, whose last bits depend on the size of the batch."""
        values = np.asarray(X, dtype=np.float64)
        return np.stack([(values * direction).sum(axis=1) for direction in self.components_], axis=1)


def discriminate(matrix: Matrix, start: Clustering) -> tuple[Discriminants, Clustering]:
    """Directions and segments that agree with each other, from a clustering of the rows of `matrix`.

    Returns:
        The directions, and the clustering of the projected rows. Empty segments of `start` are left out.

    Source: Ding and Li 2007, "Adaptive dimension reduction using discriminant analysis and k-means
    clustering".
    """
    labels = np.unique(start.labels, return_inverse=True)[1]
    k = int(labels.max()) + 1
    rounds = 0
    while True:
        rounds += 1
        projection = Discriminants().fit(matrix, labels)
        projected = projection.transform(matrix)
        found = assign(projected, _means(projected, labels, k))
        used, renumbered = np.unique(found.labels, return_inverse=True)
        settled = len(used) == k and float((renumbered != labels).mean()) < SETTLED
        labels, k = renumbered, len(used)
        if settled or rounds == ROUNDS:
            return projection, Clustering(_means(projected, labels, k), labels, found.inertia)


def _means(values: Matrix, labels: Labels, k: int) -> NDArray[np.float64]:
    sums = np.stack([np.bincount(labels, column, minlength=k) for column in values.T], axis=1)
    return sums / np.bincount(labels, minlength=k)[:, None]
