"""Frequent itemsets and rules against mlxtend, or against plain Python where mlxtend is not installed.

Both sides get the same baskets and must give the same counts; they are run in turn and the medians compared.
The data are made here, seeded: baskets of a heavy-tailed catalogue with planted pairs.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import itertools
import statistics
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.measuring.runs import peak_mib, report, timed
from persona_pipeline.affinity.itemsets import mine_itemsets, minimum_count
from persona_pipeline.affinity.rules import association_rules

CONFIDENCE = 0.5
PLANTED = 40
PLANTED_RATE = 0.6


def make_baskets(baskets: int, items: int, seed: int) -> pd.DataFrame:
    """One row per basket and item; ten items a basket, popularity like 1 / rank, 40 planted pairs."""
    random = np.random.default_rng(seed)
    weight = 1 / np.arange(1, items + 1)
    basket = np.repeat(np.arange(baskets), 1 + random.poisson(8, baskets))
    item = random.choice(items, size=len(basket), p=weight / weight.sum())
    partner = np.flatnonzero((item < PLANTED) & (random.random(len(item)) < PLANTED_RATE))
    frame = pd.DataFrame(
        {
            "basket_id": np.concatenate([basket, basket[partner]]),
            "item": np.concatenate([item, item[partner] + PLANTED]),
        }
    )
    return frame.drop_duplicates(ignore_index=True)


def ours(frame: pd.DataFrame, support: float, longest: int) -> tuple[int, int]:
    """Itemsets and rules found by this package."""
    mined = mine_itemsets(frame, minimum_support=support, max_length=longest)
    return mined.size, len(association_rules(mined, minimum_confidence=CONFIDENCE))


def by_mlxtend(frame: pd.DataFrame, support: float, longest: int) -> tuple[int, int]:
    """The same by mlxtend's fpgrowth and association_rules, from the boolean frame it asks for."""
    frequent_patterns = importlib.import_module("mlxtend.frequent_patterns")
    table = pd.crosstab(frame["basket_id"], frame["item"]).astype(bool)
    exact = minimum_count(support, len(table)) / len(table) - 1e-12
    found = frequent_patterns.fpgrowth(table, min_support=exact, use_colnames=True, max_len=longest)
    rules = frequent_patterns.association_rules(found, metric="confidence", min_threshold=CONFIDENCE)
    return len(found), int((rules["consequents"].map(len) == 1).sum())


def by_counting(frame: pd.DataFrame, support: float, longest: int) -> tuple[int, int]:
    """The same in plain Python: count every combination of frequent items of every basket."""
    baskets = [frozenset(part) for _, part in frame.groupby("basket_id")["item"]]
    threshold = minimum_count(support, len(baskets))
    singles = Counter(item for basket in baskets for item in basket)
    counts: Counter[tuple] = Counter()
    for basket in baskets:
        kept = sorted(item for item in basket if singles[item] >= threshold)
        for length in range(1, longest + 1):
            counts.update(itertools.combinations(kept, length))
    found = {items: count for items, count in counts.items() if count >= threshold}
    rules = sum(
        count / found[tuple(item for item in items if item != right)] >= CONFIDENCE
        for items, count in found.items()
        if len(items) > 1
        for right in items
    )
    return len(found), rules


def main() -> None:
    """Run both sides in turn, print a table and the JSON line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="seconds instead of minutes")
    arguments = parser.parse_args()
    baskets, items, support, repeats = (4_000, 200, 0.01, 3) if arguments.small else (60_000, 1_000, 0.003, 3)
    longest = 3
    frame = make_baskets(baskets, items, seed=1)
    name, peer = (
        ("mlxtend", by_mlxtend) if importlib.util.find_spec("mlxtend") else ("plain python", by_counting)
    )
    seconds: dict[str, list[float]] = {"ours": [], name: []}
    peak, found = 0.0, (0, 0)
    for _ in range(repeats):
        mine = timed(ours, frame, support, longest)
        found = mine.result
        peak = peak or peak_mib()  # before the peer adds its own
        theirs = timed(peer, frame, support, longest)
        if found != theirs.result:
            raise SystemExit(f"counts differ: ours {found}, {name} {theirs.result}")
        seconds["ours"].append(mine.seconds)
        seconds[name].append(theirs.seconds)
    medians = {key: statistics.median(values) for key, values in seconds.items()}
    ratio = medians[name] / medians["ours"]
    lines = [
        f"{baskets:,} baskets, {len(frame):,} entries, support {support:g}",
        f"{found[0]:,} itemsets, {found[1]:,} rules",
    ]
    lines += [f"{key:14} {value:8.3f} s" for key, value in medians.items()]
    lines.append(f"ours is {ratio:.1f} x as fast as {name}")
    ratios = {f"{name.replace(' ', '_')}_over_ours": ratio}
    report("rules", lines, ratios=ratios, peak=peak, rows=len(frame))


if __name__ == "__main__":
    main()
