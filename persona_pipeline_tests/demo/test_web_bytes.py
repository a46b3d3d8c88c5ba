"""Chunks of the access logs change no byte, and watching the visits changes no life."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np

from persona_pipeline.demo.baskets import LINE, fill_baskets
from persona_pipeline.demo.contacts import draw_contacts
from persona_pipeline.demo.counter_random import mixed, poisson, uniform
from persona_pipeline.demo.file_rows import FileRows
from persona_pipeline.demo.life import live
from persona_pipeline.demo.order_table import NUMBERED, OrderNumbers, numbered
from persona_pipeline.demo.people import draw_people, draw_subscribers
from persona_pipeline.demo.plan import Plan, build_plan
from persona_pipeline.demo.population import draw_population
from persona_pipeline.demo.spill import DaySpill
from persona_pipeline.demo.web_files import WebFiles
from persona_pipeline.demo.web_visits import SESSION, Visits

CUSTOMERS = 300


def written(directory: Path, plan: Plan, sessions: np.ndarray, lines: np.ndarray, chunk: int) -> list[bytes]:
    """The logs of a few days, written in chunks of so many sessions."""
    (directory / "data/raw/web").mkdir(parents=True)
    files = WebFiles(directory, plan, CUSTOMERS, chunk=chunk)
    session_spill = DaySpill(directory, "sessions", plan.days, SESSION)
    line_spill = DaySpill(directory, "lines", plan.days, LINE)
    session_spill.append(sessions)
    line_spill.append(lines)
    for day in range(plan.days):
        parts = numbered(line_spill.day(day).parts(chunk))
        orders = OrderNumbers.of(plan, day, FileRows.write(directory / "lines.day", NUMBERED, parts, chunk))
        files.write_day(day, session_spill.day(day), session_spill.day(day, late=True), orders)
    return [path.read_bytes() for path in sorted((directory / "data/raw/web").iterdir())]


def test_chunks_change_no_byte_and_visits_no_life(tmp_path: Path) -> None:
    plan = build_plan(days=11, seed=11, start=dt.date(2025, 1, 6), currency="CNY")
    population = draw_population(plan, 0, CUSTOMERS)
    visits = Visits(plan, population)
    life, alone = live(plan, population, at_day=visits.at_day), live(plan, population)
    assert np.array_equal(life.customer, alone.customer)
    assert np.array_equal(life.day, alone.day)
    assert np.array_equal(life.left, alone.left)
    lines = fill_baskets(plan, population, life)
    people, subscribers = draw_people(plan, population), draw_subscribers(plan, population)
    contacts = draw_contacts(plan, population, people, subscribers, life)
    sessions = visits.sessions(life, lines, contacts)
    whole = written(tmp_path / "whole", plan, sessions, lines, 10_000)
    assert len(whole) > 11
    assert written(tmp_path / "small", plan, sessions, lines, 7) == whole


def test_counter_random_is_uniform_and_independent_of_its_neighbours() -> None:
    u = uniform(np.arange(100_000), 3)
    assert abs(u.mean() - 0.5) < 0.005
    assert abs(u.var() - 1 / 12) < 0.002
    assert abs(np.corrcoef(u[1:], u[:-1])[0, 1]) < 0.01
    assert abs(np.corrcoef(u, uniform(np.arange(100_000), 4))[0, 1]) < 0.01
    assert np.unique(mixed(np.arange(100_000), 1, 2)).size == 100_000
    counts = poisson(np.full(100_000, 0.3), np.arange(100_000), 5)
    assert abs(counts.mean() - 0.3) < 0.01
    assert abs(counts.var() - 0.3) < 0.01


def test_split_mix_is_the_published_one() -> None:
    """First numbers of SplitMix64 from seed 1234567 (Rosetta Code), one step of the key per number."""
    golden = 0x9E3779B97F4A7C15
    keys = [(1234567 + step * golden) % 2**64 for step in range(3)]
    found = mixed(np.array(keys, dtype=np.uint64), 0)
    assert found.tolist() == [6457827717110365317, 3203168211198807973, 9817491932198370423]
