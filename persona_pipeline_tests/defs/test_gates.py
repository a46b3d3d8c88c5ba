"""The publication and the checks ask the same gates, and a day is judged by what was known on it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import dagster as dg
import pyarrow as pa
import pytest

from persona_pipeline.cleaning.gates import GATES
from persona_pipeline.cleaning.ledger import Account, column_rows, ledger_rows, reason_rows
from persona_pipeline.contracts import Table, clean
from persona_pipeline.contracts.arrow import arrow_schema
from persona_pipeline.defs import checks as checks_module
from persona_pipeline.defs.checks import judged
from persona_pipeline.defs.gates import held, judge
from persona_pipeline.defs.publishing import Held, publish_day
from persona_pipeline.defs.shop import Shop
from persona_pipeline.settings import Gates, Settings

START = dt.date(2025, 1, 6)
DAY = START + dt.timedelta(days=28)
NAMES = {"order_id": 1000, "email": 800}

Change = Callable[[Account], None]


@pytest.fixture
def shop(project: Settings) -> Shop:
    """The demo's sources; nothing is only reported."""
    return Shop(project.model_copy(update={"gates": Gates()}))


def account(day: dt.date, source: str = "orders", records: int = 1000, name: str = "") -> Account:
    path = name or f"{source}_{day}.csv"
    outcomes = {("clean", "new"): records}
    return Account(day, source, path, path, "loaded", None, records, None, outcomes, dict(NAMES))


def write(shop: Shop, accounts: list[Account]) -> None:
    """Commit ledger rows; their days are replaced."""
    days = sorted({each.day for each in accounts})
    with shop.embedded() as engine:
        for table, rows in (
            (clean.LEDGER_REASON, reason_rows(accounts)),
            (clean.FILE_COLUMN, column_rows(accounts)),
            (clean.FILE_LEDGER, ledger_rows(accounts, "run")),
        ):
            output = shop.lake.output(table)
            shop.lake.replace(output, days, engine.select_into("SELECT * FROM r", {"r": rows}, output))


def history(shop: Shop, *, days: int = 28, today: Account | None = None) -> None:
    accounts = [account(START + dt.timedelta(days=n)) for n in range(days)]
    write(shop, [*accounts, today or account(START + dt.timedelta(days=days))])


def gates(shop: Shop, day: dt.date = DAY) -> list[str]:
    with shop.embedded() as engine:
        return [each.gate for each in held(shop, judge(shop, engine, day))]


def results(shop: Shop) -> dict[str, dg.AssetCheckResult]:
    return {str(result.check_name): result for result in judged(shop, DAY)}


def lost(today: Account) -> None:
    today.records_in += 1


def foreign(today: Account) -> None:
    today.outcomes = {("clean", "new"): 999, ("rejected", "unknown_currency"): 1}


def rejected(today: Account) -> None:
    today.outcomes = {("clean", "new"): 989, ("rejected", "bad_number"): 11}


def few(today: Account) -> None:
    today.outcomes, today.records_in = {("clean", "new"): 100}, 100


def renamed(today: Account) -> None:
    today.columns = {"order_id": 1000, "e_mail": 800}


def quiet(today: Account) -> None:
    """As always."""


CHANGES = {
    "": quiet,
    "ledger_balance": lost,
    "unknown_currency": foreign,
    "reject_share": rejected,
    "volume": few,
    "schema_drift": renamed,
}


@pytest.mark.parametrize(("gate", "change"), CHANGES.items(), ids=list(CHANGES))
def test_hold_and_check_say_the_same(shop: Shop, gate: str, change: Change) -> None:
    today = account(DAY)
    change(today)
    history(shop, today=today)
    assert gates(shop) == [gate] * bool(gate)
    failed = {name: result for name, result in results(shop).items() if not result.passed}
    assert list(failed) == [gate] * bool(gate)
    for result in failed.values():
        assert result.severity is dg.AssetCheckSeverity.ERROR
        assert result.metadata["holds"] == dg.MetadataValue.int(1)
        assert "source orders, 2025-02-03: found " in str(result.description)
    if gate:
        with pytest.raises(
            Held, match=rf"{gate}: source orders, {DAY}: found .*, expected .*; .*--accept REASON"
        ):
            publish_day(shop, DAY, "run", accepted=None)


