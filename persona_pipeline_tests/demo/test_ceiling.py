"""The ceiling: what any model could reach, on a shop small enough for a test."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from persona_pipeline.demo import generate, load_truth
from persona_pipeline.demo.ceiling import attainable, ceiling, expected_auc


@pytest.fixture(scope="module")
def short_shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shop of five months."""
    directory = tmp_path_factory.mktemp("short")
    generate(directory, customers=300, days=150)
    return directory


def test_expected_auc_of_certain_outcomes_is_the_auc() -> None:
    score = np.array([0.1, 0.4, 0.35, 0.8])
    outcome = np.array([0.0, 0.0, 1.0, 1.0])
    assert expected_auc(score, outcome) == pytest.approx(0.75)


def test_a_feature_that_is_the_probability_attains_the_oracle() -> None:
    rng = np.random.default_rng(0)
    probability = rng.random(1200)
    features = np.column_stack([probability, rng.random(1200)])
    reached, oracle = attainable(features, probability, np.arange(1200), np.zeros(1200))
    assert reached == pytest.approx(oracle, abs=0.01)


def test_noise_attains_nothing() -> None:
    rng = np.random.default_rng(0)
    reached, oracle = attainable(rng.random((1200, 2)), rng.random(1200), np.arange(1200), np.zeros(1200))
    assert reached == pytest.approx(0.5, abs=0.05)
    assert oracle > 0.8


def test_ceiling_is_between_chance_and_oracle(short_shop: Path) -> None:
    result = ceiling(short_shop, customers=1500)
    for target in ("buy_30d", "churn_60d"):
        figures = result.targets[target]
        assert 0.6 < figures.attainable_auc < figures.oracle_auc < 1
    assert result.attainable_ari["1"] < result.attainable_ari["5"]
    assert result.attainable_ari["5"] > 0.6
    written = json.loads((short_shop / "truth/ceiling.json").read_text())
    assert written["targets"]["buy_30d"]["oracle_auc"] == result.targets["buy_30d"].oracle_auc
    assert load_truth(short_shop).ceiling == written


def test_features_of_the_caller(short_shop: Path) -> None:
    truth = load_truth(short_shop)
    features = truth.probability[["account_id", "as_of"]].drop_duplicates()
    rate = truth.customers.set_index("account_id")["rate"]
    features = features.assign(rate=rate.loc[features["account_id"]].to_numpy())
    result = ceiling(short_shop, customers=100, features=features)
    assert result.features == ("rate",)
    assert result.targets["buy_30d"].attainable_auc > 0.6
    with pytest.raises(ValueError, match="no row"):
        ceiling(short_shop, customers=100, features=features.assign(account_id="X" + features["account_id"]))


def test_a_shop_too_short_for_a_horizon_is_named(tmp_path: Path) -> None:
    generate(tmp_path, customers=50, days=30)
    assert isinstance(load_truth(tmp_path).probability, pd.DataFrame)
    with pytest.raises(ValueError, match="generate more days"):
        ceiling(tmp_path, customers=50)
