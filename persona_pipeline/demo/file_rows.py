"""The rows of one raw file before they are text, on disk, so that a large day is never whole in memory.

Here: rows in the order of the file, read part by part or by position. Not here: which rows there are
(spill.py), nor their text.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

CHUNK_ROWS = 12_000  # rows whose text is in memory at once: some 20 MB


@dataclass(frozen=True, slots=True)
class FileRows:
    """The rows of one raw file in the order in which they stand there.

    Attributes:
        path: the scratch file.
        dtype: of the rows.
        size: how many rows there are.
        rows_at_once: rows of a part; changes memory, never a byte.
    """

    path: Path
    dtype: np.dtype
    size: int
    rows_at_once: int

    @classmethod
    def write(cls, path: Path, dtype: np.dtype, parts: Iterable[np.ndarray], rows_at_once: int) -> FileRows:
        """Keeps rows that come part by part; a file of that name is replaced."""
        size = 0
        # A file that is cut to nothing and written again goes to the disk at once on some file systems.
        path.unlink(missing_ok=True)
        with path.open("wb") as file:
            for part in parts:
                part.tofile(file)
                size += part.size
        return cls(path, dtype, size, rows_at_once)

    def parts(self) -> Iterator[np.ndarray]:
        """All rows, `rows_at_once` at a time."""
        for start in range(0, self.size, self.rows_at_once):
            yield self._read(start, self.rows_at_once)

    def column(self, name: str) -> np.ndarray:
        """One field of all rows."""
        return np.concatenate([np.zeros(0, dtype=self.dtype[name]), *(part[name] for part in self.parts())])

    def take(self, positions: np.ndarray) -> np.ndarray:
        """The rows at a few positions, in any order."""
        rows = [self._read(position, 1) for position in positions.tolist()]
        return joined(rows, self.dtype)

    def _read(self, first: int, count: int) -> np.ndarray:
        return np.fromfile(self.path, self.dtype, count, offset=first * self.dtype.itemsize)


def gathered(parts: Iterable[np.ndarray], rows: int) -> Iterator[np.ndarray]:
    """The same rows in parts of at least `rows`, but for the last: a small day is one part."""
    waiting: list[np.ndarray] = []
    for part in parts:
        waiting.append(part)
        if sum(part.size for part in waiting) >= rows:
            yield joined(waiting, part.dtype)
            waiting = []
    if waiting:
        yield joined(waiting, waiting[0].dtype)


def joined(parts: Sequence[np.ndarray], dtype: np.dtype) -> np.ndarray:
    """Structured arrays of one dtype as one; `np.concatenate` would compare all their fields each time."""
    ends = np.cumsum([0, *(part.size for part in parts)]).tolist()
    rows = np.empty(ends[-1], dtype)
    for part, start, end in zip(parts, ends[:-1], ends[1:], strict=True):
        rows[start:end] = part
    return rows
