"""The data of the customer search, as columns for JSON: what the page's script shows of each customer.

Here: profile, tags, scores, offers and days of the customers that can be looked up, and the words for them.
Not here: drawing them (lookup.js), HTML. Customers stand under pseudonyms.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from persona_pipeline.reporting.data import Frame, ReportData
from persona_pipeline.reporting.words import LANGUAGES, Words, dictionary

TEXTS = (
    "age_band",
    "gender",
    "region",
    "income_band",
    "segment_key",
    "rfm_segment",
    "favourite_category",
)
NUMBERS = (
    "recency_days",
    "tenure_days",
    "orders_365d",
    "sales_365d",
    "average_order_value_365d",
    "discount_share_365d",
    "refund_share_365d",
)
# what is shown of a day, each kind in a table of its own: most days have one kind
KINDS: Mapping[str, tuple[str, ...]] = {
    "orders": ("orders", "sales_amount"),
    "refunds": ("refund_amount",),
    "visits": ("sessions", "product_views"),
    "contacts": ("contacts", "opens", "clicks", "responses"),
    "texts": ("texts",),
}
TERMS = ("age_band", "gender", "income_band", "rfm", "target", "algorithm", "tag_group", "tag_value")


def lookup(data: ReportData) -> dict[str, Any] | None:
    """Everything the search needs; None without a customer.

    Each table has columns of all customers one after the other, and `at`: the rows of customer i are those
    from `at[i]` to `at[i + 1]`. Texts are places in a list of distinct values, -1 for none.
    """
    if data.shown.empty:
        return None
    shown = data.shown.sort_values("customer_id")
    names = shown["customer_id"].to_numpy(str)
    known = dict(zip(data.title["product_id"], data.title["title"], strict=True))
    offers = data.shown_offer
    named: Frame = pd.concat([offers["product_id"], offers["because_product_id"].dropna()])
    products = named.unique()
    return {
        "asOf": data.as_of.isoformat(),
        "currency": data.currency,
        "personas": {
            row["segment_key"]: {language: row[f"name_{language}"] for language in LANGUAGES}
            for row in data.persona.to_dict("records")
        },
        "products": [known.get(product, product) for product in products],
        "words": {language: _words(Words(language, data.currency)) for language in LANGUAGES},
        "customers": {
            "id": names.tolist(),
            **{name: _coded(shown[name]) for name in TEXTS},
            **{name: _numbers(shown[name]) for name in NUMBERS},
            "is_outlier": shown["is_outlier"].astype(bool).astype(int).tolist(),
        },
        "tags": _table(data.shown_tag, names, texts=("tag",)),
        "scores": _table(data.shown_score, names, texts=("target",), numbers=("probability", "decile")),
        "offers": _table(offers, names, texts=("algorithm",))
        | {
            name: pd.Index(products).get_indexer(_of(offers, names)[name]).tolist()
            for name in ("product_id", "because_product_id")
        },
        "days": _days(data, names),
    }


def _words(words: Words) -> dict[str, Any]:
    """The words of the script in one language."""
    entries = dictionary()
    terms = {group: {key: words.term(group, key) for key in entries[group]} for group in TERMS}
    return {"text": {key: entry[words.language] for key, entry in entries["lookup"].items()}, "term": terms}


def _of(rows: Frame, names: np.ndarray) -> Frame:
    """The rows in the order of the customers; within one they keep theirs."""
    place = np.searchsorted(names, rows["customer_id"].to_numpy(str))
    return rows.assign(place=place).sort_values("place", kind="stable")


def _table(
    rows: Frame, names: np.ndarray, *, texts: Sequence[str] = (), numbers: Sequence[str] = ()
) -> dict[str, Any]:
    rows = _of(rows, names)
    at = np.searchsorted(rows["place"].to_numpy(), np.arange(len(names) + 1))
    columns = {name: _coded(rows[name]) for name in texts} | {name: _numbers(rows[name]) for name in numbers}
    return {"at": at.tolist(), **columns}


def _days(data: ReportData, names: np.ndarray) -> dict[str, Any]:
    rows = data.shown_day
    rows = rows.assign(ago=(pd.Timestamp(data.as_of) - pd.to_datetime(rows["event_day"])).dt.days)
    found = {}
    for kind, columns in KINDS.items():
        some = rows[(rows[list(columns)].astype(float) != 0).any(axis=1)]
        found[kind] = _table(some, names, numbers=("ago", *columns))
    return found


def _coded(values: Frame) -> dict[str, Any]:
    codes, distinct = pd.factorize(values)
    return {"texts": [str(value) for value in distinct], "codes": codes.tolist()}


def _numbers(values: Frame) -> list[float | int | None]:
    """Four digits are enough to read; whole numbers without a point, None for nothing."""
    numbers: Frame = pd.to_numeric(values.astype(object).where(values.notna(), None), errors="coerce")
    rounded = np.round(numbers.to_numpy(float), 4)
    whole = np.nan_to_num(rounded) == np.floor(np.nan_to_num(rounded))
    boxed = rounded.astype(object)
    boxed[whole] = np.nan_to_num(rounded[whole]).astype(np.int64)
    boxed[np.isnan(rounded)] = None
    return boxed.tolist()
