"""Random valid lines of every format come back with their fields; whatever is done to lines, none is lost.

The writers are a few lines each and know nothing of the package: what a web server does.
"""

from __future__ import annotations

import datetime as dt
import json
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from persona_pipeline.engine.duckdb import DuckDBEngine
from persona_pipeline_tests.sources.log_reading import read_log, web_source
from persona_pipeline_tests.sources.test_log_formats import plain

Hit = dict[str, str]
TEXT = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=12)
FREE = st.text(st.characters(min_codepoint=32, max_codepoint=126, exclude_characters='"\\'), max_size=30).map(
    lambda text: f"M/{text}."
)
HITS = st.fixed_dictionaries(
    {
        "address": st.sampled_from(["203.0.113.7", "2001:db8::1", "198.51.100.99"]),
        "account": st.sampled_from(["", "ann", "00042"]),
        "visitor": st.from_regex(r"[0-9a-f]{1,32}", fullmatch=True),
        "at": st.integers(915_148_800, 2_114_380_800).map(
            lambda second: dt.datetime.fromtimestamp(second, dt.UTC).replace(tzinfo=None).isoformat()
        ),
        "method": st.sampled_from(["GET", "POST", "HEAD", "PROPFIND"]),
        "page": st.from_regex(r"/[A-Za-z0-9._~%/@:!$&'()*,;={}-]{0,20}", fullmatch=True),
        "utm_source": st.from_regex(r"[a-z0-9._%-]{0,8}", fullmatch=True),
        "protocol": st.sampled_from(["HTTP/1.0", "HTTP/1.1", "HTTP/2.0", "HTTP/3"]),
        "status": st.integers(100, 599).map(str),
        "bytes": st.integers(0, 10**12).map(str),
        "agent": FREE,
        "referrer_host": st.sampled_from(["", "t.co", "www.x.example"]),
    }
)


def moment(hit: Hit) -> dt.datetime:
    return dt.datetime.fromisoformat(hit["at"])


def target(hit: Hit) -> str:
    return hit["page"] + (f"?a=1&utm_source={hit['utm_source']}" if hit["utm_source"] else "")


def referrer(hit: Hit) -> str:
    return f"https://{hit['referrer_host']}/p?q=1" if hit["referrer_host"] else "-"


def request(hit: Hit) -> str:
    return f"{hit['method']} {target(hit)} {hit['protocol']}"


def nginx(hit: Hit) -> str:
    at = (moment(hit) + dt.timedelta(hours=-3, minutes=-30)).strftime("%d/%b/%Y:%H:%M:%S -0330")
    return (
        f'{hit["address"]} - {hit["account"] or "-"} [{at}] "{request(hit)}" {hit["status"]} {hit["bytes"]} '
        f'"{referrer(hit)}" "{hit["agent"]}" "{hit["visitor"]}" 0.1'
    )


def apache(hit: Hit) -> str:
    at = (moment(hit) + dt.timedelta(hours=5)).strftime("%Y-%m-%d %H:%M:%S +0500")
    agent = hit["agent"].replace("M/", r"M/\"")
    return (
        f"{hit['address']}, 10.0.0.1|{at}|{hit['account'] or '-'}|"
        f"{hit['method']}|{target(hit)}|{hit['protocol']}"
        f'|{hit["status"]}|{hit["bytes"]}|"{referrer(hit)}" "{agent}" {hit["visitor"]}'
    )


def iis(hit: Hit) -> str:
    stem, _, query = target(hit).partition("?")
    agent = hit["agent"].replace("+", "_").replace(" ", "+")
    return (
        f"{moment(hit):%Y-%m-%d %H:%M:%S} 10.0.0.1 {hit['method']} {stem} {query or '-'} 443 "
        f"{hit['account'] or '-'} {hit['address']} {hit['protocol']} {agent} x=0;+vid={hit['visitor']} "
        f"{referrer(hit)} {hit['status']} 0 {hit['bytes']}"
    )


IIS = (
    "#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs-version "
    "cs(User-Agent) cs(Cookie) cs(Referer) sc-status sc-substatus sc-bytes\n"
)


def nginx_json(hit: Hit) -> str:
    seconds = moment(hit).replace(tzinfo=dt.UTC).timestamp()
    return json.dumps(
        {
            "remote_addr": hit["address"],
            "remote_user": hit["account"],
            "t": seconds + 0.25,
            "request": request(hit),
            "status": int(hit["status"]),
            "body_bytes_sent": hit["bytes"],
            "http_referer": referrer(hit),
            "http_user_agent": hit["agent"],
            "cookie_vid": hit["visitor"],
        },
    )


