"""Labels: eligibility from what was known at as_of, outcome from what is known when the horizon ends."""

from __future__ import annotations

import datetime as dt

import pytest

from persona_pipeline.contracts.behaviour import LABEL, MAP, ORDER_DAY
from persona_pipeline.engine.protocol import Window
from persona_pipeline.features.label import BUY_30D, CHURN_60D, Target, labels
from persona_pipeline_tests.features.history import START, FolderLake, Row, day

SUNDAY = 6
NAME = {"a": "c_a", "b": "c_b", "c": "c_c", "d": "c_d"}


def _order(known: int, identifier: str, happened: int | None = None, orders: int = 1) -> Row:
    row: Row = {column.name: 0 for column in ORDER_DAY.columns}
    happened = known if happened is None else happened
    return row | {
        "day": day(known),
        "event_day": day(happened),
        "id_kind": "account",
        "id": identifier,
        "orders": orders,
    }


def _member(known: int, identifier: str, customer_id: str | None) -> Row:
    return {"day": day(known), "id_kind": "account", "id": identifier, "customer_id": customer_id}


def _labels(
    lake: FolderLake, window: Window, *targets: Target, start: dt.date = START
) -> list[tuple[object, ...]]:
    files = labels(lake.engine, lake.read, lake.output(LABEL), targets, window, start)
    rows = lake.rows(LABEL, files=files) if files else []
    names = ("day", "as_of", "target", "customer_id", "label")
    return sorted((tuple(row[name] for name in names) for row in rows), key=str)


def _everybody(lake: FolderLake) -> None:
    lake.put(MAP, [_member(0, identifier, NAME[identifier]) for identifier in "abcd"])


@pytest.mark.parametrize(
    ("order", "label"),
    [
        (_order(SUNDAY + 1, "a"), True),  # the day after as_of counts
        (_order(SUNDAY + 30, "a"), True),  # the last day of the horizon counts
        (_order(SUNDAY + 31, "a"), False),  # one later does not
        (_order(SUNDAY + 31, "a", SUNDAY + 30), False),  # nor one that was not known by then
        (_order(SUNDAY + 2, "a", SUNDAY), False),  # nor one of as_of itself, known later
    ],
)
def test_the_horizon_of_buy_30d(lake: FolderLake, order: Row, label: bool) -> None:
    _everybody(lake)
    lake.put(ORDER_DAY, [_order(0, "a"), order])
    window = Window(day(0), day(SUNDAY + 35))
    assert _labels(lake, window, BUY_30D)[:1] == [(day(36), day(6), "buy_30d", "c_a", label)]


def test_an_order_taken_back_within_the_horizon_did_not_happen(lake: FolderLake) -> None:
    _everybody(lake)
    lake.put(ORDER_DAY, [_order(0, "a"), _order(8, "a"), _order(20, "a", 8, orders=-1)])
    assert _labels(lake, Window(day(36), day(36)), BUY_30D) == [(day(36), day(6), "buy_30d", "c_a", False)]


def test_churn_needs_two_orders_and_a_recent_one(lake: FolderLake) -> None:
    _everybody(lake)
    late = SUNDAY + 7 * 28  # 202 days in: the first orders are older than 180 days
    lake.put(
        ORDER_DAY,
        [
            *(_order(number, "a") for number in (0, 1)),  # two, not recent
            _order(late, "b"),  # one
            *(_order(number, "c") for number in (0, late)),  # eligible, leaves
            *(_order(number, "d") for number in (0, late, late + 60)),  # eligible, stays
        ],
    )
    ends = Window(day(late + 60), day(late + 60))
    assert [row[2:] for row in _labels(lake, ends, CHURN_60D, BUY_30D) if row[1] == day(late)] == [
        ("churn_60d", "c_c", True),
        ("churn_60d", "c_d", False),
    ]


def test_partitions_are_sundays_plus_the_horizon_from_the_start_on(lake: FolderLake) -> None:
    _everybody(lake)
    lake.put(ORDER_DAY, [_order(0, "a"), _order(1, "a")])
    window = Window(day(0), day(80))
    rows = _labels(lake, window, BUY_30D, CHURN_60D, start=day(7))
    assert {(row[0], row[2]) for row in rows} == {
        (day(sunday + horizon), target)
        for target, horizon in (("buy_30d", 30), ("churn_60d", 60))
        for sunday in range(SUNDAY, 90, 7)
        if sunday >= 7 and sunday + horizon <= 80
    }
    assert rows == sorted(
        (row for d in window.days() for row in _labels(lake, Window(d, d), BUY_30D, CHURN_60D, start=day(7))),
        key=str,
    )
    assert _labels(lake, Window(day(37), day(38)), BUY_30D) == []


def test_the_event_counts_for_customers_merged_meanwhile(lake: FolderLake) -> None:
    lake.put(MAP, [_member(0, "a", "c_a"), _member(0, "b", "c_b"), _member(10, "b", "c_a")])
    lake.put(ORDER_DAY, [_order(0, "a"), _order(0, "b"), _order(12, "a")])
    assert [row[3:] for row in _labels(lake, Window(day(36), day(36)), BUY_30D)] == [
        ("c_a", True),
        ("c_b", True),
    ]


def test_an_identifier_that_left_its_customer_counts_for_nobody(lake: FolderLake) -> None:
    lake.put(MAP, [_member(0, "a", "c_a"), _member(0, "b", "c_a"), _member(3, "b", None)])
    lake.put(ORDER_DAY, [_order(0, "a"), _order(0, "b"), _order(12, "b")])
    assert [row[3:] for row in _labels(lake, Window(day(36), day(36)), BUY_30D)] == [("c_a", False)]


def test_a_target_with_an_unknown_event_is_refused() -> None:
    with pytest.raises(ValueError, match="expected one of order, no_order"):
        Target("x", 30, "visit", 1, 1, 30)
