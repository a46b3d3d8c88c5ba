"""Random numbers that are a function of a key and a position: no order of drawing, no chunk changes them.

Here: SplitMix64 (Steele, Lea, Flood 2014, "Fast splittable pseudorandom number generators") over arrays.
Not here: streams that are drawn in order (seeds.py).
"""

from __future__ import annotations

import math

import numpy as np

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_FIRST, _SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)

Number = np.ndarray | int


def mixed(key: Number, *parts: Number) -> np.ndarray:
    """A 64-bit number per element, from the key and further integers of the same or a scalar shape."""
    with np.errstate(over="ignore"):  # arithmetic modulo 2^64 is meant; only scalars would warn
        x = np.atleast_1d(np.asarray(key, dtype=np.uint64))
        for part in parts:
            x = x + (np.asarray(part).astype(np.uint64) + np.uint64(1)) * _GOLDEN
            x = (x ^ (x >> np.uint64(30))) * _FIRST
            x = (x ^ (x >> np.uint64(27))) * _SECOND
            x = x ^ (x >> np.uint64(31))
    return x


def uniform(key: Number, *parts: Number) -> np.ndarray:
    """A number in [0, 1) per element."""
    return (mixed(key, *parts) >> np.uint64(11)).astype(np.float64) * 2.0**-53


def integers(below: Number, key: Number, *parts: Number) -> np.ndarray:
    """An integer in 0 … below − 1 per element."""
    return np.floor(uniform(key, *parts) * below).astype(np.int64)


def exponential(mean: np.ndarray | float, key: Number, *parts: Number) -> np.ndarray:
    """An exponential waiting time per element."""
    return -np.log1p(-uniform(key, *parts)) * mean


def poisson(mean: np.ndarray, key: Number, *parts: Number, most: int = 4) -> np.ndarray:
    """A Poisson count per element by inversion, cut at `most`, which suits small means."""
    u = uniform(key, *parts)
    count = np.zeros(u.shape, dtype=np.int64)
    below = np.zeros(u.shape)
    for k in range(most):
        below = below + np.exp(-mean) * mean**k / math.factorial(k)
        count += u >= below
    return count
