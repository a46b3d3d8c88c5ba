"""The rows of dim_date. Not here: anything that depends on the data."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa

_EPOCH = dt.date(1970, 1, 1)


def add_dates(connection: sa.Connection, table: sa.Table, first: dt.date, last: dt.date) -> None:
    """Add the days that are missing, from the year before `first` to the end of the year after `last`.

    The year before holds events that were delivered late, the year after horizons that are not over.
    """
    wanted = (dt.date(first.year - 1, 1, 1), dt.date(last.year + 1, 12, 31))
    present = set(connection.execute(sa.select(table.c.day)).scalars())
    days = (wanted[0] + dt.timedelta(days=n) for n in range((wanted[1] - wanted[0]).days + 1))
    rows = [date_row(day) for day in days if day not in present]
    if rows:
        connection.execute(sa.insert(table), rows)


def date_row(day: dt.date) -> dict[str, object]:
    """One row of dim_date."""
    return {
        "day": day,
        "day_number": (day - _EPOCH).days,
        "year": day.year,
        "quarter": (day.month + 2) // 3,
        "month": day.month,
        "month_name": f"{day:%Y-%m}",
        "month_number": (day.year - 1970) * 12 + day.month - 1,
        "month_start": day.replace(day=1),
        "week_start": day - dt.timedelta(days=day.weekday()),
        "weekday": day.isoweekday(),
        "is_weekend": day.isoweekday() >= 6,
    }
