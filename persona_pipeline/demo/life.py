"""What happens to customers day by day: they arrive, grow, buy, are let down, fade and leave.

Here: the state and one day of it. Not here: what is in a basket, and what would happen in other futures.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from persona_pipeline.demo import plan as p
from persona_pipeline.demo.plan import Plan
from persona_pipeline.demo.population import BLOCK, Population
from persona_pipeline.demo.seeds import Stream, generator

ABSENT, ACTIVE, FADING, GONE = 0, 1, 2, 3


@dataclass(slots=True)
class State:
    """The state of a block at the end of a day; sufficient for every probability of the days after."""

    day: int
    life: np.ndarray
    satisfied: np.ndarray  # exp(-days since the last order / refractory days), 0 before the first
    mood: np.ndarray  # 0 is good; each let-down adds one, decaying
    pending: np.ndarray  # (customer, REVEAL_DAYS): order whose parcel shows in 1, 2, … days


@dataclass(frozen=True, slots=True)
class Life:
    """Orders of a block, one per customer and day at most, and when each customer left."""

    customer: np.ndarray  # position in the block
    day: np.ndarray
    is_coupon: np.ndarray
    is_late_parcel: np.ndarray
    is_defect: np.ndarray
    is_guest: np.ndarray
    known: np.ndarray  # day number on which the order reaches us
    left: np.ndarray  # per customer: day of leaving, or -1
    faded: np.ndarray  # per customer: day of beginning to fade, or -1


def growth(plan_day: int, arrival: np.ndarray) -> np.ndarray:
    """How far a customer has grown into the shop on a day."""
    return 1.0 - p.GROWTH * np.exp(-np.maximum(plan_day - arrival, 0) / p.GROWTH_DAYS)


def rhythm(plan: Plan, population: Population, day: int) -> np.ndarray:
    """Season, festival and own weekly rhythm; the mean of the weekly factor is one."""
    weekly = population.weekend * 3.5 if plan.is_weekend[day] else (1.0 - population.weekend) * 1.4
    return plan.intensity[population.persona, day] * weekly


def campaign_factor(plan: Plan, population: Population, day: int, contacted: np.ndarray) -> np.ndarray | None:
    """Factor of running campaigns on the intensity, None if none runs; campaigns are the last axis."""
    running = [
        i
        for i, campaign in enumerate(plan.campaigns)
        if campaign.first <= day < campaign.first + campaign.days
    ]
    if not running:
        return None
    log_effect = sum(contacted[..., i] * population.campaign_effect[:, i] for i in running)
    return np.exp(log_effect)


def contacted(plan: Plan, population: Population) -> np.ndarray:
    """Who is contacted by which campaign; those who arrive after it began are not."""
    assignment = np.array([campaign.assignment for campaign in plan.campaigns])
    first = np.array([campaign.first for campaign in plan.campaigns])
    return (population.campaign_draw < assignment) & (population.arrival[:, None] < first[None, :])


def live(
    plan: Plan,
    population: Population,
    *,
    at_sunday: Callable[[State], None] | None = None,
    at_day: Callable[[State], None] | None = None,
) -> Life:
    """Lives through all days of the plan and hands the state at the end of a day to who wants it.

    `at_day` sees every day, `at_sunday` the Sundays; neither may change the state or keep its arrays.
    """
    size = len(population)
    rng = generator(plan.seed, Stream.LIFE, int(population.number[0]) // BLOCK)
    state = State(
        -1,
        np.where(population.arrival < 0, np.where(population.starts_fading, FADING, ACTIVE), ABSENT).astype(
            np.int8
        ),
        np.zeros(size),
        np.zeros(size),
        np.zeros((size, p.REVEAL_DAYS), dtype=bool),
    )
    bad = np.zeros((size, p.REVEAL_DAYS), dtype=bool)
    left = np.full(size, -1)
    faded = np.full(size, -1)
    is_contacted = contacted(plan, population)
    sundays = set(plan.sundays())
    orders: list[tuple[np.ndarray, ...]] = []
    for day in range(plan.days):
        u = rng.random((7, BLOCK))[:, :size]
        state.mood = state.mood * p.MOOD_DECAY + bad[:, 0]
        for queue in (bad, state.pending):
            queue[:, :-1] = queue[:, 1:]
            queue[:, -1] = False
        strain = 1.0 + p.MOOD_ON_HAZARD * state.mood
        begins = (state.life == ACTIVE) & (u[0] < population.hazard * strain)
        leaves = (state.life == FADING) & (u[0] < p.LEAVING * strain)
        state.life[begins] = FADING
        state.life[leaves] = GONE
        faded[begins] = day
        left[leaves] = day
        arrives = population.arrival == day
        state.life[arrives] = ACTIVE

        coupon = u[1] < p.COUPON_PROBABILITY
        intensity = population.rate * rhythm(plan, population, day) * growth(day, population.arrival)
        intensity = intensity * (1.0 - p.REFRACTORY * state.satisfied)
        factor = campaign_factor(plan, population, day, is_contacted)
        if factor is not None:
            intensity = intensity * factor
        if plan.is_flash[day]:
            intensity = intensity * np.exp(population.sensitivity)
        intensity = np.where(
            coupon, intensity * np.exp(p.COUPON_STRENGTH * population.sensitivity), intensity
        )
        intensity = intensity * np.select(
            [state.life == ACTIVE, state.life == FADING], [1.0, p.FADING_ACTIVITY], 0.0
        )
        buys = (u[2] < -np.expm1(-intensity)) | arrives
        state.satisfied = np.where(buys, 1.0, state.satisfied) * population.refractory_decay
        late = u[3] < p.LATE_PARCEL
        defect = u[4] < p.DEFECT
        bad[:, -1] = buys & (late | defect)
        state.pending[:, -1] = buys
        who = np.flatnonzero(buys)
        known = np.where(u[6, who] < p.LATE_DELIVERY, plan.late_day[day], day)
        orders.append(
            (who, np.full(who.size, day), coupon[who], late[who], defect[who], u[5, who] < p.GUEST, known)
        )
        state.day = day
        if at_day is not None:
            at_day(state)
        if at_sunday is not None and day in sundays:
            at_sunday(state)
    return Life(*(np.concatenate(column) for column in zip(*orders, strict=True)), left=left, faded=faded)
