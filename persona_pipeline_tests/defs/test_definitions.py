"""What Dagster loads: light, quiet, described by the contracts, and unchanged unless somebody means it.

That workspace.yaml and [tool.dg] agree, and that loading imports nothing heavy, is tested in `architecture`.
"""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest

from persona_pipeline.contracts import LAKE_TABLES
from persona_pipeline.defs import partitions as own
from persona_pipeline.defs.build import build
from persona_pipeline.defs.metadata import asset_key
from persona_pipeline.defs.shop import Shop
from persona_pipeline.settings import PROJECT_VARIABLE, Settings
from persona_pipeline_tests.defs import snapshot

SHANGHAI = "Asia/Shanghai"
NOT_IN_THE_LAKE = {"warehouse/publication", "reporting/persona_report"}


@pytest.fixture(scope="module")
def definitions() -> dg.Definitions:
    return build(snapshot.settings())


@pytest.fixture(scope="module")
def specs(definitions: dg.Definitions) -> dict[str, dg.AssetSpec]:
    return {spec.key.to_user_string(): spec for spec in definitions.resolve_all_asset_specs()}


@pytest.mark.parametrize("named", [False, True])
def test_importing_definitions_is_light_and_quiet(project: Settings, repository: Path, named: bool) -> None:
    """With a project and without one; every warning is an error."""
    code = (
        "import sys, persona_pipeline.definitions as d\n"
        "heavy = {'pandas', 'pandera', 'sklearn', 'pyspark', 'duckdb', 'deltalake', "
        "'sqlalchemy.dialects.postgresql'}\n"
        "settings = d.defs.resources['shop'].settings\n"
        "print(settings.project.name, len(settings.sources), *sorted(heavy & set(sys.modules)))\n"
    )
    environment = {name: value for name, value in os.environ.items() if name != PROJECT_VARIABLE}
    if named:
        environment[PROJECT_VARIABLE] = str(project.directory)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        env=environment,
        cwd=repository,
        capture_output=True,
        text=True,
        check=False,  # what it printed tells more than an exit code
    )
    assert done.stderr == ""
    assert done.stdout == ("demo 6\n" if named else "empty 0\n")


def test_snapshot(definitions: dg.Definitions) -> None:
    """A change that is meant: python -m persona_pipeline_tests.defs.snapshot, and read the difference."""
    assert snapshot.text(definitions) == snapshot.FILE.read_text(encoding="utf-8")


def test_every_table_of_the_lake_is_an_asset(specs: dict[str, dg.AssetSpec]) -> None:
    tables = {asset_key(table).to_user_string() for table in LAKE_TABLES.values()}
    assert set(specs) == tables | NOT_IN_THE_LAKE


def test_every_asset_is_described(specs: dict[str, dg.AssetSpec]) -> None:
    lacking = [
        key
        for key, spec in specs.items()
        if not (spec.owners and spec.kinds and spec.description and spec.group_name == key.split("/")[0])
    ]
    assert lacking == []


def test_column_schema_is_the_contract(specs: dict[str, dg.AssetSpec]) -> None:
    features = Shop(snapshot.settings()).features  # the contract with the columns of the catalogue
    for table in LAKE_TABLES.values():
        contract = features if table.full_name == features.full_name else table
        schema = specs[asset_key(table).to_user_string()].metadata["dagster/column_schema"]
        shown = [
            (column.name, column.type, column.description, column.constraints.nullable, dict(column.tags))
            for column in schema.columns
        ]
        assert shown == [
            (
                each.name,
                each.type.value,
                each.description,
                each.nullable,
                {"sensitivity": each.sensitivity.value}
                | {f"purpose/{purpose}": "" for purpose in each.purposes or ()},
            )
            for each in contract.columns
        ]


def test_the_publication_has_a_deadline(specs: dict[str, dg.AssetSpec]) -> None:
    with_deadline = [key for key, spec in specs.items() if spec.freshness_policy is not None]
    assert with_deadline == ["warehouse/publication"]


