"""Association rules with one item on the right, and their measures, vectorised.

Here: every measure of a rule and the redundancy flag. Not here: mining (itemsets.py) and tables (fit.py).
"""

from __future__ import annotations

import itertools

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import gammaln

from persona_pipeline.affinity.itemsets import Codes, Itemsets

Floats = npt.NDArray[np.float64]

COLUMNS = (
    "antecedent",
    "consequent",
    "length",
    "count",
    "support",
    "confidence",
    "lift",
    "leverage",
    "conviction",
    "zhang",
    "p_value",
    "q_value",
    "is_redundant",
)


def association_rules(itemsets: Itemsets, *, minimum_confidence: float) -> pd.DataFrame:
    """All rules of the itemsets with one item on the right and at least that confidence.

    Args:
        itemsets: mined with the support threshold of the rules (support is that of the whole rule).
        minimum_confidence: in [0, 1].

    Returns:
        One row per rule: `antecedent` (sorted tuple), `consequent`, `length`, `count`, `support`,
        `confidence`, `lift`, `leverage`, `conviction` (NaN where confidence is 1), `zhang`, `p_value`
        (Fisher's exact test, one-sided), `q_value` (Benjamini-Hochberg over these rules), `is_redundant`
        (a shorter, non-empty antecedent is at least as confident). Ordered by lift and count falling,
        antecedent, consequent.
    """
    lookup = _Lookup(itemsets)
    single = itemsets.counts[0] if itemsets.counts else np.zeros(0, np.int64)
    parts = []
    # an empty antecedent is no rule, so nothing is shorter than one item
    confidence_before = shorter_before = np.full((len(single), 1), -np.inf)
    for length in range(2, len(itemsets.levels) + 1):
        level, count = itemsets.levels[length - 1], itemsets.counts[length - 1]
        subset = lookup.subsets(level)
        confidence = count[:, None] / itemsets.counts[length - 2][subset]
        shorter = _best_shorter(confidence_before, shorter_before, subset)
        row, position = np.nonzero(confidence >= minimum_confidence)
        parts.append(
            {
                "antecedent": itemsets.items[_without(level[row], position)],
                "consequent": itemsets.items[level[row, position]],
                "count": count[row],
                "left": itemsets.counts[length - 2][subset[row, position]],
                "right": single[np.searchsorted(itemsets.levels[0][:, 0], level[row, position])],
                "is_redundant": shorter[row, position] >= confidence[row, position],
                "length": np.full(len(row), length, np.int64),
            }
        )
        confidence_before, shorter_before = confidence, shorter
    return _measured(parts, itemsets.baskets)


def _measured(parts: list[dict[str, npt.NDArray]], baskets: int) -> pd.DataFrame:
    if not any(len(part["count"]) for part in parts):
        return pd.DataFrame({column: [] for column in COLUMNS})
    antecedent = pd.Series([tuple(row) for part in parts for row in part["antecedent"]], dtype=object)
    names = [name for name in parts[0] if name != "antecedent"]
    stacked = {name: np.concatenate([part[name] for part in parts]) for name in names}
    count, left, right = stacked["count"], stacked["left"], stacked["right"]
    p_value = fisher_p_value(count, left, right, baskets)
    frame = pd.DataFrame(
        {
            "antecedent": antecedent,
            "consequent": stacked["consequent"],
            "length": stacked["length"],
            "count": count,
            **_measures(count, left, right, baskets),
            "p_value": p_value,
            "q_value": benjamini_hochberg(p_value),
            "is_redundant": stacked["is_redundant"],
        }
    )
    order = ["lift", "count", "antecedent", "consequent"]
    return frame.sort_values(order, ascending=[False, False, True, True], ignore_index=True)


def _measures(count: Codes, left: Codes, right: Codes, baskets: int) -> dict[str, Floats]:
    """Support, confidence, lift, leverage, conviction and Zhang's metric from whole counts.

    Source: Hahsler, "A probabilistic comparison of commonly used interest measures for association rules".
    """
    support, confidence = count / baskets, count / left
    # whole numbers as long as possible: leverage of an independent pair is exactly 0
    over = count * baskets - left * right
    misses = left - count
    expected_misses = left * (baskets - right) / baskets
    conviction = np.where(misses > 0, expected_misses / np.maximum(misses, 1), np.nan)
    largest = np.maximum(count * (baskets - left), left * (right - count))
    zhang = np.where(largest > 0, over / np.maximum(largest, 1), 0.0)
    return {
        "support": support,
        "confidence": confidence,
        "lift": count * baskets / (left * right),
        "leverage": over / baskets**2,
        "conviction": conviction,
        "zhang": np.clip(zhang, -1, 1),
    }


