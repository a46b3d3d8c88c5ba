"""What Dagster says of features that moved: a warning that names them, tables beside the statistics."""

from __future__ import annotations

import datetime as dt
from typing import Any

import dagster as dg
import pyarrow as pa
import pytest

from persona_pipeline.contracts import Table, Type, behaviour
from persona_pipeline.contracts.arrow import arrow_schema
from persona_pipeline.defs.drift import FEATURE_DRIFT, drift_check, drift_tables
from persona_pipeline.defs.home import prepare_home
from persona_pipeline.defs.launch import execute
from persona_pipeline.defs.metadata import asset_key
from persona_pipeline.defs.plan import SNAPSHOTS, Unit
from persona_pipeline.defs.shop import Shop
from persona_pipeline.features import stability
from persona_pipeline.settings import Settings

START = dt.date(2025, 1, 6)
SUNDAY, FRIDAY = dt.date(2025, 2, 9), dt.date(2025, 2, 14)  # both are compared with 2025-01-12
THEN = dt.date(2025, 1, 12)
STATISTIC = asset_key(behaviour.STATISTIC)


def row(feature: str, psi: float | None = None, coverage: float = 1.0, day: dt.date = FRIDAY) -> dict:
    return {
        "day": day,
        "feature": feature,
        "coverage": coverage,
        "psi": psi,
        "stability": stability.reading(psi),
        "reference_on": THEN,
    }


def test_the_check_names_the_features_that_moved() -> None:
    rows = [row("orders_7d", 0.61), row("sales_7d", 0.26), row("recency_days", 0.25), row("posts_ever")]
    result = drift_check(rows)
    assert (result.passed, result.severity) == (False, dg.AssetCheckSeverity.WARN)
    expected = "expected a PSI of at most 0.25 against 2025-01-12, found orders_7d 0.61, sales_7d 0.26; "
    assert str(result.description).startswith(expected)
    assert result.metadata["features"] == dg.MetadataValue.int(2)


def test_the_check_speaks_of_the_newest_day_only() -> None:
    """A past day that is computed again does not change what is said of today."""
    assert drift_check([row("orders_7d", 0.6, day=SUNDAY), row("orders_7d", 0.1)]).passed
    assert drift_check([row("orders_7d"), row("region", 0.25)]).passed
    assert drift_check([]).passed


def test_ten_features_are_named() -> None:
    result = drift_check([row(f"f{n:02}", 3 - n / 10) for n in range(13)])
    assert "f09 2.10 and 3 more;" in str(result.description)


def test_tables_of_what_moved_and_of_what_is_hardly_filled() -> None:
    rows = [row("orders_7d", 0.3), row("gender", 0.01, 0.5), row("posts_ever", None, 0.02)]
    found = drift_tables([*rows, row("other", 9, 0, SUNDAY)], FRIDAY)[STATISTIC]
    assert found["highest_psi"].value == (
        "| feature | coverage | PSI | stability |\n|---|---|---|---|\n"
        "| orders_7d | 100.0% | 0.300 | act |\n| gender | 50.0% | 0.010 | stable |"
    )
    first = str(found["lowest_coverage"].value).splitlines()[2]
    assert first == "| posts_ever | 2.0% |  |  |"
    assert drift_tables([row("orders_7d")], FRIDAY)[STATISTIC].keys() == {"lowest_coverage"}
    assert drift_tables([], FRIDAY) == {STATISTIC: {}}


def put(shop: Shop, table: Table, day: dt.date, rows: list[dict[str, Any]]) -> None:
    output = shop.lake.output(table)
    filled = pa.Table.from_pylist([{"day": day, **each} for each in rows], schema=arrow_schema(table))
    with shop.engine() as engine:
        files = engine.select_into("SELECT * FROM filled", {"filled": filled}, output)
    shop.lake.replace(output, [day], files)


@pytest.fixture
def stopped(project: Settings) -> Shop:
    """Forty customers who order every day of the first week and never again: tracking broke."""
    only = {name: source for name, source in project.sources.items() if source.kind == "orders"}
    shop = Shop(project.model_copy(update={"sources": only}))
    prepare_home(project.directory)
    names = [f"a{n:02}" for n in range(40)]
    put(
        shop,
        behaviour.MAP,
        START,
        [{"id_kind": "account", "id": name, "customer_id": f"c_{name}"} for name in names],
    )
    amounts = (Type.INTEGER, Type.DECIMAL)
    zeros = {column.name: 0 for column in behaviour.ORDER_DAY.columns if column.type in amounts}
    for number in range(7):
        day = START + dt.timedelta(days=number)
        bought = {"event_day": day, "id_kind": "account", "orders": 1, "sales_amount": 10}
        put(shop, behaviour.ORDER_DAY, day, [{**zeros, **bought, "id": name} for name in names[number:]])
    return shop


def test_drift_of_a_shop_makes_the_check_speak(stopped: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a range that computes two of its days: both are reported, the check speaks of the newest."""
    monkeypatch.setattr(stability, "FEWEST_CUSTOMERS", 40)
    days = [SUNDAY.isoformat(), FRIDAY.isoformat()]
    unit = Unit("features", "nightly", SNAPSHOTS, days[0], days[-1], tuple(days))
    assert list(execute(stopped.settings, [unit], log_file=stopped.settings.directory / "log")) == [unit]

    with dg.DagsterInstance.from_config(str(stopped.settings.directory / ".dagster")) as instance:
        for table in (behaviour.FEATURES, behaviour.STATISTIC):
            assert instance.get_materialized_partitions(asset_key(table)) == set(days)
        event = instance.get_latest_materialization_event(STATISTIC)
        assert event is not None
        assert event.asset_materialization is not None
        metadata = event.asset_materialization.metadata
        # the newest record; Dagster plans a check of a range once for each day, and evaluates it once
        [check] = instance.event_log_storage.get_asset_check_execution_history(FEATURE_DRIFT.key, limit=1)
    assert "| orders_7d | 100.0% | " in str(metadata["highest_psi"].value)
    assert "| posts_30d |" not in str(metadata["highest_psi"].value)
    assert check.event is not None
    evaluation = check.event.asset_check_evaluation
    assert evaluation is not None
    assert (evaluation.passed, evaluation.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert "against 2025-01-12, found " in str(evaluation.description)
    assert "orders_7d" in str(evaluation.description)
