"""Refunds and the sales they give back: small tables by hand, and what must hold in any shop."""

from __future__ import annotations

import datetime as dt
import tempfile
from collections import defaultdict
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings

from persona_pipeline.contracts.behaviour import BASKET_ITEM, ORDER_DAY, REFUND
from persona_pipeline.contracts.clean import ORDER_LINE
from persona_pipeline.engine.duckdb import DuckDBEngine
from persona_pipeline.engine.protocol import Window
from persona_pipeline.features.facts import basket_item_window, order_day_window
from persona_pipeline.features.refunds import refund_window
from persona_pipeline_tests.features.history import FolderLake, Row, Shop, day, order_line, shops

REDELIVERY = 2
REFUND_DAYS = {"orders": 5}


def refund(known: int, order: str, **changes: object) -> Row:
    """One unit of p1 given back by `a`."""
    return order_line(known, order_id=order, order_type="refund", **{"quantity": Decimal(-1)} | changes)


def again(row: Row, known: int, **changes: object) -> list[Row]:
    """The row taken back, and the version that replaces it."""
    changed = order_line(known, **{name: row[name] for name in SHAPE} | changes)
    return [row | {"day": day(known), "sign": -1}, changed]


SHAPE = ("order_id", "line", "order_type", "id", "id_kind", "event_day", "product_id", "quantity", "discount")


def run(lake: FolderLake, first: int, last: int) -> None:
    """The facts of a window, committed."""
    window = Window(day(first), day(last))
    days = {"redelivery_days": REDELIVERY, "refund_days": REFUND_DAYS}
    files, refunds = refund_window(lake.engine, lake.read, lake.output(REFUND), window, **days)
    orders = order_day_window(lake.engine, lake.read, lake.output(ORDER_DAY), window, REDELIVERY, refunds)
    items = basket_item_window(lake.engine, lake.read, lake.output(BASKET_ITEM), window, refunds)
    for table, written in ((REFUND, files), (ORDER_DAY, orders), (BASKET_ITEM, items)):
        lake.replace(table, written)


def matched(lake: FolderLake, lines: list[Row], last: int) -> list[tuple]:
    """Known day, sign, refund, sale, how, units and money, after one run over all days."""
    lake.put(ORDER_LINE, lines)
    run(lake, 0, last)
    columns = ("sign", "refund_line_id", "sale_line_id", "matched_by", "quantity", "amount")
    rows = [((row["day"] - day(0)).days, *(row[name] for name in columns)) for row in lake.rows(REFUND)]
    return sorted(rows, key=str)


def test_what_a_refund_gives_back(lake: FolderLake) -> None:
    two = {"quantity": Decimal(2)}
    lines = [
        order_line(0, order_id="o0", **two),
        order_line(1, order_id="o1", **two),
        order_line(1, order_id="o2", id="b"),
        order_line(1, order_id="o3", product_id="p2"),
        refund(2, "r1", refund_of="o0"),  # by the order it names, although o1 is newer
        refund(2, "r2", quantity=Decimal(-3)),  # the newest earlier sale first, then the one before
        refund(3, "o2", id="b"),  # a refund within its own order
        refund(3, "r3", refund_of="o9"),  # it names an order that is not known
        refund(3, "r4", product_id="p2", quantity=Decimal(-3)),
        refund(4, "r5", id=None, id_kind=None),
        refund(4, "o1", quantity=Decimal(-1)),  # its order is all given back: nothing else is taken instead
        refund(7, "r6", product_id="p2"),  # o3 is six days ago
    ]
    third = Decimal("3.3333")
    assert matched(lake, lines, 7) == [
        (2, 1, "r1-1", "o0-1", "reference", 1, 10),
        (2, 1, "r2-1", "o0-1", "purchase", 1, 10),
        (2, 1, "r2-1", "o1-1", "purchase", 2, 20),
        (3, 1, "o2-1", "o2-1", "order", 1, 10),
        (3, 1, "r3-1", None, "none", 1, 10),
        (3, 1, "r4-1", "o3-1", "purchase", 1, third),
        (3, 1, "r4-1", None, "none", 2, 2 * third),
        (4, 1, "o1-1", None, "none", 1, 10),
        (4, 1, "r5-1", None, "none", 1, 10),
        (7, 1, "r6-1", None, "none", 1, third),
    ]


