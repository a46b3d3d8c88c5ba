"""Access logs to records: the fields of every line and the parts of its request, as text.

The engine cuts lines at quotes and blanks; lines that do not fall into the pieces of the format go through
the format's regular expression, which knows escapes; what neither understands is `bad_line`. Not here: what
a request means (page_patterns.py), who it came from, whether it counts (cleaning).
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from persona_pipeline.engine.protocol import Engine
from persona_pipeline.sources.failure import SourceError
from persona_pipeline.sources.files import locate
from persona_pipeline.sources.fingerprint import GzipProblem, decompressed, fingerprint
from persona_pipeline.sources.lines import FileRejected, without_mark
from persona_pipeline.sources.log_format import Compiled, literal, time_expression, zone_expression
from persona_pipeline.sources.log_lines import count_lines, log_lines

if TYPE_CHECKING:
    from persona_pipeline.sources.source import Source

ROLES = ("address", "account", "visitor", "time", "zone", "request", "status", "bytes", "referrer", "agent")
UTM = ("utm_source", "utm_medium", "utm_campaign")
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


def split_access_logs(
    engine: Engine,
    name: str,
    source: Source,
    deliveries: Sequence[tuple[str, str]],
    *,
    project_directory: Path,
    directory: Path,
    count_only: Collection[int] = (),
) -> tuple[tuple[str, ...], list[tuple[int, str | None, str | None]]]:
    """Split delivered logs into Parquet files with `SCHEMA`.

    Args:
        engine: cuts the lines.
        name: name of the source.
        source: how to read it.
        deliveries: (path, sha256) as recorded in clean.arrival; `path_no` is the position in this sequence.
        project_directory: the project folder.
        directory: where the Parquet files go.
        count_only: positions of deliveries whose lines are counted only.

    Returns:
        Paths of the Parquet files (at least one), and for each delivery: lines, reason to refuse the file,
        note.

    Raises:
        SourceError: a file is gone, or its content is not the one that was recorded.
    """
    directory.mkdir(parents=True, exist_ok=True)
    empty = directory / f"{name}-none.parquet"
    pq.write_table(SCHEMA.empty_table(), empty)
    paths, files = [str(empty)], []
    statement = parse_statement(source.compiled_format, source.page_patterns.parameters)
    for path_no, (path, sha256) in enumerate(deliveries):
        file = locate(source, project_directory, path)
        if not file.is_file():
            raise SourceError(
                f"source {name}: {path} was recorded with content {sha256[:12]} but is gone; put it back"
            )
        read = _File(engine, file, source.encoding, statement, path_no)
        parts, lines, reason, note = read.split(directory, f"{name}-{path_no}", count=path_no in count_only)
        if read.sha256 != sha256:
            raise SourceError(
                f"source {name}: {path} was recorded with content {sha256[:12]} but now holds "
                f"{read.sha256[:12]}; put the recorded file back and deliver the new content under "
                "another name"
            )
        if reason is None and lines == 0 and not source.allow_empty:
            reason = "empty"
        paths += parts
        files.append((lines, reason, note))
    return tuple(paths), files


def parse_statement(form: Compiled, parameters: Sequence[str]) -> str:
    """The SELECT that makes records of a table `lines` (line, text) and a table `bad` (line, reason).

    Args:
        form: the log format.
        parameters: names in the query string that pages are told by.
    """
    cut = " AND ".join(
        [
            f"len(piece) = {form.pieces}",
            "NOT contains(text, '\\\"')",
            *form.conditions,
        ]
        if form.pieces
        else ["FALSE"]
    )
    names = ", ".join(literal(role) for role in form.groups)
    fields = []
    for role in ROLES:
        fast = form.values.get(role, "NULL") if form.pieces else "NULL"
        slow = f"again.{role}" if role in form.groups else "NULL"
        fields.append(f"CASE WHEN fits THEN {fast} ELSE {slow} END AS {role}")
    given = " || ".join(_parameter_given(name) for name in parameters) or "''"
    value = _query_value
    address = "CASE WHEN contains(q.address, ',') THEN split_part(q.address, ',', 1) ELSE q.address END"
    words = "".join(f", {expression} AS {name}" for name, expression in form.words.items())
    return f"""
