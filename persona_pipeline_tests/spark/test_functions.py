"""Every function that statements after clean may use gives equal values on both engines, at the edges too."""

from __future__ import annotations

import datetime as dt
import tomllib
from decimal import Decimal

import pyarrow as pa
import pytest
import sqlglot
from sqlglot import exp

from persona_pipeline.engine.duckdb import DuckDBEngine
from persona_pipeline.engine.protocol import EngineError
from persona_pipeline.engine.spark import SparkEngine
from persona_pipeline.engine.sql import sql_directory
from persona_pipeline_tests.spark.comparing import differences

LISTED = tomllib.loads((sql_directory() / "functions.toml").read_text(encoding="utf-8"))["allowed"]


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text + "+00:00")


EDGES = pa.table(
    {
        "k": pa.array(range(8), pa.int64()),
        "n": pa.array([None, 0, -1, 7, -7, 2**40, 7, 3], pa.int64()),
        "m": pa.array([None, "0", "-2.5", "0.0001", "99999.9999", "2.5", "2.5", "-0.5"]).cast(
            pa.decimal128(18, 4)
        ),
        "x": pa.array([None, 0.0, -2.5, 1e-9, 1e15, 2.5, 2.5, 0.1], pa.float64()),
        "s": [None, "", "中文 | 客户", "ÄÖ ß é", "a | b | c", "line\nbreak", "it's \\ $n %d", "a"],
        "o": ["a", "", "中文", None, "客", "A", "~", "ab"],
        "d": [
            *(None, dt.date(2024, 2, 29), dt.date(2025, 12, 31), dt.date(1970, 1, 1), dt.date(1899, 12, 31)),
            *(dt.date(2025, 1, 5), dt.date(2025, 1, 6), dt.date(2026, 1, 1)),
        ],
        "t": pa.array(
            [
                *(
                    None,
                    at("2024-02-29T00:00:00"),
                    at("2024-12-31T23:59:59.999999"),
                    at("1969-12-31T23:59:59.5"),
                ),
                *(at("2025-01-01T00:00:00.000001"), at("2025-01-01T12:30:00"), at("2025-01-01T12:30:01.4")),
                at("2025-01-01T12:30:02.3"),
            ],
            pa.timestamp("us", tz="UTC"),
        ),
        "b": [None, True, False, True, False, None, True, False],
    }
)
SCALARS = """
SELECT
    k, abs(n) AS c1, abs(m) AS c2, abs(x) AS c3,
    CASE WHEN n > 0 AND b THEN s WHEN m < 0 OR b THEN o ELSE 'neither' END AS c4,
    CAST(d AS VARCHAR) AS c5, CAST(n AS VARCHAR) AS c6, CAST(n AS DOUBLE) AS c7, CAST(m AS DOUBLE) AS c8,
    CAST(x AS DECIMAL(20, 4)) AS c9, CAST(b AS INTEGER) AS c10, CAST(t AS DATE) AS c11,
    CAST(t AS TIMESTAMP) AS c12,
    CAST(floor(x) AS BIGINT) AS c13, CAST(m AS DECIMAL(18, 1)) AS c14, CAST(m AS VARCHAR) AS c15,
    CAST('2024-02-29' AS DATE) AS c16, CAST(n AS DECIMAL(18, 4)) AS c17,
    coalesce(s, o, 'none') AS c18, coalesce(n, 0) AS c19, concat(s, '|', n, o, d) AS c20, s || o AS c21,
    exp(least(x, 2)) AS c22, ln(greatest(x, 0.5)) AS c23, sqrt(abs(x)) AS c24,
    extract('year' FROM d) AS c25, extract('month' FROM d) AS c26, extract('day' FROM t) AS c27,
    extract('hour' FROM t) AS c28, extract('minute' FROM t) AS c29, extract('isodow' FROM d) AS c30,
    extract('quarter' FROM d) AS c31, extract('week' FROM d) AS c32,
    floor(x) AS c34, floor(m) AS c35,
    greatest(n, 0) AS c36, greatest(s, o) AS c37, least(d, DATE '2025-01-06') AS c38, least(n, k, 2) AS c39,
    length(s) AS c40, lower(s) AS c41, upper(o) AS c42, nullif(n, 7) AS c43, nullif(s, '') AS c44,
    regexp_full_match(s, '(.*,)?a.*') AS c45, regexp_full_match(o, '[a-z]+|中.') AS c46,
    replace(s, 'a', '中\\') AS c47, sha256(s) AS c48, md5(s) AS c33,
    split_part(s, ' | ', 1) AS c49, split_part(s, ' | ', 3) AS c50, split_part(s, ' | ', 9) AS c51,
    substr(s, 1, 2) AS c52, substr(s, 3, 100) AS c53, substr(s, 9, 2) AS c54,
    date_diff('day', d, DATE '2025-03-01') AS c55,
    date_diff('second', t, TIMESTAMPTZ '2025-01-01 12:30:02+00') AS c56,
    date_diff('day', t, TIMESTAMPTZ '2025-01-01 00:00:00+00') AS c57, d + 1 AS c58, d - 365 AS c59,
    n / 3 AS c60, m / 7 AS c61, x / 3 AS c62, m / nullif(n, 0) AS c63, m * 3 AS c64, m + n AS c65,
    -m AS c66,
    n % 3 AS c67, k * INTERVAL 1 SECOND + CAST(t AS TIMESTAMP) AS c68,
    s IS NOT DISTINCT FROM o AS c69, s < o AS c70, (s <> o) = b AS c71, NOT b AS c72,
    n BETWEEN 0 AND 7 AS c73,
    s IN ('', 'a') AS c74, EXISTS (SELECT 1 FROM edges AS other WHERE other.n = edges.k) AS c75,
    'it''s \\ 中文 $n' AS c76,
    (
        SELECT found.last.o
        FROM (SELECT min(struct_pack(place := -other.k, o := other.o)) AS last FROM edges AS other) AS found
    ) AS c77
FROM edges
ORDER BY k
"""
AGGREGATES = """
SELECT
    b, count(*) AS c1, count(n) AS c2, count(DISTINCT s) AS c3, max(n) AS c4, max(s) AS c5,
    max(d) AS c6, max(t) AS c7,
    min(m) AS c8, min(o) AS c9, min(x) AS c10, median(n) AS c11, median(m) AS c12, median(k) AS c13,
    sum(n) AS c14,
    sum(m) AS c15, sum(m * k) AS c16, sum(CAST(x AS DECIMAL(20, 4))) AS c17,
    sum(n) FILTER (WHERE n > 100) AS c18,
    count(*) FILTER (WHERE n > 100) AS c19, sum(m * m) AS c20, sum(n) / count(n) AS c21
FROM edges
GROUP BY b
HAVING count(*) > 0
"""
WINDOWS = """
SELECT
    k,
    row_number() OVER (ORDER BY n, k) AS c1, row_number() OVER (ORDER BY n DESC, k) AS c2,
    row_number() OVER (ORDER BY s, k) AS c3, row_number() OVER (PARTITION BY b ORDER BY d DESC, k) AS c4,
    rank() OVER (ORDER BY n) AS c5, rank() OVER (ORDER BY x DESC) AS c6,
    dense_rank() OVER (ORDER BY o, m) AS c7,
    ntile(3) OVER (ORDER BY s DESC, k) AS c8,
    lag(n) OVER (ORDER BY k) AS c9, lead(s) OVER (PARTITION BY b ORDER BY d, k) AS c10,
    sum(m) OVER (PARTITION BY b ORDER BY k) AS c11, count(*) OVER (PARTITION BY x) AS c12,
    sum(n) OVER (ORDER BY k ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS c13,
    sum(n) OVER known AS c14, max(d) OVER (ORDER BY b, k) AS c15, min(s) OVER (PARTITION BY b) AS c16
FROM edges
WINDOW known AS (ORDER BY k RANGE BETWEEN $back PRECEDING AND CURRENT ROW)
ORDER BY k DESC
"""
GROUPS = {"scalar": SCALARS, "date": SCALARS, "logic": SCALARS, "aggregate": AGGREGATES, "window": WINDOWS}


