"""Databases to publish into: an SQLite file and a real PostgreSQL server, both thrown away."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from persona_pipeline_tests.warehouse.lake import Lake
from persona_pipeline_tests.warehouse.small_shop import shop


def new_database(server: str) -> str:
    """URL of a new, empty database on the server; it goes with the server."""
    engine = sa.create_engine(
        sa.make_url(server).set(drivername="postgresql+psycopg"),
        poolclass=sa.NullPool,
        isolation_level="AUTOCOMMIT",
    )
    name = f"warehouse_{uuid.uuid4().hex}"
    with engine.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name}"))
    return engine.url.set(database=name).render_as_string(hide_password=False)


@pytest.fixture
def make_url(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str], str]:
    """A function from store to the URL of a new database."""

    def make(store: str) -> str:
        if store == "sqlite":
            return f"sqlite:///{tmp_path}/warehouse-{uuid.uuid4().hex}.db"
        return new_database(request.getfixturevalue("postgres_server"))

    return make


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, make_url: Callable[[str], str]) -> str:
    """A new database, on both stores in turn."""
    return make_url(request.param)


@pytest.fixture(scope="session")
def _shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    made = shop(tmp_path_factory.mktemp("lake"))
    yield made
    made.engine.close()


@pytest.fixture
def lake(_shop: Lake) -> Lake:
    """The small shop, for this test to change: files are never overwritten, so that they can be shared."""
    return _shop.copy()


def rows(url: str, statement: str, **parameters: object) -> list[tuple[object, ...]]:
    """All rows of a statement, read as BI reads them: another connection."""
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(sa.text(statement), parameters)]


def numbers(found: Iterable[tuple[object, ...]]) -> list[tuple[object, ...]]:
    """Numbers as float, dates as text: the two stores return other types for equal values."""
    return [tuple(_plain(value) for value in row) for row in found]


def _plain(value: object) -> object:
    if isinstance(value, bool | int | float) or type(value).__name__ == "Decimal":
        return round(float(value), 9)  # type: ignore[arg-type]
    return value.isoformat() if isinstance(value, dt.date) else value
