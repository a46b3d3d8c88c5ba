"""How far the distribution of a feature moved: the population stability index of two snapshots.

Here: values of one feature in one snapshot, bins made of the older one, the index and its reading. Not here:
reading snapshots and writing rows (statistic.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

DECILES = range(1, 10)
MOST_VALUES = 10  # texts that have a bin of their own, as many as there are tenths
FLOOR = 0.0001
FEWEST_CUSTOMERS = 400
WATCH, ACT = 0.1, 0.25


@dataclass(frozen=True, slots=True)
class Numbers:
    """A feature of numbers: the values that customers have, ascending; the other customers have none."""

    customers: int
    values: np.ndarray

    @property
    def without(self) -> int:
        """Customers without a value."""
        return self.customers - len(self.values)


@dataclass(frozen=True, slots=True)
class Texts:
    """A feature of texts: how many customers have each value; the other customers have none."""

    customers: int
    counts: Mapping[str, int]

    @property
    def without(self) -> int:
        """Customers without a value."""
        return self.customers - sum(self.counts.values())


def psi_of_numbers(reference: Numbers, current: Numbers) -> float | None:
    """The index of a number over the tenths of the reference; None with too few customers on either side.

    A border is the smallest value that at least a tenth, two tenths ... of the reference's values do not
    exceed. A value that is the border of several tenths (the zeros of a rare event) is a bin of its own, so
    that nothing leaves it unseen, downwards either. Customers without a value are one more bin.
    """
    if min(reference.customers, current.customers) < FEWEST_CUSTOMERS:
        return None
    known = len(reference.values)
    at = [-(-known * tenth // 10) - 1 for tenth in DECILES] if known else []
    borders, tenths = np.unique(reference.values[at], return_counts=True)
    alone = borders[tenths > 1]
    return population_stability_index(
        _by_borders(borders, alone, reference), _by_borders(borders, alone, current)
    )


def psi_of_texts(reference: Texts, current: Texts) -> float | None:
    """The index of a text over the values that are most frequent in the reference; None as for numbers.

    The ten most frequent values (of equally frequent ones the first by name) are a bin each, all others are
    one, customers without a value one more.
    """
    if min(reference.customers, current.customers) < FEWEST_CUSTOMERS:
        return None
    frequent = sorted(reference.counts, key=lambda value: (-reference.counts[value], value))[:MOST_VALUES]
    return population_stability_index(_by_value(frequent, reference), _by_value(frequent, current))


def population_stability_index(reference: np.ndarray, current: np.ndarray) -> float:
    """Sum over bins of (share now - share then) * ln(share now / share then).

    Shares below 0.0001 (one customer in ten thousand) count as 0.0001, so that an empty bin gives a finite
    figure; a bin that is empty on both sides adds nothing. Usual reading: below 0.1 stable, up to 0.25 watch,
    above 0.25 act (`reading`).

    For two random samples of one population, of n and m customers, it is about (1/n + 1/m) times a
    chi-square with as many degrees of freedom as there are bins less one. There are at most 12 bins: with 400
    customers on either side chance exceeds 0.25 for one feature in a million, with 100 for one in three.
    Hence FEWEST_CUSTOMERS.

    Args:
        reference: customers in each bin then.
        current: customers in the same bins now.

    Source: Siddiqi 2006, "Credit Risk Scorecards", for the index and its reading; Yurdakul and Naranjo 2020,
    "Statistical properties of the population stability index", for its distribution.
    """
    then = np.maximum(reference / reference.sum(), FLOOR)
    now = np.maximum(current / current.sum(), FLOOR)
    return float(np.sum((now - then) * np.log(now / then)))


def reading(psi: float | None) -> str | None:
    """stable, watch or act; None without an index."""
    if psi is None:
        return None
    return "stable" if psi < WATCH else "act" if psi > ACT else "watch"


def _by_borders(borders: np.ndarray, alone: np.ndarray, given: Numbers) -> np.ndarray:
    """Customers in each bin: up to a border, between two, above the last, and those without a value."""
    through = np.searchsorted(given.values, borders, side="right")
    below = np.searchsorted(given.values, alone, side="left")
    cuts = np.sort(np.concatenate([through, below]))
    return np.append(np.diff(cuts, prepend=0, append=len(given.values)), given.without)


def _by_value(frequent: list[str], given: Texts) -> np.ndarray:
    """Customers in each bin: each frequent value, the other values, no value."""
    counts = [given.counts.get(value, 0) for value in frequent]
    return np.array([*counts, given.customers - given.without - sum(counts), given.without])
