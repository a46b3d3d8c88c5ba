"""Tables of identity, facts and features: who it is, what they did, what was known of them on each day.

Not here: the features themselves; the catalogue adds its columns to `FEATURES`.
"""

from __future__ import annotations

from persona_pipeline.contracts import columns as c
from persona_pipeline.contracts.column import Column, Sensitivity, Table, Type

PERSONAL = Sensitivity.PERSONAL

MAP = Table(
    "identity",
    "map",
    "one row per identifier and interval, on the day the interval begins",
    ("id_kind", "id", "day"),
    (
        c.DAY,
        c.ID_KIND,
        c.ID,
        c.CUSTOMER_ID.but(
            nullable=True, description="Its customer from this day until its next row; empty: of nobody"
        ),
    ),
    "Which identifier belongs to which customer, and since when. As of D: the newest row with day <= D.",
)


def _signed_count(name: str, description: str) -> Column:
    return Column(name, Type.INTEGER, description, sensitivity=PERSONAL)


def _signed_amount(name: str, description: str) -> Column:
    return Column(name, Type.DECIMAL, description, sensitivity=PERSONAL, unit="currency")


ORDER_DAY = Table(
    "facts",
    "order_day",
    "one row per identifier, day it happened and day it was known; values are changes and may be negative",
    ("id_kind", "id", "event_day", "day"),
    (
        c.DAY,
        c.EVENT_DAY,
        c.ID_KIND,
        c.ID,
        _signed_count("orders", "Orders with a positive sales amount"),
        _signed_count("order_lines", "Sale lines"),
        c.QUANTITY.but(description="Units sold", sensitivity=PERSONAL),
        _signed_amount("gross_amount", "Sales before discount"),
        _signed_amount("discount_amount", "Discount given"),
        _signed_amount("sales_amount", "Sales after discount, before refunds"),
        _signed_count("discounted_orders", "Orders with a discount on at least one line"),
        _signed_amount("charges", "Shipping, tax, fees and discount lines of sales, less those of refunds"),
        _signed_count("refunds", "Refund orders"),
        _signed_amount("refund_amount", "Money paid back, positive"),
    ),
    "What each identifier bought on each day; all but `charges` speaks of items. "
    "Summing over day <= D gives what was known on D.",
)

BASKET_ITEM = Table(
    "facts",
    "basket_item",
    "one row per order, product, day it happened and day it was known; "
    "values are changes and may be negative",
    ("order_id", "product_id", "category", "id_kind", "id", "event_day", "day"),
    (
        c.DAY,
        c.EVENT_DAY,
        c.ORDER_ID,
        c.PRODUCT_ID,
        c.CATEGORY.but(description="Category as known on event_day; 'unknown' without a catalogue"),
        c.ID_KIND.but(nullable=True),
        c.ID.but(nullable=True),
        c.QUANTITY.but(description="Units sold"),
        c.AMOUNT.but(description="Sales after discount"),
    ),
    "What was in each basket (sales only). An item is in the basket as of D if its quantity over day <= D "
    "is positive.",
)

FEATURES = Table(
    "features",
    "customer",
    "one row per customer and as_of day",
    ("customer_id", "day"),
    (
        c.DAY,
        c.AS_OF,
        c.CUSTOMER_ID,
        c.AGE_BAND,
        c.GENDER,
        c.REGION,
        c.INCOME_BAND,
    ),
    "Features as they were known at the end of as_of. The feature columns come from the catalogue.",
)

LABEL = Table(
    "features",
    "label",
    "one row per customer, target and as_of day",
    ("customer_id", "target", "as_of", "day"),
    (
        c.DAY.but(description="as_of + horizon: the day on which the outcome is known"),
        c.AS_OF,
        c.CUSTOMER_ID,
        c.TARGET,
        Column("horizon_days", Type.INTEGER, "Length of the horizon", minimum=1, unit="day"),
        Column(
            "label",
            Type.BOOLEAN,
            "Whether the event happened in (as_of, as_of + horizon]",
            sensitivity=PERSONAL,
        ),
    ),
    "What happened after as_of, for the eligible customers of each Sunday, written once the horizon is over.",
)

TABLES = (MAP, ORDER_DAY, BASKET_ITEM, FEATURES, LABEL)
