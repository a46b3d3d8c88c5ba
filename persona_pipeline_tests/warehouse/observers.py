"""What a dashboard asks while publications come and go, and publishers that can be killed.

Every publication of `variant(n)` shows n in a profile, a tag and an order line, so that a mixture is seen.
"""

from __future__ import annotations

import datetime as dt
from multiprocessing.connection import Connection
from pathlib import Path

import sqlalchemy as sa

from persona_pipeline.contracts import clean
from persona_pipeline_tests.warehouse.lake import MONDAY, SATURDAY, Lake
from persona_pipeline_tests.warehouse.small_shop import line, put_day

QUESTION = sa.text("""
    SELECT
        (SELECT publication_id FROM v_publication) AS publication_id,
        (SELECT count(*) FROM v_customer_profile) AS profiles,
        (SELECT count(*) FROM v_customer_tag) AS tags,
        (SELECT count(*) FROM v_fct_order_line) AS lines,
        (SELECT min(profile.sales_365d) FROM v_customer_profile AS profile
            JOIN v_customer_tag AS tag ON tag.customer_id = profile.customer_id
            JOIN v_fct_order_line AS line ON line.customer_id = profile.customer_id
            WHERE profile.customer_id = 'c_a') AS sales,
        (SELECT max(tag) FROM v_customer_tag WHERE customer_id = 'c_a') AS tag,
        (SELECT max(amount) FROM v_fct_order_line WHERE customer_id = 'c_a') AS amount
""")

State = tuple[dict[tuple[str, dt.date], list[str]], dict[tuple[str, dt.date], int]]


def variant(lake: Lake, n: int) -> Lake:
    """A lake whose Monday and Saturday speak of the number 100 + n."""
    other = lake.copy()
    put_day(other, MONDAY, sales=f"{100 + n}.00")
    other.put(clean.ORDER_LINE, SATURDAY, line("o1/1", "a", "p1", f"{100 + n}.00"))
    other.version[(clean.ORDER_LINE.full_name, SATURDAY)] = 10 + n
    return other


def seen(connection: sa.Connection) -> tuple[int, str]:
    """The publication seen and its number; fails on a mixed, empty or partial one."""
    row = connection.execute(QUESTION).one()
    assert (row.profiles, row.tags, row.lines) == (3, 3, 4), f"partial: {row}"
    assert row.tag == f"value:{float(row.sales):.2f}", f"mixed: {row}"
    assert float(row.amount) == float(row.sales), f"mixed: {row}"
    return row.publication_id, row.tag


def dashboard(url: str, isolation: str | None) -> sa.Engine:
    """How a dashboard connects: fails when it has to wait more than 250 ms for a lock."""
    if url.startswith("sqlite"):
        return sa.create_engine(url, poolclass=sa.NullPool, connect_args={"timeout": 0.25})
    return sa.create_engine(
        url,
        poolclass=sa.NullPool,
        isolation_level=isolation,  # type: ignore[arg-type]
        connect_args={"options": "-c lock_timeout=250ms"},
    )


def publish_until_killed(url: str, root: Path, states: list[State], started: Connection) -> None:
    """Publish one state after the other, over and over; says so before the first."""
    lake = Lake(root)
    for number in range(10_000):
        lake.files, lake.version = states[number % len(states)]
        if number == 0:
            started.send("publishing")
        lake.publish(url, run_id=f"run-{number}")
