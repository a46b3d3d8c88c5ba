"""A small report, written out: two personas, one refused target, one source with rejects."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pandas as pd

from persona_pipeline.contracts import Table, behaviour, models
from persona_pipeline.contracts.titles import Described
from persona_pipeline.reporting import ReportData
from persona_pipeline.reporting.view_lookup import KINDS, NUMBERS, TEXTS

STEPS = ("sessions", "product_sessions", "cart_sessions", "checkout_sessions", "confirmation_sessions")
ANSWERS = ("opens", "clicks", "responses")
SOCIAL = (
    "posts",
    "reviews",
    "ratings",
    "rating_sum",
    "low_ratings",
    "negative_texts",
    "positive_texts",
    "sentiment_sum",
)
DAY = dt.date(2025, 6, 30)
SUNDAY = dt.date(2025, 6, 29)


def table(contract: Table, rows: list[dict]) -> pd.DataFrame:
    """Rows with every column of the contract; what is not given is empty."""
    names = list(contract.column_names)
    return pd.DataFrame([{name: row.get(name) for name in names} for row in rows], columns=names)


def empty_report() -> ReportData:
    """The first night: nothing has been fitted, nobody has ordered."""
    weekly = {
        "evidence": models.SEGMENT_PROFILE,
        "segment": models.SEGMENT,
        "segment_rule": models.SEGMENT_RULE,
        "transition": models.TRANSITION,
        "segment_fit": models.SEGMENT_FIT,
        "k_curve": models.K_CURVE,
        "rule": models.RULE,
        "rule_fit": models.RULE_FIT,
        "model": models.MODEL,
        "evaluation": models.EVALUATION,
        "lift": models.LIFT,
        "recommender": models.RECOMMENDER,
        "recommender_evaluation": models.RECOMMENDER_EVALUATION,
        "persona": models.PERSONA,
        "need": models.PERSONA_NEED,
        "statistic": behaviour.STATISTIC,
    }
    plain = {
        "sales": ["event_day", "orders", "sales_amount", "refund_amount"],
        "rfm": ["rfm_recency", "rfm_frequency", "rfm_segment", "customers"],
        "offers": ["segment_key", "product_id", "customers", "position"],
        "ledger": [
            "day",
            "source",
            "records_in",
            "clean",
            "rejected",
            "duplicate",
            "filtered",
            "suppressed",
            "rejected_files",
        ],
        "reason": ["source", "outcome", "reason", "day", "records"],
        "title": ["product_id", "title", "category"],
        "web": ["event_day", "channel", "device", "visitor_type", *STEPS, "bounces"],
        "contact": ["segment_key", "channel", "message", "contacts", "holdouts", *ANSWERS, "cost_amount"],
        "interest": ["segment_key", "category", "views"],
        "social": ["category", *SOCIAL],
        "shown": ["customer_id", *TEXTS, *NUMBERS, "is_outlier"],
        "shown_tag": ["customer_id", "tag", "weight"],
        "shown_score": ["customer_id", "target", "probability", "decile"],
        "shown_offer": ["customer_id", "rank", "product_id", "algorithm", "because_product_id"],
        "shown_day": ["customer_id", "event_day", *(name for kind in KINDS.values() for name in kind)],
    }
    frames = {name: table(contract, []) for name, contract in weekly.items()}
    frames |= {name: pd.DataFrame(columns=columns) for name, columns in plain.items()}
    customers = pd.DataFrame({"customers": [0], "customers_with_order": [0], "customers_active": [0]})
    return ReportData(
        project="tea house",
        currency="CNY",
        as_of=DAY,
        week=SUNDAY,
        publication_id=None,
        readable=frozenset(),
        described={},
        customers=customers,
        **frames,
    )


def full_report() -> ReportData:
    """Every part of the page has something to show; the project and one title need escaping."""
    base = empty_report()
    days = [DAY - dt.timedelta(days=ago) for ago in range(120)]
    sales = pd.DataFrame(
        {
            "event_day": days,
            "orders": [10 + day.day % 5 for day in days],
            "sales_amount": [1000.0 + 10 * day.day for day in days],
            "refund_amount": [20.0] * len(days),
        }
    )
    personas = [
        {
            "segment_key": "s01",
            "name_en": "Frequent big spenders",
            "name_zh": "高频高消费客户",
            "customers": 60,
            "share": 0.6,
            "sales_share_365d": 0.9,
            "sales_per_customer_365d": 1234.5,
            "orders_per_customer_365d": 12.25,
            "median_recency_days": 6.0,
            "mean_buy_probability": 0.71,
            "mean_churn_probability": 0.05,
            "top_category": "tea",
            "summary_en": "They order often.",
            "summary_zh": "下单频繁。",
        },
        {
            "segment_key": "s02",
            "name_en": "Lapsed bargain hunters",
            "name_zh": "久未下单的优惠客户",
            "customers": 40,
            "share": 0.4,
            "summary_en": "They wait for discounts.",
            "summary_zh": "等待优惠。",
        },
    ]
    evidence = [
        {
            "segment_key": key,
            "feature": feature,
            "mean": mean,
            "base_mean": mean / 2,
            "tgi": 225.0,
            "example_1": mean,
            "example_2": mean + 1,
            "example_3": None,
            "difference": difference,
            "evidence_rank": rank,
        }
        for key, sign in (("s01", 1), ("s02", -1))
        for rank, (feature, mean, difference) in enumerate(
            [
                ("orders_365d", 12.0, 1.7 * sign),
                ("category_share_365d:tea", 0.4, 0.9 * sign),
                ("discount_share_365d", 0.1, -4.0 * sign),
            ],
            1,
        )
    ]
    fit = {"status": "promoted", "fitted_on": SUNDAY}
    target_rows = [
        {
            **fit,
            "target": "buy_30d",
            "status_reason": "logistic beats every baseline on the test of 2025-05-30: "
            "log loss 0.5100 against 0.5400 of rfm_logistic, AUC 0.7812",
            "algorithm": "logistic",
            "train_rows": 900,
            "train_positives": 300,
            "test_as_of": dt.date(2025, 5, 30),
        },
        {
            "target": "churn_60d",
            "status": "none",
            "status_reason": "too little data: history of 175 days; 3 horizons of 60 days need 180",
            "train_rows": 0,
            "train_positives": 0,
        },
    ]
    scores = {
        "logistic": {
            "roc_auc": 0.7812,
            "pr_auc": 0.61,
            "log_loss": 0.51,
            "brier": 0.17,
            "ece": 0.02,
            "calibration_slope": 0.97,
        },
        "recency": {"roc_auc": 0.70, "log_loss": 0.56},
        "majority": {"roc_auc": 0.5, "log_loss": 0.63},
    }
    lift = [
        {
            "target": "buy_30d",
            "decile": decile,
            "customers": 30,
            "positives": 30 - 3 * decile,
            "mean_probability": 1 - decile / 10.5,
            "observed_rate": 1 - decile / 10,
            "lift": 2.0 - decile / 10,
            "cumulative_gain": decile / 10,
        }
        for decile in range(1, 11)
    ]
    rule = {"length": 2, "support": 0.02, "leverage": 0.01, "conviction": 1.2, "zhang": 0.5, "p_value": 0.001}
    rules = [
        {
            **rule,
            "antecedent": "p1",
            "consequent": "p2",
            "baskets": 40,
            "confidence": 0.5,
            "lift": 3.2,
            "q_value": 0.01,
            "is_redundant": False,
        },
        {
            **rule,
            "antecedent": "p2 | p3",
            "consequent": "p1",
            "baskets": 12,
            "confidence": 0.4,
            "lift": 9.9,
            "q_value": 0.01,
            "is_redundant": True,
        },
        {
            **rule,
            "antecedent": "p3",
            "consequent": "p1",
            "baskets": 3,
            "confidence": 0.3,
            "lift": 7.7,
            "q_value": 0.4,
            "is_redundant": False,
        },
    ]
    ledger = [
        {
            "day": day,
            "source": "orders",
            "records_in": 100,
            "clean": 97,
            "rejected": 2,
            "duplicate": 1,
            "filtered": 0,
            "suppressed": 0,
            "rejected_files": 0,
        }
        for day in days
    ]
    reasons = [
        {"source": "orders", "outcome": outcome, "reason": code, "day": day, "records": count}
        for day in days
        for outcome, code, count in (("rejected", "future", 2), ("duplicate", "same_content", 1))
    ]
    compared = {"customers": 900, "reference_on": dt.date(2025, 6, 1), "reference_customers": 800}
    statistics = [
        {**compared, "feature": name, "coverage": coverage, "psi": psi, "stability": stability}
        for name, coverage, psi, stability in (
            ("orders_7d", 1.0, 0.3123, "act"),
            ("region", 0.75, 0.12, "watch"),
            ("sales_ever", 1.0, 0.05, "stable"),
            ("posts_ever", 0.0312, 0.01, "stable"),
            ("not_for_people", 0.01, 0.9, "act"),
        )
    ]
    metrics = {
        "ndcg@10": 0.21,
        "recall@10": 0.3,
        "map@10": 0.12,
        "coverage": 0.8,
        "novelty": 5.5,
        "ndcg@10_se": 0.01,
    }
    changed = {
        "project": "Tea & <House>",
        "publication_id": 7,
        "customers": pd.DataFrame(
            {"customers": [120], "customers_with_order": [100], "customers_active": [80]}
        ),
        "sales": sales,
        "persona": table(models.PERSONA, personas),
        "need": table(
            models.PERSONA_NEED,
            [
                {
                    "segment_key": "s01",
                    "rank": 2,
                    "text_en": "Cup, and with it Saucer: 4.0% of their baskets (all: 3.0%).",
                    "text_zh": "购买Cup时一并购买Saucer：占其购物篮的 4.0%（全体 3.0%）。",
                    "confidence": 0.35,
                    "unmet_customers": 9,
                },
                {
                    "segment_key": "s01",
                    "rank": 1,
                    "text_en": "Tea, and with it Cup: 12.5% of their baskets (all: 5.0%).",
                    "text_zh": "购买Tea时一并购买Cup：占其购物篮的 12.5%（全体 5.0%）。",
                    "confidence": 0.45,
                    "unmet_customers": 31,
                },
            ],
        ),
        "evidence": table(models.SEGMENT_PROFILE, evidence),
        "segment": table(
            models.SEGMENT,
            [
                {"segment_key": "s01", "is_stable": True, "stability": 0.91},
                {"segment_key": "s02", "is_stable": False, "stability": 0.4},
            ],
        ),
        "segment_rule": table(
            models.SEGMENT_RULE,
            [
                {
                    "segment_key": "s01",
                    "rank": 1,
                    "text_en": "Orders, 365 days 6 or more",
                    "text_zh": "订单数（365 天）不少于 6",
                    "precision": 0.84,
                    "recall": 0.7,
                }
            ],
        ),
        "transition": table(
            models.TRANSITION,
            [
                {"from_key": "s01", "to_key": "s01", "customers": 40, "share": 0.8},
                {"from_key": "s01", "to_key": "s02", "customers": 10, "share": 0.2},
                {"from_key": "none", "to_key": "s02", "customers": 5, "share": 1.0},
            ],
        ),
        "segment_fit": table(
            models.SEGMENT_FIT,
            [
                {
                    **fit,
                    "status_reason": "100 customers in 2 segments, learned from 60 with 3 orders or more; "
                    "tried 2 to 4: knee 3, separation 4.2, silhouette 0.410, last week none",
                }
            ],
        ),
        "k_curve": table(
            models.K_CURVE, [{"k": k, "silhouette": 0.5 - k / 20, "is_chosen": k == 2} for k in (2, 3, 4)]
        ),
        "rfm": pd.DataFrame(
            {
                "rfm_recency": [5, 1],
                "rfm_frequency": [5, 2],
                "rfm_segment": ["champions", "hibernating"],
                "customers": [60, 40],
            }
        ),
        "offers": pd.DataFrame(
            {"segment_key": ["s01"], "product_id": ["p2"], "customers": [31], "position": [1]}
        ),
        "rule": table(models.RULE, rules),
        "rule_fit": table(
            models.RULE_FIT,
            [
                {
                    "status": "promoted",
                    "status_reason": "400 baskets from 2025-04-01 to 2025-06-29; "
                    "3 rules of confidence 0.2 or more",
                }
            ],
        ),
        "model": table(models.MODEL, target_rows),
        "evaluation": table(
            models.EVALUATION,
            [
                {"target": "buy_30d", "algorithm": name, "sample": "test", "metric": metric, "value": value}
                for name, values in scores.items()
                for metric, value in values.items()
            ],
        ),
        "lift": table(models.LIFT, lift),
        "recommender": table(
            models.RECOMMENDER,
            [
                {
                    "status": "promoted",
                    "algorithm": "buy_again",
                    "status_reason": "NDCG@10 on the last 28 days, 60 customers: "
                    "popularity 0.1000, buy_again 0.2100, item_item 0.0900",
                }
            ],
        ),
        "recommender_evaluation": table(
            models.RECOMMENDER_EVALUATION,
            [
                {"algorithm": name, "metric": metric, "value": value, "customers": 60}
                for name in ("popularity", "buy_again", "item_item", "blend")
                for metric, value in metrics.items()
            ],
        ),
        "ledger": pd.DataFrame(ledger),
        "reason": pd.DataFrame(reasons),
        "statistic": table(behaviour.STATISTIC, statistics),
        "readable": frozenset(("orders_7d", "posts_ever", "sales_ever", "region")),
        "described": {
            "orders_7d": Described("Orders <last week>", "最近一周的订单数", "order"),
            "posts_ever": Described("Posts ever", "全部发文数", "post"),
            "sales_ever": Described("Sales ever", "全部销售额", "currency"),
        },
        "title": pd.DataFrame(
            {
                "product_id": ["p1", "p2"],
                "title": ["Green <tea>", "Cup & saucer"],
                "category": ["tea", "ware"],
            }
        ),
        **traces(),
    }
    return dataclasses.replace(base, **changed)


def traces() -> dict[str, pd.DataFrame]:
    """Visits, contacts, texts, and three customers to look up, one of them bare."""
    web = [
        (DAY, "direct", "desktop", "visitor", 60, 30, 5, 1, 0, 40),
        (DAY, "email", "mobile", "customer", 20, 18, 9, 6, 5, 1),
        (SUNDAY, "email", "desktop", "customer", 20, 12, 3, 2, 1, 3),
    ]
    contact = [
        ("s01", "email", "win_back", 40, 10, 20, 10, 8, 12.0),
        ("s02", "sms", "win_back", 50, 0, 0, 5, 1, 5.0),
        (None, "email", "win_back", 10, 0, 0, 0, 0, 3.0),
    ]
    interest = [("s01", "tea", 90), ("s01", "ware", 10), ("s02", "tea", 30), ("s02", "ware", 70)]
    social = [("tea", 2, 3, 3, 12, 1, 1, 4, 1.5), ("unknown", 1, 0, 0, 0, 0, 1, 0, -0.5)]
    shown = pd.DataFrame(
        {
            "customer_id": ["c_bb02", "c_aa01", "c_aa02"],
            "age_band": ["25_34", "unknown", "65_plus"],
            "gender": ["female", "male", "unknown"],
            "region": ["北京", "<b>Paris</b>", "unknown"],
            "income_band": ["high", "unknown", "low"],
            "segment_key": ["s01", "s02", None],
            "rfm_segment": ["champions", "hibernating", None],
            "is_outlier": [False, True, False],
            "recency_days": [2.0, 90.0, None],
            "tenure_days": [200.0, 90.0, None],
            "orders_365d": [12, 1, 0],
            "sales_365d": [1234.5, 20.0, 0.0],
            "average_order_value_365d": [102.875, 20.0, None],
            "discount_share_365d": [0.1, 0.0, None],
            "refund_share_365d": [0.0, 1.0, None],
            "favourite_category": ["tea", "ware", None],
        }
    )
    tags = [
        ("c_bb02", "rfm:champions", 1.0),
        ("c_bb02", "segment:s01", 1.0),
        ("c_aa01", "refund:frequent", 1.0),
    ]
    scores = [("c_bb02", "buy_30d", 0.71234567, 1), ("c_aa01", "buy_30d", 0.05, 10)]
    offers = [("c_bb02", 1, "p2", "item_item", "p1"), ("c_aa01", 1, "p9", "popularity", None)]
    days = pd.DataFrame(
        [("c_bb02", DAY), ("c_bb02", SUNDAY), ("c_aa01", SUNDAY)], columns=["customer_id", "event_day"]
    )
    done = {
        "orders": [1, 0, 0],
        "sales_amount": [99.5, 0, 0],
        "sessions": [2, 0, 0],
        "product_views": [7, 0, 0],
    }
    done |= {"contacts": [0, 1, 0], "opens": [0, 1, 0], "refund_amount": [0, 0, 20.0]}
    for name in (name for kind in KINDS.values() for name in kind):
        days[name] = done.get(name, 0)
    columns = ["event_day", "channel", "device", "visitor_type", *STEPS, "bounces"]
    return {
        "web": pd.DataFrame(web, columns=columns),
        "contact": pd.DataFrame(
            contact,
            columns=["segment_key", "channel", "message", "contacts", "holdouts", *ANSWERS, "cost_amount"],
        ),
        "interest": pd.DataFrame(interest, columns=["segment_key", "category", "views"]),
        "social": pd.DataFrame(social, columns=["category", *SOCIAL]),
        "shown": shown,
        "shown_tag": pd.DataFrame(tags, columns=["customer_id", "tag", "weight"]),
        "shown_score": pd.DataFrame(scores, columns=["customer_id", "target", "probability", "decile"]),
        "shown_offer": pd.DataFrame(
            offers, columns=["customer_id", "rank", "product_id", "algorithm", "because_product_id"]
        ),
        "shown_day": days,
    }
