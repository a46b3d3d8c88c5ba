"""Reading a small lake as of a day."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pyarrow as pa
import pytest

from persona_pipeline.contracts import clean, models
from persona_pipeline.contracts.behaviour import ORDER_DAY
from persona_pipeline.engine.duckdb import DuckDBEngine
from persona_pipeline.lake.delta import DeltaLake
from persona_pipeline.reporting import collect, write_report
from persona_pipeline.reporting.collect import week_of

DAY = dt.date(2025, 6, 30)
SUNDAY = dt.date(2025, 6, 29)


def write(lake: DeltaLake, engine: DuckDBEngine, table, rows: list[dict]) -> None:
    """Rows with their given columns; numbers that are not given are 0, texts and dates empty."""
    filled = [{column.name: row.get(column.name) for column in table.columns} for row in rows]
    output = lake.output(table)
    result = pa.table({name: [row[name] for row in filled] for name in table.column_names})
    files = engine.select_into("SELECT * FROM result", {"result": result}, output)
    lake.replace(output, {file.day for file in files}, files)


@pytest.fixture
def lake(tmp_path: Path) -> DeltaLake:
    return DeltaLake(tmp_path / "lake")


def test_an_empty_lake_gives_a_page(lake, engine, tmp_path):
    data = collect(engine, lake.read, DAY, project="shop", currency="EUR")
    assert data.persona.empty
    assert data.customers["customers"].tolist() == [0]
    assert write_report(tmp_path / "report", data).is_file()


def test_only_what_was_known_counts_and_signs_add_up(lake, engine):
    later = DAY + dt.timedelta(days=1)
    write(
        lake,
        engine,
        ORDER_DAY,
        [
            {"day": SUNDAY, "event_day": SUNDAY, "orders": 2, "sales_amount": 20, "refund_amount": 0},
            {"day": DAY, "event_day": SUNDAY, "orders": -1, "sales_amount": -5, "refund_amount": 3},
            {"day": later, "event_day": SUNDAY, "orders": 9, "sales_amount": 90, "refund_amount": 0},
        ],
    )
    sales = collect(engine, lake.read, DAY, project="shop", currency="EUR").sales
    assert sales[["orders", "sales_amount", "refund_amount"]].astype(float).to_numpy().tolist() == [
        [1.0, 15.0, 3.0]
    ]


def test_offers_are_counted_by_segment_and_never_name_a_customer(lake, engine):
    members = [("a", "s01"), ("b", "s01"), ("c", "s02"), ("d", None)]
    write(
        lake,
        engine,
        models.MEMBERSHIP,
        [
            {"day": DAY, "as_of": DAY, "customer_id": name, "segment_key": key, "is_outlier": False}
            for name, key in members
        ],
    )
    offers = [("a", 1, "p2"), ("b", 2, "p2"), ("a", 2, "p1"), ("c", 1, "p9"), ("c", 4, "p8"), ("d", 1, "p7")]
    write(
        lake,
        engine,
        models.RECOMMENDATION,
        [
            {"day": DAY, "as_of": DAY, "customer_id": name, "rank": rank, "product_id": product}
            for name, rank, product in offers
        ],
    )
    write(
        lake,
        engine,
        clean.PRODUCT,
        [
            {"day": SUNDAY, "product_id": "p2", "title": "Old cup"},
            {"day": DAY, "product_id": "p2", "title": "Cup"},
        ],
    )
    data = collect(engine, lake.read, DAY, project="shop", currency="EUR")
    assert data.offers.to_numpy().tolist() == [["s01", "p2", 2, 1], ["s01", "p1", 1, 2], ["s02", "p9", 1, 1]]
    assert data.title[["product_id", "title"]].to_numpy().tolist() == [["p2", "Cup"]]
    # only what the customer search shows has a row per customer
    frames = [
        value
        for name in data.__slots__
        if hasattr(value := getattr(data, name), "columns") and not name.startswith("shown")
    ]
    assert not [
        column for frame in frames for column in frame.columns if column in {"customer_id", "id", "order_id"}
    ]


def test_weekly_tables_are_those_in_force_on_the_day(lake, engine):
    weeks = [SUNDAY - dt.timedelta(days=7), SUNDAY, SUNDAY + dt.timedelta(days=7)]
    write(
        lake,
        engine,
        models.RULE_FIT,
        [{"day": day, "status": "none", "status_reason": str(day)} for day in weeks],
    )
    data = collect(engine, lake.read, DAY, project="shop", currency="EUR")
    assert data.rule_fit["status_reason"].tolist() == [str(SUNDAY)]
    assert week_of(SUNDAY) == SUNDAY - dt.timedelta(days=7)
