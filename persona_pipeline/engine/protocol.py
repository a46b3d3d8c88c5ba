"""What a stage knows of an engine: relations in, contract-typed Parquet files out.

Here: the small protocol and the plain data that crosses it. Not here: any engine (duckdb.py, spark.py).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

import pyarrow as pa

from persona_pipeline.contracts import Column, Table


class EngineError(Exception):
    """A statement that cannot run: a missing column, an unbound parameter, an engine that does not answer."""


@dataclass(frozen=True, slots=True)
class Window:
    """Days from first to last, both included."""

    first: dt.date
    last: dt.date

    def __post_init__(self) -> None:
        if self.first > self.last:
            raise ValueError(f"a window needs first <= last; got {self.first} .. {self.last}")

    def days(self) -> list[dt.date]:
        """Every day, in order."""
        return [self.first + dt.timedelta(days=n) for n in range((self.last - self.first).days + 1)]


@dataclass(frozen=True, slots=True)
class Relation:
    """A table as a list of Parquet files. With a contract, no files means a typed empty table.

    `evolved`: some files were written before the contract got a column, so each file has to be asked what it
    holds.
    """

    paths: tuple[str, ...]
    table: Table | None = None
    evolved: bool = False

    def with_columns(self, columns: Iterable[Column]) -> Relation:
        """The same rows; columns that the contract lacks are there too, empty.

        Raises:
            ValueError: a relation without a contract cannot say which columns it lacks.
        """
        if self.table is None:
            raise ValueError("a relation without a contract cannot get further columns")
        known = set(self.table.column_names)
        lacking = [column.but(nullable=True) for column in columns if column.name not in known]
        if not lacking:
            return self
        return Relation(self.paths, self.table.with_columns(lacking), evolved=True)


@dataclass(frozen=True, slots=True)
class Derived:
    """A SELECT over other inputs, run within each statement that reads it instead of being kept.

    For what is cheap to work out and wide to write. It takes no parameters.
    """

    sql: str
    inputs: Mapping[str, Input]


Input = Relation | Derived | pa.Table


@dataclass(frozen=True, slots=True)
class DataFile:
    """One Parquet file that an engine wrote and no commit names yet."""

    path: Path
    day: dt.date
    rows: int
    size: int


@dataclass(frozen=True, slots=True)
class Output:
    """Where files of a table go before their commit. `version` is what the writer saw; the lake checks it."""

    table: Table
    directory: Path
    version: int


# reads a table of the lake: rows with first <= day <= last; None leaves that side open
ReadWindow = Callable[[Table, dt.date | None, dt.date | None], Relation]


class Engine(Protocol):
    """Runs SELECT statements of the project's dialect (DuckDB's, functions of sql/functions.toml only).

    A context manager: what was staged goes when it closes.
    """

    def __enter__(self) -> Self:
        """The engine itself."""
        ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        ...

    def select_into(
        self,
        sql: str,
        inputs: Mapping[str, Input],
        output: Output,
        parameters: Mapping[str, object] | None = None,
        *,
        day: dt.date | None = None,
    ) -> list[DataFile]:
        """Run `sql` over named inputs, cast to the output's contract by name, write one file per day.

        `day` is the only one that rows have, where the caller knows: they need not be sorted into days, which
        takes as long as writing them. A row of another day is found by the check of the contract.
        """
        ...

    def stage(
        self, sql: str, inputs: Mapping[str, Input], parameters: Mapping[str, object] | None = None
    ) -> Relation:
        """Run `sql` and keep the result as scratch Parquet until the engine closes.

        For steps of several statements.
        """
        ...

    def fetch(
        self, sql: str, inputs: Mapping[str, Input], parameters: Mapping[str, object] | None = None
    ) -> pa.Table:
        """Run `sql` and return the result in memory; for small results and model matrices."""
        ...

    def map_batches(
        self,
        relation: Input,
        function: Callable[[pa.Table], pa.Table],
        output: Output | None = None,
        rows: int = 65_536,
    ) -> list[DataFile] | Relation:
        """Apply `function` to batches of rows; into `output`, or into scratch when there is none."""
        ...


class ModelStore(Protocol):
    """Keeps models as bytes under their SHA-256; never overwrites, checks the hash on every read."""

    def put(self, content: bytes) -> str:
        """Store and return the SHA-256 in hex."""
        ...

    def get(self, sha256: str) -> bytes:
        """Return the bytes of that hash, or raise if they are missing or changed."""
        ...
