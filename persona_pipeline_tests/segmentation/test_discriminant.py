"""Directions and segments found together: against scikit-learn's discriminants and planted groups."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.linalg import subspace_angles
from sklearn.covariance import ledoit_wolf
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.metrics import adjusted_rand_score

from persona_pipeline.segmentation.clustering import assign, kmeans
from persona_pipeline.segmentation.discriminant import (
    Discriminants,
    discriminate,
    separation,
    shrunk_covariance,
)

Floats = NDArray[np.float64]


def groups(seed: int = 3, size: int = 400, noise: int = 12) -> tuple[Floats, NDArray[np.intp]]:
    """Three groups that differ in two columns; the other columns, as wide, say nothing."""
    rng = np.random.default_rng(seed)
    truth = np.repeat(np.arange(3), size)
    apart = np.array([[0.0, 0.0], [3.5, 0.0], [0.0, 3.5]])[truth] + rng.normal(size=(3 * size, 2))
    return np.hstack([apart / 2, rng.normal(size=(3 * size, noise))]), truth


@pytest.mark.parametrize(("rows", "columns"), [(40, 20), (500, 7), (3, 5)])
def test_the_shrunk_covariance_is_that_of_scikit_learn(rows: int, columns: int) -> None:
    values = np.random.default_rng(1).lognormal(size=(rows, columns))
    expected, _ = ledoit_wolf(values, assume_centered=True)
    assert shrunk_covariance(values) == pytest.approx(expected)


def test_directions_are_those_of_scikit_learn() -> None:
    rows, truth = groups(size=2_000)
    own = Discriminants().fit(rows, truth)
    other = LinearDiscriminantAnalysis(solver="eigen").fit(rows, truth)
    assert subspace_angles(own.components_.T, other.scalings_[:, :2]).max() < 0.05
    projected = own.transform(rows)
    within = np.stack([projected[truth == group].std(axis=0) for group in range(3)])
    assert within.mean(axis=0) == pytest.approx([1, 1], abs=0.05)  # shrinkage moves it a little from 1


def test_columns_without_meaning_no_longer_blur_the_groups() -> None:
    rows, truth = groups()
    start = kmeans(rows, 3, np.random.default_rng(0), starts=5)
    _, found = discriminate(rows, start.labels)
    before, after = (adjusted_rand_score(truth, one.labels) for one in (start, found))
    assert after > before + 0.02
    best = adjusted_rand_score(truth, assign(rows[:, :2], _means(rows[:, :2], truth)).labels)
    assert after > best - 0.03


def test_repeated_and_constant_columns_are_no_error() -> None:
    rows, truth = groups(size=30, noise=1)
    rows = np.hstack([rows, rows[:, :1], np.ones((90, 1))])
    _, found = discriminate(rows, truth)
    assert adjusted_rand_score(truth, found.labels) > 0.6
    exact = np.repeat(np.eye(3), 10, axis=0)  # no variance within at all
    _, found = discriminate(exact, np.repeat(np.arange(3), 10))
    assert found.k == 3


def test_an_empty_segment_is_left_out() -> None:
    rows, truth = groups(size=50)
    labels = np.where(truth == 2, 3, truth)
    _, found = discriminate(rows, labels)
    assert (found.k, set(found.labels.tolist())) == (3, {0, 1, 2})


def test_a_row_is_projected_alone_as_in_a_batch() -> None:
    rows, truth = groups(size=40)
    step = Discriminants().fit(rows, truth)
    assert np.array_equal(np.vstack([step.transform(row[None]) for row in rows]), step.transform(rows))


def _means(values: Floats, labels: NDArray[np.intp]) -> Floats:
    return np.stack([values[labels == label].mean(axis=0) for label in range(3)])


def test_the_separation_is_ashmans_d_of_the_closest_pair() -> None:
    rng = np.random.default_rng(2)
    narrow, wide, far = rng.normal(0, 1, 20_000), rng.normal(9, 2, 20_000), rng.normal(90, 5, 20_000)
    labels = np.repeat(np.arange(3), 20_000)
    expected = np.sqrt(2) * 9 / np.sqrt(1 + 4)
    assert separation(np.concatenate([narrow, wide, far])[:, None], labels) == pytest.approx(
        expected, rel=0.02
    )
    # the halves of a bell curve: means 2 sqrt(2 / pi) apart, variance 1 - 2 / pi each
    halves = (narrow > 0).astype(np.intp)
    assert separation(narrow[:, None], halves) == pytest.approx(2.647, rel=0.02)
    assert separation(np.ones((4, 2)), np.array([0, 0, 1, 1])) == 0
