"""A history export is split once, known when it happened, and equal by nights and by range."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from persona_pipeline.cleaning.window import TABLES
from persona_pipeline.contracts import clean
from persona_pipeline.sources.source import Source
from persona_pipeline_tests.cleaning.conftest import START, Project
from persona_pipeline_tests.cleaning.test_reasons import HEADER, line

EXPORT = Source(
    kind="orders",
    path="all.csv",
    known_at="event",
    through=START + dt.timedelta(days=1),
    identity="whole_row",
)


def test_each_record_belongs_to_one_day(project: Callable[..., Project]) -> None:
    days = [START + dt.timedelta(days=n) for n in range(-1, 4)]
    rows = [line(order_id=f"O{n}", ordered_at=f"{day} 10:00:00") for n, day in enumerate(days)]
    rows += [rows[1], line(ordered_at="never"), "1,2"]
    nightly, ranged = project({"orders": EXPORT}), project({"orders": EXPORT})
    for shop in (nightly, ranged):
        shop.write("all.csv", HEADER + "\n".join(rows))
    for n in range(3):
        nightly.run(START + dt.timedelta(days=n))
    ranged.run(START, START + dt.timedelta(days=2))
    ledger = ranged.select(
        "SELECT status, records_in, clean, rejected, duplicate FROM t ORDER BY day", clean.FILE_LEDGER
    )
    assert ledger == [("loaded", 5, 1, 3, 1), ("loaded", 3, 1, 2, 0), ("absent", 0, 0, 0, 0)]
    reasons = ranged.select("SELECT reason FROM t ORDER BY day, line", clean.REJECT)
    assert reasons == [("too_old",), ("bad_datetime",), ("column_count",), ("future",), ("future",)]
    for table in (clean.ARRIVAL, *TABLES):
        assert nightly.rows(table).equals(ranged.rows(table)), table.full_name
    kept = [path.name for path in (ranged.directory / "split").rglob("*.parquet")]
    assert sorted(kept) == ["records-2025-01.parquet"]
