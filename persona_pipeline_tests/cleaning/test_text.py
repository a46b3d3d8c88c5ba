"""What a text says: its language, its sentiment and the category it speaks of."""

from __future__ import annotations

import datetime as dt
import time
from decimal import Decimal

import pytest

from persona_pipeline.cleaning.text_language import language_of
from persona_pipeline.cleaning.text_mention import Categories
from persona_pipeline.cleaning.text_sentiment import label_of, sentiment_of


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("The parcel came late and nobody answered.", "en"),
        ("Super!!!", "en"),
        ("It’s a déjà vu", "en"),
        ("很好，下次还会来", "zh"),
        ("iPhone 手机壳质量很好", "zh"),
        ("I bought it at 王府井 and it is great so far for my family", "en"),
        ("Das ist nicht gut und zu teuer", "other"),
        ("très bon produit", "other"),
        ("muy bueno pero caro", "other"),
        ("とても美味しい、本当に好き", "other"),
        ("정말 좋아요", "other"),
        ("Отлично", "other"),
        ("https://example.org @ann #great", "other"),
        ("5/5 👍", "other"),
        ("", "other"),
    ],
)
def test_language(text: str, language: str) -> None:
    assert language_of(text) == language


# the first four are printed in VADER's README, scores included
@pytest.mark.parametrize(
    ("text", "language", "score"),
    [
        ("VADER is smart, handsome, and funny.", "en", "0.8316"),
        ("VADER is not smart, handsome, nor funny.", "en", "-0.7424"),
        ("Today SUX!", "en", "-0.5461"),
        ("The book was good.", "en", "0.4404"),
        ("Das ist gut", "other", "0.0000"),
        ("", "en", "0.0000"),
        ("", "zh", "0.0000"),
        ("今天星期一", "zh", "0.0000"),
    ],
)
def test_scores(text: str, language: str, score: str) -> None:
    assert str(sentiment_of(text, language)) == score


@pytest.mark.parametrize(
    "ordered",
    [
        ["太难吃了", "不好吃", "有点咸", "今天送到", "还可以", "好吃", "非常好吃"],
        ["一点也不满意", "不太满意", "满意", "很满意"],
        ["虽然便宜，但是太差", "虽然太差，但是便宜"],
        ["垃圾", "一般", "不错", "完美"],
    ],
)
def test_chinese_negation_degree_and_contrast(ordered: list[str]) -> None:
    scores = [sentiment_of(text, "zh") for text in ordered]
    assert scores == sorted(scores)
    assert len(set(scores)) == len(scores)


def test_labels_and_bounds() -> None:
    labels = [label_of(Decimal(score)) for score in ("-0.05", "-0.0499", "0", "0.0499", "0.05")]
    assert labels == ["negative", "neutral", "neutral", "neutral", "positive"]
    for text, language in (("完美" * 5_000, "zh"), ("love " * 2_000, "en"), ("垃圾" * 5_000, "zh")):
        assert 1 >= abs(sentiment_of(text, language)) > Decimal("0.99")


def test_a_hostile_text_costs_little() -> None:
    started = time.process_time()
    sentiment_of("but good " * 100_000, "en")
    sentiment_of("但好" * 500_000, "zh")
    assert time.process_time() - started < 10


def test_categories_known_on_a_day() -> None:
    first, later = dt.date(2025, 1, 6), dt.date(2025, 1, 8)
    categories = Categories(
        ["食品 Food", "Home & Garden", "Kids Toys", "Pet Toys", "Garden-Furniture", "C++ (books)"],
        [first, first, first, later, later, first],
    )
    for text, on_first, on_later in [
        ("Food, then home", "食品 Food", "食品 Food"),
        ("买了食品", "食品 Food", "食品 Food"),
        ("the HOME of foodies", "Home & Garden", "Home & Garden"),
        ("toys", "Kids Toys", None),
        ("garden chairs", "Home & Garden", None),
        ("furniture", None, "Garden-Furniture"),
        ("pets and", None, None),
        ("Books!", "C++ (books)", "C++ (books)"),
        ("", None, None),
    ]:
        assert (categories.mentioned(text, first), categories.mentioned(text, later)) == (on_first, on_later)
    assert Categories([], []).mentioned("food", first) is None
