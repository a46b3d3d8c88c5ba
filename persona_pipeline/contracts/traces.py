"""Clean tables of the traces that are no orders: web hits, posts, campaign contacts, links of identifiers.

Not here: orders, customers, products and the ledger (clean.py), and anything computed over several records.
"""

from __future__ import annotations

from persona_pipeline.contracts import columns as c
from persona_pipeline.contracts.column import Column, Sensitivity, Table, Type

PERSONAL = Sensitivity.PERSONAL

PAGE_TYPES = (
    "home",
    "search",
    "category",
    "product",
    "cart",
    "checkout",
    "confirmation",
    "account",
    "content",
    "other",
)

WEB_HIT = Table(
    "clean",
    "web_hit",
    "one row per request for a page by a person; two equal lines are two hits",
    ("source", "hit_no", "day"),
    (
        c.DAY,
        c.SOURCE,
        Column(
            "hit_no",
            Type.INTEGER,
            "Place among the day's lines: number of the file in order of its path times 2^40, plus its line",
            minimum=0,
        ),
        c.EVENT_AT,
        c.EVENT_DAY,
        Column(
            "visitor_id", Type.TEXT, "Pseudonym of the visitor cookie", nullable=True, sensitivity=PERSONAL
        ),
        Column(
            "account_id", Type.TEXT, "Pseudonym of the account logged in", nullable=True, sensitivity=PERSONAL
        ),
        Column(
            "contact_id",
            Type.TEXT,
            "Pseudonym of the campaign contact that was clicked",
            nullable=True,
            sensitivity=PERSONAL,
        ),
        Column(
            "client_id",
            Type.TEXT,
            "Pseudonym of client address and user agent, for visits without a cookie",
            sensitivity=PERSONAL,
        ),
        Column(
            "client_prefix",
            Type.TEXT,
            "Network of the client: /24 of IPv4, /48 of IPv6",
            nullable=True,
            sensitivity=PERSONAL,
        ),
        Column(
            "method",
            Type.TEXT,
            "Request method",
            allowed=("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "other"),
        ),
        Column("page_type", Type.TEXT, "Kind of page, by the declared patterns", allowed=PAGE_TYPES),
        c.PRODUCT_ID.but(nullable=True, description="Product that the page shows or the request adds"),
        c.CATEGORY.but(nullable=True, description="Category that the page lists, as the address names it"),
        c.ORDER_ID.but(nullable=True, description="Order number of a confirmation page"),
        Column("is_cart_add", Type.BOOLEAN, "Whether the request puts a product into the cart"),
        Column("status", Type.INTEGER, "HTTP status", minimum=100, maximum=599),
        Column(
            "bytes",
            Type.INTEGER,
            "Bytes sent; empty where the log has none",
            nullable=True,
            minimum=0,
            unit="byte",
        ),
        Column("referrer_host", Type.TEXT, "Host of the referring page", nullable=True),
        c.CHANNEL,
        c.CAMPAIGN_ID.but(nullable=True, description="utm_campaign, where it is a plain word"),
        c.DEVICE,
        c.BROWSER,
        c.OS,
    ),
    "Page requests by people, without bots, assets and attacks, which the ledger counts as filtered. No "
    "address, path or query is kept.",
)

SOCIAL_POST = Table(
    "clean",
    "social_post",
    "one row per version of a post or review: sign +1 brings it, sign -1 takes it back",
    ("post_id", "day", "sign"),
    (
        c.DAY,
        Column("post_id", Type.TEXT, "Keyed hash of the record identity", sensitivity=PERSONAL),
        c.SIGN,
        Column("post_type", Type.TEXT, "Post or review", allowed=("post", "review")),
        c.ID_KIND.but(nullable=True),
        c.ID.but(nullable=True),
        c.EVENT_AT,
        c.EVENT_DAY,
        Column("language", Type.TEXT, "Language by script and function words", allowed=("en", "zh", "other")),
        Column("characters", Type.INTEGER, "Length of the text", minimum=0, unit="character"),
        Column("rating", Type.INTEGER, "Stars given, 1 to 5", nullable=True, minimum=1, maximum=5),
        Column(
            "sentiment",
            Type.DECIMAL,
            "Sentiment of the text by the packaged lexicon of its language: -1 to 1",
            minimum=-1,
            maximum=1,
            sensitivity=PERSONAL,
        ),
        Column(
            "sentiment_label",
            Type.TEXT,
            "Sentiment in three classes",
            allowed=("negative", "neutral", "positive"),
            sensitivity=PERSONAL,
        ),
        c.PRODUCT_ID.but(nullable=True, description="Product that is reviewed or mentioned"),
        c.CATEGORY.but(nullable=True, description="Category that the text mentions first; empty without one"),
        c.VERSION,
        c.SOURCE,
        c.CONTENT_HASH,
    ),
    "Posts and reviews as known on each day, without their text, which stays in the vault.",
)

CAMPAIGN_CONTACT = Table(
    "clean",
    "campaign_contact",
    "one row per version of a contact: sign +1 brings it, sign -1 takes it back",
    ("contact_id", "day", "sign"),
    (
        c.DAY,
        Column("contact_id", Type.TEXT, "Pseudonym of the contact number", sensitivity=PERSONAL),
        c.SIGN,
        c.CAMPAIGN_ID,
        c.CONTACT_CHANNEL,
        c.MESSAGE,
        c.ID_KIND.but(nullable=True),
        c.ID.but(nullable=True),
        c.EVENT_AT.but(description="When the contact was sent, or would have been, UTC"),
        c.EVENT_DAY,
        Column(
            "is_holdout", Type.BOOLEAN, "Left out on purpose, to measure the effect", sensitivity=PERSONAL
        ),
        Column(
            "assignment_probability",
            Type.DECIMAL,
            "Probability with which the contact was assigned, as the campaign tool states it",
            nullable=True,
            minimum=0,
            maximum=1,
        ),
        Column("cost", Type.DECIMAL, "Cost of the contact", minimum=0, unit="currency"),
        c.ORIGINAL_CURRENCY,
        Column(
            "original_cost",
            Type.DECIMAL,
            "Cost before conversion; empty if nothing was converted",
            nullable=True,
            minimum=0,
        ),
        c.EXCHANGE_RATE,
        Column("is_opened", Type.BOOLEAN, "Whether it was opened", sensitivity=PERSONAL),
        Column("is_clicked", Type.BOOLEAN, "Whether it was clicked", sensitivity=PERSONAL),
        Column("is_responded", Type.BOOLEAN, "Whether it was answered as it asked for", sensitivity=PERSONAL),
        c.VERSION,
        c.IMPUTED,
        c.SOURCE,
        c.CONTENT_HASH,
    ),
    "Campaign contacts as known on each day: opens, clicks and responses arrive as corrections.",
)

ID_LINK = Table(
    "clean",
    "id_link",
    "one row per pair of identifiers and day on which an accepted record held both",
    ("source", "id_kind", "id", "other_kind", "other_id", "evidence", "day"),
    (
        c.DAY,
        c.SOURCE,
        c.ID_KIND,
        c.ID,
        c.ID_KIND.but(name="other_kind", description="Kind of the other identifier"),
        c.ID.but(name="other_id", description="Keyed pseudonym of the other identifier"),
        Column(
            "evidence",
            Type.TEXT,
            "What brought them together",
            allowed=("login", "order", "crm", "click", "contact", "handle"),
        ),
    ),
    "Identifiers seen together in one accepted record. What it proves is for the identity layer to judge.",
)

TABLES = (WEB_HIT, SOCIAL_POST, CAMPAIGN_CONTACT, ID_LINK)
