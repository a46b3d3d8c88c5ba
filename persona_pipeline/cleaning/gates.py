"""The gates of a publication: what of a day is so unlike what is known that a person should look first.

Here: the decision, a pure function of the ledgers up to that day. Not here: reading the ledgers and holding
the publication (defs).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from persona_pipeline.cleaning.columns_seen import ColumnsSeen, changes
from persona_pipeline.cleaning.ledger import OUTCOMES
from persona_pipeline.cleaning.volume import comes_by_weekday, unusual_volume

LEDGER, KEY, CURRENCY, REJECTS, VOLUME, DRIFT = GATES = (
    "ledger_balance",
    "duplicate_key",
    "unknown_currency",
    "reject_share",
    "volume",
    "schema_drift",
)
ALWAYS = (LEDGER, KEY)  # no configuration takes these back: the tables themselves would be wrong
HISTORY_DAYS = 28
COLUMN_DAYS = 35  # so that a file that comes once a month has one before it
REJECT_SHARE = 0.01
SMALLEST = 1_000  # records over which a share of rejects is evidence: 1 % of fewer is under ten records


@dataclass(frozen=True, slots=True)
class Finding:
    """What one gate found of one source or table on one day; without `holds` it is only worth knowing."""

    gate: str
    source: str
    day: dt.date
    found: str
    expected: str
    advice: str
    holds: bool = True

    def __str__(self) -> str:
        return f"{self.source}, {self.day}: found {self.found}, expected {self.expected}; {self.advice}"


@dataclass(frozen=True, slots=True)
class Known:
    """What the ledgers say, up to and including the day that is judged; the order of rows does not matter.

    Attributes:
        first: the first day on which each source brought a file.
        brought: by source, records of each day from 28 days before; a day without any may be left out.
        files: rows of clean.file_ledger of the day.
        foreign: by source, records of the day that were rejected as `unknown_currency`.
        repeated: by table, rows of the day whose key stands there already.
        columns: by source, the columns of its files from 35 days before.
        columns_since: the first day whose columns were noted; None: no day yet.
    """

    first: Mapping[str, dt.date] = field(default_factory=dict)
    brought: Mapping[str, Mapping[dt.date, int]] = field(default_factory=dict)
    files: Sequence[Mapping[str, object]] = ()
    foreign: Mapping[str, int] = field(default_factory=dict)
    repeated: Mapping[str, int] = field(default_factory=dict)
    columns: Mapping[str, Sequence[ColumnsSeen]] = field(default_factory=dict)
    columns_since: dt.date | None = None


def findings(
    day: dt.date, known: Known, *, headers: Iterable[str], delivered: Iterable[str]
) -> list[Finding]:
    """What the gates find of a day, the gravest first.

    Args:
        day: the day to be published.
        known: the ledgers up to it.
        headers: sources whose files have a header, so that the set of columns is fixed.
        delivered: sources whose files come day by day; a history export is one content, pinned by its hash.

    Returns:
        Findings in the order of `GATES`, then by source. Equal for equal ledgers, whenever it is asked.
    """
    with_header = set(headers)
    found = [*_unbalanced(day, known), *_repeated(day, known), *_foreign(day, known), *_rejects(day, known)]
    old = sorted(
        name
        for name in delivered
        if name in known.first and _days_since(known.first[name], day) >= HISTORY_DAYS
    )
    found += [each for name in old for each in _volume(day, name, known.brought.get(name, {}))]
    if known.columns_since is not None and _days_since(known.columns_since, day) >= HISTORY_DAYS:
        found += [
            each
            for name in old
            for each in _drift(
                day,
                name,
                known.columns.get(name, ()),
                structural=name in with_header,
                steady=comes_by_weekday(day, known.brought.get(name, {})),
            )
        ]
    return found


def _days_since(first: dt.date, day: dt.date) -> int:
    return (day - first).days


def _unbalanced(day: dt.date, known: Known) -> list[Finding]:
    wrong = [
        row for row in known.files if _number(row, "records_in") != sum(_number(row, o) for o in OUTCOMES)
    ]
    return [
        Finding(
            LEDGER,
            f"source {name}",
            day,
            f"{sum(row['source'] == name for row in wrong)} files whose records do not add up",
            "records_in = clean + rejected + duplicate + filtered + suppressed",
            f"run the day again: persona run --day {day}",
        )
        for name in _names(wrong)
    ]


def _repeated(day: dt.date, known: Known) -> list[Finding]:
    return [
        Finding(
            KEY,
            f"table {name}",
            day,
            f"{rows:,} rows whose key stands there already",
            "every key once",
            f"run the day again: persona run --day {day}",
        )
        for name, rows in sorted(known.repeated.items())
        if rows
    ]


def _foreign(day: dt.date, known: Known) -> list[Finding]:
    return [
        Finding(
            CURRENCY,
            f"source {name}",
            day,
            f"{records:,} records in an unknown currency",
            "none",
            "they were rejected; look at clean.reject",
        )
        for name, records in sorted(known.foreign.items())
        if records
    ]


def _rejects(day: dt.date, known: Known) -> list[Finding]:
    found = []
    for name in _names(known.files):
        rows = [row for row in known.files if row["source"] == name]
        records, rejected = (
            sum(_number(row, column) for row in rows) for column in ("records_in", "rejected")
        )
        holds = records >= SMALLEST and rejected > REJECT_SHARE * records
        refused = sum(row["status"] == "rejected_file" for row in rows)
        some = any(_number(row, "rejected") > REJECT_SHARE * _number(row, "records_in") for row in rows)
        if not (holds or refused or some):
            continue
        came = f"{rejected:,} of {records:,} records rejected" + (
            f" and {refused} files refused" if refused else ""
        )
        wanted = f"at most {REJECT_SHARE:.0%} of the records of a file"
        found.append(
            Finding(REJECTS, f"source {name}", day, came, wanted, "look at clean.reject", holds=holds)
        )
    return found


def _volume(day: dt.date, name: str, brought: Mapping[dt.date, int]) -> list[Finding]:
    unusual = unusual_volume(day, brought)
    if unusual is None:
        return []
    least, usual, most = unusual
    return [
        Finding(
            VOLUME,
            f"source {name}",
            day,
            f"{brought.get(day, 0):,} records",
            f"{least:,} to {most:,} (the median of four {day:%A}s is {usual:,.0f})",
            "look whether files of that day are missing, cut short or came twice",
        )
    ]


def _drift(
    day: dt.date, name: str, files: Sequence[ColumnsSeen], *, structural: bool, steady: bool
) -> list[Finding]:
    before = [each for each in files if each.day < day]
    now = [each for each in files if each.day == day]
    changed = changes(before, now, structural=structural, steady=steady)
    if not changed:
        return []
    more = f" and {len(changed) - 3} more changes" if len(changed) > 3 else ""
    return [
        Finding(
            DRIFT,
            f"source {name}",
            day,
            "; ".join(changed[:3]) + more,
            f"the columns of the {COLUMN_DAYS} days before",
            "ask who delivers the files, and correct [sources] columns if it is meant",
        )
    ]


def _names(rows: Iterable[Mapping[str, object]]) -> list[str]:
    return sorted({str(row["source"]) for row in rows})


def _number(row: Mapping[str, object], column: str) -> int:
    return int(str(row[column]))
