"""Popularity, buy-again and item-item on tables small enough to do by hand, and on published data sets."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from persona_pipeline.recommendation import candidates
from persona_pipeline.recommendation.evaluation import precision_at
from persona_pipeline.recommendation.options import RecommendationOptions
from persona_pipeline.recommendation.purchases import Purchases, Views
from persona_pipeline.recommendation.ranking import Lists, best_of_rows, without_known


def purchases(rows: list[tuple[int, int, int]], products: int = 4, customers: int = 6) -> Purchases:
    """From (customer, product, day)."""
    customer, product, day = np.array(sorted(rows), dtype=np.int64).reshape(-1, 3).T
    names = [
        pa.array([f"{kind}{number}" for number in range(count)])
        for kind, count in (("c", customers), ("p", products))
    ]
    return Purchases(customer, product, day, *names)


def test_popularity_counts_recent_customers_once_and_breaks_ties_by_product():
    bought = purchases(
        [(0, 2, 95), (0, 2, 99), (1, 2, 100), (2, 1, 100), (3, 1, 90), (4, 0, 100), (5, 3, 71), (5, 3, 70)]
    )
    found = candidates.popularity(bought, last_day=100, recent_days=10)
    assert found.product.tolist() == [2, 0, 1, 3]
    assert found.customers.tolist() == [2, 1, 1, 0]


def test_repurchase_days_is_the_median_gap_of_products_with_five_gaps():
    gaps_of_product_0 = [(0, 0, day) for day in (1, 3, 7)] + [
        (1, 0, day) for day in (10, 16, 30, 38)
    ]  # 2 4 6 14 8
    gaps_of_product_1 = [(0, 1, day) for day in (1, 2, 3, 4, 5)]  # only four
    found = candidates.repurchase_days(purchases(gaps_of_product_0 + gaps_of_product_1, products=3))
    np.testing.assert_array_equal(found, [6.0, np.nan, np.nan])


def test_buy_again_prefers_what_is_bought_often_lately_and_is_due():
    rows = [(0, 0, 70), (0, 0, 80), (0, 0, 90)]  # own rhythm 10 days, last 10 days ago: due
    rows += [(0, 1, 10)]  # once, one half life ago
    rows += [(0, 2, 99)]  # yesterday, although the product is bought every 40 days
    found = candidates.buy_again(purchases(rows), np.array([np.nan, np.nan, 40.0, np.nan]), 100, 90.0, 10)
    assert found.product.tolist() == [0, 1, 2]
    expected = [sum(2 ** (-age / 90) for age in (30, 20, 10)), 0.5, 2 ** (-1 / 90) * 2 / 40]
    np.testing.assert_allclose(found.score, expected)


def test_what_was_looked_at_and_not_bought_since():
    rows = [(0, 1, 100), (0, 2, 80), (1, 0, 70)]  # 1 bought after the last view, 2 before it
    views = [(0, 0, 99, 1), (0, 1, 99, 3), (0, 2, 90, 2), (0, 3, 80, 1), (0, 3, 100, 1), (1, 0, 70, 9)]
    customer, product, day, points = np.array(views).T
    options = RecommendationOptions(view_days=30, view_half_life_days=10.0)
    found = candidates.viewed(Views(customer, product, day, points), purchases(rows), 100, options)
    assert list(zip(found.customer, found.product, strict=True)) == [(0, 3), (0, 2), (0, 0)]
    assert found.score.tolist() == pytest.approx([2**-2 + 1, 2 * 2**-1, 2**-0.1])
    nobody = Views(*(column[:0] for column in (customer, product, day, points)))
    assert len(candidates.viewed(nobody, purchases(rows), 100, options).customer) == 0
    assert (
        len(candidates.viewed(Views(customer, product, day, points), purchases([]), 100, options).rank) == 4
    )


def test_buy_again_of_nobody_is_empty():
    assert len(candidates.buy_again(purchases([]), np.full(4, np.nan), 100, 90.0, 10).customer) == 0


@settings(max_examples=60, deadline=None)
@given(
    cells=st.sets(st.tuples(st.integers(0, 5), st.integers(0, 4)), min_size=1),
    shrink=st.sampled_from([0.0, 2.0]),
    keep=st.integers(1, 4),
)
def test_neighbors_equal_the_definition(cells, shrink, keep):
    dense = np.zeros((6, 5))
    for cell in cells:
        dense[cell] = 1
    count, both = dense.sum(axis=0), dense.T @ dense
    expected = {}
    for product in range(5):
        values = [
            (-both[product, other] / math.sqrt((count[product] + shrink) * (count[other] + shrink)), other)
            for other in range(5)
            if other != product and both[product, other]
        ]
        expected |= {(product, other): pytest.approx(-value) for value, other in sorted(values)[:keep]}
    found = candidates.item_neighbors(sparse.csr_array(dense), keep, shrink).tocoo()
    got = dict(
        zip(zip(found.row.tolist(), found.col.tolist(), strict=True), found.data.tolist(), strict=True)
    )
    assert got == expected


def test_neighbors_do_not_depend_on_the_block(monkeypatch):
    bought = sparse.csr_array((np.random.default_rng(3).random((40, 23)) < 0.3).astype(float))
    whole = candidates.item_neighbors(bought, 5, 2.0).toarray()
    monkeypatch.setattr(candidates, "PRODUCTS_AT_ONCE", 4)
    np.testing.assert_array_equal(candidates.item_neighbors(bought, 5, 2.0).toarray(), whole)


def test_item_item_sums_taste_times_similarity_and_says_because_of_what():
    tastes = sparse.csr_array(np.array([[1.0, 0.5, 0, 0], [0, 0, 0, 0], [0, 0, 1.0, 0]]))
    similar = sparse.csr_array(
        np.array([[0, 0.9, 0.1, 0.2], [0.9, 0, 0.8, 0], [0.1, 0.8, 0, 0], [0.2, 0, 0, 0]])
    )
    for block in (1, 2, 9):
        found = candidates.item_item(tastes, similar, np.arange(3), 10, block)
        assert found.customer.tolist() == [0, 0, 2, 2]
        assert found.product.tolist() == [2, 3, 1, 0]
        np.testing.assert_allclose(found.score, [0.1 + 0.5 * 0.8, 0.2, 0.8, 0.1])
        assert candidates.strongest_reason(tastes, similar, found.customer, found.product).tolist() == [
            1,
            0,
            2,
            2,
        ]
    assert candidates.item_item(tastes, similar, np.array([2]), 10, 9).customer.tolist() == [2, 2]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.lists(st.sampled_from([0.0, 1.0, 2.0, 3.0]), min_size=6, max_size=6), min_size=1, max_size=5),
    st.integers(1, 7),
)
def test_best_of_rows_breaks_ties_by_column(rows, length):
    found = best_of_rows(sparse.csr_array(np.array(rows)), length)
    expected = [
        (number, column, rank)
        for number, row in enumerate(rows)
        for rank, (_, column) in enumerate(
            sorted((-value, column) for column, value in enumerate(row) if value)[:length], 1
        )
    ]
    assert (
        list(zip(found.customer.tolist(), found.product.tolist(), found.rank.tolist(), strict=True))
        == expected
    )


def test_movielens_most_popular(shared_data):
    """Fold u1, items seen in training removed: prec@5 0.3220, prec@10 0.30479."""
    folder = shared_data / "movielens_100k"
    base, test = (
        pd.read_csv(folder / f"u1.{part}.gz", sep="\t", names=list("uirt")) for part in ("base", "test")
    )
    products, users = 1682, np.unique(test["u"]) - 1
    seen = sparse.csr_array((np.ones(len(base)), (base["u"] - 1, base["i"] - 1)), shape=(943, products))
    count = np.bincount(base["i"] - 1, minlength=products).astype(float)
    order = np.lexsort((np.arange(products), -count))
    found = without_known(order, count[order], seen[users], 10)
    found = Lists(users[found.customer], found.product, found.rank, found.score, found.algorithm)
    relevant = np.unique((test["u"] - 1) * products + test["i"] - 1)
    assert precision_at(found, relevant, products, users, 5) == pytest.approx(0.3220, abs=5e-5)
    assert precision_at(found, relevant, products, users, 10) == pytest.approx(0.30479, abs=5e-6)


@pytest.mark.proof
def test_tmall_sessions(shared_data):
    """P@20 in percent: popularity 1.97; neighbours of the last item 8.87, with 20 of damping 9.49."""
    folder = shared_data / "tmall_sessions"
    train, test = (pd.read_csv(folder / f"{name}.csv.gz") for name in ("train_sessions", "test_prefixes"))
    items = train["items"].str.split(" ")
    session = np.repeat(np.arange(len(train)), items.str.len())
    item = np.concatenate([np.array(row, dtype=np.int64) for row in items])
    products = max(int(item.max()), int(test["target"].to_numpy().max())) + 1
    target = test["target"].to_numpy()
    popular = np.lexsort((np.arange(products), -np.bincount(item, minlength=products)))[:20]
    assert 100 * np.isin(target, popular).mean() == pytest.approx(1.97, abs=0.01)
    key = np.unique(session * products + item)
    clicked = sparse.csr_array(
        (np.ones(len(key)), (key // products, key % products)), shape=(len(train), products)
    )
    last = test["prefix"].astype(str).str.split(" ").str[-1].astype(np.int64).to_numpy()
    for shrink, expected in ((0.0, 8.87), (20.0, 9.49)):
        shown = candidates.item_neighbors(clicked, 20, shrink)[last]
        row = np.repeat(np.arange(len(last)), np.diff(shown.indptr))
        hits = np.unique(row[shown.indices == target[row]])
        assert 100 * len(hits) / len(last) == pytest.approx(expected, abs=0.01)
