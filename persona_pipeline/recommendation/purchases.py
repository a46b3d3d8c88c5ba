"""Purchases as integer codes, the form every list is computed from.

Here: reading them, grouping them by customer and product. Not here: any score.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from scipy import sparse

from persona_pipeline.contracts.activity import PRODUCT_VIEW
from persona_pipeline.contracts.behaviour import BASKET_ITEM, MAP
from persona_pipeline.engine.protocol import Engine, ReadWindow
from persona_pipeline.engine.sql import sql_text

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

EPOCH = dt.date(1970, 1, 1)


def day_number(day: dt.date) -> int:
    """Days since 1970-01-01."""
    return (day - EPOCH).days


@dataclass(frozen=True, slots=True)
class Purchases:
    """One entry per customer, product and day, sorted by these three.

    Attributes:
        customer: code of the customer, 0 .. len(customers) - 1.
        product: code of the product, 0 .. len(products) - 1.
        day: days since 1970-01-01.
        customers: names by code, ascending.
        products: names by code, ascending.
    """

    customer: Ints
    product: Ints
    day: Ints
    customers: pa.StringArray
    products: pa.StringArray

    def between(self, first: int, last: int) -> Purchases:
        """The purchases of first <= day <= last; codes keep their meaning."""
        kept = (self.day >= first) & (self.day <= last)
        return Purchases(
            self.customer[kept], self.product[kept], self.day[kept], self.customers, self.products
        )

    def pair_starts(self) -> Ints:
        """Where each (customer, product) pair begins."""
        if len(self.customer) == 0:
            return np.zeros(0, np.int64)
        changed = (self.customer[1:] != self.customer[:-1]) | (self.product[1:] != self.product[:-1])
        return np.flatnonzero(np.concatenate([[True], changed]))

    def matrix(self) -> sparse.csr_array:
        """Customers by products, 1 where the customer bought the product."""
        start = self.pair_starts()
        entries = (np.ones(len(start)), (self.customer[start], self.product[start]))
        return sparse.csr_array(entries, shape=(len(self.customers), len(self.products)))


@dataclass(frozen=True, slots=True)
class Views:
    """Products looked at: one entry per customer, product and day, sorted so; codes as in Purchases.

    Attributes:
        points: views, a cart add counting three.
    """

    customer: Ints
    product: Ints
    day: Ints
    points: Ints


def encode(names: pa.ChunkedArray, known: pa.StringArray) -> Ints:
    """Position of each name in `known`, which must hold them all."""
    found = pc.call_function("index_in", [names.combine_chunks()], pc.SetLookupOptions(known))
    return found.to_numpy(zero_copy_only=False).astype(np.int64)


def sorted_names(*columns: pa.ChunkedArray) -> pa.StringArray:
    """The distinct names of all columns, ascending."""
    chunks = [chunk.cast(pa.string()) for column in columns for chunk in column.chunks]
    return pa.chunked_array(chunks, type=pa.string()).unique().sort()


def read_purchases(engine: Engine, read: ReadWindow, day: dt.date, window_days: int) -> pa.Table:
    """Columns customer_id, product_id, event_day of the window up to `day`, as known at the end of `day`.

    One row each, in no order: `to_purchases` sorts codes, which is faster than sorting names.
    """
    after = day - dt.timedelta(days=window_days)
    # a record may lie minutes ahead of its delivery, so it can be known one day before its event day
    inputs = {"basket_item": read(BASKET_ITEM, after, day), "identity_map": read(MAP, None, day)}
    return engine.fetch(sql_text("recommendations/purchase"), inputs, {"after": after, "day": day})


def to_purchases(table: pa.Table, customers: pa.StringArray, products: pa.StringArray) -> Purchases:
    """Codes for a table of `read_purchases`; `customers` and `products` must hold every name, ascending."""
    event_day = table.column("event_day").combine_chunks().cast(pa.int32())
    customer = encode(table.column("customer_id"), customers)
    product = encode(table.column("product_id"), products)
    day = event_day.to_numpy(zero_copy_only=False).astype(np.int64)
    order = np.lexsort((day, product, customer))
    return Purchases(customer[order], product[order], day[order], customers, products)


def read_views(engine: Engine, read: ReadWindow, day: dt.date, view_days: int) -> pa.Table:
    """Columns customer_id, product_id, event_day, points of the window up to `day`, as known at its end."""
    after = day - dt.timedelta(days=view_days)
    inputs = {"product_view": read(PRODUCT_VIEW, after, day), "identity_map": read(MAP, None, day)}
    return engine.fetch(sql_text("recommendations/view"), inputs, {"after": after, "day": day})


def to_views(table: pa.Table, customers: pa.StringArray, products: pa.StringArray) -> Views:
    """Codes for a table of `read_views`; views by or of what has no code are left out."""
    known = pc.call_function(
        "and",
        [
            pc.call_function("is_in", [table.column(name).combine_chunks()], pc.SetLookupOptions(names))
            for name, names in (("customer_id", customers), ("product_id", products))
        ],
    )
    kept = table.filter(known)
    customer = encode(kept.column("customer_id"), customers)
    product = encode(kept.column("product_id"), products)
    event_day = kept.column("event_day").combine_chunks().cast(pa.int32())
    day = event_day.to_numpy(zero_copy_only=False).astype(np.int64)
    points = kept.column("points").to_numpy().astype(np.int64)
    order = np.lexsort((day, product, customer))
    return Views(customer[order], product[order], day[order], points[order])
