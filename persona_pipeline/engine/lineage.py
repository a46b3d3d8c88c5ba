"""Which input columns each output column of a SELECT comes from, read from its text with sqlglot's scopes.

sqlglot's own `lineage()` walks the whole query once per column (40 s for the hundred columns of the
features); here each column of each scope is visited once. Not here: Dagster's form of it (defs).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlglot import exp
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import Scope, build_scope

Pairs = frozenset[tuple[str, str]]


def column_lineage(
    statement: exp.Expr, inputs: Mapping[str, Sequence[str]]
) -> dict[str, tuple[tuple[str, str], ...]]:
    """For each output column the (input, column) pairs its value is computed from, sorted.

    Args:
        statement: one SELECT in the project's dialect; it is left as it is.
        inputs: columns of every input by its name; other tables are not reported.

    Raises:
        ValueError: the statement is not a query.
    """
    schema: dict[str, object] = {name: dict.fromkeys(columns, "text") for name, columns in inputs.items()}
    query = qualify(statement.copy(), schema=schema, dialect="duckdb", validate_qualify_columns=False)
    scope = build_scope(query)
    if scope is None or not isinstance(query, exp.Query):
        raise ValueError("lineage needs a SELECT")
    walk = _Walk({name: frozenset(columns) for name, columns in inputs.items()})
    return {name: tuple(sorted(walk.column(scope, name))) for name in query.named_selects}


class _Walk:
    """Visits each column of each scope once."""

    def __init__(self, inputs: dict[str, frozenset[str]]) -> None:
        self._inputs = inputs
        self._seen: dict[tuple[int, str], Pairs] = {}
        self._projections: dict[int, dict[str, list[exp.Expr]]] = {}

    def column(self, scope: Scope, name: str) -> Pairs:
        """The input columns behind one output column of a scope."""
        at = (id(scope), name)
        if at not in self._seen:
            self._seen[at] = frozenset()
            self._seen[at] = (
                self._union(scope, name) if scope.set_operation_scopes else self._select(scope, name)
            )
        return self._seen[at]

    def _union(self, scope: Scope, name: str) -> Pairs:
        """A union takes its names from its first branch and matches the others by position."""
        position = _query(scope).named_selects.index(name)
        branches = scope.set_operation_scopes
        return frozenset().union(*(self.column(b, _query(b).named_selects[position]) for b in branches))

    def _select(self, scope: Scope, name: str) -> Pairs:
        if id(scope) not in self._projections:
            by_name = self._projections[id(scope)] = {}
            for projection in _query(scope).selects:
                by_name.setdefault(projection.alias_or_name, []).append(projection)
        found: set[tuple[str, str]] = set()
        for projection in self._projections[id(scope)].get(name, []):
            for column in projection.find_all(exp.Column):
                found |= self._source(scope, column)
        return frozenset(found)

    def _source(self, scope: Scope, column: exp.Column) -> Pairs:
        source = scope.sources.get(column.table)
        if isinstance(source, Scope):
            return self.column(source, column.name)
        if isinstance(source, exp.Table) and column.name in self._inputs.get(source.name, frozenset()):
            return frozenset({(source.name, column.name)})
        return frozenset()


def _query(scope: Scope) -> exp.Selectable:
    """What a scope stands for, as something with output columns.

    Raises:
        ValueError: it has none.
    """
    if not isinstance(scope.expression, exp.Selectable):
        raise ValueError(f"lineage needs a SELECT, found {type(scope.expression).__name__}")
    return scope.expression
