"""W3C extended logs: directives, fields that change within a file, values as IIS writes them."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from persona_pipeline.engine.duckdb import DuckDBEngine
from persona_pipeline.sources import access_log, log_lines, w3c_lines
from persona_pipeline_tests.sources.log_reading import read_log, web_source
from persona_pipeline_tests.sources.test_log_formats import plain

# learn.microsoft.com, "W3C Extended Log File Examples (IIS 6.0)": an intranet site
MICROSOFT = """#Software: Microsoft Internet Information Services 6.0
#Version: 1.0
#Date: 2002-05-02 17:42:15
#Fields: date time c-ip cs-username s-ip s-port cs-method cs-uri-stem cs-uri-query sc-status cs(User-Agent)
2002-05-02 17:42:15 172.22.255.255 - 172.30.255.255 80 GET /images/picture.jpg - 200 \
Mozilla/4.0+(compatible;MSIE+5.5;+Windows+2000+Server)
"""
# docs.aws.amazon.com, CloudFront standard logs: tabs between the fields, blanks within them as %20
CLOUDFRONT = """#Version: 1.0
#Fields: date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status cs(Referer) \
cs(User-Agent) cs-uri-query cs(Cookie) time-taken x-forwarded-for cs-protocol-version
2019-12-04\t21:02:31\tLAX1\t392\t192.0.2.100\tGET\td111111abcdef8.cloudfront.net\t/index.html\t200\t-\t\
Mozilla/5.0%20(Windows%20NT%2010.0;%20Win64;%20x64)%20Chrome/78.0.3904.108%20Safari/537.36\t-\ta=1;%20vid=V7\t\
0.001\t-\tHTTP/2.0
"""
FULL = "#Fields: date time cs-method cs-uri-stem cs-uri-query c-ip cs-username cs-version cs(User-Agent) \
cs(Cookie) cs(Referer) sc-status sc-bytes X-Forwarded-For"
LINE = "2025-01-06 02:00:00 GET /p/P1 utm_source=x&cid=K9 203.0.113.7 bob HTTP/2.0 Mozilla/5.0+(X11) \
a=1;+vid=V1;+b=2 http://t.co/a 200 512 198.51.100.4,+10.0.0.1"
FOUND = {
    "reason": None,
    "utc": "2025-01-06 02:00:00",
    "offset_seconds": 0,
    "address": "203.0.113.7",
    "account": "bob",
    "visitor": "V1",
    "method": "GET",
    "page": "/p/P1?",
    "utm_source": "x",
    "contact": "K9",
    "status": "200",
    "bytes": "512",
    "referrer_host": "t.co",
    "agent": "Mozilla/5.0 (X11)",
}
SOURCE = web_source(format="w3c", visitor="cookie_vid")


def test_the_example_of_the_manual(engine: DuckDBEngine, tmp_path: Path) -> None:
    file, (row,) = read_log(engine, tmp_path, web_source(format="w3c"), MICROSOFT.replace("\n", "\r\n"))
    assert (file.records, file.reason, file.note, file.noted) == (1, None, None, {"header_line": 4})
    expected = {
        "line": 5,
        "reason": None,
        "utc": "2002-05-02 17:42:15",
        "address": "172.22.255.255",
        "account": None,
        "method": "GET",
        "page": "/images/picture.jpg",
        "status": "200",
        "bytes": None,
        "agent": "Mozilla/4.0 (compatible;MSIE 5.5; Windows 2000 Server)",
    }
    assert {key: plain(row)[key] for key in expected} == expected


@pytest.mark.parametrize("small", [False, True])
def test_fields_may_change(
    engine: DuckDBEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, small: bool
) -> None:
    if small:  # more chunks than directives
        monkeypatch.setattr(log_lines, "CHUNK", 200)
        monkeypatch.setattr(access_log, "TOGETHER", 300)
        monkeypatch.setattr("persona_pipeline.sources.fingerprint.BLOCK", 100)
    words, names = LINE.split(" "), FULL.split(" ")[1:]
    turned = "#Fields: " + "  ".join(reversed(names)) + " "
    back = " ".join(reversed(words))
    lines = [LINE, "#Version: 1.0", FULL, LINE, LINE, turned, back, "#Remark: 1", back, FULL, LINE, back]
    content = gzip.compress("\n".join(lines).encode(), mtime=0)
    (tmp_path / "a.log").write_bytes(content)
    file, rows = read_log(engine, tmp_path, SOURCE, content)
    assert (file.records, file.noted) == (7, {"header_line": 5})
    assert file.note is not None
    assert file.note.startswith("#Fields has no time")
    reasons = {row["line"]: row["reason"] for row in rows}
    assert reasons.pop(1) == "unknown_fields"
    assert reasons == {4: None, 5: None, 7: None, 9: None, 11: None, 12: None}
    found = [{key: plain(row)[key] for key in FOUND} for row in rows if row["line"] in (4, 5, 7, 9, 11)]
    assert found == [FOUND] * 5
    assert plain(rows[-1])["utc"] is None  # a line that its fields do not fit: refused for its time


@pytest.mark.parametrize(
    ("names", "note"),
    [
        ("date time cs-method cs-uri-stem c-ip cs(Cookie)", "#Fields has no $status, which web logs need"),
        ("date time cs-method c-ip sc-status cs(Cookie)", "#Fields has no $request_uri, which web logs need"),
        (
            "date cs-method cs-uri-stem c-ip sc-status cs(Cookie)",
            "must hold year, month, day, hour and minute",
        ),
        (
            "date time cs-method cs-uri-stem c-ip sc-status",
            "visitor = 'cookie_vid', but #Fields has no $cookie_vid",
        ),
    ],
)
def test_fields_that_do_not_suffice(engine: DuckDBEngine, tmp_path: Path, names: str, note: str) -> None:
    file, rows = read_log(engine, tmp_path, SOURCE, f"#Fields: {names}\na b\nc d\n")
    assert (file.records, file.noted) == (2, {"header_line": 1})
    assert note in str(file.note)
    assert [(row["line"], row["reason"]) for row in rows] == [(2, "unknown_fields"), (3, "unknown_fields")]


@pytest.mark.parametrize(("layouts", "reason", "records"), [(2, None, 4), (3, "too_many_fields", 0)])
def test_a_file_may_have_a_few_layouts(
    engine: DuckDBEngine,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    layouts: int,
    reason: str | None,
    records: int,
) -> None:
    monkeypatch.setattr(w3c_lines, "LAYOUTS", 2)  # each takes a statement
    runs = [f"{FULL} x-{number % layouts}\n{LINE} -\n" for number in range(2 * layouts)]
    file, rows = read_log(engine, tmp_path, SOURCE, "".join(runs))
    assert (file.reason, file.records, len(rows)) == (reason, records, records)
    if reason is None:
        assert {row["reason"] for row in rows} == {None}
    else:
        assert str(file.note).startswith("more than 2 different #Fields lines; one is expected")


def test_lines_that_do_not_fit_their_fields(engine: DuckDBEngine, tmp_path: Path) -> None:
    lines = [FULL, LINE[:40], LINE + " x", LINE, "", LINE.replace("P1", 'P"1'), LINE.replace("GET", "-")]
    file, rows = read_log(engine, tmp_path, SOURCE, "\n".join(lines))
    assert file.records == 6
    found = [(row["line"], row["reason"], row["method"]) for row in rows]
    assert found == [
        (2, "bad_line", None),
        (3, "bad_line", None),
        (4, None, "GET"),
        (5, "bad_line", None),
        (6, None, "GET"),
        (7, None, None),
    ]


def test_directives_alone_are_an_empty_file(engine: DuckDBEngine, tmp_path: Path) -> None:
    file, rows = read_log(engine, tmp_path, SOURCE, FULL + "\n")
    assert (file.records, file.reason, rows) == (0, "empty", [])


def test_fields_between_tabs(engine: DuckDBEngine, tmp_path: Path) -> None:
    content = CLOUDFRONT + CLOUDFRONT.splitlines()[-1].replace("(Windows", "50%zz(")
    file, rows = read_log(engine, tmp_path, SOURCE, content)
    assert (file.records, file.reason, file.note, file.noted) == (2, None, None, {"header_line": 2})
    expected = {
        "line": 3,
        "reason": None,
        "utc": "2019-12-04 21:02:31",
        "address": "192.0.2.100",
        "visitor": "V7",
        "method": "GET",
        "page": "/index.html",
        "status": "200",
        "bytes": "392",
        "agent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/78.0.3904.108 Safari/537.36",
    }
    assert {key: plain(rows[0])[key] for key in expected} == expected
    assert rows[1]["reason"] is None  # what is no percent-encoding stays as it is written
    assert "50%zz(" in rows[1]["agent"]


@pytest.mark.parametrize(
    ("told", "address"),
    [
        ("203.0.113.9:51234", "203.0.113.9"),
        ("203.0.113.9:51234,+10.0.0.1:80", "203.0.113.9"),
        ("[2001:db8::9]:51234", "2001:db8::9"),
        ("[2001:db8::9]", "2001:db8::9"),
        ("2001:db8::9", "2001:db8::9"),
        ("::ffff:203.0.113.9", "::ffff:203.0.113.9"),
        ("unknown:x", "unknown:x"),
    ],
)
def test_a_port_is_no_part_of_an_address(
    engine: DuckDBEngine, tmp_path: Path, told: str, address: str
) -> None:
    source = web_source(format="w3c", address="X-Forwarded-For")
    line = LINE.replace("198.51.100.4,+10.0.0.1", told)
    _, (row,) = read_log(engine, tmp_path, source, f"{FULL}\n{line}\n")
    assert row["address"] == address


def test_the_address_a_proxy_tells(engine: DuckDBEngine, tmp_path: Path) -> None:
    source = web_source(format="w3c", address="X-Forwarded-For")
    _, (row,) = read_log(engine, tmp_path, source, f"{FULL}\n{LINE}\n")
    assert row["address"] == "198.51.100.4"


def test_lines_that_are_read_alike_are_read_together(engine: DuckDBEngine, tmp_path: Path) -> None:
    short = "2025-01-06 02:00:00 GET /p/P{} 203.0.113.7 200 x"
    names = ("sc-substatus", "time-taken", "anything", "date")  # the last names a field twice
    head = "#Fields: date time cs-method cs-uri-stem c-ip sc-status {}"
    lines = [each for at, name in enumerate(names) for each in (head.format(name), short.format(at))]
    file, rows = read_log(engine, tmp_path, web_source(format="w3c"), "\n".join(lines))
    assert (file.records, file.noted) == (4, {"header_line": 4})
    assert [row["page"] for row in rows[:3]] == ["/p/P0", "/p/P1", "/p/P2"]
    assert rows[3]["reason"] == "unknown_fields"
    assert len(list((tmp_path / "split").iterdir())) == 2
