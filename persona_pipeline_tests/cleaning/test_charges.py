"""Lines of an order that are no product: told by patterns or words, kept as clean, never products."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal

import pytest

from persona_pipeline.contracts import clean
from persona_pipeline.contracts.behaviour import BASKET_ITEM, ORDER_DAY
from persona_pipeline.engine.protocol import Output, Window
from persona_pipeline.features.facts import basket_item_window, order_day_window
from persona_pipeline.sources.source import Source
from persona_pipeline_tests.cleaning.conftest import START, Project
from persona_pipeline_tests.cleaning.test_reasons import rejects

MakeProject = Callable[..., Project]
CHARGES = {
    "shipping": ["POST", "dot*"],
    "tax": ["VAT (20%)"],
    "fee": ["*fee", "DOT-FEE"],
    "discount": ["D"],
}
FIELDS = "order_id line_no type line_type account_id ordered_at product_id product_title"
HEADER = ",".join([*FIELDS.split(), "quantity", "unit_price", "amount"])


def orders(project: MakeProject, *lines: str) -> Project:
    """One delivery of lines `type,line_type,product,quantity,price,amount`, numbered from 1 in order O1."""
    named = {"product_title": "product_title"}
    declared = {"kind": "orders", "path": "raw/{day}.csv", "charges": CHARGES, "columns": named}
    shop = project({"orders": Source.model_validate(declared)})
    rows = [HEADER]
    for number, each in enumerate(lines, start=1):
        kind, line_type, product, *money = each.split(",")
        head = f"O1,{number},{kind},{line_type},A1,{START} 10:00:00"
        rows.append(f"{head},{product},{product.title()},{','.join(money)}")
    shop.write(f"raw/{START}.csv", "\n".join(rows))
    shop.run(START)
    return shop


TYPES = [
    ("sale,,P1,1,5,5", "item"),
    ("sale,,POSTER,1,5,5", "item"),  # only * is special, and the whole id has to match
    ("sale,,post,1,5,5", "shipping"),
    ("sale,,DOT-FEE,1,5,5", "shipping"),  # the first kind of charge that has a matching pattern
    ("sale,,VAT (20%),1,5,5", "tax"),
    ("sale,,Bank Fee,1,5,5", "fee"),
    ("sale,item,POST,1,5,5", "item"),  # what the line says goes before patterns
    ("sale,运费,P1,1,5,5", "shipping"),
    ("sale,Voucher,P1,1,-5,-5", "discount"),
    ("sale,,D,-1,5,-5", "discount"),
    ("refund,,D,-1,-5,5", "discount"),  # a discount that is taken back
    ("refund,,POST,-1,5,-5", "shipping"),
]


def test_the_type_of_a_line_is_what_it_says_or_what_the_patterns_say(project: MakeProject) -> None:
    shop = orders(project, *(line for line, _ in TYPES))
    assert rejects(shop) == []
    found = shop.select("SELECT line_type FROM t ORDER BY event_at, order_line_id", clean.ORDER_LINE)
    assert sorted(found) == sorted((each,) for _, each in TYPES)
    by_product = {
        (product, amount): line_type
        for product, amount, line_type in shop.select(
            "SELECT product_id, amount, line_type FROM t", clean.ORDER_LINE
        )
    }
    assert by_product["DOT-FEE", Decimal(5)] == "shipping"
    assert by_product["D", Decimal(-5)] == by_product["D", Decimal(5)] == "discount"
    ledger = shop.select("SELECT records_in, clean, rejected FROM t", clean.FILE_LEDGER)
    assert ledger == [(len(TYPES), len(TYPES), 0)]
    charges = sum(each != "item" for _, each in TYPES)
    noted = "SELECT records FROM t WHERE outcome = 'noted' AND reason = 'charge'"
    assert shop.select(noted, clean.LEDGER_REASON) == [(charges,)]


def test_what_no_charge_may_be(project: MakeProject) -> None:
    shop = orders(
        project,
        "sale,gift,P1,1,5,5",
        "sale,,POST,-1,5,-5",
        "sale,,P1,1,-5,-5",
        "sale,,D,1,-2000000,-2000000",
        "sale,,D,1,-5,5",
    )
    assert rejects(shop) == [
        (2, "bad_value", "line_type"),
        (3, "refund_type", "quantity"),
        (4, "amount_range", "unit_price"),
        (5, "amount_range", "unit_price"),
        (6, "amount_mismatch", "amount"),
    ]


def test_charges_are_no_products_no_basket_items_and_no_sales(project: MakeProject) -> None:
    shop = orders(
        project,
        "sale,,P1,2,5,10",
        "sale,,POST,1,4,4",
        "sale,,VAT (20%),1,2,2",
        "sale,,D,1,-1.5,-1.5",
        "refund,,POST,-1,3,-3",
    )
    assert shop.select("SELECT product_id FROM t", clean.PRODUCT) == [("P1",)]
    window = Window(START, START)
    folder = shop.directory / "facts"
    output = Output(ORDER_DAY, folder / "order_day", 0)
    shop.keep("facts.order_day", order_day_window(shop.engine, shop.read, output, window, 35))
    output = Output(BASKET_ITEM, folder / "basket_item", 0)
    shop.keep("facts.basket_item", basket_item_window(shop.engine, shop.read, output, window))
    measures = "SELECT orders, order_lines, quantity, sales_amount, charges, refunds, refund_amount FROM t"
    assert shop.select(measures, ORDER_DAY) == [(1, 1, 2, 10, Decimal("1.5"), 0, 0)]
    assert shop.select("SELECT product_id, quantity, amount FROM t", BASKET_ITEM) == [("P1", 2, 10)]


def test_a_line_that_becomes_a_charge_is_a_correction(project: MakeProject) -> None:
    first, second = START, START + dt.timedelta(days=1)
    shop = project({"orders": Source(kind="orders", path="raw/{day}.csv")})
    for day, line_type in ((first, ""), (second, "fee")):
        row = f"O1,1,sale,{line_type},A1,{first} 10:00:00,P1,Wrap,1,5,5"
        shop.write(f"raw/{day}.csv", f"{HEADER}\n{row}")
    shop.run(first, second)
    lines = "SELECT day, sign, line_type FROM t ORDER BY day, sign"
    expected = [(first, 1, "item"), (second, -1, "item"), (second, 1, "fee")]
    assert shop.select(lines, clean.ORDER_LINE) == expected


@pytest.mark.parametrize(
    ("charges", "message"),
    [
        ({"shipping": ["*"]}, "charges.shipping: '\\*' would make every line a charge"),
        ({"postage": ["POST"]}, "Input should be 'shipping', 'tax', 'fee' or 'discount'"),
    ],
)
def test_charges_that_cannot_be_meant(charges: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Source.model_validate({"kind": "orders", "path": "o.csv", "charges": charges})
