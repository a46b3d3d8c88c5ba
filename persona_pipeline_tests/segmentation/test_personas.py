"""Segments against the personas of planted shops, beside what the planted parameters reach."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.metrics import adjusted_rand_score

from persona_pipeline.demo.baskets import fill_baskets
from persona_pipeline.demo.life import live
from persona_pipeline.demo.likelihood import most_likely_persona
from persona_pipeline.demo.personas import CATEGORIES
from persona_pipeline.demo.plan import Plan, build_plan
from persona_pipeline.demo.population import BLOCK, draw_population
from persona_pipeline.demo.true_probability import Probabilities
from persona_pipeline.segmentation.fit import fit_segments
from persona_pipeline.segmentation.options import SegmentationOptions

Floats = NDArray[np.float64]
FAMILIES = {
    "orders_365d": "count",
    "products_per_order_365d": "per_order",
    "discounted_order_share_365d": "share",
    "refunds_per_order_365d": "per_order",
    "weekend_order_share_365d": "share",
}
BANDS = (0.5, 0.8, 1.25, 2.0)


def shop(customers: int) -> tuple[Floats, NDArray[np.int64], float]:
    """What each customer with an order did in 240 days, its persona, and the index that can be reached."""
    plan = build_plan(days=240, seed=0, start=dt.date(2025, 1, 6), currency="CNY")
    blocks = [block(plan, first, min(BLOCK, customers - first)) for first in range(0, customers, BLOCK)]
    lines = np.concatenate([lines for lines, _, _ in blocks])
    persona, guess = (np.concatenate([each[n] for each in blocks]) for n in (1, 2))
    matrix = behaviour(plan, lines)
    ordered = matrix[:, 0] > 0
    attainable = float(adjusted_rand_score(persona[ordered], guess[ordered]))
    return matrix[ordered], persona[ordered], attainable


def block(plan: Plan, first: int, size: int) -> tuple[np.ndarray, NDArray[np.int64], NDArray[np.int64]]:
    """Lines with the number of the customer as account, personas, and the most likely ones."""
    population = draw_population(plan, first, size)
    chances = Probabilities(plan, population, wanted=frozenset())
    lines = fill_baskets(plan, population, live(plan, population, at_sunday=chances.at_sunday))
    by_account = np.argsort(population.account)
    place = np.searchsorted(population.account[by_account], np.maximum(lines["account"], 0))
    position = np.where(lines["account"] < 0, -1, by_account[np.minimum(place, size - 1)])
    guess, _ = most_likely_persona(plan, position, lines, size, population.arrival)
    own = lines[position >= 0].copy()
    own["account"] = position[position >= 0] + first
    own["order"] += first * 1000
    return own, population.persona, guess


def behaviour(plan: Plan, lines: np.ndarray) -> Floats:
    """The matrix of a fit, counted without the engine: features, orders, categories, bands of price."""
    size = int(lines["account"].max()) + 1

    def count(rows: np.ndarray) -> Floats:
        return np.bincount(rows["account"], minlength=size).astype(float)

    sales, refunds = lines[~lines["is_refund"]], lines[lines["is_refund"]]
    _, first = np.unique(sales[["account", "order"]], return_index=True)
    orders = count(sales[first])
    discounted = np.unique(sales[sales["discount"] > 0][["account", "order"]])
    products = np.unique(sales[["account", "order", "product"]])
    back = np.unique(refunds[["account", "order"]])
    usual = sales[plan.catalogue.category[sales["product"]] < len(CATEGORIES)]
    category = plan.catalogue.category[usual["product"]].astype(np.intp)
    price = usual["price"] - usual["discount"] / usual["quantity"]
    mean = np.exp(np.bincount(category, np.log(np.maximum(price, 1))) / np.bincount(category))
    band = np.digitize(price / mean[category], BANDS)
    groups = np.zeros((size, len(CATEGORIES) + len(BANDS) + 1))
    np.add.at(groups, (usual["account"], category), 1.0)
    np.add.at(groups, (usual["account"], len(CATEGORIES) + band), 1.0)
    least = np.maximum(orders, 1)
    shares = [
        count(each) / least
        for each in (
            products,
            discounted,
            back,
            sales[first][plan.is_weekend[sales["day"][first].astype(int)]],
        )
    ]
    return np.column_stack([orders, *shares, orders, groups])


@pytest.mark.parametrize("customers", [8_000, pytest.param(200_000, marks=pytest.mark.proof)])
def test_nine_tenths_of_what_can_be_reached_are_reached(customers: int) -> None:
    matrix, persona, attainable = shop(customers)
    options = SegmentationOptions(tuple(FAMILIES), FAMILIES, bootstrap=0)
    found = fit_segments(matrix, options, categories=CATEGORIES)
    assert len(found.segmentation.keys) == 6
    index = adjusted_rand_score(persona, found.labels)
    assert index >= 0.9 * attainable, f"{index:.4f} of {attainable:.4f}"


def test_no_seed_ends_in_another_optimum() -> None:
    matrix, _, _ = shop(2_000)
    options = [SegmentationOptions(tuple(FAMILIES), FAMILIES, bootstrap=0, seed=seed) for seed in range(3)]
    first, *others = (fit_segments(matrix, each, categories=CATEGORIES).labels for each in options)
    assert min(adjusted_rand_score(first, each) for each in others) > 0.99
