"""The embedded engine: DuckDB with a memory limit, a thread limit and a spill folder.

Here: binding inputs and parameters, casting to a contract, writing one folder per day. Not here: which SQL is
run, and commits (the lake).
"""

from __future__ import annotations

import datetime as dt
import re
import shutil
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from persona_pipeline.contracts import Table, Type
from persona_pipeline.engine.protocol import DataFile, EngineError, Input, Output, Relation

SQL_TYPES = {
    Type.TEXT: "VARCHAR",
    Type.INTEGER: "BIGINT",
    Type.DECIMAL: "DECIMAL(18, 4)",
    Type.RATE: "DECIMAL(20, 12)",
    Type.DOUBLE: "DOUBLE",
    Type.BOOLEAN: "BOOLEAN",
    Type.DATE: "DATE",
    Type.TIMESTAMP: "TIMESTAMP WITH TIME ZONE",
}
# one folder for each day
_BY_DAY = (
    "PARTITION_BY (day), WRITE_PARTITION_COLUMNS true, OVERWRITE_OR_IGNORE true, "
    "FILENAME_PATTERN 'part-{uuid}', "
)
# A row group is put together in memory by each thread. With DuckDB's 122,880 rows, half a million customers
# with 150 features spill at 2 GB and take three times as long to write.
_GROUP_CELLS, _GROUP_ROWS, _VECTOR = 5_000_000, 122_880, 2_048
# Pages of version 2 hold numbers and lengths as differences. A column that shows another value in more than
# every twelfth row gets no dictionary: looking each value up was a third of the time of writing, and hashes,
# amounts and identifiers never repay it.
_ENCODED = "PARQUET_VERSION v2, DICTIONARY_SIZE_LIMIT {limit}"
_ROWS_PER_ENTRY = 12
_LITERAL = re.compile(r"--[^\n]*|'(?:[^']|'')*'")  # comments may hold an apostrophe
_PARAMETER = re.compile(r"\$([a-z][a-z0-9_]*)")


_Limits = tuple[Path, str, int]
# Instances that no engine uses: opening one takes 37 ms, and a night asks for twenty engines in turn.
# An instance holds nothing of an engine but its limits and the place for what does not fit into memory.
_idle: list[tuple[_Limits, duckdb.DuckDBPyConnection]] = []
_idle_lock = threading.Lock()
MOST_IDLE = 2


