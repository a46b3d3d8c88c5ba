"""Features of one customer in plain Python, written from their descriptions, straight from clean rows.

It knows nothing of facts, SQL or the catalogue; slow and simple on purpose.
"""

from __future__ import annotations

import datetime as dt
import math
import statistics
from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal

from persona_pipeline_tests.features.history import Row, Shop

Days = dict[dt.date, Decimal]


def _ratio(above: Decimal | int, below: Decimal | int) -> float | None:
    return float(above) / float(below) if below > 0 else None


def _net(rows: list[Row], name: str) -> Decimal:
    return sum((row["sign"] * row[name] for row in rows), Decimal(0))


def _category(shop: Shop, product_id: object, on: dt.date) -> str:
    known = [p for p in shop.products if p["product_id"] == product_id and p["day"] <= on]
    return str(max(known, key=lambda p: p["day"])["category"]) if known else "unknown"


def age_band(birth_year: int | None, as_of: dt.date) -> str:
    if birth_year is None:
        return "unknown"
    age = as_of.year - birth_year
    bands = [(17, "under_18"), (24, "18_24"), (34, "25_34"), (44, "35_44"), (54, "45_54"), (64, "55_64")]
    return next((band for last, band in bands if age <= last), "65_plus")


def features(shop: Shop, identifier: str, as_of: dt.date) -> dict[str, object]:
    """What is known of a customer at the end of as_of."""
    shop = shop.until(as_of)
    rows = [
        r
        for r in shop.order_lines
        if r["id"] == identifier and r["event_day"] <= as_of and r["line_type"] == "item"
    ]
    orders: dict[tuple[dt.date, str], list[Row]] = defaultdict(list)
    refunds: dict[tuple[dt.date, str], list[Row]] = defaultdict(list)
    for row in rows:
        (orders if row["order_type"] == "sale" else refunds)[row["event_day"], str(row["order_id"])].append(
            row
        )

    def within(day: dt.date, window: int | None) -> bool:
        return window is None or as_of - dt.timedelta(days=window - 1) <= day <= as_of

    bought = {key: lines for key, lines in orders.items() if _net(lines, "amount") > 0}
    discounted = [
        key for key, lines in bought.items() if sum(r["sign"] for r in lines if r["discount"] > 0) > 0
    ]

    def count(keys: Iterable[tuple[dt.date, str]], window: int | None = None) -> int:
        return sum(within(day, window) for day, _ in keys)

    def sales(window: int | None, name: str = "amount") -> Decimal:
        return sum(
            (_net(lines, name) for (day, _), lines in orders.items() if within(day, window)), Decimal(0)
        )

    days = sorted({day for day, _ in bought})
    gaps = [(later - earlier).days for earlier, later in zip(days, days[1:], strict=False)]
    items: dict[tuple[dt.date, str, str], list[Row]] = defaultdict(list)
    for (day, order_id), lines in orders.items():
        for row in lines:
            items[day, order_id, str(row["product_id"])].append(row)
    basket = {key: _net(lines, "amount") for key, lines in items.items() if _net(lines, "quantity") > 0}
    first = {product: min(d for d, _, p in basket if p == product) for _, _, product in basket}
    per_order: dict[tuple[dt.date, str], Decimal] = defaultdict(Decimal)
    per_category: dict[str, Decimal] = defaultdict(Decimal)
    for (day, order_id, product), amount in basket.items():
        per_order[day, order_id] += amount
        category = _category(shop, product, day)
        if category != "unknown" and within(day, 365):
            per_category[category] += amount
    known = {name: amount for name, amount in per_category.items() if amount > 0}
    total = sum(known.values(), Decimal(0))
    shares = [float(amount) / float(total) for amount in known.values()]
    refunded = {key: -_net(lines, "amount") for key, lines in refunds.items()}
    record = max((c for c in shop.customers if c["id"] == identifier), key=lambda c: c["day"], default=None)
    return {
        "age_band": age_band(record["birth_year"] if record else None, as_of),
        "gender": record["gender"] if record else "unknown",
        "recency_days": (as_of - days[-1]).days if days else None,
        "tenure_days": (as_of - days[0]).days if days else None,
        "orders_1d": count(bought, 1),
        "orders_7d": count(bought, 7),
        "orders_30d": count(bought, 30),
        "orders_ever": count(bought),
        "sales_7d": sales(7),
        "sales_90d": sales(90),
        "units_ever": sales(None, "quantity"),
        "average_order_value_ever": _ratio(sales(None), count(bought)),
        "discount_share_ever": _ratio(sales(None, "discount"), sales(None) + sales(None, "discount")),
        "discounted_order_share_90d": _ratio(count(discounted, 90), count(bought, 90)),
        "refunds_30d": count([key for key, amount in refunded.items() if amount > 0], 30),
        "refund_amount_ever": sum(refunded.values(), Decimal(0)),
        "order_days_30d": sum(within(day, 30) for day in days),
        "order_weeks_90d": len({day.isocalendar()[:2] for day in days if within(day, 90)}),
        "days_between_orders_mean_ever": sum(gaps) / len(gaps) if gaps else None,
        "days_between_orders_std_ever": statistics.stdev(gaps) if len(gaps) > 1 else None,
        "days_between_orders_max_ever": max(gaps, default=None),
        "weekend_order_share_90d": _ratio(
            count([key for key in bought if key[0].isoweekday() > 5], 90), count(bought, 90)
        ),
        "orders_trend_30d_90d": _ratio(count(bought, 30), count(bought, 90)),
        "largest_order_ever": max((a for a in per_order.values() if a > 0), default=None),
        "distinct_products_90d": len({product for day, _, product in basket if within(day, 90)}),
        "new_products_90d": sum(within(day, 90) for day in first.values()),
        "products_per_order_365d": _ratio(len(basket), len(per_order)),
        "distinct_categories_365d": len(per_category),
        "favourite_category": min(known, key=lambda name: (-known[name], name), default=None),
        "top_category_share_365d": max(shares, default=None),
        "category_entropy_365d": -sum(share * math.log(share) for share in shares) if shares else None,
    }
