"""A source that joins after two nights: older partitions stay, its history is in features from then on."""

from __future__ import annotations

import csv
import datetime as dt
import tomllib
from pathlib import Path

import pytest

from persona_pipeline.contracts import LAKE_TABLES
from persona_pipeline.defs.shop import Shop
from persona_pipeline_tests.end_to_end.projects import START, Project

DAYS = [START + dt.timedelta(days=n) for n in range(4)]
JOINED = DAYS[2]
EXPORT = f"""[sources.campaigns]
kind = "campaigns"
path = "data/raw/campaigns.csv"
known_at = "event"
through = {DAYS[-1]}
"""


def versions(project: Project) -> dict[str, dict[dt.date, int]]:
    """Of every table of the lake, the version in which each day before the joining was written."""
    shop = Shop(project.settings)
    tables = {**LAKE_TABLES, shop.features.full_name: shop.features}
    return {name: shop.lake.versions(table, DAYS[:2]) for name, table in tables.items()}


@pytest.mark.proof
def test_a_source_joins_with_its_history(shop: Project, tmp_path: Path) -> None:
    project = shop.copy(tmp_path / "shop")
    toml = project.directory / "persona.toml"
    head, *sections = toml.read_text(encoding="utf-8").split("[sources.")
    own = {section.split("]", 1)[0]: f"[sources.{section}" for section in sections}
    toml.write_text(head + own["orders"], encoding="utf-8")
    project.run(DAYS[0], DAYS[1])
    before = versions(project)
    with (project.orders / f"orders_{DAYS[0]}.csv").open(encoding="utf-8", newline="") as stream:
        accounts = sorted({row["account_id"] for row in csv.DictReader(stream) if row["account_id"]})
    export = project.directory / "data/raw/campaigns.csv"
    lines = [f"{day}-{each},spring,{day} 09:00:00,{each}" for each in accounts for day in DAYS]
    export.write_text("\n".join(["contact_id,campaign_id,contacted_at,account_id", *lines]), encoding="utf-8")
    toml.write_text(head + own["orders"] + own["customers"] + EXPORT, encoding="utf-8")
    assert set(tomllib.loads(toml.read_text(encoding="utf-8"))["sources"]) == {
        "orders",
        "customers",
        "campaigns",
    }
    for day in DAYS[2:]:
        project.run(day)
    assert versions(project) == before

    contacts = project.rows("clean.campaign_contact")
    early = [row for row in contacts if row["event_day"] < JOINED]
    assert len(early) == 2 * len(accounts) > 4
    assert {row["day"] for row in early} == {JOINED}
    assert min(row["day"] for row in contacts) == JOINED
    reasons = {row["reason"] for row in project.rows("clean.reject") if row["source"] == "campaigns"}
    assert "too_late" not in reasons
    features = project.rows("features.customer")
    told = {
        day: sum(row["contacts_30d"] or 0 for row in features if row["day"] == day)
        for day in (DAYS[1], JOINED)
    }
    assert told[DAYS[1]] == 0 < told[JOINED]
    customers = {row["day"] for row in project.rows("clean.customer")}
    assert min(customers) == JOINED
    project.run(DAYS[1])  # a day before, run again, knows no more than it did
    assert [row for row in project.rows("clean.campaign_contact") if row["day"] < JOINED] == []
