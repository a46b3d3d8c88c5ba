"""Every feature of one customer in plain Python, written from the descriptions of the catalogue.

Here: records, orders and baskets, from clean rows. Not here: the other traces (reference_traces.py) and what
is known on a day (known.py). It knows nothing of SQL or the catalogue; slow and simple on purpose.
"""

from __future__ import annotations

import datetime as dt
import statistics
from collections import defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from persona_pipeline_tests.features import reference_traces as traces
from persona_pipeline_tests.features.history import Row
from persona_pipeline_tests.features.known import History, Known, entropy, ratio, shares, suffix, top

Order = tuple[str, str, dt.date, str]  # what one identifier ordered under a number on a day


def features(history: History, customer: str, as_of: dt.date) -> dict[str, object]:
    """What is known of a customer at the end of as_of, by the names of the columns."""
    known = Known(history, as_of)
    return {
        **record_features(known, customer),
        **order_features(known, customer),
        **traces.web_features(known, customer),
        **traces.view_features(known, customer, baskets(known, customer)),
        **traces.text_features(known, customer),
        **traces.contact_features(known, customer),
        **traces.interest_features(known, customer, baskets(known)),
    }


def age_band(birth_year: int | None, as_of: dt.date) -> str:
    """Bands of the calendar years since birth."""
    if birth_year is None:
        return "unknown"
    age = as_of.year - birth_year
    bands = [(17, "under_18"), (24, "18_24"), (34, "25_34"), (44, "35_44"), (54, "45_54"), (64, "55_64")]
    return next((band for last, band in bands if age <= last), "65_plus")


def record_features(known: Known, customer: str) -> dict[str, object]:
    """The newest customer record."""
    record = max(known.rows("customer", customer), key=lambda row: row["day"], default=None) or {}
    registered = record.get("registered_on")
    days = None if registered is None else known.age(registered)
    return {
        "age_band": age_band(record.get("birth_year"), known.as_of),
        **{name: record.get(name, "unknown") for name in ("gender", "region", "income_band")},
        **{name: record.get(name) for name in ("consent_marketing", "consent_profiling", "consent_sharing")},
        "registration_days": days if days is not None and days >= 0 else None,
    }


def _orders(known: Known, customer: str | None, kind: str) -> dict[Order, list[Row]]:
    """Items (no charges) of sales or refunds, by order."""
    found: dict[Order, list[Row]] = defaultdict(list)
    for row in known.rows("order_line", customer):
        if row["line_type"] == "item" and row["order_type"] == kind:
            found[row["id_kind"], row["id"], row["event_day"], row["order_id"]].append(row)
    return found


def _net(rows: Iterable[Row], name: str) -> Decimal:
    return sum((row["sign"] * row[name] for row in rows), Decimal(0))


def _given_back(known: Known, sales: Mapping[Order, list[Row]]) -> set[Order]:
    """Orders all of whose units were given back."""
    units: dict[Order, Decimal] = defaultdict(Decimal)
    for row in known.history["refund"]:
        if row["day"] <= known.as_of and row["line_type"] == "item" and row["sale_order_id"] is not None:
            order = (row["id_kind"], row["id"], row["sale_event_day"], row["sale_order_id"])
            units[order] += row["sign"] * row["quantity"]
    return {order for order, lines in sales.items() if 0 < units[order] >= _net(lines, "quantity")}


def baskets(known: Known, customer: str | None = None) -> list[Row]:
    """What was bought and not given back: one row per customer, order, product and day with units left."""
    sales = _orders(known, customer, "sale")
    items: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
    for order in sales.keys() - _given_back(known, sales):
        for row in sales[order]:
            key = (row["customer_id"], row["order_id"], row["product_id"], row["event_day"])
            items[key].append(row)
    return [
        {
            "customer_id": whose,
            "order_id": order_id,
            "product_id": product,
            "event_day": on,
            "category": known.category(product, on),
            "amount": _net(rows, "amount"),
        }
        for (whose, order_id, product, on), rows in items.items()
        if _net(rows, "quantity") > 0
    ]


