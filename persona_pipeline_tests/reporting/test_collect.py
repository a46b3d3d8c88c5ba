"""Reading a small lake as of a day."""

from __future__ import annotations

import datetime as dt
import importlib
from pathlib import Path

import pyarrow as pa
import pytest

from persona_pipeline.contracts import activity, clean, models
from persona_pipeline.contracts.behaviour import MAP, ORDER_DAY, STATISTIC
from persona_pipeline.contracts.calendar import week_of
from persona_pipeline.engine.duckdb import DuckDBEngine
from persona_pipeline.lake.delta import DeltaLake
from persona_pipeline.reporting import collect, write_report

reading = importlib.import_module(
    "persona_pipeline.reporting.collect"
)  # the package exports a function of that name
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


def test_traces_belong_to_whom_the_newest_row_of_the_map_names(lake, engine):
    old, later = DAY - dt.timedelta(days=91), DAY + dt.timedelta(days=1)
    own = {"id_kind": "visitor", "id": "v1"}
    write(
        lake,
        engine,
        MAP,
        [
            {"day": SUNDAY, **own, "customer_id": "b"},
            {"day": DAY, **own, "customer_id": "a"},
            {"day": later, **own, "customer_id": "c"},
            {"day": SUNDAY, "id_kind": "account", "id": "gone", "customer_id": "a"},
            {"day": DAY, "id_kind": "account", "id": "gone", "customer_id": None},
        ],
    )
    write(
        lake,
        engine,
        models.MEMBERSHIP,
        [{"day": DAY, "customer_id": name, "segment_key": key} for name, key in (("a", "s01"), ("b", "s02"))],
    )
    visit = {"channel": "email", "device": "mobile", "hits": 1}
    write(
        lake,
        engine,
        activity.SESSION,
        [
            {"day": SUNDAY, "event_day": SUNDAY, **own, **visit, "product_views": 1},
            {"day": DAY, "event_day": DAY, "id_kind": "account", "id": "gone", **visit},
            {"day": old, "event_day": old, **own, **visit},
            {"day": later, "event_day": DAY, **own, **visit},
        ],
    )
    view = {"product_id": "p1", "category": "tea", "views": 2}
    write(lake, engine, activity.PRODUCT_VIEW, [{"day": DAY, "event_day": DAY, **own, **view}])
    sent = {**own, "campaign_id": "k", "channel": "sms", "message": "win_back", "event_day": SUNDAY}
    zeros = dict.fromkeys(("contacts", "holdouts", "opens", "clicks", "responses", "cost_amount"), 0)
    write(
        lake,
        engine,
        activity.CONTACT_DAY,
        [{"day": SUNDAY, **sent, **zeros, "contacts": 1}, {"day": DAY, **sent, **zeros, "opens": 1}],
    )
    data = collect(engine, lake.read, DAY, project="shop", currency="EUR")
    columns = ["event_day", "visitor_type", "sessions", "bounces", "product_sessions"]
    assert data.web[columns].astype(str).to_numpy().tolist() == [
        [str(SUNDAY), "customer", "1", "1", "1"],
        [str(DAY), "visitor", "1", "1", "0"],
    ]
    assert data.interest.to_numpy().tolist() == [["s01", "tea", 2]]
    answered = ["segment_key", "channel", "contacts", "opens", "responses"]
    assert data.contact[answered].to_numpy().tolist() == [["s01", "sms", 1, 1, 0]]


def test_the_best_customers_are_shown_with_their_last_days(lake, engine, monkeypatch):
    monkeypatch.setattr(reading, "SHOWN_CUSTOMERS", 2)
    monkeypatch.setattr(reading, "SHOWN_DAYS", 2)
    profile = {"is_outlier": False, "orders_365d": 1}
    write(
        lake,
        engine,
        models.CUSTOMER_PROFILE,
        [
            {"day": DAY, "as_of": DAY, "customer_id": name, "sales_365d": sales, **profile}
            for name, sales in (("a", 5), ("b", 50), ("c", 50), ("d", 1))
        ],
    )
    write(
        lake,
        engine,
        MAP,
        [
            {"day": SUNDAY, "id_kind": "account", "id": i, "customer_id": c}
            for i, c in (("1", "b"), ("2", "d"))
        ],
    )
    days = [DAY - dt.timedelta(days=ago) for ago in (0, 3, 9)]
    zeros = {"refund_amount": 0}
    bought = [
        {"day": DAY, "id_kind": "account", "id": i, "event_day": day, "orders": 1, "sales_amount": 7, **zeros}
        for day in days
        for i in "12"
    ]
    taken_back = {**bought[0], "day": DAY, "event_day": days[1], "orders": -1, "sales_amount": -7}
    write(lake, engine, ORDER_DAY, [*bought, taken_back])
    data = collect(engine, lake.read, DAY, project="shop", currency="EUR")
    assert data.shown["customer_id"].tolist() == ["b", "c"]
    shown = data.shown_day[["customer_id", "event_day", "orders", "sales_amount"]].astype(str)
    assert shown.to_numpy().tolist() == [
        ["b", str(days[0]), "1", "7.0000"],
        ["b", str(days[2]), "1", "7.0000"],
    ]


def test_statistics_are_those_of_the_day(lake, engine):
    row = {"feature": "orders_7d", "customers": 9, "coverage": 1.0}
    for day, psi in ((SUNDAY, 0.5), (DAY, 0.2)):
        write(lake, engine, STATISTIC, [{**row, "day": day, "psi": psi}, {**row, "day": day, "feature": "a"}])
    data = collect(engine, lake.read, DAY, project="shop", currency="EUR", readable=["orders_7d"])
    assert data.statistic["feature"].tolist() == ["a", "orders_7d"]
    assert data.statistic["psi"].tolist()[1] == 0.2
    assert data.readable == {"orders_7d"}
