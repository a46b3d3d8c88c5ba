"""How often the planted rules and the planted non-rules happened in the good orders.

Here: counts over baskets. Not here: how rules are planted (catalogue.py, baskets.py), and mining.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import combinations

import numpy as np

from persona_pipeline.demo.plan import Plan


@dataclass(slots=True)
class RuleCounts:
    """Counts baskets, items and pairs, block by block."""

    plan: Plan
    baskets: int = 0
    items: dict[int, int] = field(default_factory=dict)
    pairs: dict[tuple[int, int], int] = field(default_factory=dict)

    def planted(self) -> list[tuple[int, int]]:
        """Antecedent and consequent of each rule, as product positions."""
        return [(int(a), int(b)) for a, b in self.plan.catalogue.rules]

    def unplanted(self) -> list[tuple[int, int]]:
        """Popular pairs bought independently of one another: popularity alone brings them together."""
        return [(int(a), int(b)) for a, b in combinations(self.plan.catalogue.staples, 2)]

    def add(self, lines: np.ndarray) -> None:
        """Adds the sale lines of a block."""
        sales = lines[~lines["is_refund"]]
        self.baskets += np.unique(sales["order"]).size
        of_product = {
            item: np.unique(sales["order"][sales["product"] == item])
            for item in {item for pair in (*self.planted(), *self.unplanted()) for item in pair}
        }
        for item, orders in of_product.items():
            self.items[item] = self.items.get(item, 0) + orders.size
        for a, b in (*self.planted(), *self.unplanted()):
            both = np.intersect1d(of_product[a], of_product[b], assume_unique=True).size
            self.pairs[a, b] = self.pairs.get((a, b), 0) + both

    def as_json(self) -> dict[str, object]:
        """Planted rules with their probability and realised figures; non-rules with realised figures."""
        planted = [
            self._figures(pair) | {"probability_added": float(probability)}
            for pair, probability in zip(self.planted(), self.plan.catalogue.confidence, strict=True)
        ]
        return {
            "baskets": self.baskets,
            "rules": planted,
            "non_rules": [self._figures(p) for p in self.unplanted()],
        }

    def _figures(self, pair: tuple[int, int]) -> dict[str, object]:
        names, titles = self.plan.catalogue.product_ids, self.plan.catalogue.titles
        a, b = pair
        together, first, second = self.pairs.get(pair, 0), self.items.get(a, 0), self.items.get(b, 0)
        confidence = together / first if first else None
        return {
            "antecedent": names[a],
            "consequent": names[b],
            "antecedent_title": titles[a],
            "consequent_title": titles[b],
            "baskets": together,
            "support": together / self.baskets if self.baskets else None,
            "confidence": confidence,
            "lift": confidence / (second / self.baskets) if confidence is not None and second else None,
        }
