"""Backfill = nightly: a range writes what single nights write; a past day run again changes nothing."""

from __future__ import annotations

import contextlib
import csv
import datetime as dt
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from persona_pipeline.contracts import models
from persona_pipeline.defs.jobs import TRAINING
from persona_pipeline.defs.launch import RunFailed, execute
from persona_pipeline.defs.maintenance import SNAPSHOTS
from persona_pipeline.defs.partitions import week_key
from persona_pipeline.defs.plan import Unit, asset_keys, plan
from persona_pipeline_tests.end_to_end.comparing import assert_equal_lakes
from persona_pipeline_tests.end_to_end.conftest import MONDAY, SUNDAY, TUESDAY, make_shop
from persona_pipeline_tests.end_to_end.projects import START, Project

WEDNESDAY = TUESDAY + dt.timedelta(days=1)
COLUMNS: tuple[str, ...] = (
    "order_id", "line_no", "version", "type", "account_id", "ordered_at", "product_id", "quantity",
    "unit_price", "discount", "amount", "currency",
)  # fmt: skip
Line = dict[str, str]


def test_three_nights_and_one_range_leave_equal_lakes(nights: Project, demo: Project) -> None:
    lake = nights.lake()
    assert_equal_lakes(lake, demo.lake())
    for name in ("facts.order_day", "features.customer", "segments.membership", "profiles.customer_profile"):
        days = set(lake[name].column("day").to_pylist())
        assert {SUNDAY, MONDAY, TUESDAY} <= days, f"{name} has no rows to compare"
    # the first segmentation that is not refused is Sunday's, so Monday's personas are the first
    assert set(lake["profiles.persona"].column("day").to_pylist()) == {MONDAY, TUESDAY}


def test_weekly_models_were_fitted_on_the_sunday(nights: Project) -> None:
    lake = nights.lake([models.SEGMENT_FIT.full_name, models.MODEL.full_name, models.RULE_FIT.full_name])
    assert {name: max(table.column("day").to_pylist()) for name, table in lake.items()} == dict.fromkeys(
        lake, SUNDAY
    )


