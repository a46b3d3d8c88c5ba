"""Daily and weekly partitions of one project, and how they depend on each other.

Here: partition definitions and mappings. Not here: what an asset does with its days.
"""

import datetime as dt
import warnings
from dataclasses import dataclass

import dagster as dg

DATE = "%Y-%m-%d"


@dataclass(frozen=True)
class Partitions:
    """One calendar for every asset: days from the project's start, and their weeks (Monday to Sunday)."""

    daily: dg.DailyPartitionsDefinition
    weekly: dg.WeeklyPartitionsDefinition


def partitions(start: dt.date, time_zone: str) -> Partitions:
    """The partitions of a project; the first week is the one that holds `start`."""
    monday = start - dt.timedelta(days=start.weekday())
    return Partitions(
        daily=dg.DailyPartitionsDefinition(start_date=start.isoformat(), timezone=time_zone),
        weekly=dg.WeeklyPartitionsDefinition(start_date=monday.isoformat(), timezone=time_zone, day_offset=1),
    )


def last_week() -> dg.TimeWindowPartitionMapping:
    """Day D reads the last complete week before its own (offsets count days of the downstream partition)."""
    return _window(-7, -7)


def own_days(back: int) -> dg.TimeWindowPartitionMapping:
    """Day D reads itself and up to `back` days before."""
    return _window(-back, 0)


def days_before(back: int) -> dg.TimeWindowPartitionMapping:
    """Day D reads the `back` days before itself; for an asset that reads its own past."""
    return _window(-back, -1)


def days_of(context: dg.AssetExecutionContext) -> list[dt.date]:
    """The days of the run, in order."""
    return sorted(dt.date.fromisoformat(key) for key in context.partition_keys)


def sundays_of(context: dg.AssetExecutionContext) -> list[dt.date]:
    """The Sundays that end the weeks of the run, in order; a weekly partition is keyed by its Monday."""
    return [monday + dt.timedelta(days=6) for monday in days_of(context)]


def week_key(sunday: dt.date) -> str:
    """The partition key of the week that ends on `sunday`."""
    return (sunday - dt.timedelta(days=6)).strftime(DATE)


def _window(start_offset: int, end_offset: int) -> dg.TimeWindowPartitionMapping:
    """A window that may begin before the project did; Dagster 1.13 calls that option a beta."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.BetaWarning)
        return dg.TimeWindowPartitionMapping(
            start_offset, end_offset, allow_nonexistent_upstream_partitions=True
        )
