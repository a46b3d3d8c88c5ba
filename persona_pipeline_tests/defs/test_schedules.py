"""When the jobs run and who hears of a failure; the clock is an argument everywhere."""

from __future__ import annotations

import datetime as dt
import http.server
import json
import threading
import zoneinfo
from collections.abc import Iterator

import dagster as dg
import pytest
from pydantic import SecretStr

from persona_pipeline.defs.build import build
from persona_pipeline.defs.schedules import notify
from persona_pipeline.settings import Notify, Settings
from persona_pipeline_tests.defs.snapshot import settings as empty

SHANGHAI = zoneinfo.ZoneInfo("Asia/Shanghai")


@pytest.fixture(scope="module")
def repository_definition() -> dg.RepositoryDefinition:
    return build(empty()).get_repository_def()


# Dagster 1.13's own build_schedule_from_partitioned_job calls it
@pytest.mark.filterwarnings("ignore:Function `JobDefinition.run_request_for_partition`:DeprecationWarning")
@pytest.mark.parametrize(
    ("at", "partition"),
    [
        (dt.datetime(2025, 1, 7, 2, 0, tzinfo=SHANGHAI), "2025-01-06"),
        (dt.datetime(2025, 1, 13, 2, 0, tzinfo=SHANGHAI), "2025-01-12"),
        (dt.datetime(2025, 3, 1, 2, 0, tzinfo=SHANGHAI), "2025-02-28"),
        (dt.datetime(2025, 1, 6, 18, 0, tzinfo=dt.UTC), "2025-01-06"),  # the same moment as the first
    ],
)
def test_nightly_runs_yesterday(
    repository_definition: dg.RepositoryDefinition, at: dt.datetime, partition: str
) -> None:
    schedule = repository_definition.get_schedule_def("nightly_schedule")
    context = dg.build_schedule_context(
        scheduled_execution_time=at,
        repository_def=repository_definition,
        instance=dg.DagsterInstance.ephemeral(),
    )
    [request] = schedule.evaluate_tick(context).run_requests or []
    assert (request.partition_key, request.job_name) in {(partition, None), (partition, "nightly")}


def test_nightly_ticks_at_two_in_business_time(repository_definition: dg.RepositoryDefinition) -> None:
    schedule = repository_definition.get_schedule_def("nightly_schedule")
    assert (schedule.cron_schedule, schedule.execution_timezone) == ("0 2 * * *", "Asia/Shanghai")
    assert schedule.default_status == dg.DefaultScheduleStatus.RUNNING


@pytest.mark.parametrize(
    ("night", "week"),
    [
        ("2025-01-11", None),  # Saturday
        ("2025-01-12", "2025-01-06"),  # Sunday: the week that began on Monday 2025-01-06
        ("2025-01-13", None),  # Monday
        ("2025-03-02", "2025-02-24"),
        ("", None),  # a run without a partition
    ],
)
def test_training_follows_the_night_of_a_sunday(night: str, week: str | None) -> None:
    answer = training(empty(), {"dagster/partition": night} if night else {})
    if week is None:
        assert isinstance(answer, dg.SkipReason)
    else:
        assert isinstance(answer, dg.RunRequest)
        assert answer.partition_key == week


def test_a_repeated_sunday_is_trained_again() -> None:
    """An amended Sunday is a new run of nightly, so its week is trained anew: the run key differs."""
    answers = [training(empty(), {"dagster/partition": "2025-01-12"}) for _ in range(2)]
    requests = [answer for answer in answers if isinstance(answer, dg.RunRequest)]
    assert [request.partition_key for request in requests] == ["2025-01-06"] * 2
    assert requests[0].run_key != requests[1].run_key


def training(settings: Settings, tags: dict[str, str]) -> object:
    """What the sensor answers to a successful run of `nightly` with these tags."""
    sensor = build(settings).get_repository_def().get_sensor_def("weekly_training_sensor")
    instance, run, event = finished(tags, succeeds=True)
    with (
        instance,
        dg.build_run_status_sensor_context(sensor.name, event, instance, run, resources={}) as context,
    ):
        answer = sensor(context)
    assert isinstance(answer, dg.RunRequest | dg.SkipReason)
    return answer


def test_a_failed_night_is_told_in_one_line(webhook: tuple[str, list[bytes]], project: Settings) -> None:
    url, received = webhook
    told = project.model_copy(update={"notify": Notify(webhook=SecretStr(url))})
    assert failed_night(told, {"dagster/partition": "2025-01-12"}) is None
    [body] = received
    [(name, line)] = json.loads(body).items()
    assert name == "text"
    assert "2025-01-12" in line
    assert "failed" in line
    assert "\n" not in line


def test_without_a_webhook_nothing_is_sent(project: Settings) -> None:
    answer = failed_night(project, {"dagster/partition": "2025-01-12"})
    assert isinstance(answer, dg.SkipReason)
    assert "webhook" in str(answer.skip_message)


def failed_night(settings: Settings, tags: dict[str, str]) -> object:
    sensor = build(settings).get_repository_def().get_sensor_def("failed_night_sensor")
    instance, run, event = finished(tags, succeeds=False)
    with (
        instance,
        dg.build_run_status_sensor_context(sensor.name, event, instance, run, resources={}) as context,
    ):
        return sensor(context.for_run_failure())


def finished(
    tags: dict[str, str], *, succeeds: bool
) -> tuple[dg.DagsterInstance, dg.DagsterRun, dg.DagsterEvent]:
    """A run of a job named `nightly` that ended well or badly, as Dagster itself records it."""

    @dg.op
    def step() -> None:
        if not succeeds:
            raise ValueError("on purpose")

    @dg.job(name="nightly")
    def nightly() -> None:
        step()

    instance = dg.DagsterInstance.ephemeral()
    quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    result = nightly.execute_in_process(instance=instance, tags=tags, raise_on_error=False, run_config=quiet)
    event = result.get_run_success_event() if succeeds else result.get_run_failure_event()
    return instance, result.dagster_run, event


def test_notify_posts_text(webhook: tuple[str, list[bytes]]) -> None:
    url, received = webhook
    notify(url, "nightly 2025-01-12 失败")
    assert [json.loads(body) for body in received] == [{"text": "nightly 2025-01-12 失败"}]


@pytest.fixture
def webhook() -> Iterator[tuple[str, list[bytes]]]:
    """A server on loopback and the bodies it received."""
    received: list[bytes] = []

    class Receiver(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.headers["Content-Type"] == "application/json"
            received.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/hook", received
        server.shutdown()
        thread.join()
