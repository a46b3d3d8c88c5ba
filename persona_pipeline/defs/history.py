"""Reads the history many times in one run: whole months of small daily files become one scratch file each.

A step that runs for 34 weeks reads the same facts 34 times; opening a file for each day of history costs more
than the rows in them. The rows are the same. Not here: tables that the step itself writes; those are read as
they are.
"""

import datetime as dt

from persona_pipeline.contracts import Table, activity, behaviour
from persona_pipeline.engine.protocol import Engine, ReadWindow, Relation

UNCHANGED = (behaviour.MAP, behaviour.ORDER_DAY, behaviour.BASKET_ITEM, behaviour.LABEL, *activity.TABLES)
FEWEST = 8  # files below which a month is not worth a file of its own


class HistoryReader:
    """A `ReadWindow` for one run and one engine; its scratch files go with the engine."""

    def __init__(self, read: ReadWindow, engine: Engine) -> None:
        self._read = read
        self._engine = engine
        self._months: dict[tuple[str, str, tuple[str, ...]], tuple[str, ...]] = {}

    def __call__(self, table: Table, first: dt.date | None, last: dt.date | None) -> Relation:
        """The rows with first <= day <= last."""
        relation = self._read(table, first, last)
        if table not in UNCHANGED:
            return relation
        months: dict[str, list[str]] = {}
        for path in relation.paths:
            months.setdefault(_month(path), []).append(path)
        paths: list[str] = []
        for month, files in months.items():
            whole = len(files) >= FEWEST and _covered(month, first, last)
            paths += self._staged(table, month, tuple(files)) if whole else files
        return Relation(tuple(paths), table, relation.evolved)

    def _staged(self, table: Table, month: str, files: tuple[str, ...]) -> tuple[str, ...]:
        at = (table.full_name, month, files)
        if at not in self._months:
            columns = ", ".join(f'"{name}"' for name in table.column_names)
            staged = self._engine.stage(
                f"SELECT {columns} FROM month", {"month": Relation(files, table, evolved=True)}
            )
            self._months[at] = staged.paths
        return self._months[at]


def _month(path: str) -> str:
    """YYYY-MM of a file below a folder day=YYYY-MM-DD, or of the lake's copy of a month, named by it."""
    folder, name = path.rsplit("/", 2)[-2:]
    return (folder.removeprefix("day=") if folder.startswith("day=") else name)[:7]


def _covered(month: str, first: dt.date | None, last: dt.date | None) -> bool:
    """Whether the window holds the whole month; a month that still grows would be staged again and again."""
    begin = dt.date.fromisoformat(f"{month}-01")
    end = (begin + dt.timedelta(days=31)).replace(day=1) - dt.timedelta(days=1)
    return (first is None or first <= begin) and (last is None or last >= end)
