"""The clock inside our side, an engine that knows its seconds; and the floor: to read the same bytes."""

from __future__ import annotations

import datetime as dt
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

import duckdb
import pyarrow.parquet as pq

from persona_pipeline.engine.duckdb import DuckDBEngine
from persona_pipeline.engine.protocol import DataFile, Input, Output, Relation


class TimedEngine(DuckDBEngine):
    """Knows how long it wrote each table, and how long it worked on what it keeps between statements."""

    def __init__(self, directory: Path, *, memory: str, threads: int) -> None:
        super().__init__(directory, memory=memory, threads=threads)
        self.written: defaultdict[str, float] = defaultdict(float)
        self.kept = 0.0

    def select_into(
        self,
        sql: str,
        inputs: Mapping[str, Input],
        output: Output,
        parameters: Mapping[str, object] | None = None,
        *,
        day: dt.date | None = None,
    ) -> list[DataFile]:
        """See `DuckDBEngine.select_into`."""
        begun = time.perf_counter()
        files = super().select_into(sql, inputs, output, parameters, day=day)
        self.written[output.table.name] += time.perf_counter() - begun
        return files

    def stage(
        self, sql: str, inputs: Mapping[str, Input], parameters: Mapping[str, object] | None = None
    ) -> Relation:
        """See `DuckDBEngine.stage`."""
        begun = time.perf_counter()
        relation = super().stage(sql, inputs, parameters)
        self.kept += time.perf_counter() - begun
        return relation

    def reset(self) -> None:
        """Begin to count anew."""
        self.written.clear()
        self.kept = 0.0


def scan(paths: Iterable[str]) -> float:
    """Seconds that DuckDB needs to read every value of Parquet files, a statement for each table."""
    tables: dict[tuple[str, ...], list[str]] = {}
    for path in paths:
        tables.setdefault(tuple(pq.read_schema(path).names), []).append(path)
    seconds = 0.0
    with duckdb.connect(config={"threads": 2}) as connection:
        for names, files in tables.items():
            # hashes, because the largest value of a column may be known from statistics
            hashed = ", ".join(f'max(hash("{name}"))' for name in names)
            begun = time.perf_counter()
            connection.execute(f"SELECT {hashed} FROM read_parquet(?, hive_partitioning = false)", [files])
            seconds += time.perf_counter() - begun
    return seconds
