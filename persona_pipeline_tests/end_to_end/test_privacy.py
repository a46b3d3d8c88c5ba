"""Direct identifiers stand in raw files and the vault, and nowhere else that a run leaves behind."""

from __future__ import annotations

import csv
import gzip
import json
import re
from pathlib import Path

import pytest

from persona_pipeline.demo import load_truth
from persona_pipeline_tests.end_to_end.canary import Finding, leaks
from persona_pipeline_tests.end_to_end.projects import Project

ADDRESS = re.compile(r"[0-9a-fA-F.:]+")


def written(project: Project) -> dict[str, list[str]]:
    """Identifiers as the raw files write them, read with nothing of the pipeline."""
    raw = project.directory / "data" / "raw"
    found: dict[str, set[str]] = {name: set() for name in ("name", "email", "phone", "address", "text")}
    for file in (raw / "customers").glob("*.csv"):
        with file.open(encoding="utf-8", errors="replace", newline="") as text:
            for row in csv.DictReader(text):
                for name in ("name", "email", "phone"):
                    found[name].add((row[name] or "").strip())
    for file in (raw / "web").glob("*.log.gz"):
        lines = gzip.decompress(file.read_bytes()).decode(errors="replace").splitlines()
        addresses = {line.split(" ", 1)[0] for line in lines}
        found["address"] |= {each for each in addresses if len(each) > 6 and ADDRESS.fullmatch(each)}
    for file in (raw / "social").glob("*.jsonl"):
        for line in file.read_text(encoding="utf-8", errors="replace").splitlines():
            try:
                found["text"].add(json.loads(line)["text"])
            except (ValueError, KeyError, TypeError):
                continue
    truth = load_truth(project.directory).identifiers
    known = {kind: set(rows["value"]) for kind, rows in truth.groupby("id_kind")}
    for kind in ("email", "phone", "handle", "crm", "account", "contact", "visitor"):
        found.setdefault(kind, set()).update(known[kind])
    found["text"] = {text for text in found["text"] if isinstance(text, str) and len(text) > 10}
    found["name"] = {name for name in found["name"] if len(name) > 2}
    return {kind: sorted(value for value in values if value) for kind, values in found.items()}


@pytest.fixture(scope="module")
def identifiers(nights: Project) -> dict[str, list[str]]:
    return written(nights)


@pytest.fixture(scope="module")
def found(nights: Project, identifiers: dict[str, list[str]]) -> list[Finding]:
    """One search with the vault left in: what it finds there shows that it would find it elsewhere."""
    return leaks(nights.directory, identifiers, not_searched=("data/raw", "truth"))


def in_vault(finding: Finding) -> bool:
    return Path(finding.path).parts[:3] == ("data", "lake", "vault")


def test_no_identifier_leaves_the_vault(identifiers: dict[str, list[str]], found: list[Finding]) -> None:
    assert all(len(values) > 20 for values in identifiers.values()), {
        k: len(v) for k, v in identifiers.items()
    }
    outside = [finding for finding in found if not in_vault(finding)]
    assert outside == [], sorted({(finding.path, finding.kind) for finding in outside})[:20]


def test_the_search_finds_them_in_the_vault(found: list[Finding]) -> None:
    assert {each.kind for each in found if in_vault(each)} >= {"name", "email", "phone", "handle", "text"}
