"""Whether the files of a day have the columns that files had before.

Here: appeared, disappeared, suddenly empty. Not here: counting columns while files are split
(sources.filled).
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

CHANCE = 1e-6  # of seeing this although nothing changed
LEAST = 30  # records; of fewer, one order or one visitor may be the reason


@dataclass(frozen=True, slots=True)
class ColumnsSeen:
    """One delivered file: its records, and how many of them fill each of its columns."""

    day: dt.date
    path: str
    records: int
    columns: Mapping[str, int]


def changes(
    before: Collection[ColumnsSeen], now: Collection[ColumnsSeen], *, structural: bool, steady: bool = True
) -> list[str]:
    """What changed, in words; nothing where no file came before.

    A header says which columns there are, so a set of columns that no file had before is a change. Keys of
    objects and fields of logs are there or not from record to record: a new one counts when so many records
    that came by chance together on this day are not believable.
    A column (or a key, or a field) is suddenly empty when it was filled on every day before, and now on none
    of so many records that chance is ruled out: 1 in a million, if records were as independent and as often
    filled as on the emptiest day before, and of at least 30. A source that comes in waves (campaigns) may
    bring other columns with each, so of a source that is not steady only headers are compared.

    Args:
        before: the files that came before.
        now: the files to be judged.
        structural: the files have a header.
        steady: the source comes by a rhythm, and the same kind of records each time.
    """
    if not before:
        return []
    if not steady:
        return _new_layouts(before, now) if structural else []
    found = _new_layouts(before, now) if structural else _new_names(before, now)
    return found + [f"{name} is empty" for name in _emptied(before, now, structural=structural)]


def _new_layouts(before: Collection[ColumnsSeen], now: Collection[ColumnsSeen]) -> list[str]:
    layouts = sorted({tuple(sorted(each.columns)) for each in before})
    found = []
    for each in sorted(now, key=lambda file: file.path):
        if tuple(sorted(each.columns)) in layouts:
            continue
        here = set(each.columns)
        nearest = min(layouts, key=lambda layout: (len(here ^ set(layout)), layout))
        words = [
            f"{what} {', '.join(sorted(names))}"
            for what, names in (("new:", here - set(nearest)), ("missing:", set(nearest) - here))
            if names
        ]
        found.append(f"{each.path} has other columns ({'; '.join(words)})")
    return found


def _new_names(before: Collection[ColumnsSeen], now: Collection[ColumnsSeen]) -> list[str]:
    filled, earlier = _filled(now), _filled(before)
    records = sum(each.records for each in now)
    share = records / max(1, records + sum(each.records for each in before))
    return [
        f"{name} is new"
        for name in sorted(filled)
        if filled[name] and not earlier[name] and share ** filled[name] < CHANCE
    ]


def _emptied(before: Collection[ColumnsSeen], now: Collection[ColumnsSeen], *, structural: bool) -> list[str]:
    days = sorted({each.day for each in before if each.records})
    on = {day: [each for each in before if each.day == day] for day in days}
    sizes = {day: sum(each.records for each in files) for day, files in on.items()}
    filled_on, filled_now, found = {day: _filled(files) for day, files in on.items()}, _filled(now), []
    for name in sorted({name for each in before for name in each.columns}):
        records = sum(each.records for each in now if name in each.columns or not structural)
        if filled_now[name] or records < LEAST or not all(filled_on[day][name] for day in days):
            continue
        # the rule of succession: a day of one filled record says two thirds, not all
        share = min(((filled_on[day][name] + 1) / (sizes[day] + 2) for day in days), default=0.0)
        if (1 - share) ** records < CHANCE:
            found.append(name)
    return found


def _filled(files: Sequence[ColumnsSeen] | Collection[ColumnsSeen]) -> Counter[str]:
    total: Counter[str] = Counter()
    for each in files:
        total.update(each.columns)
    return total
