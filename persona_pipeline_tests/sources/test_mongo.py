"""MongoDB as a source: a day's documents are kept, complete or not at all, and never asked for again.

The server is that of the fixture: one of PERSONA_TEST_MONGO, or the one in the dev extra.
"""

from __future__ import annotations

import datetime as dt
import gzip
import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from persona_pipeline.sources.extract import extract, reach
from persona_pipeline.sources.failure import SourceError
from persona_pipeline.sources.source import Source

pytest.importorskip("pymongo", reason="no pymongo: install the extra mongo")

from bson import Decimal128, ObjectId  # noqa: E402
from pymongo import MongoClient  # noqa: E402

DAY = dt.date(2025, 3, 7)
FILTER = '{"ordered_at": {"$gte": ":window_start", "$lt": ":window_end"}}'
LINES = f"""[
    {{"$match": {FILTER}}},
    {{"$unwind": {{"path": "$items", "includeArrayIndex": "line_no"}}}},
    {{"$project": {{"order_id": 1, "ordered_at": 1, "line_no": 1, "product_id": "$items.sku",
                   "quantity": "$items.n", "unit_price": "$items.price"}}}}
]"""


def order(number: int, at: str, *items: tuple[str, int, str]) -> dict[str, Any]:
    return {
        "_id": ObjectId(f"{number:024x}"),
        "order_id": f"O{number}",
        "ordered_at": dt.datetime.fromisoformat(at),
        "buyer": {"account": f"A{number}"},
        "items": [{"sku": sku, "n": n, "price": Decimal128(price)} for sku, n, price in items],
    }


ORDERS = [  # about the borders of 7 March in Shanghai, which are 16:00 UTC; not in the order of their keys
    order(4, "2025-03-07T16:00:00+00:00", ("P4", 1, "1.00")),
    order(3, "2025-03-07T15:59:59.999+00:00", ("P2", 3, "99999.99"), ("P1", 1, "0.10")),
    order(2, "2025-03-06T16:00:00+00:00", ("P1", 2, "10.50")),
    order(1, "2025-03-06T15:59:59.999+00:00", ("P1", 1, "5.00")),
]


@pytest.fixture
def filled(mongo_url: str) -> str:
    """The database with four orders."""
    with MongoClient[dict[str, Any]](mongo_url) as client:
        client.get_default_database()["orders"].insert_many(ORDERS)
    return mongo_url


def declared(url: str, **options: object) -> Source:
    return Source.model_validate(
        {
            "kind": "orders",
            "format": "mongodb",
            "path": "raw/orders_{day}.jsonl.gz",
            "url": url,
            "collection": "orders",
            "filter": None if "pipeline" in options else FILTER,
            "datetime_format": "%Y-%m-%d %H:%M:%S%z",
            **options,
        }
    )


def asked(source: Source, directory: Path, day: dt.date = DAY, zone: str = "Asia/Shanghai") -> list[dict]:
    extract("orders", source, [day], project_directory=directory, time_zone=zone)
    file = directory / source.path.replace("{day}", str(day))
    content = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
    return [json.loads(line) for line in content.splitlines()]


def nothing_is_left(directory: Path) -> bool:
    return not list(directory.glob("raw/*")) and not list(directory.glob("raw/.*"))


def test_the_documents_of_a_business_day_are_kept_as_text_in_order(filled: str, tmp_path: Path) -> None:
    found = asked(declared(filled), tmp_path)
    assert [each["order_id"] for each in found] == ["O2", "O3"]
    assert found[1] == {
        "_id": "000000000000000000000003",
        "order_id": "O3",
        "ordered_at": "2025-03-07 15:59:59+0000",
        "buyer": {"account": "A3"},
        "items": [{"sku": "P2", "n": "3", "price": "99999.99"}, {"sku": "P1", "n": "1", "price": "0.10"}],
    }


def test_the_business_day_is_that_of_the_project(filled: str, tmp_path: Path) -> None:
    found = asked(declared(filled), tmp_path, zone="UTC")
    assert [each["order_id"] for each in found] == ["O3", "O4"]


