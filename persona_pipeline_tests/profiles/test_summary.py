"""Summaries of features without a phrase of their own: how the catalogue describes them."""

from __future__ import annotations

import pytest

from persona_pipeline.contracts.titles import Described
from persona_pipeline.profiles.summary import summarise

DESCRIBED = {
    "tea_baskets_30d": Described("Baskets with tea in 30 days", "30 天含茶叶的购物篮数", "basket"),
    "tea_sales_30d": Described("Sales of tea", "茶叶销售额", "currency"),
    "vip_share": Described("VIP share; of orders", "贵宾占比；按订单", "share"),
}


@pytest.mark.parametrize(
    ("feature", "en", "zh"),
    [
        (
            "tea_baskets_30d",
            "Baskets with tea in 30 days 0.5 (all: 0.2).",
            "30 天含茶叶的购物篮数 0.5（全体 0.2）。",
        ),
        ("tea_sales_30d", "Sales of tea €0.50 (all: €0.25).", "茶叶销售额 €0.50（全体 €0.25）。"),
        ("vip_share", "VIP share 50% (all: 25%).", "贵宾占比 50%（全体 25%）。"),
        ("told_by_nobody", "Told by nobody 0.5 (all: 0.2).", "told by nobody 0.5（全体 0.2）。"),
    ],
)
def test_a_described_feature(feature: str, en: str, zh: str) -> None:
    row = {"segment_key": "s01", "feature": feature, "mean": 0.5, "base_mean": 0.25, "difference": 1.0}
    assert summarise([{**row, "evidence_rank": 1}], "EUR", DESCRIBED) == {"s01": (en, zh)}


def test_titles_do_not_begin_large_inside_of_a_sentence() -> None:
    rows = [
        {"segment_key": "s01", "feature": feature, "mean": 0.5, "base_mean": 0.25, "difference": 1.0}
        for feature in ("tea_sales_30d", "vip_share", "tea_baskets_30d")
    ]
    found = summarise([{**row, "evidence_rank": n} for n, row in enumerate(rows)], "EUR", DESCRIBED)
    assert found["s01"][0] == (
        "Sales of tea €0.50 (all: €0.25); VIP share 50% (all: 25%); "
        "baskets with tea in 30 days 0.5 (all: 0.2)."
    )
