"""Months as one file: the same rows from fewer files, and never a row of a version that was replaced."""

from __future__ import annotations

import datetime as dt
import time
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable

from persona_pipeline.contracts import Column, Table, Type
from persona_pipeline.engine.duckdb import DuckDBEngine
from persona_pipeline.lake.delta import DeltaLake

TABLE = Table(
    "facts",
    "sample",
    "one row per day and name",
    ("day", "name"),
    (Column("day", Type.DATE, "day"), Column("name", Type.TEXT, "name")),
    "A sample",
)
JANUARY, MARCH = dt.date(2025, 1, 1), dt.date(2025, 3, 1)
DAYS = [JANUARY + dt.timedelta(days=n) for n in range(70)]
EXTRA = Column("amount", Type.INTEGER, "amount", nullable=True)


def put(lake: DeltaLake, engine: DuckDBEngine, rows: dict[dt.date, str], table: Table = TABLE) -> None:
    output = lake.output(table)
    content = {"day": pa.array(list(rows), pa.date32()), "name": list(rows.values())}
    if table is not TABLE:
        content[EXTRA.name] = pa.array([7] * len(rows))
    files = engine.select_into("SELECT * FROM r", {"r": pa.table(content)}, output)
    lake.replace(output, list(rows), files)


def rows(
    lake: DeltaLake, engine: DuckDBEngine, first: dt.date | None = None, last: dt.date | None = None
) -> dict[dt.date, str]:
    found = engine.fetch("SELECT day, name FROM t", {"t": lake.read(TABLE, first, last)})
    assert found.num_rows == len(set(found.column("day").to_pylist())), "a row was read twice"
    return dict(zip(found.column("day").to_pylist(), found.column("name").to_pylist(), strict=True))


@pytest.fixture
def lake(tmp_path: Path, engine: DuckDBEngine) -> DeltaLake:
    lake = DeltaLake(tmp_path / "lake")
    put(lake, engine, {day: f"first {day}" for day in DAYS})
    return lake


def test_months_that_are_over_become_one_file_and_every_window_reads_the_same(
    lake: DeltaLake, engine: DuckDBEngine
) -> None:
    windows = [(None, None), (None, DAYS[40]), (DAYS[10], None), (DAYS[10], DAYS[65]), (DAYS[31], DAYS[58])]
    before = [rows(lake, engine, *window) for window in windows]
    assert lake.compact(engine, TABLE, MARCH + dt.timedelta(days=9)) == 2
    assert [rows(lake, engine, *window) for window in windows] == before
    files = [len(lake.read(TABLE, *window).paths) for window in windows]
    # January and February as one file each; a part of a month as its days
    assert files == [1 + 1 + 11, 1 + 10, 21 + 1 + 11, 21 + 1 + 7, 1]
    assert lake.compact(engine, TABLE, MARCH) == 0


def test_a_replaced_day_is_read_from_its_new_version(lake: DeltaLake, engine: DuckDBEngine) -> None:
    lake.compact(engine, TABLE, MARCH)
    put(lake, engine, {DAYS[3]: "corrected"})
    assert rows(lake, engine)[DAYS[3]] == "corrected"
    assert len(rows(lake, engine)) == len(DAYS)
    lake.replace(lake.output(TABLE), [DAYS[4]], [])
    assert DAYS[4] not in rows(lake, engine)
    assert lake.compact(engine, TABLE, MARCH) == 1  # January anew
    assert rows(lake, engine)[DAYS[3]] == "corrected"
    assert len(lake.read(TABLE, None, DAYS[30]).paths) == 1


def test_copies_out_of_date_are_deleted_once_no_reader_can_be_at_them(
    lake: DeltaLake, engine: DuckDBEngine
) -> None:
    lake.compact(engine, TABLE, MARCH)
    reader = lake.read(TABLE, None, None)
    put(lake, engine, {DAYS[3]: "corrected"})
    now = time.time()
    lake.vacuum(TABLE, now)
    assert engine.fetch("SELECT count(*) AS n FROM t", {"t": reader}).column("n").to_pylist() == [len(DAYS)]
    lake.vacuum(TABLE, now + 3600 * 25)
    copies = sorted((lake.root / "facts" / "sample" / "_months").iterdir())
    assert [copy.name[:7] for copy in copies] == ["2025-02"]
    assert rows(lake, engine)[DAYS[3]] == "corrected"


def test_what_a_killed_run_left_is_not_read_and_goes(lake: DeltaLake, engine: DuckDBEngine) -> None:
    left = lake.root / "facts" / "sample" / "_months" / "day=2025-03-01" / "part-1.parquet"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"half a file")
    assert len(rows(lake, engine)) == len(DAYS)
    lake.compact(engine, TABLE, MARCH)
    lake.vacuum(TABLE, time.time() + 3600 * 25)
    assert not left.exists()
    assert len(rows(lake, engine)) == len(DAYS)


def test_other_readers_of_delta_do_not_see_the_copies(lake: DeltaLake, engine: DuckDBEngine) -> None:
    lake.compact(engine, TABLE, MARCH)
    assert DeltaTable(lake.root / "facts" / "sample").to_pyarrow_table().num_rows == len(DAYS)
    lake.vacuum(TABLE, time.time(), hours=0)
    assert len(lake.read(TABLE, None, DAYS[58]).paths) == 2


def test_months_from_before_and_after_a_new_column(lake: DeltaLake, engine: DuckDBEngine) -> None:
    wider = TABLE.with_columns([EXTRA])
    lake.compact(engine, TABLE, dt.date(2025, 2, 1))
    put(lake, engine, {dt.date(2025, 2, 3): "wider"}, wider)
    assert lake.compact(engine, wider, MARCH) == 1
    found = engine.fetch("SELECT day, amount FROM t ORDER BY day", {"t": lake.read(wider, None, None)})
    assert [row["day"] for row in found.to_pylist() if row["amount"] == 7] == [dt.date(2025, 2, 3)]
    assert found.num_rows == len(DAYS)


def test_large_months_stay_as_they_are(
    lake: DeltaLake, engine: DuckDBEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = lake.root / "facts" / "sample"
    sizes = [file.stat().st_size for file in folder.glob("day=2025-01-*/*.parquet")]
    monkeypatch.setattr("persona_pipeline.lake.months.SMALL", sum(sizes) - 1)
    assert lake.compact(engine, TABLE, dt.date(2025, 2, 1)) == 0
    monkeypatch.setattr("persona_pipeline.lake.months.SMALL", sum(sizes))
    assert lake.compact(engine, TABLE, dt.date(2025, 2, 1)) == 1
