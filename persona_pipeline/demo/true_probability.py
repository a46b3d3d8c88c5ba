"""The true probability of each target for each eligible customer and Sunday, and what then happened.

Here: cohorts and outcomes as the labels define them, beside the probabilities of future.py.
Not here: the recursion itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from persona_pipeline.demo.future import REPLICATIONS, no_order_probabilities
from persona_pipeline.demo.life import Life, State
from persona_pipeline.demo.plan import TARGETS, Plan
from persona_pipeline.demo.population import Population

BUY_WINDOW = 365
CHURN_WINDOW = 180
CHURN_ORDERS = 2

SCHEMA = pa.schema(
    [
        ("account_id", pa.string()),
        ("as_of", pa.date32()),
        ("target", pa.string()),
        ("probability", pa.float64()),
        ("outcome", pa.bool_()),
    ]
)


def account_text(account: np.ndarray) -> pa.Array:
    """Account numbers as the raw files write them: eight digits, leading zeros kept."""
    return pa.array(np.char.zfill(account.astype(str), 8).tolist(), pa.string())


@dataclass(slots=True)
class Probabilities:
    """Collects the probabilities of one block while it lives."""

    plan: Plan
    population: Population
    replications: int = REPLICATIONS
    wanted: frozenset[int] | None = None  # day numbers; None: every Sunday
    no_order: dict[int, dict[int, np.ndarray]] = field(default_factory=dict)

    def at_sunday(self, state: State) -> None:
        """To be handed to `live`."""
        if self.wanted is None or state.day in self.wanted:
            self.no_order[state.day] = no_order_probabilities(
                self.plan, self.population, state, replications=self.replications
            )

    def rows(self, life: Life, day: int, target: str) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
        """Positions of the eligible, their probabilities, and the outcomes once the horizon is over."""
        horizon = TARGETS[target]
        own = ~life.is_guest
        customer, bought, known = life.customer[own], life.day[own], life.known[own]
        seen = known <= day
        size = len(self.population)
        ever = np.bincount(customer[seen], minlength=size)
        window = BUY_WINDOW if target == "buy_30d" else CHURN_WINDOW
        recent = np.bincount(customer[seen & (bought > day - window)], minlength=size)
        eligible = np.flatnonzero((recent > 0) & (ever >= (1 if target == "buy_30d" else CHURN_ORDERS)))
        stays_away = self.no_order[day][horizon][eligible]
        probability = np.clip(stays_away if target == "churn_60d" else 1.0 - stays_away, 0.0, 1.0)
        if day + horizon >= self.plan.days:
            return eligible, probability, None
        inside = (bought > day) & (bought <= day + horizon) & (known <= day + horizon)
        orders = np.bincount(customer[inside], minlength=size)[eligible] > 0
        return eligible, probability, ~orders if target == "churn_60d" else orders

    def table(self, life: Life) -> pa.Table:
        """One row per eligible customer, Sunday and target."""
        accounts = account_text(self.population.account)
        tables: list[pa.Table] = []
        for day in sorted(self.no_order):
            for target in TARGETS:
                eligible, probability, outcome = self.rows(life, day, target)
                size = eligible.size
                tables.append(
                    pa.table(
                        [
                            accounts.take(pa.array(eligible)),
                            pa.repeat(pa.scalar(self.plan.date(day), pa.date32()), size),
                            pa.repeat(target, size),
                            pa.array(probability),
                            pa.nulls(size, pa.bool_()) if outcome is None else pa.array(outcome),
                        ],
                        schema=SCHEMA,
                    )
                )
        return pa.concat_tables(tables) if tables else SCHEMA.empty_table()
