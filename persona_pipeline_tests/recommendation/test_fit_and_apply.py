"""A small shop through the weekly fit and the daily apply: rows, as-of reading, stability, refusals."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

from persona_pipeline.contracts.activity import PRODUCT_VIEW
from persona_pipeline.contracts.behaviour import BASKET_ITEM, MAP
from persona_pipeline.contracts.models import (
    NEIGHBOR,
    POPULARITY,
    RECOMMENDATION,
    RECOMMENDER,
    RECOMMENDER_EVALUATION,
)
from persona_pipeline.engine.duckdb import DuckDBEngine
from persona_pipeline.lake.delta import DeltaLake
from persona_pipeline.recommendation import RecommendationOptions, apply_day, fit_week
from persona_pipeline.recommendation.apply import week_of

SUNDAY = dt.date(2025, 6, 29)
MONDAY = SUNDAY + dt.timedelta(days=1)
FITTED = (RECOMMENDER, NEIGHBOR, POPULARITY, RECOMMENDER_EVALUATION)
SHOWN = {"popularity", "buy_again", "viewed", "item_item", "blend"}
SMALL = RecommendationOptions(minimum_customers=3, minimum_judged=2, shrink=0.0, length=3, block=2)


@pytest.fixture
def lake(tmp_path: Path) -> DeltaLake:
    return DeltaLake(tmp_path / "lake")


def write(lake: DeltaLake, engine: DuckDBEngine, table, rows: pa.Table) -> None:
    output = lake.output(table)
    files = engine.select_into("SELECT * FROM rows", {"rows": rows}, output)
    lake.replace(output, {file.day for file in files}, files)


def fill(lake: DeltaLake, engine: DuckDBEngine, rows: list[tuple], customers: str = "abcde") -> None:
    """Facts from (known day, event day, order, customer, product, quantity), and a map of all customers."""
    facts = {
        "day": [row[0] for row in rows],
        "event_day": [row[1] for row in rows],
        "order_id": [row[2] for row in rows],
        "product_id": [row[4] for row in rows],
        "category": ["unknown"] * len(rows),
        "id_kind": pa.array([row[3] and "account" for row in rows], pa.string()),
        "id": pa.array([row[3] for row in rows], pa.string()),
        "quantity": [row[5] for row in rows],
        "amount": [row[5] for row in rows],
    }
    first = dt.date(2025, 1, 6)
    identities = {
        "day": [first] * len(customers),
        "id_kind": ["account"] * len(customers),
        "id": list(customers),
        "customer_id": [f"c_{name}" for name in customers],
    }
    write(lake, engine, BASKET_ITEM, pa.table(facts))
    write(lake, engine, MAP, pa.table(identities))


def order(
    number: int, customer: str | None, product: str, ago: int, quantity: int = 1, known: int | None = None
):
    """One line, `ago` days before the Sunday."""
    event = SUNDAY - dt.timedelta(days=ago)
    return (
        SUNDAY - dt.timedelta(days=ago if known is None else known),
        event,
        str(number),
        customer,
        product,
        quantity,
    )


def fit(lake: DeltaLake, engine: DuckDBEngine, options: RecommendationOptions, day: dt.date = SUNDAY):
    outputs = {table.full_name: lake.output(table) for table in FITTED}
    written = fit_week(engine, lake.read, outputs, day, options)
    for name, output in outputs.items():
        lake.replace(output, [day], written[name])
    return {table.name: rows(lake, engine, table, day) for table in FITTED}


def rows(lake: DeltaLake, engine: DuckDBEngine, table, day: dt.date) -> pd.DataFrame:
    frame = engine.fetch("SELECT * FROM t", {"t": lake.read(table, day, day)}).to_pandas()
    return frame.sort_values(list(table.key), ignore_index=True)


def apply(
    lake: DeltaLake, engine: DuckDBEngine, day: dt.date, options: RecommendationOptions
) -> pd.DataFrame:
    output = lake.output(RECOMMENDATION)
    lake.replace(output, [day], apply_day(engine, lake.read, output, day, options))
    return rows(lake, engine, RECOMMENDATION, day)


SHOP = [
    order(1, "a", "tea", 60),
    order(1, "a", "cup", 60),
    order(2, "b", "tea", 50),
    order(2, "b", "cup", 50),
    order(3, "c", "tea", 40),
    order(4, "d", "pen", 10),
    order(5, "a", "cup", 20),
    order(6, "b", "cup", 15),
    order(7, None, "ink", 5),  # nobody's basket is nobody's taste
    order(8, "c", "ink", 12),
    order(8, "c", "ink", 12, quantity=-1, known=3),  # taken back
]


def test_weekly_tables(lake, engine):
    fill(lake, engine, SHOP)
    tables = fit(lake, engine, SMALL)
    model = tables["model"].iloc[0]
    assert (model["status"], model["customers_fitted"], model["products_fitted"]) == ("promoted", 4, 3)
    assert model["algorithm"] == "buy_again"
    assert "2 customers" in model["status_reason"]
    popular = tables["popularity"].sort_values("rank")
    assert popular[["product_id", "customers"]].to_numpy().tolist() == [["cup", 2], ["pen", 1], ["tea", 0]]
    neighbor = tables["neighbor"][["product_id", "neighbor_id", "rank"]].to_numpy().tolist()
    assert neighbor == [["cup", "tea", 1], ["tea", "cup", 1]]
    assert tables["neighbor"]["similarity"].tolist() == pytest.approx([2 / 6**0.5] * 2)
    assert set(tables["evaluation"]["algorithm"]) == SHOWN


def test_offers_of_a_day(lake, engine):
    fill(lake, engine, SHOP)
    fit(lake, engine, SMALL)
    offers = apply(lake, engine, MONDAY, SMALL)
    shown = offers.astype(object).where(offers.notna(), None)[
        ["customer_id", "rank", "product_id", "algorithm", "because_product_id"]
    ]
    assert shown.to_numpy().tolist() == [
        ["c_a", 1, "cup", "buy_again", None],
        ["c_a", 2, "tea", "buy_again", None],
        ["c_a", 3, "pen", "popularity", None],
        ["c_b", 1, "cup", "buy_again", None],
        ["c_b", 2, "tea", "buy_again", None],
        ["c_b", 3, "pen", "popularity", None],
        ["c_c", 1, "tea", "buy_again", None],
        ["c_c", 2, "cup", "item_item", "tea"],
        ["c_c", 3, "pen", "popularity", None],
        ["c_d", 1, "pen", "buy_again", None],
        ["c_d", 2, "cup", "popularity", None],
        ["c_d", 3, "tea", "popularity", None],
        ["c_e", 1, "cup", "popularity", None],
        ["c_e", 2, "pen", "popularity", None],
        ["c_e", 3, "tea", "popularity", None],
    ]
    assert {str(value)[:10] for value in offers["as_of"]} == {str(MONDAY)}


def test_what_was_looked_at_is_offered_and_a_shop_without_views_stays_as_it_was(lake, engine):
    fill(lake, engine, SHOP)
    fit(lake, engine, SMALL)
    before = apply(lake, engine, MONDAY, SMALL)
    seen = {
        "day": [MONDAY, MONDAY],
        "event_day": [MONDAY, MONDAY],
        "id_kind": ["account"] * 2,
        "id": ["e", "nobody"],
        "product_id": ["tea", "tea"],
        "category": ["unknown"] * 2,
        "views": [1, 1],
        "cart_adds": [1, 0],
    }
    write(lake, engine, PRODUCT_VIEW, pa.table(seen))
    after = apply(lake, engine, MONDAY, SMALL)
    others = "customer_id != 'c_e'"
    pd.testing.assert_frame_equal(after.query(others), before.query(others))
    new = after.query("customer_id == 'c_e'")
    assert list(zip(new["product_id"], new["algorithm"], strict=True)) == [
        ("tea", "viewed"),
        ("cup", "popularity"),
        ("pen", "popularity"),
    ]


def test_a_past_day_stays_equal_when_later_facts_arrive(lake, engine):
    fill(lake, engine, SHOP)
    fit(lake, engine, SMALL)
    before = apply(lake, engine, MONDAY, SMALL)
    later = [
        (MONDAY + dt.timedelta(days=1), SUNDAY, "9", "d", "cup", 1),
        (MONDAY, MONDAY, "10", "d", "gum", 1),
    ]
    write(lake, engine, BASKET_ITEM, facts_of(later[:1]))
    fit(lake, engine, SMALL)
    pd.testing.assert_frame_equal(apply(lake, engine, MONDAY, SMALL), before)
    write(lake, engine, BASKET_ITEM, facts_of(later[1:]))  # new on Monday itself, after the fit
    assert apply(lake, engine, MONDAY, SMALL).query("customer_id == 'c_d'")["product_id"].tolist() == [
        "gum",
        "pen",
        "cup",
    ]


def facts_of(lines: list[tuple]) -> pa.Table:
    return pa.table(
        {
            "day": [row[0] for row in lines],
            "event_day": [row[1] for row in lines],
            "order_id": [row[2] for row in lines],
            "product_id": [row[4] for row in lines],
            "category": ["unknown"] * len(lines),
            "id_kind": ["account"] * len(lines),
            "id": [row[3] for row in lines],
            "quantity": [row[5] for row in lines],
            "amount": [row[5] for row in lines],
        }
    )


def test_too_few_customers_are_a_refusal_and_give_no_offers(lake, engine):
    fill(lake, engine, SHOP)
    tables = fit(lake, engine, RecommendationOptions(minimum_customers=5))
    model = tables["model"].iloc[0]
    assert model["status"] == "none"
    assert pd.isna(model["algorithm"])
    assert model["status_reason"].startswith(
        "4 customers with a purchase in the 180 days up to 2025-06-29, at least 5"
    )
    assert all(tables[name].empty for name in ("neighbor", "popularity", "evaluation"))
    assert apply(lake, engine, MONDAY, SMALL).empty


def test_without_any_purchase_the_fit_refuses(lake, engine):
    assert fit(lake, engine, SMALL)["model"]["status"].tolist() == ["none"]


def test_without_a_fit_there_are_no_offers(lake, engine):
    fill(lake, engine, SHOP)
    assert apply(lake, engine, MONDAY, SMALL).empty


def test_a_short_history_is_promoted_unjudged_with_the_popular_list_first(lake, engine):
    fill(lake, engine, [order(number, name, "tea", 3) for number, name in enumerate("abc")])
    model = fit(lake, engine, SMALL)["model"].iloc[0]
    assert (model["status"], model["algorithm"]) == ("promoted", "popularity")
    assert model["status_reason"].startswith("not judged: the last 28 days, 0 customers, at least 2 needed")


@pytest.mark.parametrize(
    ("day", "sunday"),
    [
        ("2025-06-29", "2025-06-22"),
        ("2025-06-30", "2025-06-29"),
        ("2025-07-05", "2025-06-29"),
        ("2025-07-06", "2025-06-29"),
    ],
)
def test_the_week_in_force_is_the_last_complete_one(day, sunday):
    assert week_of(dt.date.fromisoformat(day)) == dt.date.fromisoformat(sunday)
