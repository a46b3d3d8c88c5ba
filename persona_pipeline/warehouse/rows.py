"""Turns staged rows into the columns of a warehouse table: types, minor units, pseudonyms, publication.

Here: pure functions on Arrow batches. Not here: reading the lake, writing a database.
"""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc

from persona_pipeline.contracts import Column, Type
from persona_pipeline.contracts.pseudonym import pseudonym
from persona_pipeline.contracts.warehouse import WarehouseTable

ARROW: dict[Type, pa.DataType] = {
    Type.TEXT: pa.string(),
    Type.INTEGER: pa.int64(),
    Type.DECIMAL: pa.decimal128(18, 4),
    Type.RATE: pa.decimal128(20, 12),
    Type.DOUBLE: pa.float64(),
    Type.BOOLEAN: pa.bool_(),
    Type.DATE: pa.date32(),
    Type.TIMESTAMP: pa.timestamp("us", tz="UTC"),
}
MINOR = "_minor"

# ISO 4217: minor units in one unit where that is not 100
_OTHER_MINOR_UNITS = {
    **dict.fromkeys(
        (
            "BIF",
            "CLP",
            "DJF",
            "GNF",
            "ISK",
            "JPY",
            "KMF",
            "KRW",
            "PYG",
            "RWF",
            "UGX",
            "UYI",
            "VND",
            "VUV",
            "XAF",
            "XOF",
            "XPF",
        ),
        1,
    ),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 1000),
}


def minor_per_unit(currency: str) -> int:
    """Minor units in one unit of the currency.

    Source: ISO 4217, table A.1, column "minor unit".
    """
    return _OTHER_MINOR_UNITS.get(currency, 100)


def warehouse_rows(
    staged: pa.RecordBatch | pa.Table,
    target: WarehouseTable,
    constants: Mapping[str, object],
    *,
    minor: int,
    key: bytes,
) -> pa.Table:
    """The rows as the warehouse keeps them, columns in the contract's order.

    Args:
        staged: rows of the mart's SELECT; money in units of the currency, `x` for a column `x_minor`.
        target: the warehouse table.
        constants: columns that are equal in all rows (publication_id; published_in and withdrawn_in).
        minor: minor units in one unit of the currency.
        key: the project's secret, for the columns that are pseudonymised here.

    Raises:
        KeyError: the SELECT lacks a column of the table.
    """
    kinds = dict(target.pseudonymous)
    columns: list[pa.Array | pa.ChunkedArray] = []
    for column in target.table.columns:
        kind = ARROW[column.type]
        if column.name in constants:
            columns.append(pa.repeat(pa.scalar(constants[column.name], kind), staged.num_rows))
            continue
        values = staged.column(_staged_name(column, staged.schema.names))
        if column.unit == "minor unit":
            values = _to_minor(values, minor)
        if column.name in kinds:
            values = _pseudonyms(values, kinds[column.name], key)
        columns.append(values if values.type == kind else values.cast(kind))
    schema = pa.schema([pa.field(c.name, ARROW[c.type]) for c in target.table.columns])
    return pa.Table.from_arrays(columns, schema=schema)


def _staged_name(column: Column, staged: list[str]) -> str:
    name = column.name.removesuffix(MINOR) if column.unit == "minor unit" else column.name
    if name not in staged:
        raise KeyError(f"the mart lacks the column {name!r}; it has: {', '.join(staged)}")
    return name


def _to_minor(values: pa.Array, minor: int) -> pa.Array:
    """Whole minor units, halves away from zero; exact for decimals."""
    if pa.types.is_floating(values.type):
        scaled = pc.multiply(values, float(minor))
    else:
        scaled = pc.multiply(values.cast(pa.decimal128(24, 4)), pa.scalar(minor, pa.decimal128(4, 0)))
    return pc.round(scaled, ndigits=0, round_mode="half_towards_infinity").cast(pa.int64())


def _pseudonyms(values: pa.Array, kind: str, key: bytes) -> pa.Array:
    """Keyed pseudonyms of the distinct values, put in their places."""
    encoded = values.cast(pa.string()).dictionary_encode()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.unify_dictionaries().combine_chunks()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.chunk(0)
    clear = encoded.dictionary.to_pylist()
    made = pa.array([pseudonym(key, kind, value) for value in clear], pa.string())
    return pc.take(made, encoded.indices)