def test_shares_of_the_money_add_up(lake: FolderLake) -> None:
    sales = [order_line(n, order_id=f"o{n}") for n in range(3)]
    back = refund(3, "r1", quantity=Decimal(-3)) | {"amount": Decimal("-10")}
    found = matched(lake, [*sales, back], 3)
    shares = {row[3]: row[-1] for row in found}
    assert shares == {"o2-1": Decimal("3.3333"), "o1-1": Decimal("3.3334"), "o0-1": Decimal("3.3333")}


def test_a_corrected_refund_takes_its_match_back(lake: FolderLake) -> None:
    sale = order_line(0, quantity=Decimal(2))
    first = refund(1, "r1", quantity=Decimal(-2))
    lines = [sale, first, *again(first, 3, quantity=Decimal(-1)), refund(3, "r2")]
    assert matched(lake, lines, 3) == [
        (1, 1, "r1-1", "o1-1", "purchase", 2, 20),
        (3, -1, "r1-1", "o1-1", "purchase", 2, 20),
        (3, 1, "r1-1", "o1-1", "purchase", 1, 10),
        (3, 1, "r2-1", "o1-1", "purchase", 1, 10),
    ]


def test_a_corrected_sale_is_never_given_back_beyond_what_was_sold(lake: FolderLake) -> None:
    sale = order_line(0, quantity=Decimal(2))
    lines = [sale, refund(1, "r1", quantity=Decimal(-2)), *again(sale, 2, quantity=Decimal(1))]
    assert matched(lake, lines, 2) == [
        (1, 1, "r1-1", "o1-1", "purchase", 2, 20),
        (2, -1, "r1-1", "o1-1", "purchase", 2, 20),
        (2, 1, "r1-1", "o1-1", "purchase", 1, 10),
        (2, 1, "r1-1", None, "none", 1, 10),
    ]


def test_an_order_given_back_in_full_is_no_order_from_the_day_that_is_known(lake: FolderLake) -> None:
    lines = [
        order_line(0, discount=Decimal(1)),
        order_line(0, line=2, product_id="p2"),
        order_line(0, line=3, product_id="p4", line_type="shipping"),  # is kept
        refund(1, "r1"),
        refund(3, "r2", product_id="p2"),
        order_line(5, order_id="o2"),
    ]
    lines[3] |= {"amount": Decimal(-9)}
    late = refund(3, "r2", product_id="p2")
    lines += again(late, 5, quantity=Decimal(0))  # the second refund was none
    lake.put(ORDER_LINE, lines)
    run(lake, 0, 5)
    names = ("orders", "discounted_orders", "order_lines", "sales_amount", "cancelled_amount", "refunds")
    sold = Decimal("12.3333")
    assert [
        ((row["day"] - day(0)).days, (row["event_day"] - day(0)).days, *(row[name] for name in names))
        for row in sorted(lake.rows(ORDER_DAY), key=lambda row: (row["day"], row["event_day"]))
    ] == [
        (0, 0, 1, 1, 2, sold, 0, 0),
        (1, 1, 0, 0, 0, 0, 0, 1),
        (3, 0, -1, -1, 0, 0, sold, 0),
        (3, 3, 0, 0, 0, 0, 0, 1),
        (5, 0, 1, 1, 0, 0, -sold, 0),
        (5, 3, 0, 0, 0, 0, 0, -1),
        (5, 5, 1, 0, 1, 10, 0, 0),
    ]
    assert [
        ((row["day"] - day(0)).days, row["order_id"], row["product_id"], row["quantity"], row["amount"])
        for row in sorted(lake.rows(BASKET_ITEM), key=lambda row: (row["day"], row["product_id"]))
    ] == [
        (0, "o1", "p1", 1, 9),
        (0, "o1", "p2", 1, Decimal("3.3333")),
        (3, "o1", "p1", -1, -9),
        (3, "o1", "p2", -1, Decimal("-3.3333")),
        (5, "o1", "p1", 1, 9),
        (5, "o2", "p1", 1, 10),
        (5, "o1", "p2", 1, Decimal("3.3333")),
    ]


