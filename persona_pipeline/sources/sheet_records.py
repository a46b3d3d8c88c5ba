"""Sheets of .xlsx workbooks to records: one row a record, every row accounted for.

python-calamine reads the cells. It shows an error (#N/A) and a formula without a stored result as an empty
cell, so the sheet's own XML is asked for those: their records are refused, not read with a gap.
Not here: what a field means; old .xls and .ods files, whose errors could not be seen.
"""

from __future__ import annotations

import lzma
import posixpath
import re
import zipfile
import zlib
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

import pyarrow as pa
from python_calamine import CalamineError, CalamineWorkbook

from persona_pipeline.sources.csv_records import Counts, Records
from persona_pipeline.sources.fingerprint import RATIO_FREE, RATIO_LIMIT
from persona_pipeline.sources.lines import FileRejected
from persona_pipeline.sources.typed_values import Forms, ValueRefused, cell_text, refusals

ROWS = 16_384
_CELL = re.compile(rb"<c\b([^>]*?)(?:/>|>(.*?)</c>)", re.DOTALL)
_PLACE = re.compile(rb'\br="[A-Z]+([0-9]+)"')
# what a damaged archive raises: zipfile, its decompressors, calamine, the XML of its parts
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    KeyError,
    NotImplementedError,
    OSError,
    RuntimeError,
    ValueError,
    CalamineError,
    ElementTree.ParseError,
)
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"


@dataclass
class Reader:
    """Reads one workbook's records.

    Attributes:
        forms: how dates and numbers are to be written.
        date_columns: columns with dates without a time.
        sheet: name of the sheet, or None for the first one.
        hasher: makes the identity of a whole row, or None.
        header: column names, once the first row that is not empty is read.
        counts: filled while reading; a line is a row of the sheet.
        notes: what else is to be said of the file.
    """

    forms: Forms
    date_columns: Collection[str] = ()
    sheet: str | None = None
    hasher: Callable[[bytes], str] | None = None
    header: list[str] = field(default_factory=list)
    counts: Counts = field(default_factory=Counts)
    notes: list[str] = field(default_factory=list)

    def read(self, file: Path) -> Iterator[Records]:
        """Records part by part.

        Raises:
            FileRejected: `bad_xlsx`, `gzip_bomb`, `missing_sheet`, `duplicate_header`.
        """
        rows, broken = self._rows(file)
        number, waiting = 0, _Waiting()
        for cells in rows:
            number += 1
            if not any(cell != "" for cell in cells):
                self.counts.blank += 1
            elif not self.header:
                self._read_header(cells)
            else:
                self.counts.records += 1
                self._take(waiting, number, cells, is_broken=number in broken)
                if len(waiting.lines) + len(waiting.rejects) >= ROWS:
                    yield self._records(waiting)
                    waiting = _Waiting()
        self.counts.lines = number
        if self.header:
            yield self._records(waiting)

    def _rows(self, file: Path) -> tuple[Iterator[list], frozenset[int]]:
        """The rows of the sheet from the first one on; numbers of rows with a cell that has no value."""
        try:
            with zipfile.ZipFile(file) as archive:
                size = sum(each.file_size for each in archive.infolist())
                if size > RATIO_FREE and size > RATIO_LIMIT * file.stat().st_size:
                    raise FileRejected("gzip_bomb")
                paths = _sheet_paths(archive)
                name = self.sheet or next(iter(paths), "")
                if name not in paths:
                    raise FileRejected(
                        "missing_sheet",
                        f"no sheet {name[:60]!r}; the workbook has: {', '.join(paths)[:200] or 'none'}",
                    )
                broken = _without_value(archive.read(paths[name]))
            # not from_path, which goes by the extension
            with file.open("rb") as stream, CalamineWorkbook.from_filelike(stream) as workbook:
                others = [each for each in paths if each != name]
                sheet = workbook.get_sheet_by_name(name)
                rows = sheet.to_python(skip_empty_area=False)
        except _BROKEN as error:
            raise FileRejected("bad_xlsx", type(error).__name__) from error
        if others and self.sheet is None:
            self.notes.append(f"sheets not read: {', '.join(others)[:200]}; choose one with sheet = ")
        return iter(rows), broken

    def _read_header(self, cells: list) -> None:
        names = [str(cell).strip() for cell in cells]
        while names and not names[-1]:
            names.pop()
        twice = sorted({name for name in names if name and names.count(name) > 1})
        if twice:
            raise FileRejected("duplicate_header", f"column named twice: {twice[0][:60]}")
        self.header = names
        self.counts.header = 1

    def _take(self, waiting: _Waiting, number: int, cells: list, *, is_broken: bool) -> None:
        width = len(self.header)
        named = zip(self.header, cells, strict=False)
        if any(cell != "" for cell in cells[width:]) or any(cell != "" for name, cell in named if not name):
            waiting.rejects.append((number, "column_count"))
        elif is_broken:
            waiting.rejects.append((number, "cell_error"))
        else:
            try:
                texts = [
                    cell_text(cell, self.forms, is_date=name in self.date_columns)
                    for name, cell in zip(self.header, cells, strict=False)
                ]
            except ValueRefused as refused:
                waiting.rejects.append((number, refused.reason))
                return
            waiting.rows.append(texts + [None] * (width - len(texts)))
            waiting.lines.append(number)

    def _records(self, waiting: _Waiting) -> Records:
        columns = list(zip(*waiting.rows, strict=True)) if waiting.rows else [()] * len(self.header)
        arrays = [pa.array(column, pa.string()) for column in columns]
        bad = refusals([pa.chunked_array([array]) for array in arrays], len(waiting.lines))
        keep = [at for at in range(len(waiting.lines)) if at not in bad]
        table = pa.table(arrays, names=[f"c{at}" for at in range(len(arrays))])
        if bad:
            waiting.rejects += [(waiting.lines[at], reason) for at, reason in bad.items()]
            table = table.take(pa.array(keep, pa.int64()))
        hashes = []
        if self.hasher is not None:
            hashes = [
                self.hasher("\x1f".join(text or "" for text in waiting.rows[at]).encode()) for at in keep
            ]
        return Records(table, [waiting.lines[at] for at in keep], hashes, [], sorted(waiting.rejects))


