"""An engine of two: each call runs embedded and on Spark, is compared, and gives what the embedded one gave.

Here: the protocol of an engine, and which statements were compared. Not here: what runs on it.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

import pyarrow as pa
import pyarrow.parquet as pq
import sqlglot

from persona_pipeline.contracts import Table
from persona_pipeline.contracts.arrow import arrow_schema
from persona_pipeline.engine.duckdb import DuckDBEngine
from persona_pipeline.engine.protocol import DataFile, Derived, EngineError, Input, Output, Relation
from persona_pipeline.engine.spark import SparkEngine
from persona_pipeline_tests.spark.comparing import differences


@dataclass
class Compared:
    """What was compared, and how it went.

    `times`: how often each statement, those with rows apart from those that gave none. `problems`: what
    differs or failed, by statement.
    """

    times: int
    problems: dict[str, list[str]] = field(default_factory=dict)
    counts: Counter[tuple[str, bool]] = field(default_factory=Counter)

    def wants(self, sql: str, rows: int, inputs: Mapping[str, Input] | None = None) -> bool:
        """Whether this one is still to be compared; what is selected within it is compared with it."""
        self.counts[sql, rows > 0] += 1
        for given in (inputs or {}).values():
            if isinstance(given, Derived):
                self.wants(given.sql, rows, given.inputs)
        return self.counts[sql, rows > 0] <= self.times

    @contextmanager
    def told(self, sql: str) -> Iterator[list[str]]:
        """Keep what is found of a statement, also that Spark failed, and go on: one run tells everything."""
        found: list[str] = []
        try:
            yield found
        except EngineError as error:
            found.append(str(error))
        if found:
            self.problems.setdefault(sql, []).extend(found)

    @property
    def with_rows(self) -> set[str]:
        """Statements that gave rows, equal ones."""
        return {sql for sql, filled in self.counts if filled}


class TwinEngine:
    """See the module."""

    def __init__(self, scratch: Path, master: str, compared: Compared) -> None:
        self._stack = ExitStack()
        self._embedded = self._stack.enter_context(DuckDBEngine(scratch, memory="1GB", threads=2))
        self._spark = self._stack.enter_context(SparkEngine(scratch, master=master))
        self._compared = compared
        self._scratch = scratch

    def __enter__(self) -> TwinEngine:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def select_into(
        self,
        sql: str,
        inputs: Mapping[str, Input],
        output: Output,
        parameters: Mapping[str, object] | None = None,
        *,
        day: dt.date | None = None,
    ) -> list[DataFile]:
        """Both write; the files of Spark stand elsewhere."""
        files = self._embedded.select_into(sql, inputs, output, parameters, day=day)
        if self._compared.wants(sql, sum(file.rows for file in files), inputs):
            with self._compared.told(sql) as problems:
                theirs = self._spark.select_into(sql, inputs, self._elsewhere(output), parameters, day=day)
                problems.extend(_of_files(theirs, files, output.table))
        return files

    def stage(
        self, sql: str, inputs: Mapping[str, Input], parameters: Mapping[str, object] | None = None
    ) -> Relation:
        """Both stage."""
        staged = self._embedded.stage(sql, inputs, parameters)
        expected = _table(staged)
        if self._compared.wants(sql, expected.num_rows, inputs):
            with self._compared.told(sql) as problems:
                found = _table(self._spark.stage(sql, inputs, parameters))
                problems.extend(differences(found, expected, ordered=_is_ordered(sql)))
        return staged

    def fetch(
        self, sql: str, inputs: Mapping[str, Input], parameters: Mapping[str, object] | None = None
    ) -> pa.Table:
        """Both fetch."""
        expected = self._embedded.fetch(sql, inputs, parameters)
        if self._compared.wants(sql, expected.num_rows, inputs):
            with self._compared.told(sql) as problems:
                found = self._spark.fetch(sql, inputs, parameters)
                problems.extend(differences(found, expected, ordered=_is_ordered(sql)))
        return expected

    def map_batches(
        self,
        relation: Input,
        function: Callable[[pa.Table], pa.Table],
        output: Output | None = None,
        rows: int = 65_536,
    ) -> list[DataFile] | Relation:
        """Both map."""
        expected = self._embedded.map_batches(relation, function, output, rows)
        name = f"{function.__module__}.{function.__qualname__}"
        filled = expected if isinstance(expected, list) else _table(expected).num_rows
        if self._compared.wants(name, 1 if filled else 0):
            with self._compared.told(name) as problems:
                other = None if output is None else self._elsewhere(output)
                found = self._spark.map_batches(relation, function, other, rows)
                if output and isinstance(found, list) and isinstance(expected, list):
                    problems.extend(_of_files(found, expected, output.table))
                elif isinstance(found, Relation) and isinstance(expected, Relation):
                    problems.extend(differences(_table(found), _table(expected)))
                else:
                    problems.append(f"{type(found)}, expected {type(expected)}")
        return expected

    def _elsewhere(self, output: Output) -> Output:
        return Output(output.table, self._scratch / "of_spark", output.version)


def _of_files(found: list[DataFile], expected: list[DataFile], table: Table) -> list[str]:
    """What differs between the files that two engines wrote."""
    days = {file.day for file in expected}
    if {file.day for file in found} != days:
        return [f"days {sorted({file.day for file in found})}, expected {sorted(days)}"]
    problems = []
    for day in days:
        ours, theirs = _files(found, day), _files(expected, day)
        if ours.schema.types != arrow_schema(table).types:
            problems.append(f"types {ours.schema.types}, expected those of {table.full_name}")
        problems += [f"{day}: {each}" for each in differences(ours, theirs)]
    return problems


def _table(relation: Relation) -> pa.Table:
    return pa.concat_tables([pq.read_table(path, partitioning=None) for path in relation.paths])


def _files(files: list[DataFile], day: dt.date) -> pa.Table:
    own = [file for file in files if file.day == day]
    tables = [pq.read_table(file.path, partitioning=None) for file in own]
    assert [table.num_rows for table in tables] == [file.rows for file in own]
    return pa.concat_tables(tables)


def _is_ordered(sql: str) -> bool:
    return sqlglot.parse_one(sql, dialect="duckdb").args.get("order") is not None