def test_a_projection_leaves_fields_out(filled: str, tmp_path: Path) -> None:
    source = declared(filled, projection='{"_id": 0, "order_id": 1, "buyer.account": 1}')
    assert asked(source, tmp_path) == [
        {"order_id": "O2", "buyer": {"account": "A2"}},
        {"order_id": "O3", "buyer": {"account": "A3"}},
    ]


def test_a_pipeline_makes_rows_of_items_in_the_order_of_their_key(filled: str, tmp_path: Path) -> None:
    found = asked(declared(filled, pipeline=LINES, path="raw/{day}.jsonl"), tmp_path)
    rows = [(each["order_id"], each["line_no"], each["product_id"], each["unit_price"]) for each in found]
    assert rows == [("O2", "0", "P1", "10.50"), ("O3", "0", "P2", "99999.99"), ("O3", "1", "P1", "0.10")]


def test_a_pipeline_that_ends_with_an_order_keeps_it(filled: str, tmp_path: Path) -> None:
    pipeline = LINES.rstrip().removesuffix("]") + ', {"$sort": {"unit_price": -1}}]'
    found = asked(declared(filled, pipeline=pipeline), tmp_path)
    assert [each["unit_price"] for each in found] == ["99999.99", "10.50", "0.10"]


@pytest.mark.parametrize(
    ("condition", "orders"),
    [
        ('{"_id": {"$oid": "000000000000000000000002"}}', ["O2"]),
        ('{"ordered_at": {"$gt": {"$date": "2025-03-07T00:00:00Z"}}}', ["O3"]),
        ('{"items.price": {"$numberDecimal": "10.50"}}', ["O2"]),
        ('{"items.n": {"$numberLong": "3"}}', ["O3"]),
        ('{"order_id": {"$regex": "^o3$", "$options": "i"}}', ["O3"]),
        ('{"$expr": {"$lt": [{"$dateFromString": {"dateString": "2025-03-07"}}, "$ordered_at"]}}', ["O3"]),
    ],
)
def test_a_filter_is_extended_json(filled: str, tmp_path: Path, condition: str, orders: list[str]) -> None:
    source = declared(filled, filter=f'{{"$and": [{FILTER}, {condition}]}}')
    assert [each["order_id"] for each in asked(source, tmp_path)] == orders


def test_what_was_answered_stays_whatever_the_database_says_later(filled: str, tmp_path: Path) -> None:
    source = declared(filled)
    before = asked(source, tmp_path)
    kept = (tmp_path / f"raw/orders_{DAY}.jsonl.gz").read_bytes()
    assert asked(source, tmp_path / "again") == before
    assert (tmp_path / f"again/raw/orders_{DAY}.jsonl.gz").read_bytes() == kept
    with MongoClient[dict[str, Any]](filled) as client:
        client.get_default_database()["orders"].delete_many({})
    assert extract("orders", source, [DAY], project_directory=tmp_path, time_zone="Asia/Shanghai") == []
    assert asked(source, tmp_path) == before
    assert asked(source, tmp_path, DAY - dt.timedelta(days=1)) == []


def test_days_are_asked_for_one_after_the_other(filled: str, tmp_path: Path) -> None:
    days = [DAY + dt.timedelta(days=number) for number in (1, -1, 0)]
    files = extract("orders", declared(filled), days, project_directory=tmp_path, time_zone="Asia/Shanghai")
    assert [file.name for file in files] == [f"orders_{day}.jsonl.gz" for day in sorted(days)]


