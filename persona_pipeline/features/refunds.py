"""Which sale each refund line gives back, day by day, as it was known.

A match depends on what earlier refunds left of a sale, so refunds are taken one after the other; only lines
that a refund of the window can speak of are fetched (sql/facts/refund_line.sql). Not here: what follows for
orders and baskets (sql/facts).
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from itertools import groupby
from typing import Any, NamedTuple

import pyarrow as pa

from persona_pipeline.contracts.arrow import arrow_schema
from persona_pipeline.contracts.behaviour import REFUND
from persona_pipeline.contracts.clean import ORDER_LINE
from persona_pipeline.engine.protocol import DataFile, Engine, Output, ReadWindow, Relation, Window
from persona_pipeline.engine.sql import sql_text
from persona_pipeline.features.facts import NO_REFUNDS, Refunds, refund_lookback

Row = Mapping[str, Any]
CENT = Decimal("0.0001")


class Match(NamedTuple):
    """A row of `facts.refund` without its day and sign."""

    event_day: dt.date
    refund_line_id: str
    sale_line_id: str | None
    matched_by: str
    order_id: str
    sale_order_id: str | None
    sale_event_day: dt.date | None
    product_id: str
    line_type: str
    id_kind: str | None
    id: str | None
    quantity: Decimal
    amount: Decimal
    source: str


def refund_window(
    engine: Engine,
    read: ReadWindow,
    output: Output,
    window: Window,
    *,
    redelivery_days: int,
    refund_days: Mapping[str, int],
) -> tuple[list[DataFile], Refunds]:
    """Write `facts.refund`: what each day changed in what is known of sales given back.

    Args:
        engine: runs the statements.
        read: reads `clean.order_line` and `facts.refund` back to `refund_lookback` days before the window.
        output: where files of `facts.refund` go.
        window: the days to write; a range gives what its days give one by one.
        redelivery_days: how far back the cleaning step matches corrections.
        refund_days: by source of the refund, for how many days a sale may be given back.

    Returns:
        The files written, and what the facts of orders and baskets need to know of sales given back.
    """
    days = {"first": window.first, "last": window.last}
    lookback = refund_lookback(redelivery_days, refund_days.values())
    first = window.first - dt.timedelta(days=lookback)
    refund = read(REFUND, first, window.first - dt.timedelta(days=1))
    now = read(ORDER_LINE, window.first, window.last)
    touched = engine.fetch(sql_text("facts/refund_touched"), {"order_line": now}, days).column("rows")[0]
    if not touched.as_py() and not refund.paths:
        return [], NO_REFUNDS
    # read once: several statements follow, and hundreds of small files cost more than the rows in them
    lines = engine.stage(sql_text("facts/order_line"), {"order_line": read(ORDER_LINE, first, window.last)})
    refund = engine.stage("SELECT * FROM refund", {"refund": refund})
    line = engine.stage(sql_text("facts/refund_line"), {"order_line": lines, "refund": refund}, days)
    known = engine.fetch(sql_text("facts/refund_known"), {"refund": refund, "line": line}).to_pylist()
    versions = engine.fetch("SELECT * FROM line", {"line": line}).to_pylist()
    result = pa.Table.from_pylist(
        match_refunds(versions, known, window.first, refund_days), schema=arrow_schema(REFUND)
    )
    files = engine.select_into("SELECT * FROM result", {"result": result}, output) if result.num_rows else []
    paths = (*refund.paths, *(str(file.path) for file in files))
    return files, Refunds(Relation(paths, REFUND, evolved=True), lines, lookback)


def match_refunds(
    lines: Iterable[Row], known: Iterable[Row], first: dt.date, refund_days: Mapping[str, int]
) -> list[dict[str, Any]]:
    """Match the refunds of the days from `first` on.

    A refund that names an order gives back lines of that order; another one lines of its own order, and where
    that has none of the product, what the same identifier bought before, the newest first. What they cannot
    take stays `none`: it is not looked for elsewhere.

    Args:
        lines: versions of refund and sale lines (`sql/facts/refund_line.sql`).
        known: rows of `facts.refund` of the days before `first` that speak of them.
        first: the first day to match.
        refund_days: by source of the refund, for how many days a sale may be given back.

    Returns:
        Rows of `facts.refund`, day by day: what is taken back of earlier matches (-1), and new ones (+1).
    """
    book = _Book(refund_days)
    ordered = sorted(lines, key=lambda row: (row["day"], row["sign"], row["order_line_id"]))
    for row in ordered:
        if row["day"] < first:
            book.take(row)
    book.restore(known)
    rows: list[dict[str, Any]] = []
    for day, of_day in groupby((row for row in ordered if row["day"] >= first), key=lambda row: row["day"]):
        for sign, match in book.advance(list(of_day)):
            rows.append({"day": day, "sign": sign, **match._asdict()})
    return rows


@dataclass(slots=True)
class _Book:
    """The lines in force, which sales each refund gives back, and how much of each sale is given back."""

    refund_days: Mapping[str, int]
    sales: dict[str, Row] = field(default_factory=dict)
    refunds: dict[str, Row] = field(default_factory=dict)
    matches: dict[str, set[Match]] = field(default_factory=lambda: defaultdict(set))
    given_back: dict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    places: dict[tuple[object, ...], set[str]] = field(default_factory=lambda: defaultdict(set))

    def take(self, row: Row) -> None:
        """A version of a line comes, or goes."""
        name, is_sale = row["order_line_id"], row["order_type"] == "sale"
        lines = self.sales if is_sale else self.refunds
        if row["sign"] > 0:
            lines[name] = row
        else:
            lines.pop(name, None)
        for place in _places(row) if is_sale else ():
            (self.places[place].add if row["sign"] > 0 else self.places[place].discard)(name)

    def restore(self, known: Iterable[Row]) -> None:
        """The matches in force after the rows of earlier days."""
        for row in sorted(known, key=lambda row: (row["day"], row["sign"])):
            match = Match(**{name: row[name] for name in Match._fields})
            self._note(match, row["sign"])

    def advance(self, lines: Sequence[Row]) -> Iterator[tuple[int, Match]]:
        """What a day's lines change: matches taken back, then new ones."""
        gone = {row["order_line_id"] for row in lines if row["sign"] < 0 and row["order_type"] == "sale"}
        touched = {row["order_line_id"] for row in lines if row["order_type"] == "refund"}
        touched |= {
            name
            for name, matches in self.matches.items()
            if name in self.refunds and any(match.sale_line_id in gone for match in matches)
        }
        before = {name: set(self.matches.get(name, ())) for name in touched}
        for match in (match for matches in before.values() for match in matches):
            self._note(match, -1)
        for row in lines:
            self.take(row)
        again = [self.refunds[name] for name in touched if name in self.refunds]
        for refund in sorted(again, key=lambda row: (row["day"], row["event_at"], row["order_line_id"])):
            for match in list(self._match(refund)):
                self._note(match, 1)
        for name in sorted(touched):
            after = self.matches.get(name, set())
            yield from ((-1, match) for match in sorted(before[name] - after, key=_order))
            yield from ((1, match) for match in sorted(after - before[name], key=_order))

    def _note(self, match: Match, sign: int) -> None:
        of_refund = self.matches[match.refund_line_id]
        (of_refund.add if sign > 0 else of_refund.discard)(match)
        if match.sale_line_id is not None:
            self.given_back[match.sale_line_id] += sign * match.quantity

    def _match(self, refund: Row) -> Iterator[Match]:
        wanted, amount = abs(refund["quantity"]), -refund["amount"]
        matched_by, sales = self._candidates(refund)
        done = paid = Decimal(0)
        for sale in sales:
            left = abs(sale["quantity"]) - self.given_back[sale["order_line_id"]]
            units = min(left, wanted - done)
            if units <= 0:
                continue
            done += units
            # shares of the money that add up to it
            share = (amount * done / wanted).quantize(CENT, ROUND_HALF_UP) - paid
            paid += share
            yield _of(refund, sale, matched_by, units, share)
        if done < wanted or not wanted:
            yield _of(refund, None, "none", wanted - done, amount - paid)

    def _candidates(self, refund: Row) -> tuple[str, list[Row]]:
        what = (refund["product_id"], refund["line_type"])
        if refund["refund_of"] is not None:
            return "reference", self._sold(refund, ("order", refund["refund_of"], *what))
        if own := self._sold(refund, ("order", refund["order_id"], *what)):
            return "order", own
        if refund["id"] is None:
            return "none", []
        bought = self._sold(refund, ("customer", refund["id_kind"], refund["id"], *what))
        return "purchase", [sale for sale in bought if sale["event_at"] <= refund["event_at"]]

    def _sold(self, refund: Row, place: tuple[object, ...]) -> list[Row]:
        """Sales of a place that may still be given back, the newest first."""
        sales = [self.sales[name] for name in self.places.get(place, ()) if name in self.sales]
        oldest = refund["event_day"] - dt.timedelta(days=self.refund_days.get(refund["source"], 0))
        sales = [sale for sale in sales if sale["event_day"] >= oldest]
        return sorted(sales, key=lambda sale: (sale["event_at"], sale["order_line_id"]), reverse=True)


def _places(sale: Row) -> Iterator[tuple[object, ...]]:
    """Under what a refund looks for a sale."""
    what = (sale["product_id"], sale["line_type"])
    yield ("order", sale["order_id"], *what)
    if sale["id"] is not None:
        yield ("customer", sale["id_kind"], sale["id"], *what)


def _of(refund: Row, sale: Row | None, matched_by: str, quantity: Decimal, amount: Decimal) -> Match:
    owner = refund if sale is None else sale
    return Match(
        event_day=refund["event_day"],
        refund_line_id=refund["order_line_id"],
        sale_line_id=None if sale is None else sale["order_line_id"],
        matched_by=matched_by,
        order_id=refund["order_id"],
        sale_order_id=None if sale is None else sale["order_id"],
        sale_event_day=None if sale is None else sale["event_day"],
        product_id=refund["product_id"],
        line_type=refund["line_type"],
        id_kind=owner["id_kind"],
        id=owner["id"],
        quantity=quantity,
        amount=amount,
        source=refund["source"],
    )


def _order(match: Match) -> str:
    return match.sale_line_id or ""
