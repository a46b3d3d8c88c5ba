"""Delta tables: read a window of days, replace days in one commit.

Here: the Delta log (delta-rs), file lists, commits with an app transaction per day. Not here: reading or
writing Parquet (an engine does that) and validation (contracts).
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from urllib.parse import unquote, urlparse

import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, Schema, Transaction
from deltalake.exceptions import CommitFailedError, TableNotFoundError
from deltalake.transaction import AddAction, RemoveAction

from persona_pipeline.contracts import Table
from persona_pipeline.contracts.arrow import ARROW_TYPES
from persona_pipeline.engine.protocol import DataFile, Engine, Output, Relation
from persona_pipeline.lake.months import Months
from persona_pipeline.lake.transactions import TransactionLog

_ATTEMPTS = 20
_EVOLVED = "persona.evolved"  # set once columns were added: older files lack them


class StaleWriter(Exception):
    """Another writer replaced the same day after this one had read; nothing was written."""


class DeltaLake:
    """The tables of one project below one folder, `layer/name` each, partitioned by `day`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._tables: dict[Path, DeltaTable] = {}  # opening reads the whole log; catching up is 20 x cheaper
        self._transactions: dict[Path, TransactionLog] = {}

    def read(self, table: Table, first: dt.date | None, last: dt.date | None) -> Relation:
        """The files of the rows with first <= day <= last; `None` leaves that side open. A `ReadWindow`."""
        delta = self._open(table)
        if delta is None:
            return Relation((), table)
        bounds = [("day", ">=", first.isoformat())] if first else []
        bounds += [("day", "<=", last.isoformat())] if last else []
        files = _files(delta, bounds)
        present = {field.name for field in delta.schema().fields}  # a new column comes with the next write
        flagged = delta.metadata().configuration.get(_EVOLVED) == "true"
        evolved = flagged or not present.issuperset(table.column_names)
        return Relation(tuple(Months(self._path(table)).shorten(files)), table, evolved)

    def output(self, table: Table) -> Output:
        """Where a writer puts files of this table. What others commit from now on, it has not seen."""
        delta = self._open(table)
        if delta is None:
            delta = self._tables[self._path(table)] = DeltaTable.create(
                self._path(table),
                schema=pa.schema(
                    [pa.field(c.name, ARROW_TYPES[c.type], nullable=c.name != "day") for c in table.columns]
                ),
                mode="ignore",
                partition_by=["day"],
                name=table.full_name,
                description=table.description,
            )
        present = {field.name for field in delta.schema().fields}
        new = [column for column in table.columns if column.name not in present]
        if new:
            schema = Schema.from_arrow(pa.schema([pa.field(c.name, ARROW_TYPES[c.type]) for c in new]))
            delta.alter.set_table_properties({_EVOLVED: "true"}, raise_if_not_exists=False)
            delta.alter.add_columns(schema.fields)
        return Output(table, self._path(table), delta.version())

    def replace(self, output: Output, days: Iterable[dt.date], files: Sequence[DataFile]) -> None:
        """Replace the rows of `days` with those of `files`, in one commit.

        Raises:
            ValueError: a file of a day that is not replaced.
            StaleWriter: somebody committed one of the days since `output` was opened.
        """
        wanted = sorted(set(days))
        outside = sorted({file.day for file in files} - set(wanted))
        if outside:
            raise ValueError(f"{output.table.full_name}: rows for days outside the window: {outside[:5]}")
        if not wanted:
            return
        seen = self._tables.get(output.directory)
        if seen is None or seen.version() != output.version:
            seen = DeltaTable(output.directory, version=output.version)
        before = self._versions(output.directory, output.table, output.version, wanted)
        for _ in range(_ATTEMPTS):
            try:
                _commit(seen, output, before, files)
            except CommitFailedError:
                # delta-rs refuses on any concurrent delete; only one of our own days makes this writer stale
                seen = DeltaTable(output.directory)
                if self._versions(output.directory, output.table, seen.version(), wanted) != before:
                    break
            else:
                return
        raise StaleWriter(
            f"{output.table.full_name}: another run replaced {wanted[0]} .. {wanted[-1]} meanwhile; "
            "nothing was written. Run it again."
        )

    def days(self, table: Table) -> list[dt.date]:
        """The days that have rows, in order."""
        delta = self._open(table)
        return (
            []
            if delta is None
            else sorted({dt.date.fromisoformat(str(part["day"])) for part in delta.partitions()})
        )

    def versions(self, table: Table, days: Iterable[dt.date]) -> dict[dt.date, int]:
        """How often each of `days` was replaced; a day that was never written is absent."""
        delta = self._open(table)
        if delta is None:
            return {}
        found = self._versions(self._path(table), table, delta.version(), days)
        return {day: version for day, version in found.items() if version}

    def compact(self, engine: Engine, table: Table, before: dt.date) -> int:
        """Copy the months that are over before a day into one file each, for readers; returns how many."""
        delta = self._open(table)
        if delta is None:
            return 0
        months, written = Months(self._path(table)), 0
        evolved = self.read(table, None, None).evolved
        for files, copy in months.lacking(_files(delta), before):
            output = Output(table, months.folder, delta.version())
            days = Relation(tuple(files), table, evolved)
            # a day is named to get one file, whatever days the rows have; the file gets its own name below
            (file,) = engine.select_into("SELECT * FROM month", {"month": days}, output, day=before)
            file.path.replace(copy)
            with contextlib.suppress(OSError):  # what a killed run left lies there still
                file.path.parent.rmdir()
            written += 1
        return written

    def vacuum(self, table: Table, now: float, *, hours: int = 24) -> int:
        """Delete files that no commit of the last `hours` refers to; returns how many.

        Args:
            table: whose files.
            now: seconds since 1970.
            hours: how long a reader may be at work on what was replaced.
        """
        delta = self._open(table)
        if delta is None:
            return 0
        stale = Months(self._path(table)).drop_stale(_files(delta), now - hours * 3600)
        # full: without it only files that a commit took out go, and not those of a run that was killed
        gone = delta.vacuum(retention_hours=hours, dry_run=False, enforce_retention_duration=False, full=True)
        return stale + len(gone)

    def _versions(
        self, path: Path, table: Table, version: int, days: Iterable[dt.date]
    ) -> dict[dt.date, int]:
        """How often each day was replaced up to a version of the table; 0: never."""
        known = self._transactions.setdefault(path, TransactionLog(path)).at(version)
        return {day: known.get(_app_id(table, day), 0) for day in days}

    def _path(self, table: Table) -> Path:
        return self.root / table.layer / table.name

    def _open(self, table: Table) -> DeltaTable | None:
        path = self._path(table)
        if not (path / "_delta_log").is_dir():
            self._tables.pop(path, None)
            self._transactions.pop(path, None)
            return None
        known = self._tables.get(path)
        try:
            if known is None:
                known = self._tables[path] = DeltaTable(path)
            else:
                known.update_incremental()
        except TableNotFoundError:
            return None
        return known


