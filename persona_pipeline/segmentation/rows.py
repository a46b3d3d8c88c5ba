"""Small results as Arrow tables of a contract's columns, which can be written also when they are empty.

Not here: large results; an engine writes those.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pyarrow as pa

from persona_pipeline.contracts import Table
from persona_pipeline.contracts.arrow import arrow_schema


def arrow_rows(table: Table, rows: Iterable[Mapping[str, object]]) -> pa.Table:
    """Rows as a table with the contract's columns and types."""
    return pa.Table.from_pylist([dict(row) for row in rows], schema=arrow_schema(table))
