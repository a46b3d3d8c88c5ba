"""Frequent itemsets, exact, by Eclat over packed conditional bitmaps.

Here: codes, bitmaps and the search. Not here: reading baskets from a table (fit.py) and rules (rules.py).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

Codes = npt.NDArray[np.int64]
Bitmaps = npt.NDArray[np.uint64]

WORDS_AT_ONCE = 1 << 21  # 16 MiB of candidate bitmaps; more at a time falls out of the cache
CELLS_AT_ONCE = 1 << 26  # 64 MiB of unpacked booleans while packing


class NotEnoughData(ValueError):  # noqa: N818 - the name is the project's word for a refusal
    """Too few baskets to mine; the message says how many there are."""


class TooManyItemsets(ValueError):  # noqa: N818 - a refusal as well
    """More itemsets than the caller can use at this support."""


@dataclass(frozen=True, slots=True)
class Itemsets:
    """Frequent itemsets as integer matrices, one per length.

    Attributes:
        items: item names in ascending order; codes point into it.
        levels: `levels[n]` holds itemsets of n + 1 items, one per row; codes ascend in a row, rows are
            in lexicographic order.
        counts: baskets that hold each itemset, aligned with `levels`.
        baskets: baskets mined.
        minimum_count: the integer threshold that was applied.
    """

    items: npt.NDArray[np.object_]
    levels: tuple[Codes, ...]
    counts: tuple[Codes, ...]
    baskets: int
    minimum_count: int

    @property
    def size(self) -> int:
        """Number of itemsets."""
        return sum(len(count) for count in self.counts)

    def to_frame(self) -> pd.DataFrame:
        """One row per itemset, by length, count falling, items.

        Returns:
            Columns `items` (sorted tuple), `length`, `count` (baskets), `support` (share of baskets).
        """
        parts = []
        for level, count in zip(self.levels, self.counts, strict=True):
            order = np.lexsort((np.arange(len(count)), -count))
            names = self.items[level[order]]
            parts.append(
                pd.DataFrame(
                    {
                        "items": pd.Series([tuple(row) for row in names], dtype=object),
                        "length": np.full(len(count), level.shape[1], dtype=np.int64),
                        "count": count[order],
                        "support": count[order] / max(self.baskets, 1),
                    }
                )
            )
        if not parts:
            return pd.DataFrame({"items": [], "length": [], "count": [], "support": []})
        return pd.concat(parts, ignore_index=True)


def minimum_count(minimum_support: float, baskets: int) -> int:
    """The support threshold as a whole number of baskets, at least 1.

    Taken once, so that an itemset exactly on the threshold is never lost to rounding.
    """
    if not 0 < minimum_support <= 1:
        raise ValueError(f"minimum_support must lie in (0, 1]; got {minimum_support}")
    return max(1, math.ceil(minimum_support * baskets - 1e-9))


def mine_itemsets(
    baskets: pd.DataFrame,
    *,
    minimum_support: float,
    max_length: int | None = 4,
    minimum_baskets: int = 1,
    max_itemsets: int | None = None,
) -> Itemsets:
    """Frequent itemsets of a basket table, by depth-first search over packed bitmaps.

    Args:
        baskets: one row per basket and item; columns `basket_id`, `item`. Duplicates are ignored.
        minimum_support: share of baskets, in (0, 1].
        max_length: largest itemset, in items; None for no limit.
        minimum_baskets: refuse below this many baskets.
        max_itemsets: stop at the first itemset above this number; None for no limit.

    Returns:
        The itemsets; the same for every order of the rows.

    Raises:
        NotEnoughData: fewer than `minimum_baskets` baskets.
        TooManyItemsets: more than `max_itemsets`.

    Source: Zaki 2000, "Scalable algorithms for association mining" (Eclat).
    """
    if baskets[["basket_id", "item"]].isna().to_numpy().any():
        raise ValueError("basket_id and item must not be missing; drop or name such rows before mining")
    basket_codes, basket_names = pd.factorize(baskets["basket_id"])
    if len(basket_names) < minimum_baskets:
        raise NotEnoughData(f"{len(basket_names)} baskets, at least {minimum_baskets} needed")
    item_codes, items = pd.factorize(baskets["item"], sort=True)
    names = np.asarray(items, dtype=object)
    threshold = minimum_count(minimum_support, len(basket_names))
    levels, counts = mine_codes(
        basket_codes.astype(np.int64),
        item_codes.astype(np.int64),
        len(names),
        threshold,
        max_length,
        max_itemsets,
    )
    return Itemsets(names, levels, counts, len(basket_names), threshold)


def mine_codes(
    basket_codes: Codes,
    item_codes: Codes,
    items: int,
    threshold: int,
    max_length: int | None,
    max_itemsets: int | None = None,
) -> tuple[tuple[Codes, ...], tuple[Codes, ...]]:
    """The same on integer codes: matrices of item codes and their counts, one pair per length.

    Args:
        basket_codes: 0 .. baskets - 1, one per entry.
        item_codes: 0 .. items - 1, aligned.
        items: number of items.
        threshold: smallest count of a frequent itemset, at least 1.
        max_length: largest itemset, or None.
        max_itemsets: raise `TooManyItemsets` above, or None.
    """
    longest = items if max_length is None else max_length
    if longest < 1:
        raise ValueError(f"max_length must be at least 1; got {max_length}")
    key = np.sort(basket_codes * items + item_codes)
    key = key[np.concatenate([[True], key[1:] != key[:-1]])] if len(key) else key
    count = np.bincount(key % items, minlength=items) if len(key) else np.zeros(items, np.int64)

    # rare items first: their conditional bitmaps are short, and each itemset is found under its rarest item
    by_support = np.lexsort((np.arange(items), count))
    frequent = by_support[count[by_support] >= threshold]
    rank = np.full(items, -1, np.int64)
    rank[frequent] = np.arange(len(frequent))

    found: list[list[tuple[Codes, Codes]]] = [[(frequent[:, None], count[frequent])]]
    size = len(frequent)
    if longest > 1 and len(frequent):
        entries = _first_items(key // items, rank[key % items], len(frequent), threshold)
        for first, extension, bitmaps in entries:
            for prefix, counts in _below(first, extension, bitmaps, threshold, longest):
                while len(found) < prefix.shape[1]:
                    found.append([])
                found[prefix.shape[1] - 1].append((frequent[prefix], counts))
                size += len(prefix)
                if max_itemsets is not None and size > max_itemsets:
                    raise TooManyItemsets(
                        f"more than {max_itemsets} itemsets in at least {threshold} baskets"
                    )
    return _in_order(found)


def _in_order(found: list[list[tuple[Codes, Codes]]]) -> tuple[tuple[Codes, ...], tuple[Codes, ...]]:
    """Item codes ascending within a row, rows in lexicographic order, empty lengths left out."""
    levels, counts = [], []
    for parts in found:
        matrix = np.sort(np.concatenate([part[0] for part in parts]), axis=1)
        count = np.concatenate([part[1] for part in parts])
        if len(matrix):
            order = np.lexsort(matrix.T[::-1])
            levels.append(np.ascontiguousarray(matrix[order]))
            counts.append(count[order].astype(np.int64))
    return tuple(levels), tuple(counts)


def _first_items(
    rows: Codes, ranks: Codes, items: int, threshold: int
) -> Iterator[tuple[int, Codes, Bitmaps]]:
    """For each item: the later items still frequent in its baskets, and their bitmaps over those baskets."""
    keep = ranks >= 0
    key = np.sort(rows[keep] * items + ranks[keep])
    row, entry = key // items, key % items
    starts = np.concatenate([[True], row[1:] != row[:-1]])
    row_number = np.cumsum(starts) - 1
    row_end = np.append(np.flatnonzero(starts)[1:], len(row))
    positions = np.argsort(entry, kind="stable")  # item -> where it stands
    bounds = np.concatenate([[0], np.cumsum(np.bincount(entry, minlength=items))])
    for first in range(items - 1):
        held = positions[bounds[first] : bounds[first + 1]]
        length = row_end[row_number[held]] - held - 1
        offset = np.cumsum(length) - length
        total = int(length.sum())
        if total < threshold:
            continue
        local_row = np.repeat(np.arange(len(held)), length)
        later = entry[np.arange(total) - offset[local_row] + held[local_row] + 1]
        count = np.bincount(later, minlength=items)
        extension = np.flatnonzero(count >= threshold)
        if len(extension):
            column = np.full(items, -1, np.int64)
            column[extension] = np.arange(len(extension))
            yield first, extension, _pack(column[later], local_row, len(extension), len(held))


def _pack(columns: Codes, rows: Codes, items: int, baskets: int) -> Bitmaps:
    """Bitmaps of shape (items, ceil(baskets / 64)); entries with column -1 are left out."""
    words = -(-baskets // 64)
    packed = np.zeros((items, words), np.uint64)
    step = max(1, CELLS_AT_ONCE // (items * 64))
    kept = columns >= 0
    columns, rows = columns[kept], rows[kept]  # rows ascend, so a slice of words is a slice of entries
    for word in range(0, words, step):
        width = min(step, words - word)
        low, high = np.searchsorted(rows, [word * 64, (word + width) * 64])
        cells = np.zeros((items, width * 64), bool)
        cells[columns[low:high], rows[low:high] - word * 64] = True
        packed[:, word : word + width] = np.packbits(cells, axis=1).view(np.uint64)
    return packed


def _below(
    first: int, extension: Codes, bitmaps: Bitmaps, threshold: int, longest: int
) -> Iterator[tuple[Codes, Codes]]:
    """All frequent itemsets that start with `first`: matrices of ranks and their counts.

    A frontier is a set of sibling groups: rows that share all items but the last; `group_end` is where a
    row's group ends. It is worked off whole while its candidates fit the budget, and in halves of whole rows
    otherwise, so memory stays bounded.
    """
    count = np.bitwise_count(bitmaps).sum(axis=1, dtype=np.int64)
    prefix = np.column_stack([np.full(len(extension), first), extension])
    yield prefix, count
    frontier = [(prefix, bitmaps, np.full(len(extension), len(extension), np.int64), 0, len(extension))]
    while frontier:
        prefix, bitmaps, group_end, low, high = frontier.pop()
        if prefix.shape[1] >= longest:
            continue
        siblings = group_end[low:high] - np.arange(low, high) - 1
        candidates = int(siblings.sum())
        if candidates == 0:
            continue
        if candidates * bitmaps.shape[1] > WORDS_AT_ONCE and high - low > 1:
            middle = (low + high) // 2
            frontier.append((prefix, bitmaps, group_end, middle, high))
            frontier.append((prefix, bitmaps, group_end, low, middle))
            continue
        left = np.repeat(np.arange(low, high), siblings)
        offset = np.cumsum(siblings) - siblings
        right = np.arange(candidates) - np.repeat(offset, siblings) + left + 1
        both = bitmaps[left] & bitmaps[right]
        count = np.bitwise_count(both).sum(axis=1, dtype=np.int64)
        good = np.flatnonzero(count >= threshold)
        if len(good) == 0:
            continue
        left, right = left[good], right[good]
        child = np.column_stack([prefix[left], prefix[right, -1]])
        yield child, count[good]
        ends = np.searchsorted(left, left, side="right")
        frontier.append((child, both[good], ends, 0, len(child)))
