"""Facts of orders: signed changes per day known, so that summing over day <= D gives what was known on D.

Here: the two range-first steps that run `sql/facts`. Not here: which sale a refund gives back (refunds.py),
anything per customer (customer.py) and the rules by which records become clean rows.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from persona_pipeline.contracts.behaviour import REFUND
from persona_pipeline.contracts.clean import ORDER_LINE, PRODUCT
from persona_pipeline.engine.protocol import DataFile, Engine, Output, ReadWindow, Relation, Window
from persona_pipeline.engine.sql import sql_text


@dataclass(frozen=True, slots=True)
class Refunds:
    """What is known of sales given back, up to a window's last day.

    Attributes:
        known: rows of `facts.refund`.
        lines: order lines, both back to `lookback` days before the window; None where nothing was given back.
        lookback: see `refund_lookback`.
    """

    known: Relation
    lines: Relation | None
    lookback: int


NO_REFUNDS = Refunds(Relation((), REFUND), None, 0)


def refund_lookback(redelivery_days: int, refund_days: Iterable[int]) -> int:
    """How many days before day K the rows can lie that decide what a refund matched on K gives back.

    A refund that is matched again because its sale was corrected was known at most `redelivery_days` before
    (and a day for clocks that differ by minutes), happened at most `redelivery_days` before that, and gives
    back what was sold at most `refund_days` before that (and a day again).
    """
    return order_lookback(redelivery_days) + max(refund_days, default=0) + 1


def order_lookback(redelivery_days: int) -> int:
    """How many days before day K the rows of an order can lie that a row of K changes.

    A correction of K takes back a row known at most `redelivery_days` before K, which happened at most
    `redelivery_days` before that. A record may lie in the delivery of the day before it happened
    (clocks differ by minutes), hence one more.
    """
    return 2 * redelivery_days + 1


def order_day_window(
    engine: Engine,
    read: ReadWindow,
    output: Output,
    window: Window,
    redelivery_days: int,
    refunds: Refunds = NO_REFUNDS,
) -> list[DataFile]:
    """Write `facts.order_day`: what each day changed in each identifier's orders, per day they happened.

    Args:
        engine: runs the statement.
        read: reads `clean.order_line` over the window and `order_lookback(redelivery_days)` days before it.
        output: where files of `facts.order_day` go.
        window: the days to write; a range gives what its days give one by one.
        redelivery_days: how far back the cleaning step matches corrections.
        refunds: which sales were given back.

    Returns:
        The files written. Rows in which nothing changed are left out.
    """
    lookback = refunds.lookback or order_lookback(redelivery_days)
    lines = refunds.lines or read(ORDER_LINE, window.first - dt.timedelta(days=lookback), window.last)
    inputs = {"order_line": lines, "refund": refunds.known}
    parameters = {"first": window.first, "last": window.last, "lookback": lookback}
    return engine.select_into(sql_text("facts/order_day"), inputs, output, parameters)


def basket_item_window(
    engine: Engine, read: ReadWindow, output: Output, window: Window, refunds: Refunds = NO_REFUNDS
) -> list[DataFile]:
    """Write `facts.basket_item`: signed quantity and amount per order and product, with its category.

    Args:
        engine: runs the statement.
        read: reads `clean.order_line` over the window and `clean.product` up to its last day.
        output: where files of `facts.basket_item` go.
        window: the days to write; a range gives what its days give one by one.
        refunds: which sales were given back.

    Returns:
        The files written. The category is the one known on the day of the sale (never one learned later), and
        'unknown' before the product's first catalogue entry. Sales without a customer are kept.
    """
    inputs = {
        "order_line": refunds.lines or read(ORDER_LINE, window.first, window.last),
        "refund": refunds.known,
        "product": read(PRODUCT, None, window.last),
    }
    return engine.select_into(
        sql_text("facts/basket_item"), inputs, output, {"first": window.first, "last": window.last}
    )