def fisher_p_value(count: Codes, left: Codes, right: Codes, baskets: int) -> Floats:
    """P(X >= count) if antecedent and consequent were independent, given their counts (hypergeometric tail).

    The tail is summed away from the mode with the ratio of neighbouring terms, so each term falls.

    Source: Hahsler and Hornik 2007, "New probabilistic interest measures for association rules".
    """
    return _hypergeometric_tail(count.astype(float), left.astype(float), right.astype(float), baskets)


def _hypergeometric_tail(count: Floats, left: Floats, right: Floats, baskets: int) -> Floats:
    upper = count * (baskets + 2) >= (left + 1) * (right + 1)  # count is above the mode: sum upwards
    start = np.where(upper, count, count - 1)
    lowest, highest = np.maximum(0, left + right - baskets), np.minimum(left, right)
    step = np.where(upper, 1.0, -1.0)

    def log_choose(n: Floats | float, k: Floats) -> Floats:
        return gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)

    inside = (start >= lowest) & (start <= highest)
    at = np.clip(start, lowest, highest)
    log_term = log_choose(left, at) + log_choose(baskets - left, right - at) - log_choose(baskets, right)
    tail = np.where(inside, 1.0, 0.0)  # relative to the first term
    active = np.flatnonzero(inside)
    term, k = np.ones(len(active)), at[active]
    while len(active):
        x, n, m, up = k, left[active], right[active], step[active] > 0
        ratio = np.where(
            up,
            (n - x) * (m - x) / ((x + 1) * (baskets - n - m + x + 1)),
            x * (baskets - n - m + x) / np.maximum((n - x + 1) * (m - x + 1), 1),
        )
        term = term * ratio
        tail[active] += term
        k = k + step[active]
        going = term > tail[active] * 1e-17
        active, term, k = active[going], term[going], k[going]
    tail = np.minimum(np.exp(log_term) * tail, 1.0)
    return np.where(upper, tail, 1.0 - tail)


def benjamini_hochberg(p_value: Floats) -> Floats:
    """Adjusted p-values that control the false discovery rate.

    Source: Benjamini and Hochberg 1995, "Controlling the false discovery rate".
    """
    tests = len(p_value)
    order = np.argsort(p_value, kind="stable")
    stepped = p_value[order] * tests / np.arange(1, tests + 1)
    adjusted = np.empty(tests)
    adjusted[order] = np.minimum(np.minimum.accumulate(stepped[::-1])[::-1], 1.0)
    return adjusted


def _best_shorter(confidence: Floats, shorter: Floats, subset: Codes) -> Floats:
    """The best confidence of a smaller, non-empty antecedent, by itemset and position of the consequent.

    Args:
        confidence: one level below, by itemset and consequent position.
        shorter: this function's result one level below.
        subset: row of the itemset without position d, shape (itemsets, length).
    """
    best = np.full(subset.shape, -np.inf)
    known = np.maximum(confidence, shorter)
    for position, dropped in itertools.permutations(range(subset.shape[1]), 2):
        value = known[subset[:, dropped], position - (dropped < position)]
        best[:, position] = np.maximum(best[:, position], value)
    return best


def _without(rows: Codes, position: Codes) -> Codes:
    """Each row without the entry at its position."""
    kept = np.arange(rows.shape[1])[None, :] != position[:, None]
    return rows[kept].reshape(len(rows), rows.shape[1] - 1)


class _Lookup:
    """Finds itemsets by their items. An itemset is its prefix's row and its last item, so keys are exact."""

    def __init__(self, itemsets: Itemsets) -> None:
        self.width = len(itemsets.items)
        self.keys: list[Codes] = []
        for level in itemsets.levels:
            self.keys.append(self._prefix(level[:, :-1]) * self.width + level[:, -1])

    def _prefix(self, rows: Codes) -> Codes:
        """Row number of each itemset in its level; every subset of a frequent itemset is there."""
        found = np.zeros(len(rows), np.int64)
        for length in range(rows.shape[1]):
            found = np.searchsorted(self.keys[length], found * self.width + rows[:, length])
        return found

    def subsets(self, level: Codes) -> Codes:
        """Row number of each itemset without its n-th item, one column per n."""
        length = level.shape[1]
        columns = [self._prefix(np.delete(level, dropped, axis=1)) for dropped in range(length)]
        return np.column_stack(columns)
