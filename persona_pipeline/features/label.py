"""Labels: what happened in the horizon after each Sunday, written on the day the horizon is over.

Here: who is eligible and what the outcome was. Not here: training and splitting.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa

from persona_pipeline.contracts.activity import CONTACT_DAY
from persona_pipeline.contracts.behaviour import MAP, ORDER_DAY
from persona_pipeline.contracts.calendar import SUNDAY
from persona_pipeline.engine.protocol import DataFile, Engine, Output, ReadWindow, Window
from persona_pipeline.engine.sql import sql_text

EVENTS = ("order", "no_order", "response")


@dataclass(frozen=True, slots=True)
class Target:
    """What is predicted, and for whom.

    Attributes:
        name: for example `buy_30d`.
        horizon_days: length of the horizon after as_of.
        event: `order`, `no_order` or `response` within (as_of, as_of + horizon_days]. A response answers
            a contact of the horizon; who was not contacted then has no label.
        minimum_orders: orders ever that make a customer eligible, as known at as_of; not for `response`.
        minimum_recent_orders: orders in the last `recent_days` that make a customer eligible; likewise.
        recent_days: length of that window, as_of included; likewise.
    """

    name: str
    horizon_days: int
    event: str
    minimum_orders: int = 1
    minimum_recent_orders: int = 1
    recent_days: int = 365

    def __post_init__(self) -> None:
        if self.event not in EVENTS:
            raise ValueError(
                f"target {self.name}: event is {self.event!r}; expected one of {', '.join(EVENTS)}"
            )
        if min(self.horizon_days, self.minimum_orders, self.minimum_recent_orders, self.recent_days) < 1:
            raise ValueError(f"target {self.name}: horizon, minimum orders and days must be at least 1")


BUY_30D = Target("buy_30d", 30, "order", minimum_orders=1, minimum_recent_orders=1, recent_days=365)
RESPOND_30D = Target("respond_30d", 30, "response")
CHURN_60D = Target("churn_60d", 60, "no_order", minimum_orders=2, minimum_recent_orders=1, recent_days=180)


def labels(
    engine: Engine,
    read: ReadWindow,
    output: Output,
    targets: Sequence[Target],
    window: Window,
    start: dt.date,
) -> list[DataFile]:
    """Write `features.label`: partition K holds each target's outcome of as_of = K - horizon, if a Sunday.

    Args:
        engine: runs the statement.
        read: reads `identity.map`, `facts.order_day` and `facts.contact_day` up to the last day.
        output: where files of `features.label` go.
        targets: the targets, each name once.
        window: the days K to write; a range gives what its days give one by one.
        start: first day of the project; earlier as_of days have no label.

    Returns:
        The files written; no file for a day on which no horizon ends.
    """
    periods = _periods(targets, window, start)
    if not periods.num_rows:
        return []
    inputs = {
        "period": periods,
        "map": read(MAP, None, window.last),
        "order_day": read(ORDER_DAY, None, window.last),
        "contact_day": read(CONTACT_DAY, None, window.last),
    }
    return engine.select_into(sql_text("features/label"), inputs, output)


def _periods(targets: Sequence[Target], window: Window, start: dt.date) -> pa.Table:
    """One row per target and as_of Sunday whose horizon ends in the window."""
    rows = [
        (target, as_of, day)
        for target in targets
        for day in window.days()
        if (as_of := day - dt.timedelta(days=target.horizon_days)) >= start and as_of.weekday() == SUNDAY
    ]
    return pa.table(
        {
            "target": pa.array([target.name for target, _, _ in rows], pa.string()),
            "horizon_days": pa.array([target.horizon_days for target, _, _ in rows], pa.int64()),
            "event": pa.array([target.event for target, _, _ in rows], pa.string()),
            "minimum_orders": pa.array([target.minimum_orders for target, _, _ in rows], pa.int64()),
            "minimum_recent_orders": pa.array(
                [target.minimum_recent_orders for target, _, _ in rows], pa.int64()
            ),
            "recent_days": pa.array([target.recent_days for target, _, _ in rows], pa.int64()),
            "as_of": pa.array([as_of for _, as_of, _ in rows], pa.date32()),
            "day": pa.array([day for _, _, day in rows], pa.date32()),
        }
    )
