"""Lines of many customers, kept on disk by batch and read back by day.

Here: scratch files between the customers' pass and the days' pass. Not here: formats that leave the demo.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np


@dataclass(slots=True)
class DaySpill:
    """Structured arrays with a field `delivered`: appended by block, flushed sorted by day, read by day."""

    folder: Path
    name: str
    days: int
    _buffer: list[np.ndarray] = field(default_factory=list)
    _batches: list[tuple[Path, np.ndarray]] = field(default_factory=list)

    def append(self, rows: np.ndarray) -> None:
        """Keeps rows until the next flush."""
        self._buffer.append(rows)

    def flush(self) -> None:
        """Writes what is kept to one file, sorted by day, with the offsets of the days in memory."""
        if not self._buffer:
            return
        rows = np.concatenate(self._buffer)
        rows = rows[np.argsort(rows["delivered"], kind="stable")]
        offsets = np.searchsorted(rows["delivered"], np.arange(self.days + 1))
        path = self.folder / f"{self.name}_{len(self._batches):05d}.npy"
        np.save(path, rows)
        self._batches.append((path, offsets))
        self._buffer.clear()

    def day(self, day: int) -> np.ndarray:
        """All rows delivered on a day, in the order of the blocks."""
        self.flush()
        parts = []
        for path, offsets in self._batches:
            rows = np.load(path, mmap_mode="r")
            parts.append(np.array(rows[offsets[day] : offsets[day + 1]]))
        return np.concatenate(parts)
