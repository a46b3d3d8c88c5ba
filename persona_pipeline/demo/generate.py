"""Generates a whole demo shop: raw files in their real formats, and the truth beside them.

Here: the order of the work and its memory: customers pass block by block, then days pass one by one.
Not here: what a customer does, what a file looks like, persona.toml.
"""

from __future__ import annotations

import datetime as dt
import json
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from persona_pipeline.demo.baskets import fill_baskets
from persona_pipeline.demo.dirt import plan_dirt
from persona_pipeline.demo.ledger import FileAccount, summarise
from persona_pipeline.demo.life import live
from persona_pipeline.demo.order_files import OrderFiles
from persona_pipeline.demo.other_files import write_products
from persona_pipeline.demo.plan import Plan, build_plan
from persona_pipeline.demo.population import BLOCK, draw_population
from persona_pipeline.demo.rule_truth import RuleCounts
from persona_pipeline.demo.spill import DaySpill
from persona_pipeline.demo.traces import FOLDERS, Traces
from persona_pipeline.demo.true_probability import Probabilities
from persona_pipeline.demo.truth_files import TruthFiles
from persona_pipeline.demo.web_files import WebFiles
from persona_pipeline.demo.web_truth import cookie_rows
from persona_pipeline.demo.web_visits import Visits

START = dt.date(2025, 1, 6)


@dataclass(frozen=True, slots=True)
class Summary:
    """What was generated, good data only; `files` counts all raw files."""

    directory: Path
    customers: int
    days: int
    seed: int
    start: dt.date
    orders: int
    order_lines: int
    refund_lines: int
    products: int
    files: int
    planted_faults: int
    web_lines: int


def generate(
    directory: Path,
    *,
    customers: int = 2000,
    days: int = 240,
    seed: int = 7,
    start: dt.date = START,
    currency: str = "CNY",
    batch_customers: int = 100_000,
) -> Summary:
    """Writes DIR/data/raw/{orders,products,customers,social,campaigns,web} and DIR/truth.

    Args:
        directory: the project folder; raw and truth folders are made and must not hold files of another shop.
        customers: how many customers there are, of whom some arrive during the days.
        days: length of the shop's history in days.
        seed: the same seed and sizes give the same bytes.
        start: the first day, a Monday in the shop's own time zone.
        currency: ISO 4217 code written on every line.
        batch_customers: customers in memory before lines go to scratch files; changes memory, never a byte.

    Raises:
        ValueError: a size is not positive.
        FileExistsError: the raw or truth folder already holds files.
    """
    if customers < 1:
        raise ValueError(f"the demo needs at least 1 customer; got {customers}")
    plan = build_plan(days=days, seed=seed, start=start, currency=currency)
    folders = [directory / "data" / "raw" / name for name in ("orders", "products", *FOLDERS, "web")]
    for folder in (*folders, directory / "truth"):
        if folder.exists() and any(folder.iterdir()):
            raise FileExistsError(
                f"{folder} already holds files; generate into an empty folder or remove it first"
            )
        folder.mkdir(parents=True, exist_ok=True)

    truth = TruthFiles(directory / "truth", plan)
    rules = RuleCounts(plan)
    orders = order_lines = refund_lines = 0
    on_time = np.zeros(days, dtype=np.int64)
    with tempfile.TemporaryDirectory(prefix=".scratch_", dir=directory) as scratch, truth:
        line_spill = DaySpill(Path(scratch), "lines", days)
        traces = Traces(directory, plan, Path(scratch), truth)
        session_spill = DaySpill(Path(scratch), "sessions", days)
        waiting = 0
        for first in range(0, customers, BLOCK):
            population = draw_population(plan, first, min(BLOCK, customers - first))
            probabilities = Probabilities(plan, population)
            visits = Visits(plan, population)
            life = live(plan, population, at_sunday=probabilities.at_sunday, at_day=visits.at_day)
            lines = fill_baskets(plan, population, life)
            truth.add_block(population, life, lines, probabilities.table(life))
            rules.add(lines)
            line_spill.append(lines)
            on_time += np.bincount(lines["day"][lines["day"] == lines["delivered"]], minlength=days)
            contacts = traces.add_block(population, life, lines)
            sessions = visits.sessions(life, lines, contacts)
            session_spill.append(sessions)
            truth.append("who_is_who_web", cookie_rows(plan, sessions))
            orders += life.customer.size
            refund_lines += int(lines["is_refund"].sum())
            order_lines += int((~lines["is_refund"]).sum())
            waiting += len(population)
            if waiting >= batch_customers:
                line_spill.flush()
                traces.flush()
                session_spill.flush()
                waiting = 0
        web_files = WebFiles(directory, plan, customers)
        accounts = _write_days(directory, plan, on_time, line_spill, session_spill, web_files)
        accounts += traces.write_days()
    ledger = summarise(accounts)
    truth.write_plan(rules, customers)
    text = json.dumps(ledger, ensure_ascii=False, indent=1, sort_keys=True)
    (directory / "truth" / "dirt.json").write_text(text, encoding="utf-8")
    return Summary(
        directory,
        customers,
        days,
        seed,
        start,
        orders,
        order_lines,
        refund_lines,
        len(plan.catalogue),
        len(accounts),
        sum(account.total("rejected") for account in accounts),
        web_files.lines,
    )


def _write_days(
    directory: Path,
    plan: Plan,
    sizes: np.ndarray,
    line_spill: DaySpill,
    session_spill: DaySpill,
    web_files: WebFiles,
) -> list[FileAccount]:
    order_files = OrderFiles(directory, plan, plan_dirt(plan.seed, sizes))
    for day in range(plan.days):
        lines = line_spill.day(day)
        order_files.write_day(day, lines)
        web_files.write_day(day, session_spill.day(day), lines)
    return [*order_files.accounts, *write_products(directory, plan), *web_files.accounts]