def test_many_documents_in_bounded_memory(mongo_url: str, tmp_path: Path, repository: Path) -> None:
    """Ten answers of the server; what is held at once is less than half of the documents.

    In a process of its own, because the server may be one of this process.
    """
    count = 20_000
    with MongoClient[dict[str, Any]](mongo_url) as client:
        client.get_default_database()["orders"].insert_many(
            {"_id": number, "order_id": "x" * 1_000} for number in reversed(range(count))
        )
    code = (
        "import datetime as dt, pathlib, sys, tracemalloc\n"
        "from persona_pipeline.sources import mongo\n"
        "from persona_pipeline.sources.extract import extract\n"
        "from persona_pipeline.sources.source import Source\n"
        "source = Source.model_validate_json(sys.argv[1])\n"
        "tracemalloc.start()\n"
        "extract('products', source, [dt.date(2025, 3, 7)], project_directory=pathlib.Path(sys.argv[2]), "
        "time_zone='UTC')\n"
        "print(tracemalloc.get_traced_memory()[1])\n"
    )
    declaration = {
        "kind": "products",
        "format": "mongodb",
        "path": "raw/{day}.jsonl.gz",
        "url": mongo_url,
        "collection": "orders",
    }
    arguments = [sys.executable, "-c", code, json.dumps(declaration), str(tmp_path)]
    done = subprocess.run(arguments, capture_output=True, text=True, check=True, cwd=repository)
    with gzip.open(tmp_path / f"raw/{DAY}.jsonl.gz") as lines:
        assert [int(json.loads(line)["_id"]) for line in lines] == list(range(count))
    assert int(done.stdout) < 10e6


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"collection": "order"}, "has no collection 'order' that the user may see; it has: orders$"),
        (
            {"filter": FILTER.replace("$gte", "$gtee")},
            r"could not run filter for 2025-03-07: unknown operator: \$gtee",
        ),
        (
            {"pipeline": LINES.replace("$unwind", "$unwound")},
            r"could not run pipeline for 2025-03-07: Unrecognized pipeline stage name: '\$unwound'",
        ),
        (
            {"filter": f'{{"$and": [{FILTER}, {{"_id": {{"$oid": "short"}}}}]}}'},
            "filter holds a value that is no Extended JSON: 'short' is not a valid ObjectId",
        ),
        (
            {"datetime_format": "%Y-%m-%d %H:%M:%S"},
            "ordered_at holds dates, which are instants in MongoDB; add %z to datetime_format",
        ),
    ],
)
def test_what_cannot_be_asked_leaves_no_file(
    filled: str, tmp_path: Path, changes: dict[str, object], words: str
) -> None:
    with pytest.raises(SourceError, match=words):
        asked(declared(filled, **changes), tmp_path)
    assert nothing_is_left(tmp_path)


def test_no_value_of_a_document_stands_in_an_error(mongo_url: str, tmp_path: Path) -> None:
    with MongoClient[dict[str, Any]](mongo_url) as client:
        client.get_default_database()["orders"].insert_one({"mail": "anna@example.org"})
    pipeline = (
        '[{"$match": {"at": {"$not": {"$gt": ":window_start", "$lt": ":window_end"}}}}, '
        '{"$project": {"n": {"$toInt": "$mail"}}}]'
    )
    with pytest.raises(SourceError, match="could not run pipeline for 2025-03-07: ") as raised:
        asked(declared(mongo_url, pipeline=pipeline), tmp_path)
    assert "anna" not in str(raised.value)
    assert nothing_is_left(tmp_path)


