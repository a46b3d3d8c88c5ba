"""Sessions, web days and product views: from their definitions, and the same for a range and for its days."""

from __future__ import annotations

import datetime as dt
import tempfile
from collections import defaultdict
from itertools import pairwise
from pathlib import Path

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from persona_pipeline.contracts.activity import PRODUCT_VIEW, SESSION, WEB_DAY
from persona_pipeline.contracts.clean import PRODUCT
from persona_pipeline.contracts.traces import WEB_HIT
from persona_pipeline.engine.duckdb import DuckDBEngine
from persona_pipeline.engine.protocol import Window
from persona_pipeline.features.web_facts import TABLES, web_facts_window
from persona_pipeline_tests.features.history import FolderLake, Row, day, in_order, product

GAP = 30
SHANGHAI = pa.table(
    {
        "valid_from": pa.array([0], pa.timestamp("us")),
        "valid_to": pa.array([10**16], pa.timestamp("us")),
        "offset_seconds": pa.array([8 * 3600], pa.int64()),
    }
)


def hit(known: int, number: int, at: str, **changes: object) -> Row:
    """A hit known on day number `known`, at a time of day in Shanghai: a product page seen by a cookie."""
    event_day = changes.pop("event_day", day(known))
    local = dt.datetime.combine(event_day, dt.time.fromisoformat(at), dt.timezone(dt.timedelta(hours=8)))  # type: ignore[arg-type]
    values: Row = {
        "day": day(known),
        "source": "web",
        "hit_no": number,
        "event_at": local.astimezone(dt.UTC),
        "event_day": event_day,
        "visitor_id": "v",
        "account_id": None,
        "contact_id": None,
        "client_id": "c",
        "client_prefix": None,
        "method": "GET",
        "page_type": "product",
        "product_id": "p1",
        "category": None,
        "order_id": None,
        "is_cart_add": False,
        "status": 200,
        "bytes": 1,
        "referrer_host": None,
        "channel": "direct",
        "campaign_id": None,
        "device": "desktop",
        "browser": "Firefox",
        "os": "Linux",
    }
    return values | changes


def facts(lake: FolderLake, first: int, last: int) -> dict[str, list[Row]]:
    outputs = {table.full_name: lake.output(table) for table in TABLES}
    window = Window(day(first), day(last))
    files = web_facts_window(lake.engine, lake.read, outputs, window, session_minutes=GAP, zone=SHANGHAI)
    return {table.full_name: lake.rows(table, files=files[table.full_name]) for table in TABLES}


def test_where_sessions_begin_and_what_their_first_hit_says(lake: FolderLake) -> None:
    lake.put(
        WEB_HIT,
        [
            hit(
                0,
                2,
                "19:50:00",
                channel="email",
                campaign_id="C1",
                device="mobile",
                page_type="home",
                product_id=None,
            ),
            hit(0, 3, "20:19:59", page_type="search", product_id=None),
            hit(0, 4, "20:49:59", page_type="cart", is_cart_add=True),  # thirty minutes later: a new session
            hit(0, 5, "20:50:00", status=404),
            hit(0, 6, "23:59:59"),
            hit(0, 7, "00:00:01", event_day=day(1)),  # two seconds on, but the next day
            hit(1, 1, "00:00:02"),  # known a day later: a session of its own
            hit(0, 8, "03:00:00", visitor_id=None, account_id="a", page_type="checkout", product_id=None),
            hit(0, 9, "03:00:00", visitor_id=None, page_type="confirmation", product_id=None),
        ],
    )
    found = facts(lake, 0, 1)
    columns = (
        "day",
        "event_day",
        "id_kind",
        "id",
        "hour",
        "seconds",
        "hits",
        "landing_page_type",
        "channel",
        "campaign_id",
    )
    assert in_order([{name: row[name] for name in columns} for row in found["facts.session"]]) == in_order(
        [
            dict(zip(columns, row, strict=True))
            for row in [
                (day(0), day(0), "visitor", "v", 19, 1799, 2, "home", "email", "C1"),
                (day(0), day(0), "visitor", "v", 20, 1, 2, "cart", "direct", None),
                (day(0), day(0), "visitor", "v", 23, 0, 1, "product", "direct", None),
                (day(0), day(1), "visitor", "v", 0, 0, 1, "product", "direct", None),
                (day(1), day(1), "visitor", "v", 0, 0, 1, "product", "direct", None),
                (day(0), day(0), "account", "a", 3, 0, 1, "checkout", "direct", None),
                (day(0), day(0), "client", "c", 3, 0, 1, "confirmation", "direct", None),
            ]
        ]
    )
    assert len({row["session_id"] for row in found["facts.session"]}) == 7
    (web_day,) = [row for row in found["facts.web_day"] if row["id"] == "v" and row["event_day"] == day(0)]
    expected = {"sessions": 3, "bounces": 1, "hits": 5, "seconds": 1800, "product_views": 1, "searches": 1}
    expected |= {
        "cart_adds": 1,
        "cart_sessions": 1,
        "mobile_sessions": 1,
        "evening_sessions": 2,
        "night_sessions": 0,
    }
    expected |= {"direct_sessions": 2, "campaign_sessions": 1, "search_sessions": 0, "social_sessions": 0}
    expected |= {"checkout_sessions": 0, "confirmation_sessions": 0}
    assert {name: web_day[name] for name in expected} == expected


