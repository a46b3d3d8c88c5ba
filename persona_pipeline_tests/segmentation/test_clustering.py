"""k-means, the choice of k and stability against published figures and scikit-learn."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.cluster import KMeans
from sklearn.datasets import make_blobs
from sklearn.metrics import adjusted_rand_score, silhouette_samples, silhouette_score

from persona_pipeline.segmentation.choice import (
    Curve,
    Tried,
    choose_k,
    knee_of,
    trace_curve,
)
from persona_pipeline.segmentation.clustering import Centroids, Clustering, assign, kmeans, lloyd
from persona_pipeline.segmentation.discriminant import discriminate
from persona_pipeline.segmentation.silhouette import mean_silhouette, silhouettes
from persona_pipeline.segmentation.stability import bootstrap_stability


def blobs(rows: int = 600) -> tuple[np.ndarray, np.ndarray]:
    """Five groups, eight apart on each axis, with spread 0.7."""
    centers = np.vstack([np.zeros(4), 8 * np.eye(4)])
    made = make_blobs(rows, 4, centers=centers, cluster_std=0.7, random_state=3)
    return np.asarray(made[0]), np.asarray(made[1])


def test_mall_customers_on_income_and_score(shared_data: Path) -> None:
    table = pd.read_csv(shared_data / "mall_customers" / "Mall_Customers.csv")
    matrix = table[["Annual_Income(k$)", "Spending_Score(1-100)"]].to_numpy(float)
    curve = trace_curve(
        matrix, range(2, 13), np.random.default_rng(0), sample=20_000, silhouette_sample=2_000
    )
    assert curve.knee == 5
    assert choose_k(curve, None, 0.1, never) == 5
    assert curve.at(5).inertia == pytest.approx(44448.4554, abs=1e-4)
    assert curve.at(5).silhouette == pytest.approx(0.5539, abs=5e-5)


def test_inertia_is_as_low_as_scikit_learns() -> None:
    points, _ = blobs()
    for k in (3, 5, 8):
        ours = kmeans(points, k, np.random.default_rng(0), starts=5)
        theirs = KMeans(k, n_init=5, random_state=0).fit(points)  # pyright: ignore[reportArgumentType]
        assert ours.inertia <= -theirs.score(points) * 1.01
        assert len(np.unique(ours.labels)) == k


def test_silhouette_equals_scikit_learns() -> None:
    points, kinds = blobs(2_500)  # more than two blocks
    other = kmeans(points, 3, np.random.default_rng(0)).labels
    for labels, own in zip((kinds, other), silhouettes(points, [kinds, other]), strict=True):
        assert own == pytest.approx(silhouette_samples(points, labels), abs=1e-9)
    assert mean_silhouette(points.astype(np.float32), kinds) == pytest.approx(
        silhouette_score(points, kinds), abs=1e-6
    )
    alone = np.array([0, 0, 1])
    line = np.array([[0.0], [1.0], [5.0]])
    # by hand: rows 0 and 1: 1 - 1/5 and 1 - 1/4; a row alone counts 0
    assert mean_silhouette(line, alone) == pytest.approx((0.8 + 0.75 + 0) / 3)
    assert mean_silhouette(line, np.zeros(3, dtype=int)) == 0


def test_planted_groups_are_found_on_a_sample_and_on_all_rows() -> None:
    points, kinds = blobs(1_500)
    curve = trace_curve(points, range(2, 9), np.random.default_rng(1), sample=300, silhouette_sample=200)
    assert choose_k(curve, None, 0.1, never) == 5
    refined = lloyd(points, curve.at(5).clustering.centroids)
    assert adjusted_rand_score(kinds, refined.labels) > 0.99


def test_an_empty_cluster_starts_again_at_the_farthest_row() -> None:
    points = np.array([[0.0], [0.1], [10.0], [10.1], [50.0]])
    found = lloyd(points, np.array([[0.0], [10.0], [1000.0]]))
    assert found.labels.tolist() == [0, 0, 1, 1, 2]


def test_the_knee_is_farthest_below_the_chord() -> None:
    # falls by 90 until k = 3 and by 1 after: worked out by eye
    assert knee_of((1, 2, 3, 4, 5), (100.0, 50.0, 10.0, 9.0, 8.0)) == 3


def test_last_weeks_k_stays_unless_another_is_clearly_better() -> None:
    nothing = Clustering(np.zeros((2, 1)), np.zeros(1, dtype=int), 0.0)
    scores = {2: 0.6, 3: 0.40, 4: 0.44, 5: 0.43, 6: 0.2}
    tried = tuple(Tried(k, nothing, 1.0, score) for k, score in scores.items())
    curve = Curve(tried, 1.0, 3, np.zeros((1, 1)), np.zeros((1, 1)), np.zeros(1, dtype=int))
    assert choose_k(curve, None, 0.1, never) == 4  # the best of 3, 4, 5; 2 lies before the knee
    assert choose_k(curve, 3, 0.1, never) == 3  # 0.44 is no more than 0.40 + 10 %
    assert choose_k(curve, 3, 0.05, never) == 4
    assert choose_k(curve, 6, 0.1, never) == 4
    assert choose_k(curve, 9, 0.1, never) == 4


def test_a_distance_does_not_depend_on_the_batch() -> None:
    points, _ = blobs(333)
    step = Centroids(5, seed=2).fit(points)
    whole = step.transform(points)
    parts = np.vstack([step.transform(points[start : start + 7]) for start in range(0, 333, 7)])
    assert whole.tobytes() == parts.tobytes()
    assert (step.predict(points) == assign(points, step.centroids_).labels).all()


def test_clear_groups_are_stable_and_one_group_cut_in_two_is_less_so() -> None:
    points, _ = blobs()
    cloud = np.random.default_rng(5).normal(size=(600, 4))
    five, six = (kmeans(rows, k, np.random.default_rng(0)).labels for rows, k in ((points, 5), (cloud, 6)))
    clear = bootstrap_stability(points, five, 10, np.random.default_rng(1), refit)
    cut = bootstrap_stability(cloud, six, 10, np.random.default_rng(1), refit)
    assert clear is not None
    assert cut is not None
    assert clear.jaccard.min() > 0.99
    assert clear.ari > 0.99
    assert cut.ari < 0.8
    assert bootstrap_stability(points, five, 0, np.random.default_rng(1), refit) is None


def refit(drawn: np.ndarray, labels: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """As the weekly fit learns again by k-means."""
    projection, again = discriminate(drawn, labels)
    return lambda rows: assign(projection.transform(rows), again.centroids).labels


def never(k: int) -> float:
    """No two segments are apart, whatever their number."""
    return 0.0


def test_the_most_segments_that_are_apart_win_over_the_silhouette() -> None:
    nothing = Clustering(np.zeros((2, 1)), np.zeros(1, dtype=int), 0.0)
    tried = tuple(Tried(k, nothing, 1.0, 1 / k) for k in range(2, 9))
    curve = Curve(tried, 1.0, 3, np.zeros((1, 1)), np.zeros((1, 1)), np.zeros(1, dtype=int))
    apart = {2: 9.0, 3: 5.0, 4: 3.6, 5: 3.4, 6: 5.0, 7: 3.0, 8: 3.0}.__getitem__
    assert choose_k(curve, None, 0.1, apart) == 4  # 6 lies three beyond the knee
    assert choose_k(curve, 3, 0.1, apart) == 3  # 3.6 is less than 3.5 and a twentieth
    assert choose_k(curve, 3, 0.02, apart) == 4
    assert choose_k(curve, 5, 0.1, apart) == 5  # 3.4 is no less than 3.5 less a twentieth
    assert choose_k(curve, 5, 0.02, apart) == 4
    assert choose_k(curve, 7, 0.1, apart) == 4
