"""Looks for identifiers in clear in everything a run left behind, whatever the format.

Here: decoding files down to words, and the search. Not here: which identifiers (the caller's), and whether a
project passes (the tests).

An identifier counts as found when it stands as a whole token: no letter or digit beside it; of a text without
blanks between words (Chinese) three signs suffice. Short numbers, such as account numbers of 8 digits, meet
other numbers by chance (bytes, counts, microseconds): they are looked for in text columns of tables only, and
not in documents stored there, such as Dagster's events. Phones and cookies do not collide, and are looked for
everywhere.
"""

from __future__ import annotations

import gzip
import html
import io
import json
import re
import sqlite3
import urllib.parse
import zipfile
import zlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

NOT_SEARCHED = ("data/raw", "truth", "data/lake/vault")
SHORT_NUMBER = 10  # digits below which a number is looked for in text columns only
UNSPACED = 3  # signs that do not meet by chance
DEPTH = 3  # archives within archives
_SIGNIFICANT = re.compile(r"[^\W_]")
_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class Finding:
    """Where an identifier stands. Its value is not repeated: a message would leak it."""

    path: str
    place: str
    kind: str
    index: int


@dataclass(frozen=True)
class Text:
    """A piece of decoded text; `is_value`: a value of a text column; `is_wide`: a guess at UTF-16."""

    place: str
    text: str
    is_value: bool = False
    is_wide: bool = False


def leaks(
    folder: Path, identifiers: Mapping[str, Iterable[str]], not_searched: Collection[str] = NOT_SEARCHED
) -> list[Finding]:
    """Every file below a project folder in which an identifier stands in clear.

    Args:
        folder: the project folder after a run.
        identifiers: kind -> values in clear. A finding names kind and position in that list.
        not_searched: folders left out; raw files, truth and the vault.

    Returns:
        One finding per file, place and identifier, in order.
    """
    wanted = Wanted(identifiers)
    found: set[Finding] = set()
    for path in sorted(each for each in folder.rglob("*") if each.is_file() and not each.is_symlink()):
        name = path.relative_to(folder).as_posix()
        if name.startswith(tuple(f"{part}/" for part in not_searched)):
            continue
        for text in (Text("name", urllib.parse.unquote(name)), *texts(path.read_bytes())):
            found.update(Finding(name, text.place, *hit) for hit in wanted.within(text))
    return sorted(found, key=lambda finding: (finding.path, finding.place, finding.kind, finding.index))


class Wanted:
    """Identifiers by their first word, so that a text is read once however many there are."""

    def __init__(self, identifiers: Mapping[str, Iterable[str]]) -> None:
        self._by_first: dict[str, list[tuple[str, str, int]]] = {}
        self._by_start: dict[str, list[tuple[str, str, int]]] = {}
        for kind, values in identifiers.items():
            for index, value in enumerate(values):
                text = value.strip().casefold()
                first = _WORD.search(text)
                if first is None:
                    raise ValueError(f"identifier {index} of kind {kind} holds no letter or digit")
                self._by_first.setdefault(first[0], []).append((text, kind, index))
                if not text.isascii() and len(text) >= UNSPACED:
                    self._by_start.setdefault(text[:UNSPACED], []).append((text, kind, index))

    def within(self, text: Text) -> Iterator[tuple[str, int]]:
        """Kind and position of the identifiers in a text."""
        folded = text.text.casefold()
        for first in set(_WORD.findall(folded)) & self._by_first.keys():
            for value, kind, index in self._by_first[first]:
                if (_collides(value) and not text.is_value) or (text.is_wide and len(value) < UNSPACED):
                    continue
                if _stands_in(value, folded):
                    yield kind, index
        if folded.isascii():
            return
        for start in {folded[at : at + UNSPACED] for at in range(len(folded))} & self._by_start.keys():
            for value, kind, index in self._by_start[start]:
                if value in folded:
                    yield kind, index


def _collides(value: str) -> bool:
    return value.isdecimal() and len(value) < SHORT_NUMBER


def _stands_in(value: str, text: str) -> bool:
    """Whether the value stands in the text with no letter or digit beside it."""
    at = text.find(value)
    while at >= 0:
        before, after = text[at - 1 : at], text[at + len(value) : at + len(value) + 1]
        if not _SIGNIFICANT.match(before) and not _SIGNIFICANT.match(after):
            return True
        at = text.find(value, at + 1)
    return False


