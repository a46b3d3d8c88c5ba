"""The daily files of a trace: main, late, copied and broken ones, repeated records, and every file's account.

Here: which line stands in which file. Not here: what a record looks like, nor a fault (social_files.py,
contact_files.py), nor which dirt was chosen (dirt.py).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa

from persona_pipeline.demo import csv_text
from persona_pipeline.demo.dirt import DirtPlan
from persona_pipeline.demo.ledger import FileAccount
from persona_pipeline.demo.plan import Plan
from persona_pipeline.demo.seeds import Stream, generator

REPEATED = 0.0025  # share of records, for each kind of repeat
LONGEST_WAIT = 20  # days until a repeat; far below the 35 days in which a record may come again


@dataclass(frozen=True, slots=True)
class TraceFormat:
    """What differs between the traces.

    Attributes:
        source: name of the source, also its folder below data/raw.
        stem: beginning of the file name, before the day.
        extension: end of the file name.
        number: position below `Stream.TRACE_DIRT`.
        lines: one line per row of a table, without its end.
        header: first line of a file for a table; None where files have none.
        older: the same rows as an earlier version, which the same file brings first.
        junk: a faulty line: reason, a good row, day of the file, number within the day, random numbers.
        breaks_last: the reason of a fault that only the last line of a file can have, without a line end.
    """

    source: str
    stem: str
    extension: str
    number: int
    lines: Callable[[pa.Table], list[bytes]]
    header: Callable[[pa.Table], bytes | None]
    older: Callable[[pa.Table], pa.Table]
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
    _later: dict[int, list[bytes]] = field(default_factory=dict)
    _resent: dict[int, list[tuple[int, bytes]]] = field(default_factory=dict)

    def write_day(
        self, day: int, main: pa.Table, late: pa.Table | None, once: np.ndarray, corrected: int
    ) -> None:
        """Everything delivered on a day.

        Args:
            day: the day of delivery.
            main: records of the main file, all columns text.
            late: records of the late file, if there are any.
            once: rows of `main` that have no other version, of which repeats are made.
            corrected: rows of `main` that replace a version of an earlier day.
        """
        rng = generator(self.plan.seed, Stream.TRACE_DIRT, self.form.number, 1 + day)
        account = self._account(day)
        older, same, again = self._repeats(once, rng)
        redelivered = self._later.pop(day, [])
        table = main
        if older.size:
            table = pa.concat_tables([self.form.older(main.take(pa.array(older))), main]).combine_chunks()
        rows, head = self._odd(day, table, rng, account)
        # The rows of `main` come after the older ones.
        rows += [rows[older.size + row] for row in same]
        self._keep(day, main.take(pa.array(again)), rng)
        # Repeats are kept in the usual form, so they stand only in files of the usual form.
        if head != self.form.header(main):
            self._later.setdefault(day + 1, []).extend(redelivered)
            redelivered = []
        rows += redelivered
        account.reasons["duplicate", "superseded"] += older.size
        account.reasons["duplicate", "same_content"] += same.size
        account.reasons["duplicate", "redelivered"] += len(redelivered)
        account.noted["corrected"] += corrected
        if rows:
            self._write_main(day, main, rows, head, account, rng)
        if late is not None:
            self._put(self._account(day), "_late", self.form.header(late), self.form.lines(late))
        for records, content in self._resent.pop(day, []):
            self._copy(day, "_resent", content, records, packed=False)
        if day in self.dirt.broken:
            self._write_broken(day, main)

    def _account(self, day: int) -> FileAccount:
        return FileAccount(self.form.source, "", self.plan.date(day))

    @staticmethod
    def _repeats(once: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Rows to have an older version before, to come twice, to come again another day; all different."""
        counts = np.minimum(rng.poisson(np.full(3, REPEATED * once.size)), once.size // 4)
        chosen = np.split(rng.permutation(once)[: counts.sum()], np.cumsum(counts)[:-1])
        older, same, again = (np.sort(rows).astype(np.int64) for rows in chosen)
        return older, same, again

    def _keep(self, day: int, table: pa.Table, rng: np.random.Generator) -> None:
        if table.num_rows == 0:
            return
        waits = rng.integers(1, LONGEST_WAIT + 1, table.num_rows)
        for line, wait in zip(self.form.lines(table), waits, strict=True):
            if day + int(wait) < self.plan.days:
                self._later.setdefault(day + int(wait), []).append(line)

    def _odd(
        self, day: int, table: pa.Table, rng: np.random.Generator, account: FileAccount
    ) -> tuple[list[bytes], bytes | None]:
        """Lines and header of the day's form: usual, with columns in another order, or with one more."""
        if day in self.dirt.reordered:
            table = table.select([table.column_names[i] for i in rng.permutation(table.num_columns)])
        if day in self.dirt.extra_column and table.num_rows:
            table = table.append_column("operator", pa.repeat("auto", table.num_rows))
            account.noted["unknown_column"] += 1
        return self.form.lines(table), self.form.header(table)

    def _write_main(
        self,
        day: int,
        main: pa.Table,
        rows: list[bytes],
        head: bytes | None,
        account: FileAccount,
        rng: np.random.Generator,
    ) -> None:
        end = b"\n"
        for number, reason in enumerate(self.dirt.faults.get(day, ())):
            template = main.slice(int(rng.integers(main.num_rows)), 1).to_pylist()[0]
            fault = self.form.junk(reason, template, day, number, rng)
            if reason == self.form.breaks_last and end:
                rows.append(fault)
                end = b""
            elif reason == self.form.breaks_last:
                continue
            else:
                rows.insert(int(rng.integers(len(rows) + (1 if end else 0))), fault)
            account.reasons["rejected", reason] += 1
        mark = day in self.dirt.byte_order_mark
        if mark:
            account.noted["byte_order_mark"] += 1
        content = self._put(account, "", head, rows, end=end, mark=mark)
        suffix = self.dirt.copies.get(day)
        if suffix == "_again":
            # The same bytes in the other packing: the content is what counts.
            self._copy(day, suffix, content, len(rows), packed=day not in self.dirt.packed)
        elif suffix == "_resent":
            self._resent.setdefault(day + 2, []).append((len(rows), content))

    def _copy(self, day: int, suffix: str, content: bytes, records: int, *, packed: bool) -> None:
        account = self._account(day)
        account.status = "duplicate_file"
        account.records_in = records
        account.reasons["duplicate", "duplicate_file"] += records
        self._store(account, suffix, content, packed=packed)

    def _put(
        self,
        account: FileAccount,
        suffix: str,
        head: bytes | None,
        rows: list[bytes],
        *,
        end: bytes = b"\n",
        mark: bool = False,
    ) -> bytes:
        account.records_in = len(rows)
        content = b"\n".join([*([] if head is None else [head]), *rows]) + end
        if mark:
            content = csv_text.BYTE_ORDER_MARK + content
        packed = not suffix and (account.day - self.plan.start).days in self.dirt.packed
        self._store(account, suffix, content, packed=packed)
        return content

    def _store(self, account: FileAccount, suffix: str, content: bytes, *, packed: bool) -> None:
        name = f"{self.form.stem}_{account.day}{suffix}{self.form.extension}{'.gz' if packed else ''}"
        account.path = f"data/raw/{self.form.source}/{name}"
        (self.directory / account.path).write_bytes(csv_text.compress(content) if packed else content)
        self.accounts.append(account)

    def _write_broken(self, day: int, main: pa.Table) -> None:
        """A file whose loss costs nothing: its records are those of the day under other numbers."""
        kind = self.dirt.broken[day]
        key = main.column_names[0]
        extra = main.slice(0, 40)
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
