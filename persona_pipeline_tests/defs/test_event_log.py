"""The event log with open connections against Dagster's own class, the oracle: same files, same answers."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.definitions.asset_checks.asset_check_evaluation import AssetCheckEvaluationPlanned
from dagster._core.events import DagsterEvent, DagsterEventType
from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage

from persona_pipeline.defs.event_log import PooledSqliteEventLogStorage
from persona_pipeline.defs.home import prepare_home
from persona_pipeline_tests.defs.counting import KEY, count

DAYS = ["2025-01-06", "2025-01-07", "2025-01-08"]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return prepare_home(tmp_path)


def test_the_project_uses_it(home: Path) -> None:
    with dg.DagsterInstance.from_config(str(home)) as instance:
        assert type(instance.event_log_storage) is PooledSqliteEventLogStorage
        assert Path(instance.event_log_storage._base_dir) == home / "history"


def test_what_it_writes_dagsters_own_class_reads(home: Path) -> None:
    """Every event of a range run, the materialised partitions and the records of the asset."""
    run_id = count(str(home), DAYS[0], DAYS[-1])
    pooled, stock = (
        kind(str(home / "history")) for kind in (PooledSqliteEventLogStorage, SqliteEventLogStorage)
    )
    try:
        events = stock.get_logs_for_run(run_id)
        assert pooled.get_logs_for_run(run_id) == events
        kinds = [event.dagster_event.event_type_value for event in events if event.dagster_event]
        assert kinds.count("ASSET_MATERIALIZATION") == 3
        assert (kinds[-1], kinds.count("STEP_SUCCESS")) == ("PIPELINE_SUCCESS", 1)
        assert pooled.get_stats_for_run(run_id) == stock.get_stats_for_run(run_id)
        for storage in (pooled, stock):
            assert storage.get_materialized_partitions(KEY) == set(DAYS)
        wanted = dg.EventRecordsFilter(dg.DagsterEventType.ASSET_MATERIALIZATION, asset_key=KEY)
        records = stock.get_event_records(wanted)
        assert pooled.get_event_records(wanted) == records
        assert [record.partition_key for record in records] == DAYS[::-1], "newest first"
    finally:
        pooled.dispose()
        stock.dispose()


def test_it_stores_what_dagsters_own_class_stores(tmp_path: Path, home: Path) -> None:
    """The same run on both: the same events in the same order, but for times and ids."""
    other = tmp_path / "stock"
    other.mkdir()
    (other / "dagster.yaml").write_text("telemetry:\n  enabled: false\n", encoding="utf-8")
    stored = []
    for folder in (home, other):
        run_id = count(str(folder), DAYS[0], DAYS[-1])
        with dg.DagsterInstance.from_config(str(folder)) as instance:
            stored.append([outline(entry) for entry in instance.all_logs(run_id)])
    assert stored[0] == stored[1]
    assert len(stored[0]) > 10


def outline(entry: dg.EventLogEntry) -> tuple[object, ...]:
    event = entry.dagster_event
    return (
        entry.level,
        entry.step_key,
        entry.job_name,
        event.event_type_value if event else entry.user_message,
        event.partition if event else None,
        str(event.asset_key) if event else None,
    )


def test_planned_checks_alone_are_stored_once(home: Path) -> None:
    """A run of checks only, as the UI starts it: its batch names no asset's materialisation."""
    keys = [dg.AssetCheckKey(KEY, name) for name in ("one", "other")]
    events = [
        dg.EventLogEntry(
            error_info=None,
            level=10,
            user_message="",
            run_id="run",
            timestamp=1_700_000_000.0,
            dagster_event=DagsterEvent(
                event_type_value=DagsterEventType.ASSET_CHECK_EVALUATION_PLANNED.value,
                job_name="checks",
                event_specific_data=AssetCheckEvaluationPlanned(asset_key=key.asset_key, check_name=key.name),
            ),
        )
        for key in keys
    ]
    pooled = PooledSqliteEventLogStorage(str(home / "history"))
    try:
        pooled.store_event_batch(events)
        assert pooled.get_logs_for_run("run") == events
        for key in keys:
            assert len(pooled.get_asset_check_execution_history(key, limit=5)) == 1
    finally:
        pooled.dispose()


def test_two_processes_write_at_once(home: Path, repository: Path) -> None:
    """Neither loses an event, and a third process that had the files open before sees all of them."""
    with dg.DagsterInstance.from_config(str(home)):  # two processes that create Dagster's own runs.db race
        pooled = PooledSqliteEventLogStorage(str(home / "history"))
    assert pooled.get_materialized_partitions(KEY) == set()
    windows = [("2025-01-06", "2025-01-15"), ("2025-01-16", "2025-01-25")]
    module = "persona_pipeline_tests.defs.counting"
    writers = [
        subprocess.Popen(
            [sys.executable, "-m", module, str(home), "2", *window],
            cwd=repository,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for window in windows
    ]
    said = [writer.communicate(timeout=200)[0] for writer in writers]
    try:
        assert [writer.returncode for writer in writers] == [0, 0], said
        wanted = dg.EventRecordsFilter(dg.DagsterEventType.ASSET_MATERIALIZATION, asset_key=KEY)
        found = [record.partition_key or "" for record in pooled.get_event_records(wanted)]
        assert sorted(found) == sorted(f"2025-01-{day:02}" for day in range(6, 26) for _ in range(2))
    finally:
        pooled.dispose()
