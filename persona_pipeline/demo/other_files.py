"""The raw customer and product files, with their own planted faults, and the account of each file.

Here: daily customer records and the weekly catalogue. Not here: orders (order_files.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

import numpy as np
import pyarrow as pa

from persona_pipeline.demo import csv_text
from persona_pipeline.demo.crm import RECORD
from persona_pipeline.demo.crm_table import record_table
from persona_pipeline.demo.file_rows import FileRows
from persona_pipeline.demo.junk import CUSTOMER_REASONS, PRODUCT_REASONS, junk_customer, junk_product
from persona_pipeline.demo.ledger import FileAccount
from persona_pipeline.demo.line_files import Inserts, write_lines
from persona_pipeline.demo.order_table import money, with_columns
from persona_pipeline.demo.plan import Plan
from persona_pipeline.demo.seeds import Stream, generator

CUSTOMER_REPEATS = 6
LONGEST_WAIT = 20
QUOTED = ("name", "title")
CUSTOMERS_STREAM, PRODUCTS_STREAM = (
    1,
    2,
)  # positions below Stream.DIRT that no day uses: they come with the day


@dataclass(slots=True)
class CustomerFiles:
    """Writes the customer files of one shop; days must come in order."""

    directory: Path
    plan: Plan
    accounts: list[FileAccount] = field(default_factory=list)
    _head: bytes = field(init=False)
    _later: dict[int, list[bytes]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """The header is that of no records."""
        self._head = csv_text.header(self._table(np.zeros(0, dtype=RECORD)))

    def write_day(self, day: int, records: FileRows) -> None:
        """New and changed records of a day. Most dirt stands in the first file, the only large one."""
        date = self.plan.date(day)
        account = FileAccount("customers", f"data/raw/customers/customers_{date}.csv", date)
        account.noted["corrected"] += int((records.column("version") > 1).sum())
        again = self._later.pop(day, [])
        account.reasons["duplicate", "redelivered"] += len(again)
        texts = chain(map(self._lines, records.parts()), [again])
        inserts = Inserts(records.size + len(again))
        if day == 0 and records.size:
            inserts, texts = self._first_file(records, account)
        account.records_in = len(inserts)
        if account.records_in:
            write_lines(self.directory / account.path, chain([[self._head]], inserts.into(texts)))
            self.accounts.append(account)

    def _table(self, records: np.ndarray) -> pa.Table:
        return record_table(self.plan.seed, records)

    def _lines(self, records: np.ndarray) -> list[bytes]:
        return csv_text.lines(self._table(records), quote=QUOTED)

    def _first_file(self, records: FileRows, account: FileAccount) -> tuple[Inserts, Iterator[list[bytes]]]:
        """Faults to be put between the lines of the first day's file, and these."""
        rng = generator(self.plan.seed, Stream.DIRT, 0, CUSTOMERS_STREAM)
        steady = rng.permutation(np.flatnonzero(~records.column("will_change")))
        number = min(CUSTOMER_REPEATS, steady.size // 3)
        same, old, again = (records.take(steady[number * part : number * (part + 1)]) for part in range(3))
        for line in self._lines(again):
            day = 1 + int(rng.integers(LONGEST_WAIT))
            if day < self.plan.days:
                self._later.setdefault(day, []).append(line)
        # The later place wins within a day: the record with the other phone stands first.
        other = with_columns(self._table(old), phone=[f"199{i:08d}" for i in range(old.size)])
        account.reasons["duplicate", "same_content"] += same.size
        account.reasons["duplicate", "superseded"] += old.size
        inserts = Inserts(old.size + records.size + same.size)
        # A small shop has some of the faults; a large one has each three times.
        faults = int(np.clip(len(inserts) // 100, 5, 3 * len(CUSTOMER_REASONS)))
        for number in range(faults):
            reason = CUSTOMER_REASONS[number % len(CUSTOMER_REASONS)]
            values = self._table(records.take(np.array([int(rng.integers(records.size))]))).to_pylist()[0]
            fault = junk_customer(reason, values, f"X{number:07d}", self.plan.date(0))
            inserts.add(int(rng.integers(len(inserts) + 1)), fault)
            account.reasons["rejected", reason] += 1
        lines = chain(
            [csv_text.lines(other, quote=QUOTED)], map(self._lines, records.parts()), [self._lines(same)]
        )
        return inserts, lines


def catalogue_table(plan: Plan, week: int) -> pa.Table:
    """The whole catalogue with the list prices of a week."""
    catalogue = plan.catalogue
    return pa.table(
        {
            "product_id": pa.array(catalogue.product_ids),
            "title": pa.array(catalogue.titles),
            "category": pa.array(catalogue.categories),
            "brand": pa.array(catalogue.brands),
            "price": money(catalogue.price[week]),
            "currency": pa.repeat(plan.currency, len(catalogue)),
        }
    )


def _fault_of_week(week: int) -> Sequence[str]:
    return (PRODUCT_REASONS[week % len(PRODUCT_REASONS)],) if week else ()


def write_products(directory: Path, plan: Plan) -> list[FileAccount]:
    """The whole catalogue every seventh day: unchanged records are repeats, changed ones corrections."""
    accounts: list[FileAccount] = []
    for day in range(0, plan.days, 7):
        week, date = day // 7, plan.date(day)
        rng = generator(plan.seed, Stream.DIRT, day, PRODUCTS_STREAM)
        table = catalogue_table(plan, week)
        rows = csv_text.lines(table, quote=QUOTED)
        account = FileAccount("products", f"data/raw/products/products_{date}.csv", date)
        if week:
            changed = int((plan.catalogue.price[week] != plan.catalogue.price[week - 1]).sum())
            account.noted["corrected"] += changed
            account.reasons["duplicate", "redelivered"] += len(rows) - changed
        elif rows:
            rows.append(rows[int(rng.integers(len(rows)))])
            account.reasons["duplicate", "same_content"] += 1
        for reason in _fault_of_week(week):
            template = table.slice(int(rng.integers(table.num_rows)), 1).to_pylist()[0]
            rows.insert(int(rng.integers(len(rows) + 1)), junk_product(reason, template, f"X{week:05d}"))
            account.reasons["rejected", reason] += 1
        account.records_in = len(rows)
        write_lines(directory / account.path, [[csv_text.header(table)], rows])
        accounts.append(account)
    return accounts
