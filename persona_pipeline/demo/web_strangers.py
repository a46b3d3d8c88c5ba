"""Visitors who are no customers: people who only look, and robots.

Here: their sessions of a day, as many as the customers' sessions call for, made when their turn comes.
Not here: attacks and broken lines (web_dirt.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from persona_pipeline.demo import web_agents
from persona_pipeline.demo import web_visits as v
from persona_pipeline.demo.counter_random import exponential, integers, mixed, uniform
from persona_pipeline.demo.plan import Plan
from persona_pipeline.demo.seeds import Stream, generator
from persona_pipeline.demo.web_habits import NO_COOKIE, address_of, agent_of, cookie_of, secret

STRANGERS = 0.43  # sessions per session of a customer: about 30 % of all
POOL = 3  # strangers per customer; a few of them come again
STRANGER_PAGES = 1.3
STRANGER_NIGHT = 0.33
STRANGER_PHONE = 0.65
ROBOT_HITS = 0.12  # hits of robots per hit of people
ROBOT_PAGES = 9.0

_PERSON, _VISIT, _HITS, _COOKIE, _AGENT, _TIME = range(400, 406)


class Visitors(Protocol):
    """Sessions of one day that are functions of their numbers, so any of them can be made at any time."""

    @property
    def count(self) -> int:
        """How many sessions there are, numbered from 0."""
        ...

    def beginnings(self, number: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Second of the day of the first hit, and number of hits, of some sessions."""
        ...

    def sessions(self, number: np.ndarray) -> np.ndarray:
        """Some sessions as rows of `web_visits.SESSION`."""
        ...


@dataclass(frozen=True, slots=True)
class Strangers:
    """People without an account on a day."""

    plan: Plan
    customers: int
    day: int
    count: int

    @classmethod
    def of_day(cls, plan: Plan, customers: int, day: int, sessions: int, share: float) -> Strangers:
        """On a day on which customers have `sessions` sessions; for each there are `share` of strangers."""
        count = int(generator(plan.seed, Stream.WEB_DIRT, day, 0).poisson(share * sessions))
        return cls(plan, customers, day, count)

    def _key(self, number: np.ndarray) -> np.ndarray:
        return mixed(secret(self.plan), self.day, number, _VISIT)

    def beginnings(self, number: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """See `Visitors`."""
        return _stranger_beginnings(self._key(number))

    def sessions(self, number: np.ndarray) -> np.ndarray:
        """See `Visitors`."""
        table = _empty(number.size, self.day, -1, v.STRANGER)
        key = self._key(number)
        hidden = secret(self.plan)
        person = mixed(hidden, integers(POOL * self.customers + 50, key, _PERSON), _PERSON)
        table["key"] = key
        agent = agent_of(person, np.full(number.size, STRANGER_PHONE))
        table["agent"] = agent
        hides = uniform(key, _COOKIE) < 2 * NO_COOKIE
        table["cookie"] = np.where(hides, np.uint64(0), cookie_of(person, table["day"].astype(np.int64)))
        table["address"] = address_of(person, agent, table["day"].astype(np.int64))
        v.any_interest(table, person)
        v.fill_channel(table)
        # Strangers know the shop's address less often than customers do.
        turned = (table["channel"] == v.DIRECT) & (uniform(key, _TIME) < 0.5)
        table["channel"][turned] = v.SEARCH
        table["second"], table["hits"] = _stranger_beginnings(key)
        return table


def _stranger_beginnings(key: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    hits = np.minimum(1 + exponential(STRANGER_PAGES, key, _HITS), v.MOST_PAGES).astype(np.uint8)
    return v.day_seconds(key, np.full(key.size, STRANGER_NIGHT)).astype(np.int32), hits


@dataclass(frozen=True, slots=True)
class Robots:
    """Crawlers and monitors on a day."""

    plan: Plan
    day: int
    count: int

    @classmethod
    def of_day(cls, plan: Plan, day: int, hits: int) -> Robots:
        """On a day on which people make `hits` hits."""
        mean = ROBOT_HITS * hits / (1 + ROBOT_PAGES)
        return cls(plan, day, int(generator(plan.seed, Stream.WEB_DIRT, day, 1).poisson(mean)))

    def _key(self, number: np.ndarray) -> np.ndarray:
        return mixed(secret(self.plan), self.day, number, _AGENT)

    def beginnings(self, number: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """See `Visitors`."""
        return _robot_beginnings(self._key(number))

    def sessions(self, number: np.ndarray) -> np.ndarray:
        """See `Visitors`."""
        table = _empty(number.size, self.day, -2, v.ROBOT)
        key = self._key(number)
        robot = integers(len(web_agents.ROBOTS), key, _AGENT)
        table["key"] = key
        table["agent"] = web_agents.FIRST_ROBOT + robot
        table["address"] = mixed(secret(self.plan), robot, integers(20, key, _PERSON), _AGENT)
        v.any_interest(table, key)
        table["second"], table["hits"] = _robot_beginnings(key)
        return table


def _robot_beginnings(key: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    hits = np.minimum(1 + exponential(ROBOT_PAGES, key, _HITS), v.MOST_PAGES).astype(np.uint8)
    return integers(86_400 - 600, key, _TIME).astype(np.int32), hits


def _empty(count: int, day: int, number: int, kind: int) -> np.ndarray:
    table = v.empty_sessions(count)
    table["delivered"] = table["day"] = day
    table["number"], table["kind"] = number, kind
    return table
