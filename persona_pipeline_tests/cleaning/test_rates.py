"""Money in other currencies: converted by the newest known rate, else rejected.

The truth is worked out by hand.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal

import pytest

from persona_pipeline.cleaning.window import TABLES
from persona_pipeline.contracts import clean, traces
from persona_pipeline.sources.source import Source
from persona_pipeline_tests.cleaning.conftest import START, Project
from persona_pipeline_tests.cleaning.test_reasons import content, line, rejects

RATES = Source(kind="rates", path="raw/r_{day}.csv")
SOURCES = {"orders": Source(kind="orders", path="raw/o_{day}.csv"), "rates": RATES}
MONEY = "unit_price, discount, amount, currency, original_currency, original_amount, exchange_rate"
MakeProject = Callable[..., Project]


def day(number: int) -> dt.date:
    return START + dt.timedelta(days=number)


def euro(order: str, on: int, **changes: str) -> str:
    """Two at 10.00 less 1.00: 19.00 euros."""
    return line(order_id=order, ordered_at=f"{day(on)} 10:00:00", currency="EUR", **changes)


def rates(shop: Project, known: int, *rows: tuple[str, int, str]) -> None:
    body = "".join(f"{currency},{day(on)},{rate}\n" for currency, on, rate in rows)
    shop.write(f"raw/r_{day(known)}.csv", f"currency,rate_on,rate\n{body}")


def test_money_is_converted_once_and_rounded_half_away_from_zero(project: MakeProject) -> None:
    shop = project(SOURCES)
    rates(shop, 0, ("eur", 0, "7.85"), ("JPY", 0, "0.000125"))
    at, one = {"ordered_at": f"{day(0)} 10:00:00"}, {"quantity": "1", "unit_price": "0.4", "amount": "0.4"}
    yen = {**at, "currency": "JPY", "discount": "0"}
    rows = [
        euro("O1", 0),
        euro("O2", 0, type="refund", quantity="-2", amount="-19.00"),
        line(**yen, **one, order_id="J1"),
        line(**yen, **one | {"quantity": "-1", "amount": "-0.4"}, order_id="J2", type="refund"),
        line(**yen, order_id="J3", quantity="1", unit_price="5000000", amount=""),  # yen have another limit
        line(**at, order_id="O3"),
    ]
    shop.write(f"raw/o_{day(0)}.csv", content(*rows))
    shop.run(day(0))
    half = Decimal("0.0001")  # 0.4 x 0.000125 = 0.00005
    expected = [
        ("J1", half, 0, half, "CNY", "JPY", Decimal("0.4"), Decimal("0.000125")),
        ("J2", half, 0, -half, "CNY", "JPY", Decimal("-0.4"), Decimal("0.000125")),
        ("J3", 625, 0, 625, "CNY", "JPY", 5_000_000, Decimal("0.000125")),
        ("O1", Decimal("78.5"), Decimal("7.85"), Decimal("149.15"), "CNY", "EUR", 19, Decimal("7.85")),
        ("O2", Decimal("78.5"), Decimal("7.85"), Decimal("-149.15"), "CNY", "EUR", -19, Decimal("7.85")),
        ("O3", 10, 1, 19, "CNY", None, None, None),
    ]
    assert rejects(shop) == []
    assert shop.select(f"SELECT order_id, {MONEY} FROM t ORDER BY order_id", clean.ORDER_LINE) == expected
    noted = "SELECT records FROM t WHERE outcome = 'noted' AND reason = 'converted'"
    assert shop.select(noted, clean.LEDGER_REASON) == [(5,)]


@pytest.mark.parametrize(
    ("quoted", "ordered", "rate"),
    [
        ([(0, "8")], 0, "8"),
        ([(0, "8")], 10, "8"),  # ten days old is not too old
        ([(0, "8")], 11, None),
        ([(6, "8")], 5, None),  # not yet quoted when it happened
        ([(1, "8"), (4, "9"), (6, "7")], 5, "9"),
    ],
)
def test_the_newest_rate_of_the_day_or_of_ten_days_before_counts(
    project: MakeProject, quoted: list[tuple[int, str]], ordered: int, rate: str | None
) -> None:
    shop = project(SOURCES)
    for on, value in quoted:
        rates(shop, on, ("EUR", on, value))
    shop.write(f"raw/o_{day(12)}.csv", content(euro("O1", ordered)))
    shop.run(START, day(12))
    found = shop.select("SELECT exchange_rate FROM t", clean.ORDER_LINE)
    assert found == ([(Decimal(rate),)] if rate else [])
    assert rejects(shop) == ([] if rate else [(2, "unknown_currency", "currency")])


def deliver(shop: Project) -> None:
    """A rate that comes late, is corrected and is repeated; orders that come again; a price; a contact."""
    rates(shop, 1, ("EUR", 0, "8"))
    rates(shop, 3, ("EUR", 0, "9"), ("EUR", 3, "6"), ("USD", 3, "0"), ("USD", 9, "7"), ("US", 3, "7"))
    rates(shop, 4, ("EUR", 0, "9"), ("CNY", 4, "1"), ("CNY", 3, "2"))
    for known, lines in {
        0: [euro("O0", 0)],  # no rate is known yet
        1: [euro("O0", 0), euro("O1", 0)],
        2: [euro("O1", 0), euro("O2", 0, quantity="2")],
        3: [euro("O2", 0, version="2", quantity="3", amount="29.00"), euro("O3", 2), euro("O4", 3)],
    }.items():
        shop.write(f"raw/o_{day(known)}.csv", content(*lines))
    for known in (1, 3):
        shop.write(f"raw/p_{day(known)}.csv", f"product_id,title,price,currency\nP1,Tea,{known}.5,EUR\n")
    for known in (0, 3):
        head = "contact_id,campaign_id,contacted_at,cost,currency\n"
        shop.write(f"raw/k_{day(known)}.csv", f"{head}k{known},spring,{day(known)} 06:00:00,0.5,EUR\n")


def test_a_rate_changes_nothing_that_was_decided_and_nights_equal_a_range(project: MakeProject) -> None:
    sources = {
        **SOURCES,
        "products": Source(kind="products", path="raw/p_{day}.csv"),
        "campaigns": Source(kind="campaigns", path="raw/k_{day}.csv"),
    }
    nightly, ranged = project(sources), project(sources)
    for shop in (nightly, ranged):
        deliver(shop)
    for number in range(5):
        nightly.run(day(number))
    ranged.run(day(0), day(4))
    for table in (clean.ARRIVAL, *TABLES):
        assert nightly.rows(table).equals(ranged.rows(table)), table.full_name
    lines = "SELECT day, order_id, sign, amount, exchange_rate FROM t ORDER BY day, order_id, sign"
    assert ranged.select(lines, clean.ORDER_LINE) == [
        (day(1), "O0", 1, 152, 8),
        (day(1), "O1", 1, 152, 8),
        (day(2), "O2", 1, 152, 8),
        (day(3), "O2", -1, 152, 8),  # what was booked is taken back as it was booked
        (day(3), "O2", 1, 261, 9),
        (day(3), "O3", 1, 171, 9),
        (day(3), "O4", 1, 114, 6),
    ]
    quoted = "SELECT day, currency, rate_on, rate FROM t ORDER BY day, currency, rate_on"
    assert ranged.select(quoted, clean.EXCHANGE_RATE) == [
        (day(1), "EUR", day(0), 8),
        (day(3), "EUR", day(0), 9),
        (day(3), "EUR", day(3), 6),
        (day(4), "CNY", day(4), 1),
    ]
    refused = "SELECT source, day, line, reason, field FROM t ORDER BY source, day, line"
    assert ranged.select(refused, clean.REJECT) == [
        ("campaigns", day(0), 2, "unknown_currency", "currency"),
        ("orders", day(0), 2, "unknown_currency", "currency"),
        ("rates", day(3), 4, "amount_range", "rate"),
        ("rates", day(3), 5, "future", "rate_on"),
        ("rates", day(3), 6, "bad_value", "currency"),
        ("rates", day(4), 4, "bad_value", "rate"),
    ]
    prices = "SELECT day, price, currency, original_price, exchange_rate FROM t WHERE price > 0 ORDER BY day"
    assert ranged.select(prices, clean.PRODUCT) == [
        (day(1), 12, "CNY", Decimal("1.5"), 8),
        (day(3), 21, "CNY", Decimal("3.5"), 6),
    ]
    costs = "SELECT day, cost, original_currency, original_cost FROM t"
    assert ranged.select(costs, traces.CAMPAIGN_CONTACT) == [(day(3), 3, "EUR", Decimal("0.5"))]


def test_a_history_of_rates_is_known_on_its_dates(project: MakeProject) -> None:
    through = day(5)
    sources = {
        "orders": Source(kind="orders", path="o.csv", known_at="event", through=through),
        "rates": Source(kind="rates", path="r.csv", known_at="event", through=through),
    }
    nightly, ranged = project(sources), project(sources)
    for shop in (nightly, ranged):
        quotes = "".join(f"EUR,{day(n)},{rate}\n" for n, rate in ((-3, 5), (2, 6), (4, 7)))
        shop.write("r.csv", f"currency,rate_on,rate\n{quotes}")
        shop.write("o.csv", content(*(euro(f"O{n}", n) for n in range(6))))
    for number in range(6):
        nightly.run(day(number))
    ranged.run(day(0), through)
    for table in (clean.ORDER_LINE, clean.EXCHANGE_RATE, clean.FILE_LEDGER):
        assert nightly.rows(table).equals(ranged.rows(table)), table.full_name
    found = ranged.select("SELECT order_id, exchange_rate FROM t ORDER BY 1", clean.ORDER_LINE)
    assert found == [("O0", 5), ("O1", 5), ("O2", 6), ("O3", 6), ("O4", 7), ("O5", 7)]


@pytest.mark.parametrize(
    "changes", [{"key": ("currency",)}, {"identity": "none"}, {"identity": "whole_row"}], ids=str
)
def test_the_identity_of_rates_is_no_choice(changes: dict) -> None:
    with pytest.raises(ValueError, match="rates are identified by currency and rate_on"):
        Source(kind="rates", path="r.csv", **changes)
