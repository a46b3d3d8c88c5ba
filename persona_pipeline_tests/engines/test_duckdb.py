"""The embedded engine: contracts are casts, parameters are bound, nothing is left behind."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlglot import parse_one

from persona_pipeline.contracts import Column, Table, Type
from persona_pipeline.contracts.validation import ContractError, check_files
from persona_pipeline.engine.duckdb import DuckDBEngine, EngineError
from persona_pipeline.engine.lineage import column_lineage
from persona_pipeline.engine.protocol import Output, Relation, Window

DAY = dt.date(2025, 1, 6)
TABLE = Table(
    "facts",
    "sample",
    "one row per day",
    ("day",),
    (
        Column("day", Type.DATE, "day"),
        Column("n", Type.INTEGER, "number"),
        Column("amount", Type.DECIMAL, "amount"),
        Column("moment", Type.TIMESTAMP, "moment"),
    ),
    "A sample",
)
SELECT = (
    "SELECT DATE '2025-01-06' AS day, 3::HUGEINT AS n, 1.5 AS amount, "
    "TIMESTAMP '2025-01-06 08:00:00' AS moment"
)


def output(folder: Path) -> Output:
    return Output(TABLE, folder / "out", 0)


def test_types_are_those_of_the_contract(engine: DuckDBEngine, tmp_path: Path) -> None:
    (file,) = engine.select_into(SELECT, {}, output(tmp_path))
    found = pq.ParquetFile(file.path)
    assert found.schema_arrow.types == [
        pa.date32(),
        pa.int64(),
        pa.decimal128(18, 4),
        pa.timestamp("us", tz="UTC"),
    ]
    row = found.read().to_pylist()[0]
    assert row["amount"] == Decimal("1.5000")
    assert row["moment"] == dt.datetime(2025, 1, 6, 8, tzinfo=dt.UTC)
    assert (file.day, file.rows, file.size) == (DAY, 1, file.path.stat().st_size)


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("SELECT DATE '2025-01-06' AS day, 1 AS n", r"missing: \['amount', 'moment'\]"),
        (f"SELECT *, 1 AS more FROM ({SELECT})", r"not in the contract: \['more'\]"),
        (SELECT + " WHERE 1 = $missing", "parameters that were not given: missing"),
    ],
)
def test_what_does_not_fit_is_refused_before_writing(
    engine: DuckDBEngine, tmp_path: Path, sql: str, message: str
) -> None:
    with pytest.raises(EngineError, match=message):
        engine.select_into(sql, {}, output(tmp_path))
    assert not list(tmp_path.glob("out/**/*.parquet"))


def test_parameters_are_values_and_never_text(engine: DuckDBEngine) -> None:
    nasty = "x'; DROP TABLE t; --"
    assert engine.fetch("SELECT $value AS v", {}, {"value": nasty, "unused": 1}).to_pylist() == [{"v": nasty}]


def test_a_dollar_in_a_literal_is_no_parameter(engine: DuckDBEngine) -> None:
    assert engine.fetch("SELECT '$five it''s $ten' AS v, $a AS a", {}, {"a": 1}).to_pylist() == [
        {"v": "$five it's $ten", "a": 1}
    ]


def test_one_file_per_day_and_none_for_no_rows(engine: DuckDBEngine, tmp_path: Path) -> None:
    days = f"SELECT day + CAST(k AS INTEGER) AS day, n, amount, moment FROM ({SELECT}), range(3) AS r(k)"
    assert [
        file.day.day for file in sorted(engine.select_into(days, {}, output(tmp_path)), key=lambda f: f.day)
    ] == [6, 7, 8]
    assert engine.select_into(SELECT + " WHERE false", {}, output(tmp_path)) == []


def test_rows_of_a_day_that_is_known_go_straight_into_its_folder(
    engine: DuckDBEngine, tmp_path: Path
) -> None:
    (file,) = engine.select_into(f"{SELECT} UNION ALL {SELECT}", {}, output(tmp_path), day=DAY)
    assert (file.path.parent, file.day, file.rows) == (tmp_path / "out" / "day=2025-01-06", DAY, 2)
    assert file.size == file.path.stat().st_size
    assert pq.read_table(file.path, partitioning=None).column("day").to_pylist() == [DAY, DAY]
    assert engine.select_into(SELECT + " WHERE false", {}, output(tmp_path), day=DAY) == []
    assert list((tmp_path / "out").rglob("*.parquet")) == [file.path]
    other = DAY + dt.timedelta(days=1)
    (wrong,) = engine.select_into(SELECT, {}, output(tmp_path), day=other)
    with pytest.raises(ContractError, match="day equal to the partition; 1 of 1 rows"):
        check_files(TABLE, [wrong.path])


def test_staged_results_and_batches_go_when_the_engine_closes(tmp_path: Path) -> None:
    engine = DuckDBEngine(tmp_path)
    staged = engine.stage("SELECT i FROM range(10) AS r(i)", {})
    doubled = engine.map_batches(
        staged, lambda batch: pa.table({"i": [2 * v for v in batch["i"].to_pylist()]}), rows=3
    )
    assert isinstance(doubled, Relation)
    assert engine.fetch("SELECT CAST(sum(i) AS BIGINT) AS s FROM d", {"d": doubled}).column(
        "s"
    ).to_pylist() == [90]
    engine.close()
    assert list(tmp_path.iterdir()) == []


def test_batches_of_an_empty_relation_keep_the_schema(engine: DuckDBEngine) -> None:
    empty = pa.table({"i": pa.array([], pa.int64())})
    mapped = engine.map_batches(empty, lambda batch: batch.rename_columns(["j"]))
    assert isinstance(mapped, Relation)
    assert engine.fetch("SELECT j FROM m", {"m": mapped}).num_rows == 0


def test_memory_limit_spills_instead_of_failing(tmp_path: Path) -> None:
    with DuckDBEngine(tmp_path, memory="128MB", threads=1) as engine:
        rows = engine.fetch(
            "SELECT count(*) AS n FROM (SELECT i, hash(i) AS h FROM range(6000000) AS r(i) ORDER BY h)", {}
        )
    assert rows.column("n").to_pylist() == [6_000_000]


def test_a_window_is_in_order() -> None:
    assert Window(DAY, DAY).days() == [DAY]
    with pytest.raises(ValueError, match="first <= last"):
        Window(DAY, DAY - dt.timedelta(days=1))


def test_lineage_follows_ctes_and_unions() -> None:
    sql = (
        "WITH a AS (SELECT t.x + t.y AS z, t.k FROM t), b AS (SELECT k, sum(z) AS s FROM a GROUP BY k) "
        "SELECT b.k, b.s / u.w AS r, 1 AS one FROM b JOIN u ON b.k = u.k"
    )
    inputs = {"t": ("x", "y", "k"), "u": ("k", "w")}
    assert column_lineage(parse_one(sql, dialect="duckdb"), inputs) == {
        "k": (("t", "k"),),
        "r": (("t", "x"), ("t", "y"), ("u", "w")),
        "one": (),
    }


def test_row_groups_of_wide_tables_are_short(engine: DuckDBEngine, tmp_path: Path) -> None:
    """What one thread puts together in memory is bounded, however many columns there are."""
    narrow = Table("facts", "wide", "a number", ("day",), (Column("day", Type.DATE, "day"),), "Numbers")
    wide = narrow.with_columns([Column(f"c{n}", Type.INTEGER, "c") for n in range(499)])
    numbers = ", ".join(f"range AS c{n}" for n in range(499))
    for table, columns, groups in ((narrow, "", 1), (wide, f", {numbers}", 3)):
        sql = f"SELECT DATE '2025-01-06' AS day{columns} FROM range(20000)"
        (file,) = engine.select_into(sql, {}, Output(table, tmp_path / str(groups), 0))
        assert pq.read_metadata(file.path).num_row_groups == groups
