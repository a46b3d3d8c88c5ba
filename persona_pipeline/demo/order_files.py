"""The raw order files, day by day: main, late, copied and broken files, and the account of each.

Here: which lines stand in which file, in bounded memory. Not here: which dirt was chosen (dirt.py), how a
fault looks (junk.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

import numpy as np
import pyarrow as pa

from persona_pipeline.demo import csv_text
from persona_pipeline.demo.dirt import DirtPlan
from persona_pipeline.demo.file_rows import FileRows, gathered
from persona_pipeline.demo.junk import junk_order
from persona_pipeline.demo.ledger import FileAccount
from persona_pipeline.demo.line_files import Inserts, copy_lines, write_lines
from persona_pipeline.demo.order_table import HEADER, order_table, with_columns
from persona_pipeline.demo.plan import Plan
from persona_pipeline.demo.seeds import Stream, generator

JUNK_NUMBER = 950_000
REPEATED = 0.0015  # share of lines, for each kind of repeat
CORRECTED = 0.003
LONGEST_WAIT = 20  # days until a repeat or a correction
EXTRA_COLUMN = "terminal"
FOLDER = "data/raw/orders"


@dataclass(slots=True)
class OrderFiles:
    """Writes the order files of one shop; days must come in order."""

    directory: Path
    plan: Plan
    dirt: DirtPlan
    accounts: list[FileAccount] = field(default_factory=list)
    _later: dict[int, list[np.ndarray]] = field(default_factory=dict)  # each of one version
    _resent: dict[int, FileAccount] = field(default_factory=dict)

    def write_day(self, day: int, main: FileRows, late: FileRows) -> None:
        """Everything delivered on a day.

        Args:
            day: day number.
            main: the good sale and refund lines of the day, rows of `order_table.NUMBERED`.
            late: those of earlier days.
        """
        rng = generator(self.plan.seed, Stream.DIRT, day)
        self._write_main(day, main, rng)
        if late.size:
            account = FileAccount("orders", "", self.plan.date(day), records_in=late.size)
            self._write(account, "_late", self._texts(list(HEADER), late.parts()))
        if day in self._resent:
            self._copy(self._resent.pop(day), day, "_resent", packed=False)
        if day in self.dirt.broken:
            self._write_broken(day, main, self.dirt.broken[day], rng)

    def _write_main(self, day: int, main: FileRows, rng: np.random.Generator) -> None:
        account = FileAccount("orders", "", self.plan.date(day))
        superseded, same = self._repeats(day, main, account, rng)
        later = self._later.pop(day, [])
        for lines in later:
            if lines["version"][0] == 1:
                account.reasons["duplicate", "redelivered"] += lines.size
            else:
                account.noted["corrected"] += lines.size
        extra = [same, *later]
        inserts = Inserts(superseded.size + main.size + sum(lines.size for lines in extra))
        if not inserts.lines:
            return
        columns: list[str] = list(HEADER)
        if day in self.dirt.reordered:
            columns = [columns[i] for i in rng.permutation(len(columns))]
        if day in self.dirt.extra_column:
            columns.append(EXTRA_COLUMN)
            account.noted["unknown_column"] += 1
        self._add_faults(day, main, inserts, account, rng)
        account.records_in = len(inserts)
        mark = b""
        if day in self.dirt.byte_order_mark:
            mark = csv_text.BYTE_ORDER_MARK
            account.noted["byte_order_mark"] += 1
        parts = gathered(chain([superseded], main.parts(), extra), main.rows_at_once)
        texts = self._texts(columns, parts)
        head = next(texts)
        packed = day in self.dirt.packed
        self._write(account, "", chain([head], inserts.into(texts)), packed=packed, begin=mark)
        suffix = self.dirt.copies.get(day)
        if suffix == "_again":
            # The same bytes in the other packing: the content is what counts.
            self._copy(account, day, suffix, packed=not packed)
        elif suffix == "_resent":
            self._resent[day + 2] = account

    def _texts(self, columns: list[str], parts: Iterable[np.ndarray]) -> Iterator[list[bytes]]:
        """The header, then the lines part by part, with columns in an order of their own."""
        yield [",".join(columns).encode()]
        for lines in parts:
            table = order_table(self.plan, lines)
            if EXTRA_COLUMN in columns:
                table = table.append_column(EXTRA_COLUMN, pa.repeat("web", table.num_rows))
            yield csv_text.lines(table.select(columns))

    def _add_faults(
        self, day: int, main: FileRows, inserts: Inserts, account: FileAccount, rng: np.random.Generator
    ) -> None:
        date = self.plan.date(day)
        for number, reason in enumerate(self.dirt.faults.get(day, ())):
            good = main.take(np.array([int(rng.integers(main.size))]))
            template = order_table(self.plan, good).to_pylist()[0] | {"type": "sale"}
            order_id = f"O{date:%y%m%d}{JUNK_NUMBER + number:06d}"
            fault = junk_order(reason, template, order_id, date, self.plan.start, rng)
            inserts.add(int(rng.integers(len(inserts) + 1)), fault)
            account.reasons["rejected", reason] += 1

    def _repeats(
        self, day: int, main: FileRows, account: FileAccount, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """Lines that come twice on this day: earlier versions of them, and the same again.

        Others are kept for later days; no line serves two purposes.
        """
        sales = np.flatnonzero(~main.column("is_refund"))
        counts = rng.poisson(np.array([REPEATED, REPEATED, REPEATED, CORRECTED]) * sales.size)
        counts = np.minimum(counts, sales.size // 4)
        chosen = np.split(rng.permutation(sales)[: counts.sum()], np.cumsum(counts)[:-1])
        same, superseded, redelivered, corrected = (main.take(np.sort(rows)) for rows in chosen)
        account.reasons["duplicate", "same_content"] += same.size
        account.reasons["duplicate", "superseded"] += superseded.size
        for lines in (redelivered, _one_more(corrected, 2)):
            waits = rng.integers(1, LONGEST_WAIT + 1, lines.size)
            for wait in np.unique(waits[day + waits < self.plan.days]).tolist():
                self._later.setdefault(day + wait, []).append(lines[waits == wait])
        return _one_more(superseded, 0), same

    def _write_broken(self, day: int, main: FileRows, kind: str, rng: np.random.Generator) -> None:
        """A file whose loss costs nothing: its records stand nowhere else and belong to no good order."""
        date = self.plan.date(day)
        count = min(40, main.size)
        numbers = [f"O{date:%y%m%d}{JUNK_NUMBER + 100 + i:06d}" for i in range(count)]
        some = main.take(rng.integers(0, main.size, count))
        extra = with_columns(order_table(self.plan, some), order_id=numbers)
        rows = csv_text.lines(extra)
        head = csv_text.header(extra)
        status, reason, records = "rejected_file", kind, 0
        if kind == "gzip_truncated":
            name, content = "_broken.csv.gz", csv_text.truncated(csv_text.join(head, rows))
        elif kind == "gzip_crc":
            name, content = "_checksum.csv.gz", csv_text.wrong_checksum(csv_text.join(head, rows))
        elif kind == "duplicate_header":
            name, content = "_columns.csv", csv_text.join(head.replace(b"discount", b"unit_price"), rows)
        elif kind == "missing_column":
            less = extra.drop_columns(["quantity"])
            name, content = "_short.csv", csv_text.join(csv_text.header(less), csv_text.lines(less))
        else:
            name, content, status, reason = "_empty.csv", csv_text.join(head, []), "loaded", None
        path = f"{FOLDER}/orders_{date}{name}"
        (self.directory / path).write_bytes(content)
        account = FileAccount("orders", path, date, status, reason, records)
        if kind == "empty":
            account.noted["header_only"] += 1
        self.accounts.append(account)

    def _copy(self, account: FileAccount, day: int, suffix: str, *, packed: bool) -> None:
        """The content of a file that is there, once more."""
        copy = FileAccount("orders", "", self.plan.date(day), "duplicate_file", records_in=account.records_in)
        copy.reasons["duplicate", "duplicate_file"] += account.records_in
        copy_lines(self.directory / account.path, self._path(copy, suffix, packed=packed), packed=packed)
        self.accounts.append(copy)

    def _write(
        self,
        account: FileAccount,
        suffix: str,
        parts: Iterable[list[bytes]],
        *,
        packed: bool = False,
        begin: bytes = b"",
    ) -> None:
        write_lines(self._path(account, suffix, packed=packed), parts, packed=packed, begin=begin)
        self.accounts.append(account)

    def _path(self, account: FileAccount, suffix: str, *, packed: bool) -> Path:
        """Where a file stands; its account is told."""
        account.path = f"{FOLDER}/orders_{account.day}{suffix}.csv{'.gz' if packed else ''}"
        return self.directory / account.path


def _one_more(lines: np.ndarray, version: int) -> np.ndarray:
    """The same lines with one unit more, under another version."""
    more = lines.copy()
    more["quantity"] += 1
    more["version"] = version
    return more
