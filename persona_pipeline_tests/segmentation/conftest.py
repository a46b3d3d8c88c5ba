"""A lake, a feature table and an engine for the tests of this room."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray

from persona_pipeline.contracts import LAKE_TABLES, Column, Table, Type
from persona_pipeline.contracts.behaviour import BASKET_ITEM, FEATURES, MAP
from persona_pipeline.engine.duckdb import DuckDBEngine
from persona_pipeline.engine.protocol import DataFile
from persona_pipeline.lake.delta import DeltaLake
from persona_pipeline.lake.model_store import FileModelStore
from persona_pipeline.segmentation import SegmentationOptions, apply_day, fit_week

TABLE = FEATURES.with_columns(
    [
        Column("recency_days", Type.INTEGER, "Days since the last order", nullable=True),
        Column("orders_365d", Type.INTEGER, "Orders"),
        Column("sales_365d", Type.DECIMAL, "Sales"),
        Column("discount_share_365d", Type.DOUBLE, "Discount share", nullable=True),
    ]
)
PERSONAL = {"age_band": "unknown", "gender": "unknown", "region": "unknown", "income_band": "unknown"}
WEEKLY = (
    "segments.fit",
    "segments.k_curve",
    "segments.segment",
    "segments.segment_profile",
    "segments.rule",
    "segments.lineage",
)


def with_orders(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Features as a fit takes them: everybody ordered five times, and of no known category."""
    return np.column_stack([rows, np.full(len(rows), 5.0)])


@dataclass
class World:
    """The stage between a lake and a model store; `rows` reads back."""

    engine: DuckDBEngine
    lake: DeltaLake
    models: FileModelStore
    options: SegmentationOptions = field(
        default_factory=lambda: SegmentationOptions(
            features=("recency_days", "orders_365d", "sales_365d", "discount_share_365d"),
            k_max=6,
            minimum_customers=20,
            established_orders=1,
        )
    )
    table: Table = TABLE

    def customers(self, day: dt.date, rows: Sequence[Mapping[str, object]]) -> None:
        """Write the features of a day."""
        full = [{"day": day, "as_of": day, **PERSONAL, **row} for row in rows]
        self.commit(
            TABLE,
            day,
            self.engine.select_into(
                "SELECT * FROM t", {"t": pa.Table.from_pylist(full)}, self.lake.output(TABLE)
            ),
        )

    def identities(self, day: dt.date, customers: Sequence[str]) -> None:
        """Every customer has one account, named like the customer."""
        rows = [
            {
                "day": day,
                "id_kind": "account",
                "id": customer,
                "customer_id": customer,
            }
            for customer in customers
        ]
        output = self.lake.output(MAP)
        self.commit(
            MAP, day, self.engine.select_into("SELECT * FROM t", {"t": pa.Table.from_pylist(rows)}, output)
        )

    def baskets(self, day: dt.date, lines: Sequence[tuple[str, str, str, str, dt.date, int]]) -> None:
        """Lines of (customer, order, product, category, event day, quantity), all known on `day`."""
        names = ("id", "order_id", "product_id", "category", "event_day", "quantity")
        rows = [
            {"day": day, "id_kind": "account", "amount": 1, **dict(zip(names, line, strict=True))}
            for line in lines
        ]
        output = self.lake.output(BASKET_ITEM)
        files = self.engine.select_into("SELECT * FROM t", {"t": pa.Table.from_pylist(rows)}, output)
        self.commit(BASKET_ITEM, day, files)

    def fit(self, day: dt.date) -> None:
        """Fit a week and commit it."""
        outputs = {name: self.lake.output(LAKE_TABLES[name]) for name in WEEKLY}
        for name, files in fit_week(
            self.engine, self.lake.read, outputs, self.table, day, self.options, self.models
        ).items():
            self.commit(LAKE_TABLES[name], day, files)

    def apply(self, day: dt.date) -> list[dict]:
        """Write and read back the membership of a day."""
        table = LAKE_TABLES["segments.membership"]
        self.commit(
            table,
            day,
            apply_day(self.engine, self.lake.read, self.lake.output(table), self.table, day, self.models),
        )
        return self.rows("segments.membership", day)

    def rows(self, name: str, day: dt.date) -> list[dict]:
        """The rows of a table on a day, in the order of its key."""
        table = LAKE_TABLES[name]
        key = ", ".join(table.key)
        return self.engine.fetch(
            f"SELECT * FROM t ORDER BY {key}", {"t": self.lake.read(table, day, day)}
        ).to_pylist()

    def table_of(self, name: str) -> Table:
        """The contract of that name."""
        return LAKE_TABLES[name]

    def key_kinds(self, day: dt.date) -> dict[str, str]:
        """The kind of customers behind each key on a day on which no two kinds share one."""
        return {
            row["segment_key"]: row["customer_id"].split("_")[1]
            for row in self.rows("segments.membership", day)
            if row["segment_key"]
        }

    def commit(self, table: Table, day: dt.date, files: list[DataFile]) -> None:
        """Replace one day."""
        self.lake.replace(self.lake.output(table), [day], files)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with DuckDBEngine(tmp_path / "scratch", threads=1) as engine:
        yield World(engine, DeltaLake(tmp_path / "lake"), FileModelStore(tmp_path / "models"))


KINDS = {  # recency, orders, sales, discount share: four kinds of customers far from one another
    "regular": (5, 40, 9000, 0.02),
    "hunter": (20, 15, 900, 0.45),
    "lapsed": (200, 2, 300, 0.05),
    "wealthy": (30, 6, 20000, 0.01),
}


def planted(sizes: Mapping[str, int], seed: int = 1, shift: float = 1.0) -> list[dict[str, object]]:
    """Customers of the four kinds, spread by a tenth around their kind."""
    rng = np.random.default_rng(seed)
    rows = []
    for kind, size in sizes.items():
        recency, orders, sales, discount = (
            value * shift * rng.lognormal(0, 0.1, size) for value in KINDS[kind]
        )
        for n in range(size):
            rows.append(
                {
                    "customer_id": f"c_{kind}_{n:03d}",
                    "recency_days": round(recency[n]),
                    "orders_365d": max(round(orders[n]), 1),
                    "sales_365d": round(float(sales[n]), 2),
                    "discount_share_365d": float(discount[n]),
                }
            )
    return rows
