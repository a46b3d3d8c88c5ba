"""The daily files of a trace: main, late, copied and broken ones, repeated records, and every file's account.

Here: which line stands in which file, in bounded memory. Not here: what a record looks like, nor a fault
(social_files.py, contact_files.py), nor which dirt was chosen (dirt.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

import numpy as np
import pyarrow as pa

from persona_pipeline.demo import csv_text
from persona_pipeline.demo.dirt import DirtPlan
from persona_pipeline.demo.file_rows import FileRows, gathered
from persona_pipeline.demo.ledger import FileAccount
from persona_pipeline.demo.line_files import Inserts, copy_lines, write_lines
from persona_pipeline.demo.plan import Plan
from persona_pipeline.demo.seeds import Stream, generator

REPEATED = 0.0025  # share of records, for each kind of repeat
EXTRA_COLUMN = "operator"
LONGEST_WAIT = 20  # days until a repeat; far below the 35 days in which a record may come again


@dataclass(frozen=True, slots=True)
class TraceFormat:
    """What differs between the traces.

    Attributes:
        source: name of the source, also its folder below data/raw.
        stem: beginning of the file name, before the day.
        extension: end of the file name.
        number: position below `Stream.TRACE_DIRT`.
        dtype: of the rows of codes, one of whose fields is `version`.
        table: rows of codes as text columns.
        lines: one line per row of a table, without its end.
        header: first line of a file for a table; None where files have none.
        junk: a faulty line: reason, a good row, day of the file, number within the day, random numbers.
        breaks_last: the reason of a fault that only the last line of a file can have, without a line end.
    """

    source: str
    stem: str
    extension: str
    number: int
    dtype: np.dtype
    table: Callable[[np.ndarray], pa.Table]
    lines: Callable[[pa.Table], list[bytes]]
    header: Callable[[pa.Table], bytes | None]
    junk: Callable[[str, dict[str, str | None], int, int, np.random.Generator], bytes]
    breaks_last: str | None = None


@dataclass(slots=True)
class TraceFiles:
    """Writes the files of one trace; days must come in order."""

    directory: Path
    plan: Plan
    form: TraceFormat
    dirt: DirtPlan
    accounts: list[FileAccount] = field(default_factory=list)
    _usual: pa.Table = field(init=False)  # no rows in the usual form
    _later: dict[int, list[np.ndarray]] = field(default_factory=dict)
    _resent: dict[int, FileAccount] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Makes the usual form."""
        self._usual = self.form.table(np.zeros(0, dtype=self.form.dtype))

    def write_day(self, day: int, main: FileRows, late: FileRows, once: np.ndarray, corrected: int) -> None:
        """Everything delivered on a day.

        Args:
            day: the day of delivery.
            main: records of the main file, as codes.
            late: records of the late file.
            once: positions in `main` that have no other version, of which repeats are made.
            corrected: rows of `main` that replace a version of an earlier day.
        """
        rng = generator(self.plan.seed, Stream.TRACE_DIRT, self.form.number, 1 + day)
        self._write_main(day, main, once, corrected, rng)
        if late.size:
            account = self._account(day)
            account.records_in = late.size
            tables = map(self.form.table, late.parts())
            self._write(account, "_late", self._usual, map(self.form.lines, tables))
        if day in self._resent:
            self._copy(self._resent.pop(day), day, "_resent", packed=False)
        if day in self.dirt.broken:
            self._write_broken(day, main)

    def _write_main(
        self, day: int, main: FileRows, once: np.ndarray, corrected: int, rng: np.random.Generator
    ) -> None:
        account = self._account(day)
        older, same, again = (main.take(rows) for rows in self._repeats(once, rng))
        older["version"] = 0
        redelivered = self._later.pop(day, [])
        columns = self._columns(day, older.size + main.size, rng, account)
        odd = _selected(self._usual, columns)
        self._keep(day, again, rng)
        # A record comes again in the usual form, so only in a file of the usual form.
        if self.form.header(odd) != self.form.header(self._usual):
            self._later.setdefault(day + 1, []).extend(redelivered)
            redelivered = []
        account.reasons["duplicate", "superseded"] += older.size
        account.reasons["duplicate", "same_content"] += same.size
        account.reasons["duplicate", "redelivered"] += sum(rows.size for rows in redelivered)
        account.noted["corrected"] += corrected
        extra = [same, *redelivered]
        inserts = Inserts(older.size + main.size + sum(rows.size for rows in extra))
        if not inserts.lines:
            return
        end = self._add_faults(day, main, inserts, account, rng)
        account.records_in = len(inserts)
        mark = b""
        if day in self.dirt.byte_order_mark:
            mark = csv_text.BYTE_ORDER_MARK
            account.noted["byte_order_mark"] += 1
        parts = gathered(chain([older], main.parts(), extra), main.rows_at_once)
        texts = (self.form.lines(_selected(self.form.table(rows), columns)) for rows in parts)
        packed = day in self.dirt.packed
        self._write(account, "", odd, inserts.into(texts), packed=packed, begin=mark, end=end)
        suffix = self.dirt.copies.get(day)
        if suffix == "_again":
            # The same bytes in the other packing: the content is what counts.
            self._copy(account, day, suffix, packed=not packed)
        elif suffix == "_resent":
            self._resent[day + 2] = account

    def _account(self, day: int) -> FileAccount:
        return FileAccount(self.form.source, "", self.plan.date(day))

    @staticmethod
    def _repeats(once: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Rows to have an older version before, to come twice, to come again another day; all different."""
        counts = np.minimum(rng.poisson(np.full(3, REPEATED * once.size)), once.size // 4)
        chosen = np.split(rng.permutation(once)[: counts.sum()], np.cumsum(counts)[:-1])
        older, same, again = (np.sort(rows).astype(np.int64) for rows in chosen)
        return older, same, again

    def _keep(self, day: int, rows: np.ndarray, rng: np.random.Generator) -> None:
        """Keeps rows that come again on a later day."""
        waits = rng.integers(1, LONGEST_WAIT + 1, rows.size)
        for wait in np.unique(waits[day + waits < self.plan.days]).tolist():
            self._later.setdefault(day + wait, []).append(rows[waits == wait])

    def _columns(self, day: int, records: int, rng: np.random.Generator, account: FileAccount) -> list[str]:
        """Columns of the day's form: the usual ones, some days in another order, or one more."""
        columns = self._usual.column_names
        if day in self.dirt.reordered:
            columns = [columns[i] for i in rng.permutation(len(columns))]
        if day in self.dirt.extra_column and records:
            columns = [*columns, EXTRA_COLUMN]
            account.noted["unknown_column"] += 1
        return columns

    def _add_faults(
        self, day: int, main: FileRows, inserts: Inserts, account: FileAccount, rng: np.random.Generator
    ) -> bytes:
        """Puts the day's faults between its lines; returns the end of the file."""
        end = b"\n"
        for number, reason in enumerate(self.dirt.faults.get(day, ())):
            good = main.take(np.array([int(rng.integers(main.size))]))
            fault = self.form.junk(reason, self.form.table(good).to_pylist()[0], day, number, rng)
            if reason == self.form.breaks_last and end:
                inserts.add(len(inserts), fault)
                end = b""
            elif reason == self.form.breaks_last:
                continue
            else:
                inserts.add(int(rng.integers(len(inserts) + (1 if end else 0))), fault)
            account.reasons["rejected", reason] += 1
        return end

    def _copy(self, account: FileAccount, day: int, suffix: str, *, packed: bool) -> None:
        """The content of a file that is there, once more."""
        copy = self._account(day)
        copy.status = "duplicate_file"
        copy.records_in = account.records_in
        copy.reasons["duplicate", "duplicate_file"] += account.records_in
        copy_lines(self.directory / account.path, self._path(copy, suffix, packed=packed), packed=packed)
        self.accounts.append(copy)

    def _write(
        self,
        account: FileAccount,
        suffix: str,
        form: pa.Table,
        texts: Iterable[list[bytes]],
        *,
        packed: bool = False,
        begin: bytes = b"",
        end: bytes = b"\n",
    ) -> None:
        head = self.form.header(form)
        parts = chain([] if head is None else [[head]], texts)
        write_lines(self._path(account, suffix, packed=packed), parts, packed=packed, begin=begin, end=end)
        self.accounts.append(account)

    def _path(self, account: FileAccount, suffix: str, *, packed: bool) -> Path:
        """Where a file stands; its account is told."""
        name = f"{self.form.stem}_{account.day}{suffix}{self.form.extension}{'.gz' if packed else ''}"
        account.path = f"data/raw/{self.form.source}/{name}"
        return self.directory / account.path

    def _write_broken(self, day: int, main: FileRows) -> None:
        """A file whose loss costs nothing: its records are those of the day under other numbers."""
        kind = self.dirt.broken[day]
        extra = self.form.table(main.take(np.arange(min(40, main.size))))
        key = extra.column_names[0]
        numbers = pa.array([f"X{day:05d}{row:05d}" for row in range(extra.num_rows)], pa.string())
        extra = extra.set_column(0, key, numbers)
        head = self.form.header(extra)
        content = b"\n".join([*([] if head is None else [head]), *self.form.lines(extra), b""])
        account = self._account(day)
        account.status, account.reason = "rejected_file", kind
        if kind == "gzip_truncated":
            suffix, packed, content = "_broken", ".gz", csv_text.truncated(content)
        elif kind == "gzip_crc":
            suffix, packed, content = "_checksum", ".gz", csv_text.wrong_checksum(content)
        else:
            less = extra.drop_columns([key])
            suffix, packed = "_short", ""
            content = b"\n".join([self.form.header(less) or b"", *self.form.lines(less), b""])
        name = f"{self.form.stem}_{account.day}{suffix}{self.form.extension}{packed}"
        account.path = f"data/raw/{self.form.source}/{name}"
        (self.directory / account.path).write_bytes(content)
        self.accounts.append(account)


def _selected(table: pa.Table, columns: list[str]) -> pa.Table:
    """Columns of a table, and perhaps one that says the same in every row, in the order of `columns`."""
    if EXTRA_COLUMN in columns:
        table = table.append_column(EXTRA_COLUMN, pa.repeat("auto", table.num_rows))
    return table.select(columns)
