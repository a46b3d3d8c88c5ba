"""Keys that keep their meaning: this week's clusters matched to last week's segments.

Here: the matching and what became of each segment. Not here: who is in which (both models are applied
before).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from persona_pipeline.segmentation.clustering import Labels
from persona_pipeline.segmentation.stability import contingency, jaccard_matrix

# a segment cut into three equal parts still hands its key to one of them (Jaccard 1/3); below, the meaning
# is gone
KEPT_JACCARD = 0.25
MAJORITY = 0.5


@dataclass(frozen=True, slots=True)
class Matched:
    """One cluster of this week: its key, what happened, its Jaccard overlap with that key last week.

    `related` is the segment a split one was part of, or the largest one that a merged one took in. `before`
    is how many of today's customers the key had by last week's model.
    """

    cluster: int
    key: str
    change: str
    overlap: float | None
    related: str | None = None
    before: int = 0


@dataclass(frozen=True, slots=True)
class Retired:
    """A key that ends: where most of its customers are now, None when they are nowhere together."""

    key: str
    related: str | None
    before: int


@dataclass(frozen=True, slots=True)
class Matching:
    """This week's clusters in the order of their keys' numbers, and the keys that end."""

    matched: tuple[Matched, ...]
    retired: tuple[Retired, ...] = ()


def key_of(number: int) -> str:
    """The key of that number: s01, s02, ... s100."""
    return f"s{number:02d}"


def first_keys(labels: Labels, k: int, highest: int) -> Matching:
    """New keys for every cluster, the largest first, counting on from `highest`."""
    order = np.argsort(-np.bincount(labels[labels >= 0], minlength=k), kind="stable")
    return Matching(
        tuple(
            Matched(int(cluster), key_of(highest + n), "born", None)
            for n, cluster in enumerate(order, start=1)
        )
    )


def match_keys(
    last_labels: Labels,
    labels: Labels,
    last_keys: tuple[str, ...],
    k: int,
    highest: int,
    strangers: NDArray[np.bool_] | None = None,
) -> Matching:
    """Hand last week's keys to this week's clusters.

    Args:
        last_labels: cluster of each customer under last week's model, numbers into `last_keys`, -1 for none.
        labels: cluster of the same customers under this week's model.
        last_keys: keys in force last week.
        k: number of clusters this week.
        highest: highest key number ever used.
        strangers: customers that last week's model knew nobody like; it put them somewhere all the same.

    Returns:
        One entry per cluster. `kept`: same key; `merged`: kept, and took in most of a segment whose key ends;
        `split`: new key, most of it came from one segment that lives on and knew it; `born`: new key.

    Source: Kuhn 1955, "The Hungarian method for the assignment problem", on the sum of two Jaccard
    overlaps: of all customers, and of those whom last week's model knew.
    """
    both = contingency(last_labels, labels, len(last_keys), k)
    jaccard = jaccard_matrix(last_labels, labels, len(last_keys), k)
    known, of_known = both, jaccard
    if strangers is not None:
        familiar = np.where(strangers, -1, last_labels)
        known = contingency(familiar, labels, len(last_keys), k)
        of_known = jaccard_matrix(familiar, labels, len(last_keys), k)
    # by all alone, many newcomers would take the key from those whose segment they were put into; by those
    # who were known alone, a base that moved as a whole would lose every key
    rows, columns = linear_sum_assignment(-(jaccard + of_known))
    alike = np.maximum(jaccard, of_known)
    heir = {int(c): int(r) for r, c in zip(rows, columns, strict=True) if alike[r, c] >= KEPT_JACCARD}
    ended = [old for old in range(len(last_keys)) if old not in heir.values()]
    before, sizes = both.sum(axis=1), both.sum(axis=0)
    new = [int(cluster) for cluster in np.argsort(-sizes[:k], kind="stable") if int(cluster) not in heir]
    matched = []
    for cluster, old in heir.items():
        taken = [gone for gone in ended if both[gone, cluster] > MAJORITY * before[gone]]
        largest = last_keys[max(taken, key=lambda gone: int(before[gone]))] if taken else None
        change = "merged" if taken else "kept"
        overlap = float(jaccard[old, cluster])
        matched.append(Matched(cluster, last_keys[old], change, overlap, largest, int(before[old])))
    for cluster in new:
        highest += 1
        origin = int(both[:-1, cluster].argmax())
        split = origin in heir.values() and known[origin, cluster] > MAJORITY * sizes[cluster]
        related = last_keys[origin] if split else None
        matched.append(Matched(cluster, key_of(highest), "split" if split else "born", None, related))
    key_by_cluster = {one.cluster: one.key for one in matched}
    retired = []
    for gone in ended:
        to = int(both[gone, :k].argmax())
        together = both[gone, to] > MAJORITY * before[gone]
        retired.append(Retired(last_keys[gone], key_by_cluster[to] if together else None, int(before[gone])))
    return Matching(tuple(sorted(matched, key=lambda one: int(one.key[1:]))), tuple(retired))