def test_a_server_that_goes_away_while_it_answers_leaves_no_file(filled: str, tmp_path: Path) -> None:
    """The connection is cut after the first documents, as a restart of the server would."""
    package = pytest.importorskip("secantus", reason="no server that can be stopped: install the dev extra")
    server = package.SecantusDBServer(storage_path=str(tmp_path / "store"), cache_size="64M")
    server.start()
    with MongoClient[dict[str, Any]](server.uri) as client:
        client["shop"]["orders"].insert_many(
            {"_id": number, "order_id": "x" * 100} for number in range(9_000)
        )
    url = f"{server.uri}shop?serverSelectionTimeoutMS=300"
    source = declared(url, kind="products", key=["product_id"], filter=None)
    from persona_pipeline.sources import mongo

    class Stopping(mongo.DocumentText):
        """Stops the server when the first answer has been half read."""

        def line(self, document: Any) -> bytes:
            if document["_id"] == 1_000:
                server.stop()
            return super().line(document)

    opened = mongo._opened("products", source)
    with pytest.raises(SourceError, match="did not answer"), opened as (collection, told), told():
        mongo._keep(
            collection, {"filter": {}, "projection": None}, Stopping("p", source), tmp_path / "raw/x.jsonl"
        )
    assert nothing_is_left(tmp_path)


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server that asks for users: anna may read the shop, ben another database."""
    package = pytest.importorskip("secantus", reason="no server with users: install the dev extra")
    store = str(tmp_path_factory.mktemp("guarded"))
    with (
        package.SecantusDBServer(storage_path=store, cache_size="64M") as server,
        MongoClient[dict[str, Any]](server.uri) as client,
    ):
        client["shop"]["orders"].insert_many(ORDERS)
        for user, database in (("anna", "shop"), ("ben", "other")):
            roles = [{"role": "read", "db": database}]
            client["shop"].command("createUser", user, pwd="pass/word", roles=roles)
    with package.SecantusDBServer(storage_path=store, cache_size="64M", require_auth=True) as server:
        yield server.uri.removeprefix("mongodb://").removesuffix("/")


def test_a_user_with_a_password(guarded: str, tmp_path: Path) -> None:
    source = declared(f"mongodb://anna:pass%2Fword@{guarded}/shop")
    assert reach("orders", source) == f"mongodb://anna:***@{guarded}/shop"
    assert [each["order_id"] for each in asked(source, tmp_path)] == ["O2", "O3"]


@pytest.mark.parametrize(
    ("user", "words"),
    [
        ("anna:wrongword@", "refused the user: .*; check user, password and authSource in url"),
        ("ben:pass%2Fword@", "does not let the user read orders: .*; grant it the role read"),
        ("", "does not let the user read orders"),
    ],
)
def test_a_user_who_may_not(guarded: str, tmp_path: Path, user: str, words: str) -> None:
    source = declared(f"mongodb://{user}{guarded}/shop")
    for ask in (lambda: asked(source, tmp_path), lambda: reach("orders", source)):
        with pytest.raises(SourceError, match=words) as raised:
            ask()
        assert "word@" not in str(raised.value)
        assert "pass/word" not in str(raised.value)
    assert nothing_is_left(tmp_path)


def test_a_server_that_is_not_there(tmp_path: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # and nobody listens
        port = unused.getsockname()[1]
        url = f"mongodb://me:secret@127.0.0.1:{port}/shop?serverSelectionTimeoutMS=200"
        with pytest.raises(SourceError) as raised:
            asked(declared(url), tmp_path)
    assert str(raised.value) == (
        f"source orders: mongodb://me:***@127.0.0.1:{port}/shop did not answer: "
        f"127.0.0.1:{port}: [Errno 111] Connection refused"
    )


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("nonsense", "no MongoDB URL that can be used"),
        ("postgresql://me:secret@h/shop", "expected mongodb://"),
        ("mongodb://me:secret@127.0.0.1", "url names no database; add /DATABASE"),
        ("mongodb://me:se/cret@127.0.0.1/shop", "% codes for special characters"),
        ("mongodb://me:%2Fse/%2Fcret@127.0.0.1/shop", "special characters of USER and PASSWORD$"),
        ("mongodb://me:se/c.ret", "% codes for special characters of USER and PASSWORD"),
        ("mongodb://me:se@cret@127.0.0.1/shop", "% codes for special characters"),
        ("mongodb://me:secret@127.0.0.1:port/shop", "no MongoDB URL that can be used"),
        ("mongodb://127.0.0.1/shop?connectTimeoutMS=soon", "connecttimeoutms must be an integer"),
        ("mongodb://127.0.0.1/shop?conectTimeoutMS=5", "Unknown option: conecttimeoutms"),
        ("mongodb://127.0.0.1/shop?tlsCertificateKeyFilePassword=secret&tls=perhaps", "no MongoDB URL"),
    ],
)
def test_a_url_that_cannot_be_used(tmp_path: Path, url: str, words: str) -> None:
    with pytest.raises(SourceError, match=words) as raised:
        asked(declared(url), tmp_path)
    assert "cret" not in str(raised.value)
    assert "c.ret" not in str(raised.value)


def test_prices_keep_every_digit(mongo_url: str, tmp_path: Path) -> None:
    with MongoClient[dict[str, Any]](mongo_url) as client:
        price = Decimal128(Decimal("12345678901234567.89"))
        client.get_default_database()["orders"].insert_one(
            {"ordered_at": ORDERS[2]["ordered_at"], "p": price}
        )
    assert asked(declared(mongo_url), tmp_path)[0]["p"] == "12345678901234567.89"
