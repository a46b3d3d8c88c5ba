"""Deletes publications that are no longer kept, in small transactions of their own.

Not here: anything a publication needs to be whole; being killed in the middle leaves rows that no view shows
and that the next call deletes.
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from persona_pipeline.contracts.warehouse import WAREHOUSE_TABLES, Kind
from persona_pipeline.warehouse.connect import reading, writing
from persona_pipeline.warehouse.pointer import control, kept_ids

KEEP = 3
BATCH = 5_000


def delete_old(database: sa.Engine, *, keep: int = KEEP, batch: int = BATCH) -> int:
    """Delete all but the newest `keep` publications and the one that readers see.

    Args:
        database: the warehouse.
        keep: publications to keep, at least 1.
        batch: rows deleted per transaction.

    Returns:
        Rows deleted from state and event tables.
    """
    publication = control().tables["publication"]
    with writing(database) as connection:
        kept = kept_ids(connection, max(keep, 1))
        # first its own row: from here on no rollback can return to it
        connection.execute(sa.delete(publication).where(publication.c.publication_id.not_in(kept)))
    if not kept:
        return 0
    deleted = 0
    for table, old in _old(database, kept):
        while (count := _delete_some(database, table, old, batch)) > 0:
            deleted += count
    return deleted


def _old(database: sa.Engine, kept: Sequence[int]) -> list[tuple[sa.Table, sa.ColumnElement[bool]]]:
    """Tables that hold rows no kept publication shows, with the condition that finds them by an index."""
    found: list[tuple[sa.Table, sa.ColumnElement[bool]]] = []
    with reading(database) as connection:
        for each in WAREHOUSE_TABLES.values():
            table = control().tables[each.name]
            if each.kind is Kind.STATE:
                smallest = (
                    connection.execute(sa.select(sa.func.min(table.c.publication_id))).scalar() or kept[-1]
                )
                numbers = (number for number in range(smallest, kept[-1]) if number not in kept)
                found += [(table, table.c.publication_id == number) for number in numbers]
            elif each.kind is Kind.EVENT:
                old = table.c.withdrawn_in <= kept[0]
                if connection.execute(sa.select(table.c.withdrawn_in).where(old).limit(1)).first():
                    found.append((table, old))
    return found


def _delete_some(database: sa.Engine, table: sa.Table, old: sa.ColumnElement[bool], batch: int) -> int:
    # the physical address of a row; a SELECT allows a limit, which DELETE does not
    names = {"sqlite": "rowid", "postgresql": "ctid"}
    with writing(database) as connection:
        name = names.get(connection.dialect.name)
        if name is None:
            return connection.execute(sa.delete(table).where(old)).rowcount
        address: sa.ColumnElement[object] = sa.literal_column(name)
        some = sa.select(address).select_from(table).where(old).limit(batch)
        if name == "ctid":
            # PostgreSQL finds rows by address from an array, not from a subquery
            condition = address == sa.any_(sa.func.array(some.scalar_subquery()))
        else:
            condition = address.in_(some)
        return connection.execute(sa.delete(table).where(condition)).rowcount
