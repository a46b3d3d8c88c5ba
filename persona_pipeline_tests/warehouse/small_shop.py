"""What the small shop is: three customers, two segments, a few days, in the lake of lake.py."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from persona_pipeline.contracts import behaviour, clean, models
from persona_pipeline_tests.warehouse.lake import FEATURES, FIRST, MONDAY, SATURDAY, SUNDAY, Lake
from persona_pipeline_tests.warehouse.traces import put_traces


def line(name: str, account: str | None, product: str, amount: object, **more: object) -> dict[str, object]:
    """An order line `order/line`, sold unless said otherwise."""
    identified = {"id_kind": "account", "id": account} if account else {}
    return {
        "order_line_id": name,
        "order_id": name.split("/", maxsplit=1)[0],
        "sign": 1,
        "order_type": "sale",
        "product_id": product,
        "quantity": 1,
        "unit_price": amount,
        "amount": amount,
        "currency": "CNY",
        "source": "orders",
        "event_day": MONDAY,
        **identified,
        **more,
    }


def shop(root: Path) -> Lake:
    """Three customers, two segments, known up to Monday 2025-03-10."""
    lake = Lake(root)
    sunday_before = SUNDAY - dt.timedelta(days=7)
    february = dt.date(2025, 2, 20)
    for day in (SATURDAY, SUNDAY, MONDAY):
        put_day(lake, day)
    lake.put(
        behaviour.MAP,
        FIRST,
        *(dict[str, object](id_kind="account", id=a, customer_id=f"c_{a}") for a in "abc"),
    )
    lake.put(
        clean.CUSTOMER,
        FIRST,
        {"id_kind": "account", "id": "a", "gender": "female", "region": "上海", "income_band": "high"},
    )
    lake.put(
        clean.CUSTOMER,
        MONDAY,
        {"id_kind": "account", "id": "a", "gender": "female", "region": "北京", "income_band": "high"},
    )
    lake.put(
        clean.PRODUCT,
        FIRST,
        {"product_id": "p1", "title": "Tea 茶", "category": "drinks", "price": "12.50", "currency": "CNY"},
        {"product_id": "p2", "title": "Cup", "category": "kitchen", "price": 20, "currency": "CNY"},
    )
    lake.put(
        clean.ORDER_LINE,
        SATURDAY,
        line("o1/1", "a", "p1", "12.50", event_day=february),
        line("o1/2", "a", "p2", "20.00", event_day=february),
        line("o2/1", "b", "p1", "25.00", event_day=SATURDAY),
        line("o9/1", None, "p1", "12.50", event_day=SATURDAY),
    )
    lake.put(
        clean.ORDER_LINE,
        MONDAY,
        line("o2/1", "b", "p1", "25.00", event_day=SATURDAY, sign=-1),
        line("o2/1", "b", "p1", "37.50", event_day=SATURDAY),
        line("o3/1", "a", "p1", "12.50"),
        line("r1/1", "a", "p2", "-20.00", order_type="refund"),
    )
    bought = {"id_kind": "account", "order_lines": 1, "orders": 1, "discounted_orders": 0, "refunds": 0}
    lake.put(
        behaviour.ORDER_DAY,
        SATURDAY,
        {
            **bought,
            "id": "a",
            "event_day": february,
            "order_lines": 2,
            "sales_amount": "32.50",
            "gross_amount": "32.50",
        },
        {**bought, "id": "b", "event_day": SATURDAY, "sales_amount": 25, "gross_amount": 25},
        {**bought, "id": "stranger", "event_day": SATURDAY, "sales_amount": 99, "gross_amount": 99},
    )
    lake.put(
        behaviour.ORDER_DAY,
        MONDAY,
        {
            **bought,
            "id": "b",
            "event_day": SATURDAY,
            "orders": 0,
            "order_lines": 0,
            "sales_amount": "12.50",
            "gross_amount": "12.50",
        },
        {
            **bought,
            "id": "a",
            "event_day": MONDAY,
            "sales_amount": "12.50",
            "gross_amount": "12.50",
            "refunds": 1,
            "refund_amount": 20,
        },
    )
    back = {"refund_line_id": "r1/1", "product_id": "p2", "quantity": 1, "amount": 10, "source": "orders"}
    lake.put(
        behaviour.REFUND,
        MONDAY,
        {**back, "sale_line_id": "o1/2", "sale_order_id": "o1", "matched_by": "purchase"},
        {**back, "matched_by": "none"},  # the rest of the same line
        {**back, "sale_line_id": "o1/1", "sale_order_id": "o1", "refund_line_id": "r2/1"},
        {**back, "sale_line_id": "o1/1", "sale_order_id": "o1", "refund_line_id": "r3/1", "sign": -1},
    )
    lake.put(models.MEMBERSHIP, sunday_before, *_members({"a": "s1", "b": "s1"}))
    lake.put(models.MEMBERSHIP, SUNDAY, *_members({"a": "s2", "b": "s1", "c": "s2"}))
    lake.put(
        models.RULE,
        SUNDAY,
        {"antecedent": "p1", "consequent": "p2", "lift": 2.0, "baskets": 7, "q_value": 0.01},
        {
            "antecedent": "p1 | p3",
            "consequent": "p2",
            "lift": 3.0,
            "baskets": 5,
            "q_value": 0.01,
            "is_redundant": True,
        },
        {"antecedent": "p2", "consequent": "p4", "lift": 4.0, "baskets": 5, "q_value": 0.9},
    )
    lake.put(
        models.SEGMENT,
        SUNDAY,
        {"segment_key": "s1", "name_en": "Loyal", "name_zh": "忠诚", "customers": 1, "share": 1 / 3},
        {"segment_key": "s2", "name_en": "New", "name_zh": "新客", "customers": 2, "share": 2 / 3},
    )
    lake.put(
        models.SEGMENT_PROFILE, SUNDAY, {"segment_key": "s1", "feature": "orders_30d", "difference": 1.5}
    )
    lake.put(
        models.SEGMENT_RULE,
        SUNDAY,
        {"segment_key": "s1", "rank": 1, "text_en": "Orders 6 or more", "definition": "orders_30d > 5"},
    )
    lake.put(models.LINEAGE, SUNDAY, {"segment_key": "s1", "change": "kept"})
    lake.put(models.TRANSITION, SUNDAY, {"from_key": "s1", "to_key": "s2", "customers": 1, "share": 0.5})
    lake.put(models.SEGMENT_FIT, SUNDAY, {"status": "promoted", "algorithm": "kmeans", "silhouette": 0.4})
    lake.put(models.RULE_FIT, SUNDAY, {"status": "promoted"})
    lake.put(models.RECOMMENDER, SUNDAY, {"status": "promoted", "algorithm": "item_item"})
    lake.put(models.POPULARITY, SUNDAY, {"product_id": "p1", "rank": 1}, {"product_id": "p9", "rank": 2})
    lake.put(
        models.MODEL,
        SUNDAY,
        {"target": "churn_60d", "status": "promoted", "algorithm": "gradient_boosting"},
        {"target": "buy_30d", "status": "none", "status_reason": "12 positives, 100 needed"},
    )
    auc = {"target": "churn_60d", "sample": "test", "metric": "roc_auc"}
    lake.put(
        models.EVALUATION,
        SUNDAY,
        {**auc, "algorithm": "gradient_boosting", "value": 0.8},
        {**auc, "algorithm": "logistic", "value": 0.75},
        {**auc, "algorithm": "majority", "value": 0.5},
    )
    lake.put(
        models.LIFT,
        SUNDAY,
        {"target": "churn_60d", "decile": 1, "mean_probability": 0.8, "observed_rate": 0.7},
    )
    lake.put(
        clean.FILE_LEDGER,
        MONDAY,
        {
            "source": "orders",
            "path": "a.csv",
            "status": "loaded",
            "records_in": 10,
            "clean": 7,
            "rejected": 3,
            "duplicate": 0,
            "filtered": 0,
            "suppressed": 0,
        },
        {
            "source": "orders",
            "path": "b.csv",
            "status": "duplicate_file",
            "records_in": 10,
            "clean": 0,
            "rejected": 0,
            "duplicate": 10,
            "filtered": 0,
            "suppressed": 0,
        },
        {
            "source": "products",
            "path": "",
            "sha256": "",
            "status": "absent",
            "records_in": 0,
            "clean": 0,
            "rejected": 0,
            "duplicate": 0,
            "filtered": 0,
            "suppressed": 0,
        },
    )
    lake.put(
        clean.LEDGER_REASON,
        MONDAY,
        {"source": "orders", "path": "a.csv", "outcome": "rejected", "reason": "not_a_number", "records": 1},
        {"source": "orders", "path": "a.csv", "outcome": "rejected", "reason": "future", "records": 2},
    )
    then = SUNDAY - dt.timedelta(days=28)
    numbers = {"mean": 1.5, "standard_deviation": 1.0, "p50": 1.0, "customers": 900, "coverage": 1.0}
    compared = {"reference_on": then, "reference_customers": 800}
    for day, psi, stability in (
        (SATURDAY, 0.5, "act"),  # neither a Sunday nor the day that is published
        (SUNDAY, 0.05, "stable"),
        (MONDAY, 0.3, "act"),
    ):
        lake.put(
            behaviour.STATISTIC,
            day,
            {"feature": "orders_30d", **numbers, **compared, "psi": psi, "stability": stability},
            {"feature": "region", "customers": 900, "coverage": 0.25, "distinct_values": 3, **compared},
            {"feature": "not_for_people", **numbers, **compared, "psi": psi, "stability": stability},
        )
    lake.put(behaviour.STATISTIC, SUNDAY - dt.timedelta(weeks=53), {"feature": "region"})
    put_traces(lake)
    return lake


def put_day(lake: Lake, day: dt.date, sales: object = "32.50") -> None:
    """What the daily models say of the three customers on a day; `sales` stands in two marts."""
    segments = {"a": "s2", "b": "s1", "c": "s2"}
    spent = {"a": sales, "b": 25, "c": 0}
    lake.put(
        models.CUSTOMER_PROFILE,
        day,
        *(
            {
                "customer_id": f"c_{a}",
                "segment_key": segments[a],
                "sales_365d": spent[a],
                "buy_probability": 0.25,
            }
            for a in "abc"
        ),
    )
    lake.put(
        FEATURES, day, *({"customer_id": f"c_{a}", "orders_30d": 1, "sales_30d": spent[a]} for a in "ab")
    )
    lake.put(
        models.CUSTOMER_TAG,
        day,
        *(
            {"customer_id": f"c_{a}", "tag": f"value:{spent[a]}", "tag_group": "value", "weight": 1.0}
            for a in "abc"
        ),
    )
    lake.put(
        models.PREDICTION,
        day,
        *(
            {
                "customer_id": f"c_{a}",
                "target": "churn_60d",
                "probability": p,
                "decile": d,
                "percentile": p,
                "model_id": "m",
            }
            for a, p, d in (("a", 0.8, 1), ("b", 0.4, 2), ("c", 0.1, 9))
        ),
    )
    lake.put(
        models.RECOMMENDATION,
        day,
        *(
            {"customer_id": f"c_{a}", "rank": r, "product_id": p, "algorithm": "item_item"}
            for a, r, p in (("a", 1, "p1"), ("a", 2, "p9"), ("b", 1, "p2"), ("c", 1, "p1"))
        ),
    )
    lake.put(
        models.PERSONA,
        day,
        {
            "segment_key": "s1",
            "name_en": "Loyal",
            "name_zh": "忠诚",
            "customers": 1,
            "share": 1 / 3,
            "sales_per_customer_365d": 25.0,
        },
        {
            "segment_key": "s2",
            "name_en": "New",
            "name_zh": "新客",
            "customers": 2,
            "share": 2 / 3,
            "sales_per_customer_365d": 16.25,
        },
    )

    need = {"segment_key": "s1", "customers": 20, "baskets": 25}
    lake.put(
        models.PERSONA_NEED,
        day,
        {
            **need,
            "rank": 1,
            "antecedent": "p1",
            "consequent": "p2",
            "text_en": "p1, and with it p2",
            "text_zh": "购买p1时一并购买p2",
            "confidence": 0.5,
            "tgi": 250.0,
            "unmet_customers": 4,
        },
        {
            **need,
            "rank": 2,
            "antecedent": "p2",
            "consequent": "p4",
            "text_en": "p2, and with it p4",
            "text_zh": "购买p2时一并购买p4",
            "confidence": 0.25,
            "tgi": 120.0,
            "unmet_customers": 0,
        },
    )


def _members(segments: dict[str, str]) -> list[dict[str, object]]:
    return [{"customer_id": f"c_{a}", "segment_key": key} for a, key in segments.items()]
