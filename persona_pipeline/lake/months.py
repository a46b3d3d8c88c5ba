"""Whole months of a table as one file each: what a reader of a long history opens instead of thirty.

A month's file is a copy, named by the month and by a hash of the files it was made of. Where a day was
replaced since, the hash differs and readers open the days themselves: no commit has to know of the copies,
and none of them can be out of date. Not here: writing Parquet (an engine does that) and the Delta log
(delta.py).
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path

SMALL = 4_000_000  # bytes of a month: opening thirty larger files costs little beside reading them
FOLDER = "_months"  # engines that list a folder of Delta's skip names that begin with an underscore
STALE = ".stale"


def month_of(file: str) -> str:
    """The month, as 2025-01, of a data file `.../day=2025-01-06/part-....parquet`."""
    return Path(file).parent.name.removeprefix("day=")[:7]


class Months:
    """The monthly copies of one table."""

    def __init__(self, table: Path) -> None:
        self.folder = table / FOLDER

    def shorten(self, files: Iterable[str]) -> list[str]:
        """The same rows in fewer files: months that have a copy of exactly these files become it.

        Args:
            files: data files of the table, each in the folder of its day.
        """
        ordered = sorted(files)
        written = {file.name for file in self.folder.glob("*.parquet")}
        if not written:
            return ordered
        found: list[str] = []
        for month, group in _by_month(ordered):
            copy = _name(month, group)
            found += [str(self.folder / copy)] if copy in written else group
        return found

    def lacking(self, files: Iterable[str], before: dt.date) -> Iterator[tuple[list[str], Path]]:
        """Months that are over before a day and have no copy: their files, and where it belongs.

        A month with one file needs none, and neither does a large one.
        """
        for month, group in _by_month(sorted(files)):
            copy = self.folder / _name(month, group)
            if len(group) < 2 or month >= f"{before:%Y-%m}" or copy.exists():
                continue
            if sum(Path(file).stat().st_size for file in group) <= SMALL:
                yield group, copy

    def drop_stale(self, files: Iterable[str], before: float) -> int:
        """Delete copies that were out of date `before` (seconds since 1970) already; returns how many.

        A copy that is found out of date is marked first, because a statement may still be reading it. What a
        killed run left half written goes too.
        """
        current = {_name(month, group) for month, group in _by_month(sorted(files))}
        deleted = 0
        for copy in self.folder.glob("*.parquet"):
            mark = copy.with_suffix(STALE)
            if copy.name in current:
                mark.unlink(missing_ok=True)
            elif not mark.exists():
                mark.touch()
            elif mark.stat().st_mtime < before:
                copy.unlink()
                mark.unlink()
                deleted += 1
        for left in self.folder.glob("*/*.parquet"):
            if left.stat().st_mtime < before:
                left.unlink()
                deleted += 1
        return deleted


def _by_month(ordered: Iterable[str]) -> list[tuple[str, list[str]]]:
    groups: dict[str, list[str]] = {}
    for file in ordered:
        groups.setdefault(month_of(file), []).append(file)
    return list(groups.items())


def _name(month: str, files: Iterable[str]) -> str:
    """The name of the copy of these files, which are in order; every file has a name of its own."""
    digest = hashlib.sha256("\n".join(Path(file).name for file in files).encode()).hexdigest()
    return f"{month}-{digest[:32]}.parquet"
