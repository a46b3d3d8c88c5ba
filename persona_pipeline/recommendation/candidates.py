"""The lists of candidates: what sells now, what is bought again, what goes with it, what was looked at.

Here: popularity, repurchase rhythm, buy-again scores, item-item neighbours and scores, views without a
purchase. Not here: ranking across lists (ranking.py) and tables (fit.py, apply.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from persona_pipeline.recommendation.options import RecommendationOptions
from persona_pipeline.recommendation.purchases import Floats, Ints, Purchases, Views
from persona_pipeline.recommendation.ranking import (
    Lists,
    best_of_rows,
    entries,
    joined,
    position_in_group,
    ranked,
    row_lengths,
    size,
)

MINIMUM_GAPS = 5  # fewer repurchases say nothing about a product's rhythm
OWN_RHYTHM_PURCHASES = 3  # from here on the customer's own mean gap is used
PRODUCTS_AT_ONCE = 512


@dataclass(frozen=True, slots=True)
class Popularity:
    """What sells now.

    Attributes:
        product: codes, best first: customers falling, then product.
        customers: customers who bought it in the recent window, aligned with `product`.
    """

    product: Ints
    customers: Ints


def popularity(purchases: Purchases, last_day: int, recent_days: int) -> Popularity:
    """Products by the number of customers who bought them in the last `recent_days` days up to `last_day`.

    Every product of the window is listed, those without a recent customer at the end.
    """
    recent = purchases.between(last_day - recent_days + 1, last_day)
    start = recent.pair_starts()
    count = np.bincount(recent.product[start], minlength=len(purchases.products))
    seen = np.unique(purchases.product)
    product = seen[np.lexsort((seen, -count[seen]))]
    return Popularity(product, count[product].astype(np.int64))


def repurchase_days(purchases: Purchases) -> Floats:
    """By product: median days between two purchases by one customer; NaN below five such gaps."""
    again = np.ones(len(purchases.day), bool)
    again[purchases.pair_starts()] = False
    product, gap = purchases.product[again], np.diff(purchases.day, prepend=0)[again]
    order = np.lexsort((gap, product))
    product, gap = product[order], gap[order]
    count = np.bincount(product, minlength=len(purchases.products))
    start = np.cumsum(count) - count
    result = np.full(len(count), np.nan)
    enough = count >= MINIMUM_GAPS
    low, high = (start + (count - 1) // 2)[enough], (start + count // 2)[enough]
    result[enough] = (gap[low] + gap[high]) / 2
    return result


def buy_again(
    purchases: Purchases, rhythm: Floats, last_day: int, half_life_days: float, length: int
) -> Lists:
    """The products a customer bought, by how often and how lately, and whether they are due again.

    Score: sum over purchases of 2^(-age / half life), times min(1, age of the last one / rhythm). The rhythm
    is the customer's own mean gap from three purchases on, else that of the product; without either, always
    due.
    """
    start = purchases.pair_starts()
    if len(start) == 0:
        return ranked(start, start, start.astype(float), length)
    count = np.diff(np.append(start, len(purchases.day)))
    age = last_day - purchases.day
    weight = np.add.reduceat(np.exp2(-age / half_life_days), start)
    latest = age[start + count - 1]
    product = purchases.product[start]
    own = (age[start] - latest) / np.maximum(count - 1, 1)
    gap = np.where(count >= OWN_RHYTHM_PURCHASES, own, rhythm[product])
    due = np.where(np.isnan(gap), 1.0, np.minimum(1.0, (latest + 1) / np.maximum(gap, 1.0)))
    return ranked(purchases.customer[start], product, weight * due, length)


def viewed(views: Views, purchases: Purchases, last_day: int, options: RecommendationOptions) -> Lists:
    """The products a customer looked at or put into the cart lately and did not buy since.

    Score: sum over views of points times 2^(-age / half life). A purchase on the day of the last view or
    later takes the product out.
    """
    recent = (views.day > last_day - options.view_days) & (views.day <= last_day)
    products = len(purchases.products)
    pair = views.customer[recent] * products + views.product[recent]
    if len(pair) == 0:
        return ranked(pair, pair, pair.astype(float), options.length)
    weight = views.points[recent] * np.exp2(-(last_day - views.day[recent]) / options.view_half_life_days)
    start = np.flatnonzero(np.concatenate([[True], pair[1:] != pair[:-1]]))
    end = np.append(start[1:], len(pair)) - 1
    score, last_view, pair = np.add.reduceat(weight, start), views.day[recent][end], pair[start]
    first = purchases.pair_starts()
    last = np.append(first[1:], len(purchases.day)) - 1
    bought = purchases.customer[first] * products + purchases.product[first]
    at = np.minimum(np.searchsorted(bought, pair), max(len(bought) - 1, 0))
    is_bought = np.zeros(len(pair), bool)
    if len(bought):
        is_bought = (bought[at] == pair) & (purchases.day[last][at] >= last_view)
    kept = ~is_bought
    return ranked(pair[kept] // products, pair[kept] % products, score[kept], options.length)


def item_neighbors(bought: sparse.csr_array, neighbors: int, shrink: float) -> sparse.csr_array:
    """Products by products: the most similar `neighbors` of each product, without itself.

    Similarity is c(i, j) / sqrt((n(i) + shrink) (n(j) + shrink)), where c counts customers with both; ties
    go to the smaller product code. Worked off in blocks of products, so that memory is bounded by a block.

    Args:
        bought: customers by products, 0 or 1.
        neighbors: neighbours kept per product.
        shrink: damping of rare products, in customers.

    Source: Sarwar et al. 2001, "Item-based collaborative filtering recommendation algorithms"; damping as in
    Hidasi et al. 2016 (item-KNN baseline).
    """
    products = size(bought)[1]
    by_product = bought.T.tocsr()
    root = np.sqrt(row_lengths(by_product) + shrink)
    parts = []
    for first in range(0, products, PRODUCTS_AT_ONCE):
        both = (by_product[first : first + PRODUCTS_AT_ONCE] @ bought).tocsr()
        row, column, count = entries(both)
        both.data = np.where(column == row + first, 0.0, count / (root[row + first] * root[column]))
        parts.append(best_of_rows(both, neighbors, first))
    best = joined(parts)
    return sparse.csr_array((best.score, (best.customer, best.product)), shape=(products, products))


def taste(purchases: Purchases, last_day: int, half_life_days: float) -> sparse.csr_array:
    """Customers by products: 2^(-age / half life) of the last purchase."""
    start = purchases.pair_starts()
    last = np.append(start[1:], len(purchases.day)) - 1
    weight = np.exp2(-(last_day - purchases.day[last]) / half_life_days)
    shape = (len(purchases.customers), len(purchases.products))
    return sparse.csr_array((weight, (purchases.customer[start], purchases.product[start])), shape=shape)


def item_item(
    tastes: sparse.csr_array, similar: sparse.csr_array, customers: Ints, length: int, block: int
) -> Lists:
    """Products like those a customer bought, without these: the sum of taste times similarity.

    The product stays sparse and is worked off in blocks of customers.

    Args:
        tastes: all customers by products.
        similar: products by products.
        customers: rows of `tastes` to make lists for, ascending.
        length: products per customer.
        block: customers at a time.
    """
    parts = []
    for first in range(0, len(customers), block):
        part = tastes[customers[first : first + block]]
        scores = (part @ similar).tocsr()
        owned = part.copy()
        owned.data = np.full(owned.nnz, np.inf)
        # infinite minus anything: what is owned falls out as not positive
        parts.append(best_of_rows((scores - owned).tocsr(), length, first))
    lists = joined(parts)
    return Lists(customers[lists.customer], lists.product, lists.rank, lists.score, lists.algorithm)


def strongest_reason(
    tastes: sparse.csr_array, similar: sparse.csr_array, customer: Ints, product: Ints
) -> Ints:
    """For each offer (customer, product): the bought product that adds most to its item-item score.

    Ties go to the smaller product code. Every offer must come from `item_item` with the same two matrices.
    """
    if len(customer) == 0:
        return np.zeros(0, np.int64)
    products, lengths = size(similar)[1], row_lengths(tastes)
    starts = np.cumsum(lengths) - lengths
    offer = np.repeat(np.arange(len(customer)), lengths[customer])
    entry = np.repeat(starts[customer], lengths[customer]) + position_in_group(offer)
    _, owned, weight = entries(tastes)
    bought = owned[entry]
    row, column, similarity = entries(similar)
    key = row * products + column
    order = np.argsort(key, kind="stable")
    key, similarity = key[order], similarity[order]
    wanted = bought * products + product[offer]
    at = np.minimum(np.searchsorted(key, wanted), len(key) - 1)
    part = np.where(key[at] == wanted, weight[entry] * similarity[at], 0.0)
    best = np.lexsort((bought, -part, offer))
    return bought[best[np.searchsorted(offer[best], np.arange(len(customer)))]]