@dataclass
class _Waiting:
    """Rows that are not handed on yet."""

    rows: list[list[str | None]] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    rejects: list[tuple[int, str]] = field(default_factory=list)


def _sheet_paths(archive: zipfile.ZipFile) -> dict[str, str]:
    """Name of each sheet to its place in the archive, in the order of the workbook."""
    targets = {
        each.get("Id"): posixpath.normpath(posixpath.join("/xl", each.get("Target", ""))).lstrip("/")
        for each in _xml(archive, "xl/_rels/workbook.xml.rels")
    }
    return {
        each.get("name", ""): targets[each.get(_RELATION)]
        for each in _xml(archive, "xl/workbook.xml").iterfind("{*}sheets/{*}sheet")
    }


def _xml(archive: zipfile.ZipFile, name: str) -> ElementTree.Element:
    """A small part of the workbook; the standard allows no DTD in it, so that no entity can grow."""
    content = archive.read(name)
    if b"\0" in content or b"<!DOCTYPE" in content:
        raise FileRejected("bad_xlsx", f"{name} declares a document type or is not UTF-8")
    return ElementTree.fromstring(content)  # noqa: S314 - without a DTD there are no entities


def _without_value(xml: bytes) -> frozenset[int]:
    """Numbers of rows with an error, or with a formula whose result is not stored."""
    if b't="e"' not in xml and b"<f" not in xml:
        return frozenset()
    rows = set()
    for attributes, body in _CELL.findall(xml):
        if b't="e"' in attributes or (b"<f" in body and b"<v>" not in body):
            place = _PLACE.search(attributes)
            if place is None:
                raise FileRejected("bad_xlsx", "a cell without its place")
            rows.add(int(place.group(1)))
    return frozenset(rows)
