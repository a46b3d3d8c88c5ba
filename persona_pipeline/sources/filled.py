"""Which columns a file has and how many of its records fill them: what a change of its layout shows by.

Here: counting while a file is split. Not here: judging the counts (cleaning.gates).
"""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from persona_pipeline.engine.protocol import Engine, Relation
from persona_pipeline.engine.sql import sql_text
from persona_pipeline.sources.source import Source

NAME_LENGTH = 60
# what a log may tell of a request, by role; a line without address, time, request or status is refused
LOG_FIELDS = ("account", "visitor", "bytes", "referrer", "agent")


def filled_columns(
    source: Source, header: Sequence[str], positions: dict[str, int], table: pa.Table, rows: pa.Table
) -> dict[str, int]:
    """Records of one group with a value, for each column of a header.

    Args:
        source: the declaration; what it calls missing is no value.
        header: the names of the columns.
        positions: field to position of its column.
        table: the records as they stand in the file, by position.
        rows: the same records by field.
    """
    field_at = {at: field for field, at in positions.items()}
    filled: dict[str, int] = {}
    for at, name in enumerate(header):
        if not name:
            continue
        field = field_at.get(at)
        if field is None or field == "type":  # which a refund's prefix may have replaced
            values = pc.utf8_trim(table.column(at), " \t")  # type: ignore[attr-defined]
            count = pc.sum(pc.fill_null(pc.not_equal(values, ""), False)).as_py() or 0  # type: ignore[attr-defined]
        else:
            column = rows.column(field)
            count = len(column) - column.null_count
        filled[name[:NAME_LENGTH]] = filled.get(name[:NAME_LENGTH], 0) + count
    return filled


def log_columns(engine: Engine, source: Source, paths: Sequence[str]) -> dict[int, dict[str, int]]:
    """Lines with a value, by file (`path_no`) and role; 0 where the log format does not tell it."""
    told = [role for role in LOG_FIELDS if role != "visitor" or source.visitor]
    found = engine.fetch(sql_text("clean/log_column"), {"record": Relation(tuple(paths))}).to_pylist()
    return {row["path_no"]: {role: row[role] for role in told} for row in found}
