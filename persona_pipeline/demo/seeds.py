"""Random streams by name: every draw of the demo comes from a (seed, stream, position) of its own.

Here: the streams and how a generator is made. Not here: what is drawn.
"""

from __future__ import annotations

import enum

import numpy as np


class Stream(enum.IntEnum):
    """One number per purpose, so that a new draw in one place changes no other."""

    PLAN = 0
    CATALOGUE = 1
    POPULATION = 2
    LATER_SOURCES = 3
    CRM = 4
    LIFE = 5
    BASKET = 6
    FUTURE_SHOP = 7
    FUTURE_CUSTOMER = 8
    DIRT = 9
    CALENDAR = 10
    IDENTIFIER = 20
    PEOPLE = 21
    SOCIAL = 22
    CONTACT = 23
    TRACE_DIRT = 24
    WEB = 30
    WEB_DIRT = 31


def generator(seed: int, stream: Stream, *position: int) -> np.random.Generator:
    """The generator of a stream at a position, for example a block of customers or a day."""
    return np.random.default_rng(np.random.SeedSequence([seed, int(stream), *position]))
