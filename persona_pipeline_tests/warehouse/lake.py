"""A small lake made by hand: Parquet files of the engine, handed to the publisher as the lake would."""

from __future__ import annotations

import copy
import datetime as dt
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path

import pyarrow as pa

from persona_pipeline.contracts import Table, Type, behaviour
from persona_pipeline.contracts.column import Column
from persona_pipeline.engine.duckdb import DuckDBEngine
from persona_pipeline.engine.protocol import Output, Relation
from persona_pipeline.warehouse import Publication, publish
from persona_pipeline.warehouse.rows import ARROW

FEATURES = behaviour.FEATURES.with_columns(
    [
        Column("orders_30d", Type.INTEGER, "Orders in 30 days", nullable=True),
        Column("sales_30d", Type.DECIMAL, "Sales in 30 days", nullable=True, unit="currency"),
        Column("recency_days", Type.INTEGER, "Days since the last order", nullable=True),
    ]
)
FIRST = dt.date(2025, 3, 1)  # a Saturday
SATURDAY = dt.date(2025, 3, 8)
SUNDAY = dt.date(2025, 3, 9)
MONDAY = dt.date(2025, 3, 10)
TUESDAY = dt.date(2025, 3, 11)
NOON = dt.datetime(2025, 3, 12, 12, 0, tzinfo=dt.UTC)
KEY = b"a key for tests"
_DEFAULTS = {
    Type.TEXT: "x",
    Type.INTEGER: 1,
    Type.DECIMAL: 0,
    Type.RATE: 1,
    Type.DOUBLE: 0.5,
    Type.BOOLEAN: False,
    Type.DATE: MONDAY,
    Type.TIMESTAMP: NOON,
}


class Lake:
    """Files by table and day with a version each; `read` and `versions` are what the publisher is handed."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.engine = DuckDBEngine(root / "scratch", memory="500MB", threads=1)
        self.files: dict[tuple[str, dt.date], list[str]] = {}
        self.version: dict[tuple[str, dt.date], int] = {}

    def copy(self) -> Lake:
        """The same state, changed independently from now on."""
        other = copy.copy(self)
        other.files, other.version = dict(self.files), dict(self.version)
        return other

    def put(self, table: Table, day: dt.date, *rows: dict[str, object]) -> None:
        """Replace one day; columns that a row does not name are empty, or a default where they may not be."""
        address = (table.full_name, day)
        self.version[address] = self.version.get(address, 0) + 1
        if not rows:
            self.files[address] = []
            return
        filled = [{c.name: _value(c, row, day) for c in table.columns} for row in rows]
        schema = pa.schema([pa.field(c.name, ARROW[c.type]) for c in table.columns])
        result = pa.Table.from_pylist(filled, schema=schema)
        directory = self.root / table.layer / table.name
        written = self.engine.select_into(
            "SELECT * FROM result", {"result": result}, Output(table, directory, 0)
        )
        self.files[address] = [str(file.path) for file in written]

    def read(self, table: Table, first: dt.date | None, last: dt.date | None) -> Relation:
        chosen = [
            path
            for (name, day), paths in sorted(self.files.items())
            for path in paths
            if name == table.full_name and (first or day) <= day <= (last or day)
        ]
        return Relation(tuple(chosen), table)

    def versions(self, table: Table, days: Iterable[dt.date]) -> dict[dt.date, int]:
        wanted = {(table.full_name, day) for day in days}
        return {day: version for (name, day), version in self.version.items() if (name, day) in wanted}

    def publish(self, url: str, as_of: dt.date = MONDAY, **changes: object) -> Publication:
        arguments: dict[str, object] = {
            "first": FIRST,
            "as_of": as_of,
            "run_id": "run-1",
            "published_at": NOON,
            "currency": "CNY",
            "key": KEY,
        }
        return publish(
            self.engine,
            url,
            self.read,
            self.versions,
            FEATURES,
            **(arguments | changes),  # type: ignore[arg-type]
        )


def _value(column: Column, row: dict[str, object], day: dt.date) -> object:
    if column.name in row:
        value = row[column.name]
        return Decimal(str(value)) if column.type is Type.DECIMAL and value is not None else value
    if column.name in ("day", "as_of"):
        return day
    if column.nullable:
        return None
    return column.allowed[0] if column.allowed else _DEFAULTS[column.type]
