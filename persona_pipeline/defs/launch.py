"""What launches Dagster runs for the command line.

Here: running the units of a plan, in this process or several at a time in others, and how each ended. Not
here: which units there are (plan.py), and printing (cli.py).
"""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import dagster as dg

from persona_pipeline.defs.build import build
from persona_pipeline.defs.commit import KEPT_TAG
from persona_pipeline.defs.killed_runs import end_killed_runs, process_tag
from persona_pipeline.defs.plan import Unit
from persona_pipeline.defs.side_by_side import warm_up, workers
from persona_pipeline.settings import Settings

_RANGE_START, _RANGE_END = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"


class RunFailed(Exception):
    """A run did not succeed; the message is the reason in one line, `step` where it happened."""

    def __init__(self, step: str, reason: str) -> None:
        super().__init__(step, reason)  # both, so that it can be pickled
        self.step, self.reason = step, reason

    def __str__(self) -> str:
        return f"{self.step}: {self.reason}"


class Runner:
    """Runs units of one project in this process; what it opened stays open for the next one."""

    def __init__(self, settings: Settings, log_file: Path, tags: Mapping[str, str]) -> None:
        self._definitions = build(settings)
        self._instance = dg.DagsterInstance.from_config(str(settings.directory / ".dagster"))
        self._log_file = log_file
        self._tags = dict(tags)

    def __enter__(self) -> "Runner":
        """Nothing is opened before the first unit."""
        return self

    def __exit__(self, *error: object) -> None:
        """Closes Dagster's storage."""
        self._instance.dispose()

    def run(self, unit: Unit) -> None:
        """Run one unit.

        Raises:
            RunFailed: the run failed.
        """
        result = self._definitions.resolve_job_def(unit.job).execute_in_process(
            instance=self._instance,
            partition_key=unit.first if unit.first == unit.last else None,
            tags={**self._tags, **process_tag(), **_range_tags(unit)},
            asset_selection=[dg.AssetKey.from_user_string(key) for key in unit.assets] or None,
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
            raise_on_error=False,
        )
        _log(self._log_file, unit, result)
        if not result.success:
            raise _failure(result)


def execute(
    settings: Settings, units: Sequence[Unit], *, log_file: Path, tags: Mapping[str, str] | None = None
) -> Iterator[Unit]:
    """Run the units and yield each when it is done.

    Raises:
        RunFailed: a run failed; what was done stands, what had not begun does not begin.
    """
    tags = tags or {}
    with dg.DagsterInstance.from_config(str(settings.directory / ".dagster")) as instance:
        end_killed_runs(instance)
    if settings.engine.processes > 1 and any(unit.after for unit in units):
        yield from _in_workers(settings, units, log_file, tags)
        return
    with Runner(settings, log_file, tags) as runner:
        for unit in units:
            runner.run(unit)
            yield unit


def _in_workers(
    settings: Settings, units: Sequence[Unit], log_file: Path, tags: Mapping[str, str]
) -> Iterator[Unit]:
    """Run units as soon as those they need are done, as many at a time as there are workers."""
    warm_up()
    waiting, done = list(range(len(units))), set[int]()
    running: dict[Future[None], int] = {}
    with workers(settings.engine.processes, _begin, (settings, log_file, dict(tags))) as pool:
        try:
            while waiting or running:
                ready = [at for at in waiting if done.issuperset(units[at].after or range(at))]
                for at in ready[: settings.engine.processes - len(running)]:
                    waiting.remove(at)
                    running[pool.submit(_work, units[at])] = at
                for run in wait(running, return_when=FIRST_COMPLETED).done:
                    at = running.pop(run)
                    run.result()
                    done.add(at)
                    yield units[at]
        except BrokenProcessPool as error:
            raise RunFailed("run", "a worker process was killed; run it again") from error
        finally:
            for run in running:
                run.cancel()


# of a worker process: what it opened for its first unit serves all of them
_runners: list[Runner] = []


def _begin(settings: Settings, log_file: Path, tags: Mapping[str, str]) -> None:
    _runners.append(Runner(settings, log_file, tags))


def _work(unit: Unit) -> None:
    _runners[0].run(unit)


def _range_tags(unit: Unit) -> dict[str, str]:
    kept = {KEPT_TAG: " ".join(unit.kept)} if unit.kept else {}
    return kept if unit.first == unit.last else {_RANGE_START: unit.first, _RANGE_END: unit.last, **kept}


def _failure(result: dg.ExecuteInProcessResult) -> RunFailed:
    """The first failed step and the innermost reason, on one line."""
    for event in result.all_events:
        if event.is_step_failure and event.step_failure_data.error:
            error = event.step_failure_data.error
            while error.cause is not None:
                error = error.cause
            return RunFailed(str(event.step_key), _one_line(error.message))
    return RunFailed("run", "did not start; see the log file")


def _one_line(message: str) -> str:
    """An error's message on one line, without the name of its class."""
    text = "; ".join(line.strip() for line in message.splitlines() if line.strip())
    head, _, rest = text.partition(": ")
    return (rest if rest and "." in head and " " not in head else text)[:600]


def _log(file: Path, unit: Unit, result: dg.ExecuteInProcessResult) -> None:
    """Append what happened in a run: one line per event, and the whole traceback of a failure."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a", encoding="utf-8") as log:
        log.write(f"== {unit.title} {unit.first} .. {unit.last}, run {result.run_id}\n")
        for event in result.all_events:
            if event.message:
                log.write(f"{event.step_key or '-'}: {event.message.splitlines()[0]}\n")
            if event.is_step_failure and event.step_failure_data.error:
                log.write(event.step_failure_data.error.to_string() + "\n")
