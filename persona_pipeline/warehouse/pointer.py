"""Which publication readers see, which ones are kept, and how the pointer moves.

Here: `current`, `publications`, `rollback`, the compare-and-swap of the pointer. Not here: rows of marts.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa

from persona_pipeline.contracts import behaviour
from persona_pipeline.warehouse.connect import exists, open_database, reading, shown, writing
from persona_pipeline.warehouse.errors import StalePublisher, WarehouseError
from persona_pipeline.warehouse.tables import metadata


@dataclass(frozen=True, slots=True)
class Publication:
    """One publication. `rows` and `days` are filled by the publisher that wrote it."""

    publication_id: int
    as_of: dt.date
    run_id: str
    published_at: dt.datetime
    fence: int
    currency: str
    minor_per_unit: int
    reason: str | None = None
    accepted_by: str | None = None
    rows: dict[str, int] = field(default_factory=dict, compare=False)
    days: dict[str, tuple[dt.date, ...]] = field(default_factory=dict, compare=False)


@dataclass(frozen=True, slots=True)
class Pointer:
    """Where the pointer stands; publication 0 is before the first. `newest_as_of` is the latest kept."""

    publication_id: int
    fence: int
    newest_as_of: dt.date | None


def control() -> sa.MetaData:
    """The tables without the columns of a catalogue, enough for everything but the profile's rows."""
    return metadata(behaviour.FEATURES)


def current(url: str) -> Publication | None:
    """The publication that readers see; None before the first one.

    Raises:
        WarehouseError: the database cannot be reached.
    """
    database = open_database(url)
    if not exists(database):
        return None
    with reading(database) as connection:
        if not _has_tables(connection):
            return None
        at = read_pointer(connection)
        return next((p for p in read_publications(connection) if p.publication_id == at.publication_id), None)


def publications(url: str) -> list[Publication]:
    """The publications that are kept, newest first.

    Raises:
        WarehouseError: the database cannot be reached.
    """
    database = open_database(url)
    if not exists(database):
        return []
    with reading(database) as connection:
        return read_publications(connection) if _has_tables(connection) else []


def rollback(url: str, publication_id: int | None = None) -> Publication:
    """Let readers see an earlier publication that is kept; without a number, the one before the current one.

    Raises:
        WarehouseError: there is no such publication, or the database cannot be reached.
    """
    database = open_database(url)
    if not exists(database):
        raise WarehouseError(f"{shown(database)} does not exist; publish first")
    with writing(database) as connection:
        kept = read_publications(connection) if _has_tables(connection) else []
        if not kept:
            raise WarehouseError(f"{shown(database)} holds no publication to go back to; publish first")
        at = read_pointer(connection)
        names = ", ".join(str(p.publication_id) for p in kept)
        if publication_id is None:
            target = next((p for p in kept if p.publication_id < at.publication_id), None)
            wanted = f"before {at.publication_id}"
        else:
            target = next((p for p in kept if p.publication_id == publication_id), None)
            wanted = str(publication_id)
        if target is None:
            raise WarehouseError(f"publication {wanted} is not kept; kept are: {names}")
        move_pointer(connection, at.fence, target)
        return target


def read_pointer(connection: sa.Connection) -> Pointer:
    """The pointer as this transaction sees it."""
    pointer, publication = control().tables["pointer"], control().tables["publication"]
    row = connection.execute(sa.select(pointer.c.publication_id, pointer.c.fence)).one()
    newest = connection.execute(sa.select(sa.func.max(publication.c.as_of))).scalar()
    return Pointer(row.publication_id, row.fence, newest)


def read_publications(connection: sa.Connection) -> list[Publication]:
    """The publications that are kept, newest first, as this transaction sees them."""
    table = control().tables["publication"]
    rows = connection.execute(sa.select(table).order_by(table.c.publication_id.desc())).mappings()
    # SQLite returns timestamps without their zone; all of them are UTC
    return [
        Publication(**{**row, "published_at": _utc(row["published_at"])})  # type: ignore[arg-type]
        for row in rows
    ]


def next_publication_id(connection: sa.Connection) -> int:
    """One more than any number used; the newest publication is always kept, so none comes back."""
    table = control().tables["publication"]
    return (connection.execute(sa.select(sa.func.max(table.c.publication_id))).scalar() or 0) + 1


def move_pointer(connection: sa.Connection, fence: int, to: Publication) -> None:
    """Move the pointer if it still carries `fence`; takes its row lock until the transaction ends.

    Raises:
        StalePublisher: it carries another number.
    """
    pointer = control().tables["pointer"]
    moved = connection.execute(
        sa.update(pointer)
        .where(pointer.c.fence == fence)
        .values(
            publication_id=to.publication_id,
            as_of=to.as_of,
            fence=fence + 1,
            currency=to.currency,
            minor_per_unit=to.minor_per_unit,
        )
    )
    if moved.rowcount != 1:
        now = connection.execute(sa.select(pointer.c.fence)).scalar()
        raise StalePublisher(
            f"somebody published or rolled back meanwhile: expected fencing number {fence}, found {now}; "
            "nothing was written. Run the publication again."
        )


def record(connection: sa.Connection, publication: Publication) -> None:
    """Add the publication's own row."""
    table = control().tables["publication"]
    connection.execute(sa.insert(table), [{c.name: getattr(publication, c.name) for c in table.columns}])


def kept_ids(connection: sa.Connection, keep: int) -> Sequence[int]:
    """The newest `keep` publications and the one that readers see, ascending."""
    ids = [p.publication_id for p in read_publications(connection)]
    return sorted({*ids[:keep], *(i for i in ids if i == read_pointer(connection).publication_id)})


def _has_tables(connection: sa.Connection) -> bool:
    return sa.inspect(connection).has_table("pointer") and sa.inspect(connection).has_table("publication")


def _utc(moment: dt.datetime) -> dt.datetime:
    return moment.replace(tzinfo=dt.UTC) if moment.tzinfo is None else moment.astimezone(dt.UTC)
