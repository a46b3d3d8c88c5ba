"""Every table of the lake as plain frozen data; schemas for validation, engines and stores are built from it.

Importing this package imports no dataframe library and no database library.
"""

from __future__ import annotations

from persona_pipeline.contracts import activity, behaviour, clean, identity, models, traces
from persona_pipeline.contracts.column import Column, Purpose, Sensitivity, Table, Type
from persona_pipeline.contracts.warehouse import WAREHOUSE_TABLES

LAKE_TABLES: dict[str, Table] = {
    table.full_name: table
    for module in (clean, traces, identity, behaviour, activity, models)
    for table in module.TABLES
}

__all__ = ["LAKE_TABLES", "WAREHOUSE_TABLES", "Column", "Purpose", "Sensitivity", "Table", "Type"]
