"""The identity map: an identifier enters once, on the day it is first known."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given, settings

from persona_pipeline.contracts.behaviour import MAP
from persona_pipeline.contracts.pseudonym import customer_pseudonym
from persona_pipeline.engine.duckdb import DuckDBEngine
from persona_pipeline.engine.protocol import Window
from persona_pipeline.identity import map_window
from persona_pipeline_tests.features.history import FolderLake, Shop, customer, day, order_line, shops

KEY = b"0123456789abcdef0123456789abcdef"
DAYS = 5


def test_an_identifier_is_known_from_its_first_order_or_record(lake: FolderLake) -> None:
    lines = [
        order_line(1, id="a"),
        order_line(0, order_id="o2", id=None, id_kind=None),
        order_line(2, order_id="o3", id="b"),
        order_line(2, order_id="o4", id="a"),
    ]
    Shop(lines, [customer(0, "b"), customer(3, "b"), customer(3, "c")], []).put(lake)
    files = map_window(lake.engine, lake.read, lake.output(MAP), Window(day(0), day(3)), KEY)
    rows = lake.rows(MAP, files=files)
    assert [(row["day"], row["id"], row["valid_from_day"], row["valid_to_day"]) for row in rows] == [
        (day(0), "b", day(0), None),
        (day(1), "a", day(1), None),
        (day(3), "c", day(3), None),
    ]
    assert {row["id"]: row["customer_id"] for row in rows} == {
        name: customer_pseudonym(KEY, "account", name) for name in "abc"
    }


def test_a_window_without_new_identifiers_writes_nothing(lake: FolderLake) -> None:
    Shop([order_line(0), order_line(1, order_id="o2")], [], []).put(lake)
    lake.replace(MAP, map_window(lake.engine, lake.read, lake.output(MAP), Window(day(0), day(0)), KEY))
    assert map_window(lake.engine, lake.read, lake.output(MAP), Window(day(1), day(1)), KEY) == []


@settings(max_examples=5, deadline=None)
@given(shop=shops(days=DAYS, redelivery_days=2, deliveries=12))
def test_a_range_equals_its_days(shop: Shop) -> None:
    with tempfile.TemporaryDirectory() as folder, DuckDBEngine(Path(folder)) as engine:
        lake = FolderLake(Path(folder), engine)
        shop.put(lake)
        files = map_window(engine, lake.read, lake.output(MAP), Window(day(0), day(DAYS - 1)), KEY)
        for number in range(DAYS):
            window = Window(day(number), day(number))
            lake.replace(MAP, map_window(engine, lake.read, lake.output(MAP), window, KEY))
        assert lake.rows(MAP, files=files) == lake.rows(MAP)
