"""Statistics of features against pandas, the day compared with, and equal rows however they are run."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from persona_pipeline.contracts import Column, Table, Type
from persona_pipeline.contracts.arrow import arrow_schema
from persona_pipeline.contracts.behaviour import FEATURES, MAP, ORDER_DAY, STATISTIC
from persona_pipeline.defs.maintenance import KEPT_DAYS
from persona_pipeline.engine.duckdb import DuckDBEngine
from persona_pipeline.features import stability, statistic
from persona_pipeline.features.catalogue import feature_table, load_catalogue
from persona_pipeline.features.customer import snapshot
from persona_pipeline.features.feature import Catalogue
from persona_pipeline.features.statistic import reference_day, statistics
from persona_pipeline.lake.delta import DeltaLake

START = dt.date(2025, 1, 6)
THEN, NOW = dt.date(2025, 1, 12), dt.date(2025, 2, 12)  # a Sunday, and a Wednesday that is compared with it
TABLE = FEATURES.with_columns(
    [
        Column("orders", Type.INTEGER, "d"),
        Column("sales", Type.DECIMAL, "d", nullable=True),
        Column("share", Type.DOUBLE, "d", nullable=True),
        Column("consent", Type.BOOLEAN, "d", nullable=True),
        Column("category", Type.TEXT, "d", nullable=True),
    ]
)
NO_CATALOGUE = Catalogue(())


@pytest.fixture
def lake(tmp_path: Path) -> DeltaLake:
    return DeltaLake(tmp_path / "lake")


def put(lake: DeltaLake, engine: DuckDBEngine, table: Table, rows: list[dict], day: dt.date) -> None:
    """Replace a day of a table; columns that a row does not name are empty."""
    output = lake.output(table)
    filled = pa.Table.from_pylist([{"day": day, **row} for row in rows], schema=arrow_schema(table))
    files = engine.select_into("SELECT * FROM filled", {"filled": filled}, output)
    lake.replace(output, [day], files)


def customers(count: int, seed: int = 0, **changes: list) -> list[dict]:
    """Rows of the small feature table: amounts, shares and categories, some of them missing."""
    random = np.random.default_rng(seed)
    columns = {
        "orders": random.poisson(2, count).tolist(),
        "sales": [Decimal(int(cents)).scaleb(-2) for cents in random.lognormal(8, 1, count)],
        "share": random.random(count).tolist(),
        "consent": (random.random(count) < 0.3).tolist(),
        "category": random.choice(["tea", "rice", "cups", "unknown"], count).tolist(),
        "gender": random.choice(["female", "male", "unknown"], count).tolist(),
    }
    columns |= {
        name: [None if gone else value for value, gone in zip(columns[name], lost, strict=True)]
        for name in ("sales", "share", "consent", "category")
        for lost in [random.random(count) < 0.25]
    } | changes
    fixed = {"age_band": "unknown", "region": "North", "income_band": "unknown"}
    return [
        {"customer_id": f"c{n}", **fixed, **{name: values[n] for name, values in columns.items()}}
        for n in range(count)
    ]


def run(
    lake: DeltaLake,
    engine: DuckDBEngine,
    *days: dt.date,
    table: Table = TABLE,
    catalogue: Catalogue = NO_CATALOGUE,
) -> dict[tuple[dt.date, str], dict]:
    """The rows of the days, by day and feature."""
    output = lake.output(STATISTIC)
    files = statistics(engine, lake.read, output, table, catalogue, days, START)
    lake.replace(output, days, files)
    found = engine.fetch("SELECT * FROM s", {"s": lake.read(STATISTIC, min(days), max(days))}).to_pylist()
    rows = {(row["day"], row["feature"]): row for row in found if row["day"] in days}
    assert len(rows) == len(files) * (len(table.columns) - 3)
    return rows


@pytest.mark.parametrize(
    ("day", "sunday"),
    [
        ("2025-03-02", "2025-02-02"),  # a Sunday: four weeks
        ("2025-03-03", "2025-02-02"),
        ("2025-03-08", "2025-02-02"),  # Saturday: 34 days
        ("2025-03-09", "2025-02-09"),
        ("2026-01-01", "2025-11-30"),
    ],
)
def test_the_day_compared_with(day: str, sunday: str) -> None:
    assert reference_day(dt.date.fromisoformat(day)) == dt.date.fromisoformat(sunday)


def test_the_day_compared_with_is_kept() -> None:
    for number in range(400):
        day = START + dt.timedelta(days=number)
        then = reference_day(day)
        assert then.weekday() == 6
        assert 28 <= (day - then).days < KEPT_DAYS


def test_equal_to_pandas(lake: DeltaLake, engine: DuckDBEngine) -> None:
    rows = customers(700)
    put(lake, engine, TABLE, rows, THEN)
    found = run(lake, engine, THEN)
    frame = pd.DataFrame(rows)
    for name in ("orders", "sales", "share", "consent"):
        values = frame[name].dropna().astype(float)
        row = found[THEN, name]
        expected = {"customers": 700, "coverage": len(values) / 700, "mean": values.mean()}
        expected |= {"standard_deviation": values.std()}
        expected |= {f"p{p:02}": values.quantile(p / 100) for p in (1, 5, 25, 50, 75, 95, 99)}
        assert {each: row[each] for each in expected} == pytest.approx(expected, rel=1e-12)
        assert row["distinct_values"] is None
    for name in ("category", "gender"):
        values = frame[name].replace("unknown", None).dropna()
        row = found[THEN, name]
        assert (row["coverage"], row["distinct_values"]) == (len(values) / 700, values.nunique())
        assert {row[each] for each in ("mean", "standard_deviation", "p50")} == {None}
    assert (found[THEN, "region"]["distinct_values"], found[THEN, "region"]["coverage"]) == (1, 1)
    assert (found[THEN, "age_band"]["distinct_values"], found[THEN, "age_band"]["coverage"]) == (0, 0)


@pytest.mark.parametrize(
    ("count", "shown"),
    [
        (4, []),
        (5, ["mean", "standard_deviation"]),
        (10, ["mean", "standard_deviation", "p50"]),
        (20, ["mean", "standard_deviation", "p25", "p50", "p75"]),
        (100, ["mean", "standard_deviation", "p05", "p25", "p50", "p75", "p95"]),
        (499, ["mean", "standard_deviation", "p05", "p25", "p50", "p75", "p95"]),
        (500, ["mean", "standard_deviation", "p01", "p05", "p25", "p50", "p75", "p95", "p99"]),
    ],
)
def test_figures_of_few_customers_are_left_out(
    lake: DeltaLake, engine: DuckDBEngine, count: int, shown: list[str]
) -> None:
    """Five customers lie beyond every quantile; none is the value of one person."""
    shares = [number / 1000 if number < count else None for number in range(600)]
    put(lake, engine, TABLE, customers(600, share=shares), THEN)
    row = run(lake, engine, THEN)[THEN, "share"]
    figures = ("mean", "standard_deviation", *(f"p{p:02}" for p in (1, 5, 25, 50, 75, 95, 99)))
    assert [name for name in figures if row[name] is not None] == shown


def test_what_is_compared_is_said(lake: DeltaLake, engine: DuckDBEngine) -> None:
    rows = customers(500)
    moved = customers(500, orders=[row["orders"] + 3 for row in rows], category=["tea"] * 500)
    put(lake, engine, TABLE, rows, THEN)
    put(lake, engine, TABLE, moved, NOW)
    found = run(lake, engine, NOW, THEN)
    assert found[THEN, "orders"]["reference_on"] is None, "the project had not begun 28 days before"
    assert {found[THEN, "orders"][name] for name in ("reference_customers", "psi", "stability")} == {None}
    now = {name: row for (day, name), row in found.items() if day == NOW}
    assert {(row["reference_on"], row["reference_customers"]) for row in now.values()} == {(THEN, 500)}
    readings = {name: row["stability"] for name, row in now.items()}
    assert readings == dict.fromkeys(readings, "stable") | {"orders": "act", "category": "act"}
    assert now["region"]["psi"] == now["sales"]["psi"] == 0


def test_few_customers_are_not_compared(lake: DeltaLake, engine: DuckDBEngine) -> None:
    put(lake, engine, TABLE, customers(399), THEN)
    put(lake, engine, TABLE, customers(500), NOW)
    row = run(lake, engine, NOW)[NOW, "orders"]
    assert (row["reference_on"], row["reference_customers"], row["psi"]) == (THEN, 399, None)


def test_shares_shrunken_towards_all_are_not_compared(lake: DeltaLake, engine: DuckDBEngine) -> None:
    """Who was never contacted has the share of all, which moves a little every night."""
    catalogue = load_catalogue().needed("response_share_365d")
    table = feature_table(catalogue)
    for day, share in ((THEN, 0.101), (NOW, 0.102)):
        named = [
            {"customer_id": f"c{n}", "contacts_365d": 0, "response_share_365d": share} for n in range(500)
        ]
        put(lake, engine, table, named, day)
    found = run(lake, engine, NOW, table=table, catalogue=catalogue)
    assert found[NOW, "contacts_365d"]["psi"] == 0
    assert found[NOW, "response_share_365d"]["psi"] is None
    assert found[NOW, "response_share_365d"]["p50"] == 0.102


def test_a_range_gives_what_its_days_give(
    lake: DeltaLake, engine: DuckDBEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In any order, with columns read one by one, with rows in another order and in two files."""
    days = [NOW + dt.timedelta(days=n) for n in range(6)]  # two Sundays are compared with
    sundays = sorted({reference_day(day) for day in days})
    assert len(sundays) == 2
    for seed, day in enumerate([*sundays, *days]):
        put(lake, engine, TABLE, customers(450, seed), day)
    together = run(lake, engine, *days)
    assert len({row["psi"] for row in together.values()}) > 30
    monkeypatch.setattr(statistic, "CELLS", 1)
    for seed, day in enumerate([*sundays, *days]):
        rows = customers(450, seed)
        output = lake.output(TABLE)
        halves = [rows[300:], rows[:300][::-1]]
        tables = [pa.Table.from_pylist([{"day": day, **r} for r in h], arrow_schema(TABLE)) for h in halves]
        written = [engine.select_into("SELECT * FROM t", {"t": each}, output) for each in tables]
        lake.replace(output, [day], [file for files in written for file in files])
    one_by_one = {}
    for day in reversed(days):
        one_by_one |= run(lake, engine, day)
    assert one_by_one == together


