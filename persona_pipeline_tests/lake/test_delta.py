"""The lake: windows, replacement, stale writers, new columns, empty days."""

from __future__ import annotations

import datetime as dt
import os
import threading
import time
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable

from persona_pipeline.contracts import Column, Table, Type
from persona_pipeline.engine.duckdb import DuckDBEngine
from persona_pipeline.lake.delta import DeltaLake, StaleWriter
from persona_pipeline.lake.model_store import FileModelStore, ModelCorrupted
from persona_pipeline.lake.transactions import TransactionLog

DAY = Column("day", Type.DATE, "day")
TABLE = Table(
    "facts",
    "sample",
    "one row per day and name",
    ("day", "name"),
    (DAY, Column("name", Type.TEXT, "name")),
    "A sample",
)
FIRST = dt.date(2025, 1, 6)


def day(n: int) -> dt.date:
    return FIRST + dt.timedelta(days=n)


def write(
    lake: DeltaLake, engine: DuckDBEngine, rows: list[tuple[int, str]], days: list[int], table: Table = TABLE
) -> None:
    output = lake.output(table)
    content = pa.table(
        {
            "day": pa.array([day(n) for n, _ in rows], pa.date32()),
            "name": pa.array([name for _, name in rows]),
        }
    )
    lake.replace(
        output, [day(n) for n in days], engine.select_into("SELECT * FROM r", {"r": content}, output)
    )


def names(
    lake: DeltaLake, engine: DuckDBEngine, first: int | None = None, last: int | None = None
) -> list[str]:
    window = lake.read(TABLE, None if first is None else day(first), None if last is None else day(last))
    return engine.fetch("SELECT name FROM t ORDER BY name", {"t": window}).column("name").to_pylist()


@pytest.fixture
def lake(tmp_path: Path) -> DeltaLake:
    return DeltaLake(tmp_path / "lake")


def test_reads_windows_and_replaces_only_the_named_days(lake: DeltaLake, engine: DuckDBEngine) -> None:
    write(lake, engine, [(0, "a"), (1, "b"), (2, "c")], [0, 1, 2])
    assert names(lake, engine, 1, 2) == ["b", "c"]
    write(lake, engine, [(1, "B")], [1, 2])
    assert names(lake, engine) == ["B", "a"]
    assert lake.versions(TABLE, [day(n) for n in range(4)]) == {day(0): 1, day(1): 2, day(2): 2}
    assert lake.days(TABLE) == [day(0), day(1)]


def test_a_table_that_was_never_written_is_typed_and_empty(lake: DeltaLake, engine: DuckDBEngine) -> None:
    found = engine.fetch("SELECT * FROM t", {"t": lake.read(TABLE, None, None)})
    assert found.num_rows == 0
    assert found.schema.field("day").type == pa.date32()


def test_rows_outside_the_replaced_days_are_refused(lake: DeltaLake, engine: DuckDBEngine) -> None:
    with pytest.raises(ValueError, match="outside the window"):
        write(lake, engine, [(5, "a")], [0])
    assert names(lake, engine) == []


def test_of_two_stale_writers_of_a_day_one_fails(lake: DeltaLake, engine: DuckDBEngine) -> None:
    one, other = lake.output(TABLE), lake.output(TABLE)
    rows = pa.table({"day": pa.array([day(0)], pa.date32()), "name": ["a"]})
    files = [engine.select_into("SELECT * FROM r", {"r": rows}, output) for output in (one, other)]
    lake.replace(one, [day(0)], files[0])
    with pytest.raises(StaleWriter, match="nothing was written"):
        lake.replace(other, [day(0)], files[1])
    assert names(lake, engine) == ["a"]


def test_writers_of_different_days_both_land(lake: DeltaLake, engine: DuckDBEngine) -> None:
    write(lake, engine, [(0, "old"), (1, "old")], [0, 1])
    one, other = lake.output(TABLE), lake.output(TABLE)
    lake.replace(one, [day(0)], [])
    lake.replace(other, [day(1)], [])
    assert names(lake, engine) == []


