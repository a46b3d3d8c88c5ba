"""Writes the truth folder: customers, contacts, rules, campaigns, parameters, probabilities.

Here: files that `persona verify` and tests read. Not here: anything the pipeline may read.
"""

from __future__ import annotations

import json
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from persona_pipeline.demo import plan as p
from persona_pipeline.demo.contacts import outcome_constants
from persona_pipeline.demo.life import Life
from persona_pipeline.demo.people import draw_people
from persona_pipeline.demo.personas import CATEGORIES, PERSONAS, TIERS
from persona_pipeline.demo.plan import Plan
from persona_pipeline.demo.population import Population, later_source_traits
from persona_pipeline.demo.rule_truth import RuleCounts
from persona_pipeline.demo.true_probability import account_text
from persona_pipeline.demo.web_habits import draw_habits, habit_columns
from persona_pipeline.demo.web_truth import web_constants

SCALARS = (
    "rate_effect",
    "rate",
    "weekend",
    "sensitivity",
    "hazard",
    "basket",
    "seeks_discount",
    "refund",
    "night",
)


class TruthFiles:
    """Parquet files that grow block by block; a context manager, so that they are closed."""

    def __init__(self, folder: Path, plan: Plan) -> None:
        self.folder = folder
        self.plan = plan
        self._open = ExitStack()
        self._writers: dict[str, pq.ParquetWriter] = {}

    def __enter__(self) -> Self:
        """Nothing is opened before the first block."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Closes all files."""
        self._open.close()

    def add_block(
        self, population: Population, life: Life, lines: np.ndarray, probabilities: pa.Table
    ) -> None:
        """Appends one block to every file."""
        self.append("customers", _customers(self.plan, population, life, lines))
        self.append("probability", probabilities)

    def write_plan(self, rules: RuleCounts, customers: int) -> None:
        """Rules, campaigns and parameters as JSON."""
        campaigns = [
            asdict(campaign)
            | {
                "first_day": self.plan.date(campaign.first).isoformat(),
                "effect": dict(zip((persona.key for persona in PERSONAS), campaign.effect, strict=True)),
                "log_odds": outcome_constants(campaign.channel),
            }
            for campaign in self.plan.campaigns
            if campaign.first < self.plan.days
        ]
        parameters = {
            "customers": customers,
            "days": self.plan.days,
            "seed": self.plan.seed,
            "start": self.plan.start.isoformat(),
            "currency": self.plan.currency,
            "targets": p.TARGETS,
            "personas": [asdict(persona) for persona in PERSONAS],
            "categories": CATEGORIES,
            "tiers": TIERS,
            "flash_days": [
                self.plan.date(int(day)).isoformat()
                for day in np.flatnonzero(self.plan.is_flash[: self.plan.days])
            ],
            "constants": {
                name: getattr(p, name)
                for name in sorted(vars(p))
                if name.isupper() and isinstance(getattr(p, name), int | float)
            },
            "web": web_constants(),
        }
        for name, content in (
            ("rules", rules.as_json()),
            ("campaigns", campaigns),
            ("parameters", parameters),
        ):
            text = json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True)
            (self.folder / f"{name}.json").write_text(text, encoding="utf-8")

    def append(self, name: str, table: pa.Table) -> None:
        """Appends rows to a file of the truth."""
        if name not in self._writers:
            writer = pq.ParquetWriter(self.folder / f"{name}.parquet", table.schema, compression="zstd")
            self._writers[name] = self._open.enter_context(writer)
        self._writers[name].write_table(table)


def _dates(plan: Plan, day: np.ndarray) -> pa.Array:
    dates = (np.datetime64(plan.start) + day.astype("timedelta64[D]")).astype("datetime64[D]")
    return pa.array(dates, mask=day == -1)


def _customers(plan: Plan, population: Population, life: Life, lines: np.ndarray) -> pa.Table:
    keys = pa.array([persona.key for persona in PERSONAS])
    columns: dict[str, pa.Array | np.ndarray] = {
        "account_id": account_text(population.account),
        "persona": keys.take(pa.array(population.persona)),
        "arrived_on": pa.array(np.datetime64(plan.start) + population.arrival.astype("timedelta64[D]")),
        "faded_on": _dates(plan, life.faded),
        "left_on": _dates(plan, life.left),
        "orders": np.bincount(life.customer[~life.is_guest], minlength=len(population)),
    }
    columns |= {name: getattr(population, name) for name in SCALARS}
    columns |= {f"affinity_{i:02d}": population.affinity[:, i] for i in range(len(CATEGORIES))}
    columns |= {f"tier_{name}": population.tiers[:, i] for i, name in enumerate(TIERS)}
    columns |= later_source_traits(plan, population)
    columns |= draw_people(plan, population).truth()
    columns |= habit_columns(draw_habits(plan, population))
    return pa.table(columns)
