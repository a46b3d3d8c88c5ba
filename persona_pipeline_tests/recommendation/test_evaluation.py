"""Ranking metrics by hand, the split by time, and the order in which lists fill an offer."""

from __future__ import annotations

import math

import numpy as np
import pyarrow as pa
import pytest

from persona_pipeline.recommendation.evaluation import (
    LEARNED,
    judge,
    mean_fused_ndcg,
    ndcg_by_customer,
    order_of,
    ranking_metrics,
)
from persona_pipeline.recommendation.options import RecommendationOptions
from persona_pipeline.recommendation.purchases import Purchases, Views
from persona_pipeline.recommendation.ranking import Lists, filled, fused, ranked


def lists(rows: list[tuple[int, int, int]]) -> Lists:
    """From (customer, product, rank)."""
    customer, product, rank = np.array(rows, dtype=np.int64).reshape(-1, 3).T
    return Lists(customer, product, rank, 1.0 / rank, np.zeros(len(rows), np.int64))


def test_metrics_by_hand():
    """Customer 3 wants 7 and 8 and sees 5, 7, 8; customer 9 wants 1 and sees 2."""
    shown = lists([(3, 5, 1), (3, 7, 2), (3, 8, 3), (9, 2, 1)])
    share = np.zeros(10)
    share[[2, 5, 6, 7]] = [0.5, 0.25, 0.1, 0.125]
    found = ranking_metrics(shown, np.array([37, 38, 91]), 10, np.array([3, 9]), share)
    gain = (1 / math.log2(3) + 1 / math.log2(4)) / (1 + 1 / math.log2(3))
    assert found["recall@10"] == pytest.approx(0.5)
    assert found["ndcg@10"] == pytest.approx(gain / 2)
    assert found["ndcg@10_se"] == pytest.approx(gain / 2 / math.sqrt(2))
    assert found["map@10"] == pytest.approx((1 / 2 + 2 / 3) / 2 / 2)
    assert found["coverage"] == pytest.approx(3 / 4)  # 2, 5 and 7 of 2, 5, 6, 7; 8 was not sold before
    assert found["novelty"] == pytest.approx((1 + 2 + 3) / 3)


def test_lists_fill_up_in_order_and_never_repeat_a_product():
    first = lists([(0, 1, 1), (0, 2, 2)])
    second = lists([(0, 2, 1), (0, 3, 2), (1, 9, 1)])
    third = lists([(0, 1, 1), (0, 4, 2), (0, 5, 3), (1, 4, 1), (1, 5, 2)])
    found = filled([first, second, third], 4, products=10)
    got = list(zip(found.customer, found.product, found.rank, found.algorithm, strict=True))
    assert got == [
        (0, 1, 1, 0),
        (0, 2, 2, 0),
        (0, 3, 3, 1),
        (0, 4, 4, 2),
        (1, 9, 1, 1),
        (1, 4, 2, 2),
        (1, 5, 3, 2),
    ]


def test_ranked_is_the_same_for_every_order_of_its_input():
    customer, product = np.repeat(np.arange(3), 8), np.tile(np.arange(8), 3)
    score = np.array([1.0, 2.0, 2.0, 1.0, 3.0, 2.0, 1.0, 1.0] * 3)
    expected = ranked(customer, product, score, 5)
    mixed = np.random.default_rng(5).permutation(24)
    found = ranked(customer[mixed], product[mixed], score[mixed], 5)
    assert found.product.tolist() == expected.product.tolist() == [4, 1, 2, 5, 0] * 3


def test_the_value_of_weights_is_that_of_the_fused_list():
    """Counted without the list, against the list itself; whole scores make many ties."""
    rng = np.random.default_rng(3)
    customers, products = np.arange(10, 40), 30
    parts = []
    for _ in range(4):
        size = rng.integers(0, 13, len(customers))
        of = [(c, rng.permutation(products)[:n]) for c, n in zip(customers, size, strict=True)]
        parts.append(lists([(int(c), int(p), rank) for c, some in of for rank, p in enumerate(some, 1)]))
    wanted = [c * products + p for c in customers for p in rng.choice(products, 3, replace=False)]
    relevant = np.unique(wanted)
    measure = mean_fused_ndcg(parts, relevant, products, customers)
    for weights in [(1.0, 1.0, 1.0, 1.0), (0.0, 2.0, 0.5, 0.25), (1.0, 0.0, 0.0, 0.0)]:
        shown = fused(parts, np.array(weights), 10, products)
        found = ndcg_by_customer(shown, relevant, products, customers).mean()
        assert found > 0
        assert measure(weights) == pytest.approx(found, abs=1e-13)


