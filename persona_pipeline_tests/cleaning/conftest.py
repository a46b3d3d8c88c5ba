"""A lake of plain Parquet files, enough to run cleaning day by day and as a range."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pytest

from persona_pipeline.cleaning.window import TABLES, clean_window
from persona_pipeline.contracts import Table, clean
from persona_pipeline.engine.duckdb import DuckDBEngine
from persona_pipeline.engine.protocol import Output, Relation, Window
from persona_pipeline.sources.arrival import arrival_rows, arrive, known_arrivals
from persona_pipeline.sources.growing import present
from persona_pipeline.sources.source import Source
from persona_pipeline.sources.split import split_files

START = dt.date(2025, 1, 6)
KEY = b"a secret of the tests"


@dataclass
class Project:
    """A project folder with its sources; `run` does what a night does."""

    directory: Path
    engine: DuckDBEngine
    sources: Mapping[str, Source]
    currency: str = "CNY"
    time_zone: str = "Asia/Shanghai"
    start: dt.date = START
    files: dict[str, list[tuple[dt.date, str]]] = field(default_factory=dict)
    runs: int = 0

    def read(self, table: Table, first: dt.date | None, last: dt.date | None) -> Relation:
        paths = [
            path
            for day, path in self.files.get(table.full_name, [])
            if (first is None or day >= first) and (last is None or day <= last)
        ]
        return Relation(tuple(paths), table)

    def arrive(self, last: dt.date) -> None:
        known = known_arrivals(self.rows(clean.ARRIVAL))
        closed = {day for day, _ in self.files.get("clean.file_ledger", [])}
        found = present(self.sources, self.directory, known)
        new = arrive(self.sources, found, known, closed, start=self.start, last=last)
        if new:
            self.keep(
                "clean.arrival",
                self.engine.select_into(
                    "SELECT * FROM r", {"r": arrival_rows(new)}, self._output(clean.ARRIVAL)
                ),
            )

    def run(self, first: dt.date, last: dt.date | None = None) -> None:
        window = Window(first, last or first)
        self.runs += 1
        self.arrive(window.last)
        written = clean_window(
            self.engine,
            sources=self.sources,
            split=split_files,
            project_directory=self.directory,
            start=self.start,
            currency=self.currency,
            time_zone=self.time_zone,
            key=KEY,
            read=self.read,
            outputs={table.full_name: self._output(table) for table in TABLES},
            window=window,
            split_directory=self.directory / "split",
            run_id=f"run-{self.runs}",
        )
        for name, files in written.items():
            self.keep(name, files)

    def keep(self, name: str, files) -> None:  # noqa: ANN001
        self.files.setdefault(name, []).extend((file.day, str(file.path)) for file in files)

    def _output(self, table: Table) -> Output:
        return Output(table, self.directory / "lake" / table.layer / table.name, 0)

    def rows(self, table: Table) -> pa.Table:
        columns = ", ".join(column.name for column in table.columns if not column.provenance)
        return self.engine.fetch(f"SELECT {columns} FROM t ORDER BY ALL", {"t": self.read(table, None, None)})

    def select(self, sql: str, table: Table) -> list[tuple]:
        rows = self.engine.fetch(sql, {"t": self.read(table, None, None)}).to_pylist()
        return [tuple(row.values()) for row in rows]

    def write(self, path: str, content: str | bytes) -> None:
        file = self.directory / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Callable[..., Project]]:
    """Makes projects, each with an engine and a folder of its own."""
    engines = []

    def make(sources: Mapping[str, Source], **options: object) -> Project:
        directory = tmp_path / f"project-{len(engines)}"
        directory.mkdir()
        engine = DuckDBEngine(directory / "scratch", memory="1GB", threads=1)
        engines.append(engine)
        return Project(directory, engine, sources, **options)  # type: ignore[arg-type]

    yield make
    for engine in engines:
        engine.close()
