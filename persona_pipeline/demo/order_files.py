"""The raw order files, day by day: main, late, copied and broken files, and the account of each.

Here: which lines stand in which file. Not here: which dirt was chosen (dirt.py), how a fault looks (junk.py).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa

from persona_pipeline.demo import csv_text
from persona_pipeline.demo.dirt import DirtPlan
from persona_pipeline.demo.junk import junk_order
from persona_pipeline.demo.ledger import FileAccount
from persona_pipeline.demo.order_table import order_table, with_columns
from persona_pipeline.demo.plan import Plan
from persona_pipeline.demo.seeds import Stream, generator

JUNK_NUMBER = 950_000
REPEATED = 0.0015  # share of lines, for each kind of repeat
CORRECTED = 0.003
LONGEST_WAIT = 20  # days until a repeat or a correction
FOLDER = "data/raw/orders"


@dataclass(slots=True)
class OrderFiles:
    """Writes the order files of one shop; days must come in order."""

    directory: Path
    plan: Plan
    dirt: DirtPlan
    accounts: list[FileAccount] = field(default_factory=list)
    _later: dict[int, list[tuple[str, pa.Table]]] = field(default_factory=dict)
    _resent: dict[int, list[tuple[int, bytes]]] = field(default_factory=dict)

    def write_day(self, day: int, lines: np.ndarray) -> None:
        """Everything delivered on a day; `lines` are the good sale and refund lines, late ones included."""
        on_time = lines["day"] == day
        rng = generator(self.plan.seed, Stream.DIRT, day)
        main = order_table(self.plan, lines[on_time])
        self._write_main(day, main, rng)
        late = lines[~on_time]
        if late.size:
            table = order_table(self.plan, late, late=True)
            rows = csv_text.lines(table)
            self._write(day, "_late", csv_text.join(csv_text.header(table), rows), len(rows))
        for records, content in self._resent.pop(day, []):
            account = self._write(day, "_resent", content, records, status="duplicate_file")
            account.reasons["duplicate", "duplicate_file"] += records
        if day in self.dirt.broken:
            self._write_broken(day, main, self.dirt.broken[day], rng)

    def _write_main(self, day: int, main: pa.Table, rng: np.random.Generator) -> None:
        account = FileAccount("orders", "", self.plan.date(day))
        before, after = self._repeats(day, main, account, rng)
        for kind, table in self._later.pop(day, []):
            after.append(table)
            if kind == "redelivered":
                account.reasons["duplicate", "redelivered"] += table.num_rows
            else:
                account.noted["corrected"] += table.num_rows
        table = pa.concat_tables([*before, main, *after]).combine_chunks()
        if table.num_rows == 0:
            return
        if day in self.dirt.reordered:
            table = table.select([table.column_names[i] for i in rng.permutation(table.num_columns)])
        if day in self.dirt.extra_column:
            table = table.append_column("terminal", pa.repeat("web", table.num_rows))
        rows = csv_text.lines(table)
        for number, reason in enumerate(self.dirt.faults.get(day, ())):
            template = main.slice(int(rng.integers(main.num_rows)), 1).to_pylist()[0]
            date = self.plan.date(day)
            order_id = f"O{date:%y%m%d}{JUNK_NUMBER + number:06d}"
            fault = junk_order(reason, template | {"type": "sale"}, order_id, date, self.plan.start, rng)
            rows.insert(int(rng.integers(len(rows) + 1)), fault)
            account.reasons["rejected", reason] += 1
        head, records = csv_text.header(table), len(rows)
        del table
        content = csv_text.join(head, rows)
        del rows
        if day in self.dirt.byte_order_mark:
            content = csv_text.BYTE_ORDER_MARK + content
        self._put(account, day, "", content, records)
        self._copy(day, content, records)

    def _repeats(
        self, day: int, main: pa.Table, account: FileAccount, rng: np.random.Generator
    ) -> tuple[list[pa.Table], list[pa.Table]]:
        """Lines that come twice on this day, and those kept for later; no line serves two purposes."""
        sales = np.flatnonzero(
            np.asarray(main.column("type").to_numpy(zero_copy_only=False) == "sale", dtype=bool)
        )
        counts = rng.poisson(np.array([REPEATED, REPEATED, REPEATED, CORRECTED]) * sales.size)
        counts = np.minimum(counts, sales.size // 4)
        chosen = np.split(rng.permutation(sales)[: counts.sum()], np.cumsum(counts)[:-1])
        same, superseded, redelivered, corrected = (main.take(pa.array(np.sort(rows))) for rows in chosen)
        account.reasons["duplicate", "same_content"] += same.num_rows
        account.reasons["duplicate", "superseded"] += superseded.num_rows
        for kind, table in (("redelivered", redelivered), ("corrected", _one_more(corrected, "2"))):
            waits = rng.integers(1, LONGEST_WAIT + 1, table.num_rows)
            for row, wait in enumerate(waits):
                if day + int(wait) < self.plan.days:
                    self._later.setdefault(day + int(wait), []).append((kind, table.slice(row, 1)))
        return [_one_more(superseded, "0")], [same]

    def _copy(self, day: int, content: bytes, records: int) -> None:
        suffix = self.dirt.copies.get(day)
        if suffix == "_again":
            # The same bytes in the other packing: the content is what counts.
            packed = day not in self.dirt.packed
            account = self._write(day, suffix, content, records, status="duplicate_file", packed=packed)
            account.reasons["duplicate", "duplicate_file"] += records
        elif suffix == "_resent":
            self._resent.setdefault(day + 2, []).append((records, content))

    def _write_broken(self, day: int, main: pa.Table, kind: str, rng: np.random.Generator) -> None:
        """A file whose loss costs nothing: its records stand nowhere else and belong to no good order."""
        date = self.plan.date(day)
        count = min(40, main.num_rows)
        numbers = [f"O{date:%y%m%d}{JUNK_NUMBER + 100 + i:06d}" for i in range(count)]
        extra = with_columns(main.take(pa.array(rng.integers(0, main.num_rows, count))), order_id=numbers)
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

    def _write(
        self,
        day: int,
        suffix: str,
        content: bytes,
        records: int,
        *,
        status: str = "loaded",
        packed: bool = False,
    ) -> FileAccount:
        account = FileAccount("orders", "", self.plan.date(day), status)
        self._put(account, day, suffix, content, records, packed=packed)
        return account

    def _put(
        self,
        account: FileAccount,
        day: int,
        suffix: str,
        content: bytes,
        records: int,
        *,
        packed: bool | None = None,
    ) -> None:
        packed = (day in self.dirt.packed and not suffix) if packed is None else packed
        account.path = f"{FOLDER}/orders_{self.plan.date(day)}{suffix}.csv{'.gz' if packed else ''}"
        account.records_in = records
        if content.startswith(csv_text.BYTE_ORDER_MARK):
            account.noted["byte_order_mark"] += 1
        if b"terminal" in content[: content.index(b"\n")]:
            account.noted["unknown_column"] += 1
        (self.directory / account.path).write_bytes(csv_text.compress(content) if packed else content)
        self.accounts.append(account)


def _cents(text: pa.ChunkedArray) -> np.ndarray:
    return np.array([int(value.replace(".", "")) for value in text.to_pylist()], dtype=np.int64)


def _one_more(table: pa.Table, version: str) -> pa.Table:
    """The same lines with one unit more, under another version."""
    quantity = np.array([int(value) for value in table.column("quantity").to_pylist()], dtype=np.int64) + 1
    amount = quantity * _cents(table.column("unit_price")) - _cents(table.column("discount"))
    return with_columns(
        table,
        version=[version] * table.num_rows,
        quantity=[str(value) for value in quantity],
        amount=[f"{value // 100}.{value % 100:02d}" for value in amount],
    )
