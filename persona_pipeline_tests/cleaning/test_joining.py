"""A source that joins a running project: its history is known from the next open day, not before."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pyarrow as pa

from persona_pipeline.cleaning.window import TABLES
from persona_pipeline.contracts import clean, traces
from persona_pipeline.sources.source import Source
from persona_pipeline_tests.cleaning.conftest import START, Project
from persona_pipeline_tests.cleaning.test_reasons import HEADER, line

DAYS = [START + dt.timedelta(days=n) for n in range(5)]
JOINED, THROUGH = DAYS[1], DAYS[2]
ORDERS = {"orders": Source(kind="orders", path="o_{day}.csv", redelivery_days=1)}
MORE = ORDERS | {
    "campaigns": Source(
        kind="campaigns",
        path="c.csv",
        known_at="event",
        through=THROUGH,
        redelivery_days=1,
        version="version",
    ),
    "customers": Source(kind="customers", path="m_{day}.csv"),
}
NOTE = f"joined on {JOINED}: what happened before is known from this day on"


def shop_of_a_day(project: Callable[..., Project]) -> Project:
    shop = project(ORDERS)
    for number, day in enumerate(DAYS):
        shop.write(f"o_{day}.csv", HEADER + line(order_id=f"O{number}", ordered_at=f"{day} 10:00:00") + "\n")
    shop.run(DAYS[0])
    contacts = [(f"{n}", f"{day} 09:00:00", "0") for n, day in enumerate(DAYS)]
    contacts += [("0", f"{DAYS[0]} 09:30:00", "1"), ("9", f"{START - dt.timedelta(days=1)} 09:00:00", "0")]
    rows = "".join(f"{key},spring,{at},007,{version}\n" for key, at, version in contacts)
    shop.write("c.csv", "contact_id,campaign_id,contacted_at,account_id,version\n" + rows)
    for day in DAYS[:2]:
        shop.write(f"m_{day}.csv", f"account_id,gender,region\n007,female,r{day.day}\n")
    return shop


def rows_of(shop: Project, first: dt.date, last: dt.date) -> dict[str, pa.Table]:
    """The rows of some days of every table."""
    names = {table: ", ".join(c.name for c in table.columns if not c.provenance) for table in TABLES}
    return {
        table.full_name: shop.engine.fetch(
            f"SELECT {columns} FROM t ORDER BY ALL", {"t": shop.read(table, first, last)}
        )
        for table, columns in names.items()
    }


def run_again(shop: Project, day: dt.date) -> None:
    """Run a closed day; its rows take the place of the old ones."""
    old = {name: [each for each in files if each[0] == day] for name, files in shop.files.items()}
    for name in {table.full_name for table in TABLES} - {"clean.file_ledger"}:
        shop.files[name] = [each for each in shop.files.get(name, []) if each[0] != day]
    shop.run(day)
    ledger = shop.files["clean.file_ledger"]
    shop.files["clean.file_ledger"] = [each for each in ledger if each not in old["clean.file_ledger"]]


def test_a_history_is_known_from_the_day_it_joins(project: Callable[..., Project]) -> None:
    nightly, ranged = shop_of_a_day(project), shop_of_a_day(project)
    before = rows_of(nightly, DAYS[0], DAYS[0])
    for shop in (nightly, ranged):
        shop.sources = MORE
    for day in DAYS[1:4]:
        nightly.run(day)
    ranged.run(DAYS[1], DAYS[3])
    known = nightly.select(
        "SELECT day, event_day, version FROM t ORDER BY event_day", traces.CAMPAIGN_CONTACT
    )
    assert known == [
        (JOINED, DAYS[0], 1),
        (JOINED, DAYS[1], 0),
        (DAYS[2], DAYS[2], 0),
    ]
    refused = nightly.select("SELECT day, source, reason FROM t ORDER BY reason", clean.REJECT)
    assert refused == [
        (DAYS[2], "campaigns", "future"),
        (DAYS[2], "campaigns", "future"),
        (JOINED, "campaigns", "too_old"),
    ]
    ledger = "SELECT day, status, note FROM t WHERE source = 'campaigns' ORDER BY day"
    assert nightly.select(ledger, clean.FILE_LEDGER) == [
        (JOINED, "loaded", NOTE),
        (DAYS[2], "loaded", None),
        (DAYS[3], "absent", None),
    ]
    members = "SELECT day, path, status FROM t WHERE source = 'customers' AND path <> '' ORDER BY path"
    loaded = [(JOINED, f"m_{day}.csv", "loaded") for day in DAYS[:2]]
    assert nightly.select(members, clean.FILE_LEDGER) == loaded
    assert rows_of(nightly, DAYS[0], DAYS[0]) == before
    after = rows_of(nightly, DAYS[0], DAYS[-1])
    assert rows_of(ranged, DAYS[0], DAYS[-1]) == after
    for day in (DAYS[0], JOINED):
        run_again(nightly, day)
    assert rows_of(nightly, DAYS[0], DAYS[-1]) == after
