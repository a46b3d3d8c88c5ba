"""Rules against planted boxes, against DuckDB's answer to their SQL, and word for word."""

from __future__ import annotations

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray

from persona_pipeline.contracts.titles import Described
from persona_pipeline.segmentation.rules import Condition, Rule, segment_rules

DESCRIBED = {
    "tea_sales_90d": Described("Sales of tea in the last 90 days", "近 90 天茶叶销售额", "currency"),
    "tea_share_90d": Described("Share of tea; a half is much", "茶叶占比；一半算多", "share"),
}
NAMES = ("orders_365d", "average_order_value_365d", "discount_share_365d", 'category_share_365d:Tea "x"')


def shop(rows: int = 2_000) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Often and cheap is 0, discounts above 0.4 are 1, the others 2; a tenth of the shares is unknown."""
    rng = np.random.default_rng(5)
    orders = rng.integers(1, 30, rows).astype(float)
    value, discount, tea = rng.uniform(20, 400, rows), rng.uniform(0, 1, rows), rng.uniform(0, 1, rows)
    labels = np.where((orders >= 12) & (value <= 150), 0, np.where(discount > 0.4, 1, 2))
    tea[rng.random(rows) < 0.1] = np.nan
    discount[(labels == 2) & (rng.random(rows) < 0.3)] = np.nan
    return np.column_stack([orders, value, discount, tea]), labels.astype(np.intp)


def test_planted_boxes_are_said_in_words() -> None:
    values, labels = shop()
    often, bargain, others = segment_rules(values, labels, NAMES, 0)
    assert {one.feature for one in often[0].conditions} == set(NAMES[:2])
    assert "Orders, 365 days 12 or more" in often[0].text("en", "EUR", {})
    assert "订单数（365 天）不少于 12" in often[0].text("zh", "EUR", {})
    (limit,) = [one.upper for one in often[0].conditions if one.feature == NAMES[1]]
    assert limit == pytest.approx(150, abs=3)
    assert often[0].precision is not None
    assert often[0].precision > 0.95
    assert sum(rule.recall or 0 for rule in often) > 0.95
    assert all("discount_share_365d > 0.4" in rule.sql() for rule in bargain)
    # who is unknown there is one of the others
    assert any("discount_share_365d IS NULL" in rule.sql() for rule in others)


def test_figures_are_those_of_the_rule_as_duckdb_understands_it() -> None:
    values, labels = shop()
    columns = {name: pa.array(column, from_pandas=True) for name, column in zip(NAMES, values.T, strict=True)}
    table = pa.table({**columns, "label": labels, "row": np.arange(len(labels))})
    with duckdb.connect() as connection:
        connection.register("customer", table)
        for segment, rules in enumerate(segment_rules(values, labels, NAMES, 0)):
            for rule in rules:
                sql = (
                    "SELECT count(*), count(*) FILTER (row % 2 = 1), "  # noqa: S608 - our own rule
                    f"count(*) FILTER (row % 2 = 1 AND label = {segment}) FROM customer WHERE {rule.sql()}"
                )
                found = connection.execute(sql).fetchone()
                assert found is not None
                customers, judged, right = found
                assert customers == rule.customers
                assert rule.precision == pytest.approx(right / judged)
                assert rule.recall == pytest.approx(right / (labels[1::2] == segment).sum())


@pytest.mark.parametrize(
    ("condition", "en", "zh", "sql"),
    [
        (
            Condition("orders_365d", 5, None, whole=True),
            "Orders, 365 days 6 or more",
            "订单数（365 天）不少于 6",
            "orders_365d > 5",
        ),
        (
            Condition("orders_365d", 2, 3, unknown=True, whole=True),
            "Orders, 365 days exactly 3 (or unknown)",
            "订单数（365 天）为 3（或未知）",
            "(orders_365d > 2 AND orders_365d <= 3 OR orders_365d IS NULL)",
        ),
        (
            Condition("average_order_value_365d", 80.5, 1234),
            "Average order value, 365 days from ¥80.50 to ¥1,234",
            "客单价（365 天）在 ¥80.50 至 ¥1,234 之间",
            "average_order_value_365d > 80.5 AND average_order_value_365d <= 1234",
        ),
        (
            Condition("tea_sales_90d", 200, None),
            "Sales of tea in the last 90 days above ¥200",
            "近 90 天茶叶销售额高于 ¥200",
            "tea_sales_90d > 200",
        ),
        (
            Condition("tea_share_90d", None, 0.5),
            "Share of tea at most 50 %",
            "茶叶占比不超过 50 %",
            "tea_share_90d <= 0.5",
        ),
        (
            Condition("category_share_365d:茶叶 Tea", 0.5, None),
            "Share of Tea in products bought above 50 %",
            "「茶叶」购买占比高于 50 %",
            '"category_share_365d:茶叶 Tea" > 0.5',
        ),
        (
            Condition("category_share_365d:Tea", None, 0.125),
            "Share of Tea in products bought at most 12.5 %",
            "「Tea」购买占比不超过 12.5 %",
            '"category_share_365d:Tea" <= 0.125',
        ),
    ],
)
def test_conditions_in_words(condition: Condition, en: str, zh: str, sql: str) -> None:
    rule = Rule((condition,), 1, None, None)
    assert (rule.text("en", "CNY", DESCRIBED), rule.text("zh", "CNY", DESCRIBED), rule.sql()) == (en, zh, sql)


def test_a_segment_that_nothing_tells_apart_and_one_of_two_have_a_rule() -> None:
    values = np.random.default_rng(1).normal(size=(200, 2))
    labels = np.random.default_rng(2).integers(0, 2, 200)
    labels[[7, 9]] = 2
    found = segment_rules(values, labels, ("orders_365d", "sales_365d"), 0)
    assert [len(rules) >= 1 for rules in found] == [True, True, True]
    assert found[2][0].customers < 20
    (same,) = segment_rules(np.ones((50, 1)), np.zeros(50, dtype=np.intp), ("orders_365d",), 0)
    assert [(rule.text("en", "", {}), rule.sql(), rule.precision) for rule in same] == [
        ("Nothing sets it apart: everybody", "TRUE", 1.0)
    ]
