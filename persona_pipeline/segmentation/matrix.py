"""Reading behaviour: declared columns of the feature table, and what each customer buys.

Here: the statements and the matrix made of their result. Not here: what is done with it.
"""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Iterable, Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from sqlglot import exp

from persona_pipeline.contracts import Column, Purpose, Table, Type
from persona_pipeline.contracts.behaviour import BASKET_ITEM, MAP
from persona_pipeline.contracts.purpose import check_chosen
from persona_pipeline.engine.protocol import Engine, Input, ReadWindow, Relation
from persona_pipeline.engine.sql import sql_text
from persona_pipeline.segmentation.options import DEFAULT_FEATURES

MIX_DAYS = dt.timedelta(days=365)
# a category that fewer than a twentieth of the buyers ever touched cannot tell segments apart
CATEGORY_REACH = 0.05
ORDERS = "orders_of_a_year"
# of price beside what is usual in the category (segments/purchase.sql)
PRICE_BANDS = 5
SCORES = ("rfm_recency", "rfm_frequency", "rfm_monetary")
# what segments and RFM are made of; a project without orders has none of it, and nobody has ordered
_BOUGHT = tuple(
    Column(name, type_, "Of the customer's orders")
    for name, type_ in (
        ("recency_days", Type.INTEGER),
        ("orders_365d", Type.INTEGER),
        ("sales_365d", Type.DECIMAL),
        *((name, Type.DOUBLE) for name in DEFAULT_FEATURES if name != "orders_365d"),
    )
)


def customers_of(read: ReadWindow, features: Table, day: dt.date) -> Relation:
    """The features of a day, with empty columns for what a project without orders does not have."""
    return read(features, day, day).with_columns(_BOUGHT)


def check_features(names: Iterable[str], features: Table, where: str = "[segmentation] features") -> None:
    """Refuse features that cannot describe behaviour; `where` they were chosen.

    Raises:
        NotUsable: one of them is no column of the features, no number, or not meant for segmentation.
    """
    check_chosen(features, names, Purpose.SEGMENTATION, where)


def stage_purchases(engine: Engine, read: ReadWindow, day: dt.date) -> Relation:
    """Products by customer, category and band of price in the 365 days to `day`, as known then."""
    after = day - MIX_DAYS
    facts = {"basket_item": read(BASKET_ITEM, after, day), "identity_map": read(MAP, None, day)}
    return engine.stage(sql_text("segments/purchase"), facts, {"after": after, "day": day})


def main_categories(engine: Engine, purchase: Relation, limit: int) -> tuple[str, ...]:
    """The categories whose shares describe a customer, by name; none if there is only one."""
    parameters = {"share": CATEGORY_REACH, "limit": limit}
    found = (
        engine.fetch(sql_text("segments/category"), {"purchase": purchase}, parameters)
        .column("category")
        .to_pylist()
    )
    return tuple(found) if len(found) > 1 else ()


def behaviour(
    names: Sequence[str],
    categories: Sequence[str],
    features: Input,
    purchase: Input,
    rfm: Input | None = None,
) -> tuple[str, dict[str, Input]]:
    """The statement that reads behaviour in the order of customers, and its inputs.

    Columns: `customer_id`, `has_ordered`, the named features as doubles, `orders_of_a_year`, and with
    categories one `mix_N` for each of them and one `price_N` per band of price. With `rfm`, every customer
    and the RFM scores; else only customers with an order.
    """
    inputs: dict[str, Input] = {"features": features}
    if categories:
        inputs["purchase"] = purchase
    if rfm is not None:
        inputs["rfm"] = rfm
    return _behaviour_sql(tuple(names), tuple(categories), rfm is not None), inputs


@functools.cache
def _behaviour_sql(names: tuple[str, ...], categories: tuple[str, ...], with_rfm: bool) -> str:
    has_ordered = exp.column("recency_days", "features").is_(exp.null()).not_()
    columns: list[exp.Expr] = [
        exp.column("customer_id", "features"),
        exp.alias_(has_ordered, "has_ordered"),
        *(_double(exp.column(name, "features"), name) for name in names),
        _double(exp.func("coalesce", exp.column("orders_365d", "features"), exp.Literal.number(0)), ORDERS),
        *(
            _double(exp.func("coalesce", exp.column(mix, "mix"), exp.Literal.number(0)), mix)
            for mix in _mix(categories)
        ),
    ]
    query = exp.select(*columns).from_("features").order_by(exp.column("customer_id", "features"))
    if categories:
        query = query.with_("mix", as_=_mix_query(categories)).join(
            "mix", on=_same_customer("mix"), join_type="left"
        )
    if not with_rfm:
        return query.where(has_ordered).sql("duckdb")
    query = query.select(*(exp.column(score, "rfm") for score in SCORES))
    return query.join("rfm", on=_same_customer("rfm"), join_type="left").sql("duckdb")


def to_matrix(table: pa.Table, names: Sequence[str]) -> NDArray[np.float64]:
    """The named columns as a matrix; NaN where empty."""
    columns = [table.column(name).to_numpy(zero_copy_only=False).astype(np.float64) for name in names]
    return np.column_stack(columns)


def behaviour_matrix(table: pa.Table, names: Sequence[str], categories: Sequence[str]) -> NDArray[np.float64]:
    """What `behaviour` gave, as a fitted pipeline takes it: features, orders, categories, bands of price."""
    return to_matrix(table, [*names, ORDERS, *_mix(categories)])


def _mix(categories: Sequence[str]) -> list[str]:
    if not categories:
        return []
    bands = [f"price_{band}" for band in range(1, PRICE_BANDS + 1)]
    return [*(f"mix_{number}" for number in range(len(categories))), *bands]


def _mix_query(categories: Sequence[str]) -> exp.Select:
    """Products per category and per band side by side; categories are data and stand as quoted literals."""
    groups = [exp.column("category").eq(exp.Literal.string(category)) for category in categories]
    groups += [exp.column("price_band").eq(exp.Literal.number(band)) for band in range(1, PRICE_BANDS + 1)]
    sums = [
        exp.alias_(
            exp.Sum(this=exp.Case().when(group, exp.column("items")).else_(exp.Literal.number(0))),
            name,
        )
        for group, name in zip(groups, _mix(categories), strict=True)
    ]
    return exp.select("customer_id", *sums).from_("purchase").group_by("customer_id")


def _double(expression: exp.Expr, name: str) -> exp.Expr:
    return exp.alias_(exp.cast(expression, "double"), name, quoted=True)


def _same_customer(other: str) -> exp.Expr:
    return exp.column("customer_id", other).eq(exp.column("customer_id", "features"))
