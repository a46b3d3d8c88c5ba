"""Who went from which segment to which, month by month.

Here: the comparison of two Sundays' memberships. Not here: what became of the segments (matching.py).
"""

from __future__ import annotations

import datetime as dt

from persona_pipeline.contracts.calendar import SUNDAY
from persona_pipeline.contracts.models import MEMBERSHIP, TRANSITION
from persona_pipeline.engine.protocol import DataFile, Engine, Output, ReadWindow
from persona_pipeline.engine.sql import sql_text
from persona_pipeline.segmentation.rows import arrow_rows

FOUR_WEEKS = dt.timedelta(days=28)


def transitions_of_day(engine: Engine, read: ReadWindow, output: Output, day: dt.date) -> list[DataFile]:
    """Write segments.transition of a day: rows on Sundays only, whose memberships are kept for ever."""
    if day.weekday() != SUNDAY:
        return engine.select_into("SELECT * FROM nobody", {"nobody": arrow_rows(TRANSITION, [])}, output)
    before = day - FOUR_WEEKS
    inputs = {"now_in": read(MEMBERSHIP, day, day), "before_in": read(MEMBERSHIP, before, before)}
    return engine.select_into(sql_text("segments/transition"), inputs, output, {"day": day})
