"""The Spark engine keeps what an engine promises: contracts are casts, files have a day, nothing is left."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from persona_pipeline.contracts import Column, Table, Type
from persona_pipeline.contracts.arrow import arrow_schema
from persona_pipeline.contracts.validation import check_files
from persona_pipeline.engine.protocol import Derived, EngineError, Output, Relation
from persona_pipeline.engine.spark import SparkEngine
from persona_pipeline.lake.delta import DeltaLake
from persona_pipeline_tests.spark.conftest import MASTER

DAY = dt.date(2025, 1, 6)
TABLE = Table(
    "facts",
    "sample",
    "one row per day and n",
    ("day", "n"),
    (
        Column("day", Type.DATE, "day"),
        Column("n", Type.INTEGER, "number"),
        Column("amount", Type.DECIMAL, "amount", nullable=True),
        Column("moment", Type.TIMESTAMP, "moment"),
        Column("name", Type.TEXT, "name", nullable=True),
    ),
    "A sample",
)
SELECT = (
    "SELECT DATE '2025-01-06' AS day, 3 AS n, 1.5 AS amount, TIMESTAMP '2025-01-06 08:00:00' AS moment, "
    "'客户' AS name"
)
NUMBERS = pa.table({"k": pa.array(range(10), pa.int64())})


def output(folder: Path) -> Output:
    return Output(TABLE, folder / "out [x]", 0)


def test_types_are_those_of_the_contract(spark: SparkEngine, tmp_path: Path) -> None:
    (file,) = spark.select_into(SELECT, {}, output(tmp_path))
    found = pq.ParquetFile(file.path)
    assert found.schema_arrow.types == arrow_schema(TABLE).types
    assert found.read().to_pylist() == [
        {
            "day": DAY,
            "n": 3,
            "amount": Decimal("1.5000"),
            "moment": dt.datetime(2025, 1, 6, 8, tzinfo=dt.UTC),
            "name": "客户",
        }
    ]
    assert (file.day, file.rows, file.size) == (DAY, 1, file.path.stat().st_size)
    assert file.path.parent.name == "day=2025-01-06"
    check_files(TABLE, [file.path])


def test_the_last_cast_rounds_as_the_embedded_engine_does(spark: SparkEngine, tmp_path: Path) -> None:
    values = {"d": pa.array([0.5, 1.5, 2.5, -0.5, -1.5]), "e": ["0.5", "1.5", "2.5", "-0.5", "-1.5"]}
    for column, expected in (("d", [-2, 0, 0, 2, 2]), ("e", [-2, -1, 1, 2, 3])):
        kind = "DOUBLE" if column == "d" else "DECIMAL(18, 4)"
        sql = SELECT.replace("3 AS n", f"CAST({column} AS {kind}) AS n") + " FROM given"
        files = spark.select_into(sql, {"given": pa.table(values)}, output(tmp_path), day=DAY)
        found = [pq.read_table(file.path, partitioning=None) for file in files]
        assert sorted(pa.concat_tables(found).column("n").to_pylist()) == expected


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("SELECT DATE '2025-01-06' AS day, 1 AS n", r"missing: \['amount', 'moment', 'name'\]"),
        (f"SELECT *, 1 AS more FROM ({SELECT}) AS s", r"not in the contract: \['more'\]"),
        (
            SELECT.replace("DATE '2025-01-06'", "CAST(NULL AS DATE)"),
            "facts.sample: expected a day in every row",
        ),
    ],
)
def test_what_does_not_fit_is_refused(spark: SparkEngine, tmp_path: Path, sql: str, message: str) -> None:
    with pytest.raises(EngineError, match=message):
        spark.select_into(sql, {}, output(tmp_path))
    assert not list(tmp_path.glob("out*/**/*.parquet"))


def test_one_folder_per_day_and_none_for_no_rows(spark: SparkEngine, tmp_path: Path) -> None:
    days = SELECT.replace("DATE '2025-01-06'", "DATE '2025-01-06' + CAST(k % 3 AS INTEGER)") + " FROM numbers"
    files = spark.select_into(days, {"numbers": NUMBERS}, output(tmp_path))
    assert sorted((file.day.day, file.rows) for file in files) == [(6, 4), (7, 3), (8, 3)]
    again = spark.select_into(days, {"numbers": NUMBERS}, output(tmp_path))
    assert not {file.path for file in files} & {file.path for file in again}
    none = SELECT + " FROM numbers WHERE k > 10"
    assert spark.select_into(none, {"numbers": NUMBERS}, output(tmp_path)) == []
    assert spark.select_into(none, {"numbers": NUMBERS}, output(tmp_path), day=DAY) == []
    assert {path.name for path in (tmp_path / "out [x]").iterdir()} == {
        f"day=2025-01-0{n}" for n in (6, 7, 8)
    }


def test_relations_old_derived_and_empty(spark: SparkEngine, tmp_path: Path) -> None:
    """A file from before a column was added has it empty; one without files has its columns."""
    old = tmp_path / "day=2025-01-06" / "old {1}*.parquet"
    old.parent.mkdir()
    pq.write_table(pa.table({"day": [DAY], "n": pa.array([7], pa.int64())}), old)
    inputs = {"t": Relation((str(old),), TABLE, evolved=True), "none": Relation((), TABLE)}
    counted = Derived(
        "SELECT count(*) AS rows, max(n) AS n FROM t", {"t": Derived("SELECT * FROM t", inputs)}
    )
    sql = "SELECT t.name, t.n, c.rows FROM t JOIN c ON c.n = t.n LEFT JOIN none ON none.n = t.n"
    assert spark.fetch(sql, {**inputs, "c": counted}).to_pylist() == [{"name": None, "n": 7, "rows": 1}]


def test_staged_rows_are_in_order_and_batches_are_small(tmp_path: Path) -> None:
    with SparkEngine(tmp_path / "scratch", master=MASTER) as engine:
        staged = engine.stage("SELECT k FROM numbers ORDER BY k DESC", {"numbers": NUMBERS})
        tables = [pq.read_table(path) for path in staged.paths]
        assert pa.concat_tables(tables).column("k").to_pylist() == list(range(9, -1, -1))
        mapped = engine.map_batches(
            staged,
            lambda batch: pa.table(
                {"size": pa.array([len(batch)] * len(batch), pa.int64()), "k": batch["k"]}
            ),
            rows=4,
        )
        assert isinstance(mapped, Relation)
        found = engine.fetch("SELECT max(size) AS most, count(*) AS rows, sum(k) AS k FROM m", {"m": mapped})
        assert found.to_pylist() == [{"most": 4, "rows": 10, "k": 45}]
    assert list((tmp_path / "scratch").iterdir()) == []


def test_batches_of_an_empty_relation_keep_the_schema(spark: SparkEngine, tmp_path: Path) -> None:
    mapped = spark.map_batches(NUMBERS.slice(0, 0), lambda batch: batch.rename_columns(["j"]))
    assert isinstance(mapped, Relation)
    assert spark.fetch("SELECT j FROM m", {"m": mapped}).num_rows == 0
    given = spark.stage(SELECT, {})
    files = spark.map_batches(given, lambda batch: batch, output(tmp_path))
    assert isinstance(files, list)
    assert [file.rows for file in files] == [1]


def test_a_lake_takes_the_files(spark: SparkEngine, tmp_path: Path) -> None:
    lake = DeltaLake(tmp_path / "lake")
    target = lake.output(TABLE)
    lake.replace(target, [DAY], spark.select_into(SELECT, {}, target))
    rows = spark.fetch("SELECT n, name FROM t", {"t": lake.read(TABLE, DAY, DAY)})
    assert rows.to_pylist() == [{"n": 3, "name": "客户"}]


def test_a_file_that_workers_do_not_see_is_told(spark: SparkEngine, tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="under one path that this machine and all workers see"):
        spark.fetch("SELECT n FROM t", {"t": Relation((str(tmp_path / "elsewhere.parquet"),), TABLE)})
