"""Decides on which day each file content was known.

The decision goes into clean.arrival and is never changed.

Pure: the result depends on the files found, the arrivals already known and the days already closed, in
any order.
Not here: reading files.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

import pyarrow as pa

from persona_pipeline.sources.failure import SourceError
from persona_pipeline.sources.files import Found
from persona_pipeline.sources.fingerprint import Fingerprint
from persona_pipeline.sources.source import STATES, Source

SCHEMA = pa.schema(
    [
        ("day", pa.date32()),
        ("source", pa.string()),
        ("path", pa.string()),
        ("sha256", pa.string()),
        ("bytes", pa.int64()),
        ("known_at", pa.string()),
        ("through", pa.date32()),
        ("duplicate_of", pa.string()),
        ("first_line", pa.int64()),
    ]
)


@dataclass(frozen=True, slots=True)
class Arrival:
    """One row of clean.arrival."""

    day: dt.date
    source: str
    path: str
    sha256: str
    bytes: int
    known_at: str
    through: dt.date | None = None
    duplicate_of: str | None = None
    first_line: int | None = 1


def arrive(
    sources: Mapping[str, Source],
    found: Iterable[tuple[Found, Fingerprint]],
    known: Iterable[Arrival],
    closed: Collection[dt.date],
    *,
    start: dt.date,
    last: dt.date,
) -> list[Arrival]:
    """The arrivals that are new, decided for days up to `last`.

    Args:
        sources: the sources by name.
        found: the files there are, with their fingerprints.
        known: the arrivals already decided.
        closed: days whose ledger is committed.
        start: the first day of the project; earlier days of paths count as this day.
        last: last day of the run; files of later days are left for their own run.

    Raises:
        SourceError: a history export changed.
    """
    known = list(known)
    new: list[Arrival] = []
    by_source: dict[str, list[tuple[Found, Fingerprint]]] = {}
    for each, mark in found:
        by_source.setdefault(each.source, []).append((each, mark))
    for name in sorted(by_source):
        old = [arrival for arrival in known if arrival.source == name]
        if sources[name].known_at == "event":
            new += _export(name, sources[name], by_source[name], old, next_open_day(closed, start), last)
        else:
            new += _deliveries(name, sources[name], by_source[name], old, closed, start, last)
    return new


def arrival_rows(arrivals: Iterable[Arrival]) -> pa.Table:
    """Arrivals as rows of clean.arrival."""
    return pa.Table.from_pylist(
        [{field: getattr(arrival, field) for field in SCHEMA.names} for arrival in arrivals], schema=SCHEMA
    )


def known_arrivals(table: pa.Table) -> list[Arrival]:
    """Rows of clean.arrival as arrivals."""
    return [Arrival(**row) for row in table.select(SCHEMA.names).to_pylist()]


def next_open_day(closed: Collection[dt.date], start: dt.date) -> dt.date:
    """The day after the last closed one; the start of the project while none is closed."""
    return max([start, *(day + dt.timedelta(days=1) for day in closed)])


def _export(
    name: str,
    source: Source,
    found: list[tuple[Found, Fingerprint]],
    old: list[Arrival],
    open_day: dt.date,
    last: dt.date,
) -> list[Arrival]:
    """A history export is pinned on the first open day: nobody knew its records on the days before."""
    (each, mark), *_ = found
    if not old:
        pinned = Arrival(open_day, name, each.path, mark.sha256, mark.size, "event", source.through)
        return [pinned] if open_day <= last else []
    if (old[0].sha256, old[0].through) != (mark.sha256, source.through):
        raise SourceError(
            f"source {name}: the history export {each.path} is pinned to content "
            f"{old[0].sha256[:12]} through {old[0].through}, but now is "
            f"{mark.sha256[:12]} through {source.through}; put the old file "
            "back and deliver what is new as daily files or under another [sources.NAME], or start a "
            "new project folder"
        )
    return []


def _deliveries(
    name: str,
    source: Source,
    found: list[tuple[Found, Fingerprint]],
    old: list[Arrival],
    closed: Collection[dt.date],
    start: dt.date,
    last: dt.date,
) -> list[Arrival]:
    have = {(arrival.path, arrival.sha256) for arrival in old}
    open_day = next_open_day(closed, start)
    fresh, grown = [], []
    for each, mark in found:
        if (each.path, mark.sha256) in have:
            continue
        wanted = max(each.path_day, start) if each.path_day else open_day
        day = open_day if wanted in closed else wanted
        if day <= last and source.growing:  # how a file was cut says nothing of its records
            grown.append(
                Arrival(day, name, each.path, mark.sha256, mark.size, "delivery", first_line=each.first_line)
            )
        elif day <= last:
            fresh.append((day, each.path, mark))
    result = grown
    first = {arrival.sha256: arrival.path for arrival in old if arrival.duplicate_of is None}
    newest = max(old, key=lambda arrival: (arrival.day, arrival.path), default=None)
    previous = newest.sha256 if newest else None
    for day, path, mark in sorted(fresh, key=lambda item: item[:2]):
        # the state of customers and products may come back to an earlier one; only a repeat of the
        # newest adds nothing
        repeats = mark.sha256 == previous if source.kind in STATES else mark.sha256 in first
        header = 1 if source.format == "csv" else 0
        duplicate_of = first.get(mark.sha256) if repeats and mark.lines > header else None
        first.setdefault(mark.sha256, path)
        previous = mark.sha256
        result.append(Arrival(day, name, path, mark.sha256, mark.size, "delivery", None, duplicate_of))
    return result
