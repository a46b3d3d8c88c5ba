"""The sessions of one access log in the order in which they begin, a part at a time.

Here: sessions of customers from scratch files, those of all others made when their turn comes. Not here:
their hits and lines (web_files.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from persona_pipeline.demo.file_rows import joined
from persona_pipeline.demo.spill import DAY_SECONDS, DayRows, borders, moment_of_day
from persona_pipeline.demo.web_strangers import Visitors


@dataclass(slots=True)
class ByTime:
    """Visitors of a day in the order in which they begin; in memory are 8 bytes a session.

    Attributes:
        visitors: those whose sessions are wanted.
        day: day number.
        chunk: sessions at which is looked at once.
        hits: of all sessions.
        begins: seconds since the beginning of the shop's first day, sorted, int32.
        _numbers: of the sessions, in the same order, int32.
    """

    visitors: Visitors
    day: int
    chunk: int
    hits: int = 0
    begins: np.ndarray = field(init=False)
    _numbers: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        """Finds the order, and counts the hits."""
        self.begins = np.zeros(self.visitors.count, dtype=np.int32)
        for start in range(0, self.visitors.count, self.chunk):
            number = np.arange(start, min(start + self.chunk, self.visitors.count))
            seconds, hits = self.visitors.beginnings(number)
            self.begins[number] = seconds
            self.hits += int(hits.sum())
        self._numbers = np.argsort(self.begins, kind="stable").astype(np.int32)
        self.begins = self.begins[self._numbers] + np.int32(self.day * DAY_SECONDS)

    def between(self, first: int, after: int) -> np.ndarray:
        """The sessions that begin from one moment until before another."""
        start, stop = np.searchsorted(self.begins, (first, after))
        return self.visitors.sessions(self._numbers[start:stop])


def in_parts(own: DayRows, others: list[ByTime], size: int) -> Iterator[tuple[np.ndarray, int]]:
    """About `size` sessions at a time, and the moment at which the first of the next part begins."""
    starts = borders(np.concatenate([own.moments(), *(other.begins for other in others)]), size)
    nexts = [*starts[1:].tolist(), np.iinfo(np.int32).max]
    for first, after, customers in zip(starts.tolist(), nexts, own.between(starts), strict=True):
        sessions = joined([customers, *(other.between(first, after) for other in others)], own.dtype)
        # Stable, so that those of one second stand as they do in one large part.
        yield sessions[np.argsort(moment_of_day(sessions), kind="stable")], after
