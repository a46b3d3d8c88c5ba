"""Splits delivered files into records of text.

Mapped columns, missing values, one scratch Parquet for all of them.

Here: the way from a file to rows `path_no, line, reason, field, ...`. Not here: types and rules (cleaning).
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from persona_pipeline.engine.ahead import ahead
from persona_pipeline.engine.protocol import Engine
from persona_pipeline.sources import csv_records, json_records, parquet_records, sheet_records
from persona_pipeline.sources.access_log import split_access_logs
from persona_pipeline.sources.csv_records import Records
from persona_pipeline.sources.failure import SourceError
from persona_pipeline.sources.files import locate, range_of
from persona_pipeline.sources.filled import filled_columns, log_columns
from persona_pipeline.sources.fingerprint import decompressed, fingerprint, is_packed, range_blocks
from persona_pipeline.sources.growing import opening, verified
from persona_pipeline.sources.lines import FileRejected, Lines, gathered, read_lines, without_mark
from persona_pipeline.sources.source import Source
from persona_pipeline.sources.typed_values import DATE_FIELDS, Forms

ROWS_PER_WRITE = 131_072
_Reader = csv_records.Reader | json_records.Reader | parquet_records.Reader | sheet_records.Reader


@dataclass(frozen=True, slots=True)
class SplitFile:
    """One delivered file after splitting.

    With a `reason` the whole file was rejected and holds no records. `columns` are those of the file, with
    the number of records that have a value in them.
    """

    path_no: int
    path: str
    sha256: str
    records: int
    reason: str | None = None
    note: str | None = None
    noted: Mapping[str, int] = dataclasses.field(default_factory=dict)
    columns: Mapping[str, int] = dataclasses.field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Split:
    """Records of several files: Parquet with `schema_of(kind)`, and one entry for each file."""

    paths: tuple[str, ...]
    files: tuple[SplitFile, ...]


def schema_of(source: Source) -> pa.Schema:
    """Columns of the scratch records.

    Where a record stands, why it is refused, who it is, its fields as text.

    `identity` is the joined key or the hash of the whole row, null where it is incomplete or not
    declared; `row_hash` is a
    keyed hash of all fields (customers only).
    """
    place = [("path_no", pa.int32()), ("line", pa.int64()), ("reason", pa.string())]
    marks = [("lenient_quote", pa.bool_()), ("identity", pa.string()), ("row_hash", pa.string())]
    return pa.schema([*place, *marks, *((field, pa.string()) for field in source.fields)])


def split_files(
    name: str,
    source: Source,
    deliveries: Sequence[tuple[str, str]],
    *,
    project_directory: Path,
    key: bytes,
    directory: Path,
    engine: Engine,
    count_only: Collection[int] = (),
    first_lines: Sequence[int] = (),
) -> Split:
    """Split delivered files into Parquet files of records.

    Args:
        name: name of the source.
        source: how to read it.
        deliveries: (path, sha256) as recorded in clean.arrival; `path_no` is the position in this sequence.
        project_directory: the project folder.
        key: the project's secret; identities of whole rows are keyed hashes.
        directory: where the Parquet files go.
        engine: cuts the lines of access logs.
        count_only: positions of deliveries whose records are counted, not written (repeats of a whole file).
        first_lines: number of the first line of each delivery in its file; 1 without it.

    Raises:
        SourceError: a file is gone, or its content is not the one that was recorded.
    """
    if source.kind == "web":
        paths, read = split_access_logs(
            engine,
            name,
            source,
            deliveries,
            project_directory=project_directory,
            directory=directory,
            count_only=count_only,
            first_lines=first_lines,
        )
        filled = log_columns(engine, source, paths)
        files = [
            SplitFile(
                number,
                *delivery,
                log.records,
                log.reason,
                log.note,
                log.noted,
                columns=filled.get(number, {}),
            )
            for number, (delivery, log) in enumerate(zip(deliveries, read, strict=True))
        ]
        return Split(paths, tuple(files))
    directory.mkdir(parents=True, exist_ok=True)
    target = directory / f"{name}.parquet"
    hasher = keyed_hasher(key)
    files = []
    with _Writer(target, schema_of(source)) as writer, ThreadPoolExecutor(1) as pool:
        for path_no, (path, sha256) in enumerate(deliveries):
            file = locate(source, project_directory, path)
            # beside cutting the file, unless it may turn out to be one of which nothing is cut
            check = pool.submit(_checked, name, source, file, path, sha256)
            problem = check.result() if source.growing or is_packed(file) else None
            if problem is not None:
                files.append(SplitFile(path_no, path, sha256, 0, problem))
                continue
            write = _ignore if path_no in count_only else writer.write
            first_line = first_lines[path_no] if first_lines else 1
            try:
                files.append(split_file(source, file, path_no, path, sha256, hasher, write, first_line))
            finally:
                check.result()  # a file that is gone or another explains whatever went wrong with it
    return Split((str(target),), tuple(files))


def split_file(
    source: Source,
    file: Path,
    path_no: int,
    path: str,
    sha256: str,
    hasher: Callable[[bytes], str],
    write: Callable[[pa.Table], None],
    first_line: int = 1,
) -> SplitFile:
    """Split one verified file and hand its records on in batches.

    Nothing is handed on if the header is refused.

    Raises:
        AssertionError: the lines of the file and the records do not add up.
    """
    reader = _reader(source, hasher if source.identity == "whole_row" else None)
    notes: list[str] = []
    filled: Counter[str] = Counter()
    batches: list[pa.Table] = []
    try:
        bounds = range_of(source, path)
        # the header of a later range is that of the file and no line of its own
        shift = first_line - 1 - int(source.format == "csv" and first_line > 1)
        for records in _records(reader, source, file, bounds, notes):
            positions = _positions(source, reader.header)
            batches.append(_rows(source, positions, records, path_no, hasher, shift))
            filled.update(filled_columns(source, reader.header, positions, records.table, batches[-1]))
            if sum(batch.num_rows for batch in batches) >= ROWS_PER_WRITE:
                write(pa.concat_tables(batches))
                batches.clear()
    except FileRejected as refused:
        note = "; ".join([*notes, *([refused.note] if refused.note else [])]) or None
        return SplitFile(path_no, path, sha256, 0, refused.reason, note)
    counts = reader.counts
    found = counts.header + counts.records + counts.continuation + counts.blank + counts.repeated_header
    if counts.lines != found:
        raise AssertionError(f"{path}: lines and records do not add up: {counts}")
    unknown = [name[:60] for name in reader.header if name and name not in source.column_of.values()]
    if isinstance(reader, json_records.Reader):
        unknown = reader.unused()
    noted = {
        "blank_line": counts.blank,
        "repeated_header": counts.repeated_header,
        "byte_order_mark": len(notes),
        "unknown_column": int(bool(unknown)),
        "header_only": int(counts.header and counts.records == 0),
        "large_integer": reader.large_integers if isinstance(reader, json_records.Reader) else 0,
    }
    if isinstance(reader, sheet_records.Reader):
        notes += reader.notes
    if unknown:
        notes.append(f"columns not used: {', '.join(unknown)}")
    note = "; ".join(notes) or None
    if batches:
        write(pa.concat_tables(batches))
    may_be_empty = source.allow_empty or source.growing
    reason = "empty" if counts.records == 0 and not may_be_empty else None
    if isinstance(reader, json_records.Reader):
        filled = filled + reader.others()  # a key that no object has is no column; the sum drops it
    noticed = {name: n for name, n in noted.items() if n}
    columns = {} if reason else dict(filled)
    return SplitFile(path_no, path, sha256, counts.records, reason, note, noticed, columns)


def _reader(source: Source, whole_row: Callable[[bytes], str] | None) -> _Reader:
    """What makes records of a file of this format."""
    if source.format == "csv":
        return csv_records.Reader(source.delimiter.encode(), whole_row)
    if source.format in ("jsonl", "mongodb"):
        return json_records.Reader(tuple(source.column_of.values()), whole_row)
    forms = Forms(source.datetime_format, source.date_format, source.decimal)
    dates = [source.column_of[field] for field in DATE_FIELDS if field in source.fields]
    if source.format in ("parquet", "sql"):
        return parquet_records.Reader(forms, dates, tuple(source.column_of.values()), whole_row)
    return sheet_records.Reader(forms, dates, source.sheet, whole_row)


def _records(
    reader: _Reader, source: Source, file: Path, bounds: tuple[int, int] | None, notes: list[str]
) -> Iterator[Records]:
    if isinstance(reader, csv_records.Reader | json_records.Reader):
        with file.open("rb") as stream:
            content = decompressed(stream)
            if bounds is not None:
                content = chain([opening(source, file, bounds[0])], range_blocks(file, *bounds))
            told = notes if bounds is None or bounds[0] == 0 else []  # of a mark, once
            # lines are decoded and cut into fields while the fields before are trimmed and written
            yield from ahead(reader.read(ahead(_lines(content, source, told))))
    else:
        yield from reader.read(file)


def _checked(name: str, source: Source, file: Path, path: str, sha256: str) -> str | None:
    """The reason to reject the file, if any; its content must be the recorded one."""
    if not file.is_file():
        raise SourceError(
            f"source {name}: {path} was recorded with content {sha256[:12]} but is gone; put it back"
        )
    if source.growing:
        return verified(source, name, file, path, sha256).problem
    mark = fingerprint(file)
    if mark.sha256 != sha256:
        raise SourceError(
            f"source {name}: {path} was recorded with content {sha256[:12]} but now holds "
            f"{mark.sha256[:12]}; put the recorded file back and deliver the new content under another name"
        )
    return mark.problem


def _lines(content: Iterable[bytes], source: Source, notes: list[str]) -> Iterator[Lines]:
    blocks, encoding, note = without_mark(content)
    if note:
        notes.append(note)
    yield from read_lines(gathered(blocks), encoding or source.encoding)


def _positions(source: Source, header: list[str]) -> dict[str, int]:
    """Field to position in the file.

    Raises:
        FileRejected: a column is missing that the source cannot do without.
    """
    missing = [column for column in source.expected_columns if column not in header]
    if missing:
        raise FileRejected("missing_column", f"columns missing: {', '.join(missing)}")
    return {field: header.index(column) for field, column in source.column_of.items() if column in header}


def _rows(
    source: Source,
    positions: dict[str, int],
    records: Records,
    path_no: int,
    hasher: Callable[[bytes], str],
    shift: int,
) -> pa.Table:
    """Records of one group with the columns of `schema_of`; `shift` is added to their lines."""
    schema, count, refused = schema_of(source), len(records.lines), len(records.rejects)
    lenient = set(records.lenient)
    marks = [line in lenient for line in records.lines] if lenient else np.zeros(count, dtype=bool)
    columns: dict[str, pa.Array | pa.ChunkedArray] = {
        "path_no": pa.repeat(pa.scalar(path_no, pa.int32()), count),
        "line": pa.array(np.asarray(records.lines, np.int64) + shift),
        "reason": pa.nulls(count, pa.string()),
        "lenient_quote": pa.array(marks, pa.bool_()),
    }
    for field in source.fields:
        at = positions.get(field)
        columns[field] = (
            pa.nulls(count, pa.string()) if at is None else _value(source, field, records.table.column(at))
        )
    if source.refund is not None and source.refund_field is not None:
        shows = pc.starts_with(columns[source.refund_field], source.refund.prefix)  # type: ignore[attr-defined]
        columns["type"] = pc.if_else(pc.fill_null(shows, False), "refund", "sale")  # type: ignore[attr-defined]
    columns["identity"] = _identity(source, columns, records, hasher)
    columns["row_hash"] = pa.nulls(count, pa.string())
    if source.kind == "customers":
        columns["row_hash"] = _hashed(_joined([columns[field] for field in source.fields], "replace"), hasher)
    rows = pa.table(columns, schema=schema)
    if not refused:
        return rows
    bad = {name: pa.nulls(refused, schema.field(name).type) for name in schema.names}
    bad["path_no"] = pa.array([path_no] * refused, pa.int32())
    bad["line"] = pa.array([line + shift for line, _ in records.rejects], pa.int64())
    bad["reason"] = pa.array([reason for _, reason in records.rejects], pa.string())
    bad["lenient_quote"] = pa.array([False] * refused, pa.bool_())
    return pa.concat_tables([rows, pa.table(bad, schema=schema)])


def _value(source: Source, field: str, column: pa.ChunkedArray) -> pa.ChunkedArray:
    """A column without outer blanks.

    Empty text and the declared tokens become null; a declared suffix goes.
    """
    value = pc.utf8_trim(column, " \t")  # type: ignore[attr-defined]
    tokens = source.missing.get(field, ())
    missing = pc.is_in(value, pa.array(["", *tokens], pa.string())) if tokens else pc.equal(value, "")  # type: ignore[attr-defined]
    if pc.any(missing, min_count=0).as_py():  # type: ignore[attr-defined]
        value = pc.if_else(missing, pa.scalar(None, pa.string()), value)  # type: ignore[attr-defined]
    suffix = source.strip_suffix.get(field)
    if suffix:
        cut = pc.utf8_slice_codeunits(value, 0, -len(suffix))  # type: ignore[attr-defined]
        value = pc.if_else(pc.ends_with(value, suffix), cut, value)  # type: ignore[attr-defined]
    return value


def _identity(
    source: Source,
    columns: Mapping[str, pa.Array | pa.ChunkedArray],
    records: Records,
    hasher: Callable[[bytes], str],
) -> pa.Array | pa.ChunkedArray:
    """What makes a record the same as another one; null where a part of the key is missing."""
    if source.identity == "whole_row":
        return pa.array(records.hashes, pa.string())
    if source.identity == "none":
        return pa.nulls(len(records.lines), pa.string())
    joined = _joined([columns[field] for field in source.key_fields], "emit_null")
    personal = source.kind not in ("products", "rates") and (
        source.kind != "orders" or "account_id" in source.key_fields
    )
    return _hashed(joined, hasher) if personal else joined


def _joined(columns: Sequence[pa.Array | pa.ChunkedArray], null_handling: str) -> pa.Array | pa.ChunkedArray:
    return pc.binary_join_element_wise(*columns, "\x1f", null_handling=null_handling, null_replacement="")  # type: ignore


def _hashed(values: pa.Array | pa.ChunkedArray, hasher: Callable[[bytes], str]) -> pa.Array:
    texts = values.to_pylist()
    return pa.array([None if text is None else hasher(text.encode()) for text in texts], pa.string())


def _ignore(rows: pa.Table) -> None:
    """The records of a repeated file are counted, not kept."""


def keyed_hasher(key: bytes) -> Callable[[bytes], str]:
    """A keyed hash of a record: 32 hexadecimal digits."""
    secret = hashlib.sha256(b"row|" + key).digest()
    return lambda record: hashlib.blake2b(record, key=secret, digest_size=16).hexdigest()


class _Writer:
    """A Parquet file that appears whole or not at all; always there, even without a row.

    One table is written in a thread while the next one is made.
    """

    def __init__(self, target: Path, schema: pa.Schema) -> None:
        self._target, self._beside = target, target.with_suffix(".partial")
        # Read once or twice and thrown away. Most of the time of writing went into dictionaries of columns
        # that hardly repeat a value; one of more than 64 KiB is given up, and short ones still spare the
        # engine typing the same text again.
        self._writer = pq.ParquetWriter(
            self._beside,
            schema,
            compression="none",
            dictionary_pagesize_limit=1 << 16,
            write_statistics=False,
        )
        self._waiting: list[pa.Table] = []
        self._pool = ThreadPoolExecutor(1)
        self._written: Future[None] | None = None

    def __enter__(self) -> _Writer:
        return self

    def write(self, rows: pa.Table) -> None:
        self._waiting.append(rows)
        if sum(table.num_rows for table in self._waiting) >= ROWS_PER_WRITE:
            self._flush()

    def _flush(self) -> None:
        self._finish()
        if self._waiting:
            self._written = self._pool.submit(self._writer.write_table, pa.concat_tables(self._waiting))
            self._waiting.clear()

    def _finish(self) -> None:
        written, self._written = self._written, None
        if written is not None:
            written.result()

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        whole = False
        try:
            if kind is None:
                self._flush()
                self._finish()
                whole = True
        finally:
            self._pool.shutdown()
            self._writer.close()
            if whole:
                self._beside.replace(self._target)
            else:
                self._beside.unlink(missing_ok=True)
