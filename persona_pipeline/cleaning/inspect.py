"""What a source would bring, without writing anything that stays: for `persona check`.

Here: counts and the first problems, by file and line. Not here: values of records; a problem names a
place, never a person.
"""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from persona_pipeline.cleaning.inputs import DeclaredSource, SplitFiles
from persona_pipeline.cleaning.records import Business, typed_records
from persona_pipeline.cleaning.web import web_records
from persona_pipeline.engine.protocol import Engine
from persona_pipeline.engine.sql import sql_text

PROBLEMS = 10


@dataclass(frozen=True, slots=True)
class Problem:
    """Where something is wrong. Line 0 speaks of the whole file."""

    path: str
    line: int
    reason: str
    field: str | None


@dataclass(frozen=True, slots=True)
class Inspection:
    """What was read of one source.

    Files, records, records by reason for refusal, and the first ten problems.
    """

    source: str
    files: int
    records: int
    rejected: Mapping[str, int]
    problems: tuple[Problem, ...]
    notes: tuple[str, ...]


def inspect(
    engine: Engine,
    name: str,
    source: DeclaredSource,
    deliveries: Sequence[tuple[str, str, dt.date]],
    *,
    split: SplitFiles,
    project_directory: Path,
    start: dt.date,
    currency: str,
    time_zone: str,
    key: bytes,
) -> Inspection:
    """Read files of one source and say what would be refused. Repeats and corrections are not looked for.

    Args:
        engine: runs the statements.
        name: name of the source.
        source: its declaration.
        deliveries: (path, sha256, day known) of the files to read.
        split: `sources.split.split_files`.
        project_directory: the project folder.
        start: first day of the project.
        currency: the project's currency.
        time_zone: the business time zone.
        key: secret of the pseudonyms.
    """
    with tempfile.TemporaryDirectory(prefix="persona-check-") as scratch:
        read = split(
            name,
            source,
            [(path, sha256) for path, sha256, _ in deliveries],
            project_directory=project_directory,
            key=key,
            directory=Path(scratch),
            engine=engine,
        )
        days = [day for _, _, day in deliveries]
        good = [
            (file, day)
            for file, day in zip(read.files, days, strict=True)
            if file.reason is None and file.records
        ]
        refused = [Problem(file.path, 0, file.reason, None) for file in read.files if file.reason is not None]
        notes = tuple(f"{file.path}: {file.note}" for file in read.files if file.note)
        rejected: dict[str, int] = {}
        if good:
            last = max(*days, source.through or start, start)
            business = Business(start, currency, time_zone, key)
            make = web_records if source.kind == "web" else typed_records
            typed = make(engine, name, source, read.paths, good, business, last)
            rows = engine.fetch(sql_text("clean/reject_count"), {"record": typed.records}).to_pylist()
            rejected = {row["reason"]: row["records"] for row in rows}
            first = engine.fetch(
                sql_text("clean/reject_first"), {"record": typed.records}, {"most": PROBLEMS}
            ).to_pylist()
            refused += [Problem(row["path"], row["line"], row["reason"], row["field"]) for row in first]
    return Inspection(
        name,
        len(deliveries),
        sum(file.records for file in read.files),
        rejected,
        tuple(refused[:PROBLEMS]),
        notes,
    )
