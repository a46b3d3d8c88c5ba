"""`persona check` sees what a run would refuse, says where, shows no value and writes nothing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest

from persona_pipeline.cleaning.inspect import Problem, inspect, masked
from persona_pipeline.contracts import clean
from persona_pipeline.sources.files import list_files
from persona_pipeline.sources.fingerprint import fingerprints
from persona_pipeline.sources.source import Source
from persona_pipeline.sources.split import split_files
from persona_pipeline_tests.cleaning.conftest import KEY, START, Project
from persona_pipeline_tests.cleaning.test_reasons import HEADER, line


def test_the_first_problems_by_file_and_line(project: Callable[..., Project]) -> None:
    source = Source(kind="orders", path="raw/{day}*.csv")
    shop = project({"orders": source})
    good = line(ordered_at=f"{START} 10:00:00")
    shop.write("raw/2025-01-06.csv", HEADER + "\n".join([good, *[good.replace("19.00", "secret")] * 12]))
    shop.write("raw/2025-01-06_b.csv", HEADER.replace("quantity", "qty"))
    before = sorted(shop.directory.rglob("*"))
    found = fingerprints(list_files("orders", source, shop.directory))
    result = inspect(
        shop.engine,
        "orders",
        source,
        [(each.path, mark.sha256, START) for each, mark in found],
        split=split_files,
        project_directory=shop.directory,
        start=START,
        currency="CNY",
        time_zone="Asia/Shanghai",
        key=KEY,
        with_header=True,
    )
    assert (result.files, result.records, result.rejected) == (2, 13, {"bad_number": 12})
    assert result.problems[:2] == (
        Problem("raw/2025-01-06_b.csv", 0, "missing_column", None),
        Problem("raw/2025-01-06.csv", 3, "bad_number", "amount", "xxxxxx"),
    )
    assert len(result.problems) == 10
    assert "secret" not in repr(result)
    assert [path for path in sorted(shop.directory.rglob("*")) if "scratch" not in path.parts] == [
        path for path in before if "scratch" not in path.parts
    ]


def test_a_change_of_columns_from_day_to_day(project: Callable[..., Project]) -> None:
    """Of delivered files, in the order of their days; where nothing changed nothing is said."""
    source = Source(kind="orders", path="raw/{day}.csv")
    shop = project({"orders": source})
    days = [START + dt.timedelta(days=n) for n in range(3)]
    for day, header in zip(days, (HEADER, HEADER.strip() + ",till\n", HEADER), strict=True):
        extra = ",1" if "till" in header else ""
        shop.write(f"raw/{day}.csv", header + line(ordered_at=f"{day} 10:00:00").strip() + extra + "\n")
    found = fingerprints(list_files("orders", source, shop.directory))
    result = inspect(
        shop.engine,
        "orders",
        source,
        [(each.path, mark.sha256, each.path_day or START) for each, mark in found],
        split=split_files,
        project_directory=shop.directory,
        start=START,
        currency="CNY",
        time_zone="Asia/Shanghai",
        key=KEY,
        with_header=True,
    )
    assert result.drift == ("2025-01-07: raw/2025-01-07.csv has other columns (new: till)",)


@pytest.mark.parametrize(
    ("value", "shape"),
    [
        ("1,234.50", "9,999.99"),
        ("Ann Li <a@b.example>", "Xxx Xx <x@x.xxxxxxx>"),
        ("订单 12", "xx 99"),
        ("\x1b[2J", "?[9X"),
        ("9" * 30, "9" * 24),
    ],
)
def test_masked(value: str, shape: str) -> None:
    assert masked(value) == shape


def test_no_direct_identifier_leaves_the_vault(project: Callable[..., Project]) -> None:
    shop = project(
        {
            "orders": Source(kind="orders", path="raw/o_{day}.csv"),
            "customers": Source(kind="customers", path="raw/c_{day}.csv"),
        }
    )
    shop.write("raw/o_2025-01-06.csv", HEADER + line(account_id="ACCOUNT-77", ordered_at=f"{START} 10:00:00"))
    shop.write(
        "raw/c_2025-01-06.csv",
        "account_id,name,email,phone,birth_date\nACCOUNT-77,Ann Li,ann@example.org,555123,1990-02-03\n",
    )
    shop.run(START)
    assert len(shop.select("SELECT DISTINCT field, value FROM t", clean.IDENTIFIER)) == 4
    for table in clean.TABLES:
        if table is not clean.IDENTIFIER:
            text = str(shop.rows(table).to_pylist())
            for value in ("ACCOUNT-77", "Ann Li", "ann@example.org", "555123", "1990-02-03"):
                assert value not in text, table.full_name
