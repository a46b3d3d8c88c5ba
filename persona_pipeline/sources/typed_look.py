"""Workbooks and Parquet files nobody described, as texts by column; their times can be told from text.

Here: what a file is by its first bytes, and its columns. Not here: what the texts look like (look.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from persona_pipeline.sources import parquet_records, sheet_records
from persona_pipeline.sources.failure import SourceError
from persona_pipeline.sources.lines import FileRejected
from persona_pipeline.sources.typed_values import Forms

# by their first bytes: files whose values have types, and one that nothing here reads
TYPED_FORMATS = {b"PK\x03\x04": "xlsx", b"PAR1": "parquet"}
OLD_WORKBOOK = b"\xd0\xcf\x11\xe0"
# what a time that the file holds as one begins with while it is looked at; a character of nobody's texts
TYPED = "\ue000"


def typed_format(file: Path) -> str | None:
    """Xlsx or parquet, by the first bytes of a file; None for anything else."""
    try:
        with file.open("rb") as stream:
            head = stream.read(4)
    except OSError as error:
        raise SourceError(f"{file}: cannot be read ({error}); expected a file") from error
    if head == OLD_WORKBOOK:
        raise SourceError(f"{file}: is an old .xls workbook, whose errors cannot be seen; save it as .xlsx")
    return TYPED_FORMATS.get(head)


def typed_texts(
    file: Path, form: str, sheet: str | None, most: int | None
) -> Iterator[tuple[dict[str, list[str]], tuple[str, ...]]]:
    """Column to texts, part by part, with what is to be said of the file; times begin with `TYPED`.

    Args:
        file: a workbook or a Parquet file.
        form: which of them.
        sheet: of a workbook.
        most: of how many records; None for all.
    """
    notes: list[str] = []
    try:
        if form == "xlsx":
            readers = [sheet_records.Reader(_forms(), (), sheet)]
        else:
            readers = _parquet_readers(file, notes)
        for reader in readers:
            seen = 0
            for records in reader.read(file):
                at = {name: number for number, name in enumerate(reader.header) if name}
                wanted = at if isinstance(reader, sheet_records.Reader) else reader.columns
                left = None if most is None else most - seen
                columns = {name: records.table.column(at[name])[:left].to_pylist() for name in wanted}
                texts = {name: [(text or "").strip() for text in each] for name, each in columns.items()}
                yield texts, (*notes, *reader.notes)
                seen += records.table.num_rows
                if most is not None and seen >= most:
                    break
    except FileRejected as error:
        told = error.reason + (f", {error.note}" if error.note else "")
        raise SourceError(f"{file}: {told}; expected a sheet or a Parquet file with a header") from error


def _forms(zone: str = "") -> Forms:
    return Forms(f"{TYPED}%Y-%m-%d %H:%M:%S{zone}", f"{TYPED}%Y-%m-%d", ".")


def _parquet_readers(file: Path, notes: list[str]) -> list[parquet_records.Reader]:
    """Two readers: of instants, and of everything else that has a text."""
    try:
        schema = pq.read_schema(file)
    except (pa.ArrowException, OSError) as error:
        raise FileRejected("bad_parquet", type(error).__name__) from error
    nested = [each.name for each in schema if pa.types.is_nested(each.type) or _is_binary(each.type)]
    if nested:
        notes.append(f"columns without a text: {', '.join(nested)}")
    instants = [each.name for each in schema if pa.types.is_timestamp(each.type) and each.type.tz]
    others = [name for name in schema.names if name not in {*nested, *instants}]
    parts = [(others, _forms()), (instants, _forms("%z"))]
    return [parquet_records.Reader(forms, (), tuple(names)) for names, forms in parts if names]


def _is_binary(kind: pa.DataType) -> bool:
    return pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind)
