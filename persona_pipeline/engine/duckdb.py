"""The embedded engine: DuckDB with a memory limit, a thread limit and a spill folder.

Here: binding inputs and parameters, casting to a contract, writing one folder per day. Not here: which SQL is
run, and commits (the lake).
"""

from __future__ import annotations

import datetime as dt
import re
import shutil
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from persona_pipeline.contracts import Table, Type
from persona_pipeline.engine.protocol import DataFile, Input, Output, Relation

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
_LITERAL = re.compile(r"--[^\n]*|'(?:[^']|'')*'")  # comments may hold an apostrophe
_PARAMETER = re.compile(r"\$([a-z][a-z0-9_]*)")


class EngineError(Exception):
    """A statement that cannot run: a missing column, an unbound parameter."""


class DuckDBEngine:
    """One DuckDB connection with its scratch folder. Close it, or use it as a context manager."""

    def __init__(self, scratch: Path, *, memory: str = "2GB", threads: int = 2) -> None:
        self._scratch = scratch / f"engine-{uuid.uuid4().hex}"
        self._scratch.mkdir(parents=True)
        self._connection = duckdb.connect(
            config={
                "memory_limit": memory,
                "threads": threads,
                "temp_directory": str(self._scratch / "spill"),
                "preserve_insertion_order": False,
            }
        )
        # after connecting: DuckDB 2.0 refuses it in the configuration
        self._connection.execute("SET GLOBAL TimeZone = 'UTC'")

    def __enter__(self) -> DuckDBEngine:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection and delete everything staged."""
        self._connection.close()
        shutil.rmtree(self._scratch, ignore_errors=True)

    def select_into(
        self,
        sql: str,
        inputs: Mapping[str, Input],
        output: Output,
        parameters: Mapping[str, object] | None = None,
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
            output.directory.mkdir(parents=True, exist_ok=True)
            copy = (
                f"COPY (SELECT {casts} FROM ({sql}) AS result) TO '{_quoted(output.directory)}' "
                "(FORMAT parquet, COMPRESSION zstd, PARTITION_BY (day), WRITE_PARTITION_COLUMNS true, "
                "OVERWRITE_OR_IGNORE true, FILENAME_PATTERN 'part-{uuid}', RETURN_STATS true)"
            )
            cursor = connection.execute(copy, bound)
            names = [item[0] for item in cursor.description]
            path, rows = names.index("filename"), names.index("count")
            files = [(Path(row[path]), int(row[rows])) for row in cursor.fetchall()]
        return [DataFile(file, _day_of(file), count, file.stat().st_size) for file, count in files]

    def stage(
        self, sql: str, inputs: Mapping[str, Input], parameters: Mapping[str, object] | None = None
    ) -> Relation:
        """See `Engine.stage`."""
        target = self._scratch / f"{uuid.uuid4().hex}.parquet"
        with self._bound(inputs) as connection:
            connection.execute(
                f"COPY ({sql}) TO '{_quoted(target)}' (FORMAT parquet)", _used(sql, parameters)
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
                    cursor.execute(f'CREATE OR REPLACE TEMP VIEW "{name}" AS {relation_sql(relation)}')
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
