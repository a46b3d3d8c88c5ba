"""k-means in numpy blocks: sample starts, full refinement, the same bits on every run.

Here: starts, Lloyd iterations, the fitted centroids as an estimator. Not here: how many clusters (choice.py).
scikit-learn's KMeans is not used: it adds the partial sums of its threads in the order in which they finish.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClusterMixin, TransformerMixin
from sklearn.pipeline import Pipeline

Matrix = NDArray[np.floating]
Labels = NDArray[np.intp]

BLOCK = 65_536
ITERATIONS = 100
TOLERANCE = 1e-4


@dataclass(frozen=True, slots=True)
class Clustering:
    """Centroids (k x d), the nearest one of each row, and the sum of squared distances to it."""

    centroids: Matrix
    labels: Labels
    inertia: float

    @property
    def k(self) -> int:
        """Number of clusters."""
        return len(self.centroids)

    def of(self, matrix: Matrix) -> Clustering:
        """The same centroids, other rows."""
        return assign(matrix, self.centroids)


@dataclass(frozen=True, slots=True)
class Placed:
    """Segment of each row (-1: none) and its distances to all segments, rows x segments.

    `confidence` is the probability of the segment, from algorithms that know probabilities.
    """

    labels: Labels
    distances: Matrix
    confidence: Matrix | None = None


class Segments(Protocol):
    """The last step of the pipeline, whatever the algorithm: it says where rows belong."""

    def fit(self, X: ArrayLike) -> Segments:
        """Learn segments from rows."""
        ...

    def place(self, X: ArrayLike) -> Placed:
        """Where rows belong."""
        ...

    def renumber(self, order: Labels) -> Segments:
        """Segment `order[i]` becomes segment i."""
        ...


def place(pipeline: Pipeline, values: ArrayLike) -> Placed:
    """Where a fitted pipeline, whose last step are segments, puts customers."""
    segments: Segments = pipeline.steps[-1][1]
    return segments.place(pipeline[:-1].transform(values))


class Centroids(ClusterMixin, TransformerMixin, BaseEstimator):
    """The last step of the pipeline: fitted centroids. `transform` gives distances, `predict` the nearest."""

    def __init__(self, n_clusters: int = 2, seed: int = 0) -> None:
        self.n_clusters = n_clusters
        self.seed = seed

    def fit(self, X: ArrayLike, y: object = None) -> Centroids:
        """Cluster the rows into `n_clusters`.

        Raises:
            ValueError: values are missing.
        """
        found = kmeans(checked(X), self.n_clusters, np.random.default_rng(self.seed), starts=10)
        return self.keep(found.centroids)

    def keep(self, centroids: Matrix) -> Centroids:
        """Take centroids found elsewhere as the fitted ones."""
        self.centroids_ = np.asarray(centroids, dtype=np.float64)
        return self

    def renumber(self, order: Labels) -> Centroids:
        """Centroid `order[i]` becomes centroid i."""
        return self.keep(self.centroids_[order])

    def place(self, X: ArrayLike) -> Placed:
        """The nearest centroid of each row and the distances to all."""
        distances = self.transform(X)
        return Placed(distances.argmin(axis=1), distances)

    def transform(self, X: ArrayLike) -> Matrix:
        """Distances, rows x clusters.

        Not by matrix product, whose last bits depend on the size of the batch.
        """
        values = np.asarray(X, dtype=np.float64)
        return np.stack([np.sqrt(((values - centre) ** 2).sum(axis=1)) for centre in self.centroids_], axis=1)

    def predict(self, X: ArrayLike) -> Labels:
        """Number of the nearest centroid; the lower number on a tie."""
        return self.place(X).labels


def checked(X: ArrayLike) -> Matrix:
    """A matrix that can be learned from.

    Raises:
        ValueError: values are missing or infinite, or it is no matrix.
    """
    values = np.asarray(X)
    if values.ndim != 2:  # noqa: PLR2004 - rows and columns
        raise ValueError(f"segments need rows x columns of numbers, got an array of shape {values.shape}")
    bad = ~np.isfinite(values)
    if bad.any():
        row, column = np.argwhere(bad)[0]
        raise ValueError(
            f"segments need a number everywhere: {int(bad.sum())} of {values.size} are missing or infinite, "
            f"the first in row {row}, column {column}; fill them before (scaling.py does)"
        )
    return values


def kmeans(
    matrix: Matrix,
    k: int,
    rng: np.random.Generator,
    *,
    starts: int = 3,
    given: tuple[Matrix, ...] = (),
    iterations: int = ITERATIONS,
) -> Clustering:
    """The best of several Lloyd runs, from k-means++ starts and from `given` centroids.

    Source: Arthur and Vassilvitskii 2007, "k-means++: the advantages of careful seeding".
    """
    runs = [lloyd(matrix, centroids, iterations) for centroids in given]
    runs += [lloyd(matrix, _plus_plus(matrix, k, rng), iterations) for _ in range(starts)]
    return min(runs, key=lambda run: run.inertia)


def lloyd(matrix: Matrix, centroids: Matrix, iterations: int = ITERATIONS) -> Clustering:
    """Refine centroids until no row changes its cluster or the centroids stand still."""
    centroids = np.array(centroids, dtype=matrix.dtype)
    tolerance = TOLERANCE * float(matrix.var(axis=0).mean())
    labels = np.full(len(matrix), -1, dtype=np.intp)
    for _ in range(iterations):
        before, labels = labels, np.empty(len(matrix), dtype=np.intp)
        sums = np.zeros(centroids.shape)
        for start in range(0, len(matrix), BLOCK):
            rows = matrix[start : start + BLOCK]
            nearest = _nearest(rows, centroids)
            labels[start : start + BLOCK] = nearest
            sums += (nearest == np.arange(len(centroids))[:, None]).astype(matrix.dtype) @ rows
        if np.array_equal(labels, before):
            break
        counts = np.bincount(labels, minlength=len(centroids))
        moved = (sums / np.maximum(counts, 1)[:, None]).astype(matrix.dtype)
        if not counts.all():
            moved[counts == 0] = _farthest(matrix, centroids, labels, int((counts == 0).sum()))
        shift = float(((moved - centroids) ** 2).sum())
        centroids = moved
        if shift <= tolerance:
            break
    return assign(matrix, centroids)


def assign(matrix: Matrix, centroids: Matrix) -> Clustering:
    """Labels and inertia of given centroids, one pass; the inertia is summed in 64 bit."""
    labels = np.empty(len(matrix), dtype=np.intp)
    inertia = 0.0
    for start in range(0, len(matrix), BLOCK):
        rows = matrix[start : start + BLOCK]
        nearest = _nearest(rows, centroids)
        labels[start : start + BLOCK] = nearest
        inertia += float(((rows.astype(np.float64) - centroids[nearest]) ** 2).sum())
    return Clustering(centroids, labels, inertia)


def draw(matrix: Matrix, limit: int, rng: np.random.Generator) -> Matrix:
    """At most `limit` rows, in their order; the same array when there are no more."""
    if len(matrix) <= limit:
        return matrix
    return matrix[draw_rows(len(matrix), limit, rng)]


def draw_rows(rows: int, limit: int, rng: np.random.Generator) -> Labels:
    """Numbers of at most `limit` of so many rows, in order."""
    if rows <= limit:
        return np.arange(rows)
    return np.sort(rng.choice(rows, size=limit, replace=False))


def inertia_of(matrix: Matrix, labels: Labels, k: int) -> float:
    """Sum of squared distances to the mean of the cluster, in 64 bit."""
    values = matrix.astype(np.float64)
    return float(((values - means_of(values, labels, k)[labels]) ** 2).sum())


def means_of(values: Matrix, labels: Labels, k: int) -> NDArray[np.float64]:
    """Mean of the known values, cluster x column; NaN where a cluster knows none."""
    known = ~np.isnan(values)
    filled = np.where(known, values, 0.0)
    sums = np.stack([np.bincount(labels, column, minlength=k) for column in filled.T], axis=1)
    counts = np.stack(
        [np.bincount(labels, column, minlength=k) for column in known.T.astype(np.float64)], axis=1
    )
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)


def _nearest(rows: Matrix, centroids: Matrix) -> Labels:
    return (rows @ centroids.T - (centroids**2).sum(axis=1) / 2).argmax(axis=1)


def _farthest(matrix: Matrix, centroids: Matrix, labels: Labels, count: int) -> Matrix:
    """The rows farthest from their centroid: where empty clusters start again."""
    distance = ((matrix - centroids[labels]) ** 2).sum(axis=1)
    return matrix[np.argsort(-distance, kind="stable")[:count]]


def _plus_plus(matrix: Matrix, k: int, rng: np.random.Generator) -> Matrix:
    """k-means++ with the best of 2 + ln k draws at each step."""
    trials = 2 + int(np.log(k))
    chosen = np.empty((k, matrix.shape[1]), dtype=matrix.dtype)
    chosen[0] = matrix[rng.integers(len(matrix))]
    norms = (matrix**2).sum(axis=1)
    nearest = _squared(matrix, norms, chosen[:1])[:, 0]
    for step in range(1, k):
        cumulated = np.cumsum(nearest, dtype=np.float64)
        draws = np.searchsorted(cumulated, rng.random(trials) * cumulated[-1]).clip(max=len(matrix) - 1)
        candidates = np.minimum(nearest[:, None], _squared(matrix, norms, matrix[draws]))
        best = int(candidates.sum(axis=0, dtype=np.float64).argmin())
        chosen[step] = matrix[draws[best]]
        nearest = candidates[:, best]
    return chosen


def _squared(matrix: Matrix, norms: Matrix, points: Matrix) -> Matrix:
    return np.maximum(norms[:, None] - 2 * (matrix @ points.T) + (points**2).sum(axis=1), 0)
