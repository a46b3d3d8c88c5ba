"""Publishes the lake: everything staged first, then one transaction on one connection.

Here: what a publication writes, in which order. Not here: the SELECTs (sql/marts), loading
(load.py), the deletion of old publications (retention.py).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow.parquet as pq
import sqlalchemy as sa

from persona_pipeline.contracts import Table, models
from persona_pipeline.contracts.warehouse import WarehouseTable, warehouse_tables
from persona_pipeline.engine.protocol import Engine, ReadWindow, Relation
from persona_pipeline.warehouse.calendar import add_dates
from persona_pipeline.warehouse.connect import open_database, reading, writing
from persona_pipeline.warehouse.errors import StalePublisher, WarehouseError
from persona_pipeline.warehouse.load import load_rows
from persona_pipeline.warehouse.marts import (
    Versions,
    event_tables,
    lake_versions,
    stage_event,
    stage_state,
    state_tables,
)
from persona_pipeline.warehouse.pointer import (
    Publication,
    move_pointer,
    next_publication_id,
    read_pointer,
    record,
)
from persona_pipeline.warehouse.retention import KEEP, delete_old
from persona_pipeline.warehouse.rows import minor_per_unit, warehouse_rows
from persona_pipeline.warehouse.schema import ensure_schema
from persona_pipeline.warehouse.tables import metadata

_BATCH = 65_536  # rows in memory at a time

# per day of an event table, the lake versions it was or will be made from
DayVersions = dict[dt.date, dict[str, int]]


@dataclass(frozen=True, slots=True)
class _Staged:
    """What a publication will write, outside the database."""

    state: Mapping[str, Relation]
    event: Mapping[str, Relation]
    changed: Mapping[str, DayVersions]
    first: dt.date


def publish(
    engine: Engine,
    url: str,
    read: ReadWindow,
    versions: Versions,
    features: Table,
    *,
    first: dt.date,
    as_of: dt.date,
    run_id: str,
    published_at: dt.datetime,
    currency: str,
    key: bytes,
    fence: int | None = None,
    reason: str | None = None,
    accepted_by: str | None = None,
    keep: int = KEEP,
) -> Publication:
    """Publish the lake as of a day, in one transaction.

    The state tables are written whole; of the event tables only days whose lake version differs from the
    published one. as_of never moves back: an older `as_of` publishes changed days under the newest one kept.

    Args:
        engine: stages the marts.
        url: database URL of SQLAlchemy.
        read: reads the lake.
        versions: versions of lake partitions (`DeltaLake.versions`).
        features: features.customer with the columns of the catalogue.
        first: first day of the project; event days from here to as_of are compared.
        as_of: the day whose end is published.
        run_id: the run that publishes.
        published_at: when, with its time zone.
        currency: ISO 4217 code of the project's money.
        key: the project's secret; order numbers are pseudonymised with it.
        fence: fencing number that the pointer must still carry; None: the one it carries now.
        reason: why a held publication is released, and
        accepted_by: who released it.
        keep: publications kept.

    Returns:
        What was published, with rows by table and the days written by event table.

    Raises:
        StalePublisher: somebody moved the pointer since; nothing was written.
        WarehouseError: the database cannot be reached or refuses, or the lake has no profiles for the day.
    """
    database = open_database(url)
    ensure_schema(database, features)
    with reading(database) as connection:
        at = read_pointer(connection)
        published = {name: _published_days(connection, name, features) for name in event_tables()}
    if fence is not None and fence != at.fence:
        raise StalePublisher(f"expected fencing number {fence}, found {at.fence}; nothing was written")
    as_of = max(as_of, at.newest_as_of or as_of)
    if as_of not in versions(models.CUSTOMER_PROFILE, [as_of]):
        raise WarehouseError(
            f"the lake has no {models.CUSTOMER_PROFILE.full_name} of {as_of}; run that day first"
        )
    staged = _stage(engine, read, versions, published, features, first, as_of)
    with writing(database) as connection:
        publication = Publication(
            publication_id=next_publication_id(connection),
            as_of=as_of,
            run_id=run_id,
            published_at=published_at.astimezone(dt.UTC),
            fence=at.fence + 1,
            currency=currency,
            minor_per_unit=minor_per_unit(currency),
            reason=reason,
            accepted_by=accepted_by,
            days={name: tuple(sorted(days)) for name, days in staged.changed.items()},
        )
        move_pointer(connection, at.fence, publication)
        _write(connection, publication, staged, features, key)
    delete_old(database, keep=keep)
    return publication


def _stage(
    engine: Engine,
    read: ReadWindow,
    versions: Versions,
    published: Mapping[str, DayVersions],
    features: Table,
    first: dt.date,
    as_of: dt.date,
) -> _Staged:
    tables = warehouse_tables(features)
    days = [first + dt.timedelta(days=n) for n in range((as_of - first).days + 1)]
    changed: dict[str, DayVersions] = {}
    event: dict[str, Relation] = {}
    for name in event_tables():
        now = lake_versions(name, versions, days)
        changed[name] = {day: each for day, each in now.items() if published[name].get(day) != each}
        if changed[name]:
            event[name] = stage_event(engine, read, tables[name], sorted(changed[name]), as_of)
    state = {name: stage_state(engine, read, tables[name], features, as_of) for name in state_tables()}
    return _Staged(state, event, changed, first)


def _write(
    connection: sa.Connection, publication: Publication, staged: _Staged, features: Table, key: bytes
) -> None:
    """Everything of one publication; the caller's transaction makes it one."""
    tables, sql_tables = warehouse_tables(features), metadata(features).tables
    number = publication.publication_id
    record(connection, publication)
    add_dates(connection, sql_tables["dim_date"], staged.first, publication.as_of)
    for name, relation in staged.state.items():
        constants = {"publication_id": number}
        publication.rows[name] = _load(
            connection, tables[name], features, relation, constants, publication, key
        )
    for name, days in staged.changed.items():
        _withdraw(connection, sql_tables[name], days, number)
        publication.rows[name] = 0
        if name in staged.event:
            constants = {"published_in": number, "withdrawn_in": None}
            relation = staged.event[name]
            publication.rows[name] = _load(
                connection, tables[name], features, relation, constants, publication, key
            )
        _remember_days(connection, sql_tables["published_day"], name, days)


