"""Lists of products per customer: the best k of scores, and lists filled from other lists.

Here: ordering, with ties always broken by product. Not here: where scores come from (candidates.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from persona_pipeline.recommendation.purchases import Floats, Ints

RANK_DAMPING = 60  # of the source of `fused`


@dataclass(frozen=True, slots=True)
class Lists:
    """Ranked products, one entry per customer and rank, sorted by both.

    Attributes:
        customer: code of the customer.
        product: code of the product, at most once per customer.
        rank: 1 is best.
        score: falls with the rank within one algorithm.
        algorithm: number of the list the product came from.
    """

    customer: Ints
    product: Ints
    rank: Ints
    score: Floats
    algorithm: Ints

    def of(self, customers: Ints) -> Lists:
        """The lists of some customers only."""
        kept = np.isin(self.customer, customers)
        return Lists(
            self.customer[kept], self.product[kept], self.rank[kept], self.score[kept], self.algorithm[kept]
        )


def joined(parts: list[Lists]) -> Lists:
    """Lists of disjoint, ascending blocks of customers, one after the other."""
    if not parts:
        none = np.zeros(0, np.int64)
        return Lists(none, none, none, np.zeros(0), none)
    return Lists(
        np.concatenate([part.customer for part in parts]),
        np.concatenate([part.product for part in parts]),
        np.concatenate([part.rank for part in parts]),
        np.concatenate([part.score for part in parts]),
        np.concatenate([part.algorithm for part in parts]),
    )


def size(matrix: sparse.csr_array) -> tuple[int, int]:
    """Rows and columns."""
    rows, columns = matrix.shape or (0, 0)
    return rows, columns


def row_lengths(matrix: sparse.csr_array) -> Ints:
    """Stored entries of each row."""
    return np.diff(np.asarray(matrix.indptr, dtype=np.int64))


def entries(matrix: sparse.csr_array) -> tuple[Ints, Ints, Floats]:
    """Row, column and value of each stored entry, as stored."""
    row = np.repeat(np.arange(size(matrix)[0], dtype=np.int64), row_lengths(matrix))
    return row, np.asarray(matrix.indices, dtype=np.int64), np.asarray(matrix.data, dtype=np.float64)


def position_in_group(group: Ints) -> Ints:
    """0, 1, 2 … within each run of equal values; `group` is sorted."""
    starts = np.flatnonzero(np.concatenate([[True], group[1:] != group[:-1]])[: len(group)])
    lengths = np.diff(np.append(starts, len(group)))
    return np.arange(len(group)) - np.repeat(starts, lengths)


def ranked(customer: Ints, product: Ints, score: Floats, length: int) -> Lists:
    """The best `length` products of each customer: score falling, then product ascending."""
    order = np.lexsort((product, -score, customer))
    position = position_in_group(customer[order])
    kept = position < length
    order = order[kept]
    zero = np.zeros(len(order), np.int64)
    return Lists(customer[order], product[order], position[kept] + 1, score[order], zero)


def best_of_rows(scores: sparse.csr_array, length: int, first_row: int = 0) -> Lists:
    """The best `length` positive entries of each row of a sparse matrix; row r is customer first_row + r.

    The rows are laid side by side and cut at their `length`-th value, so that only a few entries are sorted.
    """
    row, column, value = entries(scores)
    width = int(row_lengths(scores).max(initial=0))
    kept = value > 0
    if width > length:
        beside = np.full((size(scores)[0], width), -np.inf)
        beside[row, position_in_group(row)] = value
        cut = np.partition(beside, width - length, axis=1)[:, width - length]
        kept &= value >= cut[row]  # ties at the cut are settled by `ranked`
    return ranked(row[kept] + first_row, column[kept], value[kept], length)


def same_for_all(product: Ints, score: Floats, customers: Ints, length: int) -> Lists:
    """One list, best first, given to every customer."""
    length = min(length, len(product))
    count = len(customers)
    return Lists(
        np.repeat(customers, length),
        np.tile(product[:length], count),
        np.tile(np.arange(1, length + 1), count),
        np.tile(score[:length], count),
        np.zeros(count * length, np.int64),
    )


def without_known(product: Ints, score: Floats, known: sparse.csr_array, length: int) -> Lists:
    """One list for every customer (row of `known`), each without the products known for that customer."""
    most = int(row_lengths(known).max(initial=0))
    head = product[: length + most]
    open_places = known[:, head].toarray() == 0
    place = np.cumsum(open_places, axis=1)
    customer, position = np.nonzero(open_places & (place <= length))
    zero = np.zeros(len(customer), np.int64)
    return Lists(customer, head[position], place[customer, position], score[position], zero)


def fused(lists: Sequence[Lists], weights: Floats, length: int, products: int) -> Lists:
    """The lists as one: each product's score is the sum of weight / (60 + rank) over the lists that hold it.

    `algorithm` of the result is the position in `lists` of what adds most; the earlier one when equal.

    Source: Cormack, Clarke, Buettcher 2009, "Reciprocal rank fusion"; the weights are ours.
    """
    customer = np.concatenate([part.customer for part in lists])
    product = np.concatenate([part.product for part in lists])
    source = np.repeat(np.arange(len(lists)), [len(part.customer) for part in lists])
    share = np.asarray(weights)[source] / (RANK_DAMPING + np.concatenate([part.rank for part in lists]))
    pair, row = np.unique(customer * products + product, return_inverse=True)
    by_list = np.zeros((len(pair), len(lists)))
    by_list[row, source] = share  # a list holds a product once
    found = ranked(pair // products, pair % products, by_list.sum(axis=1), length)
    position = np.searchsorted(pair, found.customer * products + found.product)
    kept = found.score > 0
    strongest = by_list[position].argmax(axis=1)
    return Lists(
        found.customer[kept], found.product[kept], found.rank[kept], found.score[kept], strongest[kept]
    )


def filled(lists: Sequence[Lists], length: int, products: int) -> Lists:
    """The first list, filled up from the next ones; no product twice; at most `length` per customer.

    `algorithm` of the result is the position in `lists`.
    """
    customer = np.concatenate([part.customer for part in lists])
    product = np.concatenate([part.product for part in lists])
    rank = np.concatenate([part.rank for part in lists])
    score = np.concatenate([part.score for part in lists])
    source = np.repeat(np.arange(len(lists)), [len(part.customer) for part in lists])
    _, first = np.unique(customer * products + product, return_index=True)  # the earliest list wins
    order = first[np.lexsort((rank[first], source[first], customer[first]))]
    position = position_in_group(customer[order])
    order, position = order[position < length], position[position < length]
    return Lists(customer[order], product[order], position + 1, score[order], source[order])
