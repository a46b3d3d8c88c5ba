"""Small shops for tests: deliveries with corrections and late events, as clean rows, and a folder as a lake.

Not here: expected values; each test has its own.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
from hypothesis import strategies as st

from persona_pipeline.contracts import Table, Type
from persona_pipeline.contracts.clean import CUSTOMER, ORDER_LINE, PRODUCT
from persona_pipeline.engine.duckdb import DuckDBEngine
from persona_pipeline.engine.protocol import DataFile, Output, Relation

START = dt.date(2025, 1, 6)
PRICES = {"p1": Decimal("10.0000"), "p2": Decimal("3.3333"), "p3": Decimal("7.5000"), "p4": Decimal("0.0100")}
Row = dict[str, Any]

_ARROW = {
    Type.TEXT: pa.string(),
    Type.INTEGER: pa.int64(),
    Type.DECIMAL: pa.decimal128(18, 4),
    Type.RATE: pa.decimal128(20, 12),
    Type.DOUBLE: pa.float64(),
    Type.BOOLEAN: pa.bool_(),
    Type.DATE: pa.date32(),
    Type.TIMESTAMP: pa.timestamp("us", tz="UTC"),
}


def day(number: int) -> dt.date:
    """Day 0 is a Monday."""
    return START + dt.timedelta(days=number)


@dataclass
class FolderLake:
    """Files per table and day; `replace` is what a commit of those days does."""

    root: Path
    engine: DuckDBEngine
    files: dict[str, dict[dt.date, list[DataFile]]] = field(default_factory=lambda: defaultdict(dict))

    def read(self, table: Table, first: dt.date | None, last: dt.date | None) -> Relation:
        days = self.files[table.full_name]
        chosen = [d for d in days if (first is None or first <= d) and (last is None or d <= last)]
        return Relation(tuple(str(file.path) for d in sorted(chosen) for file in days[d]), table)

    def output(self, table: Table) -> Output:
        return Output(table, self.root / table.full_name / uuid.uuid4().hex, 0)

    def replace(self, table: Table, files: list[DataFile]) -> None:
        fresh: dict[dt.date, list[DataFile]] = defaultdict(list)
        for file in files:
            fresh[file.day].append(file)
        self.files[table.full_name].update(fresh)

    def put(self, table: Table, rows: list[Row]) -> None:
        if rows:
            relation = {"rows": as_arrow(table, rows)}
            self.replace(table, self.engine.select_into("SELECT * FROM rows", relation, self.output(table)))

    def rows(self, table: Table, *, files: list[DataFile] | None = None) -> list[Row]:
        relation = self.read(table, None, None)
        if files is not None:
            relation = Relation(tuple(str(file.path) for file in files), table)
        return in_order(self.engine.fetch("SELECT * FROM relation", {"relation": relation}).to_pylist())


def in_order(rows: list[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: [str(value) for value in row.values()])


def as_arrow(table: Table, rows: list[Row]) -> pa.Table:
    schema = pa.schema([(column.name, _ARROW[column.type]) for column in table.columns])
    return pa.Table.from_pylist(rows, schema=schema)


def order_line(known: int, **changes: object) -> Row:
    """A clean order line known on day number `known`; by default one unit of p1 sold to `a` that day."""
    values: Row = {
        "order_id": "o1",
        "line": 1,
        "order_type": "sale",
        "line_type": "item",
        "id_kind": "account",
        "id": "a",
        "event_day": day(known),
        "product_id": "p1",
        "quantity": Decimal(1),
        "discount": Decimal(0),
        "sign": 1,
    } | changes
    values["unit_price"] = PRICES[str(values["product_id"])]
    values["amount"] = values["quantity"] * values["unit_price"] - values["discount"]
    values |= {
        "day": day(known),
        "order_line_id": f"{values['order_id']}-{values['line']}",
        "event_at": dt.datetime.combine(values["event_day"], dt.time(12), dt.UTC),
        "currency": "CNY",
        "version": 0,
        "source": "orders",
        "content_hash": "h",
    }
    return values | changes


def customer(known: int, identifier: str, **changes: object) -> Row:
    """A clean customer record; everything unknown by default."""
    values: Row = {
        "day": day(known),
        "id_kind": "account",
        "id": identifier,
        "registered_on": None,
        "birth_year": None,
    }
    values |= dict.fromkeys(("consent_marketing", "consent_profiling", "consent_sharing"))
    values |= {"gender": "unknown", "region": "unknown", "income_band": "unknown", "source": "customers"}
    return values | {"content_hash": "h"} | changes


def product(known: int, product_id: str, category: str) -> Row:
    """A clean product record."""
    values: Row = {"day": day(known), "product_id": product_id, "title": product_id, "category": category}
    return values | {
        "brand": None,
        "price": None,
        "currency": "CNY",
        "source": "products",
        "content_hash": "h",
    }


@dataclass(frozen=True)
class Shop:
    """Clean rows of a small shop."""

    order_lines: list[Row]
    customers: list[Row]
    products: list[Row]

    def until(self, last: dt.date) -> Shop:
        """The shop as it was known on a day."""

        def known(rows: list[Row]) -> list[Row]:
            return [row for row in rows if row["day"] <= last]

        return Shop(known(self.order_lines), known(self.customers), known(self.products))

    def put(self, lake: FolderLake) -> None:
        lake.put(ORDER_LINE, self.order_lines)
        lake.put(CUSTOMER, self.customers)
        lake.put(PRODUCT, self.products)


@st.composite
def shops(
    draw: st.DrawFn,
    *,
    days: int,
    redelivery_days: int,
    deliveries: int = 25,
    step: int = 1,
    customers: str = "ab",
) -> Shop:
    """Deliveries of order lines that come late, are corrected in any field, moved to others or emptied.

    Something is delivered every `step` days, from day 0 to day `days` - 1.
    """
    delivered = st.sampled_from(range(0, days, step))
    current: dict[tuple[str, int], Row] = {}
    rows: list[Row] = []
    events = draw(
        st.lists(
            st.tuples(
                delivered,
                st.integers(0, 5),  # order; 4 and 5 are refunds
                st.integers(1, 2),  # line
                st.integers(0, redelivery_days),  # days late
                st.sampled_from([*customers, None]),
                st.sampled_from(sorted(PRICES)),
                st.integers(0, 3),  # quantity
                st.sampled_from([Decimal(0), Decimal("0.0100")]),
            ),
            max_size=deliveries,
            unique_by=lambda event: event[:3],
        )
    )
    for known, order, line, late, identifier, product_id, quantity, discount in sorted(
        events, key=lambda e: e[:3]
    ):
        refund = order >= 4
        row = order_line(
            known,
            order_id=f"{'r' if refund else 'o'}{order}",
            line=line,
            order_type="refund" if refund else "sale",
            line_type="shipping" if product_id == "p4" else "item",
            id=identifier,
            id_kind=None if identifier is None else "account",
            event_day=day(known - late),
            product_id=product_id,
            quantity=Decimal(-quantity if refund else quantity),
            discount=Decimal(0) if refund or not quantity else discount,
        )
        before = current.get((order, line))
        if before is not None and (row["day"] - before["day"]).days > redelivery_days:
            continue  # cleaning could no longer match it
        if before is not None:
            rows.append(before | {"day": row["day"], "sign": -1})
        rows.append(row)
        current[order, line] = row
    records = [
        customer(
            draw(delivered),
            identifier,
            birth_year=draw(st.sampled_from([None, 1959, 1960, 2007, 1990])),
            gender=draw(st.sampled_from(["female", "unknown"])),
        )
        for identifier in draw(st.sets(st.sampled_from(["a", "z"])))
    ]
    versions = draw(
        st.dictionaries(
            st.tuples(delivered, st.sampled_from(["p1", "p2", "p3"])),
            st.sampled_from(["tea", "cups", "rice"]),
            max_size=6,
        )
    )
    return Shop(
        rows, records, [product(known, name, category) for (known, name), category in versions.items()]
    )
