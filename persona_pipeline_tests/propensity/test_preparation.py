"""What happens to columns before a model sees them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from persona_pipeline.propensity.preparation import (
    ColumnEncoder,
    RedundancyFilter,
    RelevanceFilter,
    TailScaler,
    preparation,
)


def test_columns_become_a_matrix_and_unseen_categories_are_zero():
    frame = pd.DataFrame({"x": [1.0, np.nan], "band": ["low", "high"], "other": [9, 9]})
    encoder = ColumnEncoder(["x"], ["band"]).fit(frame)
    assert encoder.names() == ["x", "band=high", "band=low"]
    np.testing.assert_array_equal(encoder.transform(frame), [[1, 0, 1], [np.nan, 1, 0]])
    new = pd.DataFrame({"x": [3.0, 4.0], "band": ["middle", None]})
    np.testing.assert_array_equal(encoder.transform(new), [[3, 0, 0], [4, 0, 0]])


def test_heavy_tails_are_logged_and_clipped_to_what_training_saw():
    skewed = np.array([[0.0, -1.0]] * 97 + [[1.0, 0.0]] * 2 + [[100.0, 1.0]], dtype=np.float32)
    scaler = TailScaler(tail=0.0).fit(skewed)
    assert scaler.logged_.tolist() == [True, False]
    found = scaler.transform(np.array([[1e9, -5.0]], dtype=np.float32))
    np.testing.assert_allclose(found, [[np.log1p(100), -1]], rtol=1e-6)
    assert found.dtype == np.float32


def test_constant_and_duplicate_columns_are_dropped_with_the_reason():
    rng = np.random.default_rng(5)
    x = rng.normal(size=500)
    matrix = np.column_stack([x, np.full(500, 2.0), -3 * x + 1, rng.normal(size=500)]).astype(np.float32)
    chosen = RedundancyFilter().fit(matrix)
    assert chosen.kept_.tolist() == [0, 3]
    assert chosen.dropped_ == {"1": "near_constant", "2": "duplicate_of_0"}


def test_a_missing_value_leaves_an_indicator_beside_the_median():
    frame = pd.DataFrame({"x": [1.0, 2.0, np.nan, 9.0] * 50, "empty": [np.nan] * 200})
    found = preparation(["x", "empty"], []).fit_transform(frame, np.arange(200) < 100)
    assert found[:4].tolist() == [[1, 0], [2, 0], [2, 1], [9, 0]]


def test_the_columns_that_rank_the_outcome_best_stay_in_their_order():
    y = np.array([0, 0, 0, 1, 1, 1], dtype=bool)
    noise, down, weak = [1, 2, 3, 1, 2, 3], [6, 5, 4, 3, 2, 1], [1, 2, 4, 3, 5, 6]
    matrix = np.column_stack([noise, down, weak]).astype(np.float32)
    chosen = RelevanceFilter(columns=2).fit(matrix, y)
    np.testing.assert_array_equal(chosen.transform(matrix), matrix[:, 1:])
    assert chosen.dropped_ == {"0": "auc_0.500"}