def order_features(known: Known, customer: str) -> dict[str, object]:
    """Recency to categories."""
    sales = _orders(known, customer, "sale")
    cancelled = _given_back(known, sales)
    bought = {o for o, lines in sales.items() if _net(lines, "amount") > 0} - cancelled
    discounted = {o for o in bought if sum(r["sign"] for r in sales[o] if r["discount"] > 0) > 0}
    refunds = _orders(known, customer, "refund")
    paid_back = {order: -_net(lines, "amount") for order, lines in refunds.items()}

    def inside(on: dt.date, window: int | None) -> bool:
        return window is None or known.age(on) < window

    def count(orders: Iterable[Order], window: int | None) -> int:
        return sum(inside(order[2], window) for order in orders)

    def total(name: str, window: int | None, of: Iterable[Order] = sales) -> Decimal:
        return sum((_net(sales[o], name) for o in of if inside(o[2], window)), Decimal(0))

    def back(window: int | None) -> Decimal:
        return sum((amount for o, amount in paid_back.items() if inside(o[2], window)), Decimal(0))

    days = sorted({order[2] for order in bought})
    gaps = [(later - earlier).days for earlier, later in zip(days, days[1:], strict=False)]
    mean_gap = sum(gaps) / len(gaps) if gaps else None
    returns = [known.age(order[2]) for order, amount in paid_back.items() if amount > 0]
    weekend = [order for order in bought if order[2].isoweekday() > 5]
    recency = known.age(days[-1]) if days else None
    found: dict[str, object] = {
        "recency_days": recency,
        "tenure_days": known.age(days[0]) if days else None,
        "net_sales_90d": total("amount", 90) - back(90),
        "order_lines_90d": sum(r["sign"] for o, rows in sales.items() if inside(o[2], 90) for r in rows),
        "last_refund_days": min(returns, default=None),
        "order_weeks_90d": len({on.isocalendar()[:2] for on in days if inside(on, 90)}),
        "days_between_orders_mean_ever": mean_gap,
        "days_between_orders_std_ever": statistics.stdev(gaps) if len(gaps) > 1 else None,
        "days_between_orders_max_ever": max(gaps, default=None),
        "recency_over_gap": None if recency is None or mean_gap is None else recency / mean_gap,
        "weekend_order_share_90d": ratio(count(weekend, 90), count(bought, 90)),
        "weekend_order_share_365d": ratio(count(weekend, 365), count(bought, 365)),
        "units_per_order_90d": ratio(total("quantity", 90), count(bought, 90)),
    }
    for window in (1, 7, 30, 90, 180, 365, None):
        found[f"orders_{suffix(window)}"] = count(bought, window)
    for window in (7, 30, 90, 180, 365, None):
        found[f"sales_{suffix(window)}"] = total("amount", window)
    for window in (30, 90, 365, None):
        found[f"units_{suffix(window)}"] = total("quantity", window)
    for window in (30, 90, 365, None):
        found[f"refunds_{suffix(window)}"] = count((o for o, money in paid_back.items() if money > 0), window)
        if window != 365:
            found[f"order_days_{suffix(window)}"] = sum(inside(on, window) for on in days)
    returned = count((o for o, money in paid_back.items() if money > 0), 365)
    found["refunds_per_order_365d"] = ratio(returned, count(bought, 365))
    for window in (90, 365, None):
        kept = total("amount", window, sales.keys() - cancelled)
        gross = total("amount", window) + total("discount", window)
        found[f"average_order_value_{suffix(window)}"] = ratio(kept, count(bought, window))
        found[f"discount_amount_{suffix(window)}"] = total("discount", window)
        found[f"discount_share_{suffix(window)}"] = ratio(total("discount", window), gross)
        found[f"refund_amount_{suffix(window)}"] = back(window)
    for window in (90, 365):
        found[f"discounted_orders_{window}d"] = count(discounted, window)
        found[f"discounted_order_share_{window}d"] = ratio(count(discounted, window), count(bought, window))
        found[f"refund_share_{window}d"] = ratio(back(window), total("amount", window))
        found[f"price_per_unit_{window}d"] = ratio(total("amount", window), total("quantity", window))
    for short, long in ((30, 90), (90, 180)):
        pair = f"{short}d_{long}d"
        found[f"orders_trend_{pair}"] = ratio(count(bought, short), count(bought, long))
        found[f"sales_trend_{pair}"] = ratio(total("amount", short), total("amount", long))
    return found | _basket_features(known, baskets(known, customer), total("amount", 365))


def _basket_features(known: Known, items: list[Row], sales_of_a_year: Decimal) -> dict[str, object]:
    first: dict[str, dt.date] = {}
    for row in items:
        first[row["product_id"]] = min(first.get(row["product_id"], row["event_day"]), row["event_day"])

    def inside(window: int | None) -> list[Row]:
        return [row for row in items if window is None or known.age(row["event_day"]) < window]

    def orders(window: int | None) -> dict[tuple[str, dt.date], Decimal]:
        found: dict[tuple[str, dt.date], Decimal] = defaultdict(Decimal)
        for row in inside(window):
            found[row["order_id"], row["event_day"]] += row["amount"]
        return found

    def categories(window: int) -> dict[str, Decimal]:
        found: dict[str, Decimal] = defaultdict(Decimal)
        for row in inside(window):
            if row["category"] != "unknown":
                found[row["category"]] += row["amount"]
        return found

    def largest(window: int | None) -> Decimal | None:
        return max((amount for amount in orders(window).values() if amount > 0), default=None)

    products = {row["product_id"] for row in inside(90)}
    new = sum(known.age(on) < 90 for on in first.values())
    of_a_year = largest(365)
    return {
        "largest_order_365d": of_a_year,
        "largest_order_ever": largest(None),
        "largest_order_share_365d": None if of_a_year is None else ratio(of_a_year, sales_of_a_year),
        "distinct_products_90d": len(products),
        "new_products_90d": new,
        "new_product_share_90d": ratio(new, len(products)),
        "favourite_category": top(categories(365)),
        "category_entropy_365d": entropy(categories(365)),
        **{f"products_per_order_{w}d": ratio(len(inside(w)), len(orders(w))) for w in (90, 365)},
        **{f"distinct_categories_{w}d": len(categories(w)) for w in (90, 365)},
        **{f"top_category_share_{w}d": max(shares(categories(w)), default=None) for w in (90, 365)},
    }
