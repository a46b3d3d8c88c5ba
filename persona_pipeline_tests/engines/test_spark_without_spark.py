"""What can be told of Spark without it: what is missing, who does not answer, what a statement becomes."""

from __future__ import annotations

import datetime as dt
import importlib.machinery
import socket
import sys
import types
from pathlib import Path

import pytest
from sqlglot import exp, parse_one

from persona_pipeline.engine.protocol import EngineError
from persona_pipeline.engine.spark_session import missing, session, silent
from persona_pipeline.engine.spark_sql import to_spark


@pytest.fixture
def pyspark(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if it were installed."""
    module = types.ModuleType("pyspark")
    module.__spec__ = importlib.machinery.ModuleSpec("pyspark", None)
    monkeypatch.setitem(sys.modules, "pyspark", module)


def test_without_pyspark(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyspark", None)
    told = missing("local[2]")
    assert told == 'pyspark not installed; pip install "persona_pipeline[spark]"'
    with pytest.raises(EngineError, match="pyspark not installed"):
        session("local[2]")


@pytest.mark.parametrize(
    ("version", "told"),
    [
        (None, "no Java found; install Java 17 or newer and set JAVA_HOME"),
        ("1.8.0_402", "Java 8 found, expected 17 or newer; install it and set JAVA_HOME"),
        ("17.0.9", None),
        ("25", None),
    ],
)
@pytest.mark.usefixtures("pyspark")
def test_java(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str | None, told: str | None) -> None:
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    if version:
        (tmp_path / "bin").mkdir()
        java = tmp_path / "bin" / "java"
        java.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\" 2024-01-16' >&2\n")
        java.chmod(0o755)
    assert missing("spark://host:7077") == told


def test_who_answers() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket() as closed:
        port = server.getsockname()[1]
        closed.bind(("127.0.0.1", 0))  # taken, and nobody listens
        dead = closed.getsockname()[1]
        assert silent(f"spark://127.0.0.1:{port}") is None
        assert silent(f"spark://127.0.0.1:{dead},127.0.0.1:{port}") is None
        assert silent(f"sc://127.0.0.1:{port}/;token=secret") is None
        assert silent(f"k8s://https://127.0.0.1:{port}") is None
        told = silent(f"sc://127.0.0.1:{dead}/;token=secret")
    assert told
    assert (
        f"no Spark answers at 127.0.0.1:{dead} (Connection refused); start it, or correct [engine] master"
        in told
    )
    assert "secret" not in told
    assert silent("local[2]") is None
    assert silent("yarn") is None


def test_inputs_are_named_where_no_common_table_hides_them() -> None:
    sql = "WITH p AS (SELECT * FROM p), q AS (SELECT * FROM p) SELECT p.a, r.b FROM p JOIN q JOIN r ON true"
    tree = parse_one(to_spark(sql, {"p": "p_1", "q": "q_1", "r": "r_1"}), dialect="spark")
    assert [(table.name, table.alias) for table in tree.find_all(exp.Table)].count(("p_1", "p")) == 1
    assert {table.name for table in tree.find_all(exp.Table)} == {"p_1", "p", "q", "r_1"}


def test_values_become_literals() -> None:
    given = {"day": dt.date(2025, 1, 6), "text": "a' \\ $x", "share": 0.05}
    found = to_spark("SELECT $day AS d, $text AS t, $share AS s, '$day' AS u", {}, given)
    assert found == (
        r"SELECT CAST('2025-01-06' AS DATE) AS `d`, 'a\' \\ $x' AS `t`, CAST('0.05' AS DOUBLE) AS `s`, "
        "'$day' AS `u`"
    )


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("SELECT $gone", "not given: gone"),
        ("SELECT date_diff('week', a, b) FROM t", "use 'day' or 'second'"),
        ("SELECT extract('epoch' FROM a) FROM t", "EXTRACT.EPOCH."),
        ("SELECT regexp_full_match(a, b) FROM t", "a literal as pattern"),
        ("SELECT FROM", "one SELECT of the project's dialect"),
    ],
)
def test_what_is_not_known_to_be_equal_is_refused(sql: str, message: str) -> None:
    with pytest.raises(EngineError, match=message):
        to_spark(sql, {})
