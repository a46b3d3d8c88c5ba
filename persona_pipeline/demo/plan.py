"""The plan of the shop: its parameters, its calendar and its campaigns, all drawn once from the seed.

Here: what is common to all customers. Not here: customers, orders.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np

from persona_pipeline.contracts.calendar import SUNDAY
from persona_pipeline.demo.catalogue import Catalogue, build_catalogue
from persona_pipeline.demo.personas import CHANNELS, PERSONAS, column
from persona_pipeline.demo.seeds import Stream, generator

HORIZON = 60  # days of plan kept beyond the last day, for the probabilities
TARGETS = {"buy_30d": 30, "churn_60d": 60}

FLASH_PROBABILITY = 0.035  # shop-wide discount days, not announced
COUPON_PROBABILITY = 0.02  # per customer and day
COUPON_STRENGTH = 0.8  # share of the price sensitivity that a coupon calls up
FADING_ACTIVITY = 0.30
LEAVING = 0.025  # daily hazard from fading to gone
REFRACTORY = 0.6
GROWTH = 0.4
GROWTH_DAYS = 30.0
REVEAL_DAYS = 4  # days until a late parcel or a defect shows
LATE_PARCEL = 0.07
DEFECT = 0.03
MOOD_DECAY = 0.96
MOOD_ON_HAZARD = 4.0
GUEST = 0.01  # share of orders without an account
LATE_DELIVERY = 0.012  # share of orders that reach us with the next late file
LATE_EVERY = 9  # days between late files
FESTIVALS = ((1, 24, 5), (3, 6, 3), (5, 1, 3), (5, 18, 3), (6, 16, 4), (9, 8, 3), (11, 9, 4), (12, 22, 4))
CLOSED = (1, 29)  # the shop is closed on the first day of the Spring Festival (month, day of 2025)


@dataclass(frozen=True, slots=True)
class Campaign:
    """A planned campaign: from `first` (day number) for `days` days, those assigned are contacted once."""

    campaign_id: str
    first: int
    days: int
    message: str
    channel: str
    cost: float  # per contact, in the shop's currency
    assignment: float  # probability of being contacted; the others are the holdout
    effect: tuple[float, ...]  # change of log intensity by persona


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything the whole shop shares. Day 0 is `start`."""

    seed: int
    start: dt.date
    days: int
    currency: str
    catalogue: Catalogue
    intensity: np.ndarray  # (persona, day) season, festival and closing
    is_weekend: np.ndarray  # (day,)
    is_flash: np.ndarray  # (day,) shop-wide discount days that happened
    is_festival: np.ndarray  # (day,)
    late_day: np.ndarray  # (day,) the late file that brings a late order of that day
    campaigns: tuple[Campaign, ...]

    def date(self, day: int) -> dt.date:
        """The date of a day number."""
        return self.start + dt.timedelta(days=int(day))

    def sundays(self) -> list[int]:
        """Day numbers of all Sundays of the shop's days."""
        return [day for day in range(self.days) if self.date(day).weekday() == SUNDAY]


_MESSAGES = ("discount", "new_arrivals", "win_back", "bundle", "loyalty_points", "free_shipping")
_COSTS = {"email": 0.02, "sms": 0.08, "app": 0.01, "wechat": 0.05}
# Log effect by message and persona; negative is harm.
_EFFECTS = {
    "discount": (0.25, 0.70, -0.35, 0.45, 0.20, 0.05),
    "new_arrivals": (0.00, 0.05, 0.45, 0.55, 0.05, 0.30),
    "win_back": (0.15, 0.35, -0.20, 0.20, 0.40, 0.10),
    "bundle": (0.35, 0.30, -0.25, 0.00, 0.30, 0.15),
    "loyalty_points": (0.30, 0.10, 0.35, 0.10, 0.00, 0.10),
    "free_shipping": (0.15, 0.50, 0.00, 0.30, 0.25, -0.20),
}


def _campaigns(seed: int, days: int) -> tuple[Campaign, ...]:
    rng = generator(seed, Stream.PLAN)
    campaigns: list[Campaign] = []
    first = 20
    while first < days + HORIZON:
        message = _MESSAGES[int(rng.integers(len(_MESSAGES)))]
        channel = CHANNELS[int(rng.integers(len(CHANNELS)))]
        effect = np.array(_EFFECTS[message]) + rng.normal(0.0, 0.04, len(PERSONAS))
        campaigns.append(
            Campaign(
                f"C{len(campaigns) + 1:03d}",
                first,
                int(rng.integers(7, 15)),
                message,
                channel,
                _COSTS[channel],
                float(rng.choice([0.3, 0.5, 0.7])),
                tuple(float(round(value, 3)) for value in effect),
            )
        )
        first += int(rng.integers(24, 38))
    return tuple(campaigns)


def _festivals(dates: list[dt.date]) -> np.ndarray:
    days = np.zeros(len(dates), dtype=bool)
    for position, date in enumerate(dates):
        days[position] = any(
            0 <= (date - dt.date(date.year, month, day)).days < length for month, day, length in FESTIVALS
        )
    return days


def build_plan(*, days: int, seed: int, start: dt.date, currency: str) -> Plan:
    """The plan of a shop.

    Raises:
        ValueError: fewer than 1 day, or a negative seed.
    """
    if days < 1 or seed < 0:
        raise ValueError(
            f"the demo needs at least 1 day and a seed of at least 0; got days={days}, seed={seed}"
        )
    total = days + HORIZON + 1
    dates = [start + dt.timedelta(days=n) for n in range(total)]
    festival = _festivals(dates)
    season = 1.0 + 0.10 * np.sin(
        2 * np.pi * (np.array([date.timetuple().tm_yday for date in dates]) - 60) / 365.25
    )
    intensity = season[None, :] * np.exp(column("festival")[:, None] * festival[None, :])
    intensity[:, np.array([(date.month, date.day) == CLOSED for date in dates])] = 0.0
    late_day = (np.arange(total) // LATE_EVERY + 1) * LATE_EVERY
    return Plan(
        seed=seed,
        start=start,
        days=days,
        currency=currency,
        catalogue=build_catalogue(seed, (days + 6) // 7 + 1),
        intensity=intensity,
        is_weekend=np.array([date.weekday() >= 5 for date in dates]),
        is_flash=generator(seed, Stream.CALENDAR).random(total) < FLASH_PROBABILITY,
        is_festival=festival,
        late_day=np.where(late_day < days, late_day, np.arange(total)),
        campaigns=_campaigns(seed, days),
    )
