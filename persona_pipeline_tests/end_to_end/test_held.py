"""A night too unlike the nights before ends with one line; BI keeps what it has until somebody accepts it."""

from __future__ import annotations

import datetime as dt
import getpass
from pathlib import Path

import pytest

from persona_pipeline.warehouse import publications
from persona_pipeline_tests.end_to_end.projects import START, Project

NIGHT = START + dt.timedelta(days=29)
TOML = """
[project]
start = 2025-01-06
currency = "CNY"
[sources.orders]
kind = "orders"
path = "raw/orders_{day}.csv"
"""
HEADER = "order_id,line_no,ordered_at,product_id,quantity,unit_price,account_id,currency,note"


def write(
    directory: Path, day: dt.date, lines: int = 200, *, without: str = "", currency: str = "CNY"
) -> None:
    """The orders of a day, one a line."""
    names = HEADER.split(",")
    rows: list[list[str]] = [list(names)]
    for n in range(lines):
        last = currency if n == 0 else "CNY"
        order = f"{day:%m%d}-{n}"
        rows.append([order, "1", f"{day} 10:00:00", f"P{n % 9}", "1", "9.50", f"A{n % 60}", last, "x"])
    kept = [at for at, name in enumerate(names) if name != without]
    text = "\n".join(",".join(row[at] for at in kept) for row in rows) + "\n"
    (directory / "raw" / f"orders_{day}.csv").write_text(text, encoding="utf-8")


def make(directory: Path) -> None:
    """29 days in one range run; as in any history there are outliers among them."""
    (directory / "raw").mkdir(parents=True)
    (directory / "data").mkdir()
    (directory / "data" / "key").write_text("held", encoding="ascii")
    (directory / "data" / "key").chmod(0o600)
    (directory / "persona.toml").write_text(TOML, encoding="utf-8")
    for n in range(29):
        write(
            directory,
            START + dt.timedelta(days=n),
            20 if n == 28 - 7 else 200,
            currency="ZZZ" if n == 3 else "CNY",
        )
    Project(directory).run(START, NIGHT - dt.timedelta(days=1))


@pytest.mark.proof
def test_held_and_released(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A tenth of the lines, without a column: two gates hold; the others are shown in defs/test_gates.py."""
    make(tmp_path)
    month = Project(tmp_path)
    write(month.directory, NIGHT, 20, without="note")
    url, before = month.settings.warehouse_url, month.views()
    assert len(publications(url)) == 1
    capsys.readouterr()
    assert month.persona("run", "--day", NIGHT) == 1
    [told] = capsys.readouterr().err.splitlines()
    for word in ("source orders", str(NIGHT), "persona publish --accept REASON", "volume", "found 20 records",
                 "schema_drift", "missing: note", "35 days before"):  # fmt: skip
        assert word in told
    assert month.views() == before, "BI keeps the publication before"
    assert any(row["day"] == NIGHT for row in month.rows("clean.file_ledger")), "the lake keeps the day"
    assert month.persona("publish") == 1, "without a reason it stays held"
    assert month.persona("publish", "--accept", "stock-taking") == 0
    newest, *_ = publications(url)
    assert (newest.as_of, newest.reason, newest.accepted_by) == (NIGHT, "stock-taking", getpass.getuser())
    # the day after is as always; what was new yesterday is known
    write(month.directory, NIGHT + dt.timedelta(days=1), without="note")
    month.run(NIGHT + dt.timedelta(days=1))
    newest, *_ = publications(url)
    assert (newest.as_of, newest.reason) == (NIGHT + dt.timedelta(days=1), None)
