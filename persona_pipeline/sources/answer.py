"""Where a database's answer about a day is kept: its file, and the moments between which the day lies.

Here: what every kind of database has in common. Not here: asking one (extract.py, mongo.py).
"""

from __future__ import annotations

import datetime as dt
import uuid
import zoneinfo
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from persona_pipeline.sources.source import Source


@dataclass(frozen=True, slots=True)
class Asked:
    """A day that no file holds yet.

    Attributes:
        day: the business day.
        start: its first moment, in the business time zone.
        end: the first moment of the day after.
        file: where the answer is kept.
    """

    day: dt.date
    start: dt.datetime
    end: dt.datetime
    file: Path


def unanswered(
    source: Source, days: Iterable[dt.date], *, project_directory: Path, time_zone: str
) -> list[Asked]:
    """The days that have no file, oldest first.

    Args:
        source: a source that is a database; its path holds {day}.
        days: the days wanted.
        project_directory: the project folder.
        time_zone: the business time zone.
    """
    zone = zoneinfo.ZoneInfo(time_zone)
    found = []
    for day in sorted(set(days)):
        file = project_directory / source.path.replace("{day}", day.isoformat())
        start, end = (
            dt.datetime.combine(each, dt.time(), tzinfo=zone) for each in (day, day + dt.timedelta(days=1))
        )
        if not file.exists():
            found.append(Asked(day, start, end, file))
    return found


@contextmanager
def whole(file: Path) -> Iterator[Path]:
    """A path beside `file` to write to; it becomes `file` at the end, and is gone if that is not reached."""
    file.parent.mkdir(parents=True, exist_ok=True)
    beside = file.with_name(f".{file.name}.{uuid.uuid4().hex}")
    try:
        yield beside
        beside.replace(file)
    finally:
        beside.unlink(missing_ok=True)
