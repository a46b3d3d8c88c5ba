"""On which day a file was known: decided once, the same in any order."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from persona_pipeline.sources.arrival import Arrival, arrive
from persona_pipeline.sources.failure import SourceError
from persona_pipeline.sources.files import Found
from persona_pipeline.sources.fingerprint import Fingerprint
from persona_pipeline.sources.source import Source

START = dt.date(2025, 1, 6)
ORDERS = Source(kind="orders", path="data/orders_{day}*.csv")
CUSTOMERS = Source(kind="customers", path="data/customers_{day}.csv")
EXPORT = Source(kind="orders", path="all.csv", known_at="event", through=dt.date(2025, 2, 1))
SINGLE = Source(kind="products", path="products.csv")


def day(n: int) -> dt.date:
    return START + dt.timedelta(days=n)


def file(source: str, path: str, on: int | None, sha: str, lines: int = 9) -> tuple[Found, Fingerprint]:
    return Found(source, path, Path(path), None if on is None else day(on)), Fingerprint(sha, 10, lines)


def decide(
    source: Source,
    files: list,
    known: Sequence[Arrival] = (),
    closed: AbstractSet[int] = frozenset(),
    last: int = 30,
):
    new = arrive({"s": source}, files, known, {day(n) for n in closed}, start=START, last=day(last))
    return [((each.day - START).days, each.path, each.duplicate_of) for each in new]


def test_a_file_is_known_on_the_day_of_its_name_or_on_the_next_open_day() -> None:
    files = [
        file("s", "a", 0, "1"),
        file("s", "b", 2, "2"),
        file("s", "c", 5, "3"),
        file("s", "old", -9, "4"),
    ]
    assert decide(ORDERS, files) == [(0, "a", None), (0, "old", None), (2, "b", None), (5, "c", None)]
    assert decide(ORDERS, files, closed={0, 1, 2, 3}) == [
        (4, "a", None),
        (4, "b", None),
        (4, "old", None),
        (5, "c", None),
    ]
    assert decide(ORDERS, files, last=2) == [(0, "a", None), (0, "old", None), (2, "b", None)]


def test_equal_content_is_a_duplicate_under_any_name() -> None:
    files = [file("s", "a", 0, "1"), file("s", "a2", 0, "1"), file("s", "b", 3, "1")]
    assert decide(ORDERS, files) == [(0, "a", None), (0, "a2", "a"), (3, "b", "a")]
    empty = [file("s", "a", 0, "1", 1), file("s", "b", 3, "1", 1)]
    assert decide(ORDERS, empty) == [(0, "a", None), (3, "b", None)]


def test_customers_may_come_back_to_an_earlier_state() -> None:
    files = [file("s", "a", 0, "1"), file("s", "b", 1, "2"), file("s", "c", 2, "1"), file("s", "d", 3, "1")]
    assert decide(CUSTOMERS, files) == [(0, "a", None), (1, "b", None), (2, "c", None), (3, "d", "a")]


def test_a_file_without_a_day_is_known_when_it_changes() -> None:
    known = [Arrival(START, "s", "products.csv", "1", 10, "delivery")]
    assert decide(SINGLE, [file("s", "products.csv", None, "1")], known, {0}) == []
    assert decide(SINGLE, [file("s", "products.csv", None, "2")], known, {0, 1}) == [
        (2, "products.csv", None)
    ]


def test_a_history_export_is_pinned() -> None:
    assert decide(EXPORT, [file("s", "all.csv", None, "1")]) == [(0, "all.csv", None)]
    known = [Arrival(START, "s", "all.csv", "1", 10, "event", EXPORT.through)]
    assert decide(EXPORT, [file("s", "all.csv", None, "1")], known, {0, 1}) == []
    with pytest.raises(SourceError, match="put the old file back"):
        decide(EXPORT, [file("s", "all.csv", None, "2")], known)


def test_a_history_export_that_joins_is_known_on_the_next_open_day() -> None:
    """Whatever day is run again, it is pinned on no closed one."""
    export = [file("s", "all.csv", None, "1")]
    assert decide(EXPORT, export, closed={0, 1}) == [(2, "all.csv", None)]
    assert decide(EXPORT, export, closed={0, 1}, last=1) == []
    joined = [Arrival(day(2), "s", "all.csv", "1", 10, "event", EXPORT.through)]
    assert decide(EXPORT, export, joined, closed={0, 1, 2}) == []


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 6), st.integers(0, 3)), max_size=8), st.randoms(use_true_random=False)
)
def test_order_does_not_matter_and_nights_equal_a_range(deliveries: list[tuple[int, int]], shuffle) -> None:  # noqa: ANN001
    files = [file("s", f"{n}", on, str(sha)) for n, (on, sha) in enumerate(deliveries)]
    mixed = list(files)
    shuffle.shuffle(mixed)
    known: list[Arrival] = []
    for night in range(7):
        known += arrive(
            {"s": ORDERS}, mixed, known, {day(n) for n in range(night)}, start=START, last=day(night)
        )
    at_once = arrive({"s": ORDERS}, files, [], (), start=START, last=day(6))
    assert sorted(known, key=lambda each: each.path) == sorted(at_once, key=lambda each: each.path)
