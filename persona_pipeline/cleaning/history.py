"""Typed records of a history export, made once and kept by month of the day they were known.

Here: the cache beside the lake: what names it, how it appears whole. Not here: how records are typed.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq

from persona_pipeline.cleaning.inputs import DeclaredSource, LedgerError, SplitFile
from persona_pipeline.cleaning.records import COMPLETED, STATEMENT, Business, Typed
from persona_pipeline.engine.protocol import Engine, Relation
from persona_pipeline.engine.sql import sql_text

LAYOUT = "3"  # of the files kept; another number makes them anew


@dataclass(frozen=True, slots=True)
class History:
    """A typed export: its files by month, records by day, and what was noticed of the file."""

    directory: Path
    records: dict[dt.date, int]
    reason: str | None
    note: str | None
    noted: dict[str, int]

    def typed(self, first: dt.date, last: dt.date) -> Typed | None:
        """The months that the days touch; None if there is no record in them."""
        months = sorted({f"{day:%Y-%m}" for day in self.records if first <= day <= last})
        if not months:
            return None
        paths = tuple(str(self.directory / f"records-{month}.parquet") for month in months)
        return Typed(Relation(paths))


def history_name(name: str, source: DeclaredSource, sha256: str, pinned: dt.date, business: Business) -> str:
    """Name of the cache: content, declaration and statement; anything else that changes makes another one."""
    key = hashlib.sha256(b"history|" + business.key).hexdigest()
    told = [LAYOUT, name, source.model_dump_json(), sql_text(STATEMENT[source.kind]), key]
    told += [sql_text(COMPLETED[source.kind])] if source.kind in COMPLETED else []
    told += [str(pinned), str(business.start), business.currency, business.time_zone, str(business.converts)]
    return f"{name}-{sha256[:16]}-{hashlib.sha256('|'.join(told).encode()).hexdigest()[:16]}"


def open_history(directory: Path) -> History | None:
    """The history kept in a folder, if it is there."""
    file = directory / "history.json"
    if not file.is_file():
        return None
    kept = json.loads(file.read_text(encoding="utf-8"))
    records = {dt.date.fromisoformat(day): count for day, count in kept["records"].items()}
    return History(directory, records, kept["reason"], kept["note"], kept["noted"])


def keep_history(engine: Engine, directory: Path, file: SplitFile, make: Callable[[], Typed]) -> History:
    """Type the records once and keep them; the folder appears whole or not at all.

    Raises:
        LedgerError: not as many typed records as the file holds.
    """
    beside = directory.with_name(f"{directory.name}.{os.getpid()}.partial")
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(parents=True, mode=0o700)
    counts: dict[str, int] = {}
    if file.reason is None and file.records:
        typed = make()
        by_day = engine.fetch(
            "SELECT day, count(*) AS records FROM record GROUP BY day ORDER BY day", {"record": typed.records}
        )
        counts = {row["day"].isoformat(): row["records"] for row in by_day.to_pylist()}
        if sum(counts.values()) != file.records:
            raise LedgerError(
                f"{file.path}: {file.records} records were read, but {sum(counts.values())} were typed"
            )
        for month in sorted({day[:7] for day in counts}):
            first = dt.date.fromisoformat(f"{month}-01")
            following = (first + dt.timedelta(days=31)).replace(day=1)
            rows = engine.fetch(
                "SELECT * FROM record WHERE day >= $first AND day < $following",
                {"record": typed.records},
                {"first": first, "following": following},
            )
            pq.write_table(rows, beside / f"records-{month}.parquet", compression="zstd")
    kept = {"records": counts, "reason": file.reason, "note": file.note, "noted": dict(file.noted)}
    (beside / "history.json").write_text(json.dumps(kept), encoding="utf-8")
    shutil.rmtree(directory, ignore_errors=True)
    beside.replace(directory)
    history = open_history(directory)
    if history is None:
        raise LedgerError(f"{directory.name}: the split history vanished while it was written; run again")
    return history
