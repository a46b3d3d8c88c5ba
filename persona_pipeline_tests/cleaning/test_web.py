"""Access logs to hits: every line of a log is in the ledger once, with the reason the rules demand."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest

from persona_pipeline.cleaning import web as cleaning_web
from persona_pipeline.contracts import clean
from persona_pipeline.contracts.pseudonym import pseudonym
from persona_pipeline.contracts.traces import ID_LINK, WEB_HIT
from persona_pipeline.sources import access_log
from persona_pipeline.sources.source import Source
from persona_pipeline_tests.cleaning.conftest import KEY, START, Project

DAY = START + dt.timedelta(days=60)
STAMP = f"{DAY:%d/%b/%Y}:10:00:00 +0800"
PATH = f"raw/access_{DAY}.log"
CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 "
    "Safari/537.36"
)
PHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/17.0 Mobile/15E148 Safari/604.1"
)
COOKIE = "0123456789abcdef0123456789abcdef"
FORMAT = (
    '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" '
    '"$http_user_agent" "$cookie_vid" $request_time'
)


def line(
    request: str = "GET /p/P1 HTTP/1.1",
    *,
    address: str = "203.0.113.7",
    user: str = "-",
    at: str = STAMP,
    status: str = "200",
    size: str = "512",
    referrer: str = "-",
    agent: str = CHROME,
    cookie: str = COOKIE,
) -> str:
    """A line in the format of the shop's log."""
    return f'{address} - {user} [{at}] "{request}" {status} {size} "{referrer}" "{agent}" "{cookie}" 0.012'


@pytest.fixture
def web(project: Callable[..., Project]) -> Project:
    source = Source(
        kind="web",
        format="access_log",
        path="raw/access_{day}*.log*",
        log_format=FORMAT,
        visitor="cookie_vid",
        hosts=("shop.example",),
    )
    return project({"web": source})


def outcomes(shop: Project) -> list[tuple]:
    """Lines by outcome and reason, from the ledger."""
    return shop.select(
        "SELECT outcome, reason, sum(records)::INT FROM t GROUP BY ALL ORDER BY ALL", clean.LEDGER_REASON
    )


def hits(shop: Project, columns: str) -> list[tuple]:
    return shop.select(f"SELECT {columns} FROM t ORDER BY hit_no", WEB_HIT)


def test_what_a_line_says(web: Project) -> None:
    web.write(
        PATH,
        "\n".join(
            [
                line("GET / HTTP/2.0", referrer="https://www.google.com.hk/"),
                line(
                    "GET /c/green%20tea?utm_source=spring&utm_medium=email&utm_campaign=C7&cid=K9 HTTP/1.1",
                    user="00000042",
                    agent=PHONE,
                ),
                line("POST /cart/add?product=P7 HTTP/3.0", referrer="https://www.shop.example/p/P7"),
                line("GET /checkout/done?order=O-5 HTTP/1.1", cookie="-", address="2001:db8:1:2::3"),
                line(
                    "GET http://shop.example/p/P%31/?x=1 HTTP/1.1",
                    status="304",
                    size="-",
                    referrer="https://t.co/x",
                ),
                line("GET /search?q=ann@example.org HTTP/1.1", status="401", user="eve"),
                line("GET /nowhere HTTP/1.0", status="404", at=f"{DAY:%d/%b/%Y}:02:00:00 +0000"),
            ]
        )
        + "\n",
    )
    web.run(DAY)
    assert hits(
        web, "page_type, product_id, category, order_id, is_cart_add, channel, campaign_id, device"
    ) == [
        ("home", None, None, None, False, "organic_search", None, "desktop"),
        ("category", None, "green tea", None, False, "email", "C7", "mobile"),
        ("cart", "P7", None, None, True, "internal", None, "desktop"),
        ("confirmation", None, None, "O-5", False, "direct", None, "desktop"),
        ("product", "P1", None, None, False, "organic_social", None, "desktop"),
        ("search", None, None, None, False, "direct", None, "desktop"),
        ("other", None, None, None, False, "direct", None, "desktop"),
    ]
    visitor, account = pseudonym(KEY, "visitor", COOKIE), pseudonym(KEY, "account", "00000042")
    contact = pseudonym(KEY, "contact", "K9")
    assert hits(web, "visitor_id, account_id, contact_id")[1] == (visitor, account, contact)
    assert hits(web, "visitor_id, account_id, client_prefix")[3] == (None, None, "2001:db8:1::/48")
    assert hits(web, "client_prefix, browser, os, bytes, referrer_host, status")[4] == (
        "203.0.113.0/24",
        "Chrome",
        "Windows",
        None,
        "t.co",
        304,
    )
    assert {row[0] for row in hits(web, "event_at")} == {
        dt.datetime(DAY.year, DAY.month, DAY.day, 2, tzinfo=dt.UTC)
    }
    assert web.select("SELECT id, other_kind, other_id, evidence FROM t ORDER BY evidence", ID_LINK) == [
        (visitor, "contact", contact, "click"),
        (visitor, "account", account, "login"),
    ]
    assert web.select("SELECT id_kind, id, field, value FROM t", clean.IDENTIFIER) == [
        ("account", account, "account", "00000042")
    ]


def test_clients_are_the_same_whatever_lines_are_looked_up_together(
    web: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access_log, "TOGETHER", 1)  # each file by itself,
    monkeypatch.setattr(cleaning_web, "TOGETHER", 1)  # and the clients of each
    lines = [line(), line(agent=PHONE), line(address="203.0.113.8"), line("GET /static/a.js HTTP/1.1")]
    web.write(PATH, "\n".join(lines))
    web.write(PATH.replace(".log", "_b.log"), "\n".join(reversed(lines[:3])))
    web.run(DAY)
    one, phone, other = (
        pseudonym(KEY, "client", each)
        for each in (f"203.0.113.7|{CHROME}", f"203.0.113.7|{PHONE}", f"203.0.113.8|{CHROME}")
    )
    assert hits(web, "client_id, device, page_type") == [
        (one, "desktop", "product"),
        (phone, "mobile", "product"),
        (other, "desktop", "product"),
        (other, "desktop", "product"),
        (phone, "mobile", "product"),
        (one, "desktop", "product"),
    ]
    assert outcomes(web) == [("clean", "new", 6), ("filtered", "asset", 1)]


def test_directives_of_w3c_logs_are_counted_and_are_no_records(project: Callable[..., Project]) -> None:
    shop = project({"web": Source(kind="web", format="w3c", path="raw/u_ex{day}.log")})
    fields = "#Fields: date time cs-method cs-uri-stem cs-uri-query c-ip cs(User-Agent) sc-status"
    good = f"{DAY} 02:00:00 GET /p/P1 - 203.0.113.7 {CHROME.replace(' ', '+')} 200"
    shop.write(f"raw/u_ex{DAY}.log", "\r\n".join(["#Version: 1.0", fields, good, "cut", fields, good, ""]))
    shop.run(DAY)
    assert outcomes(shop) == [("clean", "new", 2), ("noted", "header_line", 3), ("rejected", "bad_line", 1)]
    assert shop.select("SELECT records_in, clean, rejected FROM t", clean.FILE_LEDGER) == [(3, 2, 1)]
    assert shop.select("SELECT line, reason FROM t", clean.REJECT) == [(4, "bad_line")]
    at = dt.datetime(DAY.year, DAY.month, DAY.day, 2, tzinfo=dt.UTC)
    assert hits(shop, "hit_no, event_at, product_id, browser") == [
        (3, at, "P1", "Chrome"),
        (6, at, "P1", "Chrome"),
    ]
