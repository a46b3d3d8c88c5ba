"""The definitions as text: keys, dependencies, partitions, jobs, schedules, sensors, checks.

After a change that is meant, write the committed file anew and read the difference:

    python -m persona_pipeline_tests.defs.snapshot
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import dagster as dg
from pydantic import SecretBytes

from persona_pipeline.defs.build import build
from persona_pipeline.settings import Project, Settings

FILE = Path(__file__).with_name("snapshot.txt")


def settings() -> Settings:
    """A project without sources.

    The definitions depend on the settings in start, time zone and look-backs only.
    """
    project = Project(name="snapshot", start=dt.date(2025, 1, 6), currency="CNY", time_zone="Asia/Shanghai")
    return Settings(directory=Path("snapshot"), key=SecretBytes(b""), project=project)


def text(definitions: dg.Definitions) -> str:
    """One line for each thing, dependencies indented below their asset."""
    lines = []
    graph = definitions.resolve_asset_graph()
    for key in sorted(graph.get_all_asset_keys()):
        node = graph.get(key)
        lines.append(
            f"asset {key.to_user_string()} [{partition(node.partitions_def)}; {policy(node.backfill_policy)}]"
        )
        for parent in sorted(node.parent_keys):
            mapping = node.partition_mappings.get(parent)
            lines.append(f"    <- {parent.to_user_string()}{offsets(mapping)}")
    repository = definitions.get_repository_def()
    for name in sorted(job.name for job in repository.get_all_jobs() if not job.name.startswith("__")):
        selection = sorted(
            key.to_user_string() for key in repository.get_job(name).asset_layer.executable_asset_keys
        )
        lines += [f"job {name}", *(f"    {key}" for key in selection)]
    for schedule in sorted(repository.schedule_defs, key=lambda each: each.name):
        when = f"{schedule.cron_schedule} {schedule.execution_timezone}"
        lines.append(
            f"schedule {schedule.name}: {when}, {schedule.job_name}, {schedule.default_status.value}"
        )
    for sensor in sorted(repository.sensor_defs, key=lambda each: each.name):
        lines.append(f"sensor {sensor.name}: {sensor.sensor_type.value}, {sensor.default_status.value}")
    for check in sorted(graph.asset_check_keys, key=str):
        lines.append(f"check {check.asset_key.to_user_string()}: {check.name}")
    return "\n".join(lines) + "\n"


def partition(definition: dg.PartitionsDefinition | None) -> str:
    if not isinstance(definition, dg.TimeWindowPartitionsDefinition):
        return "not partitioned"
    return f"{definition.cron_schedule} from {definition.start:%Y-%m-%d} {definition.timezone}"


def policy(backfill: dg.BackfillPolicy | None) -> str:
    if backfill is None:
        return "one partition per run"
    most = backfill.max_partitions_per_run
    return f"{most} partitions per run" if most else "all partitions in one run"


def offsets(mapping: dg.PartitionMapping | None) -> str:
    if not isinstance(mapping, dg.TimeWindowPartitionMapping):
        return "" if mapping is None else f" ({type(mapping).__name__})"
    return f" ({mapping.start_offset}..{mapping.end_offset})"


if __name__ == "__main__":
    FILE.write_text(text(build(settings())), encoding="utf-8")
