"""Generates a whole demo shop: raw files in their real formats, and the truth beside them.

Here: the order of the work and its memory: customers pass block by block, then days pass one by one.
Not here: what a customer does, what a file looks like, persona.toml.
"""

from __future__ import annotations

import datetime as dt
import json
import math
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from persona_pipeline.demo.baskets import LINE, fill_baskets
from persona_pipeline.demo.dirt import plan_dirt
from persona_pipeline.demo.file_rows import CHUNK_ROWS, FileRows
from persona_pipeline.demo.ledger import summarise
from persona_pipeline.demo.life import live
from persona_pipeline.demo.order_files import OrderFiles
from persona_pipeline.demo.order_table import NUMBERED, OrderNumbers, numbered
from persona_pipeline.demo.other_files import write_products
from persona_pipeline.demo.plan import Plan, build_plan
from persona_pipeline.demo.population import BLOCK, draw_population
from persona_pipeline.demo.rule_truth import RuleCounts
from persona_pipeline.demo.spill import BATCH_ROWS, DaySpill
from persona_pipeline.demo.traces import FOLDERS, Traces
from persona_pipeline.demo.true_probability import Probabilities
from persona_pipeline.demo.truth_files import TruthFiles
from persona_pipeline.demo.web_files import WebFiles
from persona_pipeline.demo.web_strangers import STRANGERS
from persona_pipeline.demo.web_truth import cookie_rows
from persona_pipeline.demo.web_visits import SESSION, Visits

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
    strangers: float = STRANGERS,
    batch_rows: int = BATCH_ROWS,
    chunk_rows: int = CHUNK_ROWS,
) -> Summary:
    """Writes DIR/data/raw/{orders,products,customers,social,campaigns,web} and DIR/truth.

    Args:
        directory: the project folder; raw and truth folders are made and must not hold files of another shop.
        customers: how many customers there are, of whom some arrive during the days.
        days: length of the shop's history in days.
        seed: the same seed and sizes give the same bytes.
        start: the first day, a Monday in the shop's own time zone.
        currency: ISO 4217 code written on every line.
        strangers: web sessions of visitors without an account per session of a customer. The customers, their
            sessions and orders are the same whatever it is.
        batch_rows: rows of a kind in memory before they go to scratch files; changes memory, never a byte.
        chunk_rows: rows of a day in memory while its files are written; changes memory, never a byte.

    Memory is bounded by one block of customers, a few batches and chunks, and some 20 bytes for each row of
    the largest day.

    Raises:
        ValueError: a size is not positive, or `strangers` is negative or not finite.
        FileExistsError: the raw or truth folder already holds files.
    """
    for name, size in (("customers", customers), ("batch_rows", batch_rows), ("chunk_rows", chunk_rows)):
        if size < 1:
            raise ValueError(f"{name} must be at least 1; got {size}")
    if not (math.isfinite(strangers) and strangers >= 0):
        raise ValueError(
            f"strangers, web sessions without an account per session of a customer, must be 0 or more; "
            f"got {strangers}"
        )
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
        line_spill = DaySpill(Path(scratch), "lines", days, LINE, batch_rows=batch_rows)
        session_spill = DaySpill(Path(scratch), "sessions", days, SESSION, batch_rows=batch_rows)
        traces = Traces(directory, plan, Path(scratch), truth, batch_rows, chunk_rows)
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
        order_files = OrderFiles(directory, plan, plan_dirt(plan.seed, on_time))
        web_files = WebFiles(directory, plan, customers, strangers, chunk_rows)
        for day in range(days):
            _write_day(plan, day, line_spill, session_spill, order_files, web_files, chunk_rows)
        accounts = [*order_files.accounts, *write_products(directory, plan), *web_files.accounts]
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


def _write_day(
    plan: Plan,
    day: int,
    line_spill: DaySpill,
    session_spill: DaySpill,
    order_files: OrderFiles,
    web_files: WebFiles,
    chunk_rows: int,
) -> None:
    """Orders and access logs of a day: the numbers of the orders stand in the logs."""

    def rows(*, late: bool) -> FileRows:
        parts = numbered(line_spill.day(day, late=late).parts(chunk_rows), late=late)
        path = line_spill.folder / f"lines{'_late' if late else ''}.day"
        return FileRows.write(path, NUMBERED, parts, chunk_rows)

    main = rows(late=False)
    order_files.write_day(day, main, rows(late=True))
    own, late_sessions = session_spill.day(day), session_spill.day(day, late=True)
    web_files.write_day(day, own, late_sessions, OrderNumbers.of(plan, day, main))
