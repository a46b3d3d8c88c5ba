"""Order lines as text columns of the raw file.

Here: numbering of orders and money as text. Not here: which file a line goes to, and dirt.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from persona_pipeline.demo.plan import Plan

HEADER = (
    "order_id",
    "line_no",
    "version",
    "type",
    "account_id",
    "ordered_at",
    "product_id",
    "quantity",
    "unit_price",
    "discount",
    "amount",
    "currency",
)
LATE_NUMBER = 900_000


def money(minor: np.ndarray) -> pa.Array:
    """Minor units as text with two decimals, for example -105 → -1.05."""
    size = np.abs(minor)
    sign = pc.if_else(pa.array(minor < 0), "-", "")
    whole = pc.cast(pa.array(size // 100), pa.string())
    cents = pc.utf8_lpad(pc.cast(pa.array(size % 100), pa.string()), 2, "0")
    return pc.binary_join_element_wise(sign, whole, pa.scalar("."), cents, "")


def order_ids(plan: Plan, lines: np.ndarray, *, late: bool = False) -> pa.Array:
    """Numbers orders within their day by time; late ones count from `LATE_NUMBER`. Lines come `by_time`."""
    new = (
        np.concatenate([[True], lines["order"][1:] != lines["order"][:-1]])
        if lines.size
        else np.empty(0, bool)
    )
    running = np.cumsum(new)
    first = np.searchsorted(lines["day"], lines["day"], side="left")
    number = running - running[first] + 1 + (LATE_NUMBER if late else 0) if lines.size else running
    dates = pc.strftime(pa.array(np.datetime64(plan.start) + lines["day"].astype("timedelta64[D]")), "%y%m%d")
    prefix = pc.if_else(pa.array(lines["is_refund"]), "R", "O")
    padded = pc.utf8_lpad(pc.cast(pa.array(number), pa.string()), 6, "0")
    return pc.binary_join_element_wise(prefix, dates, padded, "")


def by_time(lines: np.ndarray) -> np.ndarray:
    """Lines as they stand in a file: by time, those of an order together."""
    return lines[np.lexsort((lines["line"], lines["order"], lines["second"], lines["day"]))]


def order_table(plan: Plan, lines: np.ndarray, *, late: bool = False) -> pa.Table:
    """The lines of one file, sorted by time, with the columns of `HEADER`."""
    lines = by_time(lines)
    quantity = lines["quantity"].astype(np.int64)
    account = pc.utf8_lpad(pc.cast(pa.array(lines["account"]), pa.string()), 8, "0")
    seconds = lines["day"].astype(np.int64) * 86_400 + lines["second"]
    at = np.datetime64(plan.start, "s") + seconds.astype("timedelta64[s]")
    return pa.table(
        {
            "order_id": order_ids(plan, lines, late=late),
            "line_no": pc.cast(pa.array(lines["line"]), pa.string()),
            "version": pa.repeat("1", lines.size),
            "type": pc.if_else(pa.array(lines["is_refund"]), "refund", "sale"),
            "account_id": pc.if_else(pa.array(lines["account"] < 0), "", account),
            "ordered_at": pc.strftime(pa.array(at), "%Y-%m-%d %H:%M:%S"),
            "product_id": pa.array(plan.catalogue.product_ids).take(
                pa.array(lines["product"].astype(np.int64))
            ),
            "quantity": pc.cast(pa.array(quantity), pa.string()),
            "unit_price": money(lines["price"]),
            "discount": money(lines["discount"]),
            "amount": money(quantity * lines["price"] - lines["discount"]),
            "currency": pa.repeat(plan.currency, lines.size),
        }
    )


def with_columns(table: pa.Table, **texts: list[str]) -> pa.Table:
    """The table with some columns replaced by texts."""
    for name, values in texts.items():
        table = table.set_column(table.column_names.index(name), name, pa.array(values, pa.string()))
    return table
