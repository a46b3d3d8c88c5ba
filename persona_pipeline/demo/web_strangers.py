"""Visitors who are no customers: people who only look, and robots.

Here: their sessions of a day, as many as the customers' sessions call for. Not here: attacks and broken
lines (web_dirt.py).
"""

from __future__ import annotations

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


def day_strangers(plan: Plan, customers: int, day: int, sessions: int) -> np.ndarray:
    """Sessions of people without an account on a day on which customers have `sessions` sessions."""
    count = int(generator(plan.seed, Stream.WEB_DIRT, day, 0).poisson(STRANGERS * sessions))
    table = _empty(count, day, -1, v.STRANGER)
    key = mixed(secret(plan), day, np.arange(count), _VISIT)
    person = mixed(secret(plan), integers(POOL * customers + 50, key, _PERSON), _PERSON)
    table["key"] = key
    agent = agent_of(person, np.full(count, STRANGER_PHONE))
    table["agent"] = agent
    hides = uniform(key, _COOKIE) < 2 * NO_COOKIE
    table["cookie"] = np.where(hides, np.uint64(0), cookie_of(person, table["day"].astype(np.int64)))
    table["address"] = address_of(person, agent, table["day"].astype(np.int64))
    v.any_interest(table, person)
    v.fill_channel(table)
    # Strangers know the shop's address less often than customers do.
    turned = (table["channel"] == v.DIRECT) & (uniform(key, _TIME) < 0.5)
    table["channel"][turned] = v.SEARCH
    table["hits"] = np.minimum(1 + exponential(STRANGER_PAGES, key, _HITS), v.MOST_PAGES).astype(np.uint8)
    table["second"] = v.day_seconds(key, np.full(count, STRANGER_NIGHT))
    return table


def day_robots(plan: Plan, day: int, hits: int) -> np.ndarray:
    """Sessions of crawlers and monitors on a day on which people make `hits` hits."""
    count = int(generator(plan.seed, Stream.WEB_DIRT, day, 1).poisson(ROBOT_HITS * hits / (1 + ROBOT_PAGES)))
    table = _empty(count, day, -2, v.ROBOT)
    key = mixed(secret(plan), day, np.arange(count), _AGENT)
    robot = integers(len(web_agents.ROBOTS), key, _AGENT)
    table["key"] = key
    table["agent"] = web_agents.FIRST_ROBOT + robot
    table["address"] = mixed(secret(plan), robot, integers(20, key, _PERSON), _AGENT)
    v.any_interest(table, key)
    table["hits"] = np.minimum(1 + exponential(ROBOT_PAGES, key, _HITS), v.MOST_PAGES).astype(np.uint8)
    table["second"] = integers(86_400 - 600, key, _TIME)
    return table


def _empty(count: int, day: int, number: int, kind: int) -> np.ndarray:
    table = v.empty_sessions(count)
    table["delivered"] = table["day"] = day
    table["number"], table["kind"] = number, kind
    return table