@pytest.mark.proof
def test_units_side_by_side_write_the_same(
    shop: Project, demo: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A long range runs units at the same time, in processes of their own; here 23 days are made to.

    They are cut in three, so that models of the first weeks are fitted before later days are cleaned.
    """
    monkeypatch.setattr("persona_pipeline.defs.plan.LONG", 1)
    monkeypatch.setattr("persona_pipeline.defs.plan.LONG_CHUNK", 8)
    project = shop.copy(tmp_path / "shop")
    units = plan(project.settings, START, TUESDAY)
    assert any(unit.after for unit in units)
    project.run(START, TUESDAY)
    found, expected = project.lake(), demo.lake()
    for table in SNAPSHOTS:  # the range kept its own last seven days, the two runs of the demo theirs
        name = table.full_name
        days = pc.unique(found[name].column("day"))
        expected[name] = expected[name].filter(pc.is_in(expected[name].column("day"), days))
    assert_equal_lakes(found, expected)


def test_a_failure_beside_others_is_told(demo: Project, tmp_path: Path) -> None:
    project = demo.copy(tmp_path / "demo")
    for file in (project.directory / "data" / "lake" / "facts" / "basket_item").rglob("*.parquet"):
        file.write_bytes(b"no Parquet")
    week = week_key(SUNDAY)
    layers = [
        [key for key in asset_keys(project.settings, weekly=True) if key.startswith(layer)]
        for layer in ("segments/", "rules/", "recommendations/")
    ]
    units = [
        Unit("weekly models", TRAINING, tuple(assets), week, week, after=(0,) * (n > 0))
        for n, assets in enumerate(layers)
    ]
    with pytest.raises(RunFailed, match="segmentation|affinity|recommender"):
        list(execute(project.settings, units, log_file=tmp_path / "log"))


def test_three_nights_and_one_range_show_equal_views(nights: Project, demo: Project) -> None:
    one, other = nights.views(), demo.views()
    assert one.keys() == other.keys()
    assert [name for name in one if one[name] != other[name]] == []
    empty = sorted(name for name, rows in one.items() if not rows)
    assert "v_customer_profile" not in empty
    assert "v_fct_order_line" not in empty


def deliver(project: Project, name: str, lines: list[Line]) -> str:
    """Put a file of order lines among the raw files; returns its path as the ledger names it."""
    with (project.orders / name).open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(lines)
    return f"data/raw/orders/{name}"


def delivered(project: Project, name: str) -> list[Line]:
    """The order lines of a delivered file that are complete."""
    with (project.orders / name).open(encoding="utf-8", errors="replace", newline="") as file:
        return [row for row in csv.DictReader(file) if None not in row and None not in row.values()]


def a_line(number: int, day: dt.date, account: str, product: str) -> Line:
    """A new sale of two pieces."""
    return {
        "order_id": f"LATE{number}", "line_no": "1", "version": "1", "type": "sale", "account_id": account,
        "ordered_at": f"{day} 12:00:00", "product_id": product, "quantity": "2", "unit_price": "10.00",
        "discount": "0.00", "amount": "20.00", "currency": "CNY",
    }  # fmt: skip


def first_sale(project: Project, day: dt.date) -> Line:
    """A sale with an account that reached the clean table on `day`, as it was delivered."""
    known = {
        row["order_id"]
        for row in project.rows("clean.order_line")
        if row["day"] == day and row["sign"] == 1 and row["order_type"] == "sale" and row["id"]
    }
    for name in sorted(path.name for path in project.orders.glob(f"orders_{day}*.csv")):
        for line in delivered(project, name):
            if line["order_id"] in known and line["type"] == "sale" and line["version"] == "1":
                return line
    raise AssertionError(f"no delivered sale of {day} became clean")


@pytest.fixture(scope="module")
def wednesday(nights: Project, tmp_path_factory: pytest.TempPathFactory) -> tuple[Project, dict[str, str]]:
    """A night later: a late file of Sunday, a correction of Monday's sale, a file without quantities."""
    project = nights.copy(tmp_path_factory.mktemp("end_to_end") / "wednesday")
    sale = first_sale(project, MONDAY)
    corrected = {**sale, "version": "2", "quantity": "7"}
    corrected["amount"] = f"{7 * float(sale['unit_price']) - float(sale['discount']):.2f}"
    paths = {
        "late": deliver(
            project,
            f"orders_{SUNDAY}_late_again.csv",
            [a_line(1, SUNDAY, sale["account_id"], sale["product_id"])],
        ),
        "correction": deliver(project, f"orders_{WEDNESDAY}.csv", [corrected]),
        "short": f"data/raw/orders/orders_{WEDNESDAY}_short.csv",
        "order_id": sale["order_id"],
        "line_no": sale["line_no"],
    }
    (project.directory / paths["short"]).write_text("order_id,line_no\nX,1\n", encoding="utf-8")
    with unreadable(project, SUNDAY):
        project.run(WEDNESDAY)
    return project, paths


@contextlib.contextmanager
def unreadable(project: Project, before: dt.date) -> Iterator[None]:
    """Raw files of days before one hold nothing meanwhile: a night that reads them would go wrong."""
    raw = project.directory / "data" / "raw"
    dated = {file: re.search(r"\d{4}-\d{2}-\d{2}", file.name) for file in raw.rglob("*.*")}
    old = {file: file.read_bytes() for file, found in dated.items() if found and found[0] < str(before)}
    assert {file.parent.name for file in old} >= {"orders", "web", "social"}, "no raw files to hide"
    times = {file: file.stat() for file in old}
    for file, content in old.items():
        file.write_bytes(bytes(len(content)))
        os.utime(file, ns=(times[file].st_atime_ns, times[file].st_mtime_ns))
    yield
    for file, content in old.items():
        file.write_bytes(content)
        os.utime(file, ns=(times[file].st_atime_ns, times[file].st_mtime_ns))


def test_a_late_file_goes_to_the_next_open_day(wednesday: tuple[Project, dict[str, str]]) -> None:
    project, paths = wednesday
    days = {row["path"]: row["day"] for row in project.rows("clean.arrival")}
    assert days[paths["late"]] == WEDNESDAY
    late = [row for row in project.rows("clean.order_line") if row["day"] == WEDNESDAY and row["sign"] == 1]
    assert sorted(str(row["event_day"]) for row in late) == [str(SUNDAY), str(MONDAY)]


def test_a_correction_takes_the_old_row_back(wednesday: tuple[Project, dict[str, str]]) -> None:
    project, paths = wednesday
    rows = [
        (row["day"], row["sign"], row["version"])
        for row in project.rows("clean.order_line")
        if str(row["order_id"]) == paths["order_id"]
        and row["order_line_id"] in {f"{paths['order_id']}|{paths['line_no']}", row["order_line_id"]}
        and row["event_day"] == MONDAY
        and row["day"] == WEDNESDAY
    ]
    assert sorted(rows) == [(WEDNESDAY, -1, 1), (WEDNESDAY, 1, 2)]


def test_a_file_without_a_required_column_is_rejected_whole(
    wednesday: tuple[Project, dict[str, str]],
) -> None:
    project, paths = wednesday
    (row,) = [row for row in project.rows("clean.file_ledger") if row["path"] == paths["short"]]
    assert (row["status"], row["reason"], row["day"]) == ("rejected_file", "missing_column", WEDNESDAY)


def test_nothing_of_earlier_days_changed(wednesday: tuple[Project, dict[str, str]], nights: Project) -> None:
    project, _ = wednesday
    earlier = {
        name: table.filter(pc.less(table.column("day"), pa.scalar(WEDNESDAY, pa.date32())))
        for name, table in project.lake().items()
    }
    assert_equal_lakes(earlier, nights.lake())


def test_a_past_day_run_again_changes_nothing(
    wednesday: tuple[Project, dict[str, str]], tmp_path: Path
) -> None:
    project, _ = wednesday
    again = project.copy(tmp_path / "again").run(MONDAY)
    assert_equal_lakes(again.lake(), project.lake())
    one, other = again.views(), project.views()
    assert [name for name in other if one[name] != other[name]] == []


def test_amend_reopens_a_day_and_marks_later_ones_stale(
    wednesday: tuple[Project, dict[str, str]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project = wednesday[0].copy(tmp_path / "amended")
    sale = first_sale(project, MONDAY)
    path = deliver(
        project, f"orders_{MONDAY}_amended.csv", [a_line(2, MONDAY, sale["account_id"], sale["product_id"])]
    )
    project.run(MONDAY, None, "--amend")
    days = {row["path"]: row["day"] for row in project.rows("clean.arrival")}
    assert days[path] == MONDAY
    assert stale(project, capsys) == [str(TUESDAY), str(WEDNESDAY)]
    project.run(TUESDAY)
    assert stale(project, capsys) == [str(WEDNESDAY)]


def stale(project: Project, capsys: pytest.CaptureFixture[str]) -> list[str]:
    """Stale days as `persona status --json` tells them."""
    capsys.readouterr()
    assert project.persona("status", "--json") == 0
    return json.loads(capsys.readouterr().out)["stale_days"]


@pytest.mark.proof
@pytest.mark.timeout(3600)
def test_ten_days_and_three_mondays(tmp_path: Path) -> None:
    """Interleaved nights, with the weekly training after each Sunday, against the three phases of a range."""
    shop = make_shop(tmp_path / "shop", 400, 70)
    first = START + dt.timedelta(days=48)  # a Sunday: the days hold three Sundays and the Mondays after them
    last = first + dt.timedelta(days=16)
    shop.run(START, first - dt.timedelta(days=1))
    one, other = shop.copy(tmp_path / "nights"), shop.copy(tmp_path / "range")
    for number in range((last - first).days + 1):
        one.run(first + dt.timedelta(days=number))
    other.run(first, last, "--snapshots", "daily")
    lake = one.lake()
    assert_equal_lakes(lake, other.lake())
    assert sum(day.weekday() == 0 for day in set(lake["profiles.persona"].column("day").to_pylist())) >= 3
    left, right = one.views(), other.views()
    assert [name for name in left if left[name] != right[name]] == []
