"""A small shop with known truth: orders by day, features, labels, a lake.

Customers arrive over time, buy at their own rate, and leave at their own hazard. The true probabilities
given the rate and being alive are kept, so models can be held against them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from persona_pipeline.contracts import Column, Table, Type
from persona_pipeline.contracts.behaviour import FEATURES, LABEL
from persona_pipeline.engine.protocol import Relation

START = dt.date(2025, 1, 6)
WINDOWS = (7, 30, 90, 180, 365)
NAMES = (
    "recency_days",
    "tenure_days",
    "orders_ever",
    *(f"orders_{w}d" for w in WINDOWS),
    *(f"sales_{w}d" for w in WINDOWS),
    "noise_a",
    "noise_b",
)
SHOP_FEATURES = FEATURES.with_columns(Column(name, Type.DOUBLE, name, nullable=True) for name in NAMES)
HORIZONS = {"buy_30d": 30, "churn_60d": 60}


@dataclass
class Shop:
    """orders and sales per customer (rows) and day (columns), day 0 = START."""

    orders: np.ndarray
    sales: np.ndarray
    ids: np.ndarray
    rate: np.ndarray
    alive_until: np.ndarray
    hazard: np.ndarray

    def features(self, as_of: dt.date) -> dict[str, np.ndarray]:
        """Columns of features.customer for customers who have bought by the end of as_of."""
        now = (as_of - START).days
        seen = self.orders[:, : now + 1]
        known = seen.any(axis=1)
        first = seen.argmax(axis=1)
        last = now - seen[:, ::-1].argmax(axis=1)
        columns: dict[str, np.ndarray] = {
            "recency_days": (now - last).astype(float),
            "tenure_days": (now - first).astype(float),
            "orders_ever": seen.sum(axis=1).astype(float),
        }
        for w in WINDOWS:
            columns[f"orders_{w}d"] = self.orders[:, max(0, now - w + 1) : now + 1].sum(axis=1).astype(float)
            columns[f"sales_{w}d"] = self.sales[:, max(0, now - w + 1) : now + 1].sum(axis=1)
        noise = np.random.default_rng(now)
        columns["noise_a"] = noise.normal(size=len(self.ids))
        columns["noise_b"] = np.where(
            noise.random(len(self.ids)) < 0.2, np.nan, noise.exponential(size=len(self.ids))
        )
        return {"customer_id": self.ids[known], **{name: values[known] for name, values in columns.items()}}

    def label(self, target: str, as_of: dt.date) -> tuple[np.ndarray, np.ndarray]:
        """Eligible rows (mask over customers) and outcomes."""
        now, horizon = (as_of - START).days, HORIZONS[target]
        bought = self.orders[:, now + 1 : now + 1 + horizon].sum(axis=1) > 0
        half = self.orders[:, max(0, now - 179) : now + 1].sum(axis=1)
        ever = self.orders[:, : now + 1].sum(axis=1)
        return (ever >= 1, bought) if target == "buy_30d" else ((ever >= 2) & (half >= 1), ~bought)

    def truth(self, target: str, as_of: dt.date) -> np.ndarray:
        """Probability of the event for every customer, given rate, hazard and whether still alive."""
        now, horizon = (as_of - START).days, HORIZONS[target]
        # P(no order in h days) of a Poisson buyer who leaves at rate hazard: survive all of it, or leave
        # before buying
        total = self.rate + self.hazard
        none = self.hazard / total + self.rate / total * np.exp(-total * horizon)
        none = np.where(self.alive_until > now, none, 1.0)
        return 1 - none if target == "buy_30d" else none


def make_shop(customers: int, days: int, seed: int = 7) -> Shop:
    """A shop of that size; the same seed makes the same shop."""
    rng = np.random.default_rng(seed)
    rate = rng.gamma(1.2, 0.03, customers) + 0.002
    hazard = rng.choice([0.001, 0.006], customers)
    arrive = np.floor(rng.uniform(-120, days * 0.8, customers)).clip(0)
    leave = arrive + rng.exponential(1 / hazard)
    day = np.arange(days)
    active = (day >= arrive[:, None]) & (day < leave[:, None])
    orders = rng.poisson(rate[:, None] * active)
    orders[np.arange(customers), arrive.astype(int).clip(0, days - 1)] += 1
    spend = rng.lognormal(3.5, 0.5, customers)
    sales = np.round(orders * spend[:, None] * rng.lognormal(0, 0.4, orders.shape), 2)
    ids = np.array([f"c_{number:024x}" for number in rng.permutation(customers)])
    return Shop(orders, sales, ids, rate, leave, hazard)


@dataclass
class Lake:
    """Parquet files by table and day; `read` is a ReadWindow and notes what was asked for."""

    folder: Path
    files: dict[tuple[str, dt.date], str] = field(default_factory=dict)
    asked: list[tuple[str, dt.date | None, dt.date | None]] = field(default_factory=list)

    def write(self, table: Table, day: dt.date, rows: pa.Table) -> None:
        """Replace one day of one table."""
        path = self.folder / f"{table.full_name}-{day}-{len(self.files)}.parquet"
        pq.write_table(rows, path)
        self.files[table.full_name, day] = str(path)

    def add_label(self, day: dt.date, rows: pa.Table) -> None:
        """Add rows to one day of features.label."""
        old = self.files.get((LABEL.full_name, day))
        self.write(LABEL, day, rows if old is None else pa.concat_tables([pq.read_table(old), rows]))

    def read(self, table: Table, first: dt.date | None, last: dt.date | None) -> Relation:
        """Rows with first <= day <= last."""
        self.asked.append((table.full_name, first, last))
        days = sorted(day for name, day in self.files if name == table.full_name)
        wanted = [day for day in days if (first is None or day >= first) and (last is None or day <= last)]
        return Relation(tuple(self.files[table.full_name, day] for day in wanted), table)


def feature_rows(as_of: dt.date, columns: Mapping[str, np.ndarray]) -> pa.Table:
    """One day of features.customer."""
    size = len(columns["customer_id"])
    fixed = {name: ["unknown"] * size for name in ("age_band", "gender", "region", "income_band")}
    return pa.table(
        {
            "day": pa.array([as_of] * size),
            "as_of": pa.array([as_of] * size),
            **fixed,
            **{name: pa.array(values, from_pandas=True) for name, values in columns.items()},
        }
    )


def fill_lake(shop: Shop, lake: Lake, last: dt.date) -> None:
    """Features of every Sunday up to `last`, labels of every Sunday whose horizon is over by `last`."""
    for number in range(6, (last - START).days + 1, 7):
        as_of = START + dt.timedelta(days=number)
        lake.write(SHOP_FEATURES, as_of, feature_rows(as_of, shop.features(as_of)))
        for target, horizon in HORIZONS.items():
            known = as_of + dt.timedelta(days=horizon)
            if known > last:
                continue
            eligible, label = shop.label(target, as_of)
            rows = pa.table(
                {
                    "day": pa.array([known] * int(eligible.sum())),
                    "as_of": pa.array([as_of] * int(eligible.sum())),
                    "customer_id": shop.ids[eligible],
                    "target": [target] * int(eligible.sum()),
                    "horizon_days": [horizon] * int(eligible.sum()),
                    "label": label[eligible],
                }
            )
            lake.add_label(known, rows)
