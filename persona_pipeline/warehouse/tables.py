"""SQLAlchemy tables, built from the contracts on first use.

Here: types, keys and indexes. Not here: creating them (schema.py).
"""

from __future__ import annotations

import functools
from typing import Any

import sqlalchemy as sa

from persona_pipeline.contracts import Table, Type
from persona_pipeline.contracts.warehouse import Kind, warehouse_tables

_TYPES: dict[Type, sa.types.TypeEngine[Any]] = {
    Type.TEXT: sa.Text(),
    Type.INTEGER: sa.BigInteger(),
    Type.DECIMAL: sa.Numeric(18, 4),
    Type.RATE: sa.Numeric(20, 12),
    Type.DOUBLE: sa.Double(),
    Type.BOOLEAN: sa.Boolean(),
    Type.DATE: sa.Date(),
    Type.TIMESTAMP: sa.DateTime(timezone=True),
}


@functools.cache
def metadata(features: Table) -> sa.MetaData:
    """All tables of the warehouse; `features` is features.customer with the columns of the catalogue."""
    tables = sa.MetaData()
    for each in warehouse_tables(features).values():
        key = set(each.table.key)
        columns = [
            sa.Column(
                column.name,
                _TYPES[column.type],
                nullable=column.nullable,
                primary_key=column.name in key,
                autoincrement=False,
                comment=column.description,
            )
            for column in each.table.columns
        ]
        # the key in the contract's order: publication or day first, so that bulk loads append to the index
        columns = [c for c in columns if c.primary_key and c.name in key] + [
            c for c in columns if c.name not in key
        ]
        columns.sort(key=lambda c: each.table.key.index(c.name) if c.name in key else len(key))
        table = sa.Table(each.name, tables, *columns, comment=each.table.description)
        if each.kind is Kind.EVENT:
            _event_indexes(table)
    return tables


def _event_indexes(table: sa.Table) -> None:
    withdrawn = table.c.withdrawn_in.is_not(None)
    sa.Index(
        f"{table.name}_withdrawn", table.c.withdrawn_in, sqlite_where=withdrawn, postgresql_where=withdrawn
    )
    if "sign" in table.c:
        # the view looks up whether a line was taken back; few lines are
        retraction = table.c.sign == -1
        sa.Index(
            f"{table.name}_retraction",
            table.c.order_line_id,
            sqlite_where=retraction,
            postgresql_where=retraction,
        )
