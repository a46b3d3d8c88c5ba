"""Ranking metrics by hand, the split by time, and the order in which lists fill an offer."""

from __future__ import annotations

import math

import numpy as np
import pyarrow as pa
import pytest

from persona_pipeline.recommendation.evaluation import judge, order_of, ranking_metrics
from persona_pipeline.recommendation.options import RecommendationOptions
from persona_pipeline.recommendation.purchases import Purchases
from persona_pipeline.recommendation.ranking import Lists, filled, ranked


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


@pytest.mark.parametrize(
    ("best", "expected"),
    [
        ("popularity", ("popularity", "buy_again", "item_item")),
        ("buy_again", ("buy_again", "item_item", "popularity")),
        ("item_item", ("item_item", "buy_again", "popularity")),
    ],
)
def test_the_best_list_comes_first_and_popularity_otherwise_last(best, expected):
    assert order_of(best) == expected


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
    judged = judge(history(rows), 139, RecommendationOptions())
    assert (judged.best, judged.customers) == ("buy_again", 40)
    assert judged.metrics["buy_again"]["recall@10"] == 1.0
    assert judged.metrics["popularity"]["recall@10"] == pytest.approx(10 / 40)
    assert judged.metrics["blend"]["ndcg@10"] == 1.0


def test_what_happens_after_the_cut_is_not_used_for_the_lists():
    """Products that appear only in the last 28 days cannot be recommended before."""
    rows = [(customer, 0, 10) for customer in range(40)] + [(customer, 1, 120) for customer in range(40)]
    judged = judge(history(rows), 139, RecommendationOptions())
    assert judged.customers == 40
    assert {metric["recall@10"] for metric in judged.metrics.values()} == {0.0}
    assert judged.best == "popularity"  # a tie goes to the simplest


def test_too_few_customers_are_not_judged():
    judged = judge(history([(0, 0, 10), (0, 0, 130)]), 139, RecommendationOptions())
    assert (judged.best, judged.customers, dict(judged.metrics)) == (None, 1, {})