def texts(content: bytes, place: str = "", depth: int = DEPTH) -> Iterator[Text]:
    """The texts of a file, by what its bytes are and not by what its name says."""
    if content.startswith(b"PAR1"):
        yield from _parquet(content, place)
    elif content.startswith(b"SQLite format 3\0"):
        yield from _sqlite(content, place)
    elif content.startswith(b"\x1f\x8b") and depth:
        yield from texts(_gunzipped(content), f"{place}gz:", depth - 1)
    elif zipfile.is_zipfile(io.BytesIO(content)) and depth:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for member in archive.infolist():
                yield Text(f"{place}{member.filename}", member.filename)
                yield from texts(archive.read(member), f"{place}{member.filename}:", depth - 1)
    else:
        yield from _wide(content, place)
    text = content.decode("utf-8", errors="replace")
    yield Text(f"{place}bytes", text)
    yield from _variants(text, f"{place}bytes")


def _gunzipped(content: bytes) -> bytes:
    """The whole of a gzip file, or what can be read of a broken one."""
    try:
        return gzip.decompress(content)
    except (OSError, EOFError, zlib.error):
        return zlib.decompressobj(31).decompress(content)


def _parquet(content: bytes, place: str) -> Iterator[Text]:
    """Distinct values of every text column, and the metadata."""
    file = pq.ParquetFile(io.BytesIO(content))
    for key, value in (file.schema_arrow.metadata or {}).items():
        yield Text(f"{place}metadata", f"{key.decode(errors='replace')} {value.decode(errors='replace')}")
    for name, column in zip(file.schema_arrow.names, file.read().itercolumns(), strict=True):
        yield from _values(column, f"{place}{name}")


def _values(column: pa.ChunkedArray, place: str) -> Iterator[Text]:
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        yield Text(place, "\n".join(pc.unique(column).drop_null().to_pylist()), is_value=True)
    elif pa.types.is_binary(column.type) or pa.types.is_large_binary(column.type):
        for value in pc.unique(column).drop_null().to_pylist():
            yield from texts(value, f"{place}:", 1)
    elif pa.types.is_nested(column.type):
        yield Text(place, json.dumps(column.to_pylist(), default=str, ensure_ascii=False), is_value=True)


def _sqlite(content: bytes, place: str) -> Iterator[Text]:
    """Values of every column of every table; pages freed and not overwritten are read as plain bytes."""
    database = sqlite3.connect(":memory:")
    try:
        database.deserialize(_without_wal(content))
        tables = "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"
        for (table,) in database.execute(tables).fetchall():
            cursor = database.execute(f'SELECT * FROM "{table}"')
            names = [each[0] for each in cursor.description]
            for row in cursor:
                for name, value in zip(names, row, strict=True):
                    if isinstance(value, str):
                        yield Text(f"{place}{table}.{name}", value, is_value=not _is_prose(value))
                        yield from _variants(value, f"{place}{table}.{name}")
                    elif isinstance(value, bytes):
                        yield from texts(value, f"{place}{table}.{name}:", 1)
    finally:
        database.close()


def _without_wal(content: bytes) -> bytes:
    """An image in WAL mode marked as one without: in memory there is no log beside it."""
    return content[:18] + b"\x01\x01" + content[20:]


def _is_prose(value: str) -> bool:
    """Whether a text column holds a document (an event of Dagster's) rather than a value."""
    return len(value) > 200 or value[:1] in "{["


def _wide(content: bytes, place: str) -> Iterator[Text]:
    """Bytes as UTF-16 in both orders and alignments; what is packed holds such letters by chance only."""
    if b"\0" in content:
        for encoding in ("utf-16-le", "utf-16-be"):
            for start in (0, 1):
                wide = content[start:].decode(encoding, errors="replace")
                yield Text(f"{place}{encoding}", wide, is_wide=True)


def _variants(text: str, place: str) -> Iterator[Text]:
    r"""The text without HTML entities, \uXXXX escapes and percent escapes, where there are any."""
    if "&" in text and ";" in text:
        yield Text(place, html.unescape(text))
    if "\\u" in text:
        yield Text(place, re.sub(r"\\u([0-9a-fA-F]{4})", lambda match: chr(int(match[1], 16)), text))
    if "%" in text:
        yield Text(place, urllib.parse.unquote(text, errors="replace"))
