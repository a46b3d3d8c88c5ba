"""How good the lists are: a split by time inside the known data, ranking metrics beside the simple lists.

Here: metrics and the split. Not here: which list comes first because of it (fit.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from persona_pipeline.recommendation import candidates
from persona_pipeline.recommendation.options import RecommendationOptions
from persona_pipeline.recommendation.purchases import Floats, Ints, Purchases
from persona_pipeline.recommendation.ranking import Lists, filled, same_for_all

CUTOFF = 10
SIMPLEST_FIRST = ("popularity", "buy_again", "item_item")  # a tie goes to the simpler list
PERSONAL_FIRST = ("buy_again", "item_item", "popularity")  # what fills up behind the winner


@dataclass(frozen=True, slots=True)
class Judged:
    """Metrics by list, and on how many customers.

    Attributes:
        metrics: `metrics[algorithm][metric]`; `blend` is the list as it is shown.
        customers: customers with a purchase before and after the cut.
        best: the list with the highest NDCG@10, None if there were too few customers.
    """

    metrics: Mapping[str, Mapping[str, float]]
    customers: int
    best: str | None


def order_of(best: str) -> tuple[str, ...]:
    """The lists in the order in which they fill an offer: the best, then personal ones, then popularity."""
    return (best, *(name for name in PERSONAL_FIRST if name != best))


def precision_at(lists: Lists, relevant: Ints, products: int, customers: Ints, cutoff: int) -> float:
    """Mean share of the first `cutoff` places that are relevant (as in `ranking_metrics`)."""
    hit = _hits(lists, relevant, products) & (lists.rank <= cutoff)
    return float(hit.sum() / (cutoff * len(customers)))


def ranking_metrics(
    lists: Lists, relevant: Ints, products: int, customers: Ints, share: Floats
) -> dict[str, float]:
    """Recall, NDCG, MAP at 10, coverage and novelty.

    Args:
        lists: of exactly the judged customers.
        relevant: customer * products + product of what was bought after the cut, distinct and sorted.
        products: number of product codes.
        customers: the judged customers, ascending.
        share: by product: share of customers who bought it before the cut; 0 for none.

    Returns:
        `recall@10`; `ndcg@10` and its standard error `ndcg@10_se`; `map@10`; `coverage`: share of the
        products sold before the cut that are shown to anybody; `novelty`: mean -log2(share) of these.
    """
    hit = _hits(lists, relevant, products) & (lists.rank <= CUTOFF)
    row = np.searchsorted(customers, lists.customer)
    wanted = np.bincount(np.searchsorted(customers, relevant // products), minlength=len(customers))
    reachable = np.minimum(wanted, CUTOFF)
    discount = 1 / np.log2(np.arange(2, CUTOFF + 2))
    gain = np.bincount(
        row, weights=np.where(hit, discount[np.minimum(lists.rank, CUTOFF) - 1], 0), minlength=len(customers)
    )
    ndcg = gain / np.cumsum(discount)[reachable - 1]
    found = np.bincount(row, weights=hit, minlength=len(customers))
    before = np.cumsum(hit) - hit
    first = np.searchsorted(lists.customer, lists.customer, side="left")
    precision = (before - before[first] + 1) / lists.rank
    average = np.bincount(row, weights=np.where(hit, precision, 0), minlength=len(customers)) / reachable
    shown = lists.product[lists.rank <= CUTOFF]
    known = shown[share[shown] > 0]
    return {
        f"recall@{CUTOFF}": float((found / wanted).mean()),
        f"ndcg@{CUTOFF}": float(ndcg.mean()),
        f"ndcg@{CUTOFF}_se": float(ndcg.std() / np.sqrt(len(customers))),
        f"map@{CUTOFF}": float(average.mean()),
        "coverage": float(len(np.unique(known)) / max(int((share > 0).sum()), 1)),
        "novelty": float(-np.log2(share[known]).mean()) if len(known) else 0.0,
    }


def judge(purchases: Purchases, last_day: int, options: RecommendationOptions) -> Judged:
    """Fit on all but the last days, judge on these.

    Args:
        purchases: what is known on the day of the fit.
        last_day: that day, in days since 1970-01-01.
        options: `test_days` are judged on.

    Returns:
        No metrics and no best list below `minimum_judged` customers.
    """
    cut = last_day - options.test_days
    train, test = purchases.between(0, cut), purchases.between(cut + 1, last_day)
    customers = np.intersect1d(train.customer, test.customer)
    if len(customers) < options.minimum_judged:
        return Judged({}, len(customers), None)
    products = len(purchases.products)
    lists = candidate_lists(train, cut, customers, options)
    start = test.pair_starts()
    start = start[np.isin(test.customer[start], customers)]
    relevant = test.customer[start] * products + test.product[start]
    sold = np.bincount(train.product[train.pair_starts()], minlength=products)
    share = sold / len(np.unique(train.customer))

    def measure(ranked: Lists) -> dict[str, float]:
        return ranking_metrics(ranked, relevant, products, customers, share)

    metrics = {name: measure(lists[name].of(customers)) for name in SIMPLEST_FIRST}
    best = max(SIMPLEST_FIRST, key=lambda name: metrics[name][f"ndcg@{CUTOFF}"])
    blend = filled([lists[name] for name in order_of(best)], CUTOFF, products)
    metrics["blend"] = measure(blend.of(customers))
    return Judged(metrics, len(customers), best)


def candidate_lists(
    train: Purchases, last_day: int, customers: Ints, options: RecommendationOptions
) -> dict[str, Lists]:
    """The three lists from one set of purchases, as the fit and the daily apply make them."""
    popular = candidates.popularity(train, last_day, options.recent_days)
    rhythm = candidates.repurchase_days(train)
    similar = candidates.item_neighbors(train.matrix(), options.neighbors, options.shrink)
    tastes = candidates.taste(train, last_day, options.half_life_days)
    return {
        "popularity": same_for_all(popular.product, popular.customers.astype(float), customers, CUTOFF),
        "buy_again": candidates.buy_again(train, rhythm, last_day, options.half_life_days, CUTOFF),
        "item_item": candidates.item_item(tastes, similar, customers, CUTOFF, options.block),
    }


def _hits(lists: Lists, relevant: Ints, products: int) -> np.ndarray:
    return np.isin(lists.customer * products + lists.product, relevant)
