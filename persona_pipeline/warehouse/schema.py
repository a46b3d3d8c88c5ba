"""Creates what is missing in the database: tables, columns, views. Unchanged views are left alone.

Here: `ensure_schema`. Not here: rows.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping

import sqlalchemy as sa
import sqlglot
from sqlalchemy import exc
from sqlglot import expressions as exp

from persona_pipeline.contracts import Table
from persona_pipeline.contracts.warehouse import WAREHOUSE_TABLES, Kind, feature_columns, in_minor_units
from persona_pipeline.engine.sql import sql_text
from persona_pipeline.warehouse.connect import changing_schema, open_database, reading, use_wal
from persona_pipeline.warehouse.errors import WarehouseBusy
from persona_pipeline.warehouse.tables import metadata

_ATTEMPTS = 20

VIEWS = (
    "v_publication",
    *(f"v_{each.name}" for each in WAREHOUSE_TABLES.values() if each.kind is not Kind.CONTROL),
)


def ensure_schema(database: sa.Engine | str, features: Table) -> None:
    """Bring tables, columns and views to what the contracts say. Locks nothing if they are there.

    A column that left the contracts stays in the table; it is empty in new publications.

    Args:
        database: a SQLAlchemy engine of `open_database`, or a URL.
        features: features.customer with the columns of the catalogue.

    Raises:
        WarehouseError: the database cannot be reached or refuses.
    """
    if isinstance(database, str):
        database = open_database(database)
    wanted = metadata(features)
    definitions = view_definitions(features)
    with reading(database) as connection:
        if not _missing_columns(connection, wanted) and _changed_views(connection, wanted, definitions) == []:
            return
    use_wal(database)
    for attempt in range(_ATTEMPTS):
        try:
            _change(database, wanted, definitions)
        except WarehouseBusy:
            if attempt == _ATTEMPTS - 1:
                raise
            time.sleep(0.25)
        else:
            return


def _change(database: sa.Engine, wanted: sa.MetaData, definitions: Mapping[str, str]) -> None:
    with changing_schema(database) as connection:
        wanted.create_all(connection)
        for table, columns in _missing_columns(connection, wanted).items():
            for column in columns:
                _add_column(connection, table, column)
        _put_pointer(connection, wanted)
        _put_views(connection, wanted, definitions)


def view_definitions(features: Table) -> dict[str, str]:
    """The SELECT of every view; the profile's with the features of the catalogue at its end."""
    definitions = {name: sql_text(f"views/{name}") for name in VIEWS}
    select = sqlglot.parse_one(definitions["v_customer_profile"], dialect="postgres")
    assert isinstance(select, exp.Select)  # noqa: S101 - for the type checker; the file is ours
    values = []
    for column in feature_columns(features):
        stored = in_minor_units(column)
        value: exp.Expression = exp.column(stored.name, table="t")
        if stored.name != column.name:
            value = exp.Div(
                this=exp.Mul(this=value, expression=exp.Literal.number("1.0")),
                expression=exp.column("minor_per_unit", table="p"),
            )
        values.append(exp.alias_(value, column.name))
    definitions["v_customer_profile"] = select.select(*values).sql(dialect="postgres", comments=False)
    return definitions


def _missing_columns(
    connection: sa.Connection, wanted: sa.MetaData
) -> dict[sa.Table, list[sa.Column[object]]]:
    """Per table the columns that the database lacks; all of them if it lacks the table."""
    found = sa.inspect(connection).get_multi_columns()
    present = {name: {column["name"] for column in columns} for (_, name), columns in found.items()}
    missing: dict[sa.Table, list[sa.Column[object]]] = {}
    for table in wanted.sorted_tables:
        absent = [column for column in table.columns if column.name not in present.get(table.name, set())]
        if absent:
            missing[table] = absent
    return missing


def _add_column(connection: sa.Connection, table: sa.Table, column: sa.Column[object]) -> None:
    quote = connection.dialect.identifier_preparer.quote
    kind = column.type.compile(dialect=connection.dialect)
    # without NOT NULL: rows of the publications before have no value
    connection.exec_driver_sql(f"ALTER TABLE {quote(table.name)} ADD COLUMN {quote(column.name)} {kind}")


def _put_pointer(connection: sa.Connection, wanted: sa.MetaData) -> None:
    pointer = wanted.tables["pointer"]
    if connection.execute(sa.select(pointer.c.pointer_id)).first() is None:
        connection.execute(
            sa.insert(pointer).values(
                pointer_id=1, publication_id=0, fence=0, minor_per_unit=1, as_of=None, currency=None
            )
        )


def _sha256(definition: str) -> str:
    return hashlib.sha256(definition.encode()).hexdigest()


def _changed_views(
    connection: sa.Connection, wanted: sa.MetaData, definitions: Mapping[str, str]
) -> list[str]:
    table = wanted.tables["view_definition"]
    found = {
        row.view_name: row.sha256 for row in connection.execute(sa.select(table.c.view_name, table.c.sha256))
    }
    return [name for name, definition in definitions.items() if found.get(name) != _sha256(definition)]


def _put_views(connection: sa.Connection, wanted: sa.MetaData, definitions: Mapping[str, str]) -> None:
    """Create or replace the views whose definition changed; readers see the old or the new one."""
    table = wanted.tables["view_definition"]
    quote = connection.dialect.identifier_preparer.quote
    for name in _changed_views(connection, wanted, definitions):
        if not _replaced_in_place(connection, quote(name), definitions[name]):
            connection.exec_driver_sql(f"DROP VIEW IF EXISTS {quote(name)}")
            connection.exec_driver_sql(f"CREATE VIEW {quote(name)} AS {definitions[name]}")
        connection.execute(sa.delete(table).where(table.c.view_name == name))
        connection.execute(sa.insert(table).values(view_name=name, sha256=_sha256(definitions[name])))


def _replaced_in_place(connection: sa.Connection, name: str, definition: str) -> bool:
    """PostgreSQL replaces a view that only gained columns without touching views that others built on it."""
    if connection.dialect.name != "postgresql":
        return False
    try:
        with connection.begin_nested():
            connection.exec_driver_sql(f"CREATE OR REPLACE VIEW {name} AS {definition}")
    except exc.ProgrammingError:  # a column went or changed its type
        return False
    return True
