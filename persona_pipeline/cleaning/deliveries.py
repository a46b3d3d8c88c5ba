"""Which records a window of days brings.

The deliveries and exports that clean.arrival names, split and typed.

Not here: how a record is judged (records.py) and compared with others (window.py).
"""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from persona_pipeline.cleaning.history import History, history_name, keep_history, open_history
from persona_pipeline.cleaning.inputs import DeclaredSource, SplitFiles
from persona_pipeline.cleaning.ledger import Account
from persona_pipeline.cleaning.records import Business, Typed, typed_records
from persona_pipeline.cleaning.web import web_records
from persona_pipeline.engine.protocol import Engine, Window


@dataclass(frozen=True, slots=True)
class Delivered:
    """What one source brings in a window: typed records, and one account for each file and day."""

    typed: list[Typed]
    accounts: list[Account]


@dataclass(frozen=True, slots=True)
class Reading:
    """Everything needed to read the files of any source.

    `closed`: the sources that the ledger of a closed day names; it stays silent of one that joined later.
    """

    engine: Engine
    split: SplitFiles
    project_directory: Path
    directory: Path
    business: Business
    window: Window
    closed: Mapping[dt.date, Collection[str]]


def delivered(
    reading: Reading, name: str, source: DeclaredSource, arrivals: Sequence[Mapping[str, object]]
) -> Delivered:
    """Read what a source brings in the window.

    Args:
        reading: engine, folders, window.
        name: name of the source.
        source: its declaration.
        arrivals: its rows of clean.arrival with day <= the window's last day.
    """
    window = reading.window
    if source.known_at == "event":
        typed, accounts = _export(reading, name, source, arrivals)
    else:
        now = [row for row in arrivals if _day(row) >= window.first]
        with _scratch(reading.directory) as scratch:
            typed, accounts = _files(reading, scratch, name, source, now) if now else ([], [])
    present = {account.day for account in accounts}
    accounts += [
        Account(day, name)
        for day in window.days()
        if day not in present and name in reading.closed.get(day, (name,))
    ]
    return Delivered(typed, accounts)


@contextmanager
def _scratch(directory: Path) -> Iterator[Path]:
    """A folder for split text; it holds personal data in clear and goes as soon as the records are typed."""
    directory.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="split-", dir=directory) as scratch:
        yield Path(scratch)


def _files(
    reading: Reading, scratch: Path, name: str, source: DeclaredSource, rows: Sequence[Mapping[str, object]]
) -> tuple[list[Typed], list[Account]]:
    rows = sorted(rows, key=lambda row: (_day(row), str(row["path"]), str(row["sha256"])))
    repeats = [number for number, row in enumerate(rows) if row["duplicate_of"] is not None]
    split = reading.split(
        name,
        source,
        [(str(row["path"]), str(row["sha256"])) for row in rows],
        project_directory=reading.project_directory,
        key=reading.business.key,
        directory=scratch,
        engine=reading.engine,
        count_only=repeats,
        first_lines=[int(str(row["first_line"] or 1)) for row in rows],
    )
    accounts, loaded = [], []
    for file, row in zip(split.files, rows, strict=True):
        account = Account(
            _day(row), name, file.path, file.sha256, "loaded", file.reason, file.records, file.note
        )
        account.outcomes.update({("noted", reason): count for reason, count in file.noted.items()})
        account.columns = file.columns
        if file.reason is not None:
            account.status, account.records_in = "rejected_file", 0
        elif row["duplicate_of"] is not None:
            account.status = "duplicate_file"
            account.note = "; ".join(
                [f"same content as {row['duplicate_of']}", *([file.note] if file.note else [])]
            )
            account.outcomes["duplicate", "duplicate_file"] = file.records
        else:
            loaded.append((file, _day(row)))
        accounts.append(account)
    if not any(file.records for file, _ in loaded):
        return [], accounts
    last = reading.window.last
    typed = web_records if source.kind == "web" else typed_records
    return [typed(reading.engine, name, source, split.paths, loaded, reading.business, last)], accounts


def _export(
    reading: Reading, name: str, source: DeclaredSource, rows: Sequence[Mapping[str, object]]
) -> tuple[list[Typed], list[Account]]:
    if not rows:
        return [], []
    (row,) = rows
    path, sha256, pinned = str(row["path"]), str(row["sha256"]), _day(row)
    history = _history(reading, name, source, path, sha256, pinned)
    through = max(source.through or pinned, pinned)
    accounts = []
    for day in reading.window.days():
        if not pinned <= day <= through:
            continue
        account = Account(day, name, path, sha256, "loaded", None, history.records.get(day, 0))
        if history.reason is not None:
            account.status, account.reason = "rejected_file", history.reason
        if day == pinned:
            joined = f"joined on {pinned}: what happened before is known from this day on"
            notes = [joined if pinned > reading.business.start else None, history.note]
            account.note = "; ".join(note for note in notes if note) or None
            account.outcomes.update({("noted", reason): count for reason, count in history.noted.items()})
        accounts.append(account)
    typed = history.typed(reading.window.first, reading.window.last)
    return ([typed] if typed else []), accounts


def _history(
    reading: Reading, name: str, source: DeclaredSource, path: str, sha256: str, pinned: dt.date
) -> History:
    directory = reading.directory / "history" / history_name(name, source, sha256, pinned, reading.business)
    kept = open_history(directory)
    if kept is not None:
        return kept
    with _scratch(reading.directory) as scratch:
        return _split_history(reading, scratch, directory, name, source, path, sha256, pinned)


def _split_history(
    reading: Reading,
    scratch: Path,
    directory: Path,
    name: str,
    source: DeclaredSource,
    path: str,
    sha256: str,
    pinned: dt.date,
) -> History:
    split = reading.split(
        name,
        source,
        [(path, sha256)],
        project_directory=reading.project_directory,
        key=reading.business.key,
        directory=scratch,
        engine=reading.engine,
    )
    (file,) = split.files
    last = max(source.through or pinned, pinned)

    def make() -> Typed:
        return typed_records(
            reading.engine, name, source, split.paths, [(file, pinned)], reading.business, last
        )

    return keep_history(reading.engine, directory, file, make)


def _day(row: Mapping[str, object]) -> dt.date:
    day = row["day"]
    if not isinstance(day, dt.date):
        raise TypeError(f"clean.arrival holds {type(day).__name__} as day, expected a date")
    return day
