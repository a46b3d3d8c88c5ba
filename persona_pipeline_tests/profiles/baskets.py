"""A shop of three personas drawn from a seed, with everything that makes counting its baskets hard.

Orders known late or ahead of their day, given back, moved to another identifier; identifiers that change
hands; baskets of nobody. Here: the rows of the lake. Not here: what should be found (test_needs.py).
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from persona_pipeline.contracts import Table
from persona_pipeline.contracts.arrow import arrow_schema
from persona_pipeline.contracts.behaviour import BASKET_ITEM, MAP
from persona_pipeline.contracts.clean import PRODUCT
from persona_pipeline.contracts.models import CUSTOMER_PROFILE, RULE
from persona_pipeline.engine.protocol import Engine
from persona_pipeline.lake.delta import DeltaLake

SUNDAY = dt.date(2025, 6, 1)
DAY = dt.date(2025, 6, 4)
WINDOW = 90
Rows = list[dict[str, Any]]

# persona -> how likely a basket begins with each of the eight products
TASTES = {
    "s01": (0.50, 0.10, 0.10, 0.05, 0.10, 0.05, 0.05, 0.05),
    "s02": (0.05, 0.10, 0.10, 0.50, 0.10, 0.05, 0.05, 0.05),
    "s03": (0.10, 0.10, 0.10, 0.10, 0.15, 0.15, 0.15, 0.15),
}
# what comes with a product, and how often: p0 and p1 for all, four others for the second persona only
FOR_ALL = ((0, 1, 0.6),)
TOGETHER = {
    "s01": FOR_ALL,
    "s02": (*FOR_ALL, (3, 2, 0.5), (3, 4, 0.45), (3, 5, 0.4), (3, 6, 0.35)),
    "s03": FOR_ALL,
}


def draw(seed: int, customers: int = 300, orders: int = 2600) -> dict[Table, Rows]:
    """The rows of every table that the needs read."""
    rng = np.random.default_rng(seed)
    persona = [("s01", "s02", "s03", None)[n % 10 // 3] for n in range(customers)]
    return {
        BASKET_ITEM: _items(rng, persona, orders),
        MAP: _identities(rng, customers),
        CUSTOMER_PROFILE: [customer(f"c{n}", key) for n, key in enumerate(persona)],
        RULE: _rules(),
        PRODUCT: [
            {"day": day, "product_id": product, "title": title, "category": "any", "source": "s", "path": "p"}
            | {"position": 1, "content_hash": "h", "run_id": "r"}
            for day, product, title in (
                (SUNDAY, "p0", "Old tea"),
                (DAY, "p0", "Tea"),
                (DAY + dt.timedelta(days=1), "p0", "Tea of tomorrow"),
                (SUNDAY, "p1", "Cup"),
                (SUNDAY, "p3", "Rice"),
            )
        ],
    }


def customer(name: str, persona: str | None) -> dict[str, Any]:
    """A profile; of it only the persona is read."""
    return (
        {"day": DAY, "as_of": DAY, "customer_id": name, "segment_key": persona, "is_outlier": False}
        | {"orders_365d": 1, "sales_365d": Decimal(1), "is_contactable": True}
        | dict.fromkeys(("age_band", "gender", "region", "income_band"), "unknown")
    )


def stored(engine: Engine, folder: Path, tables: dict[Table, Rows]) -> DeltaLake:
    """The rows in a lake."""
    lake = DeltaLake(folder)
    for table, rows in tables.items():
        output = lake.output(table)
        given = pa.Table.from_pylist(rows, schema=arrow_schema(table))
        files = engine.select_into("SELECT * FROM given", {"given": given}, output)
        lake.replace(output, {file.day for file in files}, files)
    return lake


def _items(rng: np.random.Generator, persona: list[str | None], orders: int) -> Rows:
    rows: Rows = []
    for order in range(orders):
        customer = int(rng.integers(len(persona)))
        key = persona[customer] or "s03"
        products = {int(rng.choice(8, p=TASTES[key]))} | {int(p) for p in rng.integers(0, 8, rng.integers(3))}
        products |= {right for left, right, p in TOGETHER[key] if left in products and rng.random() < p}
        event = SUNDAY - dt.timedelta(days=int(rng.integers(-2, WINDOW + 8)))
        known = event + dt.timedelta(days=int(rng.choice([-1, 0, 0, 0, 3, 12])))
        kind, own = (None, None) if rng.random() < 0.08 else ("account", f"a{customer}")
        for product in sorted(products):
            item = {"event_day": event, "order_id": f"o{order}", "product_id": f"p{product}"}
            item |= {"category": "any", "amount": Decimal(5), "quantity": Decimal(int(rng.integers(1, 4)))}
            rows.append(item | {"day": known, "id_kind": kind, "id": own})
            back = known + dt.timedelta(days=int(rng.integers(1, 9)))
            taken = {name: -item[name] for name in ("amount", "quantity")}
            if rng.random() < 0.06:  # given back
                rows.append(item | taken | {"day": back, "id_kind": kind, "id": own})
            elif kind and order % 9 == 0:  # it was somebody else's
                other = f"a{(customer + 1) % len(persona)}"
                rows.append(item | taken | {"day": back, "id_kind": kind, "id": own})
                rows.append(item | {"day": back, "id_kind": kind, "id": other})
    return rows


def _identities(rng: np.random.Generator, customers: int) -> Rows:
    """Every account has its customer; some change hands before the day, some after it, some are of nobody."""
    first = SUNDAY - dt.timedelta(days=200)
    rows: Rows = [
        {"day": first, "id_kind": "account", "id": f"a{n}", "customer_id": f"c{n}"} for n in range(customers)
    ]
    for n in range(0, customers, 7):
        on = DAY + dt.timedelta(days=int(rng.integers(-30, 4)))
        whose = None if n % 3 == 0 else f"c{(n + 3) % customers}"
        rows.append({"day": on, "id_kind": "account", "id": f"a{n}", "customer_id": whose})
    return rows


def _rules() -> Rows:
    """All pairs, a rule of three products, and rules that are not to be used; figures are not read."""
    pairs = [(f"p{a}", f"p{b}", 2) for a in range(8) for b in range(8) if a != b]
    given = [(*each, 0.001, False, 2.0) for each in (*pairs, ("p2 | p3", "p4", 3))]
    unused = [
        ("p1 | p2", "p0", 3, 0.05, False, 2.0),
        ("p1 | p3", "p0", 3, 0.001, True, 2.0),
        ("p1 | p4", "p0", 3, 0.001, False, 1.0),
    ]
    same = {"baskets": 30, "support": 0.01, "confidence": 0.5, "leverage": 0.01, "conviction": 1.5}
    return [
        {"day": SUNDAY, "antecedent": left, "consequent": right, "length": length, "q_value": q}
        | {"is_redundant": redundant, "lift": lift, "zhang": 0.5, "p_value": q, **same}
        for left, right, length, q, redundant, lift in (*given, *unused)
    ]
