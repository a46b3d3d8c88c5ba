"""Numbers and names by which the shop's systems know people: unique, and saying nothing of one another.

Here: record numbers, addresses, telephones, handles from a person's index. Not here: who has which.
"""

from __future__ import annotations

import enum
from functools import lru_cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from persona_pipeline.demo.seeds import Stream, generator

HALF = 10_000
ROUNDS = 4
# First index of each kind of person or second identifier below 100,000,000; customers count from 0.
SECOND = 30_000_000
NEWSLETTER = 60_000_000
STRANGER = 80_000_000
PHONE_PREFIXES = tuple(str(prefix) for prefix in (130, 131, 135, 136, 137, 138, 139, 150, 158, 177, 186, 189))
DOMAINS = ("example.com", "example.cn", "mail.example.org")
SHARED_EMAIL = "test@test.com"
SHOP_PHONE = "4008123456"
HANDLE_WORDS = (
    "sunny", "panda", "milktea", "xiaoyu", "lazycat", "momo", "redfox", "cloud", "noodle", "star",
    "amigo", "peach", "kiwi", "rainy", "tofu", "bluebird", "mango", "snow", "tiger", "lychee",
)  # fmt: skip


class Purpose(enum.IntEnum):
    """One bijection per kind of number."""

    CRM = 0
    EMAIL = 1
    PHONE = 2
    HANDLE = 3


@lru_cache(maxsize=16)
def _tables(seed: int, purpose: Purpose) -> np.ndarray:
    return generator(seed, Stream.IDENTIFIER, purpose).integers(0, HALF, (ROUNDS, HALF))


def shuffled(seed: int, purpose: Purpose, index: np.ndarray) -> np.ndarray:
    """A bijection of 0 … 99,999,999: a Feistel network over two halves of four digits."""
    left, right = index.astype(np.int64) // HALF, index.astype(np.int64) % HALF
    for table in _tables(seed, purpose):
        left, right = right, (left + table[right]) % HALF
    return left * HALF + right


def digits(number: np.ndarray, width: int = 8) -> pa.Array:
    """Numbers as text with leading zeros."""
    return pc.utf8_lpad(pc.cast(pa.array(number), pa.string()), width, "0")


def crm_ids(seed: int, index: np.ndarray) -> pa.Array:
    """P and eight digits."""
    return pc.binary_join_element_wise("P", digits(shuffled(seed, Purpose.CRM, index)), "")


def emails(seed: int, local: pa.Array, index: np.ndarray) -> pa.Array:
    """Addresses in lower case; the number in them makes them unique."""
    number = shuffled(seed, Purpose.EMAIL, index)
    domain = pa.array(DOMAINS).take(pa.array(number % len(DOMAINS)))
    return pc.binary_join_element_wise(pc.binary_join_element_wise(local, digits(number), "."), domain, "@")


def phones(seed: int, index: np.ndarray) -> pa.Array:
    """Eleven digits of a mobile telephone."""
    number = shuffled(seed, Purpose.PHONE, index)
    prefix = pa.array(PHONE_PREFIXES).take(pa.array(number // 7 % len(PHONE_PREFIXES)))
    return pc.binary_join_element_wise(prefix, digits(number), "")


def handles(seed: int, index: np.ndarray) -> pa.Array:
    """Names on the social network, in lower case."""
    number = shuffled(seed, Purpose.HANDLE, index)
    word = pa.array(HANDLE_WORDS).take(pa.array(number // 13 % len(HANDLE_WORDS)))
    return pc.binary_join_element_wise(word, digits(number), "_")