def test_the_category_of_a_view_is_the_one_of_its_day(lake: FolderLake) -> None:
    lake.put(
        WEB_HIT,
        [
            hit(0, 1, "10:00:00"),
            hit(2, 1, "10:00:00"),
            hit(2, 2, "10:00:01", page_type="cart", is_cart_add=True),
            hit(4, 1, "10:00:00", event_day=day(2)),
            hit(4, 2, "10:00:00", status=404),
        ],
    )
    lake.put(PRODUCT, [product(1, "p1", "tea"), product(3, "p1", "cups")])
    rows = facts(lake, 0, 4)["facts.product_view"]
    columns = ("day", "event_day", "category", "views", "cart_adds")
    assert [tuple(row[name] for name in columns) for row in rows] == [
        (day(0), day(0), "unknown", 1, 0),
        (day(2), day(2), "tea", 1, 1),
        (day(4), day(2), "tea", 1, 0),
    ]


MINUTES = st.integers(0, 24 * 60 - 1)
HITS = st.lists(
    st.tuples(
        st.integers(0, 3),
        st.integers(0, 2),
        MINUTES,
        st.sampled_from("vw"),
        st.booleans(),
        st.sampled_from(["p1", None]),
    ),
    max_size=25,
)


@settings(max_examples=15, deadline=None)
@given(HITS)
def test_a_range_gives_what_its_days_give_and_sessions_keep_every_hit(events: list[tuple]) -> None:
    rows = [
        hit(
            known,
            number,
            f"{minute // 60:02}:{minute % 60:02}:00",
            event_day=day(known - late),
            visitor_id=visitor if cookie else None,
            client_id=visitor,
            product_id=product_id,
        )
        for number, (known, late, minute, visitor, cookie, product_id) in enumerate(events)
    ]
    with tempfile.TemporaryDirectory() as folder, DuckDBEngine(Path(folder) / "scratch", threads=1) as engine:
        lake = FolderLake(Path(folder) / "lake", engine)
        lake.put(WEB_HIT, rows)
        whole = facts(lake, 0, 3)
        single = [facts(lake, number, number) for number in range(4)]
    for table in (SESSION, WEB_DAY, PRODUCT_VIEW):
        name = table.full_name
        assert whole[name] == in_order([row for each in single for row in each[name]])
    groups: dict[tuple, list[dt.datetime]] = defaultdict(list)
    for row in rows:
        kind = ("visitor", row["visitor_id"]) if row["visitor_id"] else ("client", row["client_id"])
        groups[row["day"], row["event_day"], *kind].append(row["event_at"])
    expected = {
        key: 1
        + sum(after - before >= dt.timedelta(minutes=GAP) for before, after in pairwise(sorted(moments)))
        for key, moments in groups.items()
    }
    found = {(row["day"], row["event_day"], row["id_kind"], row["id"]): row for row in whole["facts.web_day"]}
    assert {key: row["sessions"] for key, row in found.items()} == expected
    assert {key: row["hits"] for key, row in found.items()} == {
        key: len(moments) for key, moments in groups.items()
    }