@pytest.fixture
def facts(lake: DeltaLake, engine: DuckDBEngine) -> DeltaLake:
    """Twenty customers who order more often in the last weeks."""
    names = [f"a{n}" for n in range(20)]
    account = [{"id_kind": "account", "id": name, "customer_id": f"c_{name}"} for name in names]
    put(lake, engine, MAP, account, START)
    zeros = {column.name: 0 for column in ORDER_DAY.columns if column.type in (Type.INTEGER, Type.DECIMAL)}
    for number in range(0, 35, 3):
        day = START + dt.timedelta(days=number)
        bought = {"event_day": day, "id_kind": "account", "orders": 1, "sales_amount": number + 1}
        rows = [{**zeros, **bought, "id": name} for name in names[number % 4 :: 4 - number // 9]]
        put(lake, engine, ORDER_DAY, rows, day)
    return lake


def test_a_snapshot_that_is_not_there_is_computed(
    facts: DeltaLake, engine: DuckDBEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A day that was left out, or that was written before a feature joined the catalogue: equal rows."""
    monkeypatch.setattr(stability, "FEWEST_CUSTOMERS", 10)
    packaged = load_catalogue()
    catalogue = Catalogue(tuple(packaged[name] for name in ("recency_days", "orders_7d", "sales_30d")))
    table = feature_table(catalogue)

    def written(day: dt.date, known: Catalogue = catalogue) -> None:
        output = facts.output(feature_table(known))
        facts.replace(output, [day], snapshot(engine, facts.read, output, known, [day]))

    written(THEN, Catalogue(catalogue.features[:1]))
    written(NOW)
    with_few = run(facts, engine, NOW, table=table, catalogue=catalogue)
    written(THEN)
    kept = run(facts, engine, NOW, table=table, catalogue=catalogue)
    facts.replace(facts.output(table), [THEN], [])
    without = run(facts, engine, NOW, table=table, catalogue=catalogue)
    assert without == with_few == kept
    row = kept[NOW, "recency_days"]
    assert (row["reference_on"], row["reference_customers"], row["stability"]) == (THEN, 20, "act")


def test_a_day_without_customers_has_no_rows(facts: DeltaLake, engine: DuckDBEngine) -> None:
    assert run(facts, engine, NOW) == {}
