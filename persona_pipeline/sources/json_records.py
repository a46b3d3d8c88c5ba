"""Lines to JSON records: one object a line, every line accounted for, nothing repaired.

Python's parser reads them, because it alone shows what must be seen: `object_pairs_hook` gets every key of
an object (orjson and msgspec keep the last of two equal keys and say nothing), `parse_int`, `parse_float`
and `parse_constant` get the text of a number before a digit of it is lost. The looks cost four times the
parser's own time, which a day's posts do not feel; a faster parser would need a second one for the keys.

Not here: encodings, over-long lines and control characters (lines.py), what a field means.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, NoReturn

import pyarrow as pa

from persona_pipeline.sources.csv_records import Counts, Records
from persona_pipeline.sources.lines import Lines

DEPTH_LIMIT = 64
EXACT_IN_DOUBLE = 1 << 53  # readers that keep numbers as doubles lose digits beyond it (RFC 8259, section 6)
MOST_NAMES = 20
_BRACKET = re.compile(rb"[\[\]{}]")
_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"')
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
_ESCAPED_CONTROL = re.compile(rb"\\u00|\\[bf]")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


class _Refused(Exception):
    """This record cannot be taken; `reason` is the public code."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass
class Reader:
    """Reads one file's records.

    Attributes:
        columns: what is wanted of each object; `user.name` reaches into an object, unless a key is called so.
        hasher: makes the identity of a whole record, whatever the order of its keys, or None.
        header: the columns; every file of this format has all of them, an absent one is null.
        counts: filled while reading.
        large_integers: records with an integer that other readers would have changed.
    """

    columns: tuple[str, ...]
    hasher: Callable[[bytes], str] | None = None
    header: list[str] = field(default_factory=list)
    counts: Counts = field(default_factory=Counts)
    large_integers: int = 0
    _names: Counter[str] = field(default_factory=Counter)
    _large: bool = False

    def __post_init__(self) -> None:
        self.header = list(self.columns)
        self._paths = [(name, name.split(".")) for name in self.columns]
        self._known = {path[0] for _, path in self._paths} | set(self.columns)
        self._decoder = json.JSONDecoder(
            object_pairs_hook=_object,
            parse_int=self._integer,
            parse_float=_decimal,
            parse_constant=_constant,
        )

    def read(self, groups: Iterable[Lines]) -> Iterator[Records]:
        """Records group by group."""
        number = 1
        for group in groups:
            yield self._records(group, number)
            number += len(group.lines)
        self.counts.lines = number - 1

    def unused(self) -> list[str]:
        """Keys of the file's objects that no field is read from, the first twenty by name."""
        return [name[:60] for name in sorted(self._names)[:MOST_NAMES]]

    def others(self) -> Counter[str]:
        """Keys that no field is read from, with the records that have them; none if they are too many.

        More than twenty are values in the place of names, which must not get into tables.
        """
        found: Counter[str] = Counter()
        for name, records in self._names.items() if len(self._names) <= MOST_NAMES else ():
            found[name[:60]] += records
        return found

    def _records(self, group: Lines, number: int) -> Records:
        rows: list[list[str | None]] = []
        lines: list[int] = []
        hashes: list[str] = []
        rejects: list[tuple[int, str]] = []
        for at, line in enumerate(group.lines):
            if at not in group.bad and not line.strip(b" \t"):
                self.counts.blank += 1
                continue
            self.counts.records += 1
            if at in group.bad:
                rejects.append((number + at, group.bad[at]))
                continue
            self._large = False
            try:
                record = self._parse(line)
                row = self._row(record)
            except _Refused as refused:
                rejects.append((number + at, refused.reason))
                continue
            rows.append(row)
            lines.append(number + at)
            self.large_integers += self._large
            if not record.keys() <= self._known:
                self._names.update(record.keys() - self._known)
            if self.hasher is not None:
                hashes.append(self.hasher(json.dumps(record, sort_keys=True, ensure_ascii=False).encode()))
        values = list(zip(*rows, strict=True)) if rows else [()] * len(self.columns)
        table = pa.table([pa.array(column, pa.string()) for column in values], names=list(self.columns))
        return Records(table, lines, hashes, [], rejects)

    def _parse(self, line: bytes) -> dict[str, Any]:
        if line.count(b"{") + line.count(b"[") > DEPTH_LIMIT and _depth(line) > DEPTH_LIMIT:
            raise _Refused("json_depth")
        try:
            record = self._decoder.decode(line.decode())
        except json.JSONDecodeError as error:
            raise _Refused("json_trailing" if error.msg == "Extra data" else "bad_json") from None
        if not isinstance(record, dict):
            raise _Refused("bad_json")
        if _SURROGATE.search(line):
            try:
                json.dumps(record, ensure_ascii=False).encode()
            except UnicodeEncodeError:
                raise _Refused("json_surrogate") from None
        if _ESCAPED_CONTROL.search(line) and any(_CONTROL.search(text) for text in _texts(record)):
            raise _Refused("ctrl_char")
        return record

    def _row(self, record: dict[str, Any]) -> list[str | None]:
        """The wanted values as text: numbers as written, true and false as such, null as nothing."""
        row: list[str | None] = []
        for name, path in self._paths:
            value: Any = record.get(name)
            if value is None and len(path) > 1 and name not in record:
                value = record
                for key in path:
                    value = value.get(key) if isinstance(value, dict) else None
            if value is not None and value.__class__ is not str:
                if not isinstance(value, bool):
                    raise _Refused("bad_json")
                value = "true" if value else "false"
            row.append(value)
        return row

    def _integer(self, text: str) -> str:
        digits = text.lstrip("-")
        if len(digits) > 15:
            size = int(digits) if len(digits) < 21 else 1 << 64
            if size >= (1 << 63) + (text[0] == "-"):
                raise _Refused("json_number")
            self._large |= size > EXACT_IN_DOUBLE
        return text


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _Refused("json_duplicate_key")
    return found


def _decimal(text: str) -> str:
    if float(text) in (float("inf"), float("-inf")):
        raise _Refused("json_not_finite")
    return text


def _constant(text: str) -> NoReturn:
    raise _Refused("json_not_finite")


def _texts(value: Any) -> Iterator[str]:
    """Every text in a record, keys and values."""
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, str):
            yield each
        elif isinstance(each, dict):
            waiting += [*each.keys(), *each.values()]
        elif isinstance(each, list):
            waiting += each


def _depth(line: bytes) -> int:
    """How deep brackets nest outside of strings; asked before parsing, so that no parser has to recurse."""
    deepest = depth = 0
    for bracket in _BRACKET.findall(_STRING.sub(b"", line)):
        depth += 1 if bracket in b"[{" else -1
        deepest = max(deepest, depth)
    return deepest
