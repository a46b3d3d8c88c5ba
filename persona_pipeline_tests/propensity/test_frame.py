"""The training frame: whose rows it has."""

from __future__ import annotations

import pandas as pd
import pytest

from persona_pipeline.engine.duckdb import DuckDBEngine
from persona_pipeline.propensity import Target
from persona_pipeline.propensity.blocks import plan_blocks
from persona_pipeline.propensity.frame import training_frame
from persona_pipeline_tests.propensity.conftest import SUNDAY
from persona_pipeline_tests.propensity.shop import SHOP_FEATURES, START, Lake


def test_of_many_rows_those_of_some_customers_are_taken_in_every_block(
    engine: DuckDBEngine, lake: Lake, buy: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocks = plan_blocks(SUNDAY, START, buy.horizon_days, buy.maximum_blocks)
    everybody = training_frame(engine, lake.read, SHOP_FEATURES, buy, blocks)
    monkeypatch.setattr("persona_pipeline.propensity.frame.MOST_ROWS", len(everybody) // 3)
    some = training_frame(engine, lake.read, SHOP_FEATURES, buy, blocks)
    chosen = everybody.loc[everybody["customer_id"].isin(some["customer_id"]), :]
    pd.testing.assert_frame_equal(chosen.reset_index(drop=True), some)
    assert 0.26 < len(some) / len(everybody) < 0.40
