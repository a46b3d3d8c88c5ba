"""The week that a day reads: one rule for every weekly model and every daily use of it."""

from __future__ import annotations

import datetime as dt

SUNDAY = 6  # of date.weekday(); a week ends on it


def week_of(day: dt.date) -> dt.date:
    """The Sunday before the week of `day` (Monday to Sunday): its weekly models are in force on `day`."""
    return day - dt.timedelta(days=day.weekday() + 1)
