"""What customers of a persona need: the rules in force that their baskets hold more often than everybody's.

Here: counting the rules in the personas' baskets, the test, the choice and the sentence. Not here: mining
(rules.rule), and the statements (sql/profiles/rule_*.sql).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
from scipy.stats import false_discovery_control, hypergeom

from persona_pipeline.contracts.arrow import arrow_schema
from persona_pipeline.contracts.behaviour import BASKET_ITEM, MAP
from persona_pipeline.contracts.calendar import week_of
from persona_pipeline.contracts.clean import PRODUCT
from persona_pipeline.contracts.models import PERSONA_NEED, RULE
from persona_pipeline.engine.protocol import Engine, Input, ReadWindow
from persona_pipeline.engine.sql import sql_text

SEPARATOR = " | "
RULES = 1_000  # the strongest; each is counted in every basket of the window, every night
NEEDS = 3
FEWEST_CUSTOMERS = 20  # fewer are no evidence, and a small group
SIGNIFICANT = 0.05
NOBODY = "none"  # the baskets of nobody who has a persona

# A pandas DataFrame. pandas ships no types, and a type checker's guesses instead reject every value.
Frame = Any


def persona_needs(
    engine: Engine, read: ReadWindow, profile: Input, day: dt.date, window_days: int
) -> pa.Table:
    """The rows of profiles.persona_need of one day; none where no rules or no segments are in force.

    Args:
        engine: runs the statements.
        read: gives rules.rule, facts.basket_item, identity.map and clean.product.
        profile: profiles.customer_profile of the day: who belongs to which persona.
        day: the day whose end is described.
        window_days: the window the rules were mined in, up to the Sunday of the week in force.
    """
    week = week_of(day)
    limits = {"significant": SIGNIFICANT, "rules": RULES}
    rules = engine.fetch(
        sql_text("profiles/rule_in_force"), {"rule": read(RULE, week, week)}, limits
    ).to_pandas()
    if rules.empty:
        return arrow_schema(PERSONA_NEED).empty_table()
    rule_item = _rule_items(rules)
    after = week - dt.timedelta(days=window_days)
    inputs: dict[str, Input] = {
        # a record may lie minutes ahead of its delivery: known one day before its event day
        "basket_item": read(BASKET_ITEM, after, week),
        "identity_map": read(MAP, None, day),
        "profile": profile,
        "rule_item": rule_item,
    }
    held = engine.fetch(
        sql_text("profiles/rule_held"), inputs, {"after": after, "week": week, "day": day}
    ).to_pandas()
    products: dict[str, Input] = {"product": read(PRODUCT, None, day), "rule_item": rule_item}
    titles = engine.fetch(sql_text("profiles/rule_title"), products).to_pylist()
    chosen = needs_of(held.merge(rules, left_on="rule_number", right_index=True, validate="many_to_one"))
    told = _told(chosen, {row["product_id"]: row["title"] for row in titles})
    return pa.Table.from_pandas(
        told.assign(day=day, as_of=day), schema=arrow_schema(PERSONA_NEED), preserve_index=False
    )


def needs_of(held: Frame) -> Frame:
    """The rules that set each persona apart most, up to three.

    Args:
        held: one row per rule and persona, and `none` for all other baskets: `rule_number`, `segment_key`,
            `antecedent`, `consequent`, and counts: `persona_baskets`; of these those with the left-hand side
            (`antecedents`), the right-hand side (`consequents`) and both (`baskets`); `customers`,
            `unmet_customers`.

    Returns:
        Their rows with `rank`, `support`, `base_support`, `tgi`, `confidence`, `lift`, `leverage` and
        `q_value`. A rule is there if left and right go together among the persona's baskets more often than
        chance explains, if more of these baskets hold both than a draw of as many of all baskets would, and
        if at least 20 customers did it. Both are Fisher's exact test; the larger p-value counts, because both
        have to hold, with a false discovery rate of 5 % over all rules and personas. Of rules of the same
        products the most confident stays. Ordered by leverage: by support, a popular product with the
        carrier bag would stand first; by target group index, what is rare.

    Source: Benjamini and Hochberg 1995, "Controlling the false discovery rate".
    """
    all_baskets = held.groupby("rule_number")["persona_baskets"].transform("sum")
    all_held = held.groupby("rule_number")["baskets"].transform("sum")
    more_than_all = hypergeom.sf(held["baskets"] - 1, all_baskets, all_held, held["persona_baskets"])
    together = hypergeom.sf(
        held["baskets"] - 1, held["persona_baskets"], held["consequents"], held["antecedents"]
    )
    counted = held.assign(
        support=held["baskets"] / held["persona_baskets"],
        base_support=all_held / all_baskets,
        p_value=np.maximum(more_than_all, together),
        items=[
            SEPARATOR.join(sorted([*left.split(SEPARATOR), right]))
            for left, right in zip(held["antecedent"], held["consequent"], strict=True)
        ],
    )
    counted = counted[counted["segment_key"] != NOBODY]
    counted = counted.assign(q_value=false_discovery_control(counted["p_value"]) if len(counted) else [])
    # what is left holds, so nothing below divides by zero
    kept = counted[(counted["customers"] >= FEWEST_CUSTOMERS) & (counted["q_value"] < SIGNIFICANT)]
    confidence = kept["baskets"] / kept["antecedents"]
    consequent = kept["consequents"] / kept["persona_baskets"]
    kept = kept.assign(
        tgi=100 * kept["support"] / kept["base_support"],
        confidence=confidence,
        lift=confidence / consequent,
        leverage=kept["support"] - kept["antecedents"] / kept["persona_baskets"] * consequent,
    )
    rule = ["antecedent", "consequent"]
    kept = kept.sort_values(["confidence", *rule], ascending=[False, True, True])
    kept = kept.drop_duplicates(["segment_key", "items"])
    kept = kept.sort_values(["segment_key", "leverage", *rule], ascending=[True, False, True, True])
    kept = kept.assign(rank=kept.groupby("segment_key").cumcount() + 1)
    return kept[kept["rank"] <= NEEDS]


def _rule_items(rules: Frame) -> pa.Table:
    """One row per rule and product: `rule_number` is the position of the rule."""
    parts = [
        (number, product, int(product == right), length)
        for number, (left, right, length) in enumerate(
            zip(rules["antecedent"], rules["consequent"], rules["length"], strict=True)
        )
        for product in (*left.split(SEPARATOR), right)
    ]
    names = ("rule_number", "product_id", "is_consequent", "length")
    return pa.table(dict(zip(names, map(list, zip(*parts, strict=True)), strict=True)))


def _told(needs: Frame, titles: Mapping[str, str]) -> Frame:
    """The needs with the titles of their products and a sentence in English and Chinese."""
    left = [
        " + ".join(titles.get(item, item) for item in text.split(SEPARATOR)) for text in needs["antecedent"]
    ]
    right = [titles.get(item, item) for item in needs["consequent"]]
    shown = list(zip(left, right, needs["support"], needs["base_support"], strict=True))
    return needs.assign(
        antecedent_title=left,
        consequent_title=right,
        text_en=[
            f"{a}, and with it {b}: {own:.1%} of their baskets (all: {base:.1%})."
            for a, b, own, base in shown
        ],
        text_zh=[
            f"购买{a}时一并购买{b}：占其购物篮的 {own:.1%}（全体 {base:.1%}）。" for a, b, own, base in shown
        ],
    )
