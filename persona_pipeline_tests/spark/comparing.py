"""When two tables of two engines are equal: everything exactly, floats to 1e-9.

Here: the comparison of rows. Not here: what is compared.
"""

from __future__ import annotations

import datetime as dt
import math
from decimal import Decimal
from typing import Any

import pyarrow as pa

from persona_pipeline.contracts import Type
from persona_pipeline.contracts.arrow import ARROW_TYPES

TOLERANCE = 1e-9
RATE_DIGITS = ARROW_TYPES[Type.RATE].precision


def differences(found: pa.Table, expected: pa.Table, *, ordered: bool = False) -> list[str]:
    """What differs, at most five rows of it; `ordered` compares rows as they come."""
    if found.column_names != expected.column_names:
        return [f"columns {found.column_names}, expected {expected.column_names}"]
    kinds = [
        f"{name}: {a.type}, expected {b.type}"
        for name, a, b in zip(found.column_names, found.columns, expected.columns, strict=True)
        if _kind(a.type) != _kind(b.type) and a.null_count < len(a)
    ]
    if kinds:
        return kinds
    if found.num_rows != expected.num_rows:
        return [f"{found.num_rows} rows, expected {expected.num_rows}"]
    ours, theirs = _rows(_unrounded(found)), _rows(_unrounded(expected))
    if not ordered:
        ours.sort(key=_place)
        theirs.sort(key=_place)
    return [
        f"{dict(zip(found.column_names, a, strict=True))}, expected {b}"
        for a, b in zip(ours, theirs, strict=True)
        if not all(map(_equal, a, b))
    ][:5]


def _kind(kind: pa.DataType) -> str:
    """Sums of integers and decimals have other widths in each engine; casts to the contract end that."""
    if pa.types.is_integer(kind) or pa.types.is_decimal(kind) or pa.types.is_floating(kind):
        return "number"
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return "text"
    return str(kind)


def _unrounded(table: pa.Table) -> pa.Table:
    """Decimals of twelve places are doubles that a statement rounded, rates apart: they differ likewise."""
    for at, field in enumerate(table.schema):
        if pa.types.is_decimal(field.type) and field.type.scale == 12 and field.type.precision != RATE_DIGITS:
            table = table.set_column(at, field.name, table.column(at).cast(pa.float64()))
    return table


def _rows(table: pa.Table) -> list[tuple[Any, ...]]:
    return list(zip(*(column.to_pylist() for column in table.columns), strict=True))


def _place(row: tuple[Any, ...]) -> tuple[str, ...]:
    """Where a row stands among others; floats last and rounded, so that equal rows stand at equal places."""
    exact = [_text(value) for value in row if not isinstance(value, float)]
    return (*exact, *(f"{value:.5e}" for value in row if isinstance(value, float)))


def _text(value: object) -> str:
    return str(Decimal(value).normalize()) if isinstance(value, int | Decimal) else repr(value)


def _equal(a: Any, b: Any) -> bool:
    if a is None or b is None:
        return a is b
    if isinstance(a, float) or isinstance(b, float):
        return math.isclose(float(a), float(b), rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    if isinstance(a, dt.datetime) and isinstance(b, dt.datetime):
        return a.timestamp() == b.timestamp() and (a.tzinfo is None) == (b.tzinfo is None)
    return a == b
