"""The weekly fit over a small table of facts: window, corrections, cap and refusal."""

from __future__ import annotations

import dataclasses
import datetime as dt
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

from persona_pipeline.affinity.fit import AffinityOptions, cap_baskets, fit_week
from persona_pipeline.contracts import Table
from persona_pipeline.contracts.behaviour import BASKET_ITEM
from persona_pipeline.contracts.models import ITEMSET, RULE, RULE_FIT
from persona_pipeline.engine.duckdb import DuckDBEngine
from persona_pipeline.engine.protocol import Output, Relation

SUNDAY = dt.date(2025, 4, 6)
SMALL = AffinityOptions(minimum_baskets=3, minimum_support=0.5, minimum_count=1, minimum_confidence=0.6)


def fitted(
    engine: DuckDBEngine, rows: list, options: AffinityOptions, folder: Path
) -> dict[str, pd.DataFrame]:
    """Run the fit over rows (known day, event day, order, product, quantity); each table as a frame."""
    facts = pa.table(
        {
            "day": [row[0] for row in rows],
            "event_day": [row[1] for row in rows],
            "order_id": [row[2] for row in rows],
            "product_id": [row[3] for row in rows],
            "category": ["unknown"] * len(rows),
            "id_kind": pa.array([None] * len(rows), pa.string()),
            "id": pa.array([None] * len(rows), pa.string()),
            "quantity": [row[4] for row in rows],
            "amount": [row[4] for row in rows],
        }
    )
    files = engine.select_into(
        "SELECT * FROM facts", {"facts": facts}, Output(BASKET_ITEM, folder / "facts", 0)
    )

    def read(table: Table, first: dt.date | None, last: dt.date | None) -> Relation:
        assert table is BASKET_ITEM
        keep = [file for file in files if (first or file.day) <= file.day <= (last or file.day)]
        return Relation(tuple(str(file.path) for file in keep), table)

    outputs = {table.full_name: Output(table, folder / table.name, 0) for table in (RULE_FIT, ITEMSET, RULE)}
    written = fit_week(engine, read, outputs, SUNDAY, options)
    return {
        name: engine.fetch(
            "SELECT * FROM t", {"t": Relation(tuple(str(file.path) for file in part), outputs[name].table)}
        ).to_pandas()
        for name, part in written.items()
    }


def line(
    order: str, product: str, quantity: int = 1, known: dt.date = SUNDAY, event: dt.date | None = None
) -> tuple:
    return (known, event or known, order, product, quantity)


def test_rules_of_a_week(engine, tmp_path):
    rows = [
        line("1", "cup"),
        line("1", "tea"),
        line("2", "cup"),
        line("2", "tea"),
        line("3", "tea"),
        line("4", "pen"),
    ]
    tables = fitted(engine, rows, SMALL, tmp_path)
    rule = tables["rules.rule"].sort_values("antecedent")
    assert rule[["antecedent", "consequent", "length", "baskets", "confidence"]].to_numpy().tolist() == [
        ["cup", "tea", 2, 2, 1.0],
        ["tea", "cup", 2, 2, 2 / 3],
    ]
    assert sorted(tables["rules.itemset"]["items"]) == ["cup", "cup | tea", "tea"]
    fit = tables["rules.fit"].iloc[0]
    assert (fit["status"], fit["baskets_mined"], fit["itemsets"], fit["rules"]) == ("promoted", 4, 3, 2)


def test_only_what_is_in_the_window_and_was_known_counts(engine, tmp_path):
    inside, outside, later = SUNDAY - dt.timedelta(89), SUNDAY - dt.timedelta(90), SUNDAY + dt.timedelta(1)
    rows = [
        line("1", "tea", known=inside),
        line("2", "tea", known=outside, event=inside),  # known minutes before midnight
        line("3", "tea", known=SUNDAY),
        line("4", "cup", known=outside),
        line("5", "cup", known=later),
        line("6", "cup", known=later, event=SUNDAY),
        line("7", "cup", known=inside),
        line("7", "cup", -1, known=SUNDAY, event=inside),  # taken back
        line("1", "pen", known=inside),
        line("1", "pen", -1, known=later, event=inside),  # taken back, but not yet
    ]
    tables = fitted(
        engine, rows, AffinityOptions(minimum_baskets=3, minimum_support=0.3, minimum_count=1), tmp_path
    )
    found = tables["rules.itemset"].set_index("items")["baskets"].to_dict()
    assert found == {"tea": 3, "pen": 1, "pen | tea": 1}


