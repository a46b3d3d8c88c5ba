"""A whole demo range with every statement after clean on both engines: their tables are equal.

What was run is counted, so that a new SQL file that no run reaches is named here.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest

from persona_pipeline.cli import main
from persona_pipeline.contracts import Table, Type
from persona_pipeline.contracts.arrow import arrow_schema
from persona_pipeline.contracts.behaviour import REFUND
from persona_pipeline.contracts.clean import ORDER_LINE
from persona_pipeline.contracts.models import LIFT, PERSONA_NEED, PREDICTION
from persona_pipeline.defs.shop import SCRATCH, Shop
from persona_pipeline.engine.duckdb import DuckDBEngine
from persona_pipeline.engine.spark import SparkEngine
from persona_pipeline.engine.sql import sql_directory, sql_text
from persona_pipeline.features.customer import features_sql
from persona_pipeline.settings import load_settings
from persona_pipeline_tests.spark.comparing import differences
from persona_pipeline_tests.spark.conftest import MASTER
from persona_pipeline_tests.spark.twin import Compared, TwinEngine

START = dt.date(2025, 1, 6)
# clean runs on the embedded engine, views and queries in the warehouse
ELSEWHERE = {"clean", "views", "queries"}
# What so short a range does not reach: a model is promoted after months, a sale is seldom given back twice,
# a need takes 20 customers of one persona.
# These run on rows of their contracts below.
NOT_REACHED: dict[str, dict[str, Table]] = {
    "marts/mart_lift": {"scores_lift": LIFT},
    "marts/mart_calibration": {"scores_lift": LIFT},
    "marts/customer_prediction": {"scores_prediction": PREDICTION},
    "marts/persona_need": {"profiles_persona_need": PERSONA_NEED},
    "reporting/shown_scores": {"prediction": PREDICTION, "shown": PREDICTION},
    "facts/refund_known": {"refund": REFUND, "line": ORDER_LINE},
}
# run with the catalogue's columns at the end of its list; what is left of its text
WIDENED = {"marts/customer_profile": "FROM profiles_customer_profile AS profile"}


def run_twice(
    directory: Path, monkeypatch: pytest.MonkeyPatch, customers: int, days: int, times: int
) -> Compared:
    """Generate a shop and run all its days with the engine of two; compares each statement `times` times."""
    last = START + dt.timedelta(days=days - 1)
    sizes = ["--customers", str(customers), "--days", str(days)]
    assert main(["generate", str(directory), *sizes]) == 0
    with (directory / "persona.toml").open("a", encoding="utf-8") as file:
        file.write("\n[engine]\nprocesses = 1\n")
    compared = Compared(times)
    monkeypatch.setattr(
        Shop, "engine", lambda shop: TwinEngine(shop.settings.path(SCRATCH), MASTER, compared)
    )
    run = ["run", "--project", str(directory), "--from", str(START), "--to", str(last)]
    assert main(run) == 0
    return compared


def unreached(directory: Path, compared: Compared) -> set[str]:
    """The SQL files after clean, and the compiled features, that gave no row on both engines."""
    catalogue = Shop(load_settings(directory)).catalogue
    texts = {
        f"{path.parent.name}/{path.stem}": path.read_text(encoding="utf-8")
        for path in sql_directory().rglob("*.sql")
        if path.parent.name not in ELSEWHERE
    } | {f"features of {name}": sql for name, sql, _ in features_sql(catalogue)}
    return {
        name
        for name, text in texts.items()
        if text not in compared.with_rows
        and not any(WIDENED.get(name, text) in statement for statement in compared.with_rows)
    }


@pytest.mark.timeout(1800)
def test_every_statement_after_clean_is_equal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compared = run_twice(tmp_path / "shop", monkeypatch, customers=200, days=38, times=1)
    assert compared.problems == {}
    assert unreached(tmp_path / "shop", compared) == NOT_REACHED.keys()


def rows_of(table: Table) -> pa.Table:
    """Four rows of a contract, none equal to another, each column with an empty value."""
    kinds = {
        Type.TEXT: ["客户", "a", "ä'\\", None],
        Type.INTEGER: [3, -1, 2**40, None],
        Type.DOUBLE: [0.1, -2.5, 1e-9, None],
        Type.RATE: [Decimal(1), Decimal("0.000000000001"), Decimal(-2), None],
        Type.DECIMAL: [Decimal("0.1"), Decimal(-2), Decimal("3.9999"), None],
        Type.DATE: [START, dt.date(2024, 2, 29), START + dt.timedelta(days=7), None],
        Type.TIMESTAMP: [dt.datetime(2025, 1, day, tzinfo=dt.UTC) for day in (6, 7, 8)] + [None],
    }
    return pa.table({column.name: kinds[column.type] for column in table.columns}, schema=arrow_schema(table))


@pytest.mark.parametrize("name", NOT_REACHED)
def test_statements_beyond_the_range_are_equal(embedded: DuckDBEngine, spark: SparkEngine, name: str) -> None:
    inputs = {each: rows_of(table) for each, table in NOT_REACHED[name].items()}
    expected = embedded.fetch(sql_text(name), inputs)
    assert expected.num_rows >= 3
    ordered = name != "facts/refund_known"
    assert differences(spark.fetch(sql_text(name), inputs), expected, ordered=ordered) == []


@pytest.mark.proof
@pytest.mark.timeout(6 * 3600)
def test_every_statement_of_a_large_range_is_equal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compared = run_twice(tmp_path / "shop", monkeypatch, customers=2000, days=120, times=1_000_000)
    assert compared.problems == {}
    assert unreached(tmp_path / "shop", compared) <= NOT_REACHED.keys()