def rows_of(table: Table, day: dt.date) -> pa.Table:
    """Two equal rows of a table."""
    moment = dt.datetime(2025, 2, 3, tzinfo=dt.UTC)
    numbers = {"sign": 1, "quantity": 1, "unit_price": 1, "discount": 0, "amount": 1, "version": 0}
    usual = {"event_at": moment, "event_day": day, "day": day, **numbers}
    row = {each.name: usual.get(each.name, None if each.nullable else "x") for each in table.columns}
    return pa.Table.from_pylist([row, row], schema=arrow_schema(table))


def test_a_key_that_stands_twice(shop: Shop) -> None:
    """What the check before each commit refuses; two copies of a file would bring it about."""
    history(shop)
    with shop.embedded() as engine:
        output = shop.lake.output(clean.ORDER_LINE)
        rows = {"r": rows_of(clean.ORDER_LINE, DAY)}
        shop.lake.replace(output, [DAY], engine.select_into("SELECT * FROM r", rows, output))
    assert gates(shop) == ["duplicate_key"]
    assert "table clean.order_line" in str(results(shop)["duplicate_key"].description)


@pytest.mark.parametrize("change", [few, renamed], ids=["volume", "schema_drift"])
def test_a_source_of_27_days_has_no_history(shop: Shop, change: Change) -> None:
    today = account(DAY - dt.timedelta(days=1))
    change(today)
    history(shop, days=27, today=today)
    assert gates(shop, today.day) == []


def test_a_later_source_counts_from_its_own_first_day(shop: Shop) -> None:
    """Empty ledger rows before its first file are no history."""
    history(shop)
    absent = [Account(START + dt.timedelta(days=n), "social") for n in range(20)]
    posts = [account(START + dt.timedelta(days=n), "social") for n in range(20, 28)]
    orders = [account(START + dt.timedelta(days=n)) for n in range(28)]
    write(shop, [*absent, *posts, *orders, account(DAY), account(DAY, "social", 10)])
    assert gates(shop) == []


def test_later_days_do_not_change_the_decision(shop: Shop) -> None:
    """A backfill of the day finds what its night found."""
    today = account(DAY)
    few(today)
    history(shop, today=today)
    with shop.embedded() as engine:
        then = judge(shop, engine, DAY)
    later = [account(DAY + dt.timedelta(days=n), records=7 * n, name=f"other_{n}") for n in range(1, 30)]
    write(shop, later)
    with shop.embedded() as engine:
        assert judge(shop, engine, DAY) == then
    assert len(then) == 1


def test_a_file_repeated_whole_brings_nothing_unless_it_is_a_state(shop: Shop) -> None:
    accounts = []
    for n in range(29):
        for source in ("orders", "customers"):
            each = account(START + dt.timedelta(days=n), source)
            if n == 28:
                each.status, each.outcomes = "duplicate_file", {("duplicate", "duplicate_file"): 1000}
            accounts.append(each)
    write(shop, accounts)
    with shop.embedded() as engine:
        found = judge(shop, engine, DAY)
    assert [(each.gate, each.source) for each in found] == [("volume", "source orders")]


def test_report_only(shop: Shop) -> None:
    today = account(DAY)
    few(today)
    history(shop, today=today)
    lenient = Shop(shop.settings.model_copy(update={"gates": Gates(report_only=("volume",))}))
    assert gates(lenient) == []
    result = results(lenient)["volume"]
    assert (result.passed, result.severity) == (False, dg.AssetCheckSeverity.WARN)


def test_the_ledger_and_the_keys_always_hold() -> None:
    with pytest.raises(ValueError, match="report_only"):
        Gates(report_only=("ledger_balance",))  # type: ignore[arg-type]


def test_every_gate_is_a_check(shop: Shop) -> None:
    assert set(checks_module.GATES) == set(GATES)
    assert all(result.passed for result in judged(shop, None))
