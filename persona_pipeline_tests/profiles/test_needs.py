"""The needs of personas against a count in plain Python, another test's p-values, and planted rules."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections import defaultdict
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import fisher_exact

from persona_pipeline.affinity import AffinityOptions, fit_week
from persona_pipeline.contracts import Table
from persona_pipeline.contracts.behaviour import BASKET_ITEM, MAP
from persona_pipeline.contracts.clean import PRODUCT
from persona_pipeline.contracts.models import CUSTOMER_PROFILE, ITEMSET, PERSONA_NEED, RULE, RULE_FIT
from persona_pipeline.demo.baskets import fill_baskets
from persona_pipeline.demo.life import live
from persona_pipeline.demo.personas import PERSONAS, TIERS, affinities, column
from persona_pipeline.demo.plan import Plan, build_plan
from persona_pipeline.demo.population import BLOCK, draw_population
from persona_pipeline.engine.duckdb import DuckDBEngine
from persona_pipeline.profiles.needs import needs_of, persona_needs
from persona_pipeline_tests.profiles.baskets import DAY, SUNDAY, WINDOW, Rows, customer, draw, stored

EXACT = ("antecedent", "consequent", "baskets", "customers", "unmet_customers")
FLOATS = ("support", "base_support", "tgi", "confidence", "lift", "leverage", "q_value")


@dataclasses.dataclass
class Basket:
    """What an order holds as known on the Sunday, and whose it is as known on the day."""

    products: set[str]
    customer: str | None
    persona: str | None


def baskets(tables: dict[Table, Rows]) -> list[Basket]:
    """One by one, from the rows of the facts."""
    units: dict[tuple, Decimal] = defaultdict(Decimal)
    of_owner: dict[tuple, Decimal] = defaultdict(Decimal)
    for row in tables[BASKET_ITEM]:
        inside = SUNDAY - dt.timedelta(days=WINDOW) < row["event_day"] <= SUNDAY
        if inside and row["day"] <= SUNDAY:
            units[row["order_id"], row["product_id"]] += row["quantity"]
            of_owner[row["order_id"], row["id"]] += row["quantity"]
    whose: dict[str, str | None] = {}
    for row in sorted(tables[MAP], key=lambda row: row["day"]):
        if row["day"] <= DAY:
            whose[row["id"]] = row["customer_id"]
    persona = {row["customer_id"]: row["segment_key"] for row in tables[CUSTOMER_PROFILE]}
    products: dict[str, set] = defaultdict(set)
    for (order, product), quantity in units.items():
        if quantity > 0:
            products[order].add(product)
    found = []
    for order, held in products.items():
        owners = [
            (-quantity, one)
            for (other, one), quantity in of_owner.items()
            if other == order and one and quantity > 0
        ]
        customer = whose[min(owners)[1]] if owners else None
        key = persona[customer] if customer else None
        found.append(Basket(held, customer if key else None, key))
    return found


def more_than_chance(cells: list[list[int]]) -> float:
    """Fisher's exact p-value of a table of four cells."""
    result: Any = fisher_exact(cells, alternative="greater")
    return float(result.pvalue)


def counted(tables: dict[Table, Rows]) -> dict[str, list[dict]]:
    """The needs of each persona, as the definition says, with Fisher's test from tables of four cells."""
    every = baskets(tables)
    usable = [
        (set(row["antecedent"].split(" | ")), row["consequent"], row)
        for row in tables[RULE]
        if not row["is_redundant"] and row["q_value"] < 0.05 and row["lift"] > 1
    ]
    rows = []
    for key in sorted({basket.persona for basket in every if basket.persona}):
        own = [basket for basket in every if basket.persona == key]
        for left, right, rule in usable:
            a = [basket for basket in own if left <= basket.products]
            b = [basket for basket in own if right in basket.products]
            both = [basket for basket in a if right in basket.products]
            all_both = [basket for basket in every if left | {right} <= basket.products]
            rest = len(every) - len(own) - (len(all_both) - len(both))
            among_all = [[len(both), len(own) - len(both)], [len(all_both) - len(both), rest]]
            neither = len(own) - len(a) - len(b) + len(both)
            within = [[len(both), len(a) - len(both)], [len(b) - len(both), neither]]
            bought = {basket.customer for basket in b}
            confidence = len(both) / len(a) if a else 0.0
            support, base = len(both) / len(own), len(all_both) / len(every)
            rows.append(
                {
                    "segment_key": key, "antecedent": rule["antecedent"], "consequent": right,
                    "baskets": len(both), "customers": len({basket.customer for basket in both}),
                    "unmet_customers": len({basket.customer for basket in a} - bought),
                    "support": support, "base_support": base, "tgi": 100 * support / base if base else 0.0,
                    "confidence": confidence, "lift": confidence / (len(b) / len(own)) if b else 0.0,
                    "leverage": support - len(a) / len(own) * len(b) / len(own),
                    "p": max(more_than_chance(each) for each in (among_all, within)),
                }
            )  # fmt: skip
    ranked = sorted(rows, key=lambda row: row["p"])
    lowest = 1.0
    for place in range(len(ranked), 0, -1):
        lowest = min(lowest, ranked[place - 1]["p"] * len(ranked) / place)
        ranked[place - 1]["q_value"] = lowest
    needs: dict[str, list[dict]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: (-row["confidence"], row["antecedent"], row["consequent"])):
        products = {*row["antecedent"].split(" | "), row["consequent"]}
        said = [{*one["antecedent"].split(" | "), one["consequent"]} for one in needs[row["segment_key"]]]
        if row["customers"] >= 20 and row["q_value"] < 0.05 and products not in said:
            needs[row["segment_key"]].append(row)
    order = lambda row: (-row["leverage"], row["antecedent"], row["consequent"])  # noqa: E731
    return {key: sorted(found, key=order)[:3] for key, found in needs.items() if found}


