"""Keys that keep their meaning: this week's clusters matched to last week's segments.

Here: the matching and what became of each segment. Not here: who is in which (both models are applied
before).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

from persona_pipeline.segmentation.clustering import Labels
from persona_pipeline.segmentation.stability import contingency, jaccard_matrix

# a segment cut into three equal parts still hands its key to one of them (Jaccard 1/3); below, the meaning
# is gone
KEPT_JACCARD = 0.25
MAJORITY = 0.5


@dataclass(frozen=True, slots=True)
class Matched:
    """One cluster of this week: its key, what happened, its Jaccard overlap with that key last week."""

    cluster: int
    key: str
    change: str
    overlap: float | None


def key_of(number: int) -> str:
    """The key of that number: s01, s02, ... s100."""
    return f"s{number:02d}"


def first_keys(labels: Labels, k: int, highest: int) -> list[Matched]:
    """New keys for every cluster, the largest first, counting on from `highest`."""
    order = np.argsort(-np.bincount(labels[labels >= 0], minlength=k), kind="stable")
    return [
        Matched(int(cluster), key_of(highest + n), "born", None) for n, cluster in enumerate(order, start=1)
    ]


def match_keys(
    last_labels: Labels, labels: Labels, last_keys: tuple[str, ...], k: int, highest: int
) -> list[Matched]:
    """Hand last week's keys to this week's clusters.

    Args:
        last_labels: cluster of each customer under last week's model, numbers into `last_keys`, -1 for none.
        labels: cluster of the same customers under this week's model.
        last_keys: keys in force last week.
        k: number of clusters this week.
        highest: highest key number ever used.

    Returns:
        One entry per cluster, in the order of the keys' numbers. `kept`: same key; `merged`: kept, and took
        in most
        of a segment whose key ends; `split`: new key, most of it came from one segment that lives on;
        `born`: new key.

    Source: Kuhn 1955, "The Hungarian method for the assignment problem", on Jaccard overlaps.
    """
    both = contingency(last_labels, labels, len(last_keys), k)
    jaccard = jaccard_matrix(last_labels, labels, len(last_keys), k)
    rows, columns = linear_sum_assignment(-jaccard)
    heir = {int(c): int(r) for r, c in zip(rows, columns, strict=True) if jaccard[r, c] >= KEPT_JACCARD}
    ended = [old for old in range(len(last_keys)) if old not in heir.values()]
    sizes_before, sizes = both.sum(axis=1), both.sum(axis=0)
    matched = []
    for cluster, old in heir.items():
        merged = any(both[gone, cluster] > MAJORITY * sizes_before[gone] for gone in ended)
        matched.append(
            Matched(cluster, last_keys[old], "merged" if merged else "kept", float(jaccard[old, cluster]))
        )
    for cluster in np.argsort(-sizes[:k], kind="stable"):
        if int(cluster) in heir:
            continue
        highest += 1
        origin = int(both[:, cluster].argmax())
        split = origin in heir.values() and both[origin, cluster] > MAJORITY * sizes[cluster]
        matched.append(Matched(int(cluster), key_of(highest), "split" if split else "born", None))
    return sorted(matched, key=lambda one: int(one.key[1:]))
