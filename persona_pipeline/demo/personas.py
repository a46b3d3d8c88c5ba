"""The personas of the demo shop: what differs between them, as plain tables.

Here: numbers per persona, category and price tier. Not here: any draw, any customer.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

CATEGORIES = (
    "食品 Food",
    "清洁 Household",
    "母婴 Baby",
    "美妆 Beauty",
    "服饰 Fashion",
    "鞋包 Shoes and bags",
    "数码 Electronics",
    "家电 Appliances",
    "运动 Sports",
    "图书 Books",
    "礼品 Gifts",
    "宠物 Pets",
)
STAPLE_CATEGORY = "随单 Checkout"
TIERS = ("low", "middle", "high")
PRODUCTS_PER_TIER = (8, 7, 5)


@dataclass(frozen=True, slots=True)
class Persona:
    """One persona. Shares are means of own effects that vary around them, so personas overlap."""

    key: str
    share: float
    rate: float  # orders per day at full activity
    basket: float  # further lines beyond the first
    tiers: tuple[float, float, float]
    sensitivity: float  # log of what a shop-wide discount does to the intensity
    seeks_discount: float  # share of orders with a discount outside of sale days and coupons
    refund: float  # share of lines sent back without a defect
    weekend: float  # share of orders on Saturday and Sunday
    night: float  # share of orders between 20:00 and 24:00
    festival: float  # log of what a festival does to the intensity
    quantity_tail: float  # Pareto exponent of the quantity; smaller is heavier
    fading: float  # daily hazard of beginning to fade
    refractory_days: float  # how long a purchase satisfies
    age: float  # mean age, years
    female: float
    income: tuple[float, float, float]
    sentiment: float
    posts: float  # posts per day, for the social source
    channels: tuple[float, float, float, float]  # preference for each of CHANNELS
    affinity: tuple[float, ...]  # weight per category


CHANNELS = ("email", "sms", "app", "wechat")

PERSONAS = (
    Persona(
        "household",
        0.20,
        0.068,
        2.6,
        (0.60, 0.34, 0.06),
        0.30,
        0.10,
        0.010,
        0.50,
        0.25,
        0.10,
        2.0,
        0.0025,
        4.0,
        41,
        0.60,
        (0.25, 0.55, 0.20),
        0.3,
        0.02,
        (0.2, 0.2, 0.4, 0.2),
        (9, 7, 3.0, 0.8, 0.5, 0.3, 0.3, 0.7, 0.3, 0.6, 0.3, 2.0),
    ),
    Persona(
        "bargain",
        0.20,
        0.036,
        1.7,
        (0.78, 0.19, 0.03),
        0.95,
        0.55,
        0.030,
        0.34,
        0.30,
        0.25,
        2.3,
        0.0033,
        6.0,
        36,
        0.52,
        (0.50, 0.40, 0.10),
        0.0,
        0.03,
        (0.1, 0.4, 0.3, 0.2),
        (3, 5, 0.8, 2.0, 3.5, 2.0, 1.2, 1.5, 0.6, 0.5, 0.6, 0.7),
    ),
    Persona(
        "premium",
        0.12,
        0.023,
        0.5,
        (0.05, 0.30, 0.65),
        0.06,
        0.04,
        0.025,
        0.26,
        0.40,
        0.10,
        2.6,
        0.0020,
        8.0,
        45,
        0.50,
        (0.05, 0.35, 0.60),
        0.2,
        0.02,
        (0.5, 0.1, 0.2, 0.2),
        (1, 0.4, 0.3, 4.5, 1.5, 3.0, 5.0, 2.0, 0.8, 0.4, 1.2, 0.3),
    ),
    Persona(
        "fashion",
        0.18,
        0.046,
        1.1,
        (0.35, 0.50, 0.15),
        0.55,
        0.22,
        0.160,
        0.42,
        0.55,
        0.20,
        2.6,
        0.0036,
        5.0,
        27,
        0.78,
        (0.40, 0.45, 0.15),
        0.1,
        0.10,
        (0.1, 0.1, 0.3, 0.5),
        (0.7, 0.5, 0.3, 5.5, 9.0, 5.5, 0.6, 0.2, 0.8, 0.4, 0.7, 0.3),
    ),
    Persona(
        "gift",
        0.18,
        0.017,
        0.5,
        (0.30, 0.55, 0.15),
        0.25,
        0.12,
        0.020,
        0.30,
        0.25,
        1.10,
        2.6,
        0.0026,
        8.0,
        38,
        0.48,
        (0.30, 0.50, 0.20),
        0.1,
        0.02,
        (0.4, 0.2, 0.2, 0.2),
        (2.0, 0.5, 2.0, 1.2, 0.7, 0.9, 0.8, 0.7, 0.5, 2.0, 9.0, 0.5),
    ),
    Persona(
        "hobby",
        0.12,
        0.030,
        0.8,
        (0.25, 0.50, 0.25),
        0.18,
        0.08,
        0.040,
        0.20,
        0.65,
        0.05,
        2.6,
        0.0028,
        7.0,
        31,
        0.25,
        (0.25, 0.50, 0.25),
        -0.1,
        0.08,
        (0.3, 0.1, 0.4, 0.2),
        (0.6, 0.4, 0.1, 0.2, 0.7, 0.6, 7.0, 1.0, 7.0, 6.0, 0.6, 0.4),
    ),
)

# How widely own effects spread around the persona: shape of gammas, concentration of Dirichlets and betas.
RATE_SHAPE = 3.5
BASKET_SHAPE = 6.0
AFFINITY_CONCENTRATION = 9.0
TIER_CONCENTRATION = 12.0
SHARE_CONCENTRATION = 14.0
REFUND_CONCENTRATION = 25.0
SENSITIVITY_SIGMA = 0.35
HAZARD_SIGMA = 0.4


def column(name: str) -> np.ndarray:
    """One number, or one tuple, per persona as an array with the persona along the first axis."""
    return np.array([getattr(persona, name) for persona in PERSONAS], dtype=np.float64)


def affinities() -> np.ndarray:
    """Category shares per persona, shape (personas, categories), rows summing to one."""
    weights = column("affinity")
    return weights / weights.sum(axis=1, keepdims=True)
