"""Warehouse tables of the traces that are no orders: sessions, product views, contacts, posts, identifiers.

Here: their columns and how they are published. Not here: orders, customers and models (warehouse.py).
"""

from __future__ import annotations

from persona_pipeline.contracts import activity
from persona_pipeline.contracts import columns as c
from persona_pipeline.contracts.column import Column, Sensitivity, Table, Type
from persona_pipeline.contracts.published import event_table, from_lake, in_minor_units

REPLACED = ("day", "id_kind", "id")  # columns of the facts that customer_id and the publication stand for

FCT_SESSION = event_table(
    "fct_session",
    "one row per publication that brought it and session of a customer",
    ("session_id",),
    (
        activity.SESSION.column("session_id"),
        c.CUSTOMER_ID.but(
            description="The customer that the identifier had on the day the session was known"
        ),
        *from_lake(activity.SESSION, without=(*REPLACED, "session_id")),
    ),
    "Sessions of customers. Those of visitors, whom nothing ties to a customer, are counted in mart_web_day.",
)
FCT_CONTACT = event_table(
    "fct_contact",
    "one row per publication that brought it, customer, campaign, channel, message, day it happened and day "
    "known; values are changes",
    ("customer_id", "campaign_id", "channel", "message", "event_day"),
    (c.CUSTOMER_ID, *from_lake(activity.CONTACT_DAY, without=REPLACED)),
    "Through which channel each customer was contacted and what came of it. The view adds the changes up.",
)
FCT_PRODUCT_VIEW = event_table(
    "fct_product_view",
    "one row per publication that brought it, customer, product, category, day it happened and day known",
    ("customer_id", "product_id", "category", "event_day"),
    (c.CUSTOMER_ID, *from_lake(activity.PRODUCT_VIEW, without=REPLACED)),
    "Which products each customer looked at. The view adds up what became known on several days.",
)


def _tally(name: str, description: str, unit: str | None = None) -> Column:
    return Column(name, Type.INTEGER, description, minimum=0, unit=unit)


def _change(column: Column) -> Column:
    """A column of a fact, summed over many identifiers."""
    return in_minor_units(column).but(sensitivity=Sensitivity.INTERNAL)


def _changes(table: Table, *names: str) -> tuple[Column, ...]:
    return tuple(_change(table.column(name)) for name in names)


MART_WEB_DAY = event_table(
    "mart_web_day",
    "one row per publication that brought it, day it happened, day known, channel, device and visitor type",
    ("event_day", "channel", "device", "visitor_type"),
    (
        c.EVENT_DAY.but(sensitivity=Sensitivity.INTERNAL),
        c.CHANNEL,
        c.DEVICE,
        Column(
            "visitor_type",
            Type.TEXT,
            "customer: the identifier belonged to one on the day the session was known; else visitor",
            allowed=("customer", "visitor"),
        ),
        _tally("visitors", "Different customers, or different identifiers of nobody"),
        _tally("sessions", "Sessions", "session"),
        _tally("bounces", "Sessions of one hit", "session"),
        _tally("hits", "Page requests", "hit"),
        _tally("seconds", "From first hit to last, over all sessions", "second"),
        _tally("product_views", "Product pages seen", "hit"),
        _tally("product_sessions", "Sessions with a product page", "session"),
        _tally("cart_sessions", "Sessions with a product put into the cart", "session"),
        _tally("checkout_sessions", "Sessions with a checkout page", "session"),
        _tally("confirmation_sessions", "Sessions with an order confirmation", "session"),
        _tally("orders_confirmed", "Order confirmations seen", "hit"),
    ),
    "The visits of each day, visitors' among them. Who comes through two channels or devices counts in both.",
)
MART_CHANNEL = event_table(
    "mart_channel",
    "one row per publication that brought it, day it happened, day known, campaign, channel and message; "
    "values are changes",
    ("event_day", "campaign_id", "channel", "message"),
    (
        c.EVENT_DAY.but(sensitivity=Sensitivity.INTERNAL),
        c.CAMPAIGN_ID,
        c.CONTACT_CHANNEL,
        c.MESSAGE,
        *_changes(
            activity.CONTACT_DAY, "contacts", "holdouts", "opens", "clicks", "responses", "cost_amount"
        ),
    ),
    "Contacts and what came of them by campaign, channel and message, whether or not the person is known. "
    "The view adds the changes up and gives rates.",
)
MART_SOCIAL_DAY = event_table(
    "mart_social_day",
    "one row per publication that brought it, day it happened, day known, category and type of author; "
    "values are changes",
    ("event_day", "category", "author_type"),
    (
        c.EVENT_DAY.but(sensitivity=Sensitivity.INTERNAL),
        activity.SOCIAL_DAY.column("category"),
        Column(
            "author_type",
            Type.TEXT,
            "customer: the author belonged to one on the day the text was known; else unknown",
            allowed=("customer", "unknown"),
        ),
        *_changes(
            activity.SOCIAL_DAY,
            "posts",
            "reviews",
            "ratings",
            "rating_sum",
            "low_ratings",
            "negative_texts",
            "positive_texts",
            "sentiment_sum",
        ),
    ),
    "Posts, reviews, ratings and sentiment by category. The view adds the changes up and gives means.",
)
MART_IDENTITY = event_table(
    "mart_identity",
    "one row per publication that brought it, day and kind of identifier; values are changes of the day",
    ("id_kind",),
    (
        c.ID_KIND,
        _tally("new_identifiers", "Identifiers known for the first time"),
        Column(
            "customer_identifiers", Type.INTEGER, "Identifiers that came to a customer, less those that left"
        ),
        _tally("new_customers", "Customers that appeared with an identifier of this kind", "customer"),
        _tally("merged", "Identifiers whose customer became another"),
        _tally("split", "Identifiers that left their customer"),
        _tally("refused", "Identifiers refused as evidence"),
    ),
    "How identities grew, merged and were refused. The view adds the totals up to each day.",
)

TABLES = (
    FCT_SESSION,
    FCT_CONTACT,
    FCT_PRODUCT_VIEW,
    MART_WEB_DAY,
    MART_CHANNEL,
    MART_SOCIAL_DAY,
    MART_IDENTITY,
)
