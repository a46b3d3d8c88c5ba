"""Files of lines as a stream: lines come part by part, single lines are put between them, files are copied.

Here: bytes on disk in bounded memory. Not here: what a line says.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from persona_pipeline.demo.csv_text import GZIP, LEVEL

COPIED_AT_ONCE = 1 << 20  # bytes


@dataclass(slots=True)
class Inserts:
    """Single lines to be put between `lines` others, as `list.insert` would do one after the other."""

    lines: int
    _places: list[tuple[int, bytes]] = field(default_factory=list)  # position in the whole, by position

    def __len__(self) -> int:
        """How many lines there are in all."""
        return self.lines + len(self._places)

    def add(self, position: int, line: bytes) -> None:
        """Puts a line before the one at `position` of all lines so far; `len(self)` is the end."""
        before = [place for place in self._places if place[0] < position]
        after = [(place + 1, other) for place, other in self._places[len(before) :]]
        self._places = [*before, (position, line), *after]

    def into(self, parts: Iterable[list[bytes]]) -> Iterator[list[bytes]]:
        """All lines, from the others part by part."""
        waiting = list(self._places)
        done = 0
        for rows in parts:
            part = rows
            while waiting and waiting[0][0] < done + len(part):
                position, line = waiting.pop(0)
                part = [*part[: position - done], line, *part[position - done :]]
            done += len(part)
            yield part
        yield [line for _, line in waiting]


def write_lines(
    path: Path, parts: Iterable[list[bytes]], *, packed: bool = False, begin: bytes = b"", end: bytes = b"\n"
) -> None:
    """Writes lines with a newline between any two.

    Args:
        path: the file.
        parts: lines without their ends, part by part, the header the first of them.
        packed: whether the file is gzip, as `csv_text.compress` makes it.
        begin: stands before the first line.
        end: stands after the last line.
    """
    with _written(path, packed=packed) as write:
        between = begin
        for lines in parts:
            if lines:
                write(between + b"\n".join(lines))
                between = b"\n"
        write(end)


def copy_lines(source: Path, target: Path, *, packed: bool) -> None:
    """The same content in another file; the source is gzip if its name says so."""
    opened = gzip.open if source.suffix == ".gz" else open
    with opened(source, "rb") as old, _written(target, packed=packed) as write:
        while content := old.read(COPIED_AT_ONCE):
            write(content)


@contextmanager
def _written(path: Path, *, packed: bool) -> Iterator[Callable[[bytes], object]]:
    with path.open("wb") as file:
        if not packed:
            yield file.write
            return
        packer = zlib.compressobj(LEVEL, zlib.DEFLATED, GZIP)
        yield lambda content: file.write(packer.compress(content))
        file.write(packer.flush())
