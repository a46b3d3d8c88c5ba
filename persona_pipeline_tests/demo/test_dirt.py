"""The planted dirt, counted again from the bytes by a reader that shares no code with the demo."""

# pandas' results are wide unions that a checker cannot narrow; the tests themselves show what they are.
# pyright: reportIndexIssue=false, reportOperatorIssue=false, reportAttributeAccessIssue=false
# pyright: reportGeneralTypeIssues=false, reportArgumentType=false, reportReturnType=false
# pyright: reportAssignmentType=false, reportCallIssue=false

from __future__ import annotations

import csv
import datetime as dt
import gzip
import re
from collections import Counter
from pathlib import Path

import pandas as pd
import pytest

from persona_pipeline.demo import expected_ledger
from persona_pipeline_tests.demo.reading import file_day, raw_lines

CONTROL = re.compile(rb"[\x00-\x1f]")
FULL_WIDTH = "１２".encode()
START = dt.date(2025, 1, 6)


@pytest.fixture(scope="module")
def orders(shop: Path) -> dict[str, list[list[bytes]]]:
    """Raw order lines by file, header first."""
    return raw_lines(shop / "data/raw/orders")


@pytest.fixture(scope="module")
def expected(shop: Path) -> Counter[tuple[str, str]]:
    """Planted counts of the orders by outcome and reason."""
    ledger = expected_ledger(shop)
    of_orders = ledger[ledger["source"] == "orders"]
    return Counter(of_orders.groupby(["outcome", "reason"])["records"].sum().to_dict())


def fields(orders: dict[str, list[list[bytes]]]) -> list[tuple[str, dict[str, bytes]]]:
    """File day and named fields of every line with the right number of columns."""
    return [
        (file_day(name), dict(zip((head.decode() for head in lines[0]), line, strict=True)))
        for name, lines in orders.items()
        for line in lines[1:]
        if len(line) == len(lines[0])
    ]


@pytest.fixture(scope="module")
def lines(orders: dict[str, list[list[bytes]]]) -> pd.DataFrame:
    """All lines as text, those with bytes that are no text left out."""
    rows = []
    for day, line in fields(orders):
        if CONTROL.search(whole := b",".join(line.values())) is None and whole.isascii() != (
            FULL_WIDTH in whole
        ):
            rows.append({name: value.decode() for name, value in line.items()} | {"file_day": day})
    return pd.DataFrame(rows)


def test_every_reason_is_planted(expected: Counter[tuple[str, str]]) -> None:
    rejected = {reason for outcome, reason in expected if outcome == "rejected"}
    assert rejected == {
        "ctrl_char", "bad_encoding", "column_count", "missing_required", "bad_number", "not_finite",
        "bad_datetime", "amount_range", "amount_mismatch", "refund_type", "unknown_currency", "future",
        "too_old", "too_late",
    }  # fmt: skip
    assert {reason for outcome, reason in expected if outcome == "duplicate"} == {
        "same_content", "superseded", "redelivered", "duplicate_file",
    }  # fmt: skip
    assert {reason for outcome, reason in expected if outcome == "rejected_file"} == {
        "gzip_truncated", "gzip_crc", "duplicate_header", "missing_column",
    }  # fmt: skip


def test_bytes_and_columns(orders: dict[str, list[list[bytes]]], expected: Counter[tuple[str, str]]) -> None:
    lines = [line for file in orders.values() for line in file[1:]]
    control = sum(any(byte < 32 for field in line for byte in field) for line in lines)
    latin = sum(b"\xe9" in b",".join(line) for line in lines)
    columns = sum(len(line) != len(file[0]) for file in orders.values() for line in file[1:])
    assert control == expected["rejected", "ctrl_char"]
    assert latin == expected["rejected", "bad_encoding"]
    assert columns == expected["rejected", "column_count"]


def test_values(lines: pd.DataFrame, expected: Counter[tuple[str, str]]) -> None:
    required = ["order_id", "line_no", "ordered_at", "product_id", "quantity", "unit_price"]
    assert int((lines[required] == "").any(axis=1).sum()) == expected["rejected", "missing_required"]
    assert int((lines["currency"] != "CNY").sum()) == expected["rejected", "unknown_currency"]
    assert int(lines["amount"].isin(["inf", "nan", "1e400"]).sum()) == expected["rejected", "not_finite"]
    assert int((lines["amount"] == "9999999999.00").sum()) == expected["rejected", "amount_range"]
    negative = (lines["type"] == "sale") & lines["quantity"].str.startswith("-")
    assert int(negative.sum()) == expected["rejected", "refund_type"]
    plain = lines["quantity"].str.fullmatch(r"-?[0-9]+", flags=re.ASCII) | (lines["quantity"] == "")
    assert int((~plain).sum()) == expected["rejected", "bad_number"]
    numbers = lines[["quantity", "unit_price", "discount", "amount"]].apply(pd.to_numeric, errors="coerce")
    computed = numbers["quantity"] * numbers["unit_price"] - numbers["discount"]
    finite = computed.notna() & numbers["amount"].notna() & (numbers["amount"].abs() < 1e12)
    mismatch = ((computed - numbers["amount"]).abs() > 0.011) & finite
    assert int(mismatch.sum()) == expected["rejected", "amount_mismatch"]


