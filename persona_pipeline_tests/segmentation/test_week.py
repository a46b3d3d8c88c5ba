"""The weekly fit and the daily apply over a lake: planted kinds, refusals, keys over weeks."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections import defaultdict

import numpy as np
import pyarrow as pa
import pytest

from persona_pipeline.contracts import Purpose
from persona_pipeline.contracts.behaviour import BASKET_ITEM
from persona_pipeline.contracts.purpose import NotUsable
from persona_pipeline.segmentation.matrix import stage_purchases
from persona_pipeline_tests.segmentation.conftest import World, planted

SUNDAY = dt.date(2025, 3, 2)
NEXT = SUNDAY + dt.timedelta(days=7)
FOUR = {"regular": 60, "hunter": 50, "lapsed": 40, "wealthy": 30}
NO_ORDER = {
    "customer_id": "c_visitor",
    "recency_days": None,
    "orders_365d": 0,
    "sales_365d": 0.0,
    "discount_share_365d": None,
}


def kinds_by_key(rows: list[dict]) -> dict[str, set[str]]:
    found = defaultdict(set)
    for row in rows:
        found[row["segment_key"]].add(row["customer_id"].split("_")[1])
    return dict(found)


def test_planted_kinds_become_segments_largest_first(world: World) -> None:
    world.customers(SUNDAY, [*planted(FOUR), NO_ORDER])
    world.fit(SUNDAY)
    fit = world.rows("segments.fit", SUNDAY)[0]
    assert (fit["status"], fit["chosen_k"], fit["customers"], fit["fitted_on"]) == (
        "promoted",
        4,
        180,
        SUNDAY,
    )
    assert fit["model_id"] == f"segments-20250302-{fit['model_sha256'][:8]}"
    segments = world.rows("segments.segment", SUNDAY)
    assert [(row["segment_key"], row["customers"], row["change"]) for row in segments] == [
        ("s01", 60, "born"),
        ("s02", 50, "born"),
        ("s03", 40, "born"),
        ("s04", 30, "born"),
    ]
    assert sum(row["share"] for row in segments) == pytest.approx(1)
    assert all(row["is_stable"] and row["stability"] > 0.95 for row in segments)
    world.customers(SUNDAY + dt.timedelta(days=1), [*planted(FOUR), NO_ORDER])
    rows = world.apply(SUNDAY + dt.timedelta(days=1))
    assert kinds_by_key(rows) == {
        "s01": {"regular"},
        "s02": {"hunter"},
        "s03": {"lapsed"},
        "s04": {"wealthy"},
        None: {"visitor"},
    }
    visitor = next(row for row in rows if row["customer_id"] == "c_visitor")
    assert (visitor["rfm_segment"], visitor["distance"], visitor["is_outlier"]) == (None, None, False)
    assert {row["model_id"] for row in rows} == {fit["model_id"]}


def test_names_and_profile_come_from_evidence(world: World) -> None:
    world.customers(SUNDAY, planted(FOUR))
    world.fit(SUNDAY)
    names = {
        row["segment_key"]: (row["name_en"], row["name_zh"]) for row in world.rows("segments.segment", SUNDAY)
    }
    assert names["s01"] == ("Recently active frequent buyers", "近期活跃高频客户")
    assert "bargain" in names["s02"][0].lower()
    assert "优惠" in names["s02"][1]
    assert "lapsed" in names["s03"][0].lower()
    assert names["s04"][0].endswith("big spenders")
    assert len(set(names.values())) == 4
    profile = [row for row in world.rows("segments.segment_profile", SUNDAY) if row["segment_key"] == "s02"]
    strongest = min(profile, key=lambda row: row["evidence_rank"])
    assert strongest["feature"] == "discount_share_365d"
    assert strongest["difference"] > 1
    assert strongest["mean"] == pytest.approx(0.45, abs=0.02)
    # by hand from the planted kinds: (60 * 0.02 + 50 * 0.45 + 40 * 0.05 + 30 * 0.01) / 180
    assert strongest["base_mean"] == pytest.approx(0.1444, abs=0.005)


def test_keys_and_names_live_on_when_the_base_drifts(world: World) -> None:
    world.customers(SUNDAY, planted(FOUR))
    world.fit(SUNDAY)
    world.customers(
        NEXT, planted({"wealthy": 70, "lapsed": 45, "hunter": 50, "regular": 62}, seed=2, shift=1.2)
    )
    world.fit(NEXT)
    before, after = (
        {row["segment_key"]: (row["name_en"], row["name_zh"]) for row in world.rows("segments.segment", day)}
        for day in (SUNDAY, NEXT)
    )
    assert before == after
    assert {row["change"] for row in world.rows("segments.segment", NEXT)} == {"kept"}
    world.customers(NEXT + dt.timedelta(days=1), planted(FOUR, seed=3, shift=1.2))
    assert kinds_by_key(world.apply(NEXT + dt.timedelta(days=1)))["s04"] == {"wealthy"}


def test_segments_are_learned_from_established_customers_and_everybody_gets_one(world: World) -> None:
    world.options = dataclasses.replace(world.options, algorithm="kmeans", established_orders=3)
    once = [
        {**NO_ORDER, "customer_id": f"c_once_{n:02d}", "recency_days": 40 + 5 * n, "orders_365d": 1}
        for n in range(60)
    ]
    everybody = [*planted({"regular": 60, "hunter": 50, "wealthy": 30}), *once]
    world.customers(SUNDAY, everybody)
    world.fit(SUNDAY)
    fit = world.rows("segments.fit", SUNDAY)[0]
    assert (fit["chosen_k"], fit["customers"]) == (3, 200)
    assert "learned from 140 with 3 orders or more" in fit["status_reason"]
    monday = SUNDAY + dt.timedelta(days=1)
    world.customers(monday, everybody)
    rows = world.apply(monday)
    assert (len(rows), all(row["segment_key"] for row in rows)) == (200, True)


def test_all_customers_are_learned_from_where_few_come_back(world: World) -> None:
    world.options = dataclasses.replace(world.options, algorithm="kmeans", established_orders=3)
    world.customers(SUNDAY, planted({"regular": 20, "hunter": 20, "lapsed": 80}))
    world.fit(SUNDAY)
    assert "learned from 120 with 2 orders or more" in world.rows("segments.fit", SUNDAY)[0]["status_reason"]


def test_a_new_kind_gets_a_new_key(world: World) -> None:
    world.customers(SUNDAY, planted({"regular": 60, "hunter": 50, "lapsed": 40}))
    world.fit(SUNDAY)
    world.customers(NEXT, planted(FOUR))
    world.fit(NEXT)
    changes = {row["segment_key"]: row["change"] for row in world.rows("segments.segment", NEXT)}
    assert {key: changes[key] for key in ("s01", "s02", "s03")} == {
        "s01": "kept",
        "s02": "kept",
        "s03": "kept",
    }
    assert changes["s04"] == "born"
    lineage = world.rows("segments.lineage", NEXT)
    assert [(row["segment_key"], row["change"], row["customers"]) for row in lineage] == [
        ("s01", "kept", 60), ("s02", "kept", 50), ("s03", "kept", 40), ("s04", "born", 30)
    ]  # fmt: skip


def test_a_refusal_carries_last_week_or_says_that_there_is_nothing(world: World) -> None:
    world.customers(SUNDAY, planted({"regular": 10}))
    world.fit(SUNDAY)
    fit = world.rows("segments.fit", SUNDAY)[0]
    assert (fit["status"], fit["status_reason"], fit["model_sha256"]) == (
        "none",
        "refused: 10 customers with an order, 20 needed",
        None,
    )
    assert world.rows("segments.segment", SUNDAY) == []
    world.customers(NEXT, planted(FOUR))
    world.fit(NEXT)
    promoted = world.rows("segments.fit", NEXT)[0]
    third = NEXT + dt.timedelta(days=7)
    world.fit(third)
    carried = world.rows("segments.fit", third)[0]
    assert (carried["status"], carried["customers"]) == ("carried", 0)
    assert (carried["model_sha256"], carried["fitted_on"]) == (promoted["model_sha256"], NEXT)
    assert "0 customers" in carried["status_reason"]
    same = [{**row, "day": third, "change": "carried"} for row in world.rows("segments.segment", NEXT)]
    assert world.rows("segments.segment", third) == same
    fourth = third + dt.timedelta(days=7)
    world.customers(fourth, planted(FOUR, seed=5))
    world.fit(fourth)
    assert {row["segment_key"]: row["change"] for row in world.rows("segments.segment", fourth)} == {
        key: "kept" for key in ("s01", "s02", "s03", "s04")
    }


def test_a_feature_that_is_not_for_segments_any_more_ends_them(world: World) -> None:
    world.customers(SUNDAY, planted(FOUR))
    world.fit(SUNDAY)
    assert world.rows("segments.fit", SUNDAY)[0]["status"] == "promoted"
    columns = {column.name: column for column in world.table.columns}
    columns["sales_365d"] = columns["sales_365d"].but(purposes=(Purpose.ANALYTICS,))
    world.table = dataclasses.replace(world.table, columns=tuple(columns.values()))
    with pytest.raises(NotUsable, match="names sales_365d, which may be used for analytics and not for segm"):
        world.fit(NEXT)
    monday = SUNDAY + dt.timedelta(days=1)
    world.customers(monday, planted(FOUR))
    with pytest.raises(NotUsable, match=f"train it again: persona run --day {SUNDAY} --select segments/fit"):
        world.apply(monday)
    left = tuple(name for name in world.options.features if name != "sales_365d")
    world.options = dataclasses.replace(world.options, features=left)
    world.fit(NEXT)  # nobody is known on that Sunday, and what was in force may not stay
    assert world.rows("segments.fit", NEXT)[0]["status"] == "none"
    assert world.rows("segments.segment", NEXT) == []


def test_equal_customers_are_a_refusal(world: World) -> None:
    same = planted({"regular": 1})[0]
    world.customers(SUNDAY, [{**same, "customer_id": f"c_{n}"} for n in range(30)])
    world.fit(SUNDAY)
    assert (
        world.rows("segments.fit", SUNDAY)[0]["status_reason"]
        == "refused: 1 different customers, more than 2 needed"
    )


def test_without_a_model_there_is_rfm(world: World) -> None:
    world.customers(SUNDAY, planted(FOUR))
    rows = world.apply(SUNDAY)
    assert {row["segment_key"] for row in rows} == {None}
    assert {row["model_id"] for row in rows} == {None}
    assert all(row["rfm_segment"] for row in rows)


def test_a_day_uses_the_sunday_before_its_week(world: World) -> None:
    world.customers(SUNDAY, planted(FOUR))
    world.fit(SUNDAY)
    assert {row["model_id"] for row in world.apply(SUNDAY)} == {None}
    for n in (1, 7):
        day = SUNDAY + dt.timedelta(days=n)
        world.customers(day, planted(FOUR))
        assert {row["model_id"] for row in world.apply(day)} == {
            world.rows("segments.fit", SUNDAY)[0]["model_id"]
        }


def test_row_order_changes_nothing(world: World) -> None:
    rows = planted(FOUR)
    world.customers(SUNDAY, rows)
    world.fit(SUNDAY)
    first = {
        name: world.rows(name, SUNDAY)
        for name in ("segments.fit", "segments.segment", "segments.segment_profile")
    }
    order = np.random.default_rng(9).permutation(len(rows))
    world.customers(SUNDAY, [rows[n] for n in order])
    world.fit(SUNDAY)
    assert {name: world.rows(name, SUNDAY) for name in first} == first


def test_other_pseudonyms_change_no_segment(world: World) -> None:
    """Overlapping kinds, so that other random starts would end in other centroids."""
    rows = planted(FOUR, shift=0.2)
    for day, again in ((SUNDAY, rows), (NEXT + dt.timedelta(days=7), renamed(rows))):
        world.customers(day, again)
        world.fit(day)
    one, other = (world.rows("segments.fit", day)[0] for day in (SUNDAY, NEXT + dt.timedelta(days=7)))
    assert one["model_sha256"] == other["model_sha256"]


def renamed(rows: list[dict]) -> list[dict]:
    """The same customers under identifiers that sort in another order."""
    return [{**row, "customer_id": str(row["customer_id"])[::-1]} for row in rows]


def test_an_unknown_feature_is_named(world: World) -> None:
    world.options = type(world.options)(features=("orders_999d",))
    world.customers(SUNDAY, planted(FOUR))
    with pytest.raises(NotUsable, match="orders_999d', which is no column of"):
        world.fit(SUNDAY)


def test_what_customers_buy_tells_them_apart(world: World) -> None:
    bought = {"food": ["Food", "Food", "Home"], "book": ["Books", "Books", "Home"]}
    customers = [f"c_{kind}_{n:02d}" for kind in bought for n in range(30)]
    same = planted({"regular": 1})[0]
    world.customers(SUNDAY, [{**same, "customer_id": customer} for customer in customers])
    world.identities(SUNDAY, customers)
    lines = [
        (customer, f"o_{customer}_{number}", f"p_{number}", category, SUNDAY - dt.timedelta(days=number), 1)
        for customer in customers
        for number, category in enumerate(bought[customer.split("_")[1]])
    ]
    # too old, of no known category, and taken back: none of them counts
    lines += [
        (customer, f"old_{customer}", "p_9", "Books", SUNDAY - dt.timedelta(days=365), 5)
        for customer in customers
    ]
    lines += [(customer, f"x_{customer}", "p_8", "unknown", SUNDAY, 1) for customer in customers]
    lines += [
        (customer, f"back_{customer}", "p_7", "Books", SUNDAY, sign)
        for customer in customers
        for sign in (1, -1)
    ]
    world.baskets(SUNDAY, lines)
    world.options = type(world.options)(features=world.options.features, minimum_customers=20)
    # equal behaviour throughout leaves two different customers, one more is needed
    world.fit(SUNDAY)
    assert "2 different customers" in world.rows("segments.fit", SUNDAY)[0]["status_reason"]
    third = [
        ("c_book_00", "o_extra", "p_5", "Food", SUNDAY, 1),
        ("c_food_00", "o_extra2", "p_5", "Books", SUNDAY, 1),
    ]
    world.baskets(SUNDAY, [*lines, *third])
    world.fit(SUNDAY)
    profile = {
        (row["segment_key"], row["feature"]): row["mean"]
        for row in world.rows("segments.segment_profile", SUNDAY)
    }
    names = {row["name_en"] for row in world.rows("segments.segment", SUNDAY)}
    assert {"Food shoppers", "Books shoppers"} <= {
        name.title().replace("Shoppers", "shoppers") for name in names
    }
    assert max(mean for (_, name), mean in profile.items() if name.endswith(":Food")) == pytest.approx(
        2 / 3, abs=0.02
    )
    mixed = {"c_book_00", "c_food_00"}
    world.customers(NEXT, [{**same, "customer_id": customer} for customer in customers])
    found = kinds_by_key([row for row in world.apply(NEXT) if row["customer_id"] not in mixed])
    assert sorted(map(sorted, found.values())) == [["book"], ["food"]]


def test_products_are_counted_by_band_of_price_beside_the_mean_of_their_category(world: World) -> None:
    """Products from 10 to 120 in one category (geometric mean 36.1), all of one price in the other."""
    day = dt.date(2025, 3, 2)
    world.identities(day, ["a", "b"])
    rows = [
        {"id": "a", "order_id": f"o{price}", "product_id": f"p{price}", "category": "tea", "amount": price}
        for price in (10, 20, 40, 60, 120)
    ]
    rows += [{"id": "b", "order_id": "x", "product_id": "y", "category": "books", "amount": 30}]
    rows += [{"id": "b", "order_id": "z", "product_id": "free", "category": "unknown", "amount": 0}]
    facts = [{"day": day, "event_day": day, "id_kind": "account", "quantity": 1, **row} for row in rows]
    facts[0] |= {"quantity": 2, "amount": 20}  # two for 10 each
    output = world.lake.output(BASKET_ITEM)
    table = pa.Table.from_pylist(facts)
    world.commit(BASKET_ITEM, day, world.engine.select_into("SELECT * FROM t", {"t": table}, output))
    purchase = stage_purchases(world.engine, world.lake.read, day)
    found = world.engine.fetch("SELECT * FROM p ORDER BY ALL", {"p": purchase}).to_pylist()
    # beside 36.1: 0.28, 0.55, 1.1, 1.7 and 3.3
    assert [tuple(row.values()) for row in found] == [
        ("a", "tea", 1, 1),
        ("a", "tea", 2, 1),
        ("a", "tea", 3, 1),
        ("a", "tea", 4, 1),
        ("a", "tea", 5, 1),
        ("b", "books", 3, 1),
    ]
