"""Records that come again: duplicates, corrections, stale versions; nights and ranges leave equal rows."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from persona_pipeline.cleaning.window import TABLES, outcome_of
from persona_pipeline.contracts import clean, traces
from persona_pipeline.engine.duckdb import DuckDBEngine
from persona_pipeline.engine.protocol import Relation, Window
from persona_pipeline.sources.source import Source
from persona_pipeline_tests.cleaning.conftest import START, Project
from persona_pipeline_tests.cleaning.test_reasons import HEADER, line

LOOKBACK = 4
RECORD = pa.schema(
    [
        ("day", pa.date32()),
        ("path", pa.string()),
        ("source", pa.string()),
        ("sha256", pa.string()),
        ("line", pa.int64()),
        ("reason", pa.string()),
        ("lookback_days", pa.int32()),
        ("whole_row", pa.bool_()),
        ("record_id", pa.string()),
        ("version", pa.int64()),
        ("content_hash", pa.string()),
    ]
)


def records(deliveries: list[tuple[int, str, int, str]]) -> pa.Table:
    rows = [
        {
            "day": START + dt.timedelta(days=day),
            "path": "f",
            "source": "orders",
            "sha256": "0",
            "line": number,
            "reason": None,
            "lookback_days": LOOKBACK,
            "whole_row": False,
            "record_id": key,
            "version": version,
            "content_hash": f"{version}{content}",
        }
        for number, (day, key, version, content) in enumerate(deliveries)
    ]
    return pa.Table.from_pylist(rows, schema=RECORD)


LINES = """
SELECT day, record_id, 1 AS sign, version, content_hash FROM outcome WHERE outcome = 'clean'
UNION ALL
SELECT o.day, o.record_id, -1 AS sign, e.version, e.content_hash
FROM outcome AS o
JOIN (
    SELECT day, record_id, version, content_hash FROM outcome WHERE outcome = 'clean'
    UNION ALL SELECT day, record_id, version, content_hash FROM earlier WHERE sign = 1
) AS e ON e.record_id = o.record_id AND e.day = o.replaced_day
WHERE o.outcome = 'clean'
"""


def run(
    engine: DuckDBEngine, table: pa.Table, first: int, last: int, lake: list[dict]
) -> tuple[list[dict], list[tuple]]:
    """New lake rows and the verdict on each record of the window."""
    begin, end = START + dt.timedelta(days=first), START + dt.timedelta(days=last)
    reach = begin - dt.timedelta(days=LOOKBACK)
    schema = pa.schema(
        [
            ("day", pa.date32()),
            ("record_id", pa.string()),
            ("sign", pa.int32()),
            ("version", pa.int64()),
            ("content_hash", pa.string()),
        ]
    )
    earlier = pa.Table.from_pylist([row for row in lake if reach <= row["day"] < begin], schema=schema)
    derived = outcome_of(engine, table, earlier, Window(begin, end))
    outcome = engine.fetch("SELECT * FROM outcome", {"outcome": derived})
    lines = engine.fetch(LINES, {"outcome": outcome, "earlier": earlier}).to_pylist()
    return lines, [(row["line"], row["outcome"], row["outcome_reason"]) for row in outcome.to_pylist()]


def expected(deliveries: list[tuple[int, str, int, str]]) -> tuple[list[tuple], list[tuple]]:
    """The rule in plain Python, one night and one record after the other."""
    state: dict[str, tuple[int, int, str]] = {}
    lines, verdicts = [], []
    for night in sorted({day for day, *_ in deliveries}):
        tonight: dict[str, list[tuple[int, int, str]]] = {}
        for number, (day, key, version, content) in enumerate(deliveries):
            if day == night:
                tonight.setdefault(key, []).append((version, number, f"{version}{content}"))
        for key, found in tonight.items():
            *losers, (version, number, content) = sorted(found)
            verdicts += [
                (n, "duplicate", "same_content" if c == content else "superseded") for _, n, c in losers
            ]
            before = state.get(key)
            if before is not None and night - before[0] > LOOKBACK:
                before = None
            if before is not None and before[2] == content:
                verdicts.append((number, "duplicate", "redelivered"))
            elif before is not None and version < before[1]:
                verdicts.append((number, "duplicate", "superseded"))
            else:
                verdicts.append((number, "clean", "corrected" if before else "new"))
                lines.append((night, key, 1, content))
                if before is not None:
                    lines.append((night, key, -1, before[2]))
                state[key] = (night, version, content)
    return sorted(lines), sorted(verdicts)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory):  # noqa: ANN201
    with DuckDBEngine(tmp_path_factory.mktemp("engine"), memory="512MB", threads=1) as opened:
        yield opened


DELIVERY = st.tuples(st.integers(0, 7), st.sampled_from("abc"), st.integers(0, 2), st.sampled_from("xy"))


@settings(max_examples=10, deadline=None)
@given(st.lists(DELIVERY, min_size=1, max_size=16), st.integers(0, 7))
def test_nights_and_ranges_follow_the_rule(
    engine: DuckDBEngine, deliveries: list[tuple[int, str, int, str]], cut: int
) -> None:
    table = records(deliveries)
    days = sorted({day for day, *_ in deliveries})
    for windows in ([(day, day) for day in days], [(0, 7)], [(0, cut), (cut + 1, 8)]):
        lake: list[dict] = []
        verdicts: list[tuple] = []
        for first, last in windows:
            lines, found = run(engine, table, first, last, lake)
            lake += lines
            verdicts += found
        rows = sorted(
            ((row["day"] - START).days, row["record_id"], row["sign"], row["content_hash"]) for row in lake
        )
        assert (rows, sorted(verdicts)) == expected(deliveries)


def deliver(shop: Project) -> None:
    """Five days of all kinds with repeats, corrections and rejects."""
    for n in range(5):
        day = START + dt.timedelta(days=n)
        rows = [
            line(order_id=f"O{n}", ordered_at=f"{day} 08:00:00"),
            line(order_id=f"O{n}", ordered_at=f"{day} 08:00:00"),
        ]
        rows.append(line(order_id=f"O{n}x", ordered_at="never"))
        if n:
            before = day - dt.timedelta(days=1)
            rows.append(line(order_id=f"O{n - 1}", ordered_at=f"{before} 08:00:00"))
            rows.append(
                line(
                    order_id="O0",
                    version=str(n),
                    quantity=str(n + 1),
                    amount="",
                    ordered_at=f"{START} 08:00:00",
                )
            )
        header, *rows = [HEADER.strip(), *rows]
        emails = [f",{'A' if n % 2 else 'a'}nn@example.org" for _ in rows]
        rows = [row + email for row, email in zip(rows, emails, strict=True)]
        shop.write(f"raw/o_{day}.csv", "\n".join([header + ",email", *rows]))
        if n != 2:
            shop.write(f"raw/c_{day}.csv", f"account_id,name,region\n007,Ann,R{n // 2}\nB{n},Bob,R\n")
            shop.write(
                f"raw/crm_{day}.csv", f"crm_id,account_id,email,phone\nC1,007,ann@example.org,+86{n // 2}\n"
            )
        posts = [
            {"post_id": f"p{n}", "handle": "ann", "text": "great food"},
            {"post_id": f"p{max(n - 1, 0)}", "handle": "ann", "text": "great food"},
            {
                "post_id": "p0",
                "version": n,
                "handle": "Ann",
                "account_id": "007",
                "text": f"食品 {n}",
                "rating": n,
            },
            {"post_id": f"x{n}", "text": "nobody", "product_id": "P1"},
        ]
        at = {"posted_at": f"{day} 07:00:00"}
        shop.write(f"raw/s_{day}.jsonl", "\n".join(json.dumps(post | at) for post in posts))
        contacts = [f"k{n},0,spring,email,007,,{day} 06:00:00,0.5,"]
        contacts.append(f"k0,{n},spring,email,,ann@example.org,{START} 06:00:00,0.5,{day} 06:30:00")
        head = "contact_id,version,campaign_id,channel,account_id,email,contacted_at,cost,opened_at"
        shop.write(f"raw/k_{day}.csv", "\n".join([head, *contacts]))
        at = f"{day:%d/%b/%Y}:09:0{n}:00 +0000"
        agent = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/131.0.0.0 Safari/537.36"
        request = f"GET /p/P1?cid=k{n} HTTP/1.1"
        shop.write(f"raw/w_{day}.log", f'192.0.2.{n} - A1 [{at}] "{request}" 200 5 "-" "{agent}"')
        shop.write(
            f"raw/r_{day}.csv", f"currency,rate_on,rate\nEUR,{day},{7 + n}\nEUR,{START},{7 + n // 2}\n"
        )
        shop.write(
            f"raw/p_{day}.csv",
            f"product_id,title,price,category\nP1,Tea,{5 + n // 3},食品 Food\nP2,Pot,1,{n}\n",
        )


def test_every_table_of_five_nights_equals_that_of_a_range(project: Callable[..., Project]) -> None:
    sources = {
        "orders": Source(kind="orders", path="raw/o_{day}.csv"),
        "customers": Source(kind="customers", path="raw/c_{day}.csv"),
        "products": Source(kind="products", path="raw/p_{day}.csv"),
        "rates": Source(kind="rates", path="raw/r_{day}.csv"),
        "crm": Source(kind="customers", path="raw/crm_{day}.csv", key=("crm_id",)),
        "social": Source(kind="social", path="raw/s_{day}.jsonl", format="jsonl"),
        "campaigns": Source(kind="campaigns", path="raw/k_{day}.csv"),
        "web": Source(kind="web", format="access_log", path="raw/w_{day}.log"),
    }
    nightly, ranged = project(sources), project(sources)
    for shop in (nightly, ranged):
        deliver(shop)
    for n in range(5):
        nightly.run(START + dt.timedelta(days=n))
    ranged.run(START, START + dt.timedelta(days=4))
    for table in (clean.ARRIVAL, *TABLES):
        rows = nightly.rows(table)
        assert rows.num_rows > 0
        assert rows.equals(ranged.rows(table)), table.full_name
    signs = ranged.select(
        "SELECT CAST(sum(sign) AS BIGINT), CAST(sum(sign * quantity) AS BIGINT), count(*) FROM t "
        "WHERE order_id = 'O0'",
        clean.ORDER_LINE,
    )
    assert signs == [(1, 5, 7)]
    # five versions of p0, the first by its handle, the others by the account; each takes back the one before
    posts = "SELECT sign, count(*), count(DISTINCT id_kind), max(rating) FROM t GROUP BY sign ORDER BY sign"
    first = "WHERE post_id = (SELECT post_id FROM t WHERE rating = 4 AND sign = 1)"
    assert ranged.select(posts.replace("GROUP", f"{first} GROUP"), traces.SOCIAL_POST) == [
        (-1, 4, 2, 3),
        (1, 5, 2, 4),
    ]
    opened = ranged.select(
        "SELECT CAST(sum(sign) AS BIGINT), CAST(sum(CASE WHEN is_opened THEN sign ELSE 0 END) AS BIGINT), "
        "count(*) FROM t",
        traces.CAMPAIGN_CONTACT,
    )
    assert opened == [(5, 1, 13)]


def test_a_lookup_needs_no_more_than_a_relation(tmp_path: Path) -> None:
    """An empty lake is a typed empty table, not an error."""
    with DuckDBEngine(tmp_path, memory="512MB", threads=1) as engine:
        empty = engine.fetch("SELECT * FROM t", {"t": Relation((), clean.ORDER_LINE)})
    assert empty.column_names == list(clean.ORDER_LINE.column_names)
