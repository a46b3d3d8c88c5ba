"""Names: from the strongest evidence, unique, and kept while they are true."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from persona_pipeline.features.catalogue import feature_table, load_catalogue
from persona_pipeline.segmentation import DEFAULT_FEATURES, naming
from persona_pipeline.segmentation.naming import Name, name_segments

FEATURES = (
    "orders_365d",
    "sales_365d",
    "recency_days",
    "discount_share_365d",
    "category_share_365d:食品 Food",
)


def one(differences: dict[str, float]) -> tuple[str, str]:
    name = name_segments({"s01": differences}, {})["s01"]
    return name.en, name.zh


def test_the_two_strongest_make_the_name() -> None:
    assert one({"sales_365d": 2.0, "orders_365d": 1.5, "recency_days": -0.3}) == (
        "Frequent big spenders",
        "高频高消费客户",
    )
    assert one({"orders_90d": 2.0, "orders_365d": 1.9, "recency_days": 0.5}) == (
        "Lapsed frequent buyers",
        "久未下单高频客户",
    )
    assert one({"discount_share_365d": 1.0}) == ("Bargain hunters", "爱优惠客户")
    assert one({"discount_share_365d": 0.1}) == ("Typical customers", "普通客户")


def test_a_category_speaks_each_language_and_only_when_it_is_bought() -> None:
    food = "category_share_365d:食品 Food"
    assert one({food: 1.2, "orders_365d": 1.0}) == ("Frequent food shoppers", "高频爱买食品客户")
    assert one({food: -2.0, "orders_365d": 1.0}) == ("Frequent buyers", "高频客户")
    assert one({"category_share_365d:Toys": 1.2}) == ("Toys shoppers", "爱买Toys客户")


def test_equal_evidence_gets_different_names() -> None:
    same = {"sales_365d": 2.0, "orders_365d": 1.5, "recency_days": -0.5}
    names = name_segments(
        {"s01": same, "s02": same, "s03": {"sales_365d": 2.0}, "s04": {"sales_365d": 2.0}}, {}
    )
    assert [name.en for name in names.values()] == [
        "Frequent big spenders",
        "Recently active, frequent big spenders",
        "Big spenders",
        "Big spenders (s04)",
    ]


def test_a_name_stays_until_its_evidence_changes_sign() -> None:
    last = {"s01": Name("Frequent buyers", "高频客户", (("orders_365d", 1),))}
    assert (
        name_segments({"s01": {"sales_365d": 3.0, "orders_365d": 0.1}}, last)["s01"].en == "Frequent buyers"
    )
    assert name_segments({"s01": {"sales_365d": 3.0, "orders_365d": -0.1}}, last)["s01"].en == "Big spenders"


@given(st.lists(st.lists(st.floats(-3, 3), min_size=5, max_size=5), min_size=1, max_size=12))
def test_names_are_unique_in_both_languages(rows: list[list[float]]) -> None:
    names = name_segments({f"s{n}": dict(zip(FEATURES, row, strict=True)) for n, row in enumerate(rows)}, {})
    assert len({name.en for name in names.values()}) == len(rows)
    assert len({name.zh for name in names.values()}) == len(rows)


def test_words_and_defaults_speak_of_features_that_exist() -> None:
    columns = feature_table(load_catalogue()).column_names
    assert set(DEFAULT_FEATURES) <= set(columns)
    stems = {re.sub(r"_\d+d$", "", name) for name in columns}
    words = tomllib.loads((Path(naming.__file__).parent / "words.toml").read_text(encoding="utf-8"))
    assert set(words) <= stems
    assert {re.sub(r"_\d+d$", "", name) for name in DEFAULT_FEATURES} <= set(words)
