"""The questions of sql/queries and every view, run as they stand, on both stores, against the small shop."""

from __future__ import annotations

import pytest

from persona_pipeline.engine.sql import sql_directory
from persona_pipeline.warehouse.schema import VIEWS
from persona_pipeline_tests.warehouse.conftest import numbers, rows
from persona_pipeline_tests.warehouse.lake import Lake

EXPECTED: dict[str, list[tuple[object, ...]]] = {
    "sales_by_persona_and_month": [
        ("New", "新客", "2025-02", 1, 1, 32.5, 0),
        ("Loyal", "忠诚", "2025-03", 1, 1, 37.5, 0),
        ("New", "新客", "2025-03", 1, 1, 12.5, 20),
    ],
    "repeat_rate_by_cohort_month": [("2025-02", 1, 1, 1, 1), ("2025-03", 1, 0, 0, 0)],
    "top_rules_with_titles": [("Tea 茶", "Cup", 7, 0.5, 0.5, 2)],
    "likely_to_leave_with_value": [
        ("c_a", "New", "新客", 0.8, 32.5, 26, None),
        ("c_b", "Loyal", "忠诚", 0.4, 25, 10, None),
    ],
    "best_offers_by_persona": [
        ("Loyal", "忠诚", 1, "Cup", "kitchen", 1, 1),
        ("New", "新客", 1, "Tea 茶", "drinks", 2, 2),
        ("New", "新客", 2, "p9", "unknown", 1, 0),
    ],
    "needs_by_persona": [
        ("Loyal", "忠诚", 1, "p1, and with it p2", "购买p1时一并购买p2", 0.5, 250, 4),
        ("Loyal", "忠诚", 2, "p2, and with it p4", "购买p2时一并购买p4", 0.25, 120, 0),
    ],
    "segment_movements_by_month": [
        ("2025-03", "new", "Loyal", 2),
        ("2025-03", "Loyal", "New", 1),
        ("2025-03", "new", "New", 1),
    ],
    "category_mix_by_persona": [
        ("Loyal", "忠诚", "drinks", 37.5, 1),
        ("New", "新客", "drinks", 25, round(25 / 45, 9)),
        ("New", "新客", "kitchen", 20, round(20 / 45, 9)),
    ],
    "model_quality_over_time": [("2025-03-09", "churn_60d", "gradient_boosting", 0.8, 0.75, 0.05)],
    "data_quality_by_source": [
        ("2025-03", "orders", 2, 20, 7, 3, 10, 0.35, 0.15),
        ("2025-03", "products", 0, 0, 0, 0, 0, None, None),
    ],
    "features_that_moved": [("orders_30d", 0.3, "act", 1, 800, 900, 1)],
    "customers_to_reach_by_tag": [
        ("value", "value:0", 1, 0, 0.25),
        ("value", "value:25", 1, 25, 0.25),
        ("value", "value:32.50", 1, 32.5, 0.25),
    ],
    "funnel_by_persona": [("New", "新客", 1, 2, 2, 1, 1, 1, 0.5), ("Loyal", "忠诚", 1, 1, 1, 0, 0, 0, 0)],
    "response_by_channel_and_persona": [
        ("Loyal", "忠诚", "sms", 1, 0, 1, 0, 0, 0, None),
        ("New", "新客", "email", 1, 1, 1, 1, 1, 1, 0.3),
    ],
    "interests_against_purchases": [
        ("Loyal", "忠诚", "drinks", 2, 1, 1, 1),
        ("New", "新客", "drinks", 3, 2, 0.75, round(2 / 3, 9)),
        ("New", "新客", "kitchen", 1, 1, 0.25, round(1 / 3, 9)),
    ],
    "sentiment_by_category": [("2025-03", "drinks", 1, 1, 5, 0, 0.75, 0)],
    "visitors_and_customers_by_channel": [
        ("direct", 3, 0, round(2 / 3, 9), None, 0, 0),
        ("email", 0, 2, None, 0, 0.5, 0.5),
        ("organic_search", 0, 1, None, 0, 0, 0),
    ],
}


def test_every_question_has_an_expected_answer() -> None:
    files = {file.stem for file in (sql_directory() / "queries").glob("*.sql")}
    assert files == set(EXPECTED)
    assert len(files) >= 12


def test_every_view_has_a_file_and_is_created() -> None:
    assert {file.stem for file in (sql_directory() / "views").glob("*.sql")} == set(VIEWS)


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_a_question_says_what_it_asks_in_both_languages(name: str) -> None:
    first, second = (sql_directory() / "queries" / f"{name}.sql").read_text(encoding="utf-8").splitlines()[:2]
    assert first.startswith("-- en: ")
    assert second.startswith("-- zh: ")


def test_questions_are_answered(lake: Lake, url: str) -> None:
    lake.publish(url)
    for name, expected in EXPECTED.items():
        statement = (sql_directory() / "queries" / f"{name}.sql").read_text(encoding="utf-8")
        assert numbers(rows(url, statement)) == [tuple(row) for row in expected], name


def test_top_reason_of_rejection_and_refunds_without_a_sale(lake: Lake, url: str) -> None:
    lake.publish(url)
    columns = "source, top_reject_reason, top_reject_records, refunds_matched, refunds_unmatched"
    assert rows(url, f"SELECT {columns} FROM v_mart_data_quality ORDER BY 1") == [
        ("orders", "future", 2, 1, 1),
        ("products", None, 0, 0, 0),
    ]


def test_features_of_sundays_and_of_the_day(lake: Lake, url: str) -> None:
    """A range keeps Sundays and its last days, nights keep 35 days: what both have is shown, for a year."""
    lake.publish(url)
    columns = "day, feature, coverage, distinct_values, psi, stability, reference_on, reference_customers"
    found = rows(url, f"SELECT {columns} FROM v_mart_feature_quality ORDER BY day, feature")
    sunday, monday, then = "2025-03-09", "2025-03-10", "2025-02-09"
    assert numbers(found) == [
        (sunday, "orders_30d", 1, None, 0.05, "stable", then, 800),
        (sunday, "region", 0.25, 3, None, None, then, 800),
        (monday, "orders_30d", 1, None, 0.3, "act", then, 800),
        (monday, "region", 0.25, 3, None, None, then, 800),
    ]
