"""20,000 customers over 240 days, all six sources: the figures of `persona verify`, and what traces add."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from persona_pipeline.cli import main
from persona_pipeline.contracts import Table
from persona_pipeline.defs.shop import Shop
from persona_pipeline.defs.targets import propensity_targets
from persona_pipeline.features.catalogue import feature_table, load_catalogue
from persona_pipeline.propensity.blocks import plan_blocks
from persona_pipeline.propensity.candidates import Columns
from persona_pipeline.propensity.frame import rows_of, split_rows, training_frame
from persona_pipeline.propensity.target import Target, model_columns
from persona_pipeline.propensity.trial import run_trial
from persona_pipeline_tests.end_to_end.projects import START, Project
from persona_pipeline_tests.end_to_end.test_verify import TARGETS, verified

LAST = dt.date(2025, 9, 2)
SUNDAY = dt.date(2025, 8, 31)
ORDERS_ONLY = frozenset({"orders", "products"})
RESAMPLES = 1_000

pytestmark = [pytest.mark.proof, pytest.mark.timeout(7200)]


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Project:
    directory = tmp_path_factory.mktemp("large") / "shop"
    assert main(["generate", str(directory), "--customers", "20000", "--ceiling", "200000"]) == 0
    return Project(directory).run(START, LAST)


def test_twenty_thousand_customers_reach_what_is_attainable(
    large: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    code, figures = verified(large, capsys)
    with capsys.disabled():
        print("", *figures.values(), sep="\n")  # noqa: T201 - a proof shows its figures
    assert [figure for figure in figures.values() if not figure["holds"]] == []
    assert code == 0
    attainable = [figure for figure in figures.values() if "attainable" in str(figure["goal"])]
    assert len(attainable) == len(TARGETS) + 1
    assert all(figures[f"{target}: calibration slope"]["goal"] == "0.85 .. 1.15" for target in TARGETS)


@pytest.mark.parametrize("name", TARGETS)
def test_traces_improve_on_orders_alone(
    large: Project, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Paired over the customers of the test: the 95 % interval of the gain in AUC lies above 0."""
    shop = Shop(large.settings)
    [target] = [target for target in propensity_targets(large.settings) if target.name == name]
    blocks = plan_blocks(SUNDAY, START, target.horizon_days, target.maximum_blocks)
    with shop.engine() as engine:
        frame = training_frame(engine, shop.lake.read, shop.features, target, blocks)
    split = split_rows(frame, blocks, seed=0)
    test = rows_of(frame, split.test)
    label = test["label"].to_numpy(dtype=bool)
    orders_only = feature_table(load_catalogue(available=ORDERS_ONLY))
    scores = []
    for table in (shop.features, orders_only):
        trial = run_trial(frame, split, blocks, target, columns_of(table, target), seed=0)
        assert trial.model is not None, trial.problems
        scores.append(trial.model.score(test)[0])
    assert len(orders_only.columns) < len(shop.features.columns)
    gains = resampled_gains(label, *scores)
    low, high = np.quantile(gains, [0.025, 0.975])
    found = [roc_auc_score(label, score) for score in scores]
    with capsys.disabled():
        auc = f"AUC {found[0]:.4f}, orders alone {found[1]:.4f}, gain {low:.4f} .. {high:.4f}"
        print(f"\n{name}: {auc}")  # noqa: T201 - a proof shows its figures
    assert low > 0


def columns_of(table: Table, target: Target) -> Columns:
    numeric, text = model_columns(table, target)
    return Columns(numeric, text, target.baseline, target.baseline_names)


def resampled_gains(label: np.ndarray, new: np.ndarray, old: np.ndarray) -> np.ndarray:
    """AUC of `new` less that of `old` in bootstrap samples of the rows; one row per customer."""
    draw = np.random.default_rng(0)
    rows = [draw.integers(0, len(label), len(label)) for _ in range(RESAMPLES)]
    return np.array([roc_auc_score(label[at], new[at]) - roc_auc_score(label[at], old[at]) for at in rows])
