"""Agglomerative clustering: Ward, average and complete linkage, exact up to 20,000 rows.

Here: the tree, its cuts, the estimator. Above 20,000 rows the tree stands on k-means micro-centroids: its
distances would take more than 3 GB. Not here: which cut is chosen (choice.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.cluster.hierarchy import fcluster, linkage

from persona_pipeline.segmentation.clustering import Labels, Matrix, draw, lloyd
from persona_pipeline.segmentation.neighbours import NearestPoints, gaps_within, learnable

LINKAGES = ("ward", "average", "complete")
EXACT_ROWS = 20_000
MICRO_CENTROIDS = 1_000
# so many centroids need no better start than rows drawn at random, and all rows join the nearest afterwards
MICRO_SAMPLE = 20_000
MICRO_ITERATIONS = 10
USUAL = 0.99


@dataclass(frozen=True, slots=True)
class Tree:
    """A merge tree over `points` (rows, or micro-centroids), and the point of each row."""

    points: NDArray[np.float64]
    merges: NDArray[np.float64]
    point_of: Labels

    @property
    def is_exact(self) -> bool:
        """Whether the points are the rows themselves."""
        return len(self.points) == len(self.point_of)

    def cut(self, k: int) -> Labels:
        """Segment of each point when the tree is cut into k; numbered by their first point."""
        found = fcluster(self.merges, k, criterion="maxclust")
        _, first, labels = np.unique(found, return_index=True, return_inverse=True)
        return np.argsort(np.argsort(first))[labels]


def merge_tree(rows: Matrix, method: str, seed: int, exact_rows: int = EXACT_ROWS) -> Tree:
    """The merge tree of the rows, in their order.

    Source: Ward 1963, "Hierarchical grouping to optimize an objective function"; Müllner 2011, "Modern
    hierarchical, agglomerative clustering algorithms".
    """
    points, point_of = np.asarray(rows, dtype=np.float64), np.arange(len(rows))
    if len(rows) > exact_rows:
        rng = np.random.default_rng(seed)
        sample = draw(rows, MICRO_SAMPLE, rng)
        micro = lloyd(sample, draw(sample, MICRO_CENTROIDS, rng), MICRO_ITERATIONS)
        used, point_of = np.unique(micro.of(rows).labels, return_inverse=True)
        points = np.asarray(micro.centroids[used], dtype=np.float64)
    return Tree(points, linkage(points, method), point_of)


class Hierarchical(NearestPoints):
    """Agglomerative clustering into `n_clusters`; new rows belong to the segment of the nearest point."""

    def __init__(self, n_clusters: int = 2, linkage: str = "ward", seed: int = 0) -> None:
        self.n_clusters = n_clusters
        self.linkage = linkage
        self.seed = seed

    def fit(self, X: ArrayLike, y: object = None) -> Hierarchical:
        """Build the tree of the rows and cut it; `labels_` are the segments of the rows.

        Raises:
            ValueError: values are missing.
        """
        rows = learnable(X)
        return self.keep_cut(rows, merge_tree(rows, self.linkage, self.seed))

    def keep_cut(self, rows: Matrix, tree: Tree) -> Hierarchical:
        """Take a tree that was built before."""
        labels = tree.cut(self.n_clusters)
        self.labels_ = labels[tree.point_of]
        if tree.is_exact:
            gaps = gaps_within(tree.points, labels)
        else:
            gaps = np.sqrt(
                ((np.asarray(rows, dtype=np.float64) - tree.points[tree.point_of]) ** 2).sum(axis=1)
            )
        reach = np.full(int(labels.max()) + 1, np.inf)
        self.keep(tree.points, labels, reach, float(np.quantile(gaps, USUAL)))
        return self