def _load(
    connection: sa.Connection,
    target: WarehouseTable,
    features: Table,
    relation: Relation,
    constants: Mapping[str, object],
    publication: Publication,
    key: bytes,
) -> int:
    table, count = metadata(features).tables[target.name], 0
    for path in relation.paths:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(_BATCH):
                rows = warehouse_rows(batch, target, constants, minor=publication.minor_per_unit, key=key)
                load_rows(connection, table, rows)
                count += rows.num_rows
    return count


def _withdraw(connection: sa.Connection, table: sa.Table, days: DayVersions, number: int) -> None:
    day, withdrawn = table.c.day, table.c.withdrawn_in
    statement = (
        sa.update(table).where(day == sa.bindparam("of_day"), withdrawn.is_(None)).values(withdrawn_in=number)
    )
    if days:
        connection.execute(statement, [{"of_day": each} for each in sorted(days)])


def _published_days(connection: sa.Connection, name: str, features: Table) -> DayVersions:
    table = metadata(features).tables["published_day"]
    found: DayVersions = {}
    for row in connection.execute(sa.select(table).where(table.c.table_name == name)):
        found.setdefault(row.day, {})[row.source] = row.lake_version
    return found


def _remember_days(connection: sa.Connection, table: sa.Table, name: str, days: DayVersions) -> None:
    if not days:
        return
    of_day = sa.delete(table).where(table.c.table_name == name, table.c.day == sa.bindparam("of_day"))
    connection.execute(of_day, [{"of_day": day} for day in sorted(days)])
    rows = [
        {"table_name": name, "source": source, "day": day, "lake_version": version}
        for day, each in sorted(days.items())
        for source, version in each.items()
    ]
    connection.execute(sa.insert(table), rows)
