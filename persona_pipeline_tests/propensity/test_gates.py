"""Each leakage gate catches the leak that is planted for it, and lets honest rows pass."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from persona_pipeline.propensity import gates
from persona_pipeline.propensity.blocks import Blocks
from persona_pipeline.propensity.candidates import LOGISTIC, Columns, fit_algorithms, probabilities
from persona_pipeline.propensity.frame import Split, rows_of, split_rows
from persona_pipeline.propensity.metrics import area_under_roc

BLOCKS = Blocks((dt.date(2025, 1, 5),), dt.date(2025, 2, 9), dt.date(2025, 3, 16), 30)
NAMES = ("recency_days", "orders_365d", "sales_365d", "other")
COLUMNS = Columns(NAMES, (), NAMES[:3])


@pytest.fixture
def honest() -> tuple[pd.DataFrame, Split]:
    rng = np.random.default_rng(8)
    rows = 700
    ids = [f"c_{n:04}" for n in range(rows)]
    parts = []
    for as_of in BLOCKS.all():
        x = rng.normal(size=(rows, 4)).astype(np.float32)
        x[:, 1] = x[:, 0] + 0.5 * x[:, 1]
        part = pd.DataFrame(x, columns=list(NAMES))
        part["label"] = rng.random(rows) < 1 / (1 + np.exp(-x[:, 0] - x[:, 1]))
        parts.append(part.assign(customer_id=ids, as_of=pd.Timestamp(as_of)))
    frame = pd.concat(parts, ignore_index=True)
    return frame, split_rows(frame, BLOCKS, 7)


def _measure(frame: pd.DataFrame, split: Split, blocks: Blocks = BLOCKS) -> list[str]:
    y = frame["label"].to_numpy()
    train, selection = rows_of(frame, split.train), rows_of(frame, split.selection)
    logistic = fit_algorithms([LOGISTIC], train, y[split.train], COLUMNS, 7)[LOGISTIC]
    full = area_under_roc(y[split.selection], probabilities(logistic, selection))
    strongest, area = gates.single_feature_gate(train, y[split.train], COLUMNS)
    measured = {
        **gates.overlap_gate(frame, split, blocks),
        "highest_single_feature_auc": area,
        "highest_feature_dependence": gates.dependence_gate(frame, y, split, COLUMNS, strongest, full, 7),
        **gates.permutation_gate(frame, y, split, COLUMNS, 7),
    }
    return gates.failures(measured, strongest)


def test_honest_rows_pass(honest: tuple[pd.DataFrame, Split]):
    assert _measure(*honest) == []


def test_the_halves_of_the_validation_share_no_customer(honest: tuple[pd.DataFrame, Split]):
    frame, split = honest
    both = [set(rows_of(frame, mask)["customer_id"]) for mask in (split.selection, split.calibration)]
    assert both[0] & both[1] == set()
    assert len(both[0] | both[1]) == 700
    assert 300 < len(both[0]) < 400


def test_a_training_window_that_reaches_past_the_test_is_caught(honest: tuple[pd.DataFrame, Split]):
    longer = replace(BLOCKS, horizon_days=40)  # 9 February + 40 days is after 16 March
    assert _measure(*honest, longer)[0] == "700 rows overlap the test in time or stand in two samples"


def test_a_customer_in_both_halves_is_caught(honest: tuple[pd.DataFrame, Split]):
    frame, split = honest
    both = replace(split, calibration=split.selection | split.calibration)
    assert f"{int(split.selection.sum())} customers stand in both halves of the validation" in _measure(
        frame, both
    )


def test_a_feature_that_is_the_answer_is_caught(honest: tuple[pd.DataFrame, Split]):
    frame, split = honest
    leaked = frame.assign(other=(frame["label"] * -1.0 + 0.001 * frame["other"]).astype("float32"))
    assert _measure(leaked, split)[0].startswith("other alone has AUC 1.000")


def test_a_feature_that_is_missing_with_the_answer_is_caught(honest: tuple[pd.DataFrame, Split]):
    frame, split = honest
    leaked = frame.assign(other=frame["other"].where(frame["label"]))
    assert _measure(leaked, split)[0].startswith("other alone has AUC 1.000")


def test_a_feature_written_partly_with_the_answer_is_caught(honest: tuple[pd.DataFrame, Split]):
    frame, split = honest
    hint = (frame["label"] * 2.25 + frame["other"]).astype("float32")
    found = _measure(frame.assign(other=hint), split)
    assert len(found) == 1
    assert found[0].startswith("without other the AUC falls by 0.1")


def test_rows_that_are_learned_and_judged_are_caught_by_shuffled_labels(honest: tuple[pd.DataFrame, Split]):
    frame, split = honest
    shared = replace(split, train=split.train | split.selection)
    assert any(
        sentence.startswith("permuted labels are predicted with AUC 1.000")
        for sentence in _measure(frame, shared)
    )
