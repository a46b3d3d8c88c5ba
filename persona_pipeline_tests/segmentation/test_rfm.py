"""RFM quintiles and names, by hand."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from persona_pipeline.segmentation.rfm import GRID, rfm_segment
from persona_pipeline_tests.segmentation.conftest import World

DAY = dt.date(2025, 3, 5)


def test_quintiles_of_ten_customers_and_equal_values(world: World) -> None:
    # recency 1..10: two customers a quintile; eight of ten have one order: middle rank 4 of 10 -> quintile
    # 3, two have 9
    rows = [
        {
            "customer_id": f"c_{n:02d}",
            "recency_days": n,
            "orders_365d": 9 if n <= 2 else 1,
            "sales_365d": float(100 * n),
            "discount_share_365d": None,
        }
        for n in range(1, 11)
    ]
    world.customers(DAY, rows)
    found = world.apply(DAY)
    assert [row["rfm_recency"] for row in found] == [5, 5, 4, 4, 3, 3, 2, 2, 1, 1]
    assert [row["rfm_frequency"] for row in found] == [5, 5, 3, 3, 3, 3, 3, 3, 3, 3]
    assert [row["rfm_monetary"] for row in found] == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
    # depth = floor((F + M) / 2): 3 3 2 2 3 3 3 3 4 4
    assert [row["rfm_segment"] for row in found] == [
        "potential_loyalist",
        "potential_loyalist",
        "potential_loyalist",
        "potential_loyalist",
        "needs_attention",
        "needs_attention",
        "at_risk",
        "at_risk",
        "at_risk",
        "at_risk",
    ]


@pytest.mark.parametrize(
    ("recency", "frequency", "monetary", "name"),
    [
        (5, 5, 5, "champions"),
        (5, 4, 5, "champions"),
        (4, 5, 4, "loyal"),
        (5, 1, 2, "new"),
        (4, 1, 1, "promising"),
        (5, 3, 2, "potential_loyalist"),
        (3, 3, 3, "needs_attention"),
        (3, 2, 2, "about_to_sleep"),
        (2, 4, 4, "at_risk"),
        (1, 5, 5, "cant_lose"),
        (1, 1, 1, "hibernating"),
    ],
)
def test_names(recency: int, frequency: int, monetary: int, name: str) -> None:
    assert rfm_segment(*(np.array([float(value)]) for value in (recency, frequency, monetary))).tolist() == [
        name
    ]


def test_there_are_ten_names_and_none_without_an_order() -> None:
    assert len(set(GRID.ravel().tolist())) == 10
    nothing = np.array([np.nan])
    assert rfm_segment(nothing, nothing, nothing).tolist() == [None]
