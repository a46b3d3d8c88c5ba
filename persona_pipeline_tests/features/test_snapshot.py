"""Snapshots of a small shop by hand: rows, windows, what is empty. Against the reference: test_parity.py."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path

import pytest

from persona_pipeline.contracts.behaviour import BASKET_ITEM, MAP, ORDER_DAY
from persona_pipeline.contracts.pseudonym import customer_pseudonym
from persona_pipeline.engine.duckdb import DuckDBEngine
from persona_pipeline.engine.protocol import Window
from persona_pipeline.features.catalogue import feature_table, load_catalogue
from persona_pipeline.features.customer import for_customers, snapshot
from persona_pipeline.features.facts import basket_item_window, order_day_window
from persona_pipeline_tests.features.history import (
    FolderLake,
    Row,
    Shop,
    customer,
    day,
    order_line,
    product,
)
from persona_pipeline_tests.features.reference import age_band

CATALOGUE = load_catalogue(available=frozenset({"orders", "customers"}))  # the rest: test_traces.py
FEATURES = feature_table(CATALOGUE)
KEY = b"0123456789abcdef0123456789abcdef"
DAYS = 120
REDELIVERY = 12
IDS = {customer_pseudonym(KEY, "account", name): name for name in "abcdz"}


def _build(folder: Path, engine: DuckDBEngine, shop: Shop) -> FolderLake:
    """Clean rows, and from them the facts and the map."""
    lake = FolderLake(folder, engine)
    shop.put(lake)
    window = Window(day(0), day(DAYS - 1))
    lake.replace(ORDER_DAY, order_day_window(engine, lake.read, lake.output(ORDER_DAY), window, REDELIVERY))
    lake.replace(BASKET_ITEM, basket_item_window(engine, lake.read, lake.output(BASKET_ITEM), window))
    lake.put(MAP, _map(shop))
    return lake


def _map(shop: Shop) -> list[Row]:
    """Every account from the day it was first known; each is a customer of its own."""
    known: dict[str, dt.date] = {}
    for row in (*shop.order_lines, *shop.customers):
        if row["id"] is not None:
            known[row["id"]] = min(known.get(row["id"], row["day"]), row["day"])
    return [
        {
            "day": first,
            "id_kind": "account",
            "id": name,
            "customer_id": customer_pseudonym(KEY, "account", name),
        }
        for name, first in known.items()
    ]


def _snapshot(lake: FolderLake, *days: dt.date) -> list[Row]:
    files = snapshot(lake.engine, lake.read, lake.output(FEATURES), CATALOGUE, days)
    return lake.rows(FEATURES, files=files) if files else []


SHOP = Shop(
    [
        order_line(0, discount=Decimal(2)),
        order_line(0, line=2, product_id="p3", quantity=Decimal(2)),
        order_line(10, order_id="o2", product_id="p2"),
        order_line(10, order_id="o3", id="b"),
        order_line(19, order_id="r1", order_type="refund", quantity=Decimal(-1), discount=Decimal(0)),
    ],
    [
        customer(0, "a", birth_year=1990, gender="female", region="North"),
        customer(12, "c"),
        customer(20, "a"),
    ],
    [product(0, "p1", "tea"), product(0, "p2", "rice"), product(0, "p3", "cups")],
)


@pytest.fixture
def shop_lake(lake: FolderLake, tmp_path: Path) -> FolderLake:
    return _build(tmp_path / "shop", lake.engine, SHOP)


def test_a_row_by_hand(shop_lake: FolderLake) -> None:
    rows = {IDS[str(row["customer_id"])]: row for row in _snapshot(shop_lake, day(19))}
    expected = {
        "age_band": "35_44",
        "gender": "female",
        "region": "North",
        "income_band": "unknown",
        "recency_days": 9,
        "tenure_days": 19,
        "orders_30d": 2,
        "orders_7d": 0,
        "sales_30d": Decimal("26.3333"),
        "sales_7d": Decimal(0),
        "net_sales_90d": Decimal("16.3333"),
        "discount_share_90d": float(Decimal(2)) / 28.3333,
        "refund_share_90d": 10 / 26.3333,
        "last_refund_days": 0,
        "days_between_orders_mean_ever": 10.0,
        "days_between_orders_std_ever": None,
        "largest_order_ever": Decimal(23),
        "largest_order_share_365d": 23 / 26.3333,
        "products_per_order_90d": 1.5,
        "favourite_category": "cups",
        "recency_over_gap": 0.9,
    }
    assert {name: rows["a"][name] for name in expected} == expected


def test_a_window_holds_its_first_day_and_not_the_one_before(lake: FolderLake, tmp_path: Path) -> None:
    lines = [order_line(100 - age, order_id=f"o{age}") for age in (0, 1, 6, 7, 29, 30, 89, 90)]
    (row,) = _snapshot(_build(tmp_path / "borders", lake.engine, Shop(lines, [], [])), day(100))
    orders = {
        name: row[name] for name in ("orders_1d", "orders_7d", "orders_30d", "orders_90d", "orders_180d")
    }
    assert orders == {"orders_1d": 1, "orders_7d": 3, "orders_30d": 5, "orders_90d": 7, "orders_180d": 8}


def test_a_customer_without_orders_has_zeros_and_nulls(shop_lake: FolderLake) -> None:
    (row,) = [row for row in _snapshot(shop_lake, day(19)) if IDS[str(row["customer_id"])] == "c"]
    nullable = {feature.name for feature in CATALOGUE.outputs if feature.about.missing == "null"}
    for feature in CATALOGUE.outputs:
        assert row[feature.name] == (None if feature.name in nullable else 0), feature.name


def test_one_customer_looked_up_equals_the_snapshot(shop_lake: FolderLake) -> None:
    ids = [identifier for identifier, name in IDS.items() if name in "ab"]
    looked_up = for_customers(
        shop_lake.engine, shop_lake.read, CATALOGUE, [*ids, "c_nobody"], day(19)
    ).to_pylist()
    everyone = {row["customer_id"]: row for row in _snapshot(shop_lake, day(19))}
    assert looked_up == [everyone[identifier] for identifier in sorted(ids)]


def test_more_days_than_one_statement_takes(shop_lake: FolderLake) -> None:
    days = [day(number) for number in range(8, 20)]
    assert [row["as_of"] for row in _snapshot(shop_lake, *days)] == [
        d
        for number, d in enumerate(days, start=8)
        for _ in range(1 if number < 10 else 2 if number < 12 else 3)
    ]
    assert _snapshot(shop_lake) == []


def test_categories_with_equal_sales_are_ordered_by_name(lake: FolderLake, tmp_path: Path) -> None:
    lines = [
        order_line(0, product_id="p1"),
        order_line(0, order_id="o2", product_id="p4", quantity=Decimal(1000)),
    ]
    shop = Shop(lines, [], [product(0, "p1", "tea"), product(0, "p4", "cups")])
    (row,) = _snapshot(_build(tmp_path / "tie", lake.engine, shop), day(0))
    assert (row["favourite_category"], row["top_category_share_90d"]) == ("cups", 0.5)


@pytest.mark.parametrize(
    ("birth_year", "band"),
    [
        (None, "unknown"),
        (2008, "under_18"),
        (2007, "18_24"),
        (1960, "65_plus"),
        (1961, "55_64"),
        (2000, "25_34"),
    ],
)
def test_age_bands_of_the_reference(birth_year: int | None, band: str) -> None:
    assert age_band(birth_year, dt.date(2025, 6, 1)) == band
