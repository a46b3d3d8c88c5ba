"""Whether a source brought about as many records as on the same weekdays before.

Here: the rule on counts by day. Not here: which records count, and what follows.
"""

from __future__ import annotations

import datetime as dt
import math
import statistics
from collections.abc import Mapping

WEEKS = 4
WEEKDAYS = 7
SHARE = 0.30
DEVIATIONS = 5.0
QUANTILE = 0.90
NORMAL_QUANTILE = statistics.NormalDist().inv_cdf(0.5 + QUANTILE / 2)
EXCEPTIONS = 2  # days off the weekly pattern that still leave a pattern
PRESENT = 3  # of the four same weekdays


def unusual_volume(day: dt.date, brought: Mapping[dt.date, int]) -> tuple[int, float, int] | None:
    """The least, the usual and the most records of a day, where it brought fewer or more; else None.

    A day is unusual when both hold:

    - it lies more than 30 % from the median of the same weekday in the 28 days before;
    - in units of what these days vary by themselves it lies more than 5 deviations from it. Counts are
      compared as 2 sqrt(x + 3/8), in which a Poisson count varies by 1 whatever its mean (Anscombe 1948,
      Biometrika 35:246-254); where the 28 days vary more (orders come in lines, visits in pages, campaigns in
      waves), the unit is their 90 % quantile, so that two bad days among them do not widen it.

    The second lets alone a shop whose orders can be counted on two hands: with a median of 9, an empty day is
    within chance. A source that comes irregularly has no usual volume: whether a day of the window brought
    records must follow from its weekday, but for two days, and the same weekday must have had some three
    times of four.

    Args:
        day: the day to be judged.
        brought: records by day; days that are left out brought none.
    """
    by_weekday = _by_weekday(day, brought)
    if not comes_by_weekday(day, brought):
        return None
    usual = statistics.median(by_weekday[day.weekday()])
    unit = _unit([counts for counts in by_weekday.values() if sum(count > 0 for count in counts) >= PRESENT])
    centre, reach = _stable(usual), DEVIATIONS * unit
    least = min(usual * (1 - SHARE), _count(centre - reach))
    most = max(usual * (1 + SHARE), _count(centre + reach))
    found = brought.get(day, 0)
    if least <= found <= most:
        return None
    return max(0, math.ceil(least)), usual, math.floor(most)


def comes_by_weekday(day: dt.date, brought: Mapping[dt.date, int]) -> bool:
    """Whether records are to be expected of a source on a day, by the 28 days before it."""
    present = {
        weekday: sum(count > 0 for count in counts) for weekday, counts in _by_weekday(day, brought).items()
    }
    off_pattern = sum(min(days, WEEKS - days) for days in present.values())
    return off_pattern <= EXCEPTIONS and present[day.weekday()] >= PRESENT


def _by_weekday(day: dt.date, brought: Mapping[dt.date, int]) -> dict[int, list[int]]:
    window = [day - dt.timedelta(days=n) for n in range(1, WEEKS * WEEKDAYS + 1)]
    return {
        weekday: [brought.get(each, 0) for each in window if each.weekday() == weekday]
        for weekday in range(WEEKDAYS)
    }


def _unit(weekdays: list[list[int]]) -> float:
    """By how much the days vary around the median of their weekday; at least as a Poisson count does."""
    apart = sorted(
        abs(_stable(count) - _stable(statistics.median(counts))) for counts in weekdays for count in counts
    )
    quantile = apart[math.ceil(QUANTILE * len(apart)) - 1]
    return max(1.0, quantile / NORMAL_QUANTILE)


def _stable(count: float) -> float:
    return 2 * math.sqrt(count + 3 / 8)


def _count(stable: float) -> float:
    """The count of a transformed value; below the transform of 0 there is none."""
    return -1.0 if stable < _stable(0) else (stable / 2) ** 2 - 3 / 8
