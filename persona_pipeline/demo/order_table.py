"""Order lines as text columns of the raw file.

Here: numbering of orders and money as text. Not here: which file a line goes to, and dirt.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from persona_pipeline.demo.baskets import LINE
from persona_pipeline.demo.file_rows import FileRows
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
_LINE_FIELDS = LINE.names or ()
NUMBERED = np.dtype(
    [
        *LINE.descr,
        ("number", np.int32),  # of the order, within its day
        ("version", np.int8),
    ]
)


def money(minor: np.ndarray) -> pa.Array:
    """Minor units as text with two decimals, for example -105 → -1.05."""
    size = np.abs(minor)
    sign = pc.if_else(pa.array(minor < 0), "-", "")
    whole = pc.cast(pa.array(size // 100), pa.string())
    cents = pc.utf8_lpad(pc.cast(pa.array(size % 100), pa.string()), 2, "0")
    return pc.binary_join_element_wise(sign, whole, pa.scalar("."), cents, "")


def numbered(parts: Iterable[np.ndarray], *, late: bool = False) -> Iterator[np.ndarray]:
    """Lines of a file in their order, as rows of `NUMBERED`: by time, those of an order together.

    Args:
        parts: rows of `baskets.LINE` in parts that follow one another in time.
        late: whether orders count from `LATE_NUMBER`.
    """
    orders = before = 0  # orders so far, and before the day of the last line
    day = order = -1  # of the last line
    for part in parts:
        lines = part[np.lexsort((part["line"], part["order"], part["second"], part["day"]))]
        if not lines.size:
            continue
        running = orders + np.cumsum(lines["order"] != np.concatenate([[order], lines["order"][:-1]]))
        first = np.searchsorted(lines["day"], lines["day"], side="left")
        before_day = np.where(lines["day"] == day, before, running[first] - 1)
        rows = np.empty(lines.size, dtype=NUMBERED)
        for name in _LINE_FIELDS:
            rows[name] = lines[name]
        rows["version"] = 1
        rows["number"] = running - before_day + (LATE_NUMBER if late else 0)
        orders, day, order, before = running[-1], lines["day"][-1], lines["order"][-1], before_day[-1]
        yield rows


def order_texts(dates: pa.Array, number: np.ndarray, is_refund: np.ndarray) -> pa.Array:
    """Order numbers as the files write them: O or R, the date, the number within its day."""
    padded = pc.utf8_lpad(pc.cast(pa.array(number), pa.string()), 6, "0")
    return pc.binary_join_element_wise(pc.if_else(pa.array(is_refund), "R", "O"), dates, padded, "")


def _dates(plan: Plan, day: np.ndarray) -> pa.Array:
    return pc.strftime(pa.array(np.datetime64(plan.start) + day.astype("timedelta64[D]")), "%y%m%d")


@dataclass(frozen=True, slots=True)
class OrderNumbers:
    """The numbers of the sale orders of a day's main file, 12 bytes an order."""

    plan: Plan
    day: int
    order: np.ndarray  # int64, sorted
    number: np.ndarray  # int32

    @classmethod
    def of(cls, plan: Plan, day: int, main: FileRows) -> OrderNumbers:
        """From the rows of the file, rows of `NUMBERED`."""
        firsts = [part[~part["is_refund"] & (part["line"] == 1)] for part in main.parts()]
        order = np.concatenate([np.zeros(0, dtype=np.int64), *(part["order"] for part in firsts)])
        number = np.concatenate([np.zeros(0, dtype=np.int32), *(part["number"] for part in firsts)])
        by_order = np.argsort(order)
        return cls(plan, day, order[by_order], number[by_order])

    def texts(self, orders: np.ndarray) -> pa.Array:
        """The number of each order as its file writes it; empty for an order that is not in it."""
        if not self.order.size:
            return pa.repeat("", orders.size)
        place = np.minimum(np.searchsorted(self.order, orders), self.order.size - 1)
        dates = _dates(self.plan, np.full(orders.size, self.day))
        texts = order_texts(dates, self.number[place], np.zeros(orders.size, dtype=bool))
        return pc.if_else(pa.array(self.order[place] == orders), texts, "")


def order_table(plan: Plan, lines: np.ndarray) -> pa.Table:
    """Rows of `NUMBERED` as text, with the columns of `HEADER`."""
    quantity = lines["quantity"].astype(np.int64)
    account = pc.utf8_lpad(pc.cast(pa.array(lines["account"]), pa.string()), 8, "0")
    seconds = lines["day"].astype(np.int64) * 86_400 + lines["second"]
    at = np.datetime64(plan.start, "s") + seconds.astype("timedelta64[s]")
    return pa.table(
        {
            "order_id": order_texts(_dates(plan, lines["day"]), lines["number"], lines["is_refund"]),
            "line_no": pc.cast(pa.array(lines["line"]), pa.string()),
            "version": pc.cast(pa.array(lines["version"]), pa.string()),
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
