"""UCI Online Retail: one history export of 541,909 dirty records, counted as its README counts them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import pytest

from persona_pipeline.contracts import clean
from persona_pipeline.sources.source import Source
from persona_pipeline_tests.cleaning.conftest import Project

FIRST, LAST = dt.date(2010, 12, 1), dt.date(2011, 12, 9)


@pytest.mark.proof
def test_the_ledger_of_the_whole_export(project: Callable[..., Project], shared_data: Path) -> None:
    source = Source(
        kind="orders",
        path=str(shared_data / "online_retail" / "online_retail.csv.gz"),
        known_at="event",
        through=LAST,
        identity="whole_row",
        currency="GBP",
        columns={
            "order_id": "InvoiceNo",
            "product_id": "StockCode",
            "product_title": "Description",
            "quantity": "Quantity",
            "ordered_at": "InvoiceDate",
            "unit_price": "UnitPrice",
            "account_id": "CustomerID",
        },
        strip_suffix={"account_id": ".0"},
        refund={"column": "InvoiceNo", "prefix": "C"},  # type: ignore[arg-type]
    )
    shop = project({"orders": source}, currency="GBP", time_zone="Europe/London", start=FIRST)
    shop.run(FIRST, LAST)
    totals = shop.select(
        "SELECT CAST(sum(records_in) AS BIGINT), CAST(sum(clean) AS BIGINT), CAST(sum(rejected) AS BIGINT), "
        "CAST(sum(duplicate) AS BIGINT), count(*) FROM t",
        clean.FILE_LEDGER,
    )
    assert totals == [(541_909, 535_303, 1_338, 5_268, 374)]
    reasons = shop.select(
        "SELECT outcome, reason, CAST(sum(records) AS BIGINT) FROM t GROUP BY 1, 2 ORDER BY 1, 2",
        clean.LEDGER_REASON,
    )
    assert reasons == [
        ("clean", "new", 535_303),
        ("duplicate", "same_content", 5_268),
        ("noted", "missing_customer", 135_080),
        ("noted", "missing_title", 1_454),
        ("noted", "refund", 9_288),
        ("noted", "unknown_column", 1),
        ("rejected", "amount_range", 2),  # two bad debts with a negative price
        ("rejected", "refund_type", 1_336),  # negative quantities outside a cancellation
    ]
    customers = (
        "SELECT count(DISTINCT id), CAST(round(sum(amount), 2) AS VARCHAR) FROM t "
        "WHERE id IS NOT NULL AND order_type = 'sale' AND unit_price > 0"
    )
    assert shop.select(customers, clean.ORDER_LINE) == [(4_338, "8887208.89")]
