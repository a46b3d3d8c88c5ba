"""The identity graph of a window, loaded once: identifiers and pairs as numbers, in order of kind and id.

Here: loading, and what was known of a part of it on a day. Not here: the rules (components.py) and what is
written (map.py).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from persona_pipeline.engine.protocol import Engine, Input
from persona_pipeline.engine.sql import sql_text
from persona_pipeline.identity.components import KINDS, Flags, Known, Numbers, coarse_components

_EPOCH = dt.date(1970, 1, 1)


def day_number(day: dt.date) -> int:
    """Days since 1970-01-01."""
    return (day - _EPOCH).days


@dataclass(frozen=True, slots=True)
class Graph:
    """Identifiers (by number), distinct pairs, and years of birth as they became known.

    Attributes:
        id_kind, id: of each identifier.
        customer_before: dictionary of customers and the place of each identifier's, -1 for none.
        rank, first_day, seniority, is_denied, block: of each identifier; no rule looks beyond a block.
        low, high, pair_day: of each pair.
        born, born_day, birth_year: of each change of a year of birth.
    """

    id_kind: pa.Array
    id: pa.Array
    customers: pa.Array
    customer_before: Numbers
    rank: Numbers
    first_day: Numbers
    seniority: Numbers
    is_denied: Flags
    block: Numbers
    low: Numbers
    high: Numbers
    pair_day: Numbers
    born: Numbers
    born_day: Numbers
    birth_year: Numbers

    @property
    def size(self) -> int:
        """How many identifiers."""
        return self.rank.size

    def news(self, day: int) -> Numbers:
        """Blocks of which something became known on a day."""
        identifiers = np.concatenate(
            [
                np.flatnonzero(self.first_day == day),
                self.low[self.pair_day == day],
                self.born[self.born_day == day],
            ]
        )
        return np.unique(self.block[identifiers])

    def within(self, blocks: Numbers) -> tuple[Numbers, Numbers]:
        """The identifiers and the pairs of some blocks, in order."""
        chosen = np.zeros(self.size, np.bool_)
        chosen[blocks] = True
        inside = chosen[self.block]
        return np.flatnonzero(inside), np.flatnonzero(inside[self.low])

    def births(self, day: int) -> Numbers:
        """The year of birth of each identifier as known on a day; 0 for unknown."""
        year = np.zeros(self.size, np.int64)
        known = np.flatnonzero(self.born_day <= day)
        born = self.born[known]
        newest = np.append(born[1:] != born[:-1], True)[: born.size]
        year[born[newest]] = self.birth_year[known[newest]]
        return year

    def known(self, day: int, identifiers: Numbers, pairs: Numbers) -> Known:
        """What was known of these identifiers by the end of a day."""
        place = np.zeros(self.size, np.int64)
        place[identifiers] = np.arange(identifiers.size)
        pairs = pairs[self.pair_day[pairs] <= day]
        return Known(
            rank=self.rank[identifiers],
            seniority=self.seniority[identifiers],
            is_known=self.first_day[identifiers] <= day,
            is_denied=self.is_denied[identifiers],
            birth_year=self.births(day)[identifiers],
            low=place[self.low[pairs]],
            high=place[self.high[pairs]],
        )


def load(engine: Engine, inputs: dict[str, Input], denied: frozenset[tuple[str, str]]) -> Graph:
    """Number the identifiers and read the graph.

    Args:
        engine: runs the statements.
        inputs: `known` and `fresh` pairs, `identity_map` before the window, the sightings of the window
            (`order_line`, `customer`, `social_post`, `campaign_contact`), and `record`: customer records
            up to its end.
        denied: the deny-list as (kind, pseudonym).
    """
    deny = sorted(denied)
    kinds = pa.table({"id_kind": list(KINDS), "rank": pa.array(range(len(KINDS)), pa.int64())})
    listed = pa.table(
        {
            "id_kind": pa.array([kind for kind, _ in deny], pa.string()),
            "id": pa.array([identifier for _, identifier in deny], pa.string()),
        }
    )
    pairs = {name: inputs[name] for name in ("known", "fresh")}
    link = engine.stage(sql_text("identity/link"), pairs)
    sightings = ("fresh", "order_line", "customer", "social_post", "campaign_contact", "identity_map")
    node = engine.stage(
        sql_text("identity/node"),
        {name: inputs[name] for name in sightings} | {"link": link, "kind": kinds, "denied": listed},
    )
    nodes = engine.fetch("SELECT * FROM node ORDER BY code", {"node": node})
    pair = engine.fetch(sql_text("identity/pair"), {"link": link, "node": node})
    birth = engine.fetch(sql_text("identity/birth"), {"customer": inputs["record"], "node": node})
    before = pc.dictionary_encode(nodes.column("customer_id").combine_chunks())
    rank, first_day = _numbers(nodes, "rank"), _numbers(nodes, "day")
    seniority = np.empty(rank.size, np.int64)
    seniority[np.lexsort((np.arange(rank.size), first_day))] = np.arange(rank.size)
    low, high = _numbers(pair, "low"), _numbers(pair, "high")
    return Graph(
        id_kind=nodes.column("id_kind").combine_chunks(),
        id=nodes.column("id").combine_chunks(),
        customers=before.dictionary,
        customer_before=pc.fill_null(before.indices, -1).to_numpy(zero_copy_only=False).astype(np.int64),
        rank=rank,
        first_day=first_day,
        seniority=seniority,
        is_denied=nodes.column("is_denied").to_numpy(),
        block=coarse_components(rank.size, low, high),
        low=low,
        high=high,
        pair_day=_numbers(pair, "day"),
        born=_numbers(birth, "code"),
        born_day=_numbers(birth, "day"),
        birth_year=_numbers(birth, "birth_year"),
    )


def _numbers(table: pa.Table, name: str) -> Numbers:
    """A column as integers; dates as days since 1970-01-01."""
    column = table.column(name)
    if pa.types.is_date32(column.type):
        column = column.cast(pa.int32())
    return column.to_numpy().astype(np.int64)
