"""Files that are only appended to: which bytes are new and complete, and how a range is read.

Every admission takes what was added since the last one, up to the last complete record, as a delivery of its
own, `orders.csv#0-12345`. Here: cutting, verifying, opening a range. Not here: the day it is known
(arrival.py).
"""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import chain
from pathlib import Path

from persona_pipeline.sources import csv_records
from persona_pipeline.sources.arrival import Arrival
from persona_pipeline.sources.failure import SourceError
from persona_pipeline.sources.files import Found, list_files, range_of
from persona_pipeline.sources.fingerprint import (
    BLOCK,
    GZIP_MAGIC,
    Fingerprint,
    fingerprints,
    range_blocks,
    range_fingerprint,
)
from persona_pipeline.sources.lines import LINE_LIMIT, UTF16, FileRejected, read_lines, without_mark
from persona_pipeline.sources.source import Source


def present(
    sources: Mapping[str, Source],
    project_directory: Path,
    known: Iterable[Arrival],
    cache: Path | None = None,
) -> list[tuple[Found, Fingerprint]]:
    """The files of every source with their fingerprints; of a growing file the range that is new, if any.

    Args:
        sources: the sources by name.
        project_directory: the project folder.
        known: the arrivals already decided.
        cache: of fingerprints; growing files need none, because only their newest and new bytes are read.

    Raises:
        SourceError: a file is not there, or a growing one is not what was appended to.
    """
    known = list(known)
    whole: list[Found] = []
    grown: list[tuple[Found, Fingerprint]] = []
    for name, source in sources.items():
        found = list_files(name, source, project_directory)
        if source.growing:
            old = [arrival for arrival in known if arrival.source == name]
            grown += [each for file in found if (each := _grown(source, file, old)) is not None]
        else:
            whole += found
    return fingerprints(whole, cache) + grown


def _grown(source: Source, found: Found, old: Iterable[Arrival]) -> tuple[Found, Fingerprint] | None:
    """What was added to a file since the newest range that is known; that range is verified first."""
    begin, first_line, newest = 0, 1, None
    for arrival in old:
        bounds = range_of(source, arrival.path)
        if bounds is None:
            raise SourceError(
                f"source {found.source}: {arrival.path} was delivered whole before growing = true; take it "
                "out again, and give the file that grows from now on a [sources.NAME] of its own"
            )
        if newest is None or bounds[1] > begin:
            newest, begin = arrival, bounds[1]
    _check_plain(found)
    if newest is not None:
        mark = verified(source, found.source, found.file, newest.path, newest.sha256)
        first_line = (newest.first_line or 1) + mark.lines
    end = complete_end(source, found.file, begin)
    if end == begin:
        return None
    mark = range_fingerprint(found.file, begin, end)
    return replace(found, path=f"{found.path}#{begin}-{end}", first_line=first_line), mark


def verified(source: Source, name: str, file: Path, path: str, sha256: str) -> Fingerprint:
    """The fingerprint of a recorded range.

    Raises:
        SourceError: the file no longer holds it.
    """
    bounds = range_of(source, path)
    if bounds is None:
        raise SourceError(
            f"source {name}: {path} was delivered whole before growing = true; take growing out to read it"
        )
    mark = range_fingerprint(file, *bounds)
    if mark.sha256 != sha256:
        raise changed(name, path, sha256, mark.sha256)
    return mark


def changed(name: str, path: str, recorded: str, found: str) -> SourceError:
    """What to say of a file that no longer begins as it did."""
    return SourceError(
        f"source {name}: {path} was recorded with content {recorded[:12]}, but these bytes are now "
        f"{found[:12]}: the file was changed before its end (rotated, cut or rewritten). Put it back as it "
        "was; logs that are rotated need a day in their names and path = ..._{day} instead of growing"
    )


def complete_end(source: Source, file: Path, begin: int) -> int:
    """Where the last complete record ends that begins at `begin` or later; `begin` where there is none.

    A record is complete with its line end; for CSV with one outside of quotes, by the reader's own rule
    (a quote that is open for more than 100 lines is given up).
    """
    end = _line_end(file, begin, file.stat().st_size, 0)
    if source.format != "csv" or end == begin:
        return end
    reader = csv_records.Reader(source.delimiter.encode())
    blocks, mark, _ = without_mark(chain([opening(source, file, begin)], range_blocks(file, begin, end)))
    try:
        waiting = reader.undecided(read_lines(blocks, mark or source.encoding))
    except FileRejected:
        return end  # a header that cannot be used; reading the range says why
    return _line_end(file, begin, end, waiting) if waiting else end


def opening(source: Source, file: Path, begin: int) -> bytes:
    """What a range is read by beside its own bytes: the file's byte-order mark, and of a CSV the header."""
    if begin == 0:
        return b""
    with file.open("rb") as stream:
        line = stream.readline(LINE_LIMIT + len(codecs.BOM_UTF8) + 2)
    if source.format == "csv":
        return line.removesuffix(b"\n") + b"\n"
    return codecs.BOM_UTF8 if line.startswith(codecs.BOM_UTF8) else b""


def _line_end(file: Path, begin: int, end: int, waiting: int) -> int:
    """Where the last line ends before `end`, or one that is so many lines before it; `begin` without any."""
    with file.open("rb") as stream:
        at = end
        while at > begin:
            start = max(begin, at - BLOCK)
            stream.seek(start)
            block = stream.read(at - start)
            place = len(block)
            while (place := block.rfind(b"\n", 0, place)) >= 0:
                if waiting == 0:
                    return start + place + 1
                waiting -= 1
            at = start
    return begin


def _check_plain(found: Found) -> None:
    """Raise where a file is none that bytes can be cut out of."""
    with found.file.open("rb") as stream:
        head = stream.read(4)
    what = "gzip" if head.startswith(GZIP_MAGIC) else None
    what = next((name for mark, name in UTF16.items() if head.startswith(mark)), what)
    if what is not None:
        raise SourceError(
            f"source {found.source}: growing = true needs plain text, but {found.path} is {what}; "
            "leave growing out and deliver it in files of one day"
        )
