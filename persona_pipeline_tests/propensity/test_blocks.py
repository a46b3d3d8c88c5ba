"""Blocks against days counted by hand on a calendar."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_pipeline.propensity.blocks import NotEnoughData, plan_blocks

START = dt.date(2025, 1, 6)  # a Monday


def test_blocks_of_a_calendar():
    blocks = plan_blocks(dt.date(2025, 8, 31), START, 30, 12)
    # 27 July + 30 days = 26 August is known; the next Sunday's horizon ends on 2 September.
    # 2 February has 28 days of history, less than a horizon, and is left out.
    assert [str(day) for day in blocks.all()] == [
        "2025-03-09",
        "2025-04-13",
        "2025-05-18",
        "2025-06-22",
        "2025-07-27",
    ]


def test_just_enough_for_three_blocks_works_even_with_a_short_first_one():
    blocks = plan_blocks(dt.date(2025, 7, 20), START, 60, 12)
    assert (blocks.train, blocks.validation, blocks.test) == (
        (dt.date(2025, 1, 12),),
        dt.date(2025, 3, 16),
        dt.date(2025, 5, 18),
    )


@pytest.mark.parametrize(
    ("day", "message"),
    [
        (dt.date(2025, 3, 30), "history of 84 days; 3 horizons of 30 days need 90"),
        (dt.date(2025, 4, 13), "history of 98 days holds 2 blocks 35 days apart .* 3 blocks need 106 days"),
        (dt.date(2025, 1, 5), "history of 0 days"),
    ],
)
def test_a_short_history_is_refused_with_numbers(day: dt.date, message: str):
    with pytest.raises(NotEnoughData, match=message):
        plan_blocks(day, START, 30, 12)


def test_only_sundays():
    with pytest.raises(ValueError, match="2025-08-30 is a Saturday"):
        plan_blocks(dt.date(2025, 8, 30), START, 30, 12)


@given(weeks=st.integers(0, 200), horizon=st.integers(1, 120), most=st.integers(3, 12))
def test_every_label_is_known_and_no_window_reaches_past_the_next_block(weeks: int, horizon: int, most: int):
    day = dt.date(2025, 1, 12) + dt.timedelta(weeks=weeks)
    window = dt.timedelta(days=horizon)
    try:
        blocks = plan_blocks(day, START, horizon, most)
    except NotEnoughData:
        assert (day - START).days < 3 * 7 * -(-horizon // 7)
        return
    days = blocks.all()
    assert blocks.test + window <= day
    assert len(days) <= most
    assert all(as_of.weekday() == 6 and as_of >= START for as_of in days)
    assert all(earlier + window <= later for earlier, later in zip(days, days[1:], strict=False))
