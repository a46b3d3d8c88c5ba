"""Who is one customer, as of a day: a pure function of the pairs and identifiers known by then.

Here: the evidence rules, in numpy over numbered identifiers. Not here: reading, numbering and writing
(graph.py, map.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

Numbers = NDArray[np.int64]
Flags = NDArray[np.bool_]

KINDS = ("account", "crm", "email", "phone", "handle", "contact", "visitor")
ACCOUNT, CRM, EMAIL, PHONE, HANDLE, CONTACT, VISITOR = range(len(KINDS))
REASONS = ("", "deny_list", "shared", "conflict", "cluster_size")
KEPT, DENIED, SHARED, CONFLICT, CLUSTER_SIZE = range(len(REASONS))
NOBODY = -1
_NEVER = np.iinfo(np.int64).max


@dataclass(frozen=True, slots=True)
class Limits:
    """When evidence is refused.

    Attributes:
        shared_after: an e-mail, phone or handle of more persons than this identifies none of them.
        largest_cluster: identifiers of one customer, contacts and visitors not counted.
    """

    shared_after: int = 3
    largest_cluster: int = 50

    def __post_init__(self) -> None:
        if self.shared_after < 1 or self.largest_cluster < 2:
            raise ValueError(
                f"shared_after must be at least 1 and largest_cluster at least 2; "
                f"got {self.shared_after} and {self.largest_cluster}"
            )


@dataclass(frozen=True, slots=True)
class Known:
    """What was known on a day, about any set of identifiers that no pair leaves.

    Attributes:
        rank: kind of each identifier, as its place in `KINDS`.
        seniority: place of each identifier by (first-known day, kind, id); the smallest names its customer.
        is_known: whether the identifier itself was known by then.
        is_denied: whether it is on the deny-list.
        birth_year: of accounts and CRM records; 0 for unknown.
        low, high: distinct pairs, as places of identifiers; `rank[low] <= rank[high]`.
    """

    rank: Numbers
    seniority: Numbers
    is_known: Flags
    is_denied: Flags
    birth_year: Numbers
    low: Numbers
    high: Numbers


def resolve(known: Known, limits: Limits) -> tuple[Numbers, Numbers]:
    """The customer of each identifier, and why it was refused.

    Returns:
        For each identifier the place of the one that names its customer, or `NOBODY`; and a place in
        `REASONS`. A refused identifier joins nobody and belongs to nobody.
    """
    refused = np.where(known.is_denied & known.is_known, DENIED, KEPT)
    _refuse_by_holders(known, limits, refused)
    component = _components_within_size(known, limits, refused)
    makes_customer = (known.rank <= EMAIL) & known.is_known & (refused == KEPT)
    oldest = np.full(known.rank.size, _NEVER)
    np.minimum.at(oldest, component[makes_customer], known.seniority[makes_customer])
    by_seniority = np.argsort(known.seniority)
    anchor = np.full(known.rank.size, NOBODY)
    member = (known.rank <= HANDLE) & (refused == KEPT) & (oldest[component] != _NEVER)
    anchor[member] = by_seniority[np.searchsorted(known.seniority[by_seniority], oldest[component[member]])]
    for kind in (CONTACT, VISITOR):
        _follow(known, kind, anchor, refused)
    return anchor, refused


def _components(size: int, low: Numbers, high: Numbers) -> Numbers:
    graph = coo_array((np.ones(low.size, np.int8), (low, high)), shape=(size, size))
    return connected_components(graph, directed=False)[1].astype(np.int64)


def coarse_components(size: int, low: Numbers, high: Numbers) -> Numbers:
    """The component of each identifier when no pair is refused: no rule ever looks beyond it."""
    return _components(size, low, high)


def _refuse_by_holders(known: Known, limits: Limits, refused: Numbers) -> None:
    """Refuse e-mails, phones and handles of too many persons, or of persons born in different years.

    Accounts and CRM records that name each other directly are one person here.
    """
    rank = known.rank
    usable = (refused[known.low] == KEPT) & (refused[known.high] == KEPT)
    declared = usable & (rank[known.high] <= CRM)
    person = _components(rank.size, known.low[declared], known.high[declared])
    born = np.full(rank.size, _NEVER)
    has_birth = (known.birth_year > 0) & (refused == KEPT)
    np.minimum.at(born, person[has_birth], known.birth_year[has_birth])
    held = usable & (rank[known.low] <= CRM) & (rank[known.high] >= EMAIL) & (rank[known.high] <= HANDLE)
    pairs = np.unique(known.high[held] * rank.size + person[known.low[held]])
    holder, holding = np.divmod(pairs, rank.size)
    refused[np.bincount(holder, minlength=rank.size) > limits.shared_after] = SHARED
    year = born[holding]
    dated = year != _NEVER
    earliest, latest = np.full(rank.size, _NEVER), np.full(rank.size, NOBODY)
    np.minimum.at(earliest, holder[dated], year[dated])
    np.maximum.at(latest, holder[dated], year[dated])
    refused[(earliest < latest) & (refused == KEPT)] = CONFLICT


def _components_within_size(known: Known, limits: Limits, refused: Numbers) -> Numbers:
    """Components over the pairs that may join; of one too large the weakest identifiers are refused."""
    strong = known.rank[known.high] <= HANDLE
    counted = known.rank <= HANDLE
    for kind in (PHONE, EMAIL, HANDLE, None):
        kept = strong & (refused[known.low] == KEPT) & (refused[known.high] == KEPT)
        component = _components(known.rank.size, known.low[kept], known.high[kept])
        size = np.bincount(component[counted & (refused == KEPT)], minlength=known.rank.size)
        too_large = size[component] > limits.largest_cluster
        if kind is None or not too_large.any():
            break
        refused[too_large & (known.rank == kind) & (refused == KEPT)] = CLUSTER_SIZE
    return component


def _follow(known: Known, kind: int, anchor: Numbers, refused: Numbers) -> None:
    """Give contacts or visitors the one customer to which all their evidence points."""
    size = anchor.size
    points = (
        (known.rank[known.high] == kind)
        & (known.rank[known.low] < kind)
        & (anchor[known.low] != NOBODY)
        & (refused[known.high] == KEPT)
    )
    follower, leader = known.high[points], anchor[known.low[points]]
    smallest, largest = np.full(size, _NEVER), np.full(size, NOBODY)
    np.minimum.at(smallest, follower, leader)
    np.maximum.at(largest, follower, leader)
    led = largest != NOBODY
    one = led & (smallest == largest)
    anchor[one] = largest[one]
    refused[led & ~one] = SHARED