@pytest.mark.parametrize("sql", [SCALARS, AGGREGATES, WINDOWS], ids=["scalars", "aggregates", "windows"])
def test_functions_are_equal(embedded: DuckDBEngine, spark: SparkEngine, sql: str) -> None:
    given = {"edges": EDGES}, {"back": 2}
    assert (
        differences(spark.fetch(sql, *given), embedded.fetch(sql, *given), ordered="ORDER BY k" in sql) == []
    )


@pytest.mark.parametrize("group", LISTED)
def test_no_function_is_left_out(group: str) -> None:
    tree = sqlglot.parse_one(GROUPS[group], dialect="duckdb")
    functions = list(tree.find_all(exp.Func))
    shown = {each.sql_name().lower() for each in functions} | {each.name.lower() for each in functions}
    assert set(LISTED[group]) - shown == set()


PARAMETERS = {
    "text": "x'; DROP TABLE t; -- \\ $n",
    "empty": None,
    "whole": -5,
    "truth": True,
    "share": 0.05,
    "money": Decimal("-12.3400"),
    "day": dt.date(2024, 2, 29),
    "moment": at("2025-01-01T00:00:00.000001"),
}


def test_parameters_are_values_and_never_text(embedded: DuckDBEngine, spark: SparkEngine) -> None:
    sql = (
        "SELECT "
        + ", ".join(f"${name} AS v_{name}" for name in PARAMETERS)
        + ", 3 - $whole AS w, '$text' AS t"
    )
    given = {}, {**PARAMETERS, "unused": object()}
    found = spark.fetch(sql, *given)
    assert differences(found, embedded.fetch(sql, *given)) == []
    assert found.column("v_text").to_pylist() == [PARAMETERS["text"]]


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("SELECT $gone AS a", "parameters that were not given: gone"),
        ("SELECT nothing FROM edges", "does not understand the statement"),
        ("SELECT date_diff('month', d, d) AS a FROM edges", "use 'day' or 'second'"),
        ("SELECT extract('epoch' FROM t) AS a FROM edges", "EXTRACT.EPOCH. is not translated"),
        ("SELECT k / n AS a FROM edges", "DIVIDE_BY_ZERO"),
        ("SELECT CAST(s AS INTEGER) AS a FROM edges", "failed with CAST_INVALID_INPUT"),
        ("SELECT n * n AS a FROM edges", "ARITHMETIC_OVERFLOW"),
    ],
)
def test_what_spark_would_answer_otherwise_is_an_error(
    spark: SparkEngine, capfd: pytest.CaptureFixture[str], sql: str, message: str
) -> None:
    """And no value of a row is told, in the error or beside it."""
    with pytest.raises(EngineError, match=message) as error:
        spark.fetch(sql, {"edges": EDGES})
    told = str(error.value) + "".join(capfd.readouterr())
    assert not any(value in told for value in ("客户", str(2**40)))
