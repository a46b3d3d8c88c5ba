"""Contracts as Arrow schemas: the types that every Parquet file of the lake has.

Here: the mapping of logical types and the empty table. Not here: validation, and the types of databases.
"""

from __future__ import annotations

import functools

import pyarrow as pa

from persona_pipeline.contracts.column import Table, Type

ARROW_TYPES: dict[Type, pa.DataType] = {
    Type.TEXT: pa.string(),
    Type.INTEGER: pa.int64(),
    Type.DECIMAL: pa.decimal128(18, 4),
    Type.RATE: pa.decimal128(20, 12),
    Type.DOUBLE: pa.float64(),
    Type.BOOLEAN: pa.bool_(),
    Type.DATE: pa.date32(),
    Type.TIMESTAMP: pa.timestamp("us", tz="UTC"),
}


@functools.cache
def arrow_schema(table: Table) -> pa.Schema:
    """The Arrow schema of a contract: its columns in order. Nulls are the concern of validation."""
    return pa.schema([pa.field(column.name, ARROW_TYPES[column.type]) for column in table.columns])


def empty(table: Table) -> pa.Table:
    """A typed table without rows."""
    return arrow_schema(table).empty_table()
