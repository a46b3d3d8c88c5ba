"""Density-based clustering: DBSCAN and HDBSCAN, whose noise is called an outlier and given no segment.

Here: the estimators and the knee of the k-distance curve. Both learn from a sample of at most 10,000 rows, so
that neighbourhoods fit into memory. Not here: the search that places rows (neighbours.py).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from sklearn.cluster import DBSCAN, HDBSCAN
from sklearn.neighbors import NearestNeighbors

from persona_pipeline.segmentation.clustering import Matrix
from persona_pipeline.segmentation.neighbours import (
    NOISE,
    NearestPoints,
    NoSegments,
    gaps_within,
    learnable,
)

ROWS = 10_000
# Sander et al. 1998: twice the number of dimensions; of few rows never more than one in twenty-five
NEIGHBOURS_PER_DIMENSION = 2
LARGEST_NEIGHBOURHOOD = 0.04
FEWEST_NEIGHBOURS = 4
# a segment holds one row in fifty or more: fewer customers are worth no campaign of their own
SMALLEST_SHARE = 0.02


class Dbscan(NearestPoints):
    """DBSCAN; a new row belongs to the segment of the nearest core point within `eps`, else it is noise.

    Without `eps` it is the knee of the distances to the `min_samples`-th neighbour.
    """

    def __init__(self, eps: float | None = None, min_samples: int | None = None) -> None:
        self.eps = eps
        self.min_samples = min_samples

    def fit(self, X: ArrayLike, y: object = None) -> Dbscan:
        """Find dense regions; `labels_` as scikit-learn gives them, `eps_` and `min_samples_` as used.

        Raises:
            NoSegments: no row has enough neighbours.
            ValueError: values are missing.

        Source: Ester et al. 1996, "A density-based algorithm for discovering clusters".
        """
        rows = learnable(X)
        self.min_samples_ = self.min_samples or neighbourhood(rows)
        self.eps_ = self.eps or knee_of_distances(rows, self.min_samples_)
        found = DBSCAN(eps=self.eps_, min_samples=self.min_samples_).fit(rows)
        self.labels_, core = found.labels_, found.core_sample_indices_
        if not len(core):
            raise NoSegments(
                f"none of {len(rows)} rows has {self.min_samples_} neighbours within {self.eps_:.3g}"
            )
        reach = np.full(int(self.labels_.max()) + 1, self.eps_)
        self.keep(rows[core], self.labels_[core], reach, np.inf)
        return self


class Hdbscan(NearestPoints):
    """HDBSCAN; a new row belongs where the nearest learned row does, no farther than any of that segment."""

    def __init__(self, min_cluster_size: int | None = None, min_samples: int | None = None) -> None:
        self.min_cluster_size = min_cluster_size
        self.min_samples = min_samples

    def fit(self, X: ArrayLike, y: object = None) -> Hdbscan:
        """Find the most persistent dense regions; `labels_` as scikit-learn gives them.

        Raises:
            NoSegments: there is no dense region.
            ValueError: values are missing.

        Source: Campello et al. 2013, "Density-based clustering based on hierarchical density estimates".
        """
        rows = learnable(X)
        size = self.min_cluster_size or max(round(SMALLEST_SHARE * len(rows)), 2 * FEWEST_NEIGHBOURS)
        samples = self.min_samples or min(size, 2 * FEWEST_NEIGHBOURS)
        found = HDBSCAN(min_cluster_size=size, min_samples=samples, algorithm="kd_tree", copy=True).fit(  # pyright: ignore[reportArgumentType]
            rows
        )
        self.labels_ = np.asarray(found.labels_, dtype=np.intp)
        if self.labels_.max() == NOISE:
            raise NoSegments(f"{len(rows)} rows hold no two dense regions of {size} rows or more")
        gaps = gaps_within(rows, self.labels_)
        reach = np.array([gaps[self.labels_ == one].max() for one in range(self.labels_.max() + 1)])
        self.keep(rows, self.labels_, reach, np.inf)
        return self


def neighbourhood(rows: Matrix) -> int:
    """Rows within eps, itself among them, that make a row a core point."""
    most = max(round(LARGEST_NEIGHBOURHOOD * len(rows)), FEWEST_NEIGHBOURS)
    # with more rows the least dense of them would else make segments of their own
    growing = round(np.sqrt(len(rows)) / 2)
    return min(max(NEIGHBOURS_PER_DIMENSION * rows.shape[1], growing), most)


def knee_of_distances(rows: Matrix, min_samples: int) -> float:
    """The eps where the sorted distances to the `min_samples`-th neighbour are farthest below their chord.

    Source: Ester et al. 1996, section 4.2; Satopaa et al. 2011 for the knee.
    """
    search = NearestNeighbors(n_neighbors=min_samples - 1).fit(rows)  # min_samples counts the row itself
    distance = np.sort(search.kneighbors()[0][:, -1])
    rise = (distance - distance[0]) / max(distance[-1] - distance[0], 1e-300)
    at = int(np.argmax(np.linspace(0, 1, len(distance)) - rise))
    return float(max(distance[at], np.finfo(np.float64).tiny))
