"""How customers use the shop's web site: own visit rates, devices, cookies, addresses.

Here: what is true of a customer for ever, and which cookie and address a device has on a day.
Not here: when somebody visits (web_visits.py), what a visit looks at (web_hits.py).
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from persona_pipeline.demo import web_agents
from persona_pipeline.demo.counter_random import integers, mixed, uniform
from persona_pipeline.demo.plan import Plan
from persona_pipeline.demo.population import BLOCK, Population, later_source_traits
from persona_pipeline.demo.seeds import Stream, generator

# Per persona, in the order of personas.PERSONAS: visits a day in full activity that end without an order,
# share of sessions on a phone or tablet, pages of a session beyond the first, share of web orders.
VISITS = (0.12, 0.20, 0.09, 0.22, 0.075, 0.155)
PHONE = (0.62, 0.72, 0.45, 0.80, 0.50, 0.48)
PAGES = (2.0, 3.2, 2.6, 3.6, 2.2, 3.4)
WEB_ORDERS = (0.45, 0.55, 0.60, 0.60, 0.55, 0.70)
VISIT_SIGMA = 0.45  # spread of the own visit effect that has nothing to do with orders
VISIT_WITH_ORDERS = 0.5  # power of the rate effect in the visit rate: who buys much visits more
SHARED_DEVICE = 0.004  # customers whose second device is somebody else's: about one cookie in 500
TABLET_VISITS = 0.004  # share of visits made at the shop's own tablet
TABLET_BLOCKS = 25  # one tablet for each 100,000 customers
SHORTEST_COOKIE, LONGEST_COOKIE = 45, 400  # days until a browser gets a new cookie
NO_COOKIE = 0.03  # share of visits whose browser refuses cookies
TABLET_CHANCE = 0.12  # among the devices that are no desktop

_OWNER, _DEVICE, _COOKIE, _ADDRESS, _PERIOD, _PHASE, _TABLET = range(7)


@dataclass(frozen=True, slots=True)
class WebHabits:
    """Traits of one block of customers; every array has the customer along its first axis."""

    key: np.ndarray  # uint64, start of all later draws of the customer
    visit_effect: np.ndarray
    visit_rate: np.ndarray  # visits a day in full activity that end without an order
    pages: np.ndarray
    web_orders: np.ndarray
    phone: np.ndarray  # chance that the first device is no desktop
    logs_in: np.ndarray
    devices: np.ndarray  # 1 or 2
    device_key: np.ndarray  # (customer, 2) uint64; two customers of a shared device have the same one

    def __len__(self) -> int:
        """How many customers."""
        return self.key.size


def secret(plan: Plan) -> int:
    """The 64-bit number from which all keys of the web come."""
    return int(generator(plan.seed, Stream.WEB).integers(2**63))


def draw_habits(plan: Plan, population: Population) -> WebHabits:
    """Habits of the customers of a block, from streams that nothing else uses."""
    size = len(population)
    rng = generator(plan.seed, Stream.WEB, int(population.number[0]) // BLOCK)
    noise = rng.normal(size=(BLOCK, 3))[:size]
    persona = population.persona
    later = later_source_traits(plan, population)
    key = mixed(secret(plan), population.number, _OWNER)
    effect = np.exp(VISIT_SIGMA * noise[:, 0] - VISIT_SIGMA**2 / 2)
    device_key = mixed(key[:, None], np.arange(2)[None, :], _DEVICE)
    devices = later["visitors"].copy()
    shares = uniform(key, _TABLET) < SHARED_DEVICE
    shares[0] = False  # the other one is the customer before, in the same block
    borrower = np.flatnonzero(shares)
    device_key[borrower, 1] = device_key[borrower - 1, 0]
    devices[borrower] = 2
    web_orders = np.array(WEB_ORDERS)[persona]
    return WebHabits(
        key=key,
        visit_effect=effect,
        visit_rate=np.array(VISITS)[persona] * effect * population.rate_effect**VISIT_WITH_ORDERS,
        pages=np.array(PAGES)[persona] * np.exp(0.25 * noise[:, 1]),
        web_orders=1.0 / (1.0 + (1.0 - web_orders) / web_orders * np.exp(0.6 * noise[:, 2])),
        phone=np.array(PHONE)[persona],
        logs_in=later["logs_in_share"],
        devices=devices,
        device_key=device_key,
    )


def cookie_of(device_key: np.ndarray, day: np.ndarray) -> np.ndarray:
    """The visitor cookie of a device on a day, never 0; it is renewed now and then."""
    period = SHORTEST_COOKIE + uniform(device_key, _PERIOD) * (LONGEST_COOKIE - SHORTEST_COOKIE)
    generation = np.floor((day + 1_000 + uniform(device_key, _PHASE) * period) / period).astype(np.int64)
    return mixed(device_key, generation, _COOKIE) | np.uint64(1)


def address_of(device_key: np.ndarray, agent: np.ndarray, day: np.ndarray) -> np.ndarray:
    """A number that stands for the client's address: a home's stays, a phone's changes every few days."""
    moves = agent >= web_agents.FIRST_MOBILE
    return mixed(device_key, np.where(moves, day // 3, 0), _ADDRESS)


def agent_of(device_key: np.ndarray, phone: np.ndarray) -> np.ndarray:
    """Which of web_agents.AGENTS a device sends; `phone` is the chance that it is no desktop."""
    u = uniform(device_key, _DEVICE, 1)
    is_tablet = uniform(device_key, _DEVICE, 2) < TABLET_CHANCE
    first = np.where(u >= phone, 0, np.where(is_tablet, web_agents.FIRST_TABLET, web_agents.FIRST_MOBILE))
    last = np.where(
        u >= phone,
        web_agents.FIRST_MOBILE,
        np.where(is_tablet, web_agents.FIRST_ROBOT, web_agents.FIRST_TABLET),
    )
    return first + integers(last - first, device_key, _DEVICE, 3)


def tablet_key(plan: Plan, number: np.ndarray) -> np.ndarray:
    """Device key of the shop's tablet that a customer may use."""
    return mixed(secret(plan), number // (BLOCK * TABLET_BLOCKS), _TABLET)


TABLET_AGENT = web_agents.FIRST_TABLET


def habit_columns(habits: WebHabits) -> dict[str, np.ndarray]:
    """What the truth tells of the habits."""
    hidden = ("key", "device_key", "devices", "logs_in")
    return {f"web_{f.name}": getattr(habits, f.name) for f in fields(habits) if f.name not in hidden}
