"""The fitted steps before clustering, and their storage."""

from __future__ import annotations

import functools

import numpy as np
import pytest
import skops.io
from hypothesis import given
from hypothesis import strategies as st
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer
from skops.io.exceptions import UntrustedTypesFoundException

from persona_pipeline.segmentation.clustering import Centroids, place
from persona_pipeline.segmentation.discriminant import Discriminants
from persona_pipeline.segmentation.scaling import (
    CategoryMix,
    MedianImputer,
    SpreadScaler,
    TailTamer,
    build_scaler,
)
from persona_pipeline.segmentation.storage import Segmentation, from_bytes, to_bytes

GAP = np.nan


def test_missing_values_get_the_median_and_an_indicator_when_it_says_something() -> None:
    step = MedianImputer().fit([[1, GAP, GAP], [3, GAP, 8], [5, GAP, 8], [GAP, GAP, 8]])
    # the second column is empty throughout: 0, and no indicator; the others miss a quarter each
    assert step.transform([[GAP, GAP, 2.0]]).tolist() == [[3.0, 0.0, 2.0, 1.0, 0.0]]


def test_heavy_tails_are_logged_and_clipped() -> None:
    heavy = np.random.default_rng(0).lognormal(3, 1, 2_000)
    even = np.linspace(-1, 1, 2_000)
    step = TailTamer().fit(np.column_stack([heavy, even]))
    assert step.logged_.tolist() == [True, False]
    tamed = step.transform([[1e9, 5.0], [-4.0, -5.0]])
    assert tamed[0] == pytest.approx([np.quantile(np.log1p(heavy), 0.995), np.quantile(even, 0.995)])
    assert tamed[1] == pytest.approx([np.quantile(np.log1p(heavy), 0.005), np.quantile(even, 0.005)])


def test_a_feature_that_is_mostly_zero_does_not_decide_alone() -> None:
    mostly_zero = np.zeros(100)
    mostly_zero[:26] = 0.01
    mostly_zero[:5] = 10.0
    scaled = SpreadScaler().fit_transform(np.column_stack([mostly_zero, np.full(100, 7.0)]))
    assert scaled[:, 0].std() == pytest.approx(1)
    assert (scaled[:, 1] == 0).all()


def test_one_purchase_is_drawn_towards_the_base() -> None:
    step = CategoryMix().fit([[30, 10], [0, 0]])
    # (1 + 0.75) / (1 + 1) and (0 + 0.25) / 2; without a purchase the base itself
    assert (step.transform([[1, 0], [0, 0]]) ** 2).tolist() == pytest.approx(
        np.array([[1.75 / 2, 0.25 / 2], [0.75, 0.25]])
    )


@functools.cache
def fitted(seed: int = 0) -> Segmentation:
    rows = np.random.default_rng(seed).poisson(3, (60, 5)).astype(float)
    steps = [
        ("scale", build_scaler(2, (2,))),
        ("discriminants", Discriminants()),
        ("centroids", Centroids(3)),
    ]
    pipeline = Pipeline(steps).fit(rows, np.arange(60) % 3)
    return Segmentation(pipeline, ("a", "b"), ("x", "y"), ("s01", "s02", "s03"), {"s01": [("a", 1)]}, 7, 1.5)


def test_storing_is_lossless_and_equal_content_is_equal_bytes() -> None:
    content = to_bytes(fitted())
    assert to_bytes(fitted.__wrapped__()) == content
    loaded = from_bytes(content)
    assert (loaded.keys, loaded.evidence, loaded.highest_key, loaded.outlier_distance) == (
        ("s01", "s02", "s03"),
        {"s01": [("a", 1)]},
        7,
        1.5,
    )
    rows = np.random.default_rng(1).poisson(3, (9, 5)).astype(float)
    assert loaded.pipeline.transform(rows).tobytes() == fitted().pipeline.transform(rows).tobytes()
    assert to_bytes(loaded) == content
    assert to_bytes(fitted(seed=1)) != content


def test_what_was_stored_before_rows_held_orders_places_as_it_did() -> None:
    rows = np.random.default_rng(3).poisson(4, (60, 3)).astype(float)  # two features, one category
    old = Pipeline([("scale", SpreadScaler()), ("centroids", Centroids(3))]).fit(rows)
    content = {
        "format": 2,
        "pipeline": old,
        "features": ["a", "b"],
        "categories": ["x"],
        "keys": ["s01", "s02", "s04"],
        "evidence": "{}",
        "highest_key": 4,
        "outlier_distance": 2.0,
    }
    found = from_bytes(skops.io.dumps(content))
    now = np.column_stack([rows[:, :2], np.full(60, 7.0), rows[:, 2], np.ones((60, 5))])
    assert place(found.pipeline, now).distances.tobytes() == place(old, rows).distances.tobytes()
    assert (found.keys, found.highest_key) == (("s01", "s02", "s04"), 4)
    with pytest.raises(ValueError, match="has format 1, expected 3; run the training again"):
        from_bytes(skops.io.dumps({**content, "format": 1}))


def test_other_classes_are_not_loaded() -> None:
    with pytest.raises(UntrustedTypesFoundException):
        from_bytes(skops.io.dumps({"format": 1, "pipeline": FunctionTransformer(print)}))


@given(st.integers(1, 59))
def test_scoring_does_not_depend_on_the_batch(cut: int) -> None:
    model = fitted().pipeline
    rows = np.random.default_rng(2).poisson(3, (60, 5)).astype(float)
    parts = np.vstack([model.transform(rows[:cut]), model.transform(rows[cut:])])
    assert parts.tobytes() == model.transform(rows).tobytes()
