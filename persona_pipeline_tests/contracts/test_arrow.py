"""Contracts as Arrow schemas."""

from __future__ import annotations

import pyarrow as pa
import pytest

from persona_pipeline.contracts import LAKE_TABLES, Column, Table, Type
from persona_pipeline.contracts.arrow import arrow_schema, empty

EVERY_TYPE = Table(
    "test",
    "every_type",
    "one row per day",
    ("day",),
    tuple(Column("day" if kind is Type.DATE else f"a_{kind}", kind, kind) for kind in Type),
    "One column of each type.",
)


def test_every_type_has_its_arrow_type() -> None:
    assert arrow_schema(EVERY_TYPE) == pa.schema(
        {
            "a_text": pa.string(),
            "a_integer": pa.int64(),
            "a_decimal": pa.decimal128(18, 4),
            "a_rate": pa.decimal128(20, 12),
            "a_double": pa.float64(),
            "a_boolean": pa.bool_(),
            "day": pa.date32(),
            "a_timestamp": pa.timestamp("us", tz="UTC"),
        }
    )


@pytest.mark.parametrize("table", LAKE_TABLES.values(), ids=LAKE_TABLES)
def test_the_empty_table_has_the_columns_in_order(table: Table) -> None:
    assert empty(table).num_rows == 0
    assert tuple(empty(table).column_names) == table.column_names
