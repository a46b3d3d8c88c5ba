"""A shop whose orders come out of a database gives the tables of the same shop with files."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import sqlalchemy as sa

from persona_pipeline_tests.end_to_end.projects import START, Project

LAST = START + dt.timedelta(days=1)
CLEAN = "clean/order_line"
SECTION = """
[sources.orders]
kind = "orders"
format = "sql"
path = "data/raw/orders/answer_{day}.parquet"
url = "${SHOP_DB}"
query = "SELECT * FROM shop_order WHERE ordered_at >= :window_start AND ordered_at < :window_end"
"""


@dataclass(frozen=True)
class Database:
    """A database that a shop keeps its orders in."""

    url: str
    section: str
    fill: Callable[[str, pd.DataFrame], None]
    empty: Callable[[str], None]
    refusal: str


DOCUMENTS = """
[sources.orders]
kind = "orders"
format = "mongodb"
path = "data/raw/orders/answer_{day}.jsonl.gz"
url = "${SHOP_DB}"
collection = "shop_order"
pipeline = '''[
  {"$match": {"at": {"$gte": ":window_start", "$lt": ":window_end"}}},
  {"$unwind": "$lines"}
]'''
datetime_format = "%Y-%m-%d %H:%M:%S%z"
version = "lines.version"
[sources.orders.columns]
order_id = "_id"
account_id = "buyer.account"
ordered_at = "at"
line_no = "lines.number"
type = "lines.type"
product_id = "lines.product"
quantity = "lines.quantity"
unit_price = "lines.price"
discount = "lines.discount"
amount = "lines.amount"
"""


def _relational(url: str, rows: pd.DataFrame) -> None:
    with sa.create_engine(url, poolclass=sa.NullPool).begin() as connection:
        rows.to_sql("shop_order", connection, index=False)


def _empty_relational(url: str) -> None:
    with sa.create_engine(url, poolclass=sa.NullPool).begin() as connection:
        connection.execute(sa.text("DROP TABLE shop_order"))


def _documents(url: str, rows: pd.DataFrame) -> None:
    """One document an order, as a shop would keep it: instants, decimals, its lines within it."""
    from bson import Decimal128
    from pymongo import MongoClient

    zone = zoneinfo.ZoneInfo("Asia/Shanghai")
    documents = [
        {
            "_id": order,
            "at": dt.datetime.fromisoformat(lines["ordered_at"].iloc[0]).replace(tzinfo=zone),
            "buyer": {"account": account} if isinstance(account := lines["account_id"].iloc[0], str) else {},
            "lines": [
                {
                    "number": int(line["line_no"]),
                    "version": int(line["version"]),
                    "type": line["type"],
                    "product": line["product_id"],
                    "quantity": int(line["quantity"]),
                    "price": Decimal128(line["unit_price"]),
                    "discount": Decimal128(line["discount"]),
                    "amount": Decimal128(line["amount"]),
                }
                for line in lines.to_dict("records")
            ],
            "currency": lines["currency"].iloc[0],
        }
        for order, lines in rows.groupby("order_id")
    ]
    with MongoClient[dict[str, Any]](url) as client:
        client.get_default_database()["shop_order"].insert_many(documents)


def _empty_documents(url: str) -> None:
    from pymongo import MongoClient

    with MongoClient[dict[str, Any]](url) as client:
        client.get_default_database()["shop_order"].drop()


@pytest.fixture(params=["sqlite", "mongodb"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Database:
    """A database of each kind: its URL and section, what fills it and what empties it."""
    if request.param == "sqlite":
        return Database(
            f"sqlite:///{tmp_path / 'shop.db'}",
            SECTION,
            _relational,
            _empty_relational,
            "did not answer for 2025-01-08",
        )
    return Database(
        request.getfixturevalue("mongo_url"),
        DOCUMENTS,
        _documents,
        _empty_documents,
        "has no collection 'shop_order'",
    )


def test_a_database_and_its_export_give_equal_tables(
    shop: Project,
    database: Database,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("SHOP_DB", database.url)
    days = [START + dt.timedelta(days=number) for number in range(2)]
    exported, asked = (shop.copy(tmp_path / name) for name in ("exported", "asked"))
    for project in (exported, asked):
        toml = project.directory / "persona.toml"
        head, *sections = toml.read_text(encoding="utf-8").split("[sources.")
        orders = next(section for section in sections if section.startswith("orders]"))
        own = f"[sources.{orders}" if project is exported else database.section
        toml.write_text(head + own, encoding="utf-8")
        files = sorted(project.orders.glob("*"))
        frames = [
            pd.read_csv(file, dtype=str).assign(day=str(day))
            for day in days
            for file in files
            if file.name == f"orders_{day}.csv"
        ]
        for file in files:
            file.unlink()
        rows = pd.concat(frames)
        # good sales of the day only: what a shop's own database holds
        twice = rows.duplicated(subset=["order_id", "line_no"], keep=False)
        rows = rows.loc[(rows["ordered_at"].str[:10] == rows["day"]) & (rows["type"] == "sale") & ~twice]
        for day, part in rows.groupby("day"):
            if project is exported:
                part.drop(columns="day").to_csv(project.orders / f"orders_{day}.csv", index=False)
        if project is asked:
            database.fill(database.url, rows.drop(columns="day"))
        project.run(START, LAST, "--select", CLEAN)
    one, other = (project.rows("clean.order_line") for project in (exported, asked))
    assert len(one) > 20
    kept = ("day", "order_line_id", "sign", "id", "event_at", "quantity", "amount", "content_hash")
    assert _sorted(one, kept) == _sorted(other, kept)

    database.empty(database.url)
    asked.run(START, LAST, "--select", CLEAN)  # reads what was answered
    assert _sorted(asked.rows("clean.order_line"), kept) == _sorted(other, kept)
    capsys.readouterr()
    following = LAST + dt.timedelta(days=1)
    assert asked.persona("run", "--day", following, "--select", CLEAN) != 0
    assert database.refusal in capsys.readouterr().err


def _sorted(rows: list[dict[str, object]], columns: tuple[str, ...]) -> list[tuple[object, ...]]:
    return sorted((tuple(row[column] for column in columns) for row in rows), key=repr)
