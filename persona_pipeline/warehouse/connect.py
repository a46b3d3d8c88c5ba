"""Opens the database of a URL: transactions that really begin, WAL for SQLite, errors in one line.

Here: SQLAlchemy engines and how a write transaction starts. Not here: tables, bulk loading, publishing.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event, exc

from persona_pipeline.warehouse.errors import WarehouseBusy, WarehouseError

SQLITE_BUSY_SECONDS = 60
_LOCK_NOT_AVAILABLE = "55P03"
_SCHEMA_LOCK = 7_214_559_130_014_331  # any constant: who changes tables or views of a warehouse waits here


def open_database(url: str) -> sa.Engine:
    """An engine for the URL. Nothing is connected yet.

    Raises:
        WarehouseError: the URL cannot be read, its driver is missing, or its folder does not exist.
    """
    try:
        parsed = sa.make_url(url)
        is_sqlite = parsed.get_backend_name() == "sqlite"
        arguments = {"timeout": SQLITE_BUSY_SECONDS} if is_sqlite else {"connect_timeout": 10}
        if parsed.get_backend_name() not in {"sqlite", "postgresql"}:
            arguments = {}
        # NullPool: a publisher opens few connections, and none may stay open after it
        database = sa.create_engine(
            parsed, poolclass=sa.NullPool, hide_parameters=True, connect_args=arguments
        )
    except (ModuleNotFoundError, exc.NoSuchModuleError) as error:
        raise WarehouseError(
            f"the warehouse {sa.make_url(url).drivername} needs a driver that is not installed ({error}); "
            "for PostgreSQL: pip install 'persona_pipeline[postgres]'"
        ) from None
    except exc.ArgumentError:
        raise WarehouseError(
            "the warehouse URL cannot be read; expected for example sqlite:///data/warehouse.db or "
            "postgresql+psycopg://user:${PASSWORD}@host/database"
        ) from None
    if is_sqlite:
        _prepare_sqlite(database)
    return database


def _prepare_sqlite(database: sa.Engine) -> None:
    folder = Path(database.url.database or ".").parent
    if not folder.is_dir():
        raise WarehouseError(f"the folder of the warehouse {shown(database)} does not exist; create {folder}")

    @event.listens_for(database, "connect")
    def _connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # the driver's own BEGIN would start late and never for DDL
        connection.execute(
            "PRAGMA synchronous = FULL"
        )  # a publication that was reported survives a power cut
        connection.execute("PRAGMA cache_size = -65536")

    @event.listens_for(database, "begin")
    def _begin(connection: sa.Connection) -> None:
        mode = "IMMEDIATE" if connection.get_execution_options().get("writes") else "DEFERRED"
        connection.exec_driver_sql(f"BEGIN {mode}")


@contextmanager
def reading(database: sa.Engine) -> Iterator[sa.Connection]:
    """A connection on which all statements see one state of the database."""
    with _explained(database), database.connect() as connection:
        if connection.dialect.name != "sqlite":
            connection.execution_options(isolation_level="REPEATABLE READ")
        with connection.begin():
            yield connection


@contextmanager
def writing(database: sa.Engine) -> Iterator[sa.Connection]:
    """One transaction that may write; committed at the end, rolled back on any error."""
    with _explained(database), database.connect() as connection:
        connection.execution_options(writes=True)
        with connection.begin():
            yield connection


@contextmanager
def changing_schema(database: sa.Engine) -> Iterator[sa.Connection]:
    """Like `writing`, one at a time over all processes; on SQLite every writer already is.

    Raises:
        WarehouseBusy: PostgreSQL got no lock within 200 ms; while we wait, readers queue behind us.
    """
    with writing(database) as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(sa.text("SET LOCAL lock_timeout = '200ms'"))
            connection.execute(sa.text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _SCHEMA_LOCK})
        yield connection


def exists(database: sa.Engine) -> bool:
    """Whether there can be anything to read; SQLite would create a missing file."""
    name = database.url.database
    return database.dialect.name != "sqlite" or (bool(name) and Path(str(name)).exists())


def server_version(url: str) -> str:
    """Name and version of the database behind a URL, which answers.

    Raises:
        WarehouseError: the database cannot be reached.
    """
    database = open_database(url)
    with _explained(database):
        if not exists(database):
            return "SQLite, no file yet"
        with database.connect() as connection:
            numbers = connection.dialect.server_version_info or ()
    name = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}.get(database.dialect.name, database.dialect.name)
    return f"{name} {'.'.join(map(str, numbers))}"


def use_wal(database: sa.Engine) -> None:
    """Put an SQLite file in WAL mode, where readers and the publisher do not wait for each other."""
    if database.dialect.name != "sqlite":
        return
    with _explained(database):
        raw = database.raw_connection()
        try:
            mode = raw.cursor().execute("PRAGMA journal_mode = WAL").fetchone()
        finally:
            raw.close()
    if not mode or mode[0] not in {"wal", "memory"}:
        raise WarehouseError(f"{shown(database)}: SQLite refuses WAL mode; the file must be on a local disk")


def shown(database: sa.Engine) -> str:
    """The URL without its password."""
    return database.url.render_as_string(hide_password=True)


@contextmanager
def _explained(database: sa.Engine) -> Iterator[None]:
    """Database errors as one line without statement and parameters, which may hold personal values."""
    try:
        yield
    except exc.DBAPIError as error:
        # integrity and data errors quote the rows; operational ones tell what is wrong
        if getattr(error.orig, "sqlstate", None) == _LOCK_NOT_AVAILABLE:
            raise WarehouseBusy(
                f"tables or views of {shown(database)} have to change and a reader holds them; "
                "close open transactions of dashboards and run it again"
            ) from None
        quotes_rows = isinstance(error, exc.IntegrityError | exc.DataError)
        reason = "" if quotes_rows else ": " + " ".join(str(error.orig).split())
        raise WarehouseError(
            f"the warehouse {shown(database)} failed ({type(error.orig).__name__}{reason}); "
            "check that it is running, reachable and writable"
        ) from None
