"""clean.file_column says which columns each file had and how many records filled them, for every format."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable

from persona_pipeline.contracts import clean
from persona_pipeline.sources.source import Refund, Source
from persona_pipeline_tests.cleaning.conftest import START, Project

SEEN = "SELECT path, column_name, filled FROM t ORDER BY path, column_name"
HEADER = "order_id,line_no,ordered_at,product_id,quantity,unit_price,email,note,\n"


def columns(shop: Project) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for path, name, filled in shop.select(SEEN, clean.FILE_COLUMN):
        found.setdefault(path, {})[name] = filled
    return found


def test_csv(project: Callable[..., Project]) -> None:
    """Declared missing values and blanks are no values; a column without a name is none."""
    source = Source(kind="orders", path="o_{day}*.csv", missing={"email": ("-",)}, columns={"email": "email"})
    shop = project({"orders": source})
    first = f"A,1,{START} 10:00:00,P,1,2.00,-, ,\n"
    second = f'B,1,{START} 10:00:00,P,1,2.00,a@b.example,"hi",x\n'
    shop.write(f"o_{START}.csv", HEADER + first + second + "broken\n")
    shop.write(f"o_{START}_b.csv", HEADER)
    shop.write(f"o_{START}_c.csv", HEADER.replace("quantity", "qty") + first)
    shop.run(START)
    required = ("order_id", "line_no", "ordered_at", "product_id", "quantity", "unit_price")
    assert columns(shop) == {f"o_{START}.csv": {**dict.fromkeys(required, 2), "email": 1, "note": 1}}
    # neither of the other two was loaded: one is empty, one lacks a column


def test_the_column_of_a_refunds_prefix(project: Callable[..., Project]) -> None:
    refund = Refund(column="order_id", prefix="C")
    shop = project({"orders": Source(kind="orders", path="o_{day}.csv", refund=refund, allow_empty=True)})
    shop.write(f"o_{START}.csv", HEADER.replace("note", "type") + f"A,1,{START} 10:00:00,P,1,2.00,,,\n")
    shop.run(START)
    assert columns(shop)[f"o_{START}.csv"] == {
        **dict.fromkeys(("order_id", "line_no", "ordered_at", "product_id", "quantity", "unit_price"), 1),
        **{"email": 0, "type": 0},
    }


def test_keys_of_objects(project: Callable[..., Project]) -> None:
    """A key that no object fills is no column; more than twenty keys that nobody asked for are values."""
    shop = project({"posts": Source(kind="social", format="jsonl", path="p_{day}*.jsonl")})
    post = {"post_id": "1", "posted_at": f"{START} 10:00:00", "text": "fine", "rating": None, "lang": "en"}
    many = {f"customer {n}": "yes" for n in range(21)}
    shop.write(f"p_{START}.jsonl", json.dumps(post) + "\n" + json.dumps({**post, "post_id": "2", "lang": ""}))
    shop.write(f"p_{START}_b.jsonl", json.dumps({**post, "post_id": "3", **many}))
    shop.run(START)
    told = {"post_id", "posted_at", "text"}
    assert columns(shop) == {
        f"p_{START}.jsonl": {**dict.fromkeys(told, 2), "lang": 2},
        f"p_{START}_b.jsonl": dict.fromkeys(told, 1),
    }


def test_fields_of_a_log(project: Callable[..., Project]) -> None:
    shop = project({"web": Source(kind="web", format="access_log", path="a_{day}.log.gz")})
    line = '192.0.2.1 - {} [06/Jan/2025:10:00:00 +0800] "GET /p/1 HTTP/1.1" 200 {} "-" "Mozilla/5.0"\n'
    lines = line.format("ann", 5) + line.format("-", 7) + "x\n"
    shop.write(f"a_{START}.log.gz", gzip.compress(lines.encode()))
    shop.run(START)
    assert columns(shop) == {f"a_{START}.log.gz": {"account": 1, "bytes": 2, "referrer": 0, "agent": 2}}


def test_a_history_export_is_left_out(project: Callable[..., Project]) -> None:
    shop = project({"orders": Source(kind="orders", path="o.csv", known_at="event", through=START)})
    shop.write("o.csv", HEADER + f"A,1,{START} 10:00:00,P,1,2.00,,,\n")
    shop.run(START)
    assert columns(shop) == {}
