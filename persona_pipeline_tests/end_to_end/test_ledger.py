"""Nothing is lost silently: the ledger of a run is exactly what was planted while files were written."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from persona_pipeline.demo import expected_ledger
from persona_pipeline_tests.end_to_end.projects import Project

Counts = Counter[tuple[str, str, str, str, str]]

# counted by the pipeline beside the outcomes, not written down by the generator
OBSERVED = {"refund", "missing_customer"}
OUTCOMES = ("clean", "rejected", "duplicate", "filtered", "suppressed")


def found_counts(project: Project) -> Counts:
    """(day, path, outcome, reason) of the project's ledger with its records, source first."""
    found: Counts = Counter()
    for row in project.rows("clean.file_ledger"):
        head = (str(row["source"]), str(row["day"]), str(row["path"]))
        for outcome in ("records_in", "clean"):
            found[*head, outcome, ""] += int(str(row[outcome]))
        if row["status"] == "rejected_file":
            found[*head, "rejected_file", str(row["reason"])] += 1
    for row in project.rows("clean.ledger_reason"):
        if row["outcome"] == "clean" or row["reason"] in OBSERVED:
            continue
        key = (str(row["source"]), str(row["day"]), str(row["path"]), str(row["outcome"]), str(row["reason"]))
        found[key] += int(str(row["records"]))
    return +found


def test_every_count_is_the_planted_one(demo: Project) -> None:
    planted: Counts = Counter()
    for row in expected_ledger(demo.directory).itertuples():
        planted[row.source, str(row.day), row.path, row.outcome, row.reason] += row.records  # type: ignore[index]
    found = found_counts(demo)
    assert dict(found - planted) == {}, "counted and not planted"
    assert dict(planted - found) == {}, "planted and not counted"
    assert sum(found.values()) > 4_000


def test_every_file_balances(demo: Project) -> None:
    ledger = demo.rows("clean.file_ledger")
    wrong = [
        row["path"] for row in ledger if row["records_in"] != sum(int(str(row[name])) for name in OUTCOMES)
    ]
    assert len(ledger) > 60
    assert wrong == []


def test_reasons_add_up_to_the_outcomes(demo: Project) -> None:
    whole: Counter[tuple[object, ...]] = Counter()
    for row in demo.rows("clean.file_ledger"):
        for outcome in OUTCOMES:
            whole[row["day"], row["source"], row["path"], outcome] += int(str(row[outcome]))
    parts: Counter[tuple[object, ...]] = Counter()
    for row in demo.rows("clean.ledger_reason"):
        if row["outcome"] != "noted":
            parts[row["day"], row["source"], row["path"], row["outcome"]] += int(str(row["records"]))
    assert +whole == +parts


def test_every_reject_stands_in_the_table_of_rejects(demo: Project) -> None:
    counted = Counter(
        {
            (row["path"], row["reason"]): int(str(row["records"]))
            for row in demo.rows("clean.ledger_reason")
            if row["outcome"] == "rejected"
        }
    )
    assert Counter((row["path"], row["reason"]) for row in demo.rows("clean.reject")) == counted


def test_status_of_a_clean_run(demo: Project, capsys: pytest.CaptureFixture[str]) -> None:
    assert demo.persona("status", "--json") == 0
    status = json.loads(capsys.readouterr().out)
    assert status["unbalanced_files"] == 0
    assert status["stale_days"] == []
    assert status["publication"]["as_of"] == "2025-01-28"
    ledger = next(table for table in status["tables"] if table["table"] == "clean.file_ledger")
    assert (ledger["days"], ledger["first"], ledger["last"]) == (23, "2025-01-06", "2025-01-28")
