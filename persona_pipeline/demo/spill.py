"""Rows of many customers, kept on disk by batch and read back by day, a part of the day at a time.

Here: scratch files between the customers' pass and the days' pass. Not here: formats that leave the demo.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from persona_pipeline.demo.file_rows import joined

BATCH_ROWS = 250_000  # rows of one kind in memory: 10 to 30 MB
SORTED_AT_ONCE = 50_000  # rows copied at once when a batch is written
DAY_SECONDS = 86_400

OfRows = Callable[[np.ndarray], np.ndarray]


def moment_of_day(rows: np.ndarray) -> np.ndarray:
    """Seconds since the beginning of the shop's first day, of rows with `day` and `second`."""
    return rows["day"].astype(np.int32) * DAY_SECONDS + rows["second"]


def is_delivered_later(rows: np.ndarray) -> np.ndarray:
    """Which rows reach us on a later day than their own."""
    return rows["day"] < rows["delivered"]


@dataclass(slots=True)
class DaySpill:
    """Structured arrays with a field `delivered`: appended by block, flushed sorted by day, read by day.

    Attributes:
        folder: where the scratch files are.
        name: beginning of their names.
        days: length of the shop's history in days.
        dtype: of the rows.
        moment: of rows, the first key of their order within a day, int32.
        is_late: of rows, which stand in another file than the main one of their day of delivery.
        batch_rows: rows in memory before they go to a file; changes memory, never an order.
    """

    folder: Path
    name: str
    days: int
    dtype: np.dtype
    moment: OfRows = moment_of_day
    is_late: OfRows = is_delivered_later
    batch_rows: int = BATCH_ROWS
    _buffer: list[np.ndarray] = field(default_factory=list)
    _batches: list[tuple[Path, np.ndarray]] = field(default_factory=list)

    def append(self, rows: np.ndarray) -> None:
        """Keeps rows, and writes what is kept as soon as it is a batch."""
        self._buffer.append(rows)
        if sum(part.size for part in self._buffer) >= self.batch_rows:
            self._flush()

    def day(self, day: int, *, late: bool = False) -> DayRows:
        """The rows delivered on a day: those of the main file, or the late ones."""
        self._flush()
        slot = 2 * day + late
        pieces = [
            (path, int(offsets[slot]), int(offsets[slot + 1] - offsets[slot]))
            for path, offsets in self._batches
        ]
        return DayRows(self.dtype, self.moment, [piece for piece in pieces if piece[2]])

    def _flush(self) -> None:
        """Writes what is kept to one file; only the offsets of the days stay in memory."""
        if not self._buffer:
            return
        rows = joined(self._buffer, self.dtype)
        self._buffer.clear()
        slot = 2 * rows["delivered"].astype(np.int32) + self.is_late(rows)
        order = np.lexsort((self.moment(rows), slot))
        offsets = np.searchsorted(slot[order], np.arange(2 * self.days + 1))
        path = self.folder / f"{self.name}_{len(self._batches):05d}.rows"
        with path.open("wb") as file:
            for start in range(0, rows.size, SORTED_AT_ONCE):
                rows[order[start : start + SORTED_AT_ONCE]].tofile(file)
        self._batches.append((path, offsets))


@dataclass(slots=True)
class DayRows:
    """Rows of one day in scratch files; in memory are their moments, 4 bytes a row.

    Attributes:
        dtype: of the rows.
        moment: of rows, the key by which those of a batch are in order.
        pieces: file, first row and number of rows of each batch that has any.
    """

    dtype: np.dtype
    moment: OfRows
    pieces: list[tuple[Path, int, int]]
    _moments: list[np.ndarray] = field(init=False)

    def __post_init__(self) -> None:
        """Reads the moments."""
        self._moments = [self.moment(rows) for rows in self.batches()]

    def __len__(self) -> int:
        """How many rows."""
        return sum(count for _, _, count in self.pieces)

    def moments(self) -> np.ndarray:
        """The moments of all rows, batch after batch."""
        return np.concatenate([np.zeros(0, dtype=np.int32), *self._moments])

    def batches(self) -> Iterator[np.ndarray]:
        """All rows, a batch at a time."""
        for path, first, count in self.pieces:
            yield self._read(path, first, count)

    def between(self, borders: np.ndarray) -> Iterator[np.ndarray]:
        """For each border the rows from it up to the next: the batches' one after the other, each by moment.

        So a stable sort leaves rows with equal keys in the order of the blocks, whatever the batches.
        """
        places = [np.append(np.searchsorted(own, borders), own.size).tolist() for own in self._moments]
        for part in range(borders.size):
            found = [
                self._read(path, first + place[part], place[part + 1] - place[part])
                for (path, first, _), place in zip(self.pieces, places, strict=True)
                if place[part] < place[part + 1]
            ]
            yield joined(found, self.dtype)

    def parts(self, size: int) -> Iterator[np.ndarray]:
        """All rows by moment, about `size` at a time; rows of one moment come together, as in `between`."""
        return self.between(borders(self.moments(), size))

    def _read(self, path: Path, first: int, count: int) -> np.ndarray:
        return np.fromfile(path, self.dtype, count, offset=first * self.dtype.itemsize)


def borders(moments: np.ndarray, size: int) -> np.ndarray:
    """Moments at which parts of about `size` rows begin."""
    return np.unique(np.sort(moments)[::size])
