"""JSON access logs: lines as NGINX, Caddy and Traefik write them, and lines that must be refused."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from persona_pipeline.engine.duckdb import DuckDBEngine
from persona_pipeline.sources.json_log import malformed
from persona_pipeline_tests.sources.log_reading import read_log, web_source
from persona_pipeline_tests.sources.test_log_formats import plain

NGINX = {
    "time_iso8601": "2025-01-06T10:00:00+08:00",
    "remote_addr": "203.0.113.7",
    "remote_user": "",
    "request": "GET /a?utm_source=x HTTP/1.1",
    "status": 200,
    "body_bytes_sent": "512",
    "http_referer": "https://t.co/x",
    "http_user_agent": 'say "hi" \\ ok',
    "http_cookie": "a=1; vid=V1",
    "extra": {"deep": [1, {"x": None}]},
}
# the example of caddyserver.com/docs/logging, shortened
CADDY = (
    '{"level":"info","ts":1646861401.5241024,"logger":"http.log.access","msg":"handled request","request":'
    '{"remote_ip":"127.0.0.1","remote_port":"41342","client_ip":"127.0.0.1","proto":"HTTP/2.0",'
    '"method":"GET","host":"localhost","uri":"/","headers":{"User-Agent":["curl/7.82.0"],"Accept":["*/*"],'
    '"Cookie":["a=1; vid=V2"]},"tls":{"resumed":false}},"bytes_read":0,"user_id":"","duration":0.000929675,'
    '"size":10900,"status":200,"resp_headers":{"Server":["Caddy"]}}'
)
# as Traefik 3 writes its fields; doc.traefik.io/traefik/observability/access-logs
TRAEFIK = (
    '{"ClientAddr":"198.51.100.1:63261","ClientHost":"198.51.100.1","ClientUsername":"-",'
    '"DownstreamContentSize":287,"DownstreamStatus":207,"RequestMethod":"REPORT",'
    '"RequestPath":"/dav.php/calendars/","RequestProtocol":"HTTP/2.0",'
    '"StartLocal":"2024-12-29T12:42:47.503803974+01:00","StartUTC":"2024-12-29T11:42:47.503803974Z",'
    '"request_User-Agent":"Mozilla/5.0 (X11)","time":"2024-12-29T12:42:47+01:00"}'
)
GOOD = {"reason": None, "utc": "2025-01-06 02:00:00", "method": "GET", "page": "/a", "status": "200"}
CASES: dict[str, tuple[dict[str, object], str, dict[str, object]]] = {
    "nginx": (
        {"visitor": "cookie_vid"},
        json.dumps(NGINX),
        GOOD
        | {
            "address": "203.0.113.7",
            "account": None,
            "visitor": "V1",
            "page": "/a?",
            "utm_source": "x",
            "bytes": "512",
            "referrer_host": "t.co",
            "agent": 'say "hi" \\ ok',
        },
    ),
    "caddy": (
        {"log_format": "caddy", "visitor": "cookie_vid"},
        CADDY,
        {
            "reason": None,
            "utc": "2022-03-09 21:30:01",
            "address": "127.0.0.1",
            "account": None,
            "visitor": "V2",
            "method": "GET",
            "page": "/",
            "status": "200",
            "bytes": "10900",
            "referrer_host": None,
            "agent": "curl/7.82.0",
        },
    ),
    "traefik": (
        {"log_format": "traefik"},
        TRAEFIK,
        {
            "reason": None,
            "utc": "2024-12-29 11:42:47",
            "address": "198.51.100.1",
            "account": None,
            "method": "REPORT",
            "page": "/dav.php/calendars/",
            "status": "207",
            "bytes": "287",
            "agent": "Mozilla/5.0 (X11)",
        },
    ),
    "own keys": (
        {
            "columns": {
                "time": "when.start",
                "method": "m",
                "uri": "u.path",
                "query": "u.q",
                "status": "code",
            },
            "address": "client.ips",
            "account": "user.name",
            "visitor": "user.cookie",
        },
        '{"when":{"start":"06/Jan/2025:10:00:00 +0800"},"m":"GET","u":{"path":"/a","q":"?x=1"},"code":"200",'
        '"client":{"ips":["203.0.113.7","10.0.0.1"]},"user.name":"ann","user":{"name":"bob","cookie":"V3"}}',
        GOOD | {"page": "/a?", "address": "203.0.113.7", "account": "ann", "visitor": "V3"},
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_line_of_each_server(engine: DuckDBEngine, tmp_path: Path, name: str) -> None:
    options, line, expected = CASES[name]
    source = web_source(format="access_json", **options)
    file, rows = read_log(engine, tmp_path, source, f"{line}\n{line}\r\n")
    assert (file.records, file.noted) == (2, {})
    assert [{key: plain(row)[key] for key in expected} for row in rows] == [expected, expected]


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2025-01-06T10:00:00.123456+0800", "2025-01-06 02:00:00"),
        ("2025-01-06 02:00:00Z", "2025-01-06 02:00:00"),
        ("2025/01/06 10:00:00 +08:00", "2025-01-06 02:00:00"),
        ("2025-01-06T10:00:00", "2025-01-06 10:00:00"),  # no offset: the source's zone
        ("06/Jan/2025:10:00:00 +0800", "2025-01-06 02:00:00"),
        ("31/Dec/2016:23:59:60 +0000", "2016-12-31 23:59:59"),
        ("1736128800", "2025-01-06 02:00:00"),
        ("1736128800.999", "2025-01-06 02:00:00"),
        ("1736128800123", "2025-01-06 02:00:00"),
        ("2025-02-30T10:00:00Z", None),
        ("yesterday", None),
        ("17361288001234567890", None),
        ("-1736128800", "1914-12-26 22:00:00"),  # too_old, when it is judged
    ],
)
def test_times(engine: DuckDBEngine, tmp_path: Path, text: str, utc: str | None) -> None:
    line = json.dumps(NGINX | {"time_iso8601": text})
    _, (row,) = read_log(engine, tmp_path, web_source(format="access_json"), line)
    assert (row["reason"], plain(row)["utc"], row["leap_second"]) == (None, utc, ":60" in text)


BAD: list[tuple[str, str]] = [
    ("", "bad_json"),
    ("not json", "bad_json"),
    ('"text"', "bad_json"),
    ("[1]", "bad_json"),
    ("{}", "missing_required"),
    (json.dumps(NGINX)[:-1], "bad_json"),
    (json.dumps(NGINX) + "{}", "bad_json"),
    (json.dumps(NGINX)[:-1] + ', "status": 404}', "json_duplicate_key"),
    (json.dumps({**NGINX, "request": None}), "missing_required"),
    (json.dumps({**NGINX, "time_iso8601": None}), "missing_required"),
    ('{"request": "GET \\x22 HTTP/1.1"}', "bad_json"),  # NGINX without escape=json
    ('{"a": NaN}', "json_not_finite"),
    (json.dumps({**NGINX, "extra": {"deep": [1.5, float("-inf")]}}), "json_not_finite"),
    (json.dumps(NGINX).replace('"512"', "-Infinity ,  ").replace(",  ,", ","), "json_not_finite"),
    (json.dumps(NGINX).replace("200", "nan"), "bad_json"),  # as in any case, of which Python knows none
    (json.dumps(NGINX).replace("200", "-INF"), "bad_json"),
    (json.dumps(NGINX)[:-1] + ",}", "bad_json"),
    (json.dumps(NGINX)[:-1] + " ,\t}", "bad_json"),
    (json.dumps(NGINX).replace("null}]", "null}, ]"), "bad_json"),
    ("[" * 100_000, "bad_json"),
    ('{"a":' * 100_000, "bad_json"),
]


def test_lines_that_cannot_be_read(engine: DuckDBEngine, tmp_path: Path) -> None:
    content = "\n".join(line for line, _ in BAD) + "\n" + json.dumps(NGINX)
    file, rows = read_log(engine, tmp_path, web_source(format="access_json"), content)
    assert file.records == len(BAD) + 1
    expected = [*((at, reason) for at, (_, reason) in enumerate(BAD, 1)), (len(BAD) + 1, None)]
    assert [(row["line"], row["reason"]) for row in rows] == expected


@pytest.mark.parametrize("agent", ["a,}", "b, ]", ": NaN,", "[Infinity]", '\\",}', '": nan}'])
def test_a_text_may_say_what_json_may_not(engine: DuckDBEngine, tmp_path: Path, agent: str) -> None:
    line = json.dumps(NGINX | {"http_user_agent": agent, "extra": [1, "x"], "x": ["NaN", {"y": "inf"}]})
    _, (row,) = read_log(engine, tmp_path, web_source(format="access_json"), line)
    assert (row["reason"], row["agent"]) == (None, agent)


PIECES = [*'{}[]",: \t\\1n', '"a"', '"a":', "NaN", "-Infinity", "inf", "nan"]


@given(st.lists(st.sampled_from(PIECES), max_size=12))
@settings(max_examples=300, deadline=None)
def test_what_python_refuses_is_refused(pieces: list[str]) -> None:
    line = '{"a": ' + "".join(pieces) + "}"

    def no_number(text: str) -> None:
        raise ValueError(text)

    try:
        is_object = isinstance(json.loads(line, parse_constant=no_number), dict)
    except ValueError:
        is_object = False
    found = duckdb.execute(f"SELECT {malformed('line')} FROM (SELECT ? AS line)", [line]).fetchone()
    assert found is not None
    assert (found[0] is None) == is_object


def test_a_request_that_is_none_of_http(engine: DuckDBEngine, tmp_path: Path) -> None:
    lines = [json.dumps(NGINX | {"request": text}) for text in ("", "-", "\x16\x03\x01")]
    _, rows = read_log(engine, tmp_path, web_source(format="access_json"), "\n".join(lines))
    assert [(row["reason"], row["method"]) for row in rows] == [(None, None)] * 3
