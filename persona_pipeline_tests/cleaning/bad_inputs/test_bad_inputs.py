"""Every reason code on every format it applies to: a seed file, and the whole of what becomes of it.

All seeds are delivered to one project and cleaned in one window; what a file leaves is told by its path, and
a clean row by the name of its case, which it holds. Not here: what is expected (cases.py).
"""

from __future__ import annotations

import datetime as dt
import gzip
from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from persona_pipeline.contracts import clean, reasons, traces
from persona_pipeline.contracts.validation import check_files
from persona_pipeline.engine.duckdb import DuckDBEngine
from persona_pipeline.sources import fingerprint as fingerprint_module
from persona_pipeline.sources.files import Found
from persona_pipeline.sources.source import Source
from persona_pipeline_tests.cleaning.bad_inputs.cases import (
    BEFORE,
    CASES,
    DAY,
    FIRST,
    LOGS,
    SAME_CONTENT,
    TEXTS,
    Case,
)
from persona_pipeline_tests.cleaning.conftest import START, Project

SEEDS = Path(__file__).parent / "seeds"
OUTCOMES = ("clean", "rejected", "duplicate", "filtered", "suppressed")
TABLES = {
    "orders": (
        clean.ORDER_LINE,
        "order_id, day, sign, order_type, product_id, quantity, unit_price, discount, amount, currency, "
        "strftime(event_at, '%Y-%m-%d %H:%M:%S'), version, id IS NULL",
    ),
    "customers": (
        clean.CUSTOMER,
        "region, day, gender, birth_year, income_band, consent_marketing",
    ),
    "social": (traces.SOCIAL_POST, "product_id, day, sign, characters, rating"),
    "web": (
        traces.WEB_HIT,
        "product_id, day, hit_no % 1099511627776, strftime(event_at, '%Y-%m-%d %H:%M:%S'), status, bytes, "
        "page_type, browser",
    ),
}


def delivered(case: Case) -> dict[str, bytes]:
    """The files of a case by path; the one that the ledger is asked for comes last."""
    content = (SEEDS / case.seed).read_bytes()
    if case.packed:
        content = gzip.decompress(content)
    name = f"{case.name}.{case.format}"
    if case.first == case.name:
        again = gzip.compress(content) if case.format in TEXTS else content
        return {f"{case.source}/{DAY}_{name}": content, f"{case.source}/{DAY}_{name}.again": again}
    files = {f"{case.source}/{DAY}_{name}": content}
    if case.first:
        first = (SEEDS / f"{case.first}.{case.format}").read_bytes()
        files = {f"{case.source}/{BEFORE}_{name}": first, **files}
    return files


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """All seeds, delivered and cleaned."""
    directory = tmp_path_factory.mktemp("bad_inputs")
    sources = {
        case.source: Source.model_validate(
            {"kind": case.kind, "format": case.format, "path": f"{case.source}/{{day}}_*", **case.options}
        )
        for case in CASES
    }
    sources["rates"] = Source(kind="rates", path="rates/{day}.csv")
    with DuckDBEngine(directory / "scratch", memory="512MB", threads=1) as engine:
        project = Project(directory, engine, sources)
        # at par: what a rate makes of an amount is shown in test_rates.py
        project.write(f"rates/{BEFORE}.csv", f"currency,rate_on,rate\nUSD,{BEFORE},1\n")
        for case in CASES:
            for path, content in delivered(case).items():
                project.write(path, content)
        project.run(BEFORE, DAY)
        yield project


@pytest.fixture(scope="module")
def ledger(shop: Project) -> dict[str, tuple]:
    """Rows of the ledger by path, without names and numbers of the run."""
    columns = f"path, status, reason, records_in, {', '.join(OUTCOMES)}, note"
    return {row[0]: row[1:] for row in shop.select(f"SELECT {columns} FROM t", clean.FILE_LEDGER)}


@pytest.fixture(scope="module")
def by_reason(shop: Project) -> dict[str, dict[tuple[str, str], int]]:
    """The ledger by outcome and reason, by path."""
    found: dict[str, dict[tuple[str, str], int]] = defaultdict(dict)
    for path, outcome, reason, records in shop.select(
        "SELECT path, outcome, reason, records FROM t", clean.LEDGER_REASON
    ):
        found[path][outcome, reason] = records
    return found


@pytest.fixture(scope="module")
def rejects(shop: Project) -> dict[str, list[tuple]]:
    """Line, reason and field of the rejects, by path."""
    found: dict[str, list[tuple]] = defaultdict(list)
    for path, *reject in shop.select(
        "SELECT path, line, reason, field FROM t ORDER BY path, line", clean.REJECT
    ):
        found[path].append(tuple(reject))
    return found


@pytest.fixture(scope="module")
def rows(shop: Project) -> dict[tuple[str, str], list[tuple]]:
    """Clean rows by source and name of the case."""
    found: dict[tuple[str, str], list[tuple]] = defaultdict(list)
    for table, columns in TABLES.values():
        for source, tag, *row in shop.select(f"SELECT source, {columns} FROM t ORDER BY ALL", table):
            name = tag.rpartition("-")[0] if table is clean.ORDER_LINE else tag
            found[source, name].append((tag, *row) if table is clean.ORDER_LINE else tuple(row))
    return found


