"""Reading history by whole months gives the rows that single days give."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pyarrow as pa
import pytest

from persona_pipeline.contracts.behaviour import MAP
from persona_pipeline.defs.history import HistoryReader
from persona_pipeline.engine.duckdb import DuckDBEngine
from persona_pipeline.lake.delta import DeltaLake

START = dt.date(2025, 1, 20)
DAYS = [START + dt.timedelta(days=n) for n in range(60)]


@pytest.fixture
def lake(tmp_path: Path, engine: DuckDBEngine) -> DeltaLake:
    lake = DeltaLake(tmp_path / "lake")
    output = lake.output(MAP)
    ids = [f"id{n}" for n in range(len(DAYS))]
    rows = pa.table(
        {
            "day": pa.array(DAYS, pa.date32()),
            "id_kind": ["account"] * len(DAYS),
            "id": ids,
            "customer_id": ids,
        }
    )
    lake.replace(output, DAYS, engine.select_into("SELECT * FROM r", {"r": rows}, output))
    return lake


@pytest.mark.parametrize(
    ("first", "last", "files"),
    [
        (None, DAYS[-1], 1 + 1 + 20),  # January and February are whole, March goes on
        (dt.date(2025, 2, 1), dt.date(2025, 2, 28), 1),
        (dt.date(2025, 2, 2), dt.date(2025, 2, 28), 27),
        (dt.date(2025, 3, 1), dt.date(2025, 3, 3), 3),
    ],
)
@pytest.mark.parametrize("copied", [False, True])
def test_rows_are_the_same(
    lake: DeltaLake, engine: DuckDBEngine, first: dt.date | None, last: dt.date, files: int, copied: bool
) -> None:
    read = HistoryReader(lake.read, engine)
    sql = "SELECT * FROM t ORDER BY id"
    plain = engine.fetch(sql, {"t": lake.read(MAP, first, last)})
    if copied:  # the lake has months of its own, made after a publication
        assert lake.compact(engine, MAP, DAYS[-1]) == 2
    relation = read(MAP, first, last)
    assert engine.fetch(sql, {"t": relation}).equals(plain)
    assert len(relation.paths) == files
    assert read(MAP, first, last) == relation
