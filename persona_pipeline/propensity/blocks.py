"""Which as_of days train, validate and test: arithmetic on days, done before anything is read.

Here: blocks, embargo, the refusal of a short history. Not here: rows.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from persona_pipeline.contracts.calendar import SUNDAY

NEEDED_BLOCKS = 3


class NotEnoughData(Exception):
    """A refusal: too little to learn from; the message gives the numbers."""


@dataclass(frozen=True, slots=True)
class Blocks:
    """as_of Sundays, oldest first; label windows of train and validation end by the day of the test."""

    train: tuple[dt.date, ...]
    validation: dt.date
    test: dt.date
    horizon_days: int

    def all(self) -> tuple[dt.date, ...]:
        """Every block, oldest first."""
        return (*self.train, self.validation, self.test)


def plan_blocks(day: dt.date, start: dt.date, horizon_days: int, maximum_blocks: int) -> Blocks:
    """The blocks of a fit on Sunday `day`, in a project that starts on `start`.

    The test is the latest Sunday whose horizon is complete on `day`. Blocks are spaced by the horizon in
    whole weeks, so there is an embargo of one horizon between the as_of days of any two. Training blocks
    with less than a horizon of history behind them are left out when a longer one exists: they describe an
    empty past that no later day has.

    Raises:
        ValueError: `day` is not a Sunday.
        NotEnoughData: the history does not hold three blocks.
    """
    if day.weekday() != SUNDAY:
        raise ValueError(f"models are fitted on Sundays; {day} is a {day:%A}")
    history = (day - start).days + 1
    if history < NEEDED_BLOCKS * horizon_days:
        raise NotEnoughData(
            f"history of {max(history, 0)} days; {NEEDED_BLOCKS} horizons of {horizon_days} days need "
            f"{NEEDED_BLOCKS * horizon_days}"
        )
    weeks = -(-horizon_days // 7)
    test = day - dt.timedelta(weeks=weeks)
    spacing = dt.timedelta(weeks=weeks)
    count = (test - start) // spacing + 1
    if count < NEEDED_BLOCKS:
        raise NotEnoughData(
            f"history of {history} days holds {max(count, 0)} blocks {7 * weeks} days apart with "
            f"complete labels; {NEEDED_BLOCKS} blocks need {NEEDED_BLOCKS * 7 * weeks + 1} days"
        )
    days = [test - n * spacing for n in range(min(count, maximum_blocks))][::-1]
    *train, validation, test = days
    long_enough = [as_of for as_of in train if (as_of - start).days + 1 >= horizon_days]
    return Blocks(tuple(long_enough or train[-1:]), validation, test, horizon_days)
