"""The miner against the definition, published counts and its own order of rows."""

from __future__ import annotations

import gzip
import itertools
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from persona_pipeline.affinity import itemsets as module
from persona_pipeline.affinity.itemsets import NotEnoughData, mine_itemsets, minimum_count
from persona_pipeline.affinity.rules import association_rules

MANY_BASKETS = st.lists(st.frozensets(st.integers(0, 7), min_size=1, max_size=6), min_size=1, max_size=90)


def long(baskets: list) -> pd.DataFrame:
    """One row per basket and item."""
    return pd.DataFrame(
        [(number, item) for number, items in enumerate(baskets) for item in items],
        columns=["basket_id", "item"],
    )


def read_baskets(path: Path, separator: str | None) -> pd.DataFrame:
    """A file of one basket a line."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        lines = [line.strip().split(separator) for line in file]
    basket = np.repeat(np.arange(len(lines)), [len(line) for line in lines])
    item = np.array([item.strip() for line in lines for item in line])
    return pd.DataFrame({"basket_id": basket, "item": item.astype(np.int32) if separator is None else item})


def by_definition(baskets: list, threshold: int, longest: int) -> dict[tuple, int]:
    """Count every combination of items, as the definition says."""
    items = sorted(set().union(*baskets))
    counts = {
        chosen: sum(basket.issuperset(chosen) for basket in baskets)
        for length in range(1, longest + 1)
        for chosen in itertools.combinations(items, length)
    }
    return {chosen: count for chosen, count in counts.items() if count >= threshold}


@pytest.mark.parametrize(
    ("support", "baskets", "expected"),
    [(0.001, 9835, 10), (0.01, 9835, 99), (0.005, 9835, 50), (0.1, 30, 3), (0.07, 100, 7), (1.0, 12, 12)],
)
def test_support_becomes_a_whole_number_of_baskets_once(support, baskets, expected):
    assert minimum_count(support, baskets) == expected


@pytest.mark.parametrize("support", [0.0, -0.1, 1.1])
def test_a_support_outside_0_to_1_is_refused(support):
    with pytest.raises(ValueError, match="minimum_support"):
        minimum_count(support, 10)


def test_a_small_table_by_hand():
    frame = long([{"bread", "milk"}, {"bread", "milk", "tea"}, {"milk"}, {"bread", "milk"}])
    found = mine_itemsets(frame, minimum_support=0.5).to_frame()
    assert found.to_dict("records") == [
        {"items": ("milk",), "length": 1, "count": 4, "support": 1.0},
        {"items": ("bread",), "length": 1, "count": 3, "support": 0.75},
        {"items": ("bread", "milk"), "length": 2, "count": 3, "support": 0.75},
    ]


def test_too_few_baskets_are_refused_with_their_number():
    with pytest.raises(NotEnoughData, match="2 baskets, at least 100 needed"):
        mine_itemsets(long([{"a"}, {"b"}]), minimum_support=0.5, minimum_baskets=100)


def test_a_missing_item_is_refused():
    with pytest.raises(ValueError, match="missing"):
        mine_itemsets(pd.DataFrame({"basket_id": [1, 2], "item": ["a", None]}), minimum_support=0.5)


@settings(max_examples=60, deadline=None)
@given(baskets=MANY_BASKETS, threshold=st.integers(1, 12), longest=st.integers(1, 5), seed=st.integers(0, 9))
def test_equals_the_definition_in_any_order_of_rows(baskets, threshold, longest, seed):
    frame = long(baskets)
    frame = pd.concat([frame, frame.head(3)]).sample(frac=1, random_state=seed)  # repeats do not count twice
    share = min(1.0, threshold / len(baskets))
    found = mine_itemsets(frame, minimum_support=share, max_length=longest).to_frame()
    got = dict(zip(found["items"], found["count"], strict=True))
    assert got == by_definition(baskets, min(threshold, len(baskets)), longest)


def test_small_budgets_change_nothing(monkeypatch):
    random = np.random.default_rng(7)
    baskets = [frozenset(random.choice(12, size=5, replace=False).tolist()) for _ in range(300)]
    whole = mine_itemsets(long(baskets), minimum_support=0.02).to_frame()
    monkeypatch.setattr(module, "WORDS_AT_ONCE", 4)
    monkeypatch.setattr(module, "CELLS_AT_ONCE", 64)
    pd.testing.assert_frame_equal(mine_itemsets(long(baskets), minimum_support=0.02).to_frame(), whole)


@pytest.mark.parametrize(("support", "expected"), [(0.01, 333), (0.005, 1001), (0.001, 13492)])
def test_groceries_itemsets(shared_data, support, expected):
    frame = read_baskets(shared_data / "groceries" / "groceries.csv.gz", ",")
    assert mine_itemsets(frame, minimum_support=support, max_length=None).size == expected


@pytest.mark.parametrize(
    ("support", "confidence", "expected"),
    [
        (0.001, 0.8, 410),
        (0.001, 0.5, 5668),
        (0.006, 0.25, 463),
        (0.01, 0.5, 15),
        (0.005, 0.5, 120),
        (0.001, 0.9, 129),
    ],
)
def test_groceries_rules(shared_data, support, confidence, expected):
    frame = read_baskets(shared_data / "groceries" / "groceries.csv.gz", ",")
    mined = mine_itemsets(frame, minimum_support=support, max_length=None)
    assert len(association_rules(mined, minimum_confidence=confidence)) == expected


def test_groceries_top_rule(shared_data):
    frame = read_baskets(shared_data / "groceries" / "groceries.csv.gz", ",")
    mined = mine_itemsets(frame, minimum_support=0.001, max_length=None)
    top = association_rules(mined, minimum_confidence=0.5).iloc[0]
    assert top["antecedent"] == ("Instant food products", "soda")
    assert (top["consequent"], top["count"]) == ("hamburger meat", 12)
    assert top["confidence"] == pytest.approx(0.6315789, abs=5e-8)
    assert top["lift"] == pytest.approx(18.99565, abs=5e-6)


@pytest.mark.parametrize(("count", "published"), [(4062, 152), (1625, 53_582)])
def test_mushroom_itemsets(shared_data, count, published):
    """The published counts leave out the one item that is in every basket (85), as pyfim does."""
    frame = read_baskets(shared_data / "fimi" / "mushroom.dat.gz", None)
    mined = mine_itemsets(frame, minimum_support=count / 8124, max_length=None)
    in_every_basket = int((mined.counts[0] == 8124).sum())
    assert (mined.minimum_count, in_every_basket) == (count, 1)
    assert mined.size - in_every_basket == published


def test_t10i4d100k_itemsets(shared_data):
    frame = read_baskets(shared_data / "fimi" / "T10I4D100K.dat.gz", None)
    assert mine_itemsets(frame, minimum_support=0.001, max_length=None).size == 27_532
    few = mine_itemsets(frame, minimum_support=0.01, max_length=None)
    assert [len(count) for count in few.counts] == [375, 9, 1]


@pytest.mark.proof
def test_dense_and_large_rules(shared_data):
    mushroom = read_baskets(shared_data / "fimi" / "mushroom.dat.gz", None)
    mined = mine_itemsets(mushroom, minimum_support=0.3, max_length=None)
    assert len(association_rules(mined, minimum_confidence=0.8)) == 9_831
    sparse = read_baskets(shared_data / "fimi" / "T10I4D100K.dat.gz", None)
    mined = mine_itemsets(sparse, minimum_support=0.001, max_length=None)
    assert len(association_rules(mined, minimum_confidence=0.8)) == 65_959
