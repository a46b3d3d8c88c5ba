"""Small results as Arrow tables of a contract's columns, which can be written also when they are empty.

Not here: large results; an engine writes those.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pyarrow as pa

from persona_pipeline.contracts import Table, Type

_ARROW = {
    Type.TEXT: pa.string(),
    Type.INTEGER: pa.int64(),
    Type.DOUBLE: pa.float64(),
    Type.BOOLEAN: pa.bool_(),
    Type.DATE: pa.date32(),
}


def arrow_rows(table: Table, rows: Iterable[Mapping[str, object]]) -> pa.Table:
    """Rows as a table with the contract's columns and types."""
    schema = pa.schema([(column.name, _ARROW[column.type]) for column in table.columns])
    return pa.Table.from_pylist([dict(row) for row in rows], schema=schema)