@pytest.mark.parametrize(
    ("best", "expected"),
    [
        ("popularity", ("popularity", "viewed", "buy_again", "item_item")),
        ("buy_again", ("buy_again", "viewed", "item_item", "popularity")),
        ("item_item", ("item_item", "viewed", "buy_again", "popularity")),
        ("viewed", ("viewed", "buy_again", "item_item", "popularity")),
    ],
)
def test_the_best_list_comes_first_and_popularity_otherwise_last(best, expected):
    assert order_of(best) == expected


def seen(rows: list[tuple[int, int, int, int]]) -> Views:
    """From (customer, product, day, points)."""
    customer, product, day, points = np.array(sorted(rows), dtype=np.int64).reshape(-1, 4).T
    return Views(customer, product, day, points)


NO_VIEWS = seen([])


def history(rows: list[tuple[int, int, int]]) -> Purchases:
    customer, product, day = np.array(sorted(set(rows)), dtype=np.int64).T
    return Purchases(
        customer,
        product,
        day,
        pa.array([str(number) for number in range(customer.max() + 1)]),
        pa.array([str(number) for number in range(product.max() + 1)]),
    )


def test_judge_splits_by_time_and_finds_the_list_that_is_right():
    """Everybody buys an own product every week: buy-again is always right, popularity hardly ever."""
    rows = [(customer, customer, day) for customer in range(40) for day in range(0, 140, 7)]
    judged = judge(history(rows), NO_VIEWS, 139, RecommendationOptions())
    assert (judged.best, judged.customers) == ("buy_again", 40)
    assert judged.metrics["buy_again"]["recall@10"] == 1.0
    assert judged.metrics["popularity"]["recall@10"] == pytest.approx(10 / 40)
    assert judged.metrics["blend"]["ndcg@10"] == 1.0


def test_what_happens_after_the_cut_is_not_used_for_the_lists():
    """Products that appear only in the last 28 days cannot be recommended before."""
    rows = [(customer, 0, 10) for customer in range(40)] + [(customer, 1, 120) for customer in range(40)]
    judged = judge(history(rows), NO_VIEWS, 139, RecommendationOptions())
    assert judged.customers == 40
    assert {metric["recall@10"] for metric in judged.metrics.values()} == {0.0}
    assert judged.best == "popularity"  # a tie goes to the simplest


def test_too_few_customers_are_not_judged():
    judged = judge(history([(0, 0, 10), (0, 0, 130)]), NO_VIEWS, 139, RecommendationOptions())
    assert (judged.best, judged.customers, dict(judged.metrics)) == (None, 1, {})


def test_fused_lists_add_up_by_hand():
    popular, again = lists([(0, 1, 1), (0, 2, 2), (1, 1, 1)]), lists([(0, 2, 1), (0, 3, 2)])
    found = fused([popular, again], np.array([1.0, 2.0]), 2, products=10)
    got = list(zip(found.customer, found.product, found.rank, found.algorithm, strict=True))
    # customer 0: 2 has 1/62 + 2/61, 3 has 2/62, 1 has 1/61
    assert got == [(0, 2, 1, 1), (0, 3, 2, 1), (1, 1, 1, 0)]
    assert found.score.tolist() == pytest.approx([1 / 62 + 2 / 61, 2 / 62, 1 / 61])
    assert fused([popular, again], np.array([0.0, 1.0]), 5, 10).product.tolist() == [2, 3]


def _two_habits() -> tuple[list[tuple[int, int, int]], list[tuple[int, int, int, int]]]:
    """Each week, everybody buys the product everybody buys, an own one, and one looked at the day before."""
    rng = np.random.default_rng(3)
    bought, looked = [], []
    for customer in range(60):
        for day in range(0, 196, 28):
            bought += [(customer, 60, day + 1), (customer, customer, day + 2)]
            new = 61 + int(rng.integers(40))
            looked.append((customer, new, day - 1, 1))
            bought.append((customer, new, day + 3))
    return bought, looked


def test_weights_of_the_days_before_are_in_force_where_they_win_for_sure():
    bought, looked = _two_habits()
    judged = judge(history(bought), seen(looked), 195, RecommendationOptions())
    single = max(judged.metrics[name]["ndcg@10"] for name in ("popularity", "buy_again", "viewed"))
    assert judged.best == LEARNED
    assert judged.metrics[LEARNED]["ndcg@10"] > single
    assert judged.metrics[LEARNED]["ndcg@10_gain_low"] > 0
    assert judged.metrics["viewed"]["recall@10"] > 0.2
    changed = [(c, (p + 7) % 101 if d >= 168 else p, d) for c, p, d in bought]  # after the cut only
    assert judge(history([*changed, (0, 100, 0)]), seen(looked), 195, RecommendationOptions()).weights in (
        None,
        judged.weights,
    )