class DuckDBEngine:
    """One DuckDB connection with its scratch folder. Close it, or use it as a context manager."""

    def __init__(self, scratch: Path, *, memory: str = "2GB", threads: int = 2) -> None:
        self._limits = scratch, memory, threads
        self._scratch = scratch / f"engine-{uuid.uuid4().hex}"
        self._scratch.mkdir(parents=True)
        with _idle_lock:
            at = next((at for at, (limits, _) in enumerate(_idle) if limits == self._limits), None)
            waiting = None if at is None else _idle.pop(at)[1]
        self._connection = waiting or _instance(*self._limits)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Delete everything staged; the instance waits for the next engine of the same place and limits."""
        with _idle_lock:
            _idle.append((self._limits, self._connection))
            oldest = _idle.pop(0)[1] if len(_idle) > MOST_IDLE else None
        if oldest is not None:
            oldest.close()
        shutil.rmtree(self._scratch, ignore_errors=True)

    def select_into(
        self,
        sql: str,
        inputs: Mapping[str, Input],
        output: Output,
        parameters: Mapping[str, object] | None = None,
        *,
        day: dt.date | None = None,
    ) -> list[DataFile]:
        """See `Engine.select_into`.

        Raises:
            EngineError: the result lacks a column of the contract, or has one more.
        """
        with self._bound(inputs) as connection:
            bound = _used(sql, parameters)
            self._check_columns(connection, sql, bound, output.table)
            casts = ", ".join(
                f'CAST("{column.name}" AS {SQL_TYPES[column.type]}) AS "{column.name}"'
                for column in output.table.columns
            )
            folder, by_day = output.directory, _BY_DAY
            target = folder
            if day is not None:
                folder, by_day = folder / f"day={day}", ""
                target = folder / f"part-{uuid.uuid4()}.parquet"
            folder.mkdir(parents=True, exist_ok=True)
            copy = (
                f"COPY (SELECT {casts} FROM ({sql}) AS result) TO '{_quoted(target)}' "
                # level 1: half the time of level 3, and hashes hardly compress at any
                f"(FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1, {by_day}RETURN_STATS true, "
                f"ROW_GROUP_SIZE {_group_rows(output.table)}, {_encoded(_group_rows(output.table))})"
            )
            cursor = connection.execute(copy, bound)
            names = [item[0] for item in cursor.description]
            path, rows = names.index("filename"), names.index("count")
            files = [(Path(row[path]), int(row[rows])) for row in cursor.fetchall()]
        if not any(rows for _, rows in files):
            for file, _ in files:
                file.unlink()
            return []
        return [DataFile(file, _day_of(file), count, file.stat().st_size) for file, count in files]

    def stage(
        self, sql: str, inputs: Mapping[str, Input], parameters: Mapping[str, object] | None = None
    ) -> Relation:
        """See `Engine.stage`."""
        target = self._scratch / f"{uuid.uuid4().hex}.parquet"
        with self._bound(inputs) as connection:
            connection.execute(
                f"COPY ({sql}) TO '{_quoted(target)}' (FORMAT parquet, {_encoded(_GROUP_ROWS)})",
                _used(sql, parameters),
            )
        return Relation((str(target),))

    def fetch(
        self, sql: str, inputs: Mapping[str, Input], parameters: Mapping[str, object] | None = None
    ) -> pa.Table:
        """See `Engine.fetch`."""
        with self._bound(inputs) as connection:
            return connection.sql(sql, params=_used(sql, parameters)).to_arrow_table()

    def map_batches(
        self,
        relation: Input,
        function: Callable[[pa.Table], pa.Table],
        output: Output | None = None,
        rows: int = 65_536,
    ) -> list[DataFile] | Relation:
        """See `Engine.map_batches`. The first batch fixes the schema of the result."""
        target = self._scratch / f"{uuid.uuid4().hex}.parquet"
        writer: pq.ParquetWriter | None = None
        with self._bound({"relation": relation}) as connection:
            reader = connection.sql("SELECT * FROM relation").to_arrow_reader(rows)
            schema = reader.schema
            for batch in reader:
                result = function(pa.Table.from_batches([batch]))
                if writer is None:
                    writer = pq.ParquetWriter(target, result.schema)
                writer.write_table(result)
        if writer is None:
            result = function(schema.empty_table())
            writer = pq.ParquetWriter(target, result.schema)
            writer.write_table(result)
        writer.close()
        mapped = Relation((str(target),))
        return (
            mapped if output is None else self.select_into("SELECT * FROM mapped", {"mapped": mapped}, output)
        )

    @contextmanager
    def _bound(self, inputs: Mapping[str, Input]) -> Iterator[duckdb.DuckDBPyConnection]:
        """A cursor on which every input is a view of its name."""
        with self._connection.cursor() as cursor:
            for name, relation in inputs.items():
                if isinstance(relation, pa.Table):
                    cursor.register(name, relation)
                else:
                    cursor.execute(f'CREATE OR REPLACE TEMP VIEW "{name}" AS {_selection(cursor, relation)}')
            yield cursor

    def _check_columns(
        self, connection: duckdb.DuckDBPyConnection, sql: str, bound: Mapping[str, object], table: Table
    ) -> None:
        found = {row[0] for row in connection.execute(f"DESCRIBE {sql}", bound).fetchall()}
        expected = set(table.column_names)
        if found != expected:
            raise EngineError(
                f"{table.full_name}: the statement must return exactly the contract's columns; "
                f"missing: {sorted(expected - found) or 'none'}, "
                f"not in the contract: {sorted(found - expected) or 'none'}"
            )


def _instance(scratch: Path, memory: str, threads: int) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(
        config={
            "memory_limit": memory,
            "threads": threads,
            "temp_directory": str(scratch / f"spill-{uuid.uuid4().hex}"),
            "preserve_insertion_order": False,
        }
    )
    # after connecting: DuckDB 2.0 refuses it in the configuration
    connection.execute("SET GLOBAL TimeZone = 'UTC'")
    return connection


def _selection(cursor: duckdb.DuckDBPyConnection, given: Input) -> str:
    """A SELECT of an input; the inputs of a derived one are named within it only."""
    if isinstance(given, Relation):
        return relation_sql(given)
    if isinstance(given, pa.Table):
        name = f"given_{uuid.uuid4().hex}"
        cursor.register(name, given)
        return f"SELECT * FROM {name}"
    parts = ", ".join(
        f'"{name}" AS NOT MATERIALIZED ({_selection(cursor, each)})' for name, each in given.inputs.items()
    )
    return f"WITH {parts} SELECT * FROM ({given.sql}) AS derived"


def relation_sql(relation: Relation) -> str:
    """A SELECT over the relation's files: the contract's columns, typed, also when there is no file."""
    files = ", ".join(f"'{_quoted(path)}'" for path in relation.paths)
    by_name = "true" if relation.evolved else "false"
    scan = f"SELECT * FROM read_parquet([{files}], union_by_name = {by_name}, hive_partitioning = false)"
    if relation.table is None:
        if not relation.paths:
            raise EngineError("a relation without a contract needs at least one file")
        return scan
    columns = relation.table.columns
    empty = ", ".join(f'CAST(NULL AS {SQL_TYPES[column.type]}) AS "{column.name}"' for column in columns)
    if not relation.paths:
        return f"SELECT {empty} WHERE false"
    names = ", ".join(f'"{column.name}"' for column in columns)
    if not relation.evolved:
        return f"SELECT {names} FROM ({scan})"
    # files written before a column joined the contract lack it; the empty branch supplies its type
    return f"SELECT {names} FROM ({scan} UNION ALL BY NAME SELECT {empty} WHERE false)"


def _group_rows(table: Table) -> int:
    """Rows of a row group: fewer where there are many columns; whole vectors, as DuckDB wants them."""
    whole = _GROUP_CELLS // len(table.columns) // _VECTOR * _VECTOR
    return max(_VECTOR, min(_GROUP_ROWS, whole))


def _encoded(group_rows: int) -> str:
    """Options of how columns are encoded in row groups of that size."""
    return _ENCODED.format(limit=group_rows // _ROWS_PER_ENTRY)


def _used(sql: str, parameters: Mapping[str, object] | None) -> dict[str, object]:
    """The parameters that the statement names; DuckDB refuses others."""
    names = set(_PARAMETER.findall(_LITERAL.sub("''", sql)))
    given = dict(parameters or {})
    missing = sorted(names - set(given))
    if missing:
        raise EngineError(f"the statement names parameters that were not given: {', '.join(missing)}")
    return {name: given[name] for name in names}


def _day_of(file: Path) -> dt.date:
    return dt.date.fromisoformat(file.parent.name.removeprefix("day="))


def _quoted(path: Path | str) -> str:
    return str(path).replace("'", "''")
