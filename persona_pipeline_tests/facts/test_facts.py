"""Order and basket facts: signed changes that add up to what was known, alone or as a range."""

from __future__ import annotations

import tempfile
from collections import defaultdict
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings

from persona_pipeline.contracts.behaviour import BASKET_ITEM, ORDER_DAY
from persona_pipeline.engine.duckdb import DuckDBEngine
from persona_pipeline.engine.protocol import Window
from persona_pipeline.features.facts import basket_item_window, order_day_window
from persona_pipeline_tests.features.history import (
    FolderLake,
    Row,
    Shop,
    day,
    in_order,
    order_line,
    product,
    shops,
)

DAYS = 7
REDELIVERY = 2
MEASURES = [
    column.name for column in ORDER_DAY.columns if column.name not in ("day", "event_day", "id_kind", "id")
]


def _order_state(rows: list[Row]) -> dict[tuple[object, ...], dict[str, Decimal]]:
    """What is known of each identifier's day from these rows alone, from the definitions."""
    orders: dict[tuple[object, ...], list[Row]] = defaultdict(list)
    for row in rows:
        if row["id"] is not None:
            orders[row["event_day"], row["id_kind"], row["id"], row["order_id"], row["order_type"]].append(
                row
            )
    state: dict[tuple[object, ...], dict[str, Decimal]] = defaultdict(
        lambda: dict.fromkeys(MEASURES, Decimal(0))
    )
    for (event_day, id_kind, identifier, _, order_type), rows_of in orders.items():
        found = state[event_day, id_kind, identifier]
        charges = [row for row in rows_of if row["line_type"] != "item"]
        found["charges"] += sum((row["sign"] * row["amount"] for row in charges), Decimal(0))
        lines = [row for row in rows_of if row["line_type"] == "item"]

        def net(name: str, lines: list[Row] = lines) -> Decimal:
            return sum((row["sign"] * row[name] for row in lines), Decimal(0))

        if order_type == "refund":
            found["refunds"] += net("amount") < 0
            found["refund_amount"] -= net("amount")
            continue
        discounted = sum(row["sign"] for row in lines if row["discount"] > 0)
        found["orders"] += net("amount") > 0
        found["discounted_orders"] += net("amount") > 0 and discounted > 0
        found["order_lines"] += sum(row["sign"] for row in lines)
        found["quantity"] += net("quantity")
        found["sales_amount"] += net("amount")
        found["discount_amount"] += net("discount")
        found["gross_amount"] += net("amount") + net("discount")
    return state


def _expected_order_day(shop: Shop) -> list[Row]:
    rows: list[Row] = []
    for number in range(DAYS):
        before = _order_state(shop.until(day(number - 1)).order_lines)
        after = _order_state(shop.until(day(number)).order_lines)
        for key in sorted(after, key=str):
            change: Row = {name: after[key][name] - before[key][name] for name in MEASURES}
            if any(change.values()):
                event_day, id_kind, identifier = key
                rows.append(
                    {"day": day(number), "event_day": event_day, "id_kind": id_kind, "id": identifier}
                    | change
                )
    return rows


def _numbers(rows: list[Row]) -> list[tuple[object, ...]]:
    """Rows as tuples in which 1 and 1.0000 are equal and sort alike."""
    tuples = [tuple(v.normalize() + 0 if isinstance(v, Decimal) else v for v in row.values()) for row in rows]
    return sorted((tuple(Decimal(v) if type(v) is int else v for v in row) for row in tuples), key=str)


@settings(max_examples=6, deadline=None)
@given(shop=shops(days=DAYS, redelivery_days=REDELIVERY))
def test_order_day_holds_exact_changes_and_a_range_equals_its_days(shop: Shop) -> None:
    _check_order_day(shop)


@pytest.mark.proof
@settings(max_examples=150, deadline=None)
@given(shop=shops(days=DAYS, redelivery_days=REDELIVERY))
def test_order_day_in_many_shops(shop: Shop) -> None:
    _check_order_day(shop)


def _check_order_day(shop: Shop) -> None:
    with tempfile.TemporaryDirectory() as folder, DuckDBEngine(Path(folder)) as engine:
        lake = FolderLake(Path(folder), engine)
        shop.put(lake)
        files = order_day_window(
            engine, lake.read, lake.output(ORDER_DAY), Window(day(0), day(DAYS - 1)), REDELIVERY
        )
        as_range = lake.rows(ORDER_DAY, files=files)
        single = [
            file
            for number in range(DAYS)
            for file in order_day_window(
                engine, lake.read, lake.output(ORDER_DAY), Window(day(number), day(number)), REDELIVERY
            )
        ]
        assert as_range == lake.rows(ORDER_DAY, files=single)
        assert _numbers(as_range) == _numbers(_expected_order_day(shop))


