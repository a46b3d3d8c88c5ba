"""Profiles, tags and personas of a literal shop of four customers, each expected row worked out by hand."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest

from persona_pipeline.contracts import LAKE_TABLES, Column, Table, Type
from persona_pipeline.contracts.behaviour import FEATURES
from persona_pipeline.engine.duckdb import DuckDBEngine
from persona_pipeline.lake.delta import DeltaLake
from persona_pipeline.profiles import profile_day
from persona_pipeline.profiles.tags import TAG_GROUPS

SUNDAY = dt.date(2025, 3, 2)
DAY = dt.date(2025, 3, 5)
TABLE = FEATURES.with_columns(
    [
        Column("recency_days", Type.INTEGER, "", nullable=True),
        Column("tenure_days", Type.INTEGER, "", nullable=True),
        Column("orders_365d", Type.INTEGER, ""),
        Column("sales_365d", Type.DECIMAL, ""),
        Column("average_order_value_365d", Type.DOUBLE, "", nullable=True),
        Column("discount_share_365d", Type.DOUBLE, "", nullable=True),
        Column("refund_share_365d", Type.DOUBLE, "", nullable=True),
        Column("favourite_category", Type.TEXT, "", nullable=True),
    ]
)
WRITTEN = ("profiles.customer_profile", "profiles.customer_tag", "profiles.persona", "profiles.persona_need")

Rows = Sequence[Mapping[str, object]]


def feature_row(
    customer: str,
    recency: int | None,
    tenure: int | None,
    orders: int,
    sales: float,
    discount: float | None,
    refund: float | None,
    category: str | None,
) -> dict[str, object]:
    return {
        "day": DAY,
        "as_of": DAY,
        "customer_id": customer,
        "age_band": "25_34",
        "gender": "female",
        "region": "north",
        "income_band": "low",
        "recency_days": recency,
        "tenure_days": tenure,
        "orders_365d": orders,
        "sales_365d": Decimal(str(sales)),
        "average_order_value_365d": sales / orders if orders else None,
        "discount_share_365d": discount,
        "refund_share_365d": refund,
        "favourite_category": category,
    }


FEATURE_ROWS = [
    feature_row("c_a", 3, 300, 20, 6000.0, 0.02, 0.0, "Food"),
    feature_row("c_b", 10, 12, 1, 100.0, 0.50, 0.25, "Food"),
    feature_row("c_c", 200, 230, 2, 300.0, 0.05, 0.0, "Books"),
    feature_row("c_d", None, None, 0, 0.0, None, None, None),
]


def membership(
    customer: str,
    key: str | None,
    outlier: bool,
    r: int | None,
    f: int | None,
    m: int | None,
    name: str | None,
) -> dict:
    return {
        "day": DAY,
        "as_of": DAY,
        "customer_id": customer,
        "segment_key": key,
        "distance": 1.0 if key else None,
        "confidence": 0.6,
        "is_outlier": outlier,
        "rfm_recency": r,
        "rfm_frequency": f,
        "rfm_monetary": m,
        "rfm_segment": name,
        "model_id": "segments-20250302-00000000",
    }


MEMBERS = [
    membership("c_a", "s01", False, 5, 5, 5, "champions"),
    membership("c_b", "s02", True, 3, 1, 1, "about_to_sleep"),
    membership("c_c", "s02", False, 1, 3, 3, "at_risk"),
    membership("c_d", None, False, None, None, None, None),
]


def prediction(customer: str, target: str, probability: float, decile: int) -> dict[str, object]:
    return {
        "day": DAY,
        "as_of": DAY,
        "customer_id": customer,
        "target": target,
        "probability": probability,
        "percentile": probability,
        "decile": decile,
        "model_id": f"{target}-20250302-00000000",
    }


PREDICTIONS = [
    prediction("c_a", "buy_30d", 0.9, 1),
    prediction("c_b", "buy_30d", 0.25, 6),
    prediction("c_c", "buy_30d", 0.125, 9),
    prediction("c_c", "churn_60d", 0.75, 2),
]
OFFERS = [
    {
        "day": DAY,
        "as_of": DAY,
        "customer_id": "c_a",
        "rank": rank,
        "product_id": f"P{rank}",
        "score": 1.0,
        "algorithm": "popularity",
        "because_product_id": None,
    }
    for rank in (1, 2)
]
SEGMENTS = [
    {
        "day": SUNDAY,
        "segment_key": key,
        "name_en": en,
        "name_zh": zh,
        "customers": 9,
        "share": 0.5,
        "change": "born",
        "overlap": None,
        "is_stable": True,
        "stability": 0.9,
    }
    for key, en, zh in (
        ("s01", "Frequent buyers", "高频客户"),
        ("s02", "Occasional buyers", "低频客户"),
        ("s03", "New", "新客户"),
    )
]


def evidence(
    key: str, feature: str, mean: float, base: float, difference: float, rank: int
) -> dict[str, object]:
    return {
        "day": SUNDAY,
        "segment_key": key,
        "feature": feature,
        "mean": mean,
        "median": mean,
        "base_mean": base,
        "tgi": 100 * mean / base if base else None,
        "effect_size": 1.5,
        **dict.fromkeys(("example_1", "example_2", "example_3"), mean),
        "difference": difference,
        "evidence_rank": rank,
    }


EVIDENCE = [
    evidence("s01", "orders_365d", 20.0, 7.5, 2.0, 1),
    evidence("s01", "orders_90d", 6.0, 2.0, 1.5, 2),
    evidence("s01", "category_share_365d:Food", 0.8, 0.4, 1.2, 3),
    evidence("s02", "discount_share_365d", 0.31, 0.19, 0.5, 1),
    evidence("s02", "orders_365d", 1.5, 7.5, -0.4, 2),
    evidence("s02", "sales_365d", 80.5, 1600.0, -0.3, 3),
    evidence("s03", "orders_365d", 7.6, 7.5, 0.01, 1),
]


@pytest.fixture
def written(tmp_path: Path) -> dict[str, list[dict]]:
    return run(tmp_path, FEATURE_ROWS, MEMBERS, PREDICTIONS, OFFERS, SEGMENTS, EVIDENCE)


def run(
    tmp_path: Path,
    features: Rows,
    members: Rows,
    scores: Rows,
    offers: Rows,
    segments: Rows,
    proof: Rows,
    contract: Table = TABLE,
) -> dict:
    lake = DeltaLake(tmp_path / "lake")
    with DuckDBEngine(tmp_path / "scratch", threads=1) as engine:
        given: list[tuple[Table, Rows]] = [
            (contract, features),
            (LAKE_TABLES["segments.membership"], members),
            (LAKE_TABLES["scores.prediction"], scores),
            (LAKE_TABLES["recommendations.recommendation"], offers),
            (LAKE_TABLES["segments.segment"], segments),
            (LAKE_TABLES["segments.segment_profile"], proof),
        ]
        for table, rows in given:
            if rows:
                output = lake.output(table)
                files = engine.select_into(
                    "SELECT * FROM t", {"t": pa.Table.from_pylist([dict(row) for row in rows])}, output
                )
                lake.replace(output, {file.day for file in files}, files)
        outputs = {name: lake.output(LAKE_TABLES[name]) for name in WRITTEN}
        for name, files in profile_day(
            engine, lake.read, outputs, contract, DAY, currency="EUR", described={}
        ).items():
            lake.replace(outputs[name], [DAY], files)
        found = {}
        for name in WRITTEN:
            table = LAKE_TABLES[name]
            sql = f"SELECT * FROM t ORDER BY {', '.join(table.key)}"
            found[name] = engine.fetch(sql, {"t": lake.read(table, DAY, DAY)}).to_pylist()
    return found


def test_everybody_has_a_profile(written: dict[str, list[dict]]) -> None:
    columns = (
        "customer_id",
        "segment_key",
        "rfm_segment",
        "is_outlier",
        "favourite_category",
        "buy_probability",
        "churn_probability",
        "next_product_id",
    )
    assert [tuple(row[name] for name in columns) for row in written["profiles.customer_profile"]] == [
        ("c_a", "s01", "champions", False, "Food", 0.9, None, "P1"),
        ("c_b", "s02", "about_to_sleep", True, "Food", 0.25, None, None),
        ("c_c", "s02", "at_risk", False, "Books", 0.125, 0.75, None),
        ("c_d", None, None, False, None, None, None, None),
    ]


def test_tags(written: dict[str, list[dict]]) -> None:
    assert [(row["customer_id"], row["tag"], row["weight"]) for row in written["profiles.customer_tag"]] == [
        ("c_a", "category:Food", 1.0),
        ("c_a", "intent:buy_high", 0.9),
        ("c_a", "lifecycle:active", 1.0),
        ("c_a", "rfm:champions", 1.0),
        ("c_a", "segment:s01", 1.0),
        ("c_a", "value:high", 1.0),
        ("c_b", "category:Food", 1.0),
        ("c_b", "discount:seeker", 0.5),
        ("c_b", "lifecycle:new", 1.0),
        ("c_b", "refund:frequent", 0.25),
        ("c_b", "rfm:about_to_sleep", 1.0),
        ("c_b", "segment:s02", 0.5),
        ("c_b", "value:low", 1.0),
        ("c_c", "category:Books", 1.0),
        ("c_c", "lifecycle:lost", 1.0),
        ("c_c", "rfm:at_risk", 1.0),
        ("c_c", "risk:churn_high", 0.75),
        ("c_c", "segment:s02", 1.0),
        ("c_c", "value:medium", 1.0),
        ("c_d", "lifecycle:prospect", 1.0),
    ]
    assert all(row["tag"].startswith(row["tag_group"] + ":") for row in written["profiles.customer_tag"])


def test_personas_describe_the_day_with_the_names_of_the_week(written: dict[str, list[dict]]) -> None:
    first, second, empty = written["profiles.persona"]
    assert {
        key: first[key]
        for key in ("segment_key", "name_en", "customers", "top_category", "median_recency_days")
    } == {
        "segment_key": "s01",
        "name_en": "Frequent buyers",
        "customers": 1,
        "top_category": "Food",
        "median_recency_days": 3.0,
    }
    assert first["share"] == pytest.approx(1 / 3)
    assert first["sales_share_365d"] == pytest.approx(6000 / 6400)
    assert (second["customers"], second["sales_per_customer_365d"], second["orders_per_customer_365d"]) == (
        2,
        200.0,
        1.5,
    )
    assert (second["median_recency_days"], second["top_category"]) == (
        105.0,
        "Books",
    )  # Books and Food tie: by name
    assert (second["mean_buy_probability"], second["mean_churn_probability"]) == (0.1875, 0.75)
    assert (empty["customers"], empty["share"], empty["sales_share_365d"]) == (0, 0.0, 0.0)
    assert (empty["sales_per_customer_365d"], empty["median_recency_days"], empty["top_category"]) == (
        None,
        None,
        None,
    )


def test_summaries_name_the_evidence_once_per_group(written: dict[str, list[dict]]) -> None:
    first, second, empty = written["profiles.persona"]
    assert first["summary_en"] == "Orders in 365 days 20.0 (all: 7.5); Food 80% of what they buy (all: 40%)."
    assert first["summary_zh"] == "365 天订单数 20.0（全体 7.5）；所购商品中Food占 80%（全体 40%）。"
    assert second["summary_en"] == (
        "Discount share 31% (all: 19%); orders in 365 days 1.5 (all: 7.5); "
        "sales in 365 days €80.50 (all: €1,600)."
    )
    assert second["summary_zh"].endswith("；365 天消费额 €80.50（全体 €1,600）。")
    assert empty["summary_en"] == "Close to the average in everything."


def test_without_any_model_there_are_profiles_and_no_personas(tmp_path: Path) -> None:
    nobody = [membership(row["customer_id"], None, False, None, None, None, None) for row in MEMBERS]
    written = run(tmp_path, FEATURE_ROWS, nobody, [], [], [], [])
    assert len(written["profiles.customer_profile"]) == 4
    assert written["profiles.persona"] == []
    assert {row["tag_group"] for row in written["profiles.customer_tag"]} == {
        "lifecycle",
        "category",
        "discount",
        "refund",
    }


def test_a_day_without_customers_writes_nothing(tmp_path: Path) -> None:
    assert run(tmp_path, [], [], [], [], [], []) == {name: [] for name in WRITTEN}


TRACES = {
    "consent_marketing": Type.BOOLEAN,
    "contacts_30d": Type.INTEGER,
    "contacts_email_365d": Type.INTEGER,
    "contacts_sms_365d": Type.INTEGER,
    "response_share_email_365d": Type.DOUBLE,
    "response_share_sms_365d": Type.DOUBLE,
    "preferred_daypart": Type.TEXT,
    "preferred_daypart_share": Type.DOUBLE,
    "top_interest": Type.TEXT,
    "top_interest_share": Type.DOUBLE,
    "sessions_30d": Type.INTEGER,
    "sentiment_mean_365d": Type.DOUBLE,
    "products_carted_not_bought_30d": Type.INTEGER,
}
TRACED = TABLE.with_columns([Column(name, type_, "", nullable=True) for name, type_ in TRACES.items()])
TRACE_ROWS = [
    # answers sms more often; was contacted by both
    (True, 4, 6, 2, 0.1, 0.3, "evening", 0.75, "tea", 0.5, 3, -0.25, 1),
    # declined: no channel, whatever was answered
    (False, 0, 5, 0, 0.4, 0.1, "night", 1.0, "rice", 1.0, 0, 0.1, 0),
    # never contacted by sms, which everybody else answers: e-mail; nobody asked for consent
    (None, 1, 3, 0, 0.1, 0.2, None, None, None, None, 2, 0.2, 0),
    (None, 0, 0, 0, 0.1, 0.2, None, None, "rice", 0.5, 0, None, 0),
]


def test_traces_become_channels_interests_and_tags(tmp_path: Path) -> None:
    rows = [
        row | dict(zip(TRACES, values, strict=True))
        for row, values in zip(FEATURE_ROWS, TRACE_ROWS, strict=True)
    ]
    scores = [*PREDICTIONS, prediction("c_a", "respond_30d", 0.5, 1)]
    written = run(tmp_path, rows, MEMBERS, scores, OFFERS, SEGMENTS, EVIDENCE, TRACED)
    names = ("preferred_channel", "is_contactable", "top_interest", "sessions_30d", "respond_probability")
    assert [tuple(row[name] for name in names) for row in written["profiles.customer_profile"]] == [
        ("sms", True, "tea", 3, 0.5),
        (None, False, "rice", 0, None),
        ("email", True, None, 2, None),
        (None, True, "rice", 0, None),
    ]
    known = {"lifecycle", "rfm", "segment", "category", "value", "discount", "refund", "risk"}
    tags = [
        (row["customer_id"], row["tag"], row["weight"])
        for row in written["profiles.customer_tag"]
        if row["tag_group"] not in known
    ]
    assert tags == [
        ("c_a", "channel:sms", 1.0),
        ("c_a", "contact:often", 1.0),
        ("c_a", "daypart:evening", 0.75),
        ("c_a", "intent:buy_high", 0.9),
        ("c_a", "intent:respond_high", 0.5),
        ("c_a", "interest:tea", 0.5),
        ("c_a", "need:open_cart", 1.0),
        ("c_a", "sentiment:negative", 1.0),
        ("c_b", "contact:declined", 1.0),
        ("c_b", "daypart:night", 1.0),
        ("c_b", "interest:rice", 1.0),
        ("c_b", "sentiment:neutral", 1.0),
        ("c_c", "channel:email", 1.0),
        ("c_c", "sentiment:positive", 1.0),
        ("c_d", "interest:rice", 0.5),
    ]
    assert {row["tag"].split(":")[0] for row in written["profiles.customer_tag"]} <= set(TAG_GROUPS)
    personas = [
        (row["top_interest"], row["preferred_channel"], row["online_share_30d"])
        for row in written["profiles.persona"]
    ]
    assert personas == [("tea", "sms", 1.0), ("rice", "email", 0.5), (None, None, None)]
