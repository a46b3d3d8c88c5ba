"""The accounting of every file: rows of file_ledger, ledger_reason and file_column, and that they add up.

Not here: what becomes of a record (the outcome statements).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import pyarrow as pa

from persona_pipeline.cleaning.inputs import LedgerError

OUTCOMES = ("clean", "rejected", "duplicate", "filtered", "suppressed")
Place = tuple[dt.date, str, str, str]  # day, source, path, sha256
FILE_LEDGER = pa.schema(
    [
        ("day", pa.date32()),
        ("source", pa.string()),
        ("path", pa.string()),
        ("sha256", pa.string()),
        ("status", pa.string()),
        ("reason", pa.string()),
        ("records_in", pa.int64()),
        *((outcome, pa.int64()) for outcome in OUTCOMES),
        ("note", pa.string()),
        ("run_id", pa.string()),
    ]
)
LEDGER_REASON = pa.schema(
    [
        ("day", pa.date32()),
        ("source", pa.string()),
        ("path", pa.string()),
        ("sha256", pa.string()),
        ("outcome", pa.string()),
        ("reason", pa.string()),
        ("records", pa.int64()),
    ]
)
FILE_COLUMN = pa.schema(
    [
        ("day", pa.date32()),
        ("source", pa.string()),
        ("path", pa.string()),
        ("sha256", pa.string()),
        ("column_name", pa.string()),
        ("filled", pa.int64()),
    ]
)


@dataclass(slots=True)
class Account:
    """What became of one file on one day."""

    day: dt.date
    source: str
    path: str = ""
    sha256: str = ""
    status: str = "absent"
    reason: str | None = None
    records_in: int = 0
    note: str | None = None
    outcomes: dict[tuple[str, str], int] = field(default_factory=dict)
    columns: Mapping[str, int] = field(default_factory=dict)  # of the file, with the records that fill them

    @property
    def place(self) -> Place:
        """The key of the ledger."""
        return self.day, self.source, self.path, self.sha256

    def total(self, outcome: str) -> int:
        """Records with that outcome, over all reasons."""
        return sum(records for (name, _), records in self.outcomes.items() if name == outcome)

    def check(self) -> None:
        """Raise where the records do not add up.

        Raises:
            LedgerError: with the numbers of the file.
        """
        found = {outcome: self.total(outcome) for outcome in OUTCOMES}
        if sum(found.values()) != self.records_in:
            raise LedgerError(
                f"{self.source}, {self.day}, {self.path or 'no file'}: {self.records_in} records in, but "
                f"{', '.join(f'{name} {count}' for name, count in found.items())}; nothing was committed"
            )


def counted(accounts: Iterable[Account], counts: Iterable[Mapping[str, object]]) -> list[Account]:
    """Accounts with the outcomes that the statements counted; every count must belong to one.

    Raises:
        LedgerError: records of a file that has no account, or a sum that does not hold.
    """
    by_place = {account.place: account for account in accounts}
    for row in counts:
        place = (row["day"], row["source"], row["path"], row["sha256"])
        if place not in by_place:
            raise LedgerError(
                f"records of {row['path']} on {row['day']} belong to no file of the ledger; nothing was "
                "committed"
            )
        outcomes = by_place[place].outcomes  # type: ignore[index]
        reason = (str(row["outcome"]), str(row["reason"]))
        outcomes[reason] = outcomes.get(reason, 0) + int(str(row["records"]))
    for account in by_place.values():
        account.check()
    return sorted(by_place.values(), key=lambda account: account.place)


def ledger_rows(accounts: Iterable[Account], run_id: str) -> pa.Table:
    """Rows of clean.file_ledger."""
    rows = [
        {
            "day": account.day,
            "source": account.source,
            "path": account.path,
            "sha256": account.sha256,
            "status": account.status,
            "reason": account.reason,
            "records_in": account.records_in,
            **{outcome: account.total(outcome) for outcome in OUTCOMES},
            "note": account.note,
            "run_id": run_id,
        }
        for account in accounts
    ]
    return pa.Table.from_pylist(rows, schema=FILE_LEDGER)


def reason_rows(accounts: Iterable[Account]) -> pa.Table:
    """Rows of clean.ledger_reason."""
    rows = [
        dict(zip(LEDGER_REASON.names, (*account.place, outcome, reason, records), strict=True))
        for account in accounts
        for (outcome, reason), records in sorted(account.outcomes.items())
        if records
    ]
    return pa.Table.from_pylist(rows, schema=LEDGER_REASON)


def column_rows(accounts: Iterable[Account]) -> pa.Table:
    """Rows of clean.file_column."""
    rows = [
        dict(zip(FILE_COLUMN.names, (*account.place, name, filled), strict=True))
        for account in accounts
        for name, filled in sorted(account.columns.items())
    ]
    return pa.Table.from_pylist(rows, schema=FILE_COLUMN)
