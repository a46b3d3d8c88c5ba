"""Rows of the scores tables as plain mappings, and as Arrow tables typed by their contract.

Here: shapes. Not here: what stands in them.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import pyarrow as pa

from persona_pipeline.contracts import Table, Type

Row = Mapping[str, Any]
ARROW_TYPES = {
    Type.TEXT: pa.string(),
    Type.INTEGER: pa.int64(),
    Type.DOUBLE: pa.float64(),
    Type.BOOLEAN: pa.bool_(),
    Type.DATE: pa.date32(),
}
GATES = "leakage_gates"


def arrow_rows(table: Table, rows: Sequence[Row]) -> pa.Table:
    """The rows as an Arrow table with the contract's columns, ordered by its key; typed also without rows."""
    schema = pa.schema([(column.name, ARROW_TYPES[column.type]) for column in table.columns])
    ordered = sorted(rows, key=lambda row: tuple(row[name] for name in table.key))
    return pa.Table.from_pylist([dict(row) for row in ordered], schema)


def evaluation_rows(
    day: dt.date,
    target: str,
    *,
    validation: Mapping[str, Mapping[str, float]] | None = None,
    test: Mapping[str, Mapping[str, float]] | None = None,
    gate: Mapping[str, float] | None = None,
) -> list[Row]:
    """Rows of scores.evaluation; a metric that is not defined is empty."""
    samples = {"validation": validation or {}, "test": test or {}, "gate": {GATES: gate} if gate else {}}
    return [
        {
            "day": day,
            "target": target,
            "algorithm": algorithm,
            "sample": sample,
            "metric": metric,
            "value": float(value) if math.isfinite(value) else None,
        }
        for sample, algorithms in samples.items()
        for algorithm, metrics in algorithms.items()
        for metric, value in metrics.items()
    ]


def lift_rows(day: dt.date, target: str, lift: pd.DataFrame) -> list[Row]:
    """Rows of scores.lift from a decile table."""
    typed = lift.astype({"decile": "int64", "customers": "int64", "positives": "int64"})
    found = typed.astype(object).where(typed.notna(), None).to_dict("records")
    return [
        {"day": day, "target": target, **{str(name): value for name, value in row.items()}} for row in found
    ]
