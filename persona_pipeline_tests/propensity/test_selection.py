"""Who wins, in numbers small enough to check by hand."""

from __future__ import annotations

import numpy as np

from persona_pipeline.propensity.selection import choose_champion, lost_to


def test_the_simpler_wins_within_one_standard_error():
    y = np.array([True, False] * 50)
    simple = np.where(y, 0.70, 0.30)
    noisy = simple + np.where(np.arange(100) < 50, 0.05, -0.048) * np.where(y, 1, -1)
    better = np.where(y, 0.80, 0.20)
    order = ("simple", "complex")
    assert choose_champion(y, {"simple": simple, "complex": noisy}, order) == "simple"
    assert choose_champion(y, {"simple": simple, "complex": better}, order) == "complex"
    assert choose_champion(y, {"simple": simple, "complex": simple.copy()}, order) == "simple"


def test_a_champion_must_beat_every_baseline_in_both_metrics():
    baselines = {"a": {"log_loss": 0.6, "roc_auc": 0.70}, "b": {"log_loss": 0.5, "roc_auc": 0.60}}
    assert lost_to({"log_loss": 0.49, "roc_auc": 0.71}, baselines) == []
    assert lost_to({"log_loss": 0.50, "roc_auc": 0.70}, baselines) == [
        "AUC 0.7000 is not above 0.7000 of a",
        "log loss 0.5000 is not below 0.5000 of b",
    ]
