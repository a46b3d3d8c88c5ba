"""Documents of MongoDB: tables equal those of JSON lines with the same records; bad ones are counted."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from persona_pipeline.contracts import clean, traces
from persona_pipeline.sources.extract import extract
from persona_pipeline.sources.source import Source
from persona_pipeline_tests.cleaning.conftest import START, Project

pytest.importorskip("pymongo", reason="no pymongo: install the extra mongo")

from bson import Decimal128, Int64, ObjectId  # noqa: E402
from pymongo import MongoClient  # noqa: E402

DAY = START + dt.timedelta(days=60)
AT = dt.datetime.combine(DAY, dt.time(10, 30, 5), tzinfo=dt.UTC)
FILTER = '{"placed": {"$gte": ":window_start", "$lt": ":window_end"}}'
COLUMNS = {
    "order_id": "_id",
    "account_id": "buyer.id",
    "ordered_at": "placed",
    "product_id": "item.sku",
    "quantity": "item.n",
    "unit_price": "item.price",
}
GOOD: list[dict[str, Any]] = [
    {"_id": "O1", "buyer": {"id": "007"}, "placed": AT, "item": {"sku": "P1", "n": 2, "price": 10.5}},
    {"_id": "O2", "placed": AT, "item": {"sku": Int64(2**60), "n": 1.0, "price": Decimal128("0.30")}},
    {"_id": "O3", "buyer": None, "placed": AT, "item": {"sku": "NA", "n": Int64(3), "price": "0.0001"}},
]
BAD: list[dict[str, Any]] = [
    {"_id": "O4", "placed": AT, "item": {"sku": ["P1", "P2"], "n": 1, "price": 1}},
    {"_id": "O5", "placed": AT, "item": {"sku": "P1", "n": 1, "price": float("nan")}},
    {"_id": "O6", "placed": AT, "item": {"sku": "P1", "n": 1, "price": "free"}},
    {"_id": "O7", "placed": AT, "item": {"sku": "P1", "n": 1}},
    {"_id": "O8", "placed": AT, "item": "P1"},
]
LINES = [  # the good ones as a hand would export them
    '{"_id": "O1", "buyer": {"id": "007"}, "placed": "%s", "item": {"sku": "P1", "n": 2, "price": 10.5}}',
    '{"_id": "O2", "placed": "%s", "item": {"sku": 1152921504606846976, "n": 1, "price": 0.30}}',
    '{"_id": "O3", "buyer": null, "placed": "%s", "item": {"sku": "NA", "n": 3, "price": "0.0001"}}',
]
MakeProject = Callable[..., Project]


def declared(url: str | None, **options: object) -> Source:
    asked = {"format": "mongodb", "url": url, "collection": "orders", "filter": FILTER}
    return Source.model_validate(
        {
            "kind": "orders",
            "path": "raw/{day}.jsonl.gz",
            "columns": COLUMNS,
            "key": ["_id"],
            "datetime_format": "%Y-%m-%d %H:%M:%S%z",
            **(asked if url else {"format": "jsonl"}),
            **options,
        }
    )


def night(project: Project, day: dt.date) -> Project:
    """What a night does: ask, then clean."""
    for name, source in project.sources.items():
        extract(name, source, [day], project_directory=project.directory, time_zone=project.time_zone)
    project.run(day)
    return project


def ledger(project: Project) -> list[tuple]:
    columns = "status, reason, records_in, clean, rejected, duplicate"
    return project.select(f"SELECT {columns} FROM t ORDER BY day", clean.FILE_LEDGER)


def lines_of(project: Project) -> list[tuple]:
    return project.select(
        "SELECT order_id, order_line_id, id_kind, id, event_at, product_id, quantity, unit_price, sign "
        "FROM t ORDER BY ALL",
        clean.ORDER_LINE,
    )


@pytest.fixture
def orders(mongo_url: str):  # noqa: ANN201
    """The collection of an empty database."""
    with MongoClient[dict[str, Any]](mongo_url) as client:
        yield client.get_default_database()["orders"]


def test_documents_and_their_export_give_equal_tables(
    project: MakeProject, mongo_url: str, orders: Any
) -> None:
    orders.insert_many(GOOD)
    asked = night(project({"orders": declared(mongo_url)}), DAY)
    exported = project({"orders": declared(None)})
    at = AT.strftime("%Y-%m-%d %H:%M:%S%z")
    exported.write(f"raw/{DAY}.jsonl.gz", "".join(line % at + "\n" for line in LINES))
    exported.run(DAY)
    assert lines_of(asked) == lines_of(exported)
    assert [(line[0], line[5], line[7]) for line in lines_of(asked)] == [
        ("O1", "P1", Decimal("10.5")),
        ("O2", str(2**60), Decimal("0.3")),
        ("O3", "NA", Decimal("0.0001")),
    ]
    assert ledger(asked) == ledger(exported) == [("loaded", None, 3, 3, 0, 0)]


def test_a_document_that_cannot_be_taken_is_counted(
    project: MakeProject, mongo_url: str, orders: Any
) -> None:
    orders.insert_many(GOOD + BAD)
    asked = night(project({"orders": declared(mongo_url)}), DAY)
    assert ledger(asked) == [("loaded", None, 8, 3, 5, 0)]
    rejects = asked.select("SELECT line, reason FROM t ORDER BY line", clean.REJECT)
    assert rejects == [
        (4, "bad_json"),  # a list
        (5, "bad_json"),  # no number
        (6, "bad_number"),
        (7, "missing_required"),
        (8, "missing_required"),  # no object to reach into
    ]


def test_a_document_that_changes_is_a_correction(project: MakeProject, mongo_url: str, orders: Any) -> None:
    by_change = FILTER.replace("placed", "changed")
    source = declared(mongo_url, filter=by_change)
    orders.insert_one({**GOOD[0], "changed": AT})
    asked = night(project({"orders": source}), DAY)
    orders.update_one({"_id": "O1"}, {"$set": {"item.n": 5, "changed": AT + dt.timedelta(days=1)}})
    night(asked, DAY + dt.timedelta(days=1))
    found = asked.select("SELECT day, quantity, sign FROM t ORDER BY ALL", clean.ORDER_LINE)
    later = DAY + dt.timedelta(days=1)
    assert found == [(DAY, 2, 1), (later, 2, -1), (later, 5, 1)]


def test_a_day_without_documents_is_empty_as_a_file_is(
    project: MakeProject, mongo_url: str, orders: Any
) -> None:
    orders.insert_many(GOOD)
    day = DAY + dt.timedelta(days=3)
    assert ledger(night(project({"orders": declared(mongo_url)}), day)) == [
        ("rejected_file", "empty", 0, 0, 0, 0)
    ]
    allowed = project({"orders": declared(mongo_url, allow_empty=True)})
    assert ledger(night(allowed, day)) == [("loaded", None, 0, 0, 0, 0)]


@pytest.mark.parametrize(
    ("kind", "document", "options", "table"),
    [
        (
            "customers",
            {"account": ObjectId(), "profile": {"mail": "a@example.org", "born": AT}, "ok": True},
            {
                "key": ["account"],
                "columns": {
                    "account_id": "account",
                    "email": "profile.mail",
                    "birth_date": "profile.born",
                    "consent_marketing": "ok",
                },
                "words": {"consent_marketing": {"true": "yes", "false": "no"}},
            },
            clean.CUSTOMER,
        ),
        ("products", {"product_id": 12, "title": "Tea"}, {}, clean.PRODUCT),
        ("social", {"post_id": ObjectId(), "text": "good tea", "posted_at": AT}, {}, traces.SOCIAL_POST),
        (
            "campaigns",
            {
                "contact_id": ObjectId(),
                "campaign_id": 7,
                "contacted_at": AT,
                "account_id": "1",
                "opened_at": AT,
            },
            {},
            traces.CAMPAIGN_CONTACT,
        ),
        (
            "rates",
            {"currency": "USD", "rate_on": AT, "rate": Decimal128("7.25")},
            {},
            clean.EXCHANGE_RATE,
        ),
    ],
    ids=["customers", "products", "social", "campaigns", "rates"],
)
def test_every_kind_of_table(
    project: MakeProject,
    mongo_url: str,
    orders: Any,
    kind: str,
    document: dict[str, Any],
    options: dict[str, Any],
    table: Any,
) -> None:
    orders.insert_one({**document, "changed": AT})
    source = declared(
        mongo_url,
        **{"kind": kind, "columns": {}, "key": [], "filter": FILTER.replace("placed", "changed"), **options},
    )
    made = night(project({kind: source}), DAY)
    assert ledger(made) == [("loaded", None, 1, 1, 0, 0)], json.dumps(
        made.select("SELECT reason FROM t", clean.REJECT)
    )
    assert made.select("SELECT count(*) FROM t", table) == [(1,)]
