"""Log formats and page patterns: what a line of each says, one clear error for each bad declaration."""

from __future__ import annotations

import datetime as dt
import hashlib
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from pydantic import ValidationError

from persona_pipeline.engine.duckdb import DuckDBEngine
from persona_pipeline.sources.page_patterns import DEFAULT_ASSETS, Page, PagePatterns
from persona_pipeline.sources.source import Source
from persona_pipeline.sources.split import split_files

TIME = "06/Jan/2025:10:00:00 +0800"
LOCAL = dt.datetime.fromisoformat("2025-01-06 10:00:00")
FORMATS = [
    ("common", f'203.0.113.7 - bob [{TIME}] "GET /a HTTP/1.1" 200 5', {"account": "bob", "agent": None}),
    ("combined", f'203.0.113.7 - - [{TIME}] "GET /a HTTP/1.1" 200 - "-" "A"', {"agent": "A", "bytes": None}),
    ("combined", f'203.0.113.7 x y z [{TIME}] "GET /a HTTP/1.1" 200 5 "-" "A"', {"account": "y z"}),
    (
        "vhost_combined",
        f'shop.example:443 203.0.113.7 - - [{TIME}] "GET /a HTTP/1.1" 200 5 "http://u:p@X.example:80/" "A"',
        {"referrer_host": "x.example"},
    ),
    (
        '$time_iso8601\t$remote_addr\t"$request"\t$status\t${upstream_time}s',
        '2025-01-06T10:00:00+08:00\t203.0.113.7\t"GET /a HTTP/1.1"\t200\t0.1s',
        {"agent": None},
    ),
    (
        '{"t":"$time_iso8601","ip":"$remote_addr","r":"$request","s":"$status","a":"$http_user_agent"}',
        '{"t":"2025-01-06T10:00:00+08:00","ip":"203.0.113.7","r":"GET /a HTTP/1.1","s":"200",'
        '"a":"x \\"y\\""}',
        {"agent": 'x \\"y\\"'},
    ),
    ('$remote_addr $msec "$request" $status', '203.0.113.7 1736128800.5 "GET /a HTTP/1.1" 200', {}),
    ('$remote_addr [$time_local] "$request" $status', f'203.0.113.7 [{TIME[:20]}] "GET /a HTTP/1.1" 200', {}),
    ("$remote_addr [$time_local] $request $status", f"203.0.113.7 [{TIME}] GET /a HTTP/1.1 200", {}),
]


@pytest.mark.parametrize("end", ["", "\n", "\r\n"], ids=["none", "lf", "crlf"])
@pytest.mark.parametrize(("log_format", "text", "expected"), FORMATS)
def test_a_line_of_each_format(
    engine: DuckDBEngine, tmp_path: Path, log_format: str, text: str, expected: dict[str, object], end: str
) -> None:
    source = Source(kind="web", format="access_log", path="a.log", log_format=log_format)
    content = (text + end).encode()
    (tmp_path / "a.log").write_bytes(content)
    split = split_files(
        "web",
        source,
        [("a.log", hashlib.sha256(content).hexdigest())],
        project_directory=tmp_path,
        key=b"",
        directory=tmp_path / "split",
        engine=engine,
    )
    (row,) = pq.read_table(list(split.paths)).to_pylist()
    known = {"reason": None, "address": "203.0.113.7", "method": "GET", "page": "/a", "status": "200"}
    moment = row["local_at"] - dt.timedelta(seconds=row["offset_seconds"] or 0)
    assert {name: row[name] for name in known | expected} == known | expected
    assert moment == (LOCAL if "[" + TIME[:20] + "]" in text else LOCAL - dt.timedelta(hours=8))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"log_format": "combine"},
            "unknown log_format 'combine'; expected common, combined, vhost_combined",
        ),
        ({"log_format": "$remote_addr $status"}, "log_format has no time"),
        ({"log_format": "$remote_addr [$time_local] $status"}, "log_format has no $request"),
        ({"log_format": "$remote_addr$status"}, "nothing separates $remote_addr from $status"),
        ({"log_format": "$remote_addr 5$ x"}, "a $ without the name of a variable"),
        ({"log_format": "$remote_addr é"}, "printable ASCII"),
        ({"visitor": "cookie_vid"}, "log_format has no $cookie_vid"),
        ({"pages": {"product": ["/p/{id}"]}}, "unknown {id}"),
        ({"pages": {"product": ["p"]}}, "must begin with /"),
        ({"pages": {"shop": ["/p"]}}, "Input should be 'home'"),
        ({"hosts": ["https://shop.example"]}, "expected a host such as shop.example"),
        ({"format": "csv"}, "kind = 'web' goes with format = 'access_log'"),
        ({"kind": "orders", "format": "csv", "visitor": "x"}, "visitor belongs to kind = 'web'"),
    ],
)
def test_a_bad_declaration_is_one_clear_error(options: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError) as error:
        Source.model_validate({"kind": "web", "format": "access_log", "path": "a.log"} | options)
    assert [message in each["msg"] for each in error.value.errors()] == [True]


def test_pages() -> None:
    pages = {
        "product": ("/item.php?view=detail&id={product_id}", "/{category}/{product_id}.html"),
        "cart": ("/add?product={product_id}",),
        "search": ("/find/*",),
    }
    found = PagePatterns(pages, DEFAULT_ASSETS)
    assert found.parameters == ("id", "product", "view")
    cases = {
        "/item.php?id=7&view=detail&": Page("product", product_id="7"),
        "/item.php?id=7&": Page("other"),
        "/green-tea/9.html": Page("product", product_id="9", category="green-tea"),
        "/add?product=a@b.example&": Page("cart"),
        "/find/a/b": Page("search"),
        "/find": Page("other"),
        "/x/style.CSS": Page("other", is_asset=True),
        "": Page("other"),
    }
    assert {key: found.page(key) for key in cases} == cases
