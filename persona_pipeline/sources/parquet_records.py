"""Parquet files to records: one row a record, typed columns as the text a CSV would hold.

Not here: what a field means.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from persona_pipeline.sources.csv_records import Counts, Records
from persona_pipeline.sources.lines import FileRejected
from persona_pipeline.sources.typed_values import Forms, column_text, refusals

ROWS = 65_536


@dataclass
class Reader:
    """Reads one file's records.

    Attributes:
        forms: how dates and numbers are to be written.
        date_columns: columns with dates without a time.
        columns: the columns wanted; all of them where whole rows are compared.
        hasher: makes the identity of a whole row, or None.
        header: column names, once the footer is read.
        counts: filled while reading; a line is a row.
        notes: what else is to be said of the file.
    """

    forms: Forms
    date_columns: Collection[str] = ()
    columns: Collection[str] = ()
    hasher: Callable[[bytes], str] | None = None
    header: list[str] = field(default_factory=list)
    counts: Counts = field(default_factory=Counts)
    notes: list[str] = field(default_factory=list)

    def read(self, file: Path) -> Iterator[Records]:
        """Records part by part; nothing of a file that is broken at its end.

        Raises:
            FileRejected: `bad_parquet`, `duplicate_header`, `column_type`.
        """
        for _ in self._batches(file):
            pass  # the last page may be the broken one
        number = 1
        for batch in self._batches(file):
            yield self._records(batch, number)
            number += batch.num_rows
        self.counts.lines = self.counts.records

    def _batches(self, file: Path) -> Iterator[pa.Table]:
        try:
            with pq.ParquetFile(file) as parquet:
                self.header = list(parquet.schema_arrow.names)
                twice = sorted({name for name in self.header if self.header.count(name) > 1})
                if twice:
                    raise FileRejected("duplicate_header", f"column named twice: {twice[0][:60]}")
                wanted = [name for name in self.header if self.hasher is not None or name in self.columns]
                for batch in parquet.iter_batches(ROWS, columns=wanted, use_threads=False):
                    batch.validate(full=True)
                    yield pa.Table.from_batches([batch])
        except (pa.ArrowException, OSError, UnicodeDecodeError) as error:  # the last: names of columns
            raise FileRejected("bad_parquet", type(error).__name__) from error

    def _records(self, batch: pa.Table, number: int) -> Records:
        rows = batch.num_rows
        self.counts.records += rows
        texts = {
            name: column_text(name, batch.column(name), self.forms, is_date=name in self.date_columns)
            for name in batch.column_names
        }
        none = pa.chunked_array([pa.nulls(rows, pa.string())])
        table = pa.table(
            [texts.get(name, none) for name in self.header],
            names=[f"c{at}" for at in range(len(self.header))],
        )
        bad = refusals(list(texts.values()), rows)
        keep = [at for at in range(rows) if at not in bad]
        if bad:
            table = table.take(pa.array(keep, pa.int64()))
        hashes = []
        if self.hasher is not None:
            hashes = [
                self.hasher("\x1f".join(text or "" for text in row).encode())
                for row in zip(*(column.to_pylist() for column in table.columns), strict=True)
            ]
        lines = [number + at for at in keep]
        return Records(table, lines, hashes, [], [(number + at, reason) for at, reason in bad.items()])
