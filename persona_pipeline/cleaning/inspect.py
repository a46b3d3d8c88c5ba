"""What a source would bring, without writing anything that stays: for `persona check`.

Here: counts, the first problems by file and line, changes of columns. Not here: values of records; a problem
names a place and shows the shape of a value, never a person.
"""

from __future__ import annotations

import datetime as dt
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq

from persona_pipeline.cleaning.columns_seen import ColumnsSeen, changes
from persona_pipeline.cleaning.gates import COLUMN_DAYS
from persona_pipeline.cleaning.inputs import DeclaredSource, SplitFile, SplitFiles
from persona_pipeline.cleaning.records import Business, typed_records
from persona_pipeline.cleaning.volume import comes_by_weekday
from persona_pipeline.cleaning.web import web_records
from persona_pipeline.engine.protocol import Engine
from persona_pipeline.engine.sql import sql_text

PROBLEMS = 10
SHAPE = 24  # characters of a masked value


@dataclass(frozen=True, slots=True)
class Problem:
    """Where something is wrong. Line 0 speaks of the whole file; `shape` is the value, masked."""

    path: str
    line: int
    reason: str
    field: str | None
    shape: str | None = None


@dataclass(frozen=True, slots=True)
class Inspection:
    """What was read of one source.

    Files, records, records by reason for refusal, the first ten problems and changes of columns.
    """

    source: str
    files: int
    records: int
    rejected: Mapping[str, int]
    problems: tuple[Problem, ...]
    notes: tuple[str, ...]
    drift: tuple[str, ...]


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
    with_header: bool,
    converts: bool = False,
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
        with_header: its files have a header.
        converts: the project has rates; whether there is one for a record is for a run to say.
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
            business = Business(start, currency, time_zone, key, converts)
            make = web_records if source.kind == "web" else typed_records
            typed = make(engine, name, source, read.paths, good, business, last)
            rows = engine.fetch(sql_text("clean/reject_count"), {"record": typed.records}).to_pylist()
            rejected = {row["reason"]: row["records"] for row in rows}
            first = engine.fetch(
                sql_text("clean/reject_first"), {"record": typed.records}, {"most": PROBLEMS}
            ).to_pylist()
            number = {file.path: file.path_no for file, _ in good}
            refused += [
                Problem(**row, shape=_shape(read.paths, number[row["path"]], row["line"], row["field"]))
                for row in first
            ]
    drift = _drift(read.files, days, structural=with_header) if source.known_at == "delivery" else []
    return Inspection(
        name,
        len(deliveries),
        sum(file.records for file in read.files),
        rejected,
        tuple(refused[:PROBLEMS]),
        notes,
        tuple(drift[:PROBLEMS]),
    )


def masked(value: str) -> str:
    """The shape of a value: 9 for a digit, x and X for letters, signs as they are; at most 24 of them."""

    def mask(character: str) -> str:
        if character.isdigit():
            return "9"
        if character.isalpha():
            return "X" if character.isupper() else "x"
        return character if character.isprintable() else "?"

    return "".join(map(mask, value[:SHAPE]))


def _shape(paths: Sequence[str], path_no: int, line: int, field: str | None) -> str | None:
    """The masked value of a field of one split record; None where there is none."""
    for path in paths if field else ():
        if field in pq.read_schema(path).names:
            place = [("path_no", "=", path_no), ("line", "=", line)]
            for value in pq.read_table(path, columns=[field], filters=place).column(field).to_pylist():
                return masked(str(value)) if value is not None else None
    return None


def _drift(files: Sequence[SplitFile], days: Sequence[dt.date], *, structural: bool) -> list[str]:
    """Changes of columns from day to day, as the gate of a publication sees them."""
    seen = [
        ColumnsSeen(day, file.path, file.records, file.columns)
        for file, day in zip(files, days, strict=True)
        if file.columns
    ]
    brought = Counter[dt.date]()
    for each in seen:
        brought[each.day] += each.records
    found = []
    for day in sorted(brought):
        before = [each for each in seen if dt.timedelta(0) < day - each.day <= dt.timedelta(days=COLUMN_DAYS)]
        now = [each for each in seen if each.day == day]
        steady = comes_by_weekday(day, brought)
        found += [f"{day}: {text}" for text in changes(before, now, structural=structural, steady=steady)]
    return found
