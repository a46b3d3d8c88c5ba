"""When the jobs run: every night, and the training of a week after the night of its Sunday has succeeded.

Here: the schedule, the sensor behind it and the message for a failed night. Not here: what the jobs do.
"""

import datetime as dt
import json
import urllib.request

import dagster as dg

from persona_pipeline.contracts.calendar import SUNDAY
from persona_pipeline.defs.jobs import NIGHTLY, TRAINING
from persona_pipeline.defs.partitions import week_key
from persona_pipeline.settings import Settings


def schedules_and_sensors(settings: Settings, jobs: list) -> tuple[list, list]:
    """The nightly schedule; the sensors for training and for failures."""
    by_name = {job.name: job for job in jobs}
    nightly = dg.build_schedule_from_partitioned_job(
        by_name[NIGHTLY],
        name=NIGHTLY + "_schedule",
        hour_of_day=2,
        minute_of_hour=0,
        description="Processes yesterday at 02:00 business time.",
        default_status=dg.DefaultScheduleStatus.RUNNING,
    )

    @dg.run_status_sensor(
        run_status=dg.DagsterRunStatus.SUCCESS,
        name=TRAINING + "_sensor",
        monitored_jobs=[by_name[NIGHTLY]],
        request_job=by_name[TRAINING],
        description="Trains a week once the night of its Sunday has succeeded.",
        default_status=dg.DefaultSensorStatus.RUNNING,
    )
    def training(context: dg.RunStatusSensorContext):
        key = context.dagster_run.tags.get("dagster/partition", "")
        if not key or dt.date.fromisoformat(key).weekday() != SUNDAY:
            return dg.SkipReason("not the night of a Sunday")
        week = week_key(dt.date.fromisoformat(key))
        return dg.RunRequest(run_key=f"{TRAINING}-{week}-{context.dagster_run.run_id}", partition_key=week)

    @dg.run_failure_sensor(
        name="failed_night_sensor",
        description="Sends one line to [notify] webhook when a run fails.",
        default_status=dg.DefaultSensorStatus.RUNNING,
    )
    def failed_night(context: dg.RunFailureSensorContext):
        if settings.notify.webhook is None:
            return dg.SkipReason("no [notify] webhook in persona.toml")
        run = context.dagster_run
        notify(
            settings.notify.webhook.get_secret_value(),
            f"{run.job_name} {run.tags.get('dagster/partition', '')} failed",
        )
        return None

    return [nightly], [training, failed_night]


def notify(url: str, text: str) -> None:
    """POST {"text": ...} to a webhook, as Slack, Teams and DingTalk bridges take it."""
    request = urllib.request.Request(  # noqa: S310 - the URL comes from persona.toml
        url,
        data=json.dumps({"text": text}).encode(),
        headers={"Content-Type": "application/json"},
        method="POST",
    )
    urllib.request.urlopen(request, timeout=10).close()  # noqa: S310
