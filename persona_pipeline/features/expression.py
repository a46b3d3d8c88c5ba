"""Small builders of SQL expressions that the compiler repeats, all made of sqlglot nodes.

Here: aggregates, windows, casts, comparisons. Not here: which table or feature they serve.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from sqlglot import exp

from persona_pipeline.contracts import Type

EPOCH_MONDAY = dt.date(1970, 1, 5)
_SQL_TYPES = {
    Type.TEXT: "VARCHAR",
    Type.INTEGER: "BIGINT",
    Type.DECIMAL: "DECIMAL(18, 4)",
    Type.RATE: "DECIMAL(20, 12)",
    Type.DOUBLE: "DOUBLE",
    Type.BOOLEAN: "BOOLEAN",
    Type.DATE: "DATE",
}


def column(name: str, table: str | None = None) -> exp.Column:
    """A column, qualified when a table is named."""
    return exp.column(name, table=table)


def number(value: int) -> exp.Expr:
    """An integer literal."""
    return exp.Literal.number(value)


def as_type(expression: exp.Expr, type_: Type) -> exp.Cast:
    """The expression cast to a contract type."""
    return exp.cast(expression, exp.DataType.build(_SQL_TYPES[type_], dialect="duckdb"), copy=True)


def as_double(expression: exp.Expr) -> exp.Cast:
    """The expression as a double; the last step before a division."""
    return as_type(expression, Type.DOUBLE)


def total(expression: exp.Expr) -> exp.Sum:
    """SUM(expression)."""
    return exp.Sum(this=expression.copy())


def largest(expression: exp.Expr) -> exp.Max:
    """MAX(expression)."""
    return exp.Max(this=expression.copy())


def smallest(expression: exp.Expr) -> exp.Min:
    """MIN(expression)."""
    return exp.Min(this=expression.copy())


def count_rows() -> exp.Count:
    """COUNT(*)."""
    return exp.Count(this=exp.Star())


def count_distinct(expression: exp.Expr) -> exp.Count:
    """COUNT(DISTINCT expression)."""
    return exp.Count(this=exp.Distinct(expressions=[expression.copy()]))


def count_when(conditions: list[exp.Expr]) -> exp.Count:
    """How many rows meet all conditions."""
    return exp.Count(this=when(exp.and_(*conditions), number(1))) if conditions else count_rows()


def total_when(conditions: list[exp.Expr], value: exp.Expr, *, zero: bool) -> exp.Sum:
    """The sum over the rows that meet all conditions; with `zero` it is 0 where there are none, else empty.

    By CASE: DuckDB needs half the time of FILTER, and less still where no row is empty.
    """
    if not conditions:
        return total(value)
    return total(when(exp.and_(*conditions), value, number(0) if zero else None))


def when(condition: exp.Expr, value: exp.Expr, otherwise: exp.Expr | None = None) -> exp.Case:
    """CASE WHEN condition THEN value [ELSE otherwise] END."""
    case = exp.Case().when(condition.copy(), value.copy())
    return case if otherwise is None else case.else_(otherwise.copy())


def coalesce(expression: exp.Expr, *others: exp.Expr) -> exp.Coalesce:
    """The first value that is not empty."""
    return exp.Coalesce(this=expression, expressions=list(others))


def days_between(start: exp.Expr, end: exp.Expr) -> exp.DateDiff:
    """Whole days from start to end; both are dates."""
    return exp.DateDiff(this=end.copy(), expression=start.copy(), unit=exp.var("DAY"))


def date(value: dt.date) -> exp.Cast:
    """A date literal."""
    return as_type(exp.Literal.string(value.isoformat()), Type.DATE)


def share_of(part: exp.Expr, whole: exp.Expr) -> exp.Div:
    """Part / whole as doubles; both are exact."""
    return exp.Div(this=as_double(part), expression=as_double(whole), typed=False, safe=False)


def exact(expression: exp.Expr) -> exp.Cast:
    """Rounded to twelve decimals, so that a sum of such terms is exact and free of any order."""
    return exp.cast(expression, exp.DataType.build("DECIMAL(18, 12)", dialect="duckdb"))


def over(
    function: exp.Expr,
    partition: Sequence[exp.Expr],
    order: Sequence[exp.Expr] | None = None,
    rows_before: bool = False,
) -> exp.Window:
    """The function over a window; `rows_before` limits it to the rows before the current one."""
    window = exp.Window(this=function, partition_by=[item.copy() for item in partition])
    if order:
        window.set("order", exp.Order(expressions=list(order)))
    if rows_before:
        spec = exp.WindowSpec(
            kind="ROWS", start="UNBOUNDED", start_side="PRECEDING", end=number(1), end_side="PRECEDING"
        )
        window.set("spec", spec)
    return window


def ordered(expression: exp.Expr, *, descending: bool = False) -> exp.Ordered:
    """A sort key; empty values do not occur in the columns sorted here, so their place does not matter."""
    return exp.Ordered(this=expression, desc=descending, nulls_first=False)


COMPARE: dict[str, type[exp.Binary]] = {
    "equals": exp.EQ,
    "differs": exp.NEQ,
    "above": exp.GT,
    "at_least": exp.GTE,
    "below": exp.LT,
}


def compare(left: exp.Expr, comparison: str, value: bool | int | str) -> exp.Expr:
    """`left comparison value`; the value becomes a literal node, never text."""
    return COMPARE[comparison](this=left, expression=exp.convert(value))
