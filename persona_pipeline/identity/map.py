"""The identity map: every identifier on the days on which its customer changes.

Here: one range-first step that writes pairs, map and events. Not here: the evidence rules (components.py) and
how pseudonyms are made (contracts.pseudonym).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from persona_pipeline.contracts.behaviour import MAP
from persona_pipeline.contracts.clean import CUSTOMER, ORDER_LINE
from persona_pipeline.contracts.identity import EDGE, MERGE_EVENT
from persona_pipeline.contracts.pseudonym import customer_pseudonym
from persona_pipeline.contracts.traces import CAMPAIGN_CONTACT, ID_LINK, SOCIAL_POST, WEB_HIT
from persona_pipeline.engine.protocol import DataFile, Engine, Input, Output, ReadWindow, Window
from persona_pipeline.engine.sql import sql_text
from persona_pipeline.identity.components import KEPT, NOBODY, REASONS, Limits, Numbers, resolve
from persona_pipeline.identity.graph import Graph, day_number, load

_UNSEEN = -2


@dataclass(frozen=True, slots=True)
class IdentityOptions:
    """How identifiers are judged.

    Attributes:
        denied: identifiers that join nobody, as (kind, pseudonym); see `denied_ids`.
        limits: when evidence is refused.
        order_days: a confirmation page and its order are at most so many days apart, as they became known.
    """

    denied: frozenset[tuple[str, str]] = frozenset()
    limits: Limits = Limits()
    order_days: int = 35


def map_window(
    engine: Engine,
    read: ReadWindow,
    outputs: Mapping[str, Output],
    window: Window,
    key: bytes,
    options: IdentityOptions,
) -> dict[str, list[DataFile]]:
    """Write what became known of identifiers in the window: pairs, changes of customer, merges and refusals.

    Args:
        engine: runs the statements.
        read: reads clean tables of the window, customer records up to its end, and `identity.edge` and
            `identity.map` of the days before it; web hits and order lines from `order_days` before it.
        outputs: where files of `identity.edge`, `identity.map` and `identity.merge_event` go, by full name.
        window: the days to write; a range gives what its days give one by one.
        key: the project's secret for pseudonyms; it never enters SQL.
        options: deny-list and limits.

    Returns:
        The files written, by table; none for days on which nothing changed.
    """
    before = window.first - dt.timedelta(days=1)
    back = window.first - dt.timedelta(days=options.order_days)
    new = {table: read(table, window.first, window.last) for table in (SOCIAL_POST, CAMPAIGN_CONTACT)}
    # read more than once, and one file per day of history takes longer to open than to read
    known = engine.stage("SELECT * FROM known", {"known": read(EDGE, None, before)})
    fresh = engine.stage(
        sql_text("identity/edge"),
        {
            "id_link": read(ID_LINK, window.first, window.last),
            "web_hit": read(WEB_HIT, back, window.last),
            "order_line": read(ORDER_LINE, back, window.last),
            "campaign_contact": new[CAMPAIGN_CONTACT],
            "known": known,
        },
        {"first": window.first, "last": window.last, "order_days": options.order_days},
    )
    inputs: dict[str, Input] = {
        "known": known,
        "fresh": fresh,
        "identity_map": engine.stage("SELECT * FROM known", {"known": read(MAP, None, before)}),
        "order_line": read(ORDER_LINE, window.first, window.last),
        "customer": read(CUSTOMER, window.first, window.last),
        "social_post": new[SOCIAL_POST],
        "campaign_contact": new[CAMPAIGN_CONTACT],
        "record": read(CUSTOMER, None, window.last),
    }
    changes = _Changes(load(engine, inputs, options.denied), key, options.limits)
    changes.begin(day_number(before))
    for day in window.days():
        changes.follow(day_number(day))
    rows: dict[str, Input] = {
        EDGE.full_name: fresh,
        MAP.full_name: changes.map_rows(),
        MERGE_EVENT.full_name: changes.event_rows(),
    }
    return {
        name: engine.select_into("SELECT * FROM written", {"written": each}, outputs[name])
        for name, each in rows.items()
    }


class _Changes:
    """Follows a graph day by day and keeps what changed.

    Customers are numbered: first those of the map before the window, then new ones.
    """

    def __init__(self, graph: Graph, key: bytes, limits: Limits) -> None:
        self._graph = graph
        self._key = key
        self._limits = limits
        self._customers: list[pa.Array] = [graph.customers.cast(pa.string())]
        self._customer_count = len(graph.customers)
        self._named_by = np.full(graph.size, _UNSEEN)
        self._customer = graph.customer_before.copy()
        self._refused = np.full(graph.size, KEPT)
        self._everything = False
        self._moved: list[Numbers] = [np.empty((4, 0), np.int64)]
        self._events: list[Numbers] = [np.empty((7, 0), np.int64)]

    def begin(self, day: int) -> None:
        """Set what was refused by the end of the day before the window.

        Where the map says something else than the rules, as after a change of the deny-list, the first day of
        the window writes the difference.
        """
        everything = np.arange(self._graph.size)
        pairs = np.arange(self._graph.low.size)
        anchor, self._refused = resolve(self._graph.known(day, everything, pairs), self._limits)
        self._everything = not np.array_equal(self._numbered(anchor), self._customer)

    def follow(self, day: int) -> None:
        """Write down what a day changed, looking only at blocks of which something became known."""
        graph = self._graph
        blocks = np.unique(graph.block) if self._everything else graph.news(day)
        self._everything = False
        if not blocks.size:
            return
        identifiers, pairs = graph.within(blocks)
        known = graph.known(day, identifiers, pairs)
        anchor, refused = resolve(known, self._limits)
        leader = np.where(anchor == NOBODY, NOBODY, identifiers[anchor])
        before, after = self._customer[identifiers], self._numbered(leader)
        changed = before != after
        self._moved.append(
            np.stack([np.full(changed.sum(), day), identifiers[changed], before[changed], after[changed]])
        )
        self._note_moves(day, identifiers, before, after)
        newly = (refused != self._refused[identifiers]) & (refused != KEPT)
        pairs_of = np.bincount(known.low, minlength=identifiers.size)
        pairs_of = pairs_of + np.bincount(known.high, minlength=identifiers.size)
        self._note(day, identifiers[newly], 2, refused[newly], before[newly], after[newly], pairs_of[newly])
        self._customer[identifiers] = after
        self._refused[identifiers] = refused

    def map_rows(self) -> pa.Table:
        """Rows of `identity.map`."""
        day, identifier, _, after = np.concatenate(self._moved, axis=1)
        return self._identified(day, identifier).append_column("customer_id", self._texts(after))

    def event_rows(self) -> pa.Table:
        """Rows of `identity.merge_event`."""
        day, identifier, event, reason, before, after, size = np.concatenate(self._events, axis=1)
        reasons = pa.array([None, *REASONS[1:]], pa.string())
        return (
            self._identified(day, identifier)
            .append_column("event", pa.array(("merged", "split", "refused")).take(pa.array(event)))
            .append_column("reason", reasons.take(pa.array(reason)))
            .append_column("customer_id_before", self._texts(before))
            .append_column("customer_id_after", self._texts(after))
            .append_column("identifiers", pa.array(size, pa.int64()))
        )

    def _note_moves(self, day: int, identifiers: Numbers, before: Numbers, after: Numbers) -> None:
        """Merged where all of a customer went to one other, split where an identifier left its customer."""
        stays = (before != NOBODY) & (after != NOBODY)
        ways = np.unique(before[stays] * self._customer_count + after[stays])
        # one place more than there are customers, for nobody
        places = self._customer_count + 1
        ends = np.bincount(ways // max(self._customer_count, 1), minlength=places)
        left = (before != NOBODY) & (before != after)
        merged = left & (after != NOBODY) & (ends[before] == 1)
        size = np.bincount(after[after != NOBODY], minlength=places)
        sizes = np.where(after == NOBODY, 0, size[after])
        none = np.zeros(identifiers.size, np.int64)
        for event, which in enumerate((merged, left & ~merged)):
            self._note(day, identifiers[which], event, none[which], before[which], after[which], sizes[which])

    def _note(self, day: int, identifiers: Numbers, event: int, *rest: Numbers) -> None:
        self._events.append(
            np.stack([np.full(identifiers.size, day), identifiers, np.full(identifiers.size, event), *rest])
        )

    def _numbered(self, leader: Numbers) -> Numbers:
        """The numbers of customers, given the identifiers that name them."""
        leaders = np.unique(leader[leader != NOBODY])
        unseen = leaders[self._named_by[leaders] == _UNSEEN]
        if unseen.size:
            kinds, ids = (
                column.take(pa.array(unseen)).to_pylist() for column in (self._graph.id_kind, self._graph.id)
            )
            texts = pa.array(
                [customer_pseudonym(self._key, *pair) for pair in zip(kinds, ids, strict=True)], pa.string()
            )
            numbers = pc.fill_null(pc.index_in(texts, self._customers[0]), -1).to_numpy().astype(np.int64)
            new = numbers < 0
            numbers[new] = self._customer_count + np.arange(new.sum())
            self._customers.append(texts.filter(pa.array(new)))
            self._customer_count += int(new.sum())
            self._named_by[unseen] = numbers
        found = np.full(leader.size, NOBODY)
        found[leader != NOBODY] = self._named_by[leader[leader != NOBODY]]
        return found

    def _identified(self, day: Numbers, identifier: Numbers) -> pa.Table:
        chosen = pa.array(identifier)
        return pa.table(
            {
                "day": pa.array(day.astype(np.int32)).cast(pa.date32()),
                "id_kind": self._graph.id_kind.take(chosen),
                "id": self._graph.id.take(chosen),
            }
        )

    def _texts(self, numbers: Numbers) -> pa.Array:
        customers = pa.concat_arrays(self._customers)
        return customers.take(pa.array(numbers, mask=numbers == NOBODY))