def moment(case: Case, number: int, *, changed: bool) -> str:
    """When a clean record happened, in UTC: ten in the morning in the zone of the source."""
    if changed and "event_at" in case.changes:
        return case.changes["event_at"]
    hours = {"Europe/London": 1, "Australia/Sydney": 11}.get(case.options.get("time_zone", ""), 8)
    if case.kind == "web" and "time_zone" not in case.options:
        hours = 8
    at = dt.datetime.combine(BEFORE, dt.time(10, 0, number)) - dt.timedelta(hours=hours)
    return f"{at:%Y-%m-%d %H:%M:%S}"


def order_row(case: Case, day: dt.date, sign: int, number: int, *, changed: bool) -> tuple:
    """A row of clean.order_line."""
    shown = {
        "order_id": f"{case.name}-{number}",
        "type": "sale",
        "product_id": "P1",
        "quantity": "2",
        "amount": "19",
        "version": "1",
        "account_id": "007",
    } | (dict(case.changes) if changed else {})
    return (
        shown["order_id"],
        day,
        sign,
        shown["type"],
        shown["product_id"],
        Decimal(shown["quantity"]).quantize(Decimal("0.0001")),
        Decimal(10),
        Decimal(1),
        Decimal(shown["amount"]),
        "CNY",
        moment(case, number, changed=changed),
        int(shown["version"]),
        not shown["account_id"],
    )


def customer_row(case: Case, day: dt.date, _: int, number: int, *, changed: bool) -> tuple:
    """A row of clean.customer; a word that nobody knows is left out."""
    lost = "" if case.name == "not_imputed" else "perhaps"
    unknown = {name for name, value in case.changes.items() if value == lost} if changed else set()
    return (
        day,
        "unknown" if "gender" in unknown else "female",
        1980 + number,
        "unknown" if "income_band" in unknown else "low",
        None if "consent_marketing" in unknown else True,
    )


def web_row(case: Case, day: dt.date, _: int, number: int, *, changed: bool) -> tuple:
    """A row of clean.web_hit."""
    place = FIRST[case.format] - 1 + number
    if case.name == "unknown_fields":
        place = 1 + number
    at = moment(case, number, changed=changed)
    return (day, place, at, 200, 512, "product", "Chrome")


def post_row(case: Case, day: dt.date, sign: int, number: int, *, changed: bool) -> tuple:  # noqa: ARG001
    """A row of clean.social_post: the one good post of a file."""
    return (day, sign, len("good"), None)


ROW: dict[str, Any] = {"orders": order_row, "customers": customer_row, "web": web_row, "social": post_row}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_what_becomes_of(
    case: Case,
    ledger: dict[str, tuple],
    by_reason: dict[str, dict[tuple[str, str], int]],
    rejects: dict[str, list[tuple]],
    rows: dict[tuple[str, str], list[tuple]],
) -> None:
    first, path = next(iter(delivered(case))), [*delivered(case)][-1]
    assert rejects.get(path, []) == list(case.rejects)
    assert by_reason.get(path, {}) == case.reasons
    sums = [sum(n for (each, _), n in case.reasons.items() if each == outcome) for outcome in OUTCOMES]
    note = f"{SAME_CONTENT} {first}" if case.note == SAME_CONTENT else case.note
    assert ledger[path] == (case.status, case.reason, sum(sums), *sums, note)
    make = ROW[case.kind]
    wanted = [
        make(case, day, sign, number, changed=changed) for day, sign, number, changed in case.expected()
    ]
    assert sorted(rows.get((case.source, case.name), []), key=str) == sorted(wanted, key=str)


def test_all_that_was_written_keeps_its_contract(shop: Project) -> None:
    for table in (clean.REJECT, clean.FILE_LEDGER, clean.LEDGER_REASON):
        check_files(table, [path for _, path in shop.files[table.full_name]])


def test_every_reason_code_has_a_seed_and_every_seed_shows_one() -> None:
    shown = {pair for case in CASES for pair in case.reasons}
    shown |= {("file", case.reason) for case in CASES if case.reason}
    declared = {(outcome, code) for outcome, codes in reasons.BY_OUTCOME.items() for code in codes}
    assert shown == declared | {("file", code) for code in reasons.FILE}
    everywhere = {code for _, code in shown}
    assert [case.id for case in CASES if not any(case.name.startswith(code) for code in everywhere)] == []
    named = {case.seed for case in CASES}
    named |= {f"{case.first}.{case.format}" for case in CASES if case.first}
    assert named == {seed.name for seed in SEEDS.iterdir()}
    assert len({case.id for case in CASES}) == len(CASES)
    assert START < BEFORE
    assert {case.format for case in CASES if case.kind == "web"} == set(LOGS)


def test_a_file_that_is_still_being_written_is_left_for_the_next_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "orders_2025-04-06.csv"
    file.write_bytes(b"order_id\n1\n")
    found = [Found("orders", file.name, file, DAY)]
    read = fingerprint_module.decompressed

    def grows(stream: BinaryIO) -> Iterator[bytes]:
        yield from read(stream)
        with file.open("ab") as more:
            more.write(b"2\n")

    with monkeypatch.context() as patch:
        patch.setattr(fingerprint_module, "decompressed", grows)
        assert fingerprint_module.fingerprints(found) == []
    assert "changed while it was read" in caplog.text
    ((_, mark),) = fingerprint_module.fingerprints(found)
    assert mark.lines == len(b"order_id\n1\n2\n".splitlines())
