"""The measures of a rule against their textbook definitions and against scipy's exact test."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import false_discovery_control, fisher_exact

from persona_pipeline.affinity.itemsets import mine_itemsets
from persona_pipeline.affinity.rules import association_rules, benjamini_hochberg, fisher_p_value

BASKETS = st.lists(st.frozensets(st.sampled_from("abcde"), min_size=1), min_size=1, max_size=60)


def mined(baskets: list, support: float = 0.05):
    rows = [(number, item) for number, items in enumerate(baskets) for item in items]
    return mine_itemsets(pd.DataFrame(rows, columns=["basket_id", "item"]), minimum_support=support)


def test_one_rule_by_hand():
    """10 baskets: tea in 5, cup in 4, both in 3."""
    baskets = [{"cup", "tea"}] * 3 + [{"tea"}] * 2 + [{"cup"}] + [{"pen"}] * 4
    rules = association_rules(mined(baskets, 0.3), minimum_confidence=0.7)
    assert len(rules) == 1
    rule = rules.iloc[0]
    assert (rule["antecedent"], rule["consequent"], rule["length"], rule["count"]) == (("cup",), "tea", 2, 3)
    assert rule["support"] == pytest.approx(0.3)
    assert rule["confidence"] == pytest.approx(0.75)
    assert rule["lift"] == pytest.approx(1.5)
    assert rule["leverage"] == pytest.approx(0.3 - 0.4 * 0.5)
    assert rule["conviction"] == pytest.approx((1 - 0.5) / (1 - 0.75))
    assert rule["zhang"] == pytest.approx(0.1 / max(0.3 * (1 - 0.4), 0.4 * (0.5 - 0.3)))
    # hypergeometric by hand: (C(4,3) C(6,2) + C(4,4) C(6,1)) / C(10,5)
    assert rule["p_value"] == pytest.approx((4 * 15 + 6) / 252)
    assert not rule["is_redundant"]


def test_a_rule_without_exception_has_no_conviction():
    rules = association_rules(mined([{"a", "b"}] * 3 + [{"b"}]), minimum_confidence=0.9)
    assert rules["confidence"].tolist() == [1.0]
    assert rules["conviction"].isna().tolist() == [True]


def test_no_itemsets_give_no_rules():
    assert association_rules(mined([{"a"}, {"b"}]), minimum_confidence=0.1).empty


def test_minimum_confidence_is_met_exactly():
    baskets = [{"a", "b"}] * 4 + [{"a"}]
    assert (
        len(association_rules(mined(baskets, 0.2), minimum_confidence=0.8)) == 2
    )  # a -> b is 4/5, b -> a is 1


@settings(max_examples=60, deadline=None)
@given(baskets=BASKETS, confidence=st.sampled_from([0.0, 0.3, 0.5, 0.8, 1.0]))
def test_rules_equal_the_definition(baskets, confidence):
    support = 1 / len(baskets)
    rules = association_rules(mined(baskets, support), minimum_confidence=confidence)

    def holding(items) -> int:
        return sum(basket.issuperset(items) for basket in baskets)

    expected = {}
    for length in range(2, 5):
        for items in itertools.combinations("abcde", length):
            for right in items if holding(items) else ():
                left = tuple(sorted(set(items) - {right}))
                value = holding(items) / holding(left)
                if value >= confidence:
                    shorter = [
                        holding({*part, right}) / holding(part)
                        for size in range(1, len(left))
                        for part in itertools.combinations(left, size)
                    ]
                    expected[left, right] = (holding(items), value, max(shorter, default=-1) >= value)
    got = {
        (row["antecedent"], row["consequent"]): (row["count"], row["confidence"], row["is_redundant"])
        for row in rules.to_dict("records")
    }
    assert got == expected


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_p_value_is_fishers_one_sided_test(data):
    baskets = data.draw(st.integers(2, 3000))
    left = data.draw(st.integers(1, baskets))
    right = data.draw(st.integers(1, baskets))
    count = data.draw(st.integers(max(0, left + right - baskets), min(left, right)))
    table = [[count, left - count], [right - count, baskets - left - right + count]]
    expected = fisher_exact(table, alternative="greater")[1]
    got = fisher_p_value(np.array([count]), np.array([left]), np.array([right]), baskets)[0]
    assert got == pytest.approx(expected, rel=1e-7, abs=1e-11)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=50))
def test_q_values_are_benjamini_hochberg(p_values):
    np.testing.assert_allclose(benjamini_hochberg(np.array(p_values)), false_discovery_control(p_values))
