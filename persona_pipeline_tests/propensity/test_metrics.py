"""Metrics against literal values and against scikit-learn."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from persona_pipeline.propensity.calibration import expit, logistic_line, logit
from persona_pipeline.propensity.metrics import area_under_roc, evaluate, lift_table


def test_metrics_of_four_customers():
    y = np.array([True, False, True, False])
    found = evaluate(y, np.array([0.8, 0.6, 0.4, 0.2]), 0.5)
    assert found["roc_auc"] == pytest.approx(0.75)  # three of four pairs are in order
    assert found["log_loss"] == pytest.approx(-(math.log(0.8) + 2 * math.log(0.4) + math.log(0.8)) / 4)
    assert found["brier"] == pytest.approx((0.04 + 0.36 + 0.36 + 0.04) / 4)
    assert (found["precision"], found["recall"], found["f1"]) == (0.5, 0.5, 0.5)
    assert found["ece"] == pytest.approx((0.2 + 0.6 + 0.6 + 0.2) / 4)
    assert found["calibration_intercept"] == pytest.approx(0, abs=1e-9)


def test_a_constant_has_no_calibration_slope_and_an_absent_class_no_auc():
    assert math.isnan(evaluate(np.array([True, False]), np.array([0.5, 0.5]), 0.5)["calibration_slope"])
    assert math.isnan(area_under_roc(np.array([True, True]), np.array([0.1, 0.2])))


def test_auc_equals_scikit_learn_with_ties():
    rng = np.random.default_rng(1)
    y, score = rng.random(500) < 0.3, rng.integers(0, 9, 500) / 9
    assert area_under_roc(y, score) == pytest.approx(roc_auc_score(y, score))


def test_calibration_line_equals_an_unpenalised_logistic_regression():
    rng = np.random.default_rng(2)
    x = rng.normal(1, 2, 4_000)
    y = rng.random(4_000) < expit(0.5 * x - 1)
    reference = LogisticRegression(C=1e12, tol=1e-10, max_iter=1_000).fit(x[:, None], y)
    slope, intercept = logistic_line(x, y.astype(float))
    assert slope == pytest.approx(reference.coef_[0, 0], rel=1e-4)
    assert intercept == pytest.approx(reference.intercept_[0], rel=1e-4)
    assert expit(logit(np.array([0.2]))) == pytest.approx(0.2)


def test_deciles_differ_by_one_at_most_and_gain_ends_at_one():
    y = np.array([True] * 6 + [False] * 6)
    probability = np.linspace(0.9, 0.1, 12)
    table = lift_table(np.array([f"c{n:02}" for n in range(12)]), y, probability, probability)
    assert table["customers"].tolist() == [2, 2, 1, 1, 1, 1, 1, 1, 1, 1]
    assert table["positives"].tolist() == [2, 2, 1, 1, 0, 0, 0, 0, 0, 0]
    assert table["lift"].tolist() == [2.0, 2.0, 2.0, 2.0, 0, 0, 0, 0, 0, 0]
    assert table["cumulative_gain"].tolist() == pytest.approx([2 / 6, 4 / 6, 5 / 6, 1, 1, 1, 1, 1, 1, 1])
