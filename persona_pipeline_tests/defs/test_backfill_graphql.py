"""A backfill as the Dagster UI launches it: over GraphQL, by a webserver and a daemon that really run."""

from __future__ import annotations

import datetime as dt
import time
from pathlib import Path
from typing import Any

import pytest

from persona_pipeline.contracts import LAKE_TABLES, activity, behaviour, clean, traces
from persona_pipeline.defs.launch import execute
from persona_pipeline.defs.metadata import asset_key
from persona_pipeline.defs.plan import Unit
from persona_pipeline.defs.shop import Shop
from persona_pipeline.settings import Settings
from persona_pipeline_tests.defs.dagster_processes import ask, logs, running

DAYS = ["2025-01-06", "2025-01-07", "2025-01-08"]
CLEAN = [asset_key(table).to_user_string() for table in (*clean.TABLES, *traces.TABLES)]  # and the vault
IDENTITY = ["identity/edge", "identity/map", "identity/merge_event"]
FACTS = [
    "facts/refund",
    "facts/order_day",
    "facts/basket_item",
    *(asset_key(each).to_user_string() for each in activity.TABLES),
]
TO_FACTS = [*CLEAN, *IDENTITY, *FACTS]
TIMEOUT = 240

LAUNCH = """
mutation ($partitions: [PartitionsByAssetSelector!]) {
  launchPartitionBackfill(backfillParams: {partitionsByAssets: $partitions}) {
    __typename
    ... on LaunchBackfillSuccess { backfillId }
    ... on PythonError { message }
  }
}"""
STATUS = """
query ($id: String!) {
  partitionBackfillOrError(backfillId: $id) {
    ... on PartitionBackfill {
      status
      error { message }
      runs(limit: 20) { runId status tags { key value } }
    }
  }
}"""
ASSET = """
query ($keys: [AssetKeyInput!]) {
  assetNodes(assetKeys: $keys) {
    metadataEntries { label ... on TableSchemaMetadataEntry { schema { columns { name type } } } }
    assetMaterializations(limit: 1) {
      partition
      metadataEntries {
        label
        ... on TableColumnLineageMetadataEntry {
          lineage { columnName columnDeps { assetKey { path } columnName } }
        }
      }
    }
  }
}"""


@pytest.mark.timeout(600)
def test_three_partitions_then_one_day_with_lineage(shop: Settings, repository: Path) -> None:
    with running(shop, repository) as url:
        runs = backfill(url, shop, TO_FACTS, DAYS)
        ranges = {(first(run), last(run)) for run in runs}
        assert ranges == {("2025-01-06", "2025-01-08")}, "a range is one run per step group, not one per day"
        assert days_in_lake(shop) == {day: DAYS for day in TO_FACTS}

        [schema] = entries(url, "facts/order_day", "dagster/column_schema")["definition"]
        columns = [(column["name"], column["type"]) for column in schema["schema"]["columns"]]
        assert columns == [(column.name, column.type.value) for column in behaviour.ORDER_DAY.columns]

        night = Unit("one day", "nightly", tuple(FACTS), DAYS[-1], DAYS[-1])
        assert list(execute(shop, [night], log_file=shop.directory / "one_day.log")) == [night]
        [lineage] = entries(url, "facts/order_day", "dagster/column_lineage")["materialization"]
        sources = {
            entry["columnName"]: {
                "/".join(dep["assetKey"]["path"]) + "." + dep["columnName"] for dep in entry["columnDeps"]
            }
            for entry in lineage["lineage"]
        }
        assert set(sources) == set(behaviour.ORDER_DAY.column_names)
        assert {"clean/order_line.amount", "clean/order_line.sign"} <= sources["orders"]


def backfill(url: str, settings: Settings, keys: list[str], days: list[str]) -> list[dict[str, Any]]:
    """Launch a backfill of exactly these days, wait for its success and return its runs.

    With `partitionNames` Dagster would add every later day whose look-back reaches one of `days`.
    """
    window = {"range": {"start": days[0], "end": days[-1]}}
    partitions = [{"assetKey": key_input(key), "partitions": window} for key in keys]
    launched = ask(url, LAUNCH, partitions=partitions)["launchPartitionBackfill"]
    assert launched["__typename"] == "LaunchBackfillSuccess", launched
    deadline = time.monotonic() + TIMEOUT
    while True:
        state = ask(url, STATUS, id=launched["backfillId"])["partitionBackfillOrError"]
        if state["status"] not in {"REQUESTED", "COMPLETED_SUCCESS"} or time.monotonic() > deadline:
            raise AssertionError(f"{state}\n{logs(settings.directory)}")
        if state["status"] == "COMPLETED_SUCCESS":
            return state["runs"]
        time.sleep(0.5)


def entries(url: str, key: str, label: str) -> dict[str, list[dict[str, Any]]]:
    """The metadata with `label` of an asset's definition and of its newest materialisation."""
    [node] = ask(url, ASSET, keys=[key_input(key)])["assetNodes"]
    [newest] = node["assetMaterializations"]
    return {
        "definition": [entry for entry in node["metadataEntries"] if entry["label"] == label],
        "materialization": [entry for entry in newest["metadataEntries"] if entry["label"] == label],
    }


def days_in_lake(settings: Settings) -> dict[str, list[str]]:
    """The days that hold a committed version, per table."""
    lake = Shop(settings).lake
    window = [dt.date(2025, 1, 5) + dt.timedelta(days=n) for n in range(9)]
    return {
        f"{table.layer}/{table.name}": [day.isoformat() for day in sorted(lake.versions(table, window))]
        for table in LAKE_TABLES.values()
        if f"{table.layer}/{table.name}" in TO_FACTS
    }


def key_input(key: str) -> dict[str, list[str]]:
    return {"path": key.split("/")}


def first(run: dict[str, Any]) -> str:
    return tag(run, "dagster/asset_partition_range_start")


def last(run: dict[str, Any]) -> str:
    return tag(run, "dagster/asset_partition_range_end")


def tag(run: dict[str, Any], key: str) -> str:
    return next((each["value"] for each in run["tags"] if each["key"] == key), "")
