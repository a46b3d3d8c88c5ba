"""The weekly fit: baskets of the window in, itemsets and rules out.

Here: reading baskets, the basket cap, the refusal, the three tables. Not here: the search and the measures.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa

from persona_pipeline.affinity.itemsets import (
    Itemsets,
    NotEnoughData,
    TooManyItemsets,
    mine_itemsets,
    minimum_count,
)
from persona_pipeline.affinity.rules import association_rules
from persona_pipeline.contracts.behaviour import BASKET_ITEM
from persona_pipeline.contracts.models import ITEMSET, RULE, RULE_FIT
from persona_pipeline.engine.protocol import DataFile, Engine, Output, ReadWindow
from persona_pipeline.engine.sql import sql_text

SEPARATOR = " | "
SIZE_QUANTILE = 0.999


@dataclass(frozen=True, slots=True)
class AffinityOptions:
    """What a fit may be told.

    Attributes:
        window_days: baskets of this many days up to the fit's Sunday.
        minimum_support: share of baskets, in (0, 1].
        minimum_count: baskets an itemset needs in any case. Fewer are no evidence, and in a few hundred large
            baskets of a wholesaler they are millions of itemsets.
        minimum_confidence: in [0, 1].
        max_length: largest itemset, in items.
        max_itemsets: where more are frequent, the support is raised until they are fewer; the fit says so.
        minimum_baskets: refuse below.
        basket_cap: leave out baskets of more items; None keeps all and only reports the large ones.
    """

    window_days: int = 90
    minimum_support: float = 0.005
    minimum_count: int = 20
    minimum_confidence: float = 0.2
    max_length: int = 4
    max_itemsets: int = 20_000
    minimum_baskets: int = 100
    basket_cap: int | None = None


@dataclass(frozen=True, slots=True)
class Baskets:
    """Baskets to mine (`basket_id`, `item`) and a sentence on the large ones."""

    frame: pd.DataFrame
    baskets: int
    note: str


def cap_baskets(frame: pd.DataFrame, cap: int | None) -> Baskets:
    """Report baskets above the 99.9 % quantile of size; leave out those above `cap`, if there is one.

    Args:
        frame: one row per basket and item, without repeats; columns `basket_id`, `item`.
        cap: largest basket to mine, in items, or None.
    """
    if frame.empty:
        return Baskets(frame, 0, "no basket")
    basket, names = pd.factorize(frame["basket_id"])
    size = np.bincount(basket)
    quantile = int(np.quantile(size, SIZE_QUANTILE, method="inverted_cdf"))
    large = int((size > quantile).sum())
    note = f"{large} above the 99.9 % size of {quantile} items, largest {int(size.max())}"
    if cap is None:
        return Baskets(frame, len(names), note)
    small = size <= cap
    kept = int(small.sum())
    note += f"; {len(names) - kept} above the cap of {cap} left out"
    return Baskets(frame.loc[small[basket]], kept, note)


def fit_week(
    engine: Engine, read: ReadWindow, outputs: Mapping[str, Output], day: dt.date, options: AffinityOptions
) -> dict[str, list[DataFile]]:
    """Mine the rules of one week and write rules.fit, rules.itemset and rules.rule.

    Args:
        engine: runs the statements.
        read: gives facts.basket_item.
        outputs: one output per table, by full name.
        day: the Sunday that ends the week; only rows known by then are used.
        options: window, thresholds and limits.

    Returns:
        The files of each table. After a refusal the fit says `none` with numbers and the other two are empty.
    """
    after = day - dt.timedelta(days=options.window_days)
    # a record may lie minutes ahead of its delivery, so a basket can be known one day before its event day
    found = engine.fetch(
        sql_text("rules/basket"), {"basket_item": read(BASKET_ITEM, after, day)}, {"after": after, "day": day}
    )
    baskets = cap_baskets(found.to_pandas(), options.basket_cap)
    window = f"{baskets.baskets} baskets from {after + dt.timedelta(days=1)} to {day}"
    support = max(options.minimum_support, min(1.0, options.minimum_count / max(baskets.baskets, 1)))
    try:
        itemsets = _mine(baskets, support, options)
    except (NotEnoughData, TooManyItemsets) as refusal:
        needed = f", at least {options.minimum_baskets} needed"
        tables = {
            ITEMSET.full_name: itemset_table(None, day),
            RULE.full_name: rule_table(None, day),
            RULE_FIT.full_name: _fit_table(
                day,
                options,
                support,
                status="none",
                status_reason=window + (needed if isinstance(refusal, NotEnoughData) else f"; {refusal}"),
                baskets_mined=baskets.baskets,
                itemsets=0,
                rules=0,
            ),
        }
    else:
        rules = association_rules(itemsets, minimum_confidence=options.minimum_confidence)
        asked = minimum_count(support, baskets.baskets)
        raised = (
            f"more than {options.max_itemsets} itemsets in at least {asked} baskets; "
            if itemsets.minimum_count > asked
            else ""
        )
        support = max(support, itemsets.minimum_count / baskets.baskets)
        reason = (
            f"{window}; {baskets.note}; {raised}"
            f"{itemsets.size} itemsets in at least {itemsets.minimum_count} baskets; "
            f"{len(rules)} rules of confidence {options.minimum_confidence:g} or more"
        )
        tables = {
            ITEMSET.full_name: itemset_table(itemsets, day),
            RULE.full_name: rule_table(rules, day),
            RULE_FIT.full_name: _fit_table(
                day,
                options,
                support,
                status="promoted",
                status_reason=reason,
                baskets_mined=baskets.baskets,
                itemsets=itemsets.size,
                rules=len(rules),
            ),
        }
    return {
        name: engine.select_into("SELECT * FROM result", {"result": table}, outputs[name])
        for name, table in tables.items()
    }


def _mine(baskets: Baskets, support: float, options: AffinityOptions) -> Itemsets:
    """The itemsets at the lowest support, from `support` up in steps of a fifth, that keeps them few enough.

    Raises:
        NotEnoughData: too few baskets.
        TooManyItemsets: too many even among those that are in every basket.
    """
    while True:
        try:
            return mine_itemsets(
                baskets.frame,
                minimum_support=support,
                max_length=options.max_length,
                minimum_baskets=max(options.minimum_baskets, 1),
                max_itemsets=options.max_itemsets,
            )
        except TooManyItemsets:
            count = minimum_count(support, baskets.baskets)
            if count >= baskets.baskets:
                raise
            support = min(1.0, max(count + 1, count * 1.2) / baskets.baskets)


def itemset_table(itemsets: Itemsets | None, day: dt.date) -> pa.Table:
    """The rows of rules.itemset; none without itemsets."""
    columns = {"items": [], "length": [], "count": [], "support": []}
    frame = pd.DataFrame(columns) if itemsets is None else itemsets.to_frame()
    return pa.table(
        {
            "day": pa.array([day] * len(frame), pa.date32()),
            "items": pa.array([SEPARATOR.join(items) for items in frame["items"]], pa.string()),
            "length": pa.array(frame["length"], pa.int64()),
            "baskets": pa.array(frame["count"], pa.int64()),
            "support": pa.array(frame["support"], pa.float64()),
        }
    )


def rule_table(rules: pd.DataFrame | None, day: dt.date) -> pa.Table:
    """The rows of rules.rule; none without rules."""
    frame = rules if rules is not None else pd.DataFrame()
    columns: dict[str, pa.Array] = {"day": pa.array([day] * len(frame), pa.date32())}
    if frame.empty:
        empty = {column: pa.array([], pa.float64()) for column in RULE.column_names if column != "day"}
        return pa.table({**columns, **empty})
    columns["antecedent"] = pa.array([SEPARATOR.join(items) for items in frame["antecedent"]], pa.string())
    columns["consequent"] = pa.array(frame["consequent"].astype(str).tolist(), pa.string())
    columns["length"] = pa.array(frame["length"], pa.int64())
    columns["baskets"] = pa.array(frame["count"], pa.int64())
    for measure in ("support", "confidence", "lift", "leverage", "conviction", "zhang", "p_value", "q_value"):
        columns[measure] = pa.array(frame[measure], pa.float64(), from_pandas=True)
    columns["is_redundant"] = pa.array(frame["is_redundant"], pa.bool_())
    return pa.table(columns)


def _fit_table(day: dt.date, options: AffinityOptions, support: float, **values: object) -> pa.Table:
    return pa.table(
        {
            "day": pa.array([day], pa.date32()),
            "minimum_support": [support],
            "minimum_confidence": [options.minimum_confidence],
            **{name: [value] for name, value in values.items()},
        }
    )
