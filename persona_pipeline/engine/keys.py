"""Counts the keys of written files: whether one of them stands twice, in SQL that spills to disk.

Not here: what a key is (contracts), and what a repeated one means (contracts.validation).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from persona_pipeline.engine.protocol import Engine, Relation


def count_distinct(engine: Engine, files: Sequence[Path], names: Sequence[str]) -> int:
    """How many rows of Parquet files differ in the named columns."""
    columns = ", ".join(f'"{name}"' for name in names)
    statement = f"SELECT count(*) AS keys FROM (SELECT DISTINCT {columns} FROM written) AS key"  # noqa: S608
    found = engine.fetch(statement, {"written": Relation(tuple(map(str, files)))})
    return int(found.column("keys")[0].as_py())
