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
        _signed_count("orders", "Orders with a positive sales amount that were not given back in full"),
        _signed_count("order_lines", "Sale lines"),
        c.QUANTITY.but(description="Units sold", sensitivity=PERSONAL),
        _signed_amount("gross_amount", "Sales before discount"),
        _signed_amount("discount_amount", "Discount given"),
        _signed_amount("sales_amount", "Sales after discount, before refunds"),
        _signed_amount("cancelled_amount", "Sales after discount of orders that were given back in full"),
        _signed_count(
            "discounted_orders", "Orders, counted in `orders`, with a discount on at least one line"
        ),
        _signed_amount("charges", "Shipping, tax, fees and discount lines of sales, less those of refunds"),
        _signed_count("refunds", "Refund orders"),
        _signed_amount("refund_amount", "Money paid back, positive"),
    ),
    "What each identifier bought on each day; all but `charges` speaks of items. "
    "Summing over day <= D gives what was known on D.",
)

REFUND = Table(
    "facts",
    "refund",
    "one row per refund line, sale line it gives back, day it was known; sign -1 takes a row back",
    ("refund_line_id", "sale_line_id", "sign", "day"),
    (
        c.DAY,
        c.EVENT_DAY.but(description="The day the refund happened, in the business time zone"),
        Column("refund_line_id", Type.TEXT, "order_line_id of the refund", sensitivity=PERSONAL),
        Column(
            "sale_line_id",
            Type.TEXT,
            "order_line_id of the sale that is given back; empty if none was found",
            nullable=True,
            sensitivity=PERSONAL,
        ),
        c.SIGN,
        Column(
            "matched_by",
            Type.TEXT,
            "reference: the order the refund names; order: its own order; purchase: the newest earlier sale "
            "of the product to the same identifier; none: nothing, or nothing left, to give back",
            allowed=("reference", "order", "purchase", "none"),
        ),
        c.ORDER_ID.but(description="Order number of the refund"),
        c.ORDER_ID.but(name="sale_order_id", nullable=True, description="Order number of the sale"),
        c.EVENT_DAY.but(name="sale_event_day", nullable=True, description="The day the sale happened"),
        c.PRODUCT_ID,
        c.LINE_TYPE,
        c.ID_KIND.but(
            nullable=True, description="Kind of the sale's identifier; of the refund's if none was found"
        ),
        c.ID.but(nullable=True, description="Identifier of the sale; of the refund if none was found"),
        c.QUANTITY.but(description="Units given back, positive", sensitivity=PERSONAL),
        _signed_amount("amount", "Money paid back for them, positive; negative for a discount taken back"),
        c.SOURCE.but(description="Source of the refund"),
    ),
    "Which sale each refund line gives back, as known on its day. Summing sign * value over day <= D gives "
    "what was known on D; no more of a sale is given back than was sold.",
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
    "What was in each basket (sales only); an order that was given back in full has none. An item is in the "
    "basket as of D if its quantity over day <= D is positive.",
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


def _of_numbers(name: str, what: str, empty: str) -> Column:
    return Column(
        name, Type.DOUBLE, f"{what}, in the feature's unit; empty for texts and {empty}", nullable=True
    )


STATISTIC = Table(
    "features",
    "statistic",
    "one row per feature and as_of day",
    ("feature", "day"),
    (
        c.DAY.but(description="The as_of day whose snapshot is described"),
        c.FEATURE.but(description="Column of features.customer"),
        c.CUSTOMERS,
        Column(
            "coverage",
            Type.DOUBLE,
            "Share of customers with a value; the text unknown is none",
            minimum=0,
            maximum=1,
        ),
        Column(
            "distinct_values",
            Type.INTEGER,
            "Different values of a text; empty for numbers",
            nullable=True,
            minimum=0,
        ),
        _of_numbers("mean", "Mean of the values", "with fewer than 5 values"),
        _of_numbers("standard_deviation", "Standard deviation of the values", "with fewer than 5 values"),
        *(
            _of_numbers(f"p{percent:02}", f"{percent} % quantile", "with fewer than 5 customers beyond it")
            for percent in (1, 5, 25, 50, 75, 95, 99)
        ),
        Column(
            "reference_on",
            Type.DATE,
            "Compared with: the last Sunday at least 28 days before; empty before the project's start",
            nullable=True,
        ),
        c.CUSTOMERS.but(
            name="reference_customers", description="Customers known on that Sunday", nullable=True
        ),
        Column(
            "psi",
            Type.DOUBLE,
            "Population stability index against that Sunday; empty with fewer than 400 customers on either "
            "day, and for shares shrunken towards that of all customers",
            nullable=True,
            minimum=0,
        ),
        Column(
            "stability",
            Type.TEXT,
            "Reading of the index: stable below 0.1, watch up to 0.25, act above",
            nullable=True,
            allowed=("stable", "watch", "act"),
        ),
    ),
    "How each feature is filled and distributed, and how far its distribution moved in four weeks.",
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

TABLES = (MAP, REFUND, ORDER_DAY, BASKET_ITEM, FEATURES, STATISTIC, LABEL)
