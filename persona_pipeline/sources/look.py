"""What a file nobody described looks like: encoding, delimiter, columns, values, forms of times and numbers.

Here: looking, without judging by names; what a file is shows by its first bytes, not by its extension. Not
here: what a column means (guess.py).
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from persona_pipeline.sources import csv_records
from persona_pipeline.sources.failure import SourceError
from persona_pipeline.sources.fingerprint import GzipProblem, decompressed
from persona_pipeline.sources.lines import FileRejected, read_lines, without_mark
from persona_pipeline.sources.log_cut import compile_format
from persona_pipeline.sources.log_format import parse_format, roles_of
from persona_pipeline.sources.log_parts import PRESETS
from persona_pipeline.sources.typed_look import TYPED, TYPED_FORMATS, typed_format, typed_texts

HEAD = 1 << 20  # bytes that encoding and delimiter are judged by
SAMPLE = 5_000  # records
DELIMITERS = (",", ";", "\t", "|")
AGREE = 0.99  # of values have to have a form; the rest is dirt
TIME_FORMATS = (
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%d",
    "%Y-%m-%dT%H:%M:%S",
    "%Y-%m-%d %H:%M:%S.%f",
    "%Y-%m-%d %H:%M:%S %z",
    "%Y-%m-%dT%H:%M:%SZ",
    "%Y-%m-%dT%H:%M:%S%z",
    "%Y-%m-%d %H:%M:%S%z",
    "%Y/%m/%d %H:%M:%S",
    "%Y/%m/%d %H:%M",
    "%Y/%m/%d",
    "%Y年%m月%d日 %H:%M:%S",
    "%Y年%m月%d日 %H:%M",
    "%Y年%m月%d日",
    "%d.%m.%Y %H:%M:%S",
    "%d.%m.%Y %H:%M",
    "%d.%m.%Y",
    "%m/%d/%Y %H:%M:%S",
    "%d/%m/%Y %H:%M:%S",
    "%m/%d/%Y %H:%M",
    "%d/%m/%Y %H:%M",
    "%m/%d/%Y %I:%M %p",
    "%d/%m/%Y %I:%M %p",
    "%m/%d/%Y",
    "%d/%m/%Y",
    "%Y%m%d%H%M%S",
    "%Y%m%d",
)
MIDNIGHT = " 00:00:00"
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
PHONE = re.compile(r"\+?[0-9][0-9 ()-]{6,18}[0-9]")
NUMBER = {".": re.compile(r"[+-]?[0-9]*\.?[0-9]+"), ",": re.compile(r"[+-]?[0-9]*,?[0-9]+")}


@dataclass(frozen=True, slots=True)
class Look:
    """What a file looks like.

    Attributes:
        format: csv, jsonl, access_log, xlsx or parquet.
        encoding: to be declared; None where UTF-8 or a byte-order mark makes that needless.
        delimiter: of csv.
        log_format: of access logs.
        values: by column, the values of the first records, empty ones left out.
        records: how many records were looked at.
        times: columns whose dates or times have a type; a reader writes them in any format.
        notes: what else a person should know of the file.
    """

    format: str
    encoding: str | None
    delimiter: str
    log_format: str | None
    values: dict[str, list[str]]
    records: int
    times: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()


def look_at(file: Path, sheet: str | None = None) -> Look:
    """Look at the beginning of a file.

    Args:
        file: text, a workbook or Parquet.
        sheet: the sheet of a workbook, or None for the first one.

    Raises:
        SourceError: it cannot be read as text with a header, JSON lines, an access log, .xlsx or Parquet.
    """
    form = typed_format(file)
    if form is not None:
        return _typed_look(file, form, sheet)
    try:
        head, mark = _head(file)
    except (OSError, GzipProblem, FileRejected) as error:
        raise SourceError(
            f"{file}: cannot be read ({error}); expected text, plain or gzip, .xlsx or Parquet"
        ) from error
    encoding = mark or encoding_of(head)
    lines = [line for line in head.decode(encoding, "replace").splitlines() if line.strip()]
    if not lines:
        raise SourceError(f"{file}: is empty; expected a header and records")
    declared = None if mark or encoding == "utf-8" else encoding
    log_format = _log_format(lines[:200])
    if log_format is not None:
        return Look("access_log", declared, ",", log_format, {}, len(lines))
    form = "jsonl" if lines[0].lstrip().startswith("{") else "csv"
    delimiter = delimiter_of(lines[:200]) if form == "csv" else ","
    values: dict[str, list[str]] = {}
    count = 0
    for record in _records(file, form, encoding, delimiter):
        count += 1
        for name, value in record.items():
            values.setdefault(name, [])
            if value:
                values[name].append(value)
        if count == SAMPLE:
            break
    if not count:
        raise SourceError(f"{file}: no record could be read below its header")
    return Look(form, declared, delimiter, None, values, count)


def values_of(file: Path, look: Look, column: str) -> set[str]:
    """Every value of one column of the whole file."""
    if look.format in TYPED_FORMATS.values():
        is_date = column in look.times and not any(":" in value for value in look.values[column])
        parts = typed_texts(file, look.format, None, None)
        return {_plain(text, is_date) for texts, _ in parts for text in texts.get(column, [])} - {""}
    _, mark = _head(file)
    encoding = mark or look.encoding or "utf-8"
    return {record.get(column, "") for record in _records(file, look.format, encoding, look.delimiter)} - {""}


def encoding_of(head: bytes) -> str:
    """utf-8, gb18030 (which includes GBK) or cp1252, by which of them lines of text make sense.

    Almost any bytes decode as GB18030, so nine of ten characters beyond ASCII have to be those of GB 2312,
    the 6,763 characters of everyday Chinese; `ü` and a letter after it decode to none of them.
    """
    lines = [line for line in head.split(b"\n") if not line.isascii()]
    if sum(_decodes(line, "utf-8") for line in lines) >= AGREE * len(lines):
        return "utf-8"
    text = "".join(line.decode("gb18030", "ignore") for line in lines)
    foreign = [character for character in text if not character.isascii()]
    usual = sum(_encodes(character, "gb2312") for character in foreign)
    return "gb18030" if foreign and usual >= 0.9 * len(foreign) else "cp1252"


def delimiter_of(lines: Sequence[str]) -> str:
    """The delimiter by which most lines have as many fields as the header; a comma where there is none."""

    def agreement(delimiter: str) -> tuple[float, int]:
        sizes = [len(csv_records.parse(line, delimiter)[0] or ()) for line in lines]
        return (sum(size == sizes[0] for size in sizes) / len(sizes) if sizes[0] > 1 else 0.0), sizes[0]

    return max(DELIMITERS, key=agreement)


def time_formats(values: Iterable[str]) -> list[str]:
    """The formats that nearly all values have; two where day and month cannot be told apart."""
    asked = list(dict.fromkeys(values))[:500]
    return [
        form for form in TIME_FORMATS if asked and _share(asked, lambda v, f=form: is_time(v, f)) >= AGREE
    ]


def is_time(value: str, form: str) -> bool:
    """Whether a value has a format, which four digits alone (a year, a number) have not."""
    return len(value) >= 8 and moment(value, form) is not None


def moment(value: str, form: str) -> dt.datetime | None:
    """The time that a value says, or None."""
    try:
        return dt.datetime.strptime(value, form)  # noqa: DTZ007 - local time of a source whose zone is told apart
    except ValueError:
        return None


def decimal_sign(values: Iterable[str]) -> str | None:
    """The sign that makes nearly all values numbers; None where they are none."""
    asked = list(values)
    for sign, pattern in NUMBER.items():
        if asked and _share(asked, lambda value, p=pattern: bool(p.fullmatch(value))) >= AGREE:
            return sign
    return None


def is_email(values: Sequence[str]) -> bool:
    """Whether nearly all values are e-mail addresses."""
    return bool(values) and _share(values, lambda value: bool(EMAIL.fullmatch(value))) >= AGREE


def is_phone(values: Sequence[str]) -> bool:
    """Whether nearly all values are telephone numbers, and not of one length as keys are unless it is 11."""
    digits = {len(value) for value in values}
    shaped = bool(values) and _share(values, lambda value: bool(PHONE.fullmatch(value))) >= AGREE
    mobile = digits == {11} and all(value.startswith("1") for value in values)
    return shaped and (mobile or any(not value.isdigit() for value in values))


def _share(values: Sequence[str], holds: Any) -> float:
    return sum(map(holds, values)) / len(values)


def _typed_look(file: Path, form: str, sheet: str | None) -> Look:
    """Look at a workbook or a Parquet file.

    A column all of whose moments are at midnight is one of dates; sheets know no other.
    """
    values: dict[str, list[str]] = {}
    notes: tuple[str, ...] = ()
    for part, told in typed_texts(file, form, sheet, SAMPLE):
        notes = told
        for name, texts in part.items():
            values.setdefault(name, []).extend(texts)
    count = max(map(len, values.values()), default=0)
    if not count:
        raise SourceError(f"{file}: no record could be read below its header")
    times = {name for name, texts in values.items() if any(text.startswith(TYPED) for text in texts)}
    plain = {}
    for name, texts in values.items():
        is_date = name in times and all(text.endswith(MIDNIGHT) for text in texts if text.startswith(TYPED))
        plain[name] = [_plain(text, is_date) for text in texts if text]
    return Look(form, None, ",", None, plain, count, frozenset(times), notes)


def _plain(text: str, is_date: bool) -> str:  # noqa: FBT001 - a mark of the column, given by position
    text = text.removeprefix(TYPED)
    return text.removesuffix(MIDNIGHT) if is_date else text


def _head(file: Path) -> tuple[bytes, str | None]:
    """The first bytes, cut at a line end, in UTF-8 where a mark says what they are."""
    with file.open("rb") as stream:
        blocks, mark, _ = without_mark(decompressed(stream))
        head = b""
        for block in blocks:
            head += block
            if len(head) >= HEAD:
                return head[: head.rfind(b"\n") + 1] or head, mark
    return head, mark


def _records(file: Path, form: str, encoding: str, delimiter: str) -> Iterator[dict[str, str]]:
    with file.open("rb") as stream:
        blocks, mark, _ = without_mark(decompressed(stream))
        groups = read_lines(blocks, mark or encoding)
        if form == "jsonl":
            for group in groups:
                for line in group.lines:
                    yield from _object(line)
            return
        reader = csv_records.Reader(delimiter.encode())
        try:
            for records in reader.read(groups):
                named = [(name, at) for at, name in enumerate(reader.header) if name]
                columns = [records.table.column(at).to_pylist() for _, at in named]
                for row in zip(*columns, strict=True):
                    yield {name: str(value).strip() for (name, _), value in zip(named, row, strict=True)}
        except FileRejected as error:
            raise SourceError(f"{file}: {error.reason} ({error.note}); expected a header") from error


def _object(line: bytes) -> Iterator[dict[str, str]]:
    """The object of a line with the names of nested ones joined by dots; nothing where it is none."""
    try:
        value = json.loads(line)
    except ValueError:
        return
    if isinstance(value, dict):
        yield dict(_flat(value, ""))


def _flat(value: dict[str, Any], before: str) -> Iterator[tuple[str, str]]:
    for name, each in value.items():
        if isinstance(each, dict):
            yield from _flat(each, f"{before}{name}.")
        elif not isinstance(each, list):
            yield f"{before}{name}", "" if each is None else str(each)


def _log_format(lines: Sequence[str]) -> str | None:
    for name in sorted(PRESETS, key=lambda name: -len(PRESETS[name])):
        parts = parse_format(name)
        roles = roles_of(parts, address="remote_addr", account="remote_user", visitor=None)
        pattern = re.compile(compile_format(parts, roles).pattern)
        if _share(lines, lambda line, p=pattern: bool(p.match(line))) >= 0.9:
            return name
    return None


def _decodes(line: bytes, encoding: str) -> bool:
    try:
        line.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _encodes(character: str, encoding: str) -> bool:
    try:
        character.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True
