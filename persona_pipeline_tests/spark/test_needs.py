"""Needs of personas: a range as short as those of test_range.py has too few customers for any."""

from __future__ import annotations

from pathlib import Path

from persona_pipeline.contracts.models import CUSTOMER_PROFILE
from persona_pipeline.engine.duckdb import DuckDBEngine
from persona_pipeline.engine.spark import SparkEngine
from persona_pipeline.profiles.needs import persona_needs
from persona_pipeline_tests.profiles.baskets import DAY, WINDOW, draw, stored
from persona_pipeline_tests.spark.comparing import differences


def test_needs_are_equal(embedded: DuckDBEngine, spark: SparkEngine, tmp_path: Path) -> None:
    lake = stored(embedded, tmp_path / "lake", draw(1))
    profile = lake.read(CUSTOMER_PROFILE, DAY, DAY)
    expected, found = (persona_needs(engine, lake.read, profile, DAY, WINDOW) for engine in (embedded, spark))
    assert expected.num_rows >= 4
    assert differences(found, expected, ordered=True) == []
