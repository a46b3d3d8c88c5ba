"""The smallest range-partitioned asset, for tests of the event log; a command too, for a process of its own.

python -m persona_pipeline_tests.defs.counting DAGSTER_HOME RUNS FIRST LAST
"""

from __future__ import annotations

import sys

import dagster as dg

KEY = dg.AssetKey("counted")


@dg.multi_asset(
    specs=[dg.AssetSpec(KEY, partitions_def=dg.DailyPartitionsDefinition("2025-01-06"))],
    backfill_policy=dg.BackfillPolicy.single_run(),
)
def counted():
    yield dg.MaterializeResult(asset_key=KEY, metadata={"dagster/row_count": 5})


def count(home: str, first: str, last: str) -> str:
    """Materialise the days from first to last in one run; returns its id."""
    job = dg.Definitions(
        assets=[counted], executor=dg.in_process_executor
    ).resolve_implicit_global_asset_job_def()
    tags = {"dagster/asset_partition_range_start": first, "dagster/asset_partition_range_end": last}
    quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    with dg.DagsterInstance.from_config(home) as instance:
        result = job.execute_in_process(instance=instance, tags=tags, run_config=quiet)
        assert result.success
        return result.run_id


if __name__ == "__main__":
    home_, runs, first_, last_ = sys.argv[1:]
    for _ in range(int(runs)):
        count(home_, first_, last_)
