"""Rows that break a contract stop the commit: the table keeps the version it had."""

from __future__ import annotations

import datetime as dt

import pyarrow as pa
import pytest

from persona_pipeline.contracts import clean
from persona_pipeline.contracts.validation import KEPT_ROWS, ContractError
from persona_pipeline.defs.commit import commit
from persona_pipeline.defs.shop import Shop
from persona_pipeline.settings import Settings

DAY = dt.date(2025, 1, 6)


@pytest.fixture
def shop(project: Settings) -> Shop:
    return Shop(project)


def columns(shop: Shop, *rows: dict[str, object]) -> None:
    """Commit rows of clean.file_column, as an asset does."""
    usual = {"day": DAY, "source": "orders", "path": "o.csv", "sha256": "0" * 64, "filled": 1}
    table = pa.Table.from_pylist([usual | row for row in rows])
    write(shop, table)


def write(shop: Shop, table: pa.Table) -> None:
    output = shop.lake.output(clean.FILE_COLUMN)
    with shop.engine() as engine:
        files = engine.select_into("SELECT * FROM t", {"t": table}, output)
    commit(shop, output, [DAY], files)


def names(shop: Shop) -> list[str]:
    with shop.engine() as engine:
        read = {"t": shop.lake.read(clean.FILE_COLUMN, None, None)}
        found = engine.fetch("SELECT column_name FROM t ORDER BY column_name", read)
    return found.column("column_name").to_pylist()


@pytest.mark.parametrize(
    ("seeded", "check"),
    [
        ({"column_name": "b", "filled": -1}, "filled >= 0"),
        ({"column_name": None}, "column_name not null"),
        ({"column_name": "a"}, "to be unique within a day"),
    ],
    ids=["value", "null", "key"],
)
def test_a_seeded_violation_stops_the_commit(shop: Shop, seeded: dict[str, object], check: str) -> None:
    columns(shop, {"column_name": "before"})
    with pytest.raises(ContractError, match=check):
        columns(shop, {"column_name": "a"}, seeded)
    assert names(shop) == ["before"]


def test_keys_of_a_large_day_are_counted_in_sql(shop: Shop) -> None:
    """More keys than are held in memory; the one that stands twice is found, and nothing is written."""
    count = KEPT_ROWS + 10
    rows = pa.table(
        {
            "day": pa.array([DAY] * count, pa.date32()),
            **{name: pa.array([name] * count) for name in ("source", "path", "sha256")},
            "column_name": pa.array([f"c{number}" for number in range(count - 1)] + ["c7"]),
            "filled": pa.array([1] * count),
        }
    )
    with pytest.raises(ContractError, match=f"unique within a day; 1 of {count:,} rows"):
        write(shop, rows)
    assert names(shop) == []
    write(shop, rows.slice(0, count - 1))
    assert len(names(shop)) == count - 1