def found(engine: DuckDBEngine, folder: Path, tables: dict[Table, Rows]) -> Any:
    lake = stored(engine, folder, tables)
    profile = lake.read(CUSTOMER_PROFILE, DAY, DAY)
    return persona_needs(engine, lake.read, profile, DAY, WINDOW).to_pandas()


@pytest.mark.parametrize("seed", [1, 2])
def test_needs_are_those_counted_one_by_one(engine: DuckDBEngine, tmp_path: Path, seed: int) -> None:
    tables = draw(seed)
    needs = found(engine, tmp_path / "lake", tables)
    expected = counted(tables)
    assert len(expected["s01"]) == 1
    assert len(expected["s02"]) == 3, "of more than three"
    assert set(needs["segment_key"]) == set(expected)
    for key, rows in expected.items():
        own = needs[needs["segment_key"] == key]
        assert own["rank"].tolist() == list(range(1, len(rows) + 1))
        assert own[list(EXACT)].to_numpy().tolist() == [[row[name] for name in EXACT] for row in rows]
        for name in FLOATS:
            assert own[name].tolist() == pytest.approx([row[name] for row in rows], rel=1e-9), name


def test_what_a_persona_needs_is_said_with_the_titles_of_the_day(
    engine: DuckDBEngine, tmp_path: Path
) -> None:
    needs = found(engine, tmp_path / "lake", draw(1))
    first = needs[needs["segment_key"] == "s01"].iloc[0]
    assert {first["antecedent_title"], first["consequent_title"]} == {"Tea", "Cup"}
    own, base = f"{first['support']:.1%}", f"{first['base_support']:.1%}"
    left, right = first["antecedent_title"], first["consequent_title"]
    assert first["text_en"] == f"{left}, and with it {right}: {own} of their baskets (all: {base})."
    assert first["text_zh"] == f"购买{left}时一并购买{right}：占其购物篮的 {own}（全体 {base}）。"
    untitled = needs[needs["antecedent"] == "p2"].iloc[0]
    assert (untitled["antecedent_title"], untitled["consequent_title"]) == ("p2", "Rice")


def test_what_becomes_known_later_changes_nothing(engine: DuckDBEngine, tmp_path: Path) -> None:
    tables = draw(1)
    known = tables | {
        BASKET_ITEM: [row for row in tables[BASKET_ITEM] if row["day"] <= SUNDAY],
        MAP: [row for row in tables[MAP] if row["day"] <= DAY],
    }
    assert len(known[BASKET_ITEM]) < len(tables[BASKET_ITEM])
    assert len(known[MAP]) < len(tables[MAP])
    pd.testing.assert_frame_equal(
        found(engine, tmp_path / "all", tables), found(engine, tmp_path / "known", known)
    )


def test_personas_need_the_planted_rules_of_what_they_like(engine: DuckDBEngine, tmp_path: Path) -> None:
    """On the demo's own shop: a planted rule belongs to whom its first product sells to more than to all."""
    plan = build_plan(days=WINDOW, seed=0, start=SUNDAY - dt.timedelta(days=WINDOW - 1), currency="CNY")
    tables = demo_shop(plan)
    lake = stored(engine, tmp_path / "lake", tables)
    outputs = {table.full_name: lake.output(table) for table in (RULE_FIT, ITEMSET, RULE)}
    for name, files in fit_week(engine, lake.read, outputs, SUNDAY, AffinityOptions()).items():
        lake.replace(outputs[name], [SUNDAY], files)
    profile = lake.read(CUSTOMER_PROFILE, DAY, DAY)
    needs = persona_needs(engine, lake.read, profile, DAY, WINDOW)
    mined = engine.fetch("SELECT * FROM rule", {"rule": lake.read(RULE, SUNDAY, SUNDAY)}).to_pylist()
    of_everybody = {(row["antecedent"], row["consequent"]): row["support"] for row in mined}
    for row in needs.to_pylist():
        everybody = of_everybody[row["antecedent"], row["consequent"]]
        assert row["base_support"] == pytest.approx(everybody, rel=1e-12)
    likes = liked(plan)
    assert {key: len(rules) for key, rules in likes.items() if rules} == {
        "household": 3, "bargain": 4, "fashion": 3,
    }  # fmt: skip
    products: dict[str, set] = {key: set() for key in likes}
    for row in needs.to_pylist():
        products[row["segment_key"]].add(frozenset([*row["antecedent"].split(" | "), row["consequent"]]))
    for key, rules in likes.items():
        assert products[key] <= rules, key
        assert len(products[key]) == min(3, len(rules)), key


