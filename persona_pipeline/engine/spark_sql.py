"""The project's SQL as Spark understands it, with the same meaning.

Here: what sqlglot's translation of a statement leaves different, each with its reason; parameters as
literals; names of inputs. Not here: running statements (spark.py).
"""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Callable, Mapping
from decimal import Decimal

import sqlglot
from sqlglot import exp
from sqlglot.errors import ParseError
from sqlglot.optimizer.scope import traverse_scope

from persona_pipeline.engine.protocol import EngineError

DIALECT = "spark"
# fields of EXTRACT by what Spark calls them; others are refused, because some differ silently
_FIELDS = {"YEAR": "YEAR", "QUARTER": "QUARTER", "MONTH": "MONTH", "WEEK": "WEEK", "DAY": "DAY"} | {
    "HOUR": "HOUR",
    "MINUTE": "MINUTE",
    "ISODOW": "DAYOFWEEK_ISO",  # sqlglot leaves the name, which Spark does not know
}


def to_spark(sql: str, inputs: Mapping[str, str], parameters: Mapping[str, object] | None = None) -> str:
    """A statement of the project's dialect as text for Spark.

    Args:
        sql: one SELECT.
        inputs: what Spark calls each input.
        parameters: values by name; each becomes a literal node, never text. Those not named are ignored.

    Raises:
        EngineError: a parameter is missing, or the statement has something that Spark would read otherwise.
    """
    tree = _parsed(sql).copy()
    _name_inputs(tree, inputs)
    _bind(tree, dict(parameters or {}))
    for node in reversed(list(tree.bfs())):  # the innermost first: a change moves what stands within
        if change := _CHANGES.get(type(node)):
            node.replace(change(node))
    return tree.sql(dialect=DIALECT, identify=True)


@functools.lru_cache(maxsize=128)
def _parsed(sql: str) -> exp.Expr:
    """The tree of a statement, not to be changed; the features take half a second."""
    try:
        return sqlglot.parse_one(sql, dialect="duckdb")
    except ParseError as error:
        raise EngineError(f"expected one SELECT of the project's dialect: {error}") from None


def _name_inputs(tree: exp.Expr, inputs: Mapping[str, str]) -> None:
    """Put Spark's names of the inputs in place of theirs; a common table expression hides an input."""
    for scope in traverse_scope(tree):
        for source in scope.sources.values():
            if isinstance(source, exp.Table) and not source.db and source.name in inputs:
                name = source.name
                source.set("this", exp.to_identifier(inputs[name], quoted=True))
                if not source.alias:
                    source.set("alias", exp.TableAlias(this=exp.to_identifier(name, quoted=True)))


def _bind(tree: exp.Expr, given: Mapping[str, object]) -> None:
    named = [(node, node.name) for node in tree.find_all(exp.Placeholder)]
    missing = sorted({name for _, name in named} - set(given))
    if missing:
        raise EngineError(f"the statement names parameters that were not given: {', '.join(missing)}")
    for node, name in named:
        node.replace(literal(given[name]))


def literal(value: object) -> exp.Expr:
    """A value as a node of the type that DuckDB binds it with.

    Raises:
        EngineError: a type that no parameter has.
    """
    if value is None:
        return exp.null()
    if isinstance(value, bool | int | str):
        return exp.convert(value)
    if isinstance(value, float):
        return exp.cast(exp.Literal.string(repr(value)), "double")  # as a number it would be a decimal
    if isinstance(value, Decimal):
        return exp.Literal.number(format(value, "f"))
    if isinstance(value, dt.datetime):
        kind = "timestamp" if value.tzinfo is None else "timestamptz"
        return exp.cast(exp.Literal.string(value.isoformat(" ")), kind, dialect="duckdb")
    if isinstance(value, dt.date):
        return exp.cast(exp.Literal.string(value.isoformat()), "date")
    raise EngineError(
        f"expected text, a number, a date or a moment as a parameter; got {type(value).__name__}"
    )


def _division(node: exp.Expr) -> exp.Expr:
    """DuckDB divides as doubles; Spark divides decimals as decimals, and rounds the quotient."""
    for side in ("this", "expression"):
        if not node.args[side].is_type("double"):
            node.set(side, exp.cast(node.args[side], "double"))
    return node


def _difference(node: exp.Expr) -> exp.Expr:
    """DuckDB counts the boundaries between two moments, Spark whole elapsed units."""
    unit, last, first = node.text("unit").upper(), node.this, node.expression
    if unit == "DAY":
        return exp.cast(_raw("DATEDIFF", exp.cast(last, "date"), exp.cast(first, "date")), "bigint")
    if unit == "SECOND":
        return exp.paren(exp.Sub(this=_raw("UNIX_SECONDS", last), expression=_raw("UNIX_SECONDS", first)))
    raise EngineError(f"DATE_DIFF({unit!r}) is not translated for Spark; use 'day' or 'second'")


def _field(node: exp.Expr) -> exp.Expr:
    field = node.this.name.upper()
    if field not in _FIELDS:
        raise EngineError(f"EXTRACT({field}) is not translated for Spark; use one of {', '.join(_FIELDS)}")
    node.set("this", exp.var(_FIELDS[field]))
    return node


def _whole_match(node: exp.Expr) -> exp.Expr:
    r"""REGEXP_FULL_MATCH, which Spark lacks; \A and \z, because $ also matches before a last newline."""
    text, pattern = node.this, node.expression
    if not pattern.is_string:
        raise EngineError("REGEXP_FULL_MATCH is translated for Spark only with a literal as pattern")
    return _raw("REGEXP_LIKE", text, exp.Literal.string(rf"\A(?:{pattern.name})\z"))


def _joined(node: exp.Expr) -> exp.Expr:
    """CONCAT leaves empty values out: sqlglot puts '' in their place, which fits texts only."""
    node.set("expressions", [exp.cast(part, "text") for part in node.expressions])
    return node


def _wide_integer(node: exp.Expr) -> exp.Expr:
    """HUGEINT, which Spark lacks."""
    return exp.DataType.build("DECIMAL(38, 0)") if node.is_type("int128") else node


def _raw(name: str, *arguments: exp.Expr) -> exp.Anonymous:
    """A function by Spark's name, which sqlglot shall not translate."""
    return exp.Anonymous(this=name, expressions=list(arguments))


_CHANGES: dict[type[exp.Expr], Callable[[exp.Expr], exp.Expr]] = {
    exp.Concat: _joined,
    exp.Div: _division,
    exp.DateDiff: _difference,
    exp.Extract: _field,
    exp.DataType: _wide_integer,
    exp.RegexpFullMatch: _whole_match,
}
