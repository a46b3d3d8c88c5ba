"""The population stability index against figures by hand, another implementation, and theory."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence

import numpy as np
import pytest
from scipy import stats

from persona_pipeline.features.stability import (
    FEWEST_CUSTOMERS,
    Numbers,
    Texts,
    population_stability_index,
    psi_of_numbers,
    psi_of_texts,
    reading,
)


def numbers(*values: float | None) -> Numbers:
    known = sorted(value for value in values if value is not None)
    return Numbers(len(values), np.array(known, dtype=float))


def texts(**counts: int) -> Texts:
    without = counts.pop("without", 0)
    return Texts(without + sum(counts.values()), counts)


def psi(then: Sequence[float], now: Sequence[float]) -> float:
    """The definition, over shares."""
    pairs = [(max(a, 0.0001), max(b, 0.0001)) for a, b in zip(then, now, strict=True)]
    return sum((b - a) * math.log(b / a) for a, b in pairs)


@pytest.mark.parametrize(
    ("then", "now", "expected"),
    [
        ([40, 30, 20, 10], [40, 30, 20, 10], 0),
        ([40, 30, 20, 10], [80, 60, 40, 20], 0),
        # -0.1 ln(0.3 / 0.4) + 0.1 ln(0.3 / 0.2) = 0.1 ln 2
        ([40, 30, 20, 10], [30, 30, 30, 10], 0.0693147181),
        # -0.1 ln(0.4 / 0.5) + (0.1 - 0.0001) ln(0.1 / 0.0001)
        ([50, 50, 0], [50, 40, 10], 0.0223143551 + 0.0999 * 6.9077552790),
        # a bin that is empty on both sides adds nothing
        ([50, 0, 50], [50, 0, 50], 0),
    ],
)
def test_by_hand(then: list[int], now: list[int], expected: float) -> None:
    found = population_stability_index(np.array(then), np.array(now))
    assert found == pytest.approx(expected, abs=1e-9)
    assert population_stability_index(np.array(now), np.array(then)) == pytest.approx(found, abs=1e-12)


@pytest.mark.parametrize("shift", [0.1, 0.3, 0.5, 1.0])
def test_two_normal_distributions(shift: float) -> None:
    """Bins of tenths see nearly all of the divergence of N(0, 1) and N(shift, 1), which is shift squared."""
    count = 100_000
    then = stats.norm.ppf((np.arange(count) + 0.5) / count)
    found = psi_of_numbers(Numbers(count, then), Numbers(count, then + shift))
    borders = [-math.inf, *stats.norm.ppf(np.arange(1, 10) / 10), math.inf]
    shares = np.diff(stats.norm.cdf(np.array(borders) - shift))
    assert found == pytest.approx(psi([0.1] * 10, list(shares)), rel=1e-3)
    assert found is not None
    assert 0.85 * shift**2 < found < shift**2


def slow_psi_of_numbers(then: list[float | None], now: list[float | None]) -> float:
    """The same rule by plain counting: borders by rank, values at repeated borders apart."""
    known = sorted(value for value in then if value is not None)
    borders = Counter(known[math.ceil(len(known) * tenth / 10) - 1] for tenth in range(1, 10))
    unique = sorted(borders)

    def bin_of(value: float | None) -> tuple[int, bool]:
        return (-1, False) if value is None else (bisect_left(unique, value), borders[value] > 1)

    counts = [Counter(map(bin_of, values)) for values in (then, now)]
    bins = sorted({*counts[0], *counts[1]})
    return psi(*([count[each] / count.total() for each in bins] for count in counts))


@pytest.mark.parametrize("seed", range(6))
def test_another_implementation(seed: int) -> None:
    """Counts with many zeros, amounts, ages; some customers without a value."""
    random = np.random.default_rng(seed)
    makers = (
        lambda shift: random.poisson(0.3 + shift, 700),
        lambda shift: random.poisson(4 + shift, 700),
        lambda shift: np.round(random.lognormal(3, 1 + shift, 700), 2),
    )
    for make in makers:
        then, now = (make(shift).astype(object) for shift in (0, seed / 5))
        then[random.random(700) < 0.2], now[random.random(700) < 0.1 * seed] = None, None
        found = psi_of_numbers(numbers(*then), numbers(*now))
        assert found == pytest.approx(slow_psi_of_numbers(list(then), list(now)), abs=1e-12)


N = 1000


@pytest.mark.parametrize(
    ("then", "now", "shares"),
    [
        # one distinct value: nothing below, all of it, nothing above; it leaves both ways
        ([5] * N, [5] * N, ([1], [1])),
        ([5] * N, [4] * N, ([1, 0], [0, 1])),
        ([5] * N, [6] * N, ([1, 0], [0, 1])),
        # zeros are the border of eight tenths; up to 1 is the ninth
        (
            [0] * 850 + [1] * 100 + [7] * 50,
            [0] * 600 + [1] * 300 + [7] * 100,
            ([0.85, 0.1, 0.05], [0.6, 0.3, 0.1]),
        ),
        ([0] * 500 + [1] * 500, [0] * 400 + [1] * 600, ([0.5, 0.5], [0.4, 0.6])),
        # no value is a bin
        ([None] * N, [None] * N, ([1], [1])),
        ([None] * N, [3] * N, ([1, 0], [0, 1])),
        ([3] * 900 + [None] * 100, [3] * 500 + [None] * 500, ([0.9, 0.1], [0.5, 0.5])),
    ],
    ids=["same", "down", "up", "rare", "binary", "never", "first values", "fewer values"],
)
def test_ties_and_missing_values(
    then: list[float | None], now: list[float | None], shares: tuple[list[float], list[float]]
) -> None:
    assert psi_of_numbers(numbers(*then), numbers(*now)) == pytest.approx(psi(*shares), abs=1e-12)


def test_texts_by_value() -> None:
    then = texts(north=500, south=300, west=100, without=100)
    now = texts(north=400, south=300, east=200, without=100)
    # north, south, west, all others (east), none
    shares = [0.5, 0.3, 0.1, 0, 0.1], [0.4, 0.3, 0, 0.2, 0.1]
    assert psi_of_texts(then, now) == pytest.approx(psi(*shares), abs=1e-12)
    assert psi_of_texts(then, then) == 0


def test_rare_texts_are_one_bin() -> None:
    """Ten values have a bin each; of the two of equal frequency the first by name does."""
    frequent = {f"v{number}": 100 - number for number in range(9)}
    then = texts(**frequent, b=20, a=20, c=1)
    moved = texts(**frequent, b=1, a=20, c=20)
    assert psi_of_texts(then, moved) == 0
    moved = texts(**frequent, b=20, a=1, c=20)
    total = sum(then.counts.values())
    assert psi_of_texts(then, moved) == pytest.approx(
        psi([20 / total, 21 / total], [1 / total, 40 / total]), abs=1e-12
    )


def test_too_few_customers_give_no_index() -> None:
    enough, few = [1.0] * FEWEST_CUSTOMERS, [1.0] * (FEWEST_CUSTOMERS - 1)
    assert psi_of_numbers(numbers(*enough), numbers(*enough)) == 0
    assert psi_of_numbers(numbers(*few), numbers(*enough)) is None
    assert psi_of_numbers(numbers(*enough), numbers(*few)) is None
    assert psi_of_texts(texts(a=400), texts(a=399)) is None
    assert psi_of_texts(texts(a=0, without=400), texts(a=400)) is not None


def test_what_chance_gives() -> None:
    """The reason for the fewest customers: see `population_stability_index`."""
    freedom = 11

    def exceeds(customers: int) -> float:
        return float(stats.chi2.sf(0.25 * customers / 2, freedom))

    assert exceeds(FEWEST_CUSTOMERS) < 1e-6
    assert 0.3 < exceeds(100) < 0.4
    random = np.random.default_rng(1)
    drawn = [
        psi_of_numbers(*(Numbers(1000, np.sort(random.random(1000))) for _ in range(2))) for _ in range(300)
    ]
    assert np.mean([value for value in drawn if value is not None]) == pytest.approx(9 * 2 / 1000, rel=0.1)


@pytest.mark.parametrize(
    ("value", "expected"),
    [(None, None), (0.0, "stable"), (0.0999, "stable"), (0.1, "watch"), (0.25, "watch"), (0.2501, "act")],
)
def test_reading(value: float | None, expected: str | None) -> None:
    assert reading(value) == expected