def caddy(hit: Hit) -> str:
    headers = {"User-Agent": [hit["agent"]], "Referer": [referrer(hit)], "Cookie": [f"vid={hit['visitor']}"]}
    asked = {
        "client_ip": hit["address"],
        "method": hit["method"],
        "uri": target(hit),
        "proto": hit["protocol"],
        "headers": headers,
    }
    return json.dumps(
        {
            "ts": f"{hit['at']}Z",
            "request": asked,
            "user_id": hit["account"],
            "size": int(hit["bytes"]),
            "status": int(hit["status"]),
        },
        separators=(",", ":"),
    )


# options, what stands before the lines, the writer
FORMATS: dict[str, tuple[dict[str, object], str, Callable[[Hit], str]]] = {
    "nginx": (
        {
            "log_format": '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent '
            '"$http_referer" "$http_user_agent" "$cookie_vid" $request_time',
            "visitor": "cookie_vid",
        },
        "",
        nginx,
    ),
    "apache": (
        {
            "log_format": r"%{X-Forwarded-For}i|%{%F %T %z}t|%u|%m|%U%q|%H|%>s|%B|\"%{Referer}i\" "
            r"\"%{User-Agent}i\" %{vid}C",
            "address": "%{X-Forwarded-For}i",
            "visitor": "%{vid}C",
        },
        "",
        apache,
    ),
    "iis": ({"format": "w3c", "visitor": "cookie_vid"}, IIS, iis),
    "json": ({"format": "access_json", "visitor": "cookie_vid", "columns": {"time": "t"}}, "", nginx_json),
    "caddy": ({"format": "access_json", "log_format": "caddy", "visitor": "cookie_vid"}, "", caddy),
}


def expected(name: str, hit: Hit) -> dict[str, object]:
    agent = {"apache": hit["agent"].replace("M/", r"M/\""), "iis": hit["agent"].replace("+", "_")}
    return {
        "reason": None,
        "address": hit["address"],
        "account": hit["account"] or None,
        "visitor": hit["visitor"],
        "utc": hit["at"].replace("T", " "),
        "method": hit["method"],
        "page": hit["page"] + ("?" if hit["utm_source"] else ""),
        "utm_source": hit["utm_source"] or None,
        "status": hit["status"],
        "bytes": hit["bytes"],
        "referrer_host": hit["referrer_host"] or None,
        "agent": agent.get(name, hit["agent"]),
    }


@pytest.mark.parametrize("name", FORMATS)
@settings(max_examples=4, deadline=None)
@given(hits=st.lists(HITS, min_size=20, max_size=60))
def test_what_was_written_is_read(name: str, hits: list[Hit]) -> None:
    options, head, write = FORMATS[name]
    content = head + "".join(write(hit) + "\n" for hit in hits)
    with tempfile.TemporaryDirectory() as folder, DuckDBEngine(Path(folder) / "scratch", threads=1) as engine:
        file, rows = read_log(engine, Path(folder), web_source(**options), content)
    assert file.records == len(hits)
    wanted = [expected(name, hit) for hit in hits]
    assert [{key: plain(row)[key] for key in wanted[0]} for row in rows] == wanted


BITS = st.sampled_from(
    [
        '"',
        "\\",
        '\\"',
        " ",
        "+",
        "{",
        "}",
        ",",
        ":",
        "|",
        "-",
        "\n",
        "\r\n",
        "\t",
        "\x00",
        "é",
        "#Fields: date",
        "",
    ]
)


@pytest.mark.parametrize("name", FORMATS)
@settings(max_examples=4, deadline=None)
@given(
    hits=st.lists(HITS, min_size=10, max_size=40),
    changes=st.lists(st.tuples(st.integers(0, 8000), st.integers(0, 4), BITS), min_size=10, max_size=60),
    junk=st.binary(max_size=20),
)
def test_whatever_is_done_to_lines_each_has_one_row(
    name: str, hits: list[Hit], changes: list[tuple[int, int, str]], junk: bytes
) -> None:
    options, head, write = FORMATS[name]
    text = head + "".join(write(hit) + "\n" for hit in hits)
    for at, length, bit in changes:
        text = text[:at] + bit + text[at + length :]
    content = b"{" + text.encode() + junk  # no byte-order mark, no gzip
    with tempfile.TemporaryDirectory() as folder, DuckDBEngine(Path(folder) / "scratch", threads=1) as engine:
        file, rows = read_log(engine, Path(folder), web_source(**options), content)
    lines = content.split(b"\n")[: None if content[-1:] != b"\n" else -1]
    directives = 0
    if name == "iis":
        good = [line.decode(errors="ignore").encode() == line for line in lines]
        directives = sum(line.startswith(b"#") and fine for line, fine in zip(lines, good, strict=True))
    assert file.records + directives == len(lines)
    assert [row["line"] for row in rows] == sorted({row["line"] for row in rows})
    assert len(rows) == file.records
