"""Notations of log formats: Apache's directives and NGINX's variables; lines as servers write them."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from pydantic import ValidationError

from persona_pipeline.engine.duckdb import DuckDBEngine
from persona_pipeline_tests.sources.log_reading import read_log, web_source

# https://httpd.apache.org/docs/2.4/logs.html, section Combined Log Format
APACHE_COMBINED = r"%h %l %u %t \"%r\" %>s %b \"%{Referer}i\" \"%{User-agent}i\""
APACHE_LINE = (
    '127.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] "GET /apache_pb.gif HTTP/1.0" 200 2326 '
    '"http://www.example.com/start.html" "Mozilla/4.08 [en] (Win98; I ;Nav)"'
)
FRANK: dict[str, object] = {
    "address": "127.0.0.1",
    "account": "frank",
    "utc": "2000-10-10 20:55:36",
    "method": "GET",
    "page": "/apache_pb.gif",
    "status": "200",
    "bytes": "2326",
    "referrer_host": "www.example.com",
    "agent": "Mozilla/4.08 [en] (Win98; I ;Nav)",
}
STAMP = "[06/Jan/2025:10:00:00 +0800]"
A: dict[str, object] = {
    "method": "GET",
    "page": "/a",
    "status": "200",
    "utc": "2025-01-06 02:00:00",
    "reason": None,
}
CASES: dict[str, tuple[dict[str, object], str, dict[str, object]]] = {
    "apache, escaped quotes": ({"log_format": APACHE_COMBINED}, APACHE_LINE, FRANK),
    "apache, plain quotes": ({"log_format": APACHE_COMBINED.replace("\\", "")}, APACHE_LINE, FRANK),
    "apache, quote within the agent": (
        {"log_format": APACHE_COMBINED},
        APACHE_LINE.replace("[en]", r"\"en\""),
        FRANK | {"agent": r"Mozilla/4.08 \"en\" (Win98; I ;Nav)"},
    ),
    "apache, host and port first": (  # vhost_combined of Debian's apache2.conf
        {"log_format": r"%v:%p %h %l %u %t \"%r\" %>s %O \"%{Referer}i\" \"%{User-Agent}i\""},
        "shop.example:443 " + APACHE_LINE,
        FRANK,
    ),
    "apache, method, path and query apart": (
        {
            "log_format": '%a %t %m "%U" "%q" %H %s %B %D %{UNIQUE_ID}e',
            "pages": {"cart": ["/a?add={product_id}"]},
        },
        f'203.0.113.7 {STAMP} POST "/a" "?add=P7&x=1" HTTP/2.0 302 0 1234 Zx@1',
        A | {"method": "POST", "page": "/a?add=P7&", "status": "302", "bytes": "0"},
    ),
    "apache, path and query without a blank": (
        {"log_format": "%a %t %m %U%q %>s"},
        f"203.0.113.7 {STAMP} GET /a?utm_source=x 200",
        A | {"utm_source": "x", "page": "/a?"},
    ),
    "apache, cookie and proxy": (
        {
            "log_format": '%{c}a %t "%r" %>s %T/%D "%{X-Forwarded-For}i" "%{vid}C"',
            "visitor": "%{vid}C",
            "address": "%{X-Forwarded-For}i",
        },
        f'10.0.0.1 {STAMP} "GET /a HTTP/1.1" 200 0/431 "203.0.113.7, 10.0.0.2" "V1"',
        A | {"address": "203.0.113.7", "visitor": "V1"},
    ),
    "apache, only for some codes": (
        {"log_format": '%h %t "%r" %>s "%!200,304{Referer}i" %400,501{User-agent}i %X %%'},
        f'203.0.113.7 {STAMP} "GET /a HTTP/1.1" 200 "-" - + %',
        A | {"referrer_host": None, "agent": None},
    ),
    "apache, ISO time": (
        {"log_format": '%h %{%Y-%m-%dT%H:%M:%S%z}t "%r" %>s'},
        '203.0.113.7 2025-01-06T10:00:00+0800 "GET /a HTTP/1.1" 200',
        A,
    ),
    "apache, date, clock and zone": (
        {"log_format": '%h [%{%d/%b/%Y %T}t.%{msec_frac}t %{%z}t] "%r" %>s'},
        '203.0.113.7 [06/Jan/2025 10:00:00.123 +0800] "GET /a HTTP/1.1" 200',
        A,
    ),
    "apache, time in brackets of its own": (
        {"log_format": '%h %{[%Y-%m-%d %H:%M:%S]}t "%r" %>s'},
        '203.0.113.7 [2025-01-06 02:00:00] "GET /a HTTP/1.1" 200',
        A,
    ),
    "apache, usual time spelled out": (
        {"log_format": '%h "%{begin:%d/%b/%Y:%T %z}t" "%r" %>s'},
        '203.0.113.7 "06/Jan/2025:10:00:00 +0800" "GET /a HTTP/1.1" 200',
        A,
    ),
    "apache, microseconds": (
        {"log_format": '%h %{usec}t "%r" %>s'},
        '203.0.113.7 1736128800123456 "GET /a HTTP/1.1" 200',
        A,
    ),
    "nginx, several upstreams and proxies outside of quotes": (
        {
            "log_format": '$remote_addr $time_local "$request" $status $upstream_addr '
            "$upstream_response_time $http_x_forwarded_for $request_time",
            "address": "$http_x_forwarded_for",
        },
        f'10.0.0.1 {STAMP[1:-1]} "GET /a HTTP/1.1" 200 10.1.1.1:80, 10.1.1.2:80 0.010, 0.020 : 0.1 '
        "203.0.113.7, 10.0.0.9 0.131",
        A | {"address": "203.0.113.7"},
    ),
    "nginx, parts of the request": (
        {"log_format": '$remote_addr [$time_local] "$request_method $request_uri $server_protocol" $status'},
        f'203.0.113.7 {STAMP} "GET /a b HTTP/1.1" 200',
        A | {"page": "/a b"},
    ),
    "nginx, parts of the request apart": (
        {"log_format": "$remote_addr [$time_local] $status $request_method $uri ${args} - $server_protocol"},
        f"203.0.113.7 {STAMP} 200 GET /a utm_source=y - HTTP/2.0",
        A | {"utm_source": "y", "page": "/a?"},
    ),
    "nginx, parts without an argument": (
        {"log_format": "$remote_addr [$time_local] $status $request_method $uri $args"},
        f"203.0.113.7 {STAMP} 200 GET /a -",
        A,
    ),
    "nginx, all cookies": (
        {
            "log_format": '$remote_addr [$time_local] "$request" $status "$http_cookie"',
            "visitor": "cookie_vid",
        },
        f'203.0.113.7 {STAMP} "GET /a HTTP/1.1" 200 "a=vid=1; vid=V2; b=2"',
        A | {"visitor": "V2"},
    ),
    "nginx, variables of one's own": (
        {"log_format": '$geo_City $remote_addr [$time_local] "$request" $status $upstream_cache_status $My'},
        f'- 203.0.113.7 {STAMP} "GET /a HTTP/1.1" 200 HIT 1',
        A,
    ),
}


def plain(row: dict) -> dict[str, object]:
    """A row with the moment in UTC as text, where the zone is told; else the wall clock."""
    moment = row["local_at"]
    utc = moment - dt.timedelta(seconds=row["offset_seconds"] or 0) if moment else None
    return {**row, "utc": f"{utc:%Y-%m-%d %H:%M:%S}" if utc else None}


@pytest.mark.parametrize("name", CASES)
def test_a_line_of_each_notation(engine: DuckDBEngine, tmp_path: Path, name: str) -> None:
    options, line, expected = CASES[name]
    file, rows = read_log(engine, tmp_path, web_source(**options), f"{line}\n{line}\r\n")
    assert file.records == len(rows) == 2
    found = [{key: plain(row)[key] for key in expected} for row in rows]
    assert found == [expected, expected]


@pytest.mark.parametrize("name", CASES)
def test_half_a_line_is_refused(engine: DuckDBEngine, tmp_path: Path, name: str) -> None:
    options, line, _ = CASES[name]
    half = line[: line.index("GET") + 1] if "GET" in line else line[:20]
    _, rows = read_log(engine, tmp_path, web_source(**options), f'{half}\n{line} more of it "\n')
    assert [row["reason"] for row in rows][0] == "bad_line"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"log_format": '%h %t "%r"'}, "log_format has no $status"),
        ({"log_format": '%h %t "%r" %>s %Y'}, "%Y is no directive of Apache's"),
        ({"log_format": '%h%u %t "%r" %>s'}, "nothing separates %remote_addr from %remote_user"),
        ({"log_format": '%h %t "%r" %>s 5% x'}, "a % without a directive near '% x'"),
        ({"log_format": '%h "%r" %>s'}, "log_format has no time"),
        ({"log_format": '%h %{%d %H:%M}t "%r" %>s'}, "must hold year, month, day, hour and minute"),
        ({"log_format": '%h %{%Y-%j %H:%M}t "%r" %>s'}, "%{%Y-%j %H:%M}t cannot be read"),
        ({"log_format": '%h %t "%r" %>s', "visitor": "%{vid}C"}, "log_format has no $cookie_vid"),
        ({"log_format": '%h %t "%r" %>s', "visitor": "%{vid}"}, "no single directive"),
        ({"columns": {"time": "t"}}, "columns has no meaning for format = 'access_log'"),
        ({"missing": {"time": ["-"]}}, "missing has no meaning for format = 'access_log'"),
        ({"format": "w3c", "log_format": "combined"}, "a w3c log says itself what its fields are"),
        ({"format": "access_json", "log_format": "combined"}, "a log in JSON is nginx, caddy, traefik"),
        ({"format": "access_json", "columns": {"url": "x"}}, "unknown field 'url'; web has: time, request"),
        ({"format": "access_json", "columns": {"time": 'a"b'}}, "is no key"),
        ({"format": "access_json", "columns": {"time": "a..b"}}, "is no key"),
        ({"kind": "orders", "format": "w3c"}, "kind = 'web' goes with format"),
    ],
)
def test_a_bad_declaration_is_one_clear_error(options: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError) as error:
        web_source(**options)
    assert [message in each["msg"] for each in error.value.errors()] == [True]
