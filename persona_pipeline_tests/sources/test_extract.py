"""Databases as sources: a day's answer is kept, complete or not at all, and never asked for again."""

from __future__ import annotations

import datetime as dt
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa

from persona_pipeline.sources.extract import extract
from persona_pipeline.sources.failure import SourceError
from persona_pipeline.sources.source import Source

DAY = dt.date(2025, 3, 7)
ROWS = [
    ("O1", "蓝天", "2025-03-06 23:59:59", 1, "10.50"),
    ("O2", None, "2025-03-07 00:00:00", 2, "0.10"),
    ("O3", "it's", "2025-03-07 23:59:59", 3, "99999.99"),
    ("O4", "x", "2025-03-08 00:00:00", 4, "1.00"),
]
QUERY = (
    "SELECT order_id, account_id, ordered_at, product_id, quantity, unit_price FROM shop_order "
    "WHERE ordered_at >= :window_start AND ordered_at < :window_end ORDER BY order_id"
)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres), "mysql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database of each kind; MySQL where PERSONA_TEST_MYSQL names one."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'shop.db'}"
    elif request.param == "postgresql":
        yield request.getfixturevalue("postgres_url")
    else:
        configured = os.environ.get("PERSONA_TEST_MYSQL")
        if configured is None:
            pytest.skip("no MySQL or MariaDB: set PERSONA_TEST_MYSQL to the URL of an empty database")
        yield configured
        with sa.create_engine(configured, poolclass=sa.NullPool).begin() as connection:
            connection.execute(sa.text("DROP TABLE IF EXISTS shop_order"))


@pytest.fixture
def filled(url: str) -> str:
    """The database with four orders about the borders of a day."""
    table = sa.Table(
        "shop_order",
        sa.MetaData(),
        sa.Column("order_id", sa.String(20), primary_key=True),
        sa.Column("account_id", sa.String(20)),
        sa.Column("ordered_at", sa.DateTime),
        sa.Column("product_id", sa.BigInteger),
        sa.Column("quantity", sa.Integer),
        sa.Column("unit_price", sa.Numeric(12, 2)),
    )
    with sa.create_engine(url, poolclass=sa.NullPool).begin() as connection:
        table.create(connection)
        for order, account, at, quantity, price in ROWS:
            moment = dt.datetime.fromisoformat(at)
            values = (order, account, moment, 2**60 + quantity, quantity, float(price))
            connection.execute(table.insert().values(values))
    return url


def declared(url: str, query: str | None = QUERY, **options: object) -> Source:
    return Source.model_validate(
        {
            "kind": "orders",
            "format": "sql",
            "path": "raw/orders_{day}.parquet",
            "url": url,
            "query": query,
            **options,
        }
    )


def asked(source: Source, directory: Path, day: dt.date = DAY, zone: str = "Asia/Shanghai") -> list[dict]:
    extract("orders", source, [day], project_directory=directory, time_zone=zone)
    return pq.read_table(directory / f"raw/orders_{day}.parquet").to_pylist()


def test_the_rows_of_a_day_are_kept_as_text(filled: str, tmp_path: Path) -> None:
    found = asked(declared(filled), tmp_path)
    assert [row["order_id"] for row in found] == ["O2", "O3"]
    if filled.startswith("sqlite"):  # SQLite has no times, only texts; SQLAlchemy writes microseconds too
        found[1]["ordered_at"] = found[1]["ordered_at"].removesuffix(".000000")
    assert found[1] == {
        "order_id": "O3",
        "account_id": "it's",
        "ordered_at": "2025-03-07 23:59:59",
        "product_id": str(2**60 + 3),
        "quantity": "3",
        "unit_price": "99999.99",
    }
    assert found[0]["account_id"] is None


def test_the_window_is_the_business_day_in_the_time_of_the_source(filled: str, tmp_path: Path) -> None:
    # the shop writes UTC: its 7 March in Shanghai lasts from 16:00 of the 6th to 16:00 of the 7th
    found = asked(declared(filled, time_zone="UTC"), tmp_path)
    assert [row["order_id"] for row in found] == ["O1", "O2"]


