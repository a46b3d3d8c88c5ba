"""Which input columns each output column of a SELECT comes from, read from its text with sqlglot.

Here: pure functions of SQL text. Not here: Dagster's form of it (defs).
"""

from __future__ import annotations

import functools

from sqlglot import exp, parse_one
from sqlglot.lineage import Node, lineage
from sqlglot.optimizer import build_scope, qualify

Sources = tuple[tuple[str, str], ...]


@functools.cache
def column_lineage(sql: str, inputs: tuple[tuple[str, tuple[str, ...]], ...]) -> dict[str, Sources]:
    """For each output column the (input, column) pairs it is computed from, sorted.

    Args:
        sql: one SELECT in the project's dialect.
        inputs: name and columns of every input.
    """
    schema = {name: dict.fromkeys(columns, "text") for name, columns in inputs}
    known = dict(inputs)
    query = qualify.qualify(parse_one(sql, dialect="duckdb"), schema=schema, dialect="duckdb", validate_qualify_columns=False)
    scope = build_scope(query)
    found: dict[str, Sources] = {}
    for name in query.named_selects if isinstance(query, exp.Query) else []:
        root = lineage(name, query, schema=schema, dialect="duckdb", scope=scope, trim_selects=False)
        found[name] = tuple(sorted({pair for node in root.walk() if (pair := _leaf(node, known))}))
    return found


def _leaf(node: Node, known: dict[str, tuple[str, ...]]) -> tuple[str, str] | None:
    """The input column a leaf of the lineage tree stands for."""
    if not isinstance(node.expression, exp.Table):
        return None
    table, column = node.expression.name, node.name.rsplit(".", 1)[-1].strip('"')
    return (table, column) if column in known.get(table, ()) else None
