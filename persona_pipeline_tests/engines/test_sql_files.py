"""The SQL files: one SELECT each, allowed functions only, nothing that depends on chance or on the clock."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
import sqlglot
from sqlglot import exp

from persona_pipeline.engine.sql import sql_directory
from persona_pipeline.features.catalogue import load_catalogue
from persona_pipeline.features.customer import features_sql

FUNCTIONS = tomllib.loads((sql_directory() / "functions.toml").read_text(encoding="utf-8"))
ALLOWED = {name for names in FUNCTIONS["allowed"].values() for name in names}
EMBEDDED = {name for names in FUNCTIONS["embedded"].values() for name in names}
WAREHOUSE = {"views", "queries"}
LAKE_FILES = sorted(path for path in sql_directory().rglob("*.sql") if path.parent.name not in WAREHOUSE)
ALL_FILES = sorted(sql_directory().rglob("*.sql"))
WINDOWS_WITHOUT_ORDER = (exp.Sum, exp.Count, exp.Min, exp.Max)


def problems(sql: str, allowed: set[str] = ALLOWED) -> list[str]:
    """What the lint finds in one statement of the lake."""
    statements = sqlglot.parse(sql, dialect="duckdb")
    tree = statements[0]
    if len(statements) != 1 or not isinstance(tree, exp.Query):
        return ["expected exactly one SELECT"]
    found = []
    for function in tree.find_all(exp.Func):
        name = function.name.lower() if isinstance(function, exp.Anonymous) else function.sql_name().lower()
        if name in FUNCTIONS["forbidden"]:
            found.append(f"{name}: {FUNCTIONS['forbidden'][name]}")
        elif name not in allowed:
            found.append(f"{name}: not in functions.toml")
    for window in tree.find_all(exp.Window):
        if not window.args.get("order") and not isinstance(window.this, (*WINDOWS_WITHOUT_ORDER, exp.Filter)):
            found.append(f"{window.this.sql()}: a window without an order")
    if any(
        isinstance(limit.parent, exp.Query) and not limit.parent.args.get("order")
        for limit in tree.find_all(exp.Limit)
    ):
        found.append("limit: without an order")
    return found


@pytest.mark.parametrize("path", LAKE_FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_statements_of_the_lake_are_deterministic(path: Path) -> None:
    allowed = ALLOWED | EMBEDDED if path.parent.name == "clean" else ALLOWED
    assert problems(path.read_text(encoding="utf-8"), allowed) == []


def test_compiled_features_are_deterministic() -> None:
    assert [found for _, sql, _ in features_sql(load_catalogue()) for found in problems(sql)] == []


@pytest.mark.parametrize("path", ALL_FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_every_file_is_one_select(path: Path) -> None:
    statements = sqlglot.parse(path.read_text(encoding="utf-8"), dialect="duckdb")
    assert [isinstance(each, exp.Query) for each in statements] == [True]


@pytest.mark.parametrize(
    ("sql", "finding"),
    [
        ("SELECT any_value(x) FROM t", "any_value"),
        ("SELECT first(x) FROM t", "first"),
        ("SELECT arg_max(x, y) FROM t", "arg_max"),
        ("SELECT mode(x) FROM t", "mode"),
        ("SELECT list(x) FROM t", "array_agg"),
        ("SELECT now()", "now: the moment"),
        ("SELECT random()", "rand"),
        ("SELECT entropy(x) FROM t", "entropy: not in functions.toml"),
        ("SELECT round(x, 2) FROM t", "round: not in functions.toml"),
        ("SELECT row_number() OVER (PARTITION BY x) FROM t", "a window without an order"),
        ("SELECT x FROM t LIMIT 3", "limit: without an order"),
        ("SELECT 1; SELECT 2", "exactly one SELECT"),
    ],
)
def test_the_lint_finds(sql: str, finding: str) -> None:
    assert any(finding in problem for problem in problems(sql))
