"""True probabilities: what the state at the end of a day says of the days after, later shocks averaged.

Here: the exact recursion over the two living states, given shocks, and the mean over replications of shocks.
Not here: the one future that happened (life.py).
"""

from __future__ import annotations

import numpy as np

from persona_pipeline.demo import plan as p
from persona_pipeline.demo.life import ACTIVE, FADING, State, campaign_factor, contacted, growth, rhythm
from persona_pipeline.demo.plan import Plan
from persona_pipeline.demo.population import BLOCK, Population
from persona_pipeline.demo.seeds import Stream, generator

REPLICATIONS = 8
REAL = np.float32  # half the time of float64; the error stays below 1e-5


def _later_shocks(
    plan: Plan, population: Population, state: State, replications: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Discount days (replication, day), contacts (replication, customer, campaign), let-downs to come."""
    shop = generator(plan.seed, Stream.FUTURE_SHOP, state.day)
    flash = shop.random((replications, p.HORIZON + 1)) < p.FLASH_PROBABILITY
    own = generator(plan.seed, Stream.FUTURE_CUSTOMER, state.day, int(population.number[0]) // BLOCK)
    size = len(population)
    is_bad = own.random((replications, BLOCK, p.REVEAL_DAYS))[:, :size] < 1 - (1 - p.LATE_PARCEL) * (
        1 - p.DEFECT
    )
    is_contacted = np.broadcast_to(
        contacted(plan, population), (replications, size, len(plan.campaigns))
    ).copy()
    for i, campaign in enumerate(plan.campaigns):
        if state.day < campaign.first <= state.day + p.HORIZON:
            is_contacted[:, :, i] = own.random((replications, BLOCK))[:, :size] < campaign.assignment
    return flash, is_contacted, is_bad & state.pending[None]


def no_order_probabilities(
    plan: Plan, population: Population, state: State, *, replications: int = REPLICATIONS
) -> dict[int, np.ndarray]:
    """Probability that no order is seen in (day, day + horizon], by horizon in days, for every customer.

    "Seen" means known by the end of the horizon and placed with the account. On the path without an order the
    state moves deterministically given the shocks, so the probability is a product of sums, not a simulation.
    Customers who are gone have probability one; so have, without a meaning, those who are not there yet.
    """
    flash, is_contacted, bad = _later_shocks(plan, population, state, replications)
    alive = np.flatnonzero((state.life == ACTIVE) | (state.life == FADING))
    is_contacted, bad = is_contacted[:, alive], bad[:, alive]
    some = population.take(alive)
    shape = (replications, alive.size)
    now = (
        np.broadcast_to((state.life[alive] == ACTIVE).astype(REAL), shape),
        np.broadcast_to((state.life[alive] == FADING).astype(REAL), shape),
        np.broadcast_to(state.mood[alive].astype(REAL), shape),
        state.satisfied[alive].astype(REAL),
        np.zeros(shape, dtype=REAL),
    )
    results: dict[int, np.ndarray] = {}
    horizons = sorted(p.TARGETS.values())
    start = 1
    for horizon in horizons:
        # Late orders of the last days are known only after this horizon, so those days belong to it alone.
        split = horizon if horizon == horizons[-1] else horizon - p.LATE_EVERY
        now = _advance(plan, some, state.day, range(start, split + 1), horizon, now, flash, is_contacted, bad)
        end = _advance(
            plan, some, state.day, range(split + 1, horizon + 1), horizon, now, flash, is_contacted, bad
        )
        results[horizon] = np.ones(len(population))
        results[horizon][alive] = (end[0] + end[1] + end[4]).mean(axis=0, dtype=np.float64)
        start = split + 1
    return results


def _advance(
    plan: Plan,
    population: Population,
    today: int,
    ahead: range,
    horizon: int,
    state: tuple[np.ndarray, ...],
    flash: np.ndarray,
    is_contacted: np.ndarray,
    bad: np.ndarray,
) -> tuple[np.ndarray, ...]:
    active, fading, mood, satisfied, gone = state
    coupon_factor = np.exp(p.COUPON_STRENGTH * population.sensitivity).astype(REAL)
    flash_factor = np.exp(population.sensitivity).astype(REAL)
    hazard = population.hazard.astype(REAL)
    decay = population.refractory_decay.astype(REAL)
    for step in ahead:
        day = today + step
        mood = mood * p.MOOD_DECAY
        if step <= p.REVEAL_DAYS:
            mood = mood + bad[:, :, step - 1]
        strain = 1.0 + p.MOOD_ON_HAZARD * mood
        begins = active * np.minimum(1.0, hazard * strain)
        leaves = fading * np.minimum(1.0, p.LEAVING * strain)
        gone = gone + leaves
        base = population.rate * rhythm(plan, population, day) * growth(day, population.arrival)
        base = base * (1.0 - p.REFRACTORY * satisfied)
        factor = campaign_factor(plan, population, day, is_contacted)
        intensity = (base if factor is None else base * factor).astype(REAL)
        intensity = np.where(flash[:, step, None], intensity * flash_factor, intensity)
        known = 1.0 - p.GUEST
        if plan.late_day[day] > today + horizon:
            known *= 1.0 - p.LATE_DELIVERY
        active = (active - begins) * (1.0 - known * _buys(intensity, coupon_factor))
        fading = (fading + begins - leaves) * (
            1.0 - known * _buys(intensity * p.FADING_ACTIVITY, coupon_factor)
        )
        satisfied = satisfied * decay
    return active, fading, mood, satisfied, gone


def _buys(intensity: np.ndarray, coupon_factor: np.ndarray) -> np.ndarray:
    """Probability of an order on a day, averaged over whether a coupon comes."""
    without = -np.expm1(-intensity)
    with_coupon = -np.expm1(-intensity * coupon_factor)
    return without + p.COUPON_PROBABILITY * (with_coupon - without)
