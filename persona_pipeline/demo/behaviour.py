"""A simple feature table of one block: recency, frequency, money and habits as known at the end of a day.

Here: what the ceiling regresses on when no features are given. Not here: the pipeline's feature catalogue.
"""

from __future__ import annotations

import numpy as np

from persona_pipeline.demo.personas import CATEGORIES
from persona_pipeline.demo.plan import Plan

WINDOWS = (7, 30, 60, 90, 180)
NAMES = (
    "recency",
    "tenure",
    *(f"orders_{window}d" for window in WINDOWS),
    *(f"sales_{window}d" for window in WINDOWS),
    "orders",
    "lines_per_order",
    "discount_share",
    "refunds",
    "refunds_30d",
    "weekend_share",
    "mean_gap",
    "last_gap",
    "recency_by_gap",
    "unit_price",
    *(f"category_{i:02d}" for i in range(len(CATEGORIES))),
)
NEVER = 9_999.0


def behaviour(plan: Plan, positions: np.ndarray, lines: np.ndarray, size: int, day: int) -> np.ndarray:
    """Features of all customers of a block, shape (size, len(NAMES)), float32.

    Args:
        plan: the shop's plan.
        positions: position of the customer in the block, per line; -1 for guests.
        lines: sale and refund lines of the block.
        size: customers in the block.
        day: day number of as_of; lines delivered later are not seen.
    """
    seen = (positions >= 0) & (lines["delivered"] <= day)
    lines, positions = lines[seen], positions[seen]
    refunds = lines["is_refund"]
    sales, customer = lines[~refunds], positions[~refunds]
    amount = (sales["quantity"] * sales["price"] - sales["discount"]) / 100.0

    _, first = np.unique(sales["order"], return_index=True)
    buyer, bought = customer[first], sales["day"][first].astype(np.int64)
    by_time = np.lexsort((bought, buyer))
    buyer, bought = buyer[by_time], bought[by_time]

    def per_customer(who: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
        return np.bincount(who, weights=weights, minlength=size).astype(np.float64)

    last = np.full(size, -NEVER)
    start = np.full(size, NEVER)
    np.maximum.at(last, buyer, bought)
    np.minimum.at(start, buyer, bought)
    orders = per_customer(buyer)
    gaps = np.where(orders > 1, (last - start) / np.maximum(orders - 1, 1), NEVER)
    last_gap = np.full(size, NEVER)
    again = np.flatnonzero(buyer[1:] == buyer[:-1]) + 1
    last_gap[buyer[again]] = bought[again] - bought[again - 1]
    safe_orders, lines_count = np.maximum(orders, 1), np.maximum(per_customer(customer), 1)
    gross = per_customer(customer, sales["quantity"] * sales["price"] / 100.0)
    category = plan.catalogue.category[sales["product"]]
    usual = category < len(CATEGORIES)
    of_category = np.zeros((size, len(CATEGORIES)))
    np.add.at(of_category, (customer[usual], category[usual]), 1.0)
    columns = [day - last, day - start]
    columns += [per_customer(buyer[bought > day - window]) for window in WINDOWS]
    columns += [
        per_customer(customer[sales["day"] > day - window], amount[sales["day"] > day - window])
        for window in WINDOWS
    ]
    columns += [
        orders,
        lines_count / safe_orders,
        per_customer(customer, sales["discount"] / 100.0) / np.maximum(gross, 1.0),
        per_customer(positions[refunds]),
        per_customer(positions[refunds & (lines["day"] > day - 30)]),
        per_customer(buyer[plan.is_weekend[bought]]) / safe_orders,
        gaps,
        last_gap,
        (day - last) / np.maximum(gaps, 1.0),
        per_customer(customer, sales["price"] / 100.0) / lines_count,
    ]
    shares = of_category / np.maximum(of_category.sum(axis=1, keepdims=True), 1.0)
    return np.column_stack([*columns, shares]).astype(np.float32)