def demo_shop(plan: Plan) -> dict[Table, Rows]:
    """The first customers of a planted shop with their planted personas; guests have no identifier."""
    population = draw_population(plan, 0, BLOCK)
    lines = fill_baskets(plan, population, live(plan, population))
    days = [plan.start + dt.timedelta(days=n) for n in range(WINDOW)]
    return {
        BASKET_ITEM: [
            {"day": days[row["day"]], "event_day": days[row["day"]], "order_id": str(row["order"])}
            | {"product_id": plan.catalogue.product_ids[row["product"]], "category": "any"}
            | {"id_kind": "account" if row["account"] >= 0 else None}
            | {"id": str(row["account"]) if row["account"] >= 0 else None}
            | {"quantity": Decimal(int(row["quantity"])), "amount": Decimal(1)}
            for row in lines[~lines["is_refund"]]
        ],
        MAP: [
            {"day": days[0], "id_kind": "account", "id": str(one), "customer_id": f"c{one}"}
            for one in population.account
        ],
        CUSTOMER_PROFILE: [
            customer(f"c{one}", PERSONAS[persona].key)
            for one, persona in zip(population.account, population.persona, strict=True)
        ],
        PRODUCT: [],
    }


def liked(plan: Plan) -> dict[str, set[frozenset[str]]]:
    """By persona, the planted rules whose first product it buys more often than all, from the parameters.

    A basket has 1 + `basket` products; each is of a category by `affinity` and of a price tier by `tiers`.
    """
    catalogue = plan.catalogue
    place = {int(product): position for position, product in enumerate(catalogue.group_products)}
    found: dict[str, set[frozenset[str]]] = {persona.key: set() for persona in PERSONAS}
    baskets_a_day = column("share") * column("rate")
    for left, right in catalogue.rules:
        group = int(np.ceil(catalogue.group_cdf[place[int(left)]])) - 1
        category, tier = divmod(group, len(TIERS))
        assert category == catalogue.category[left]
        a_basket = (1 + column("basket")) * affinities()[:, category] * column("tiers")[:, tier]
        mean = np.average(a_basket, weights=baskets_a_day)
        rule = frozenset((catalogue.product_ids[left], catalogue.product_ids[right]))
        for persona in np.flatnonzero(a_basket > 1.25 * mean):
            found[PERSONAS[persona].key].add(rule)
    return found


@pytest.mark.parametrize("lacking", [RULE, BASKET_ITEM, CUSTOMER_PROFILE])
def test_without_rules_baskets_or_personas_there_are_none(
    engine: DuckDBEngine, tmp_path: Path, lacking: Table
) -> None:
    needs = found(engine, tmp_path / "lake", draw(1) | {lacking: []})
    assert needs.empty
    assert list(needs.columns) == list(PERSONA_NEED.column_names)


@pytest.mark.parametrize(
    ("customers", "baskets_", "persona", "left", "right", "expected"),
    [
        (20, 30, 100, 40, 40, True),
        (19, 30, 100, 40, 40, False),  # a small group
        (
            40,
            40,
            100,
            60,
            66,
            False,
        ),  # left and right are popular there and have nothing to do with each other
        (20, 20, 400, 30, 30, False),  # together, but no more than among all
    ],
)
def test_a_need_holds_there_more_than_elsewhere_and_not_by_chance(
    customers: int, baskets_: int, persona: int, left: int, right: int, expected: bool
) -> None:
    same = {"rule_number": 0, "antecedent": "a", "consequent": "b"}
    own = {"segment_key": "s01", "persona_baskets": persona, "antecedents": left, "consequents": right}
    own |= {"baskets": baskets_, "customers": customers, "unmet_customers": 5}
    others = {"segment_key": "none", "persona_baskets": 1000, "antecedents": 99, "consequents": 99}
    others |= {"baskets": 50, "customers": 45, "unmet_customers": 5}
    needs = needs_of(pd.DataFrame([same | own, same | others]))
    assert needs["segment_key"].tolist() == (["s01"] if expected else [])
