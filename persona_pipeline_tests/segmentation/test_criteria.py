"""The criteria of every k against scikit-learn's and against what was planted."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.metrics import adjusted_rand_score, calinski_harabasz_score, davies_bouldin_score
from threadpoolctl import threadpool_limits

from persona_pipeline.segmentation.algorithms import learn
from persona_pipeline.segmentation.clustering import Matrix, kmeans
from persona_pipeline.segmentation.criteria import gap_statistic, preferred
from persona_pipeline.segmentation.options import SegmentationOptions
from persona_pipeline.segmentation.stability import adjusted_rand, contingency
from persona_pipeline_tests.segmentation.test_algorithms import kinds


def divide(rows: Matrix, ks: Sequence[int], rng: np.random.Generator) -> list[NDArray[np.intp]]:
    return [kmeans(rows, k, rng).labels for k in ks]


@pytest.mark.parametrize("algorithm", ["kmeans", "ward"])
def test_every_criterion_prefers_the_planted_number(algorithm: str) -> None:
    rows, _ = kinds()
    options = SegmentationOptions(algorithm=algorithm, k_max=8)
    with threadpool_limits(limits=1):  # as the weekly fit; threads that wait for a busy core take seconds
        learned = learn(rows, options, None, None, np.random.default_rng(0))
    liked = preferred(learned.curve, learned.criteria)
    assert liked.pop("knee") in {3, 4}
    assert liked == dict.fromkeys(
        ("silhouette", "davies_bouldin", "calinski_harabasz", "gap", "stability"), 4
    )
    labels = learned.curve.at(3).clustering.labels
    assert learned.criteria[3].davies_bouldin == pytest.approx(davies_bouldin_score(rows, labels))
    assert learned.criteria[3].calinski_harabasz == pytest.approx(calinski_harabasz_score(rows, labels))
    assert learned.criteria[1].davies_bouldin is None


def test_the_gap_says_one_where_nothing_is_planted() -> None:
    """Scenario (a) of Tibshirani 2001: 200 points uniform over the unit square in ten dimensions."""
    right = 0
    for seed in range(10):
        rng = np.random.default_rng(seed)
        gaps = gap_statistic(rng.uniform(size=(200, 10)), [2, 3, 4], divide, rng, references=20)
        right += gaps[1][0] >= gaps[2][0] - gaps[2][1]
    assert right >= 9  # all 50 of 50 in table 1 of the paper


def test_the_gap_finds_three_groups_in_the_plane() -> None:
    """Scenario (b): 25, 25 and 50 points around (0, 0), (0, 5) and (5, -3)."""
    found = []
    for seed in range(10):
        rng = np.random.default_rng(seed)
        centres = np.repeat([[0.0, 0.0], [0.0, 5.0], [5.0, -3.0]], (25, 25, 50), axis=0)
        ks = [2, 3, 4, 5]
        gaps = gap_statistic(centres + rng.normal(size=(100, 2)), ks, divide, rng, references=20)
        every = (1, *ks)
        found.append(
            next(
                k
                for k, after in zip(every, ks, strict=False)
                if gaps[k][0] >= gaps[after][0] - gaps[after][1]
            )
        )
    assert found.count(3) >= 8  # 49 of 50 in the paper


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2)), min_size=2, max_size=40))
def test_the_rand_index_is_scikit_learns(pairs: list[tuple[int, int]]) -> None:
    first, second = np.array(pairs, dtype=np.intp).T
    assert adjusted_rand(contingency(first, second, 4, 3)) == pytest.approx(
        adjusted_rand_score(first, second)
    )