WITH pieces AS (
    SELECT line, text, str_split(text, '"') AS piece FROM lines
),
worded AS (
    SELECT line, text, piece{words} FROM pieces
),
fitting AS (
    SELECT *, coalesce({cut}, FALSE) AS fits FROM worded
),
tried AS (
    SELECT *, CASE WHEN NOT fits THEN regexp_extract(text, {literal(form.pattern)}, [{names}]) END AS again
    FROM fitting
),
field AS (
    SELECT line, {", ".join(fields)} FROM tried
),
asked AS (
    SELECT
        *,
        CASE WHEN contains(request, ' ') THEN substr(request, 1, instr(request, ' ') - 1) ELSE '' END AS verb,
        CASE
            WHEN suffix(request, ' HTTP/1.1') OR suffix(request, ' HTTP/2.0') OR suffix(request, ' HTTP/1.0')
                OR suffix(request, ' HTTP/3.0') OR suffix(request, ' HTTP/0.9') THEN 9
            WHEN suffix(request, ' HTTP/2') OR suffix(request, ' HTTP/3') OR suffix(request, ' HTTP/1') THEN 7
        END AS protocol_length
    FROM field
),
request_line AS (
    SELECT
        *,
        CASE
            WHEN CASE WHEN verb IN ('GET', 'POST', 'HEAD') THEN TRUE
                ELSE regexp_full_match(verb, '[A-Z]{{3,20}}') END
                THEN substr(request, length(verb) + 2, length(request) - length(verb) - 1 - protocol_length)
        END AS target
    FROM asked
),
target AS (
    SELECT
        *,
        CASE
            WHEN starts_with(target, '/') THEN target
            WHEN starts_with(target, 'http://') OR starts_with(target, 'https://') THEN '/' || substr(
                target, length(split_part(target, '/', 1)) + length(split_part(target, '/', 3)) + 4
            )
        END AS whole
    FROM request_line
),
place AS (
    SELECT
        * REPLACE (
            CASE WHEN contains(whole, '#') THEN substr(whole, 1, instr(whole, '#') - 1) ELSE whole END
            AS whole
        ),
        CASE WHEN starts_with(referrer, 'http') AND contains(referrer, '://')
            THEN str_split(referrer, '/')[3] END AS site
    FROM target
),
query AS (
    SELECT
        *,
        CASE WHEN contains(whole, '?') THEN substr(whole, 1, instr(whole, '?') - 1) ELSE whole END AS path,
        CASE WHEN contains(whole, '?') THEN '&' || substr(whole, instr(whole, '?') + 1) END AS query
    FROM place
)
SELECT
    CAST($path_no AS INTEGER) AS path_no,
    q.line,
    coalesce(b.reason, CASE WHEN coalesce(q.time, '') = '' THEN 'bad_line' END) AS reason,
    {_missing(address)} AS address,
    {_missing("q.account")} AS account,
    {_missing("q.visitor")} AS visitor,
    {time_expression(form.time, "q.time")} AS local_at,
    CAST({zone_expression(form.time, "q.zone")} AS INTEGER) AS offset_seconds,
    coalesce(suffix(q.time, ':60'), FALSE) AS leap_second,
    CASE WHEN target <> '' THEN verb END AS method,
    CASE WHEN query IS NULL THEN path ELSE path || '?' || {given} END AS page,
    {", ".join(f"{value(name)} AS {name}" for name in UTM)},
    {value("cid")} AS contact,
    q.status,
    {_missing("q.bytes")} AS bytes,
    lower(CASE
        WHEN contains(site, '@') OR contains(site, ':') THEN split_part(split_part(site, '@', -1), ':', 1)
        ELSE site
    END) AS referrer_host,
    {_missing("q.agent")} AS agent
FROM query AS q
LEFT JOIN bad AS b ON b.line = q.line
"""


def _missing(value: str) -> str:
    return f"nullif(nullif({value}, '-'), '')"


def _query_value(name: str) -> str:
    """SQL of a value of the query string; NULL where it is not given."""
    mark = literal(f"&{name}=")
    value = f"nullif(split_part(split_part(query, {mark}, 2), '&', 1), '')"
    return f"CASE WHEN contains(query, {mark}) THEN {value} END"


def _parameter_given(name: str) -> str:
    return f"coalesce({literal(f'{name}=')} || {_query_value(name)} || '&', '')"


class _File:
    """Reads one file once: hash, gzip integrity and records together."""

    def __init__(self, engine: Engine, file: Path, encoding: str, statement: str, path_no: int) -> None:
        self._engine, self._file, self._encoding = engine, file, encoding
        self._statement, self._path_no = statement, path_no
        self._digest = hashlib.sha256()
        self.sha256 = ""

    def split(
        self, directory: Path, name: str, *, count: bool
    ) -> tuple[list[str], int, str | None, str | None]:
        """Parquet files, lines, reason to refuse the whole file, note."""
        parts: list[str] = []
        lines, note = 0, None
        with self._file.open("rb") as stream:
            blocks = self._hashed(decompressed(stream))
            try:
                blocks, encoding, note = without_mark(blocks)
                if count:
                    lines = count_lines(blocks)
                else:
                    for group in log_lines(blocks, encoding or self._encoding):
                        target = directory / f"{name}-{len(parts)}.parquet"
                        shutil.move(self._parsed(group.table, group.bad), target)
                        parts.append(str(target))
                        lines += group.count
            except (GzipProblem, FileRejected) as refused:
                mark = fingerprint(self._file)
                self.sha256 = mark.sha256
                for part in parts:
                    Path(part).unlink()
                return [], 0, refused.reason, note
        self.sha256 = self._digest.hexdigest()
        return parts, lines, None, note

    def _parsed(self, lines: pa.Table, bad: dict[int, str]) -> str:
        refused = pa.table(
            {
                "line": pa.array(list(bad), pa.int64()),
                "reason": pa.array(list(bad.values()), pa.string()),
            }
        )
        staged = self._engine.stage(
            self._statement, {"lines": lines, "bad": refused}, {"path_no": self._path_no}
        )
        return staged.paths[0]

    def _hashed(self, blocks: Iterable[bytes]) -> Iterator[bytes]:
        for block in blocks:
            self._digest.update(block)
            yield block