def _commit(
    delta: DeltaTable, output: Output, before: Mapping[dt.date, int], files: Sequence[DataFile]
) -> None:
    """One Delta commit that swaps the days in.

    Minimum and maximum statistics stay out: they would copy personal values.
    """
    actions: list[AddAction | RemoveAction] = [
        AddAction(
            path=file.path.relative_to(output.directory).as_posix(),
            size=file.size,
            partition_values={"day": file.day.isoformat()},
            modification_time=int(file.path.stat().st_mtime * 1000),
            data_change=True,
            stats=json.dumps({"numRecords": file.rows}),
        )
        for file in files
    ]
    transactions = [Transaction(_app_id(output.table, day), version + 1) for day, version in before.items()]
    delta.create_write_transaction(
        actions=actions,
        mode="overwrite",
        schema=delta.schema(),
        partition_by=["day"],
        partition_filters=[("day", "in", [day.isoformat() for day in before])],
        commit_properties=CommitProperties(app_transactions=transactions, max_commit_retries=0),
    )


def _app_id(table: Table, day: dt.date) -> str:
    return f"{table.full_name}/{day.isoformat()}"


def _files(delta: DeltaTable, bounds: list[tuple[str, str, str]] | None = None) -> list[str]:
    """The files of the days within bounds, as paths."""
    return [_local(uri) for uri in delta.file_uris(file_pruning_predicate=bounds or None)]


def _local(uri: str) -> str:
    """A file URI as the path that engines open."""
    return unquote(urlparse(uri).path) if uri.startswith("file:") else uri
