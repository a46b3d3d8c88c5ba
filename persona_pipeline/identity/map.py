"""The identity map: every identifier on the day it is first known, with its customer.

Here: one range-first step. Not here: merging; every identifier is a component of its own, and the interval
columns are kept so that a later merge only closes intervals.
"""

from __future__ import annotations

import datetime as dt

import pyarrow as pa

from persona_pipeline.contracts.behaviour import MAP
from persona_pipeline.contracts.clean import CUSTOMER, ORDER_LINE
from persona_pipeline.contracts.pseudonym import customer_pseudonym
from persona_pipeline.engine.protocol import DataFile, Engine, Output, ReadWindow, Window
from persona_pipeline.engine.sql import sql_text

_SCHEMA = pa.schema(
    [
        ("day", pa.date32()),
        ("id_kind", pa.string()),
        ("id", pa.string()),
        ("customer_id", pa.string()),
        ("valid_from_day", pa.date32()),
        ("valid_to_day", pa.date32()),
    ]
)


def map_window(
    engine: Engine, read: ReadWindow, output: Output, window: Window, key: bytes
) -> list[DataFile]:
    """Write the identifiers that are first known in the window, each in the partition of that day.

    Args:
        engine: runs the statement and the batches.
        read: reads `clean.order_line`, `clean.customer` and earlier days of `identity.map`.
        output: where files of `identity.map` go.
        window: the days to write; a range gives what its days give one by one.
        key: the project's secret for pseudonyms; it never enters SQL.

    Returns:
        The files written, none for days without a new identifier.
    """
    inputs = {
        "order_line": read(ORDER_LINE, window.first, window.last),
        "customer": read(CUSTOMER, window.first, window.last),
        "known": read(MAP, None, window.first - dt.timedelta(days=1)),
    }
    new = engine.stage(sql_text("identity/map"), inputs, {"first": window.first, "last": window.last})

    def with_customer(batch: pa.Table) -> pa.Table:
        pairs = zip(batch.column("id_kind").to_pylist(), batch.column("id").to_pylist(), strict=True)
        customers = [customer_pseudonym(key, id_kind, identifier) for id_kind, identifier in pairs]
        columns = [
            batch.column("day"),
            batch.column("id_kind"),
            batch.column("id"),
            pa.array(customers, pa.string()),
            batch.column("day"),
            pa.nulls(batch.num_rows, pa.date32()),
        ]
        return pa.table(columns, schema=_SCHEMA)

    written = engine.map_batches(new, with_customer, output)
    if not isinstance(written, list):
        raise TypeError("an engine returns data files when it is given an output")
    return written
