"""Arrival over several days equals a reference in plain Python, as of every day, by nights and as one window.

The reference knows every record ever delivered; the pipeline looks back `redelivery_days`. That both agree
shows that the look-back loses nothing, for orders that keep their time (docs/adr/0003). Not here: the order
of files within a day (test_any_order.py).
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from persona_pipeline.contracts import clean
from persona_pipeline.engine.duckdb import DuckDBEngine
from persona_pipeline.sources.source import Source
from persona_pipeline_tests.cleaning.conftest import START, Project

DAYS, KEYS, REDELIVERY = 6, 3, 2
TOGETHER, RUNS = 100, 3  # histories; a window takes as long for many as for one, and the first are all alike
FIRST = START + dt.timedelta(days=10)
SOURCE = Source(kind="orders", path="raw/{day}.csv", redelivery_days=REDELIVERY)
HEAD = "order_id,line_no,version,account_id,ordered_at,product_id,quantity,unit_price"


@dataclass(frozen=True)
class Record:
    """One delivered record; its days count from the first day, and a bad one has no quantity."""

    day: int
    history: int
    key: int
    happened: int
    version: int
    quantity: int

    @property
    def order(self) -> str:
        """The key, of which every history has its own."""
        return f"{self.history}-{self.key}"

    def line(self) -> str:
        """The record as CSV."""
        at = f"{FIRST + dt.timedelta(days=self.happened)} 10:00:00"
        quantity = self.quantity or "none"
        return f"{self.order},1,{self.version},A{self.order},{at},P1,{quantity},1.00"


State = dict[str, tuple[int, int]]  # order to the version and quantity in force


def reference(records: Sequence[Record]) -> tuple[list[State], Counter[tuple[int, str, str]]]:
    """What is known as of each day, and the records of each day by outcome and reason.

    Of the records of a day the highest version counts, of equal versions the later line. It replaces what is
    known unless it says the same or is older.
    """
    known: State = {}
    states, ledger = [], Counter[tuple[int, str, str]]()
    for day in range(DAYS):
        winners: State = {}
        taken: list[Record] = []
        for record in (each for each in records if each.day == day):
            if not record.quantity:
                ledger[day, "rejected", "bad_number"] += 1
            elif record.happened > day:
                ledger[day, "rejected", "future"] += 1
            elif record.happened < day - REDELIVERY:
                ledger[day, "rejected", "too_late"] += 1
            else:
                taken.append(record)
                said = (record.version, record.quantity)
                if record.order not in winners or record.version >= winners[record.order][0]:
                    winners[record.order] = said
        for order, said in winners.items():
            same_day = [(each.version, each.quantity) for each in taken if each.order == order]
            losers = [*same_day[: _last(same_day, said)], *same_day[_last(same_day, said) + 1 :]]
            for loser in losers:
                ledger[day, "duplicate", "same_content" if loser == said else "superseded"] += 1
            before = known.get(order)
            if before == said:
                ledger[day, "duplicate", "redelivered"] += 1
            elif before is not None and said[0] < before[0]:
                ledger[day, "duplicate", "superseded"] += 1
            else:
                ledger[day, "clean", "new" if before is None else "corrected"] += 1
                known[order] = said
        states.append(dict(known))
    return states, ledger


def _last(values: Sequence[tuple[int, int]], value: tuple[int, int]) -> int:
    return max(at for at, each in enumerate(values) if each == value)


def found(shop: Project) -> tuple[list[State], Counter[tuple[int, str, str]]]:
    """The same of the pipeline's tables: signed rows summed up to each day."""
    rows = shop.select(
        "SELECT day, order_id, version, sign, sign * quantity::BIGINT FROM t", clean.ORDER_LINE
    )
    states = []
    for day in range(DAYS):
        signs, quantities = Counter[tuple[str, int]](), Counter[tuple[str, int]]()
        for known, order, version, sign, quantity in rows:
            if known <= FIRST + dt.timedelta(days=day):
                signs[order, version] += sign
                quantities[order, version] += quantity
        live = [each for each, sign in signs.items() if sign]
        assert all(signs[each] == 1 for each in live)
        assert len({order for order, _ in live}) == len(live)
        assert all(quantities[each] == 0 for each in signs.keys() - set(live))
        states.append({order: (version, quantities[order, version]) for order, version in live})
    counts = shop.select(
        "SELECT day, outcome, reason, records FROM t WHERE outcome <> 'noted'", clean.LEDGER_REASON
    )
    return states, Counter({((day - FIRST).days, outcome, reason): n for day, outcome, reason, n in counts})


@st.composite
def histories(draw: st.DrawFn) -> list[Record]:
    """What some shops deliver; an order keeps the day it happened, its version and quantity vary."""
    found = []
    for history in range(TOGETHER):
        happened = [draw(st.integers(-1, DAYS - 1)) for _ in range(KEYS)]
        for _ in range(draw(st.integers(1, 8))):
            key, day = draw(st.integers(0, KEYS - 1)), draw(st.integers(0, DAYS - 1))
            version, quantity = draw(st.integers(0, 2)), draw(st.integers(0, 3))
            found.append(Record(day, history, key, happened[key], version, quantity))
    return found


def test_what_is_known_as_of_every_day(tmp_path_factory: pytest.TempPathFactory) -> None:
    seen = Counter[tuple[str, str]]()
    folder = tmp_path_factory.mktemp("known_days")
    with DuckDBEngine(folder / "scratch", memory="512MB", threads=1) as engine:
        # the same histories in every run: what they must show is asserted below
        @settings(max_examples=RUNS, phases=[Phase.generate], database=None, derandomize=True)
        @given(records=histories())
        def equal(records: list[Record]) -> None:
            expected = reference(records)
            for nightly in (True, False):
                directory = folder / f"{len(list(folder.iterdir()))}"
                directory.mkdir()
                shop = Project(directory, engine, {"orders": SOURCE})
                for day in sorted({each.day for each in records}):
                    lines = [each.line() for each in records if each.day == day]
                    name = f"raw/{FIRST + dt.timedelta(days=day)}.csv"
                    shop.write(name, "\n".join([HEAD, *lines, ""]))
                days = [FIRST + dt.timedelta(days=day) for day in range(DAYS)]
                for first, last in [(day, day) for day in days] if nightly else [(days[0], days[-1])]:
                    shop.run(first, last)
                assert found(shop) == expected, "nights" if nightly else "one window"
            for (_, outcome, reason), count in expected[1].items():
                seen[outcome, reason] += count

        equal()
    duplicates = {("duplicate", reason) for reason in ("redelivered", "same_content", "superseded")}
    rejected = {("rejected", reason) for reason in ("bad_number", "future", "too_late")}
    assert set(seen) == {("clean", "new"), ("clean", "corrected")} | duplicates | rejected


def test_an_order_that_is_dated_anew_after_the_look_back_is_another_one(
    project: Callable[..., Project],
) -> None:
    shop = project({"orders": SOURCE})
    for day in (0, REDELIVERY + 1, 2 * REDELIVERY + 3):
        record = Record(day, 0, 0, happened=day, version=day, quantity=1)
        shop.write(f"raw/{FIRST + dt.timedelta(days=day)}.csv", f"{HEAD}\n{record.line()}\n")
    shop.run(FIRST, FIRST + dt.timedelta(days=2 * REDELIVERY + 3))
    live = shop.select(
        "SELECT version FROM t GROUP BY version HAVING sum(sign) > 0 ORDER BY 1", clean.ORDER_LINE
    )
    assert live == [(REDELIVERY + 1,), (2 * REDELIVERY + 3,)]
