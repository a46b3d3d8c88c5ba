"""Calibration undoes a known distortion and keeps the ranking."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_pipeline.propensity.calibration import Calibrator, choose_method, expit, logit


def _distorted(rows: int, seed: int = 3) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    log_odds = rng.normal(-0.5, 1.2, rows)
    return expit(2.0 * log_odds + 1.0), rng.random(rows) < expit(log_odds), expit(log_odds)


@pytest.mark.parametrize("method", ["sigmoid", "isotonic"])
def test_the_truth_comes_back(method: str):
    score, y, truth = _distorted(20_000)
    assert np.abs(Calibrator(method).fit(score, y).apply(score) - truth).mean() < 0.012


@given(st.lists(st.floats(0, 1), min_size=2, max_size=40), st.sampled_from(["sigmoid", "isotonic"]))
def test_a_higher_score_never_gets_a_lower_probability(scores: list[float], method: str):
    score, y, _ = _distorted(300)
    found = Calibrator(method).fit(score, y).apply(np.sort(np.array(scores)))
    assert (np.diff(found) >= 0).all()
    assert ((found > 0) & (found < 1)).all()


def test_sigmoid_below_a_thousand_positives_and_where_isotonic_is_not_better():
    score, y, _ = _distorted(1_500)
    assert choose_method(score, y, 1_000) == "sigmoid"
    score, y, _ = _distorted(6_000)
    assert choose_method(score, y, 1_000) == "sigmoid"  # the distortion is a line on the log odds


def test_isotonic_where_the_distortion_is_no_line():
    rng = np.random.default_rng(4)
    truth = rng.choice([0.1, 0.45, 0.5, 0.9], 8_000)
    bent = np.select([truth == 0.1, truth == 0.45, truth == 0.5], [0.5, 0.52, 0.9], 0.95)
    assert choose_method(bent, rng.random(8_000) < truth, 1_000) == "isotonic"


def test_a_constant_score_becomes_the_rate():
    found = (
        Calibrator("isotonic")
        .fit(np.full(10, 0.4), np.array([True] * 3 + [False] * 7))
        .apply(np.array([0.4]))
    )
    assert found == pytest.approx(0.3, abs=0.1)  # Platt's targets draw it a little to the middle
    assert logit(np.array([0.0, 1.0])).tolist() == pytest.approx([-13.8155, 13.8155], abs=1e-3)