def test_times(lines: pd.DataFrame, expected: Counter[tuple[str, str]]) -> None:
    lines = lines[lines["ordered_at"] != ""]
    at = pd.to_datetime(lines["ordered_at"], format="%Y-%m-%d %H:%M:%S", errors="coerce")
    assert int(at.isna().sum()) == expected["rejected", "bad_datetime"]
    delivered = pd.to_datetime(lines["file_day"])
    assert int((at >= delivered + pd.Timedelta(days=1, minutes=10)).sum()) == expected["rejected", "future"]
    assert int((at < pd.Timestamp(START)).sum()) == expected["rejected", "too_old"]
    too_late = (delivered - at.dt.normalize()) > pd.Timedelta(days=35)
    assert int(too_late.sum()) == expected["rejected", "too_late"]


def test_repeats_and_corrections(lines: pd.DataFrame, expected: Counter[tuple[str, str]]) -> None:
    lines = lines[lines["order_id"] != ""].drop(columns="terminal")
    content = [name for name in lines.columns if name != "file_day"]
    key = ["order_id", "line_no"]
    same_day = lines.duplicated([*content, "file_day"])
    assert int(same_day.sum()) == expected["duplicate", "same_content"]
    later = lines[~same_day].duplicated(content)
    assert int(later.sum()) == expected["duplicate", "redelivered"]
    assert int((lines["version"] == "0").sum()) == expected["duplicate", "superseded"]
    versions = lines[~same_day][~later]
    corrected = versions[versions["version"] == "2"]
    assert len(corrected) == expected["noted", "corrected"]
    first = versions[versions["version"] == "1"].merge(
        corrected, on=key, validate="one_to_one", suffixes=("", "_new")
    )
    assert len(first) == len(corrected)
    wait = pd.to_datetime(first["file_day_new"]) - pd.to_datetime(first["file_day"])
    assert wait.between(pd.Timedelta(days=1), pd.Timedelta(days=20)).all()
    assert (first["quantity"] != first["quantity_new"]).all()


def test_the_books_balance(shop: Path) -> None:
    ledger = expected_ledger(shop)
    sums = ledger.pivot_table(
        index=["source", "path"], columns="outcome", values="records", aggfunc="sum", fill_value=0
    )
    parts = sums["clean"] + sums["rejected"] + sums["duplicate"] + sums["filtered"]
    assert (sums["records_in"] == parts).all()


def test_records_in_is_what_the_files_hold(shop: Path, orders: dict[str, list[list[bytes]]]) -> None:
    ledger = expected_ledger(shop)
    records = ledger[(ledger["source"] == "orders") & (ledger["outcome"] == "records_in")].set_index("path")[
        "records"
    ]
    for name, lines in orders.items():
        assert records[f"data/raw/orders/{name}"] == len(lines) - 1


def test_rejects_stay_below_one_in_a_hundred_of_each_order_file(shop: Path) -> None:
    ledger = expected_ledger(shop)
    of_orders = ledger[ledger["source"] == "orders"]
    rejected = of_orders[of_orders["outcome"] == "rejected"].groupby("path")["records"].sum()
    records = of_orders[of_orders["outcome"] == "records_in"].set_index("path")["records"]
    assert (rejected / records[rejected.index]).max() <= 0.01


def test_late_files_hold_days_of_the_ten_before(orders: dict[str, list[list[bytes]]]) -> None:
    late = {name: lines for name, lines in orders.items() if "_late" in name}
    assert len(late) > 10
    for day, line in fields(late):
        wait = dt.date.fromisoformat(day) - dt.date.fromisoformat(line["ordered_at"].decode()[:10])
        assert 1 <= wait.days <= 10


def test_broken_files_are_broken(shop: Path) -> None:
    folder = shop / "data/raw/orders"
    with pytest.raises(EOFError):
        gzip.decompress(next(folder.glob("*_broken.csv.gz")).read_bytes())
    with pytest.raises(gzip.BadGzipFile, match="CRC"):
        gzip.decompress(next(folder.glob("*_checksum.csv.gz")).read_bytes())
    header = next(folder.glob("*_columns.csv")).read_text().splitlines()[0].split(",")
    assert len(header) != len(set(header))
    assert "quantity" not in next(folder.glob("*_short.csv")).read_text().splitlines()[0]
    assert len(next(folder.glob("*_empty.csv")).read_text().splitlines()) == 1


def test_good_files_come_in_odd_forms(shop: Path, orders: dict[str, list[list[bytes]]]) -> None:
    usual = next(iter(orders.values()))[0]
    headers = [lines[0] for lines in orders.values()]
    assert sum(set(head) == set(usual) and head != usual for head in headers) == 3
    assert sum(b"terminal" in head for head in headers) == 3
    marked = [
        path for path in (shop / "data/raw/orders").iterdir() if _content(path).startswith(b"\xef\xbb\xbf")
    ]
    assert len(marked) == 1
    assert sum(path.suffix == ".gz" for path in (shop / "data/raw/orders").iterdir()) > 20


def _content(path: Path) -> bytes:
    if path.suffix != ".gz" or "_broken" in path.name or "_checksum" in path.name:
        return path.read_bytes()
    return gzip.decompress(path.read_bytes())


def test_traps_in_customer_records(shop: Path) -> None:
    text = (
        (shop / "data/raw/customers/customers_2025-01-06.csv").read_bytes().decode("utf-8", errors="replace")
    )
    rows = list(csv.DictReader(text.replace("\x00", "").splitlines()))
    surnames = {row["name"].split(" ")[-1] for row in rows if row["name"]}
    assert {"NA", "Null", "None"} <= surnames
    assert sum(row["account_id"].startswith("0") for row in rows if row["account_id"]) > 20
