"""The sources that features are measured on: views of the facts, net of corrections.

Here: their names, columns and types. Not here: how they are computed (compiler.py).
"""

from __future__ import annotations

from dataclasses import dataclass

from persona_pipeline.contracts import Type


@dataclass(frozen=True, slots=True)
class Source:
    """A view of facts as of a day: what a row is, and which columns a feature may measure or filter on."""

    name: str
    grain: str
    columns: dict[str, Type]


ORDER_DAY = Source(
    "order_day",
    "one row per customer and day on which something happened",
    {
        "age_days": Type.INTEGER,  # days from the event to as_of
        "week_number": Type.INTEGER,  # Monday weeks since 1970-01-05
        "is_weekend": Type.BOOLEAN,
        "orders": Type.INTEGER,
        "order_lines": Type.INTEGER,
        "quantity": Type.DECIMAL,
        "gross_amount": Type.DECIMAL,
        "discount_amount": Type.DECIMAL,
        "sales_amount": Type.DECIMAL,
        "discounted_orders": Type.INTEGER,
        "refunds": Type.INTEGER,
        "refund_amount": Type.DECIMAL,
        "gap_days": Type.INTEGER,  # days since the customer's order day before this one; empty on the first
        "gap_days_squared": Type.INTEGER,
    },
)

BASKET_ITEM = Source(
    "basket_item",
    "one row per customer, order, product and day, while its quantity is positive",
    {
        "age_days": Type.INTEGER,
        "product_id": Type.TEXT,
        "category": Type.TEXT,
        "quantity": Type.DECIMAL,
        "amount": Type.DECIMAL,
        "is_first_purchase": Type.BOOLEAN,  # the customer's first day with this product
    },
)

BASKET = Source(
    "basket",
    "one row per customer, order and day, from its basket items",
    {
        "age_days": Type.INTEGER,
        "products": Type.INTEGER,
        "quantity": Type.DECIMAL,
        "amount": Type.DECIMAL,
    },
)

CATEGORY = Source(
    "category",
    "one row per customer and known category; aggregated by top, top_share and entropy only",
    {"amount": Type.DECIMAL, "quantity": Type.DECIMAL},
)

SOURCES = {source.name: source for source in (ORDER_DAY, BASKET_ITEM, BASKET, CATEGORY)}
