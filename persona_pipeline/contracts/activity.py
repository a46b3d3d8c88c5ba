"""Facts of the traces that are no orders: sessions, web days, product views, posts, campaign contacts.

Not here: facts of orders (behaviour.py).
"""

from __future__ import annotations

from persona_pipeline.contracts import columns as c
from persona_pipeline.contracts.column import Column, Sensitivity, Table, Type
from persona_pipeline.contracts.traces import PAGE_TYPES

PERSONAL = Sensitivity.PERSONAL


def _count(name: str, description: str, unit: str | None = None) -> Column:
    return Column(name, Type.INTEGER, description, sensitivity=PERSONAL, minimum=0, unit=unit)


def _signed(name: str, description: str) -> Column:
    return Column(name, Type.INTEGER, description, sensitivity=PERSONAL)


SESSION = Table(
    "facts",
    "session",
    "one row per session: hits of one identifier on one day less than the session gap apart",
    ("session_id", "day"),
    (
        c.DAY,
        Column("session_id", Type.TEXT, "Hash of identifier, day known and first hit", sensitivity=PERSONAL),
        c.EVENT_DAY,
        c.ID_KIND.but(description="visitor with a cookie, else account, else client"),
        c.ID,
        Column("started_at", Type.TIMESTAMP, "First hit, UTC", sensitivity=PERSONAL),
        Column(
            "hour", Type.INTEGER, "Hour of the first hit in the business time zone", minimum=0, maximum=23
        ),
        _count("seconds", "From the first hit to the last", "second"),
        _count("hits", "Page requests", "hit"),
        _count("product_views", "Product pages seen", "hit"),
        _count("products", "Different products seen", "product"),
        _count("searches", "Searches", "hit"),
        _count("cart_adds", "Products put into the cart", "hit"),
        _count("checkouts", "Checkout pages seen", "hit"),
        _count("confirmations", "Order confirmations seen", "hit"),
        Column("landing_page_type", Type.TEXT, "Kind of the first page", allowed=PAGE_TYPES),
        c.CHANNEL,
        c.CAMPAIGN_ID.but(nullable=True, description="Campaign that the first hit names"),
        c.DEVICE,
        c.BROWSER,
        c.OS,
    ),
    "Sessions, cut at midnight of the business time zone and after 30 minutes without a hit. Hits that are "
    "known later form sessions of their own.",
)

WEB_DAY = Table(
    "facts",
    "web_day",
    "one row per identifier, day it happened and day it was known",
    ("id_kind", "id", "event_day", "day"),
    (
        c.DAY,
        c.EVENT_DAY,
        c.ID_KIND,
        c.ID,
        _count("sessions", "Sessions", "session"),
        _count("bounces", "Sessions of one hit", "session"),
        _count("hits", "Page requests", "hit"),
        _count("seconds", "Time from first to last hit, over all sessions", "second"),
        _count("product_views", "Product pages seen", "hit"),
        _count("searches", "Searches", "hit"),
        _count("cart_adds", "Products put into the cart", "hit"),
        _count("cart_sessions", "Sessions with a product put into the cart", "session"),
        _count("checkout_sessions", "Sessions with a checkout page", "session"),
        _count("confirmation_sessions", "Sessions with an order confirmation", "session"),
        _count("mobile_sessions", "Sessions on a mobile device or tablet", "session"),
        _count("evening_sessions", "Sessions that began between 20:00 and 24:00", "session"),
        _count("night_sessions", "Sessions that began between 0:00 and 6:00", "session"),
        _count("direct_sessions", "Sessions without a referrer", "session"),
        _count("search_sessions", "Sessions from a search engine", "session"),
        _count("social_sessions", "Sessions from a social network", "session"),
        _count("campaign_sessions", "Sessions from e-mail, sms, app or paid advertising", "session"),
    ),
    "What each identifier did on the web on each day, summed over its sessions.",
)

PRODUCT_VIEW = Table(
    "facts",
    "product_view",
    "one row per identifier, product, day it happened and day it was known",
    ("id_kind", "id", "product_id", "category", "event_day", "day"),
    (
        c.DAY,
        c.EVENT_DAY,
        c.ID_KIND,
        c.ID,
        c.PRODUCT_ID,
        c.CATEGORY.but(description="Category as known on event_day; 'unknown' without a catalogue"),
        _count("views", "Product pages seen", "hit"),
        _count("cart_adds", "Times put into the cart", "hit"),
    ),
    "Which products each identifier looked at.",
)

SOCIAL_DAY = Table(
    "facts",
    "social_day",
    "one row per identifier, category, day it happened and day it was known; values are changes",
    ("id_kind", "id", "category", "event_day", "day"),
    (
        c.DAY,
        c.EVENT_DAY,
        c.ID_KIND,
        c.ID,
        c.CATEGORY.but(description="Category mentioned or reviewed; 'unknown' without one"),
        _signed("posts", "Posts"),
        _signed("reviews", "Reviews"),
        _signed("ratings", "Texts with a rating"),
        _signed("rating_sum", "Sum of the ratings"),
        _signed("low_ratings", "Ratings of one or two stars"),
        _signed("negative_texts", "Texts with negative sentiment"),
        _signed("positive_texts", "Texts with positive sentiment"),
        Column("sentiment_sum", Type.DECIMAL, "Sum of the sentiments", sensitivity=PERSONAL),
    ),
    "What each identifier wrote on each day. Summing over day <= D gives what was known on D.",
)

CONTACT_DAY = Table(
    "facts",
    "contact_day",
    "one row per identifier, campaign, channel, message, day it happened and day it was known; "
    "values are changes",
    ("id_kind", "id", "campaign_id", "channel", "message", "event_day", "day"),
    (
        c.DAY,
        c.EVENT_DAY,
        c.ID_KIND,
        c.ID,
        c.CAMPAIGN_ID,
        c.CONTACT_CHANNEL,
        c.MESSAGE,
        _signed("contacts", "Contacts sent, without holdouts"),
        _signed("holdouts", "Contacts held out on purpose"),
        _signed("opens", "Contacts opened"),
        _signed("clicks", "Contacts clicked"),
        _signed("responses", "Contacts answered"),
        Column("cost_amount", Type.DECIMAL, "Cost of the contacts", sensitivity=PERSONAL, unit="currency"),
    ),
    "Through which channel each identifier was contacted and what came of it. Summing over day <= D "
    "gives what was known on D.",
)

TABLES = (SESSION, WEB_DAY, PRODUCT_VIEW, SOCIAL_DAY, CONTACT_DAY)
