"""A history export is split once, known when it happened, and equal by nights and by range."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal

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


def test_an_export_and_deliveries_are_told_together(project: Callable[..., Project]) -> None:
    """Records of an export are kept with all their columns, those of a delivery with fewer."""
    delivered = Source(kind="orders", path="new-{day}.csv")
    sources = {"old": EXPORT, "new": delivered, "other": delivered.model_copy(update={"path": "x-{day}.csv"})}
    shop = project(sources)
    refund = {"type": "refund", "quantity": "-2", "amount": "-19.00"}
    changes = ({}, {"currency": ""}, refund, {"amount": "1.00"}, {"type": "gift"})
    rows = [
        line(order_id=f"O{number}", ordered_at=f"{START} 10:00:00", **change)
        for number, change in enumerate(changes)
    ]
    for path in ("all.csv", f"new-{START}.csv", f"x-{START}.csv"):
        shop.write(path, HEADER + "\n".join(rows))
    shop.run(START)
    accepted = shop.select(
        "SELECT source, order_id, order_type, line_type, amount, currency FROM t ORDER BY 2, 1",
        clean.ORDER_LINE,
    )
    assert accepted == [
        (source, f"O{number}", order_type, "item", Decimal(amount), "CNY")
        for number, order_type, amount in ((0, "sale", 19), (1, "sale", 19), (2, "refund", -19))
        for source in ("new", "old", "other")
    ]
    contents = set(shop.select("SELECT order_id, content_hash FROM t", clean.ORDER_LINE))
    assert len(contents) == 3  # the same of a source as of another
    refused = shop.select("SELECT source, reason, field FROM t ORDER BY line, source", clean.REJECT)
    assert refused == [
        (source, *why)
        for why in (("amount_mismatch", "amount"), ("bad_value", "type"))
        for source in ("new", "old", "other")
    ]
