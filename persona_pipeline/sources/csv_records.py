"""Lines to CSV records: one algorithm, two speeds, and no line is ever lost.

A line without a quote is a record by itself: those go to Arrow's parser together (fast). A line with a
quote is parsed
here (exact); it may take up to 100 further lines. A quote that is never closed costs one record: the record's
first line is rejected and reading goes on with the line after it.
Not here: encodings, files, what a field means.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv

from persona_pipeline.sources.lines import LINE_LIMIT, FileRejected, Lines

NEWLINE_LIMIT = 100


@dataclass(slots=True)
class Records:
    """Records of one group of lines: columns by position, the line each starts on, and the refused ones."""

    table: pa.Table
    lines: Sequence[int] | np.ndarray
    hashes: list[str]
    lenient: list[int]
    rejects: list[tuple[int, str]]


@dataclass(slots=True)
class Counts:
    """What a file was made of; `lines` is the sum of the rest."""

    lines: int = 0
    header: int = 0
    records: int = 0
    continuation: int = 0
    blank: int = 0
    repeated_header: int = 0


@dataclass
class Reader:
    """Reads one file's records.

    Attributes:
        delimiter: one ASCII byte.
        hasher: makes the identity of a raw record (fields joined by the unit separator), or None.
        header: column names, once the first line is read.
        counts: filled while reading.
    """

    delimiter: bytes
    hasher: Callable[[bytes], str] | None = None
    header: list[str] = field(default_factory=list)
    counts: Counts = field(default_factory=Counts)

    def read(self, groups: Iterable[Lines]) -> Iterator[Records]:
        """Records group by group.

        Raises:
            FileRejected: the header is unreadable or names a column twice.
        """
        kept: Lines | None = None
        header_line: bytes | None = None
        number = 1
        for group in groups:
            lines = _joined(kept, group)
            kept = None
            if header_line is None:
                if not lines.lines:
                    continue
                header_line = lines.lines[0]
                self._read_header(lines)
                lines = _from(lines, 1)
                number += 1
            records, used = self._split(lines, number, header_line)
            if used < (lines.content.count(b"\n") or len(lines.lines)):
                kept = _from(lines, used)
            number += used
            yield records
        self.counts.lines = number - 1

    def undecided(self, groups: Iterable[Lines]) -> int:
        """How many of the last lines wait for more: a record begins in them whose quote is still open.

        What stands before them is read alike, whatever follows.

        Raises:
            FileRejected: as `read` does.
        """
        kept: Lines | None = None
        header_line: bytes | None = None
        for group in groups:
            group.last = False
            lines = _joined(kept, group)
            if header_line is None and lines.lines:
                header_line = lines.lines[0]
                self._read_header(lines)
                lines = _from(lines, 1)
            decided = self._decided(lines, header_line)
            kept = _from(lines, decided) if decided < len(lines.lines) else None
        return len(kept.lines) if kept else 0

    def _decided(self, group: Lines, header_line: bytes | None) -> int:
        """How many lines of the group are records whatever follows."""
        if not group.quoted:
            return len(group.lines)
        after = 0
        for at, line in enumerate(group.lines):
            if at < after or at in group.bad or b'"' not in line or line == header_line:
                continue
            size, _, _ = self._assemble(group, at)
            if size == 0:
                return at
            after = at + size
        return len(group.lines)

    def _read_header(self, lines: Lines) -> None:
        if 0 in lines.bad:
            raise FileRejected(
                "bad_encoding" if lines.bad[0] == "bad_encoding" else "bad_header", "in the first line"
            )
        fields, _ = parse(lines.lines[0].decode(), self.delimiter.decode())
        if fields is None:
            raise FileRejected("bad_header", "unbalanced quotes in the first line")
        self.header = [name.strip() for name in fields]
        self.counts.header = 1
        twice = sorted({name for name in self.header if name and self.header.count(name) > 1})
        if twice:
            raise FileRejected("duplicate_header", f"column named twice: {twice[0][:60]}")

    def _split(self, group: Lines, number: int, header_line: bytes) -> tuple[Records, int]:
        """Records of the group, and how many of its lines they use; the rest waits for the next group."""
        whole = self._whole(group, number, header_line)
        if whole is not None:
            return whole, len(whole.lines)
        lines, rejects = group.lines, [(number + at, reason) for at, reason in group.bad.items()]
        taken = set(group.bad)
        exact: list[tuple[int, list[str]]] = []
        lenient: list[int] = []
        used = len(lines)
        self.counts.records += len(rejects)
        for at in [at for at, line in enumerate(lines) if b'"' in line] if group.quoted else []:
            if at in taken or lines[at] == header_line:
                continue
            size, fields, verdict = self._assemble(group, at)
            if size == 0:
                used = at
                rejects = [item for item in rejects if item[0] < number + at]
                self.counts.records -= sum(1 for position in group.bad if position >= at)
                break
            taken.update(range(at, at + size))
            self.counts.records += 1
            self.counts.continuation += size - 1
            if fields is None:
                rejects.append((number + at, verdict))
            else:
                exact.append((number + at, fields))
                if verdict:
                    lenient.append(number + at)
        return self._collect(group, number, used, taken, header_line, exact, lenient, rejects), used

    def _whole(self, group: Lines, number: int, header_line: bytes) -> Records | None:
        """All lines at once where each is a record with every column, else None."""
        content = group.content
        if not content or group.quoted or header_line in content:
            return None
        # Arrow makes a record of a blank line
        if content.startswith(b"\n") or b"\n\n" in content:
            return None
        names = [f"c{position}" for position in range(len(self.header))]
        try:
            table = _arrow(content, names, self.delimiter.decode())
        except pa.ArrowInvalid:
            return None  # a line with another number of columns
        lines = content.count(b"\n")
        if table.num_rows != lines:
            raise AssertionError(f"expected {lines} records from as many lines, got {table.num_rows}")
        self.counts.records += lines
        hashes: list[str] = []
        if self.hasher is not None:
            hashes = [self.hasher(line.replace(self.delimiter, b"\x1f")) for line in group.lines]
        return Records(table, np.arange(number, number + lines), hashes, [], [])

    def _assemble(self, group: Lines, at: int) -> tuple[int, list[str] | None, str]:
        """The record that starts at a line.

        Lines used (0: more are needed), its fields, reason or `lenient_quote`.
        """
        delimiter = self.delimiter.decode()
        text = group.lines[at].decode()
        size = 1
        while True:
            fields, verdict = parse(text, delimiter)
            if fields is not None:
                if len(fields) == len(self.header):
                    return size, fields, verdict
                # a quote that swallowed other records shows by the number of columns
                return (size, None, "column_count") if size == 1 else (1, None, "unclosed_quote")
            if verdict == "broken":
                return 1, None, "unclosed_quote"
            while True:
                if size > NEWLINE_LIMIT or len(text) > LINE_LIMIT:
                    return 1, None, "unclosed_quote"
                if at + size >= len(group.lines):
                    return (1, None, "unclosed_quote") if group.last else (0, None, "")
                if at + size in group.bad:
                    return 1, None, "unclosed_quote"
                line = group.lines[at + size]
                text = f"{text}\n{line.decode()}"
                size += 1
                if b'"' in line:
                    break

    def _collect(
        self,
        group: Lines,
        number: int,
        used: int,
        taken: set[int],
        header_line: bytes,
        exact: list[tuple[int, list[str]]],
        lenient: list[int],
        rejects: list[tuple[int, str]],
    ) -> Records:
        delimiters = len(self.header) - 1
        fast: list[bytes] = []
        fast_lines: list[int] = []
        for at in range(used):
            line = group.lines[at]
            if at in taken:
                continue
            if not line:
                self.counts.blank += 1
            elif line == header_line:
                self.counts.repeated_header += 1
            else:
                self.counts.records += 1
                if line.count(self.delimiter) == delimiters:
                    fast.append(line)
                    fast_lines.append(number + at)
                else:
                    rejects.append((number + at, "column_count"))
        names = [f"c{position}" for position in range(len(self.header))]
        table = _arrow(b"".join(line + b"\n" for line in fast), names, self.delimiter.decode())
        if table.num_rows != len(fast):
            raise AssertionError(f"expected {len(fast)} records from as many lines, got {table.num_rows}")
        hashes: list[str] = []
        if self.hasher is not None:
            hashes = [self.hasher(line.replace(self.delimiter, b"\x1f")) for line in fast]
            hashes += [self.hasher("\x1f".join(fields).encode()) for _, fields in exact]
        if exact:
            columns = [
                pa.array(column, pa.string()) for column in zip(*(fields for _, fields in exact), strict=True)
            ]
            table = pa.concat_tables([table, pa.table(columns, names=names)])
        return Records(table, fast_lines + [line for line, _ in exact], hashes, lenient, rejects)


def parse(text: str, delimiter: str) -> tuple[list[str] | None, str]:
    """Fields of one record (RFC 4180); a quote inside an unquoted field is kept literally.

    Returns:
        The fields and `lenient_quote` or nothing; or None and `open` (a quoted field does not end) or
        `broken` (text
        follows a closing quote).
    """
    fields: list[str] = []
    at, verdict = 0, ""
    while True:
        if text.startswith('"', at):
            end = text.find('"', at + 1)
            while end >= 0 and text.startswith('"', end + 1):
                end = text.find('"', end + 2)
            if end < 0:
                return None, "open"
            fields.append(text[at + 1 : end].replace('""', '"'))
            at = end + 1
            if at < len(text) and text[at] != delimiter:
                return None, "broken"
        else:
            end = text.find(delimiter, at)
            end = len(text) if end < 0 else end
            fields.append(text[at:end])
            if '"' in fields[-1]:
                verdict = "lenient_quote"
            at = end
        if at >= len(text):
            return fields, verdict
        at += 1


def _arrow(content: bytes, names: list[str], delimiter: str) -> pa.Table:
    """Lines of UTF-8 without quotes as text columns.

    Raises:
        pa.ArrowInvalid: a line has another number of columns.
    """
    if not content:
        return pa.table({name: pa.array([], pa.string()) for name in names})
    return pa_csv.read_csv(
        pa.BufferReader(content),
        read_options=pa_csv.ReadOptions(column_names=names, use_threads=False, block_size=len(content) + 1),
        parse_options=pa_csv.ParseOptions(
            delimiter=delimiter,
            quote_char=False,
            double_quote=False,
            escape_char=False,
            ignore_empty_lines=False,
        ),
        convert_options=pa_csv.ConvertOptions(
            check_utf8=False,  # a line that does not decode never comes here
            column_types=dict.fromkeys(names, pa.string()),
            strings_can_be_null=False,
            quoted_strings_can_be_null=False,
        ),
    )


def _joined(kept: Lines | None, group: Lines) -> Lines:
    if kept is None:
        return group
    shift = len(kept.lines)
    bad = {**kept.bad, **{at + shift: reason for at, reason in group.bad.items()}}
    return Lines(kept.lines + group.lines, bad, kept.quoted or group.quoted, group.last)


def _from(group: Lines, at: int) -> Lines:
    """The group without its first `at` lines."""
    if group.content:
        start = 0
        for _ in range(at):
            start = group.content.index(b"\n", start) + 1
        return Lines(None, {}, group.quoted, group.last, group.content[start:])
    bad = {position - at: reason for position, reason in group.bad.items() if position >= at}
    return Lines(group.lines[at:], bad, group.quoted, group.last)
