"""The sources that features are measured on: views of the facts, net of corrections.

Here: their names, columns and types, and which raw sources they come from. Not here: how they are computed
(view.py, trace_view.py) and measured (compiler.py).
"""

from __future__ import annotations

from dataclasses import dataclass

from persona_pipeline.contracts import Table, Type, activity

YEAR = 365  # days that interest and views of products reach back: after four half lives, a view weighs 6 %
KINDS = frozenset({"orders", "web", "social", "campaigns", "customers", "products", "rates"})


def measures(fact: Table) -> tuple[str, ...]:
    """What a table of facts counts: its columns beside the key."""
    return tuple(name for name in fact.column_names if name not in fact.key)


@dataclass(frozen=True, slots=True)
class Source:
    """A view of facts as of a day: what a row is, and which columns a feature may measure or filter on.

    Attributes:
        name: as the catalogue names it.
        grain: what a row is.
        columns: what may be measured or filtered on.
        kinds: kinds of raw sources it is made of; one of them is enough.
        event: the SELECT of view.py or trace_view.py that it is measured on.
        key: the column whose values compete; such a source is aggregated by top, top_share and entropy only.
        reach: how many days its rows reach back; None is the whole history.
        is_total: whether each value of the key has one row, its total.
    """

    name: str
    grain: str
    columns: dict[str, Type]
    kinds: frozenset[str]
    event: str
    key: str | None = None
    reach: int | None = None
    is_total: bool = False


def _integers(*names: str) -> dict[str, Type]:
    return dict.fromkeys(names, Type.INTEGER)


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
        "cancelled_amount": Type.DECIMAL,
        "discounted_orders": Type.INTEGER,
        "charges": Type.DECIMAL,
        "refunds": Type.INTEGER,
        "refund_amount": Type.DECIMAL,
        "gap_days": Type.INTEGER,  # days since the customer's order day before this one; empty on the first
        "gap_days_squared": Type.INTEGER,
    },
    frozenset({"orders"}),
    "order_event",
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
    frozenset({"orders"}),
    "basket_event",
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
    frozenset({"orders"}),
    "basket",
)

CATEGORY = Source(
    "category",
    "one row per customer and known category bought; aggregated by top, top_share and entropy only",
    {"amount": Type.DECIMAL, "quantity": Type.DECIMAL},
    frozenset({"orders"}),
    "basket_line",
    "category",
)

WEB_DAY = Source(
    "web_day",
    "one row per customer and span of ages (below 1, 7, 30, 90, 180, 365 days, older), summed over its days",
    _integers(
        "age_days",  # of the newest day of the span
        "visit_days",
        *measures(activity.WEB_DAY),
    ),
    frozenset({"web"}),
    "web_event",
)

PRODUCT_VIEW = Source(
    "product_view",
    "one row per customer and product seen or put into the cart in the last 365 days",
    {
        **_integers("age_days", "views", "cart_adds"),  # age of the last of them; counts of 365 days
        "cart_age_days": Type.INTEGER,  # since it was last put into the cart; empty if never
        "product_id": Type.TEXT,
        "is_bought_since": Type.BOOLEAN,  # bought on the last of these days or later
    },
    frozenset({"web"}),
    "product_view_event",
    reach=YEAR,
)

VIEWED_CATEGORY = Source(
    "viewed_category",
    "one row per customer and known category of the products seen in the last 365 days; "
    "aggregated by top, top_share and entropy only",
    {"views": Type.INTEGER},
    frozenset({"web"}),
    "product_view_line",
    "category",
    reach=YEAR,
)

SESSION_DAYPART = Source(
    "session_daypart",
    "one row per customer and part of the day in which sessions began: night (0-6), morning (6-12), "
    "afternoon (12-18), evening (18-24); aggregated by top, top_share and entropy only",
    {"sessions": Type.INTEGER},
    frozenset({"web"}),
    "session_event",
    "daypart",
)

SESSION_DEVICE = Source(
    "session_device",
    "one row per customer and known kind of device; aggregated by top, top_share and entropy only",
    {"sessions": Type.INTEGER, "seconds": Type.INTEGER},
    frozenset({"web"}),
    "session_event",
    "device",
)

SESSION_CHANNEL = Source(
    "session_channel",
    "one row per customer and channel that sessions came through; "
    "aggregated by top, top_share and entropy only",
    {"sessions": Type.INTEGER},
    frozenset({"web"}),
    "session_event",
    "channel",
)

SOCIAL_DAY = Source(
    "social_day",
    "one row per customer and day on which a post or review was written",
    {
        **_integers("age_days", "posts", "reviews", "texts", "ratings", "rating_sum", "low_ratings"),
        **_integers("negative_texts", "positive_texts"),
        "sentiment_sum": Type.DECIMAL,
    },
    frozenset({"social"}),
    "social_event",
)

MENTIONED_CATEGORY = Source(
    "mentioned_category",
    "one row per customer and known category that posts and reviews mention; "
    "aggregated by top, top_share and entropy only",
    _integers("texts", "negative_texts", "positive_texts"),
    frozenset({"social"}),
    "mention_event",
    "category",
)

CONTACT_DAY = Source(
    "contact_day",
    "one row per customer, channel, message and day on which a campaign contacted them",
    {
        "age_days": Type.INTEGER,
        "channel": Type.TEXT,
        "message": Type.TEXT,
        **_integers("contacts", "holdouts", "opens", "clicks", "responses"),
        "cost_amount": Type.DECIMAL,
    },
    frozenset({"campaigns"}),
    "contact_event",
)

CUSTOMER_RECORD = Source(
    "customer_record",
    "one row per customer: the newest record",
    {
        "registration_days": Type.INTEGER,  # days since registration; empty when that is not known
        "consent_marketing": Type.BOOLEAN,
        "consent_profiling": Type.BOOLEAN,
        "consent_sharing": Type.BOOLEAN,
    },
    frozenset({"customers"}),
    "record_event",
)

INTEREST = Source(
    "interest",
    "one row per customer and known category of 365 days. weight: sum of behaviour weights (product view 1, "
    "cart add 3, purchased item 5, post or review 2), each halved every 90 days, times 1 + ln((1 + customers "
    "with any interest) / (1 + customers interested in the category)); "
    "aggregated by top, top_share and entropy only",
    {"weight": Type.DECIMAL},
    frozenset({"web", "social"}),
    "interest_event",
    "category",
    reach=YEAR,
    is_total=True,
)

SOURCES = {
    source.name: source
    for source in (
        ORDER_DAY,
        BASKET_ITEM,
        BASKET,
        CATEGORY,
        WEB_DAY,
        PRODUCT_VIEW,
        VIEWED_CATEGORY,
        SESSION_DAYPART,
        SESSION_DEVICE,
        SESSION_CHANNEL,
        SOCIAL_DAY,
        MENTIONED_CATEGORY,
        CONTACT_DAY,
        CUSTOMER_RECORD,
        INTEREST,
    )
}
