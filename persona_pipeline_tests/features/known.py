"""What the reference knows at the end of a day, and the few statistics it takes of it.

Not here: any feature (reference.py, reference_traces.py).
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from persona_pipeline_tests.features.history import Row

History = Mapping[str, list[Row]]


class Known:
    """What is known at the end of as_of: of whom each identifier is, and every record with its customer.

    The history has clean rows (`order_line`, `product`, `customer`, `post`, `contact`), the identity `map`,
    the `session` and `product_view` rows cut from web hits, and `refund`: which sale each refund gives back.
    """

    def __init__(self, history: History, as_of: dt.date) -> None:
        self.history, self.as_of = history, as_of
        newest = sorted((row for row in history["map"] if row["day"] <= as_of), key=lambda row: row["day"])
        owner = {(row["id_kind"], row["id"]): row["customer_id"] for row in newest}
        self.owner = {who: customer for who, customer in owner.items() if customer is not None}
        self.customers = sorted(set(self.owner.values()))

    def rows(self, name: str, customer: str | None = None) -> list[Row]:
        """Rows known and happened by as_of, of one customer or of every customer."""
        found = []
        for row in self.history[name]:
            whose = self.owner.get((row["id_kind"], row["id"]))
            known = row["day"] <= self.as_of and row.get("event_day", row["day"]) <= self.as_of
            if known and whose is not None and customer in (None, whose):
                found.append(row | {"customer_id": whose})
        return found

    def age(self, on: dt.date) -> int:
        """Days from a day to as_of."""
        return (self.as_of - on).days

    def category(self, product_id: object, on: dt.date) -> str:
        """The category of a product as known on a day."""
        known = [p for p in self.history["product"] if p["product_id"] == product_id and p["day"] <= on]
        return str(max(known, key=lambda p: p["day"])["category"]) if known else "unknown"


def suffix(window: int | None) -> str:
    """How a window stands in a name."""
    return "ever" if window is None else f"{window}d"


def ratio(above: float | Decimal, below: float | Decimal) -> float | None:
    """A quotient; nothing of nothing."""
    return float(above) / float(below) if below > 0 else None


def top(weights: Mapping[str, Any]) -> str | None:
    """The known name with the largest weight; the first by name when equal."""
    positive = {name: weight for name, weight in weights.items() if weight > 0 and name != "unknown"}
    return min(positive, key=lambda name: (-positive[name], name), default=None)


def shares(weights: Mapping[str, Any]) -> list[float]:
    """The parts of the known names in their sum."""
    positive = [float(weight) for name, weight in weights.items() if weight > 0 and name != "unknown"]
    return [weight / sum(positive) for weight in positive]


def entropy(weights: Mapping[str, Any]) -> float | None:
    """Shannon entropy of these parts, in nats."""
    parts = shares(weights)
    return -sum(part * math.log(part) for part in parts) if parts else None
