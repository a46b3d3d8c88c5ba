"""Settings become Definitions: assets, checks, jobs, schedules and the one resource."""

import datetime as dt
from pathlib import Path

import dagster as dg
from pydantic import SecretBytes

from persona_pipeline.defs.assets import all_assets
from persona_pipeline.defs.checks import checks
from persona_pipeline.defs.jobs import jobs
from persona_pipeline.defs.partitions import partitions
from persona_pipeline.defs.schedules import schedules_and_sensors
from persona_pipeline.defs.shop import Shop
from persona_pipeline.settings import Project, Settings, load_settings, project_directory


def definitions() -> dg.Definitions:
    """The definitions of the project in `PERSONA_PROJECT`, or of an empty one."""
    directory = project_directory()
    return build(load_settings(directory, create_key=False) if directory else empty())


def build(settings: Settings) -> dg.Definitions:
    """The definitions of one project; steps run in one process unless the deployment says otherwise."""
    parts = partitions(settings.project.start, settings.project.time_zone)
    all_jobs = jobs()
    schedules, sensors = schedules_and_sensors(settings, all_jobs)
    return dg.Definitions(
        assets=all_assets(settings, parts),
        asset_checks=checks(),
        jobs=all_jobs,
        schedules=schedules,
        sensors=sensors,
        resources={"shop": Shop(settings)},
        executor=dg.in_process_executor,
    )


def empty() -> Settings:
    """A project without sources, so that Dagster opens without one."""
    project = Project(name="empty", start=dt.date(2025, 1, 6), currency="CNY")
    return Settings(directory=Path("empty"), key=SecretBytes(b""), project=project)