def test_many_threads_of_one_day_leave_one_whole_version(lake: DeltaLake, tmp_path: Path) -> None:
    landed: list[int] = []

    def writer(number: int) -> None:
        with DuckDBEngine(tmp_path / f"scratch{number}", threads=1) as engine:
            output = lake.output(TABLE)
            rows = pa.table(
                {"day": pa.array([day(0)] * 3, pa.date32()), "name": [f"{number}-{n}" for n in range(3)]}
            )
            try:
                lake.replace(output, [day(0)], engine.select_into("SELECT * FROM r", {"r": rows}, output))
                landed.append(number)
            except StaleWriter:
                return

    lake.output(TABLE)
    threads = [threading.Thread(target=writer, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with DuckDBEngine(tmp_path / "reader") as engine:
        found = names(lake, engine)
    assert landed
    assert len({name.split("-")[0] for name in found}) == 1
    assert len(found) == 3


def test_other_readers_of_delta_see_the_same_rows(lake: DeltaLake, engine: DuckDBEngine) -> None:
    write(lake, engine, [(0, "a"), (1, "b")], [0, 1])
    found = DeltaTable(lake.root / "facts" / "sample").to_pyarrow_table()
    assert sorted(found.column("name").to_pylist()) == ["a", "b"]


def test_the_log_holds_no_values(lake: DeltaLake, engine: DuckDBEngine) -> None:
    write(lake, engine, [(0, "canary-value")], [0])
    log = "".join(file.read_text() for file in (lake.root / "facts" / "sample" / "_delta_log").glob("*.json"))
    assert "numRecords" in log
    assert "canary-value" not in log


def test_a_new_column_is_empty_in_old_rows(lake: DeltaLake, engine: DuckDBEngine) -> None:
    write(lake, engine, [(0, "a")], [0])
    wider = TABLE.with_columns([Column("amount", Type.DECIMAL, "amount", nullable=True)])
    for reader in (lake, DeltaLake(lake.root)):  # before the first write that knows the column, and after it
        found = engine.fetch("SELECT name, amount FROM t", {"t": reader.read(wider, None, None)})
        assert found.to_pylist() == [{"name": "a", "amount": None}]
        reader.output(wider)
    assert "amount" in {field.name for field in DeltaTable(lake.root / "facts" / "sample").schema().fields}


def test_vacuum_removes_files_no_commit_refers_to(lake: DeltaLake, engine: DuckDBEngine) -> None:
    write(lake, engine, [(0, "a")], [0])
    write(lake, engine, [(0, "b")], [0])
    folder = lake.root / "facts" / "sample" / f"day={day(0).isoformat()}"
    assert len(list(folder.glob("*.parquet"))) == 2
    assert lake.vacuum(TABLE, time.time(), hours=0) >= 1
    assert len(list(folder.glob("*.parquet"))) == 1
    assert names(lake, engine) == ["b"]


def test_vacuum_removes_what_a_killed_run_left(lake: DeltaLake, engine: DuckDBEngine) -> None:
    """Also a folder in which an engine wrote before it gave the files their place; not what is new."""
    write(lake, engine, [(0, "a")], [0])
    table = lake.root / "facts" / "sample"
    left = [table / f"day={day(0)}" / "part-x.parquet", table / "spark-x" / "_temporary" / "0" / "p.parquet"]
    for file in left:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"rows")
    assert lake.vacuum(TABLE, time.time(), hours=1) == 0
    for file in left:
        written = file.stat().st_mtime - 7200
        os.utime(file, (written, written))
    assert lake.vacuum(TABLE, time.time(), hours=1) == 2
    assert not any(file.exists() for file in left)
    assert names(lake, engine) == ["a"]


def test_the_transactions_of_a_log_are_those_that_delta_reads(lake: DeltaLake, engine: DuckDBEngine) -> None:
    """Against `DeltaTable.transaction_version`, at every version, with and without a checkpoint."""
    for number in range(6):
        write(lake, engine, [(number % 4, "a")], [number % 4, 5])
    path = lake.root / "facts" / "sample"
    ids = [f"facts.sample/{day(n)}" for n in range(7)]
    last = DeltaTable(path).version()
    expected = {
        version: {
            name: found
            for name in ids
            if (found := DeltaTable(path, version=version).transaction_version(name)) is not None
        }
        for version in range(last + 1)
    }
    assert expected[last][ids[5]] == 6
    kept = TransactionLog(path)
    for version in [2, last, 1, *range(last + 1)]:
        assert kept.at(version) == expected[version], version
        assert TransactionLog(path).at(version) == expected[version], version
    early = TransactionLog(path)
    assert early.at(1) == expected[1]
    DeltaTable(path).create_checkpoint()
    for number in range(last):
        (path / "_delta_log" / f"{number:020}.json").unlink()
    assert TransactionLog(path).at(last) == early.at(last) == expected[last]
    write(lake, engine, [(6, "b")], [6])
    assert early.at(last + 1) == TransactionLog(path).at(last + 1) == {**expected[last], ids[6]: 1}
    with pytest.raises(FileNotFoundError):
        TransactionLog(path).at(last - 1)


def test_models_are_kept_by_hash_and_checked(tmp_path: Path) -> None:
    store = FileModelStore(tmp_path)
    sha256 = store.put(b"model")
    assert store.put(b"model") == sha256
    assert store.get(sha256) == b"model"
    (tmp_path / f"{sha256}.skops").write_bytes(b"other")
    with pytest.raises(ModelCorrupted, match="was changed"):
        store.get(sha256)
    with pytest.raises(ModelCorrupted, match="is not in"):
        store.get("0" * 64)