DAYS = 6
SHOPS = shops(days=DAYS, redelivery_days=REDELIVERY, deliveries=30)


@settings(max_examples=3, deadline=None)
@given(shop=SHOPS)
def test_any_shop(shop: Shop) -> None:
    _check(shop)


@pytest.mark.proof
@pytest.mark.timeout(900)
@settings(max_examples=80, deadline=None)
@given(shop=SHOPS)
def test_many_shops(shop: Shop) -> None:
    _check(shop)


def _check(shop: Shop) -> None:
    with tempfile.TemporaryDirectory() as folder, DuckDBEngine(Path(folder), threads=1) as engine:
        nightly, ranged = (FolderLake(Path(folder) / name, engine) for name in ("nights", "range"))
        for lake in (nightly, ranged):
            lake.put(ORDER_LINE, shop.order_lines)
        for number in range(DAYS):
            run(nightly, number, number)
        run(ranged, 0, DAYS - 1)
        found = {table: ranged.rows(table) for table in (REFUND, ORDER_DAY, BASKET_ITEM)}
        for table, rows in found.items():
            assert rows == nightly.rows(table), table.full_name
    for number in range(DAYS):
        _check_as_of(day(number), shop.order_lines, found[REFUND], found[ORDER_DAY], found[BASKET_ITEM])


def _check_as_of(as_of: dt.date, *tables: list[Row]) -> None:
    """What must hold of what is known on a day, from the definitions."""
    lines, refunds, orders, items = ([row for row in rows if row["day"] <= as_of] for rows in tables)

    def sums(rows: list[Row], name: str, *key: str) -> dict[tuple[object, ...], Decimal]:
        total: dict[tuple[object, ...], Decimal] = defaultdict(Decimal)
        for row in rows:
            total[tuple(row[each] for each in key)] += row.get("sign", 1) * row[name]
        return defaultdict(Decimal, {key: value for key, value in total.items() if value})

    back = [row for row in lines if row["order_type"] == "refund"]
    sales = [row for row in lines if row["order_type"] == "sale"]
    for name in ("quantity", "amount"):
        told = {key: -value for key, value in sums(back, name, "order_line_id").items()}
        assert sums(refunds, name, "refund_line_id") == told
    sold = sums(sales, "quantity", "order_line_id")
    given_back = sums([row for row in refunds if row["sale_line_id"]], "quantity", "sale_line_id")
    assert all(0 < units <= sold[key] for key, units in given_back.items())
    key = ("event_day", "id_kind", "id", "order_id")
    item_sales = [row for row in sales if row["line_type"] == "item"]
    units = sums(item_sales, "quantity", *key)
    returned = sums(
        [row for row in refunds if row["line_type"] == "item" and row["sale_order_id"]],
        "quantity",
        *("sale_event_day", "id_kind", "id", "sale_order_id"),
    )
    cancelled = {order for order, quantity in returned.items() if quantity >= units[order]}
    kept = {order for order, amount in sums(item_sales, "amount", *key).items() if amount > 0} - cancelled
    per_day: dict[tuple[object, ...], int] = defaultdict(int)
    for order in kept:
        per_day[order[:3]] += order[2] is not None
    assert sums(orders, "orders", *key[:3]) == {key: count for key, count in per_day.items() if count}
    expected = {
        each: quantity
        for each, quantity in sums(item_sales, "quantity", *key, "product_id").items()
        if each[:4] not in cancelled
    }
    assert sums(items, "quantity", *key, "product_id") == expected
