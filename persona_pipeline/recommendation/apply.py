"""The daily apply: ten offers for every customer, from the fit of the last complete week.

Here: recommendations.recommendation of one day. Not here: fitting (fit.py).
"""

from __future__ import annotations

import datetime as dt

import numpy as np
import pyarrow as pa
from scipy import sparse

from persona_pipeline.contracts.behaviour import MAP
from persona_pipeline.contracts.calendar import week_of
from persona_pipeline.contracts.models import NEIGHBOR, POPULARITY, RECOMMENDER
from persona_pipeline.engine.protocol import DataFile, Engine, Output, ReadWindow
from persona_pipeline.engine.sql import sql_text
from persona_pipeline.recommendation import candidates
from persona_pipeline.recommendation.evaluation import LEARNED, SIMPLEST_FIRST, order_of
from persona_pipeline.recommendation.options import RecommendationOptions
from persona_pipeline.recommendation.purchases import (
    Floats,
    Purchases,
    Views,
    day_number,
    encode,
    read_purchases,
    read_views,
    sorted_names,
    to_purchases,
    to_views,
)
from persona_pipeline.recommendation.ranking import Lists, filled, fused, same_for_all


def apply_day(
    engine: Engine, read: ReadWindow, output: Output, day: dt.date, options: RecommendationOptions
) -> list[DataFile]:
    """Write the offers of one day.

    Args:
        engine: runs the statements.
        read: gives facts.basket_item, facts.product_view, identity.map and the recommender's weekly tables.
        output: of recommendations.recommendation.
        day: the day whose end the offers describe.
        options: windows, sizes and limits.

    Returns:
        The files; none while no recommender is in force. Customers without a purchase in the window get what
        is popular.
    """
    week = week_of(day)
    model = engine.fetch(
        "SELECT algorithm, weights FROM model WHERE status <> 'none'",
        {"model": read(RECOMMENDER, week, week)},
    )
    if model.num_rows == 0:
        return []
    popular = engine.fetch(
        "SELECT product_id, customers, repurchase_days FROM popularity ORDER BY rank",
        {"popularity": read(POPULARITY, week, week)},
    )
    neighbor = engine.fetch(
        "SELECT product_id, neighbor_id, similarity FROM neighbor ORDER BY product_id, rank",
        {"neighbor": read(NEIGHBOR, week, week)},
    )
    everybody = engine.fetch(
        sql_text("recommendations/customer"), {"identity_map": read(MAP, None, day)}, {"day": day}
    )
    bought = read_purchases(engine, read, day, options.window_days)
    products = sorted_names(popular.column("product_id"), bought.column("product_id"))
    customers = everybody.column("customer_id").combine_chunks()
    purchases = to_purchases(bought, customers, products)
    views = to_views(read_views(engine, read, day, options.view_days), customers, products)
    best, weights = (model.column(name)[0].as_py() for name in ("algorithm", "weights"))
    result = _offers(purchases, views, popular, neighbor, best, _weights(weights), day, options)
    return engine.select_into("SELECT * FROM result", {"result": result}, output)


def _weights(words: str | None) -> Floats | None:
    """The weights of the learned list, by `SIMPLEST_FIRST`; None without one."""
    if words is None:
        return None
    given = dict(pair.split("=") for pair in words.split())
    return np.array([float(given[name]) for name in SIMPLEST_FIRST])


def _offers(  # noqa: PLR0917
    purchases: Purchases,
    views: Views,
    popular: pa.Table,
    neighbor: pa.Table,
    best: str,
    weights: Floats | None,
    day: dt.date,
    options: RecommendationOptions,
) -> pa.Table:
    """The rows of one day."""
    products = purchases.products
    popular_code = encode(popular.column("product_id"), products)
    rhythm = np.full(len(products), np.nan)
    rhythm[popular_code] = popular.column("repurchase_days").to_numpy()
    entries = (
        neighbor.column("similarity").to_numpy(),
        (encode(neighbor.column("product_id"), products), encode(neighbor.column("neighbor_id"), products)),
    )
    similar = sparse.csr_array(entries, shape=(len(products), len(products)))
    last_day = day_number(day)
    tastes = candidates.taste(purchases, last_day, options.half_life_days)
    everybody = np.arange(len(purchases.customers))
    recent = popular.column("customers").to_numpy().astype(np.float64)
    lists = {
        "popularity": same_for_all(popular_code, recent, everybody, options.length),
        "buy_again": candidates.buy_again(
            purchases, rhythm, last_day, options.half_life_days, options.length
        ),
        "viewed": candidates.viewed(views, purchases, last_day, options),
    }
    is_learned = best == LEARNED and weights is not None
    order = SIMPLEST_FIRST if is_learned else order_of(best)
    before = [] if is_learned else [lists[name] for name in order[: order.index("item_item")]]
    open_places = _with_open_places(before, everybody, options.length)
    lists["item_item"] = candidates.item_item(tastes, similar, open_places, options.length, options.block)
    every = [lists[name] for name in order]
    if is_learned and weights is not None:
        shown = fused(every, weights, options.length, len(products))
    else:
        shown = filled(every, options.length, len(products))
    return _table(purchases, shown, order, _reasons(shown, order, tastes, similar), day)


def _with_open_places(before: list[Lists], customers: np.ndarray, length: int) -> np.ndarray:
    """Customers whom no list before fills: item-item scores are made for these only, they cost most."""
    full = [np.bincount(part.customer, minlength=len(customers)) >= length for part in before]
    return customers[~np.any(full, axis=0)] if full else customers


def _reasons(
    shown: Lists, order: tuple[str, ...], tastes: sparse.csr_array, similar: sparse.csr_array
) -> np.ndarray:
    """The product because of which an item-item offer is made; -1 for the other offers."""
    reason = np.full(len(shown.customer), -1, np.int64)
    by_items = np.flatnonzero(shown.algorithm == order.index("item_item"))
    reason[by_items] = candidates.strongest_reason(
        tastes, similar, shown.customer[by_items], shown.product[by_items]
    )
    return reason


def _table(
    purchases: Purchases, shown: Lists, order: tuple[str, ...], reason: np.ndarray, day: dt.date
) -> pa.Table:
    days = pa.array(np.full(len(reason), day_number(day), np.int32), pa.date32())
    return pa.table(
        {
            "day": days,
            "as_of": days,
            "customer_id": purchases.customers.take(pa.array(shown.customer)),
            "rank": shown.rank,
            "product_id": purchases.products.take(pa.array(shown.product)),
            "score": shown.score,
            "algorithm": pa.array(list(order)).take(pa.array(shown.algorithm)),
            "because_product_id": purchases.products.take(pa.array(reason, mask=reason < 0)),
        }
    )
