"""The weekly fit: neighbours, popularity and the judgement of one week.

Here: the four weekly tables and the refusal. Not here: lists of customers (apply.py).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from persona_pipeline.contracts.models import NEIGHBOR, POPULARITY, RECOMMENDER, RECOMMENDER_EVALUATION
from persona_pipeline.engine.protocol import DataFile, Engine, Output, ReadWindow
from persona_pipeline.recommendation import candidates
from persona_pipeline.recommendation.evaluation import CUTOFF, SIMPLEST_FIRST, Judged, judge
from persona_pipeline.recommendation.options import RecommendationOptions
from persona_pipeline.recommendation.purchases import (
    Purchases,
    day_number,
    read_purchases,
    read_views,
    sorted_names,
    to_purchases,
    to_views,
)
from persona_pipeline.recommendation.ranking import entries, position_in_group


def fit_week(
    engine: Engine,
    read: ReadWindow,
    outputs: Mapping[str, Output],
    day: dt.date,
    options: RecommendationOptions,
) -> dict[str, list[DataFile]]:
    """Fit and judge the recommender of one week; write its four tables.

    Args:
        engine: runs the statements.
        read: gives facts.basket_item, facts.product_view and identity.map.
        outputs: one output per table, by full name.
        day: the Sunday that ends the week; only rows known by then are used.
        options: windows, sizes and limits.

    Returns:
        The files of recommendations.model, neighbor, popularity and evaluation. After a refusal the model
        says `none` with numbers and the other three are empty.
    """
    table = read_purchases(engine, read, day, options.window_days)
    customers, products = sorted_names(table.column("customer_id")), sorted_names(table.column("product_id"))
    purchases = to_purchases(table, customers, products)
    if len(customers) < max(options.minimum_customers, 1):
        reason = (
            f"{len(customers)} customers with a purchase in the {options.window_days} days up to {day}, "
            f"at least {options.minimum_customers} needed"
        )
        tables = {RECOMMENDER.full_name: _model_table(purchases, day, None, reason)}
    else:
        days = options.view_days + 2 * options.test_days
        views = to_views(read_views(engine, read, day, days), customers, products)
        judged = judge(purchases, views, day_number(day), options)
        tables = {
            RECOMMENDER.full_name: _model_table(
                purchases, day, judged.best or "popularity", _reason(judged, options), judged.weights
            ),
            NEIGHBOR.full_name: _neighbor_table(purchases, day, options),
            POPULARITY.full_name: _popularity_table(purchases, day, options),
            RECOMMENDER_EVALUATION.full_name: _evaluation_table(judged, day),
        }
    written: dict[str, list[DataFile]] = {name: [] for name in outputs}
    for name, result in tables.items():
        written[name] = engine.select_into("SELECT * FROM result", {"result": result}, outputs[name])
    return written


def _reason(judged: Judged, options: RecommendationOptions) -> str:
    split = f"the last {options.test_days} days, {judged.customers} customers"
    if judged.best is None:
        return f"not judged: {split}, at least {options.minimum_judged} needed; the popular list comes first"
    values = ", ".join(
        f"{name} {metric[f'ndcg@{CUTOFF}']:.4f}" for name, metric in judged.metrics.items() if name != "blend"
    )
    return f"NDCG@{CUTOFF} on {split}: {values}"


def _model_table(
    purchases: Purchases,
    day: dt.date,
    algorithm: str | None,
    reason: str,
    weights: tuple[float, ...] | None = None,
) -> pa.Table:
    words = weights and " ".join(
        f"{name}={weight}" for name, weight in zip(SIMPLEST_FIRST, weights, strict=True)
    )
    return pa.table(
        {
            "day": pa.array([day], pa.date32()),
            "status": ["promoted" if algorithm else "none"],
            "status_reason": [reason],
            "customers_fitted": [len(purchases.customers)],
            "products_fitted": [len(purchases.products)],
            "algorithm": pa.array([algorithm], pa.string()),
            "weights": pa.array([words], pa.string()),
        }
    )


def _neighbor_table(purchases: Purchases, day: dt.date, options: RecommendationOptions) -> pa.Table:
    similar = candidates.item_neighbors(purchases.matrix(), options.neighbors, options.shrink)
    product, neighbor, similarity = entries(similar)
    order = np.lexsort((neighbor, -similarity, product))
    product = product[order]
    return pa.table(
        {
            "day": pa.array(np.full(len(order), day_number(day), np.int32), pa.date32()),
            "product_id": purchases.products.take(pa.array(product)),
            "neighbor_id": purchases.products.take(pa.array(neighbor[order])),
            "rank": position_in_group(product) + 1,
            "similarity": similarity[order],
        }
    )


def _popularity_table(purchases: Purchases, day: dt.date, options: RecommendationOptions) -> pa.Table:
    popular = candidates.popularity(purchases, day_number(day), options.recent_days)
    rhythm = candidates.repurchase_days(purchases)[popular.product]
    return pa.table(
        {
            "day": pa.array(np.full(len(rhythm), day_number(day), np.int32), pa.date32()),
            "product_id": purchases.products.take(pa.array(popular.product)),
            "rank": np.arange(1, len(rhythm) + 1),
            "customers": popular.customers,
            "repurchase_days": pa.array(rhythm, pa.float64(), from_pandas=True),
        }
    )


def _evaluation_table(judged: Judged, day: dt.date) -> pa.Table:
    rows = [
        (algorithm, metric, value)
        for algorithm, metrics in judged.metrics.items()
        for metric, value in metrics.items()
    ]
    return pa.table(
        {
            "day": pa.array([day] * len(rows), pa.date32()),
            "algorithm": pa.array([row[0] for row in rows], pa.string()),
            "metric": pa.array([row[1] for row in rows], pa.string()),
            "value": pa.array([row[2] for row in rows], pa.float64()),
            "customers": pa.array([judged.customers] * len(rows), pa.int64()),
        }
    )