@settings(max_examples=5, deadline=None)
@given(shop=shops(days=DAYS, redelivery_days=REDELIVERY))
def test_basket_items_of_a_range_equal_its_days_and_categories_cancel(shop: Shop) -> None:
    with tempfile.TemporaryDirectory() as folder, DuckDBEngine(Path(folder)) as engine:
        lake = FolderLake(Path(folder), engine)
        shop.put(lake)
        files = basket_item_window(engine, lake.read, lake.output(BASKET_ITEM), Window(day(0), day(DAYS - 1)))
        as_range = lake.rows(BASKET_ITEM, files=files)
        single = [
            file
            for number in range(DAYS)
            for file in basket_item_window(
                engine, lake.read, lake.output(BASKET_ITEM), Window(day(number), day(number))
            )
        ]
        assert as_range == lake.rows(BASKET_ITEM, files=single)
        net: dict[tuple[object, ...], Decimal] = defaultdict(Decimal)
        for row in as_range:
            net[row["order_id"], row["product_id"], row["category"], row["id"], row["event_day"]] += row[
                "quantity"
            ]
        assert min(net.values(), default=Decimal(0)) >= 0
        sold: dict[object, Decimal] = defaultdict(Decimal)
        for row in shop.order_lines:
            if row["order_type"] == "sale" and row["line_type"] == "item":
                sold[row["order_id"]] += row["sign"] * row["quantity"]
        basket: dict[object, Decimal] = defaultdict(Decimal)
        for key, quantity in net.items():
            basket[key[0]] += quantity
        assert {k: v for k, v in basket.items() if v} == {k: v for k, v in sold.items() if v}


def test_a_correction_to_another_customer_moves_the_order(lake: FolderLake) -> None:
    old = order_line(0)
    lake_rows = [old, old | {"day": day(2), "sign": -1}, order_line(2, id="b", event_day=day(0))]
    Shop(lake_rows, [], []).put(lake)
    window = Window(day(0), day(2))
    files = order_day_window(lake.engine, lake.read, lake.output(ORDER_DAY), window, REDELIVERY)
    rows = lake.rows(ORDER_DAY, files=files)
    assert [
        (row["day"], row["event_day"], row["id"], row["orders"], row["sales_amount"]) for row in rows
    ] == [
        (day(0), day(0), "a", 1, Decimal(10)),
        (day(2), day(0), "a", -1, Decimal(-10)),
        (day(2), day(0), "b", 1, Decimal(10)),
    ]


def test_a_second_line_on_a_later_day_is_not_a_second_order(lake: FolderLake) -> None:
    lines = [order_line(0), order_line(1, line=2, event_day=day(0), discount=Decimal(1), quantity=Decimal(2))]
    Shop(lines, [], []).put(lake)
    only_day_1 = Window(day(1), day(1))
    files = order_day_window(lake.engine, lake.read, lake.output(ORDER_DAY), only_day_1, REDELIVERY)
    (row,) = lake.rows(ORDER_DAY, files=files)
    assert {name: row[name] for name in ("orders", "order_lines", "discounted_orders")} == {
        "orders": 0,
        "order_lines": 1,
        "discounted_orders": 1,
    }
    assert (row["gross_amount"], row["discount_amount"], row["sales_amount"]) == (20, 1, 19)


def test_a_retraction_reaches_lines_known_two_redeliveries_ago(lake: FolderLake) -> None:
    """Line 1 comes on time, line 2 comes late, and line 2 is corrected late: line 1 still holds the order."""
    late = order_line(2, line=2, event_day=day(0))
    lines = [order_line(0), late, late | {"day": day(4), "sign": -1}]
    Shop(lines, [], []).put(lake)
    files = order_day_window(
        lake.engine, lake.read, lake.output(ORDER_DAY), Window(day(4), day(4)), REDELIVERY
    )
    (row,) = lake.rows(ORDER_DAY, files=files)
    assert (row["orders"], row["order_lines"], row["sales_amount"]) == (0, -1, Decimal(-10))


def test_the_category_is_the_one_of_the_day_of_the_sale(lake: FolderLake) -> None:
    sale = order_line(2)
    lines = [
        order_line(0, order_id="o0"),
        sale,
        sale | {"day": day(4), "sign": -1},
        order_line(4, order_id="o4", id=None, id_kind=None),
    ]
    Shop(lines, [], [product(1, "p1", "tea"), product(3, "p1", "cups")]).put(lake)
    files = basket_item_window(lake.engine, lake.read, lake.output(BASKET_ITEM), Window(day(0), day(4)))
    rows = in_order(lake.rows(BASKET_ITEM, files=files))
    assert [(row["day"], row["order_id"], row["category"], row["quantity"]) for row in rows] == [
        (day(0), "o0", "unknown", 1),
        (day(2), "o1", "tea", 1),
        (day(4), "o1", "tea", -1),
        (day(4), "o4", "cups", 1),
    ]
