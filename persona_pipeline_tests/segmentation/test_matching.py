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
    found = match_keys(np.array(last), np.array(now), keys, max(now) + 1, highest)
    return {one.key: (one.cluster, one.change) for one in found}


@given(st.permutations(range(4)), st.lists(st.integers(0, 3), min_size=4, max_size=60))
def test_renumbering_clusters_keeps_every_key(order: list[int], more: list[int]) -> None:
    last = np.array([0, 1, 2, 3, *more])
    now = np.array(order)[last]
    keys = ("s02", "s05", "s06", "s09")
    found = match_keys(last, now, keys, 4, 9)
    assert {one.key: one.cluster for one in found} == dict(zip(keys, order, strict=True))
    assert {(one.change, one.overlap) for one in found} == {("kept", 1.0)}


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 4)), min_size=30, max_size=80))
def test_keys_are_unique_and_new_ones_were_never_used(pairs: list[tuple[int, int]]) -> None:
    last, now = np.array([a for a, _ in pairs]), np.array([b for _, b in pairs])
    found = match_keys(last, now, ("s01", "s04", "s05"), 5, 7)
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
    found = first_keys(np.array([0, 1, 1, 2, 2, 2]), 3, 4)
    assert [(one.key, one.cluster) for one in found] == [("s05", 2), ("s06", 1), ("s07", 0)]