@pytest.mark.parametrize("baskets", [0, 2])
def test_too_few_baskets_are_a_refusal_with_numbers(engine, tmp_path, baskets):
    later = line("9", "tea", known=SUNDAY + dt.timedelta(1))
    rows = [later, *(line(str(number), "tea") for number in range(baskets))]
    tables = fitted(engine, rows, SMALL, tmp_path)
    fit = tables["rules.fit"].iloc[0]
    assert fit["status"] == "none"
    assert fit["status_reason"] == f"{baskets} baskets from 2025-01-07 to 2025-04-06, at least 3 needed"
    assert tables["rules.rule"].empty
    assert tables["rules.itemset"].empty


def test_large_baskets_are_reported_and_left_out_only_on_request():
    frame = pd.DataFrame({"basket_id": ["1", "2", "2", "2"], "item": ["a", "a", "b", "c"]})
    assert cap_baskets(frame, None).baskets == 2
    assert cap_baskets(frame, None).note == "0 above the 99.9 % size of 3 items, largest 3"
    capped = cap_baskets(frame, 2)
    assert (capped.baskets, capped.frame["basket_id"].tolist()) == (1, ["1"])
    assert capped.note.endswith("1 above the cap of 2 left out")


def test_an_itemset_needs_the_minimum_count_whatever_the_support(engine, tmp_path):
    rows = [line(f"o{n}", item) for n in range(10) for item in ("a", "b", *(["c"] if n < 4 else []))]
    options = AffinityOptions(minimum_baskets=3, minimum_support=0.1, minimum_count=5)
    tables = fitted(engine, rows, options, tmp_path)
    assert sorted(tables["rules.itemset"]["items"]) == ["a", "a | b", "b"]
    assert tables["rules.fit"]["minimum_support"].tolist() == [0.5]


def test_the_support_rises_until_the_itemsets_are_few_enough(engine, tmp_path):
    # a, b, c in 8 of 10 baskets (7 itemsets), d with them in 5 (8 more), e with all of them in 4 (16 more)
    items = {"a": 8, "b": 8, "c": 8, "d": 5, "e": 4, "z": 10}
    rows = [line(f"o{n}", item) for item, count in items.items() for n in range(count)]
    wide = AffinityOptions(minimum_baskets=3, minimum_support=0.1, minimum_count=4)
    assert len(fitted(engine, rows, wide, tmp_path / "all")["rules.itemset"]) == 56
    tables = fitted(engine, rows, dataclasses.replace(wide, max_itemsets=20), tmp_path / "few")
    counts = tables["rules.itemset"].set_index("items")["baskets"]
    assert (len(counts), counts.min()) == (15, 8)
    fit = tables["rules.fit"].iloc[0]
    assert (fit["status"], fit["minimum_support"]) == ("promoted", 0.6)
    assert (
        "more than 20 itemsets in at least 4 baskets; 15 itemsets in at least 6 baskets"
        in fit["status_reason"]
    )


def test_too_many_itemsets_in_every_basket_are_a_refusal(engine, tmp_path):
    rows = [line(f"o{n}", f"item {item}") for n in range(5) for item in range(8)]
    options = AffinityOptions(minimum_baskets=3, minimum_support=0.5, minimum_count=1, max_itemsets=20)
    tables = fitted(engine, rows, options, tmp_path)
    fit = tables["rules.fit"].iloc[0]
    assert (fit["status"], tables["rules.itemset"].empty) == ("none", True)
    assert fit["status_reason"].endswith("; more than 20 itemsets in at least 5 baskets")