def test_what_was_answered_stays_whatever_the_database_says_later(filled: str, tmp_path: Path) -> None:
    source = declared(filled)
    before = asked(source, tmp_path)
    with sa.create_engine(filled, poolclass=sa.NullPool).begin() as connection:
        connection.execute(sa.text("DELETE FROM shop_order"))
    written = extract("orders", source, [DAY], project_directory=tmp_path, time_zone="Asia/Shanghai")
    assert written == []
    assert asked(source, tmp_path) == before
    assert asked(source, tmp_path, DAY - dt.timedelta(days=1)) == []


@pytest.mark.parametrize(
    ("query", "words"),
    [
        (QUERY.replace("shop_order", "no_such"), "did not answer for 2025-03-07"),
        (QUERY.replace("account_id", "order_id"), "column 'order_id' twice"),
        (QUERY.replace("account_id", "CAST('x' AS BLOB) AS account_id"), "holds bytes, which has no text"),
    ],
)
def test_a_query_that_cannot_be_used_leaves_no_file(tmp_path: Path, query: str, words: str) -> None:
    url = f"sqlite:///{tmp_path / 'shop.db'}"
    with sa.create_engine(url).begin() as connection:
        connection.execute(
            sa.text(
                "CREATE TABLE shop_order AS SELECT 'O' AS order_id, 'a' AS account_id, 1 AS product_id, "
                "'2025-03-07 10:00:00' AS ordered_at, 1 AS quantity, 2.5 AS unit_price"
            )
        )
    with pytest.raises(SourceError, match=words):
        asked(declared(url, query), tmp_path)
    assert list(tmp_path.glob("raw/*")) == []
    assert list(tmp_path.glob("raw/.*")) == []


@pytest.mark.postgres
def test_instants_need_an_offset_in_the_format(postgres_url: str, tmp_path: Path) -> None:
    query = (
        "SELECT 'O' AS order_id, TIMESTAMPTZ '2025-03-07 12:00:00+00' AS ordered_at, 'P' AS product_id, "
        "1 AS quantity, 1 AS unit_price WHERE :window_start < :window_end"
    )
    with pytest.raises(SourceError, match="instants; add %z"):
        asked(declared(postgres_url, query), tmp_path)
    found = asked(declared(postgres_url, query, datetime_format="%Y-%m-%d %H:%M:%S%z"), tmp_path)
    moment = dt.datetime.strptime(found[0]["ordered_at"], "%Y-%m-%d %H:%M:%S%z")
    assert moment == dt.datetime(2025, 3, 7, 12, tzinfo=dt.UTC)


def test_no_password_and_no_row_stands_in_an_error(tmp_path: Path) -> None:
    source = declared("postgresql+psycopg://me:secret@127.0.0.1:9/shop")
    with pytest.raises(SourceError) as raised:
        asked(source, tmp_path)
    assert "me:***@127.0.0.1:9" in str(raised.value)
    assert "secret" not in str(raised.value)
    assert "secret" not in repr(source)


def test_the_extra_is_named_where_the_driver_of_mongodb_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pymongo", None)  # as if it were not installed
    monkeypatch.setitem(sys.modules, "bson", None)
    monkeypatch.delitem(sys.modules, "persona_pipeline.sources.mongo", raising=False)
    monkeypatch.delattr("persona_pipeline.sources.mongo", raising=False)
    source = declared(
        "mongodb://me:secret@127.0.0.1/shop",
        None,
        format="mongodb",
        path="raw/{day}.jsonl",
        collection="orders",
        filter='{"at": {"$gte": ":window_start", "$lt": ":window_end"}}',
    )
    with pytest.raises(SourceError) as raised:
        asked(source, tmp_path)
    assert str(raised.value) == (
        "source orders: the driver for mongodb is not installed (bson is missing); "
        'pip install "persona_pipeline[mongo]"'
    )


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"query": "SELECT 1"}, ":window_start and :window_end"),
        ({"query": None}, "needs url"),
        ({"path": "raw/orders.parquet"}, "where each day's answer is kept"),
        ({"known_at": "event", "through": dt.date(2025, 1, 7)}, "has no {day}"),
        ({"format": "csv"}, "url belongs to format = 'sql'"),
    ],
)
def test_what_a_declaration_needs(changes: dict[str, object], words: str) -> None:
    good = {
        "kind": "orders",
        "format": "sql",
        "path": "raw/{day}.parquet",
        "url": "sqlite://",
        "query": QUERY,
    }
    with pytest.raises(ValueError, match=words):
        Source.model_validate({**good, **changes})
