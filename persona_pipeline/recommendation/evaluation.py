"""How good the lists are: a split by time inside the known data, ranking metrics beside the simple lists.

Here: metrics and the split. Not here: which list comes first because of it (fit.py).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from persona_pipeline.recommendation import candidates
from persona_pipeline.recommendation.options import RecommendationOptions
from persona_pipeline.recommendation.purchases import Floats, Ints, Purchases, Views
from persona_pipeline.recommendation.ranking import (
    RANK_DAMPING,
    Lists,
    filled,
    fused,
    position_in_group,
    same_for_all,
)

CUTOFF = 10
SIMPLEST_FIRST = ("popularity", "buy_again", "viewed", "item_item")  # a tie goes to the simpler list
PERSONAL_FIRST = ("viewed", "buy_again", "item_item", "popularity")  # what fills up behind the winner
LEARNED = "learned"  # all lists as one, with weights learned on the days before the judged ones
STEPS = (0.0, 0.25, 0.5, 1.0, 2.0)
RESAMPLES = 500


@dataclass(frozen=True, slots=True)
class Judged:
    """Metrics by list, and on how many customers.

    Attributes:
        metrics: `metrics[algorithm][metric]`; `blend` is the list as it is shown.
        customers: customers with a purchase before and after the cut.
        best: the list with the highest NDCG@10, None if there were too few customers; `learned` only if its
            NDCG@10 is above that of the best single list in 97.5 % of bootstrap samples of the customers.
        weights: of the learned list, by `SIMPLEST_FIRST`.
    """

    metrics: Mapping[str, Mapping[str, float]]
    customers: int
    best: str | None
    weights: tuple[float, ...] | None = None


def order_of(best: str) -> tuple[str, ...]:
    """The lists in the order in which they fill an offer: the best, then personal ones, then popularity."""
    return (best, *(name for name in PERSONAL_FIRST if name != best))


def precision_at(lists: Lists, relevant: Ints, products: int, customers: Ints, cutoff: int) -> float:
    """Mean share of the first `cutoff` places that are relevant (as in `ranking_metrics`)."""
    hit = _hits(lists, relevant, products) & (lists.rank <= cutoff)
    return float(hit.sum() / (cutoff * len(customers)))


def ndcg_by_customer(lists: Lists, relevant: Ints, products: int, customers: Ints) -> Floats:
    """NDCG@10 of each customer, in the order of `customers`; arguments as in `ranking_metrics`."""
    hit = _hits(lists, relevant, products) & (lists.rank <= CUTOFF)
    row = np.searchsorted(customers, lists.customer)
    wanted = np.bincount(np.searchsorted(customers, relevant // products), minlength=len(customers))
    discount = 1 / np.log2(np.arange(2, CUTOFF + 2))
    gain = np.bincount(
        row, weights=np.where(hit, discount[np.minimum(lists.rank, CUTOFF) - 1], 0), minlength=len(customers)
    )
    return gain / np.cumsum(discount)[np.minimum(wanted, CUTOFF) - 1]


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
    ndcg = ndcg_by_customer(lists, relevant, products, customers)
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


@dataclass(frozen=True, slots=True)
class _Period:
    """Lists made at a cut, and what was bought in the days after it."""

    lists: Mapping[str, Lists]
    relevant: Ints
    customers: Ints
    share: Floats
    products: int

    def ndcg(self, lists: Lists) -> Floats:
        return ndcg_by_customer(lists, self.relevant, self.products, self.customers)

    def learned(self, weights: tuple[float, ...]) -> Lists:
        lists = [self.lists[name] for name in SIMPLEST_FIRST]
        return fused(lists, np.array(weights), CUTOFF, self.products)


def judge(purchases: Purchases, views: Views, last_day: int, options: RecommendationOptions) -> Judged:
    """Fit on all but the last days, judge on these.

    Args:
        purchases: what is known on the day of the fit.
        views: what was looked at, likewise.
        last_day: that day, in days since 1970-01-01.
        options: `test_days` are judged on; the weights of the learned list come from as many days before.

    Returns:
        No metrics and no best list below `minimum_judged` customers.
    """
    cut = last_day - options.test_days
    test = _period(purchases, views, cut, options)
    if len(test.customers) < options.minimum_judged:
        return Judged({}, len(test.customers), None)

    def measure(ranked: Lists) -> dict[str, float]:
        return ranking_metrics(ranked, test.relevant, test.products, test.customers, test.share)

    metrics = {name: measure(test.lists[name]) for name in SIMPLEST_FIRST}
    best = max(SIMPLEST_FIRST, key=lambda name: metrics[name][f"ndcg@{CUTOFF}"])
    earlier = _period(purchases.between(0, cut), views, cut - options.test_days, options)
    weights = _learn(earlier) if len(earlier.customers) >= options.minimum_judged else None
    if weights is not None:
        learned = test.learned(weights)
        gain = test.ndcg(learned) - test.ndcg(test.lists[best])
        low, high = _interval(gain)
        gained = {"ndcg@10_gain_low": low, "ndcg@10_gain_high": high}
        metrics[LEARNED] = measure(learned) | gained
        if low > 0:
            metrics["blend"] = measure(learned)
            return Judged(metrics, len(test.customers), LEARNED, weights)
    blend = filled([test.lists[name] for name in order_of(best)], CUTOFF, test.products)
    metrics["blend"] = measure(blend)
    return Judged(metrics, len(test.customers), best)


def _period(purchases: Purchases, views: Views, cut: int, options: RecommendationOptions) -> _Period:
    """Lists from what was known at the cut, purchases of the `test_days` after it."""
    train, test = purchases.between(0, cut), purchases.between(cut + 1, cut + options.test_days)
    customers = np.intersect1d(train.customer, test.customer)
    products = len(purchases.products)
    enough = len(customers) >= options.minimum_judged
    lists = candidate_lists(train, views, cut, customers, options) if enough else {}
    start = test.pair_starts()
    start = start[np.isin(test.customer[start], customers)]
    relevant = test.customer[start] * products + test.product[start]
    sold = np.bincount(train.product[train.pair_starts()], minlength=products)
    share = sold / max(len(np.unique(train.customer)), 1)
    return _Period(
        {name: part.of(customers) for name, part in lists.items()}, relevant, customers, share, products
    )


def _learn(period: _Period) -> tuple[float, ...]:
    """Weights with the highest NDCG@10, found by changing one at a time, twice around, from equal ones."""
    measure = mean_fused_ndcg(
        [period.lists[name] for name in SIMPLEST_FIRST], period.relevant, period.products, period.customers
    )
    tried: dict[tuple[float, ...], float] = {}
    weights = (1.0,) * len(SIMPLEST_FIRST)
    best = tried[weights] = measure(weights)
    for position in [*range(len(weights))] * 2:
        for step in STEPS:
            trial = (*weights[:position], step, *weights[position + 1 :])
            if trial not in tried:
                tried[trial] = measure(trial) if any(trial) else 0.0
            if tried[trial] > best + 1e-12:
                weights, best = trial, tried[trial]
    return weights


def mean_fused_ndcg(
    lists: Sequence[Lists], relevant: Ints, products: int, customers: Ints
) -> Callable[[tuple[float, ...]], float]:
    """A function from weights to the mean NDCG@10 of `ranking.fused` with these; arguments as there.

    The products of the lists lie side by side, a row per customer, once for all weights; then only the
    relevant ones are ranked, each by counting the products before it.
    """
    customer = np.concatenate([part.customer for part in lists])
    product = np.concatenate([part.product for part in lists])
    source = np.repeat(np.arange(len(lists)), [len(part.customer) for part in lists])
    pair, place = np.unique(customer * products + product, return_inverse=True)
    damped = np.full((len(pair), len(lists)), np.inf)  # not in the list: adds nothing
    damped[place, source] = RANK_DAMPING + np.concatenate([part.rank for part in lists])
    row, column = np.searchsorted(customers, pair // products), position_in_group(pair // products)
    wanted = np.isin(pair, relevant, assume_unique=True)
    at, own = row[wanted], column[wanted]
    beside = np.zeros((len(customers), int(column.max(initial=-1)) + 1))
    is_before = np.arange(beside.shape[1]) < own[:, None]
    discount = 1 / np.log2(np.arange(2, CUTOFF + 2))
    number = np.bincount(np.searchsorted(customers, relevant // products), minlength=len(customers))
    ideal = np.cumsum(discount)[np.minimum(number, CUTOFF) - 1]

    def measure(weights: tuple[float, ...]) -> float:
        beside[row, column] = (np.asarray(weights) / damped).sum(axis=1)
        score = beside[at, own]
        others = beside[at]
        ahead = (others > score[:, None]) | (is_before & (others == score[:, None]))
        rank = ahead.sum(axis=1)
        shown = (score > 0) & (rank < CUTOFF)
        gain = np.bincount(at[shown], weights=discount[rank[shown]], minlength=len(customers))
        return float((gain / ideal).mean())

    return measure


def _interval(gain: Floats) -> tuple[float, float]:
    """Bootstrap interval of 95 % of a mean over customers; the same samples every time."""
    rng = np.random.default_rng(len(gain))
    means = np.sort([gain[rng.integers(0, len(gain), len(gain))].mean() for _ in range(RESAMPLES)])
    return float(means[int(0.025 * RESAMPLES)]), float(means[int(0.975 * RESAMPLES)])


def candidate_lists(
    train: Purchases, views: Views, last_day: int, customers: Ints, options: RecommendationOptions
) -> dict[str, Lists]:
    """The lists from one set of purchases and views, as the fit and the daily apply make them."""
    popular = candidates.popularity(train, last_day, options.recent_days)
    rhythm = candidates.repurchase_days(train)
    similar = candidates.item_neighbors(train.matrix(), options.neighbors, options.shrink)
    tastes = candidates.taste(train, last_day, options.half_life_days)
    return {
        "popularity": same_for_all(popular.product, popular.customers.astype(float), customers, CUTOFF),
        "buy_again": candidates.buy_again(train, rhythm, last_day, options.half_life_days, CUTOFF),
        "viewed": candidates.viewed(views, train, last_day, options),
        "item_item": candidates.item_item(tastes, similar, customers, CUTOFF, options.block),
    }


def _hits(lists: Lists, relevant: Ints, products: int) -> np.ndarray:
    return np.isin(lists.customer * products + lists.product, relevant)