@pytest.mark.parametrize("start", [dt.date(2025, 1, 6), dt.date(2025, 1, 8), dt.date(2025, 1, 12)])
def test_partitions_begin_with_the_project(start: dt.date) -> None:
    """Days at the start; weeks with the Monday of the week that holds it: no day is without a week."""
    calendar = own.partitions(start, SHANGHAI)
    assert calendar.daily.get_first_partition_key() == start.isoformat()
    assert calendar.weekly.get_first_partition_key() == "2025-01-06"


@pytest.mark.parametrize(
    ("sunday", "key"),
    [
        (dt.date(2025, 1, 12), "2025-01-06"),
        (dt.date(2025, 3, 2), "2025-02-24"),
        (dt.date(2026, 1, 4), "2025-12-29"),
    ],
)
def test_a_week_is_keyed_by_its_monday(sunday: dt.date, key: str) -> None:
    weekly = own.partitions(dt.date(2025, 1, 6), SHANGHAI).weekly
    assert own.week_key(sunday) == key
    window = weekly.time_window_for_partition_key(key)
    assert (window.start.date(), window.end.date()) == (
        dt.date.fromisoformat(key),
        sunday + dt.timedelta(days=1),
    )


@pytest.mark.parametrize(
    ("day", "weeks"),
    [
        ("2025-01-06", []),  # Monday, the first day: no week is complete
        ("2025-01-11", []),  # Saturday
        ("2025-01-12", []),  # Sunday: its own week is not complete before the day is over
        ("2025-01-13", ["2025-01-06"]),  # Monday
        ("2025-01-18", ["2025-01-06"]),  # Saturday
        ("2025-01-19", ["2025-01-06"]),  # Sunday
        ("2025-01-20", ["2025-01-13"]),  # Monday
        ("2025-03-05", ["2025-02-24"]),  # Wednesday, over the end of a month
    ],
)
def test_a_day_reads_the_last_complete_week(day: str, weeks: list[str]) -> None:
    assert upstream(own.last_week(), day, "weekly") == weeks


@pytest.mark.parametrize(
    ("mapping", "day", "days"),
    [
        (own.own_days(2), "2025-01-10", ["2025-01-08", "2025-01-09", "2025-01-10"]),
        (own.own_days(2), "2025-01-07", ["2025-01-06", "2025-01-07"]),
        (own.days_before(2), "2025-01-10", ["2025-01-08", "2025-01-09"]),
        (own.days_before(2), "2025-01-06", []),
    ],
)
def test_look_backs(mapping: dg.TimeWindowPartitionMapping, day: str, days: list[str]) -> None:
    assert upstream(mapping, day, "daily") == days


def test_a_week_reads_its_days_and_the_week_before() -> None:
    calendar = own.partitions(dt.date(2025, 1, 6), SHANGHAI)
    week = calendar.weekly.subset_with_partition_keys(["2025-01-13"])
    before = own.days_before(1).get_upstream_mapped_partitions_result_for_partitions(
        week, calendar.weekly, calendar.weekly, dt.datetime(2025, 6, 1, tzinfo=dt.UTC)
    )
    assert list(before.partitions_subset.get_partition_keys()) == ["2025-01-06"]
    days = dg.TimeWindowPartitionMapping().get_upstream_mapped_partitions_result_for_partitions(
        week, calendar.weekly, calendar.daily, dt.datetime(2025, 6, 1, tzinfo=dt.UTC)
    )
    assert list(days.partitions_subset.get_partition_keys()) == [f"2025-01-{day}" for day in range(13, 20)]


def upstream(mapping: dg.TimeWindowPartitionMapping, day: str, kind: str) -> list[str]:
    calendar = own.partitions(dt.date(2025, 1, 6), SHANGHAI)
    result = mapping.get_upstream_mapped_partitions_result_for_partitions(
        calendar.daily.subset_with_partition_keys([day]),
        calendar.daily,
        getattr(calendar, kind),
        dt.datetime(2025, 6, 1, tzinfo=dt.UTC),
    )
    assert result.required_but_nonexistent_subset.is_empty
    return list(result.partitions_subset.get_partition_keys())
