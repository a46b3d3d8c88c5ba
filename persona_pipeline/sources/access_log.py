"""Access logs to records: the fields of every line and the parts of its request, as text.

Here: reading files once, whole or not at all, and the lines of many small ones together. Not here: the
statement that cuts lines (log_statement.py), what a request means (page_patterns.py), who it came from and
whether it counts (cleaning).
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from persona_pipeline.engine.ahead import ahead
from persona_pipeline.engine.protocol import Engine
from persona_pipeline.sources.failure import SourceError
from persona_pipeline.sources.files import locate, range_of
from persona_pipeline.sources.fingerprint import GzipProblem, decompressed, fingerprint, range_blocks
from persona_pipeline.sources.growing import changed, opening
from persona_pipeline.sources.lines import FileRejected, without_mark
from persona_pipeline.sources.log_lines import LogLines, log_lines
from persona_pipeline.sources.log_statement import UTM, Fields, no_fields, parse_statement
from persona_pipeline.sources.w3c_lines import Directives

if TYPE_CHECKING:
    from persona_pipeline.sources.source import Source

TOGETHER = 64 << 20  # bytes of lines that one statement takes, unless one chunk of a file holds more
_BAD = {"path_no": pa.int32(), "line": pa.int64(), "reason": pa.string()}
SCHEMA = pa.schema(
    [
        ("path_no", pa.int32()),
        ("line", pa.int64()),
        ("reason", pa.string()),
        ("address", pa.string()),
        ("account", pa.string()),
        ("visitor", pa.string()),
        ("local_at", pa.timestamp("us")),
        ("offset_seconds", pa.int32()),
        ("leap_second", pa.bool_()),
        ("method", pa.string()),
        ("page", pa.string()),
        *((name, pa.string()) for name in UTM),
        ("contact", pa.string()),
        ("status", pa.string()),
        ("bytes", pa.string()),
        ("referrer_host", pa.string()),
        ("agent", pa.string()),
    ]
)


@dataclass(frozen=True, slots=True)
class ReadLog:
    """What was read of one log; with a `reason` the whole file is refused.

    `noted` counts what is no record.
    """

    records: int
    reason: str | None = None
    note: str | None = None
    noted: Mapping[str, int] = field(default_factory=dict)


def split_access_logs(
    engine: Engine,
    name: str,
    source: Source,
    deliveries: Sequence[tuple[str, str]],
    *,
    project_directory: Path,
    directory: Path,
    count_only: Collection[int] = (),
    first_lines: Sequence[int] = (),
) -> tuple[tuple[str, ...], list[ReadLog]]:
    """Split delivered logs into Parquet files with `SCHEMA`.

    Args:
        engine: cuts the lines.
        name: name of the source.
        source: how to read it.
        deliveries: (path, sha256) as recorded in clean.arrival; `path_no` is the position in this sequence.
        project_directory: the project folder.
        directory: where the Parquet files go.
        count_only: positions of deliveries whose lines are counted only.
        first_lines: number of the first line of each delivery in its file; 1 without it.

    Returns:
        Paths of the Parquet files (at least one), and what was read of each delivery.

    Raises:
        SourceError: a file is gone, or its content is not the one that was recorded.
    """
    directory.mkdir(parents=True, exist_ok=True)
    files: list[ReadLog] = []
    parser = _Parser(engine, source, directory, name)
    for path_no, (path, sha256) in enumerate(deliveries):
        file = locate(source, project_directory, path)
        if not file.is_file():
            raise SourceError(
                f"source {name}: {path} was recorded with content {sha256[:12]} but is gone; put it back"
            )
        bounds = range_of(source, path)
        read = _File(file, source, path_no, bounds, first_lines[path_no] if first_lines else 1)
        found = read.count() if path_no in count_only else read.split(parser)
        if read.sha256 != sha256 and bounds is not None:
            raise changed(name, path, sha256, read.sha256)
        if read.sha256 != sha256:
            raise SourceError(
                f"source {name}: {path} was recorded with content {sha256[:12]} but now holds "
                f"{read.sha256[:12]}; put the recorded file back and deliver the new content under "
                "another name"
            )
        if found.reason is None and found.records == 0 and not (source.allow_empty or source.growing):
            found = replace(found, reason="empty")
        files.append(found)
    parts = tuple(parser.finish())
    if not parts:
        parts = (str(directory / f"{name}-none.parquet"),)
        pq.write_table(SCHEMA.empty_table(), parts[0])
    return parts, files


class _Parser:
    """Parses the lines of many files together: a statement takes 50 ms before its first line.

    Only lines that fill a statement are parsed while their file may still turn out to be broken.
    """

    def __init__(self, engine: Engine, source: Source, directory: Path, name: str) -> None:
        self._engine, self._source = engine, source
        self._directory, self._name = directory, name
        self._statements: dict[str, str] = {}
        self._waiting: list[tuple[int, LogLines]] = []
        self._size = self._made = 0
        self._parts: list[Path] = []

    def add(self, path_no: int, groups: Iterable[LogLines]) -> int:
        """Take the lines of a file, all or none of them; returns how many.

        Raises:
            FileRejected, GzipProblem: as reading them does.
        """
        count, parts = 0, []
        rest: list[tuple[int, LogLines]] = []
        size = 0
        try:
            for group in groups:
                count += group.count
                size += group.table.nbytes
                rest.append((path_no, group))
                if size >= TOGETHER:
                    parts += self._by_statement(rest)
                    rest, size = [], 0
        except (GzipProblem, FileRejected):
            for part in parts:
                part.unlink()
            raise
        self._parts += parts
        self._waiting += rest
        self._size += size
        if self._size >= TOGETHER:
            self._flush()
        return count

    def finish(self) -> list[str]:
        """The Parquet files of everything that was taken."""
        self._flush()
        return [str(part) for part in self._parts]

    def _flush(self) -> None:
        self._parts += self._by_statement(self._waiting)
        self._waiting, self._size = [], 0

    def _by_statement(self, groups: Iterable[tuple[int, LogLines]]) -> list[Path]:
        # by statement, not by fields: all that cannot be read, and what differs in unread fields, is one
        found: dict[str, list[tuple[int, LogLines]]] = {}
        for each in groups:
            found.setdefault(self._statement(each[1].fields), []).append(each)
        return [self._parsed(alike) for alike in found.values()]

    def _parsed(self, groups: Sequence[tuple[int, LogLines]]) -> Path:
        lines = pa.concat_tables(
            group.table.add_column(0, "path_no", pa.repeat(pa.scalar(path_no, pa.int32()), group.count))
            for path_no, group in groups
        )
        refused = [(path_no, line, reason) for path_no, group in groups for line, reason in group.bad.items()]
        bad = pa.table(
            {
                name: pa.array([row[at] for row in refused], kind)
                for at, (name, kind) in enumerate(_BAD.items())
            }
        )
        statement = self._statement(groups[0][1].fields)
        staged = self._engine.stage(statement, {"lines": lines, "bad": bad})
        part = self._directory / f"{self._name}-{self._made}.parquet"
        self._made += 1
        shutil.move(staged.paths[0], part)
        return part

    def _statement(self, fields: str) -> str:
        """The statement for lines that hold some fields."""
        if fields not in self._statements:
            found, _ = _fields_of(self._source, fields)
            self._statements[fields] = parse_statement(found, self._source.page_patterns.parameters)
        return self._statements[fields]


def _fields_of(source: Source, directive: str) -> tuple[Fields, str | None]:
    """The fields of lines, and what is wrong where the file itself names some that cannot be used."""
    try:
        return source.line_fields(directive), None
    except ValueError as error:
        return no_fields("unknown_fields"), str(error)


class _File:
    """Reads one file once: hash, gzip integrity and lines together."""

    def __init__(
        self, file: Path, source: Source, path_no: int, bounds: tuple[int, int] | None, first_line: int
    ) -> None:
        self._file, self._source, self._path_no = file, source, path_no
        self._bounds, self._first_line = bounds, first_line
        self._digest = hashlib.sha256()
        self._directives = Directives() if source.format == "w3c" else None
        self.sha256 = ""

    def split(self, parser: _Parser) -> ReadLog:
        """Hand the lines to the parser."""
        return self._read(lambda groups: parser.add(self._path_no, groups))

    def count(self) -> ReadLog:
        """Count the lines."""
        return self._read(lambda groups: sum(group.count for group in groups))

    def _read(self, take: Callable[[Iterable[LogLines]], int]) -> ReadLog:
        note = None
        with self._file.open("rb") as stream:
            try:
                content: Iterable[bytes] = self._hashed(ahead(decompressed(stream)))
                if self._bounds is not None:
                    own = self._hashed(range_blocks(self._file, *self._bounds))
                    content = chain([opening(self._source, self._file, self._bounds[0])], own)
                blocks, encoding, note = without_mark(content)
                groups = ahead(log_lines(blocks, encoding or self._source.encoding, self._first_line))
                records = take(self._directives.without(groups) if self._directives else groups)
            except (GzipProblem, FileRejected) as refused:
                self.sha256 = fingerprint(self._file).sha256
                why = refused.note if isinstance(refused, FileRejected) else None
                return ReadLog(0, refused.reason, "; ".join(text for text in (note, why) if text) or None)
        self.sha256 = self._digest.hexdigest()
        if self._bounds is not None and self._bounds[0] > 0:
            note = None  # of a mark, once
        if self._directives is None:
            return ReadLog(records, None, note)
        problems = [_fields_of(self._source, fields)[1] for fields in self._directives.used]
        notes = [text for text in (note, *dict.fromkeys(problems)) if text]
        return ReadLog(records, None, "; ".join(notes) or None, {"header_line": self._directives.count})

    def _hashed(self, blocks: Iterable[bytes]) -> Iterator[bytes]:
        for block in blocks:
            self._digest.update(block)
            yield block
