"""Keys over weeks: permutations, splits, merges, births."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from persona_pipeline.segmentation.matching import first_keys, match_keys

KEYS = ("s01", "s02", "s03")


def changes(
    last: list[int], now: list[int], keys: tuple[str, ...] = KEYS, highest: int = 3
) -> dict[str, tuple[int, str]]:
    found = match_keys(np.array(last), np.array(now), keys, max(now) + 1, highest).matched
    return {one.key: (one.cluster, one.change) for one in found}


@given(st.permutations(range(4)), st.lists(st.integers(0, 3), min_size=4, max_size=60))
def test_renumbering_clusters_keeps_every_key(order: list[int], more: list[int]) -> None:
    last = np.array([0, 1, 2, 3, *more])
    now = np.array(order)[last]
    keys = ("s02", "s05", "s06", "s09")
    found = match_keys(last, now, keys, 4, 9).matched
    assert {one.key: one.cluster for one in found} == dict(zip(keys, order, strict=True))
    assert {(one.change, one.overlap) for one in found} == {("kept", 1.0)}


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 4)), min_size=30, max_size=80))
def test_keys_are_unique_and_new_ones_were_never_used(pairs: list[tuple[int, int]]) -> None:
    last, now = np.array([a for a, _ in pairs]), np.array([b for _, b in pairs])
    found = match_keys(last, now, ("s01", "s04", "s05"), 5, 7).matched
    keys = [one.key for one in found]
    assert len(set(keys)) == 5
    assert sorted(one.cluster for one in found) == list(range(5))
    assert all(key in {"s01", "s04", "s05"} or int(key[1:]) > 7 for key in keys)


def test_a_split_keeps_the_key_for_the_larger_part() -> None:
    last = [0] * 10 + [1] * 10 + [2] * 10
    now = [0] * 4 + [3] * 6 + [1] * 10 + [2] * 10
    assert changes(last, now) == {
        "s01": (3, "kept"),
        "s02": (1, "kept"),
        "s03": (2, "kept"),
        "s04": (0, "split"),
    }


def test_a_merger_keeps_the_key_of_the_larger_part_and_ends_the_other() -> None:
    last = [0] * 12 + [1] * 10 + [2] * 7
    now = [0] * 12 + [1] * 10 + [1] * 7
    assert changes(last, now) == {"s01": (0, "kept"), "s02": (1, "merged")}


def test_a_segment_from_many_others_is_born() -> None:
    last = [0] * 12 + [1] * 12 + [2] * 12
    now = ([0] * 8 + [3] * 4) + ([1] * 8 + [3] * 4) + ([2] * 8 + [3] * 4)
    assert changes(last, now, highest=8)["s09"] == (3, "born")


def test_first_keys_go_by_size_and_count_on() -> None:
    found = first_keys(np.array([0, 1, 1, 2, 2, 2]), 3, 4).matched
    assert [(one.key, one.cluster) for one in found] == [("s05", 2), ("s06", 1), ("s07", 0)]


def test_what_ended_says_where_it_went() -> None:
    last = np.array([0] * 12 + [1] * 10 + [2] * 7 + [3] * 8)
    now = np.array([0] * 12 + [1] * 10 + [1] * 7 + [0] * 4 + [1] * 4)
    found = match_keys(last, now, ("s01", "s02", "s03", "s04"), 2, 4)
    assert [(one.key, one.change, one.related, one.before) for one in found.matched] == [
        ("s01", "kept", None, 12),
        ("s02", "merged", "s03", 10),
    ]
    # half of s04 is here and half there: it is nowhere
    assert [(one.key, one.related, one.before) for one in found.retired] == [
        ("s03", "s02", 7),
        ("s04", None, 8),
    ]


def test_newcomers_do_not_take_the_key_of_those_they_were_put_with() -> None:
    last = np.array([0] * 50 + [1] * 20)
    now = np.array([0] * 20 + [2] * 30 + [1] * 20)
    strangers = (np.arange(70) >= 20) & (np.arange(70) < 50)
    by_key = {
        one.key: (one.cluster, one.change) for one in match_keys(last, now, ("s01", "s02"), 3, 2).matched
    }
    assert by_key["s01"] == (2, "kept")  # without knowing who is new
    found = match_keys(last, now, ("s01", "s02"), 3, 2, strangers).matched
    assert {one.key: (one.cluster, one.change) for one in found} == {
        "s01": (0, "kept"),
        "s02": (1, "kept"),
        "s03": (2, "born"),
    }
    everybody = np.ones(70, dtype=bool)  # prices of the whole shop rose
    moved = match_keys(last, last, ("s01", "s02"), 2, 2, everybody).matched
    assert {one.key: (one.cluster, one.change) for one in moved} == {"s01": (0, "kept"), "s02": (1, "kept")}


def test_customers_that_nobody_was_like_are_born_and_others_split() -> None:
    last = np.array([0] * 30 + [1] * 20)
    now = np.array([0] * 20 + [2] * 10 + [1] * 20)
    for strange, change, related in ((0, "split", "s01"), (4, "split", "s01"), (6, "born", None)):
        strangers = np.arange(50) >= 50
        strangers[20 : 20 + strange] = True
        found = match_keys(last, now, ("s01", "s02"), 3, 2, strangers).matched
        assert [(one.key, one.change, one.related) for one in found if one.key == "s03"] == [
            ("s03", change, related)
        ]
