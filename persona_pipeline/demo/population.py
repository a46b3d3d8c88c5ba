"""Customers: personas, own effects and everything latent, drawn block by block.

Here: what is true of a customer for ever. Not here: what happens (life.py), what the CRM says (crm.py).
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from persona_pipeline.demo import personas
from persona_pipeline.demo.plan import Plan
from persona_pipeline.demo.seeds import Stream, generator

BLOCK = 4_000  # customers that share a random stream; part of the meaning of a seed, so it is fixed
EXISTING = 0.55  # share of customers who were there before the first day
BORN_FADING = 0.10
ACCOUNTS = 100_000_000


@dataclass(frozen=True, slots=True)
class Population:
    """Latent traits of one block of customers; every array has the customer along its first axis."""

    number: np.ndarray  # position in the whole shop
    account: np.ndarray  # account number, written with eight digits
    persona: np.ndarray
    rate_effect: np.ndarray
    rate: np.ndarray  # orders per day at full activity
    arrival: np.ndarray  # day number, negative before the start
    starts_fading: np.ndarray
    weekend: np.ndarray
    sensitivity: np.ndarray
    hazard: np.ndarray  # daily hazard of beginning to fade in a good mood
    refractory_decay: np.ndarray
    basket: np.ndarray
    affinity: np.ndarray  # (customer, category)
    tiers: np.ndarray  # (customer, tier)
    seeks_discount: np.ndarray
    refund: np.ndarray
    night: np.ndarray
    campaign_draw: np.ndarray  # (customer, campaign) uniform; below the assignment probability is contacted
    campaign_effect: np.ndarray  # (customer, campaign) change of log intensity

    def __len__(self) -> int:
        """How many customers."""
        return self.number.size

    def take(self, positions: np.ndarray) -> Population:
        """The customers at some positions."""
        return Population(**{field.name: getattr(self, field.name)[positions] for field in fields(self)})


def account_numbers(seed: int, number: np.ndarray) -> np.ndarray:
    """A bijection of 0 … 99,999,999 by the seed; customers are exchangeable, so it carries nothing."""
    rng = generator(seed, Stream.POPULATION)
    factor = int(rng.integers(10**6, 10**7)) * 10 + 7
    if factor % 5 == 0:
        factor += 10
    offset = int(rng.integers(ACCOUNTS))
    return (number.astype(np.int64) * factor + offset) % ACCOUNTS


def _beta(rng: np.random.Generator, mean: np.ndarray, concentration: float) -> np.ndarray:
    return rng.beta(mean * concentration, (1.0 - mean) * concentration)


def _dirichlet(rng: np.random.Generator, mean: np.ndarray, concentration: float) -> np.ndarray:
    draws = rng.gamma(mean * concentration, 1.0) + 1e-9
    return draws / draws.sum(axis=1, keepdims=True)


def draw_population(plan: Plan, first: int, size: int) -> Population:
    """Customers `first` … `first + size - 1`; `first` is a multiple of the block size."""
    rng = generator(plan.seed, Stream.POPULATION, first // BLOCK)
    # Always a whole block is drawn, so that the number of customers changes nothing for those who are there.
    shape = BLOCK
    share = personas.column("share")
    persona = np.searchsorted(np.cumsum(share)[:-1], rng.random(shape), side="right")
    rate_effect = rng.gamma(personas.RATE_SHAPE, 1.0 / personas.RATE_SHAPE, shape)
    existing = rng.random(shape) < EXISTING
    before = -1 - np.floor(rng.random(shape) * 720).astype(np.int64)
    after = 1 + np.floor(rng.random(shape) * max(1, plan.days - 1)).astype(np.int64)
    effects = np.array([campaign.effect for campaign in plan.campaigns]).T[persona]
    campaigns = len(plan.campaigns)
    population = {
        "persona": persona,
        "rate_effect": rate_effect,
        "rate": personas.column("rate")[persona] * rate_effect,
        "arrival": np.where(existing, before, np.minimum(after, plan.days)),
        "starts_fading": rng.random(shape) < BORN_FADING,
        "weekend": _beta(rng, personas.column("weekend")[persona], personas.SHARE_CONCENTRATION),
        "sensitivity": personas.column("sensitivity")[persona]
        * rng.lognormal(0.0, personas.SENSITIVITY_SIGMA, shape),
        "hazard": personas.column("fading")[persona] * rng.lognormal(0.0, personas.HAZARD_SIGMA, shape),
        "refractory_decay": np.exp(-1.0 / personas.column("refractory_days")[persona]),
        "basket": personas.column("basket")[persona]
        * rng.gamma(personas.BASKET_SHAPE, 1.0 / personas.BASKET_SHAPE, shape),
        "affinity": _dirichlet(rng, personas.affinities()[persona], personas.AFFINITY_CONCENTRATION),
        "tiers": _dirichlet(rng, personas.column("tiers")[persona], personas.TIER_CONCENTRATION),
        "seeks_discount": _beta(
            rng, personas.column("seeks_discount")[persona], personas.SHARE_CONCENTRATION
        ),
        "refund": _beta(rng, personas.column("refund")[persona], personas.REFUND_CONCENTRATION),
        "night": _beta(rng, personas.column("night")[persona], personas.SHARE_CONCENTRATION),
        "campaign_draw": rng.random((shape, campaigns)),
        "campaign_effect": effects + rng.normal(0.0, 0.1, (shape, campaigns)),
    }
    number = np.arange(first, first + size)
    return Population(
        number=number,
        account=account_numbers(plan.seed, number),
        **{k: v[:size] for k, v in population.items()},
    )


def later_source_traits(plan: Plan, population: Population) -> dict[str, np.ndarray]:
    """Traits that later sources will show: visitors, channels, sentiment, posts, topics."""
    rng = generator(plan.seed, Stream.LATER_SOURCES, int(population.number[0]) // BLOCK)
    persona = population.persona
    size = len(population)
    channels = _dirichlet(
        rng, np.resize(personas.column("channels")[persona], (BLOCK, len(personas.CHANNELS))), 6.0
    )[:size]
    noise = rng.random((BLOCK, 4))[:size]
    normal = rng.normal(size=(BLOCK, 2))[:size]
    traits = {f"channel_{name}": channels[:, i] for i, name in enumerate(personas.CHANNELS)}
    return traits | {
        "visitors": 1 + (noise[:, 0] < 0.4).astype(np.int64),
        "has_social_handle": noise[:, 1] < 0.3,
        "logs_in_share": 0.3 + 0.6 * noise[:, 2],
        "sentiment": np.clip(personas.column("sentiment")[persona] + 0.3 * normal[:, 0], -1, 1),
        "posts_per_day": personas.column("posts")[persona] * np.exp(0.5 * normal[:, 1]),
        "interest": population.affinity.argmax(axis=1).astype(np.int64),
    }
