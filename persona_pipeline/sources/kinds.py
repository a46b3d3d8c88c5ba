"""The kinds of sources: their fields, keys and words.

Here: what all sources of a kind have in common. Not here: how one source is declared (source.py).
"""

from __future__ import annotations

from persona_pipeline.sources.json_log import COLUMNS

REQUIRED: dict[str, tuple[str, ...]] = {
    "orders": ("order_id", "ordered_at", "product_id", "quantity", "unit_price"),
    "customers": (),  # its key only
    "products": ("product_id", "title"),
    "social": ("text",),
    "campaigns": ("contact_id", "campaign_id", "contacted_at"),
    "rates": ("currency", "rate_on", "rate"),
    "web": (),
}
OPTIONAL: dict[str, tuple[str, ...]] = {
    "orders": (
        "line_no",
        "version",
        "type",
        "line_type",
        "refund_of",
        "account_id",
        "email",
        "product_title",
        "discount",
        "amount",
        "currency",
    ),
    "customers": (
        "account_id",
        "crm_id",
        "version",
        "name",
        "email",
        "phone",
        "handle",
        "gender",
        "birth_date",
        "birth_year",
        "region",
        "income_band",
        "income",
        "registered_on",
        "consent_marketing",
        "consent_profiling",
        "consent_sharing",
    ),
    "products": ("version", "category", "brand", "price", "currency"),
    "social": ("post_id", "version", "type", "handle", "account_id", "posted_at", "rating", "product_id"),
    "campaigns": (
        "version",
        "channel",
        "message",
        "account_id",
        "email",
        "cost",
        "currency",
        "assignment_probability",
        "is_holdout",
        "opened_at",
        "clicked_at",
        "responded_at",
    ),
    "rates": ("version",),
    "web": COLUMNS,  # of a log in JSON
}
DEFAULT_KEY: dict[str, tuple[str, ...]] = {
    "orders": ("order_id", "line_no"),
    "customers": ("account_id",),
    "products": ("product_id",),
    "social": ("post_id",),
    "campaigns": ("contact_id",),
    "rates": ("currency", "rate_on"),
    "web": (),
}
# the one column that may identify a record of these kinds; the others take any columns, the whole row or none
KEYS: dict[str, tuple[str, ...]] = {
    "customers": ("account_id", "crm_id"),
    "products": ("product_id",),
    "campaigns": ("contact_id",),
}
# a record of these kinds says what is so; of the others, what happened and when
STATES = ("customers", "products", "rates")
# what is asked for the rows of a day, instead of files that lie there
DATABASES = ("sql", "mongodb")
# lines that can be cut where the file ended yesterday; a w3c log needs the #Fields before them
GROWING_FORMATS = ("csv", "jsonl", "access_log", "access_json")
# kinds whose records may come again as a correction that takes the earlier version back
VERSIONED = ("orders", "social", "campaigns")
# largest believable amount of one line, in units of the currency; others: 1,000,000
AMOUNT_LIMITS: dict[str, int] = {
    "JPY": 100_000_000,
    "KRW": 1_000_000_000,
    "VND": 10_000_000_000,
    "IDR": 10_000_000_000,
}
WORD_FIELDS: dict[str, tuple[str, ...]] = {
    "line_type": ("item", "shipping", "tax", "fee", "discount"),
    "gender": ("female", "male", "other", "unknown"),
    "income_band": ("low", "middle", "high", "unknown"),
    **dict.fromkeys(
        ("consent_marketing", "consent_profiling", "consent_sharing", "is_holdout"), ("yes", "no")
    ),
}
TYPES: dict[str, tuple[str, ...]] = {"orders": ("sale", "refund"), "social": ("post", "review")}
