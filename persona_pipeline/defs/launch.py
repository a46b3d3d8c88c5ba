"""What launches Dagster runs for the command line: a plan of runs, executed in order.

Here: which runs a day or a range needs, and how each ended. Not here: printing (cli.py).

A range has three phases (all days to facts and labels; weekly fits in order; snapshots), and ends with the
last day as a night of its own, which publishes once. Runs of one stage do not read each other: in a
long range they run at the same time, in processes of their own.
"""

import dataclasses
import datetime as dt
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path

import dagster as dg

from persona_pipeline.defs.build import build
from persona_pipeline.defs.commit import KEPT_TAG
from persona_pipeline.defs.jobs import NIGHTLY, TRAINING
from persona_pipeline.defs.killed_runs import end_killed_runs, process_tag
from persona_pipeline.defs.partitions import week_key
from persona_pipeline.defs.side_by_side import warm_up, workers
from persona_pipeline.settings import Settings

CHUNK = 31
RECENT = 7
SUNDAY = 6
DAY_LAYERS = ("clean", "vault", "identity", "facts")
LABEL = "features/label"
SNAPSHOT = "features/customer"
MODEL_LAYERS = ("segments", "scores", "recommendations", "rules")  # the longest first
APPLIED = ("segments/membership", "scores/prediction", "recommendations/recommendation")
PROFILES = ("profiles/customer_profile", "profiles/customer_tag", "profiles/persona")
LONG = 8  # Sundays from which on processes of their own are worth their start
SPAN = 93
_RANGE_START, _RANGE_END = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"


@dataclass(frozen=True)
class Unit:
    """One Dagster run: a job, some of its assets (all when empty) and the partitions from first to last.

    `kept` names the days of the range whose snapshots are computed; all when empty. Neighbours with the same
    `stage` may run at the same time; an empty one stands alone.
    """

    title: str
    job: str
    assets: tuple[str, ...]
    first: str
    last: str
    kept: tuple[str, ...] = ()
    stage: str = ""


class RunFailed(Exception):
    """A run did not succeed; the message is the reason in one line, `step` where it happened."""

    def __init__(self, step: str, reason: str) -> None:
        super().__init__(step, reason)  # both, so that it can be pickled
        self.step, self.reason = step, reason

    def __str__(self) -> str:
        return f"{self.step}: {self.reason}"


def plan(settings: Settings, first: dt.date, last: dt.date, *, snapshots: str = "weekly") -> list[Unit]:
    """The runs for the days from `first` to `last`.

    Args:
        settings: the project.
        first: first day.
        last: last day; it runs as a night of its own.
        snapshots: `weekly` computes features and what follows for Sundays and the last seven days; `daily`
            for all.
    """
    units: list[Unit] = []
    before = [first + dt.timedelta(days=n) for n in range((last - first).days)]
    day_assets = tuple(key for key in asset_keys(settings) if key.split("/")[0] in DAY_LAYERS) + (LABEL,)
    for chunk in _chunks(before):
        units.append(_unit("files to facts", NIGHTLY, day_assets, chunk[0], chunk[-1]))
    recent = last - dt.timedelta(days=RECENT)
    kept = [day for day in before if snapshots == "daily" or day.weekday() == SUNDAY or day > recent]
    units += [_unit("features", NIGHTLY, (SNAPSHOT,), *ends) for ends in _spans(kept)]
    sundays = [day for day in before if day.weekday() == SUNDAY]
    is_long = len(sundays) >= LONG
    if sundays:
        weeks = (week_key(sundays[0]), week_key(sundays[-1]))
        stage = "models" if is_long else ""
        units += [
            Unit("weekly models", TRAINING, assets, *weeks, stage=stage)
            for assets in (_weekly_layers(settings) if stage else [()])
        ]
    for ends in _spans(kept):
        # profiles read what the other three wrote, which a run that leaves out days cannot say to Dagster
        stage = f"apply {ends[0]}" if is_long else ""
        units += [
            _unit("segments, scores, offers", NIGHTLY, assets, *ends, stage=stage)
            for assets in ([(asset,) for asset in APPLIED] if stage else [APPLIED])
        ]
    units += [_unit("profiles", NIGHTLY, PROFILES, *ends) for ends in _spans(kept)]
    units.append(_unit("night of " + last.isoformat(), NIGHTLY, (), last, last))
    if last.weekday() == SUNDAY:
        units.append(Unit("weekly models", TRAINING, (), week_key(last), week_key(last)))
    return units


def selected(units: Iterable[Unit], settings: Settings, select: Sequence[str]) -> list[Unit]:
    """The same plan with only the assets in `select`, and those that are written in one step with them.

    Runs that have none of them are dropped.
    """
    weekly, daily = (set(asset_keys(settings, weekly=each)) for each in (True, False))
    steps = [
        {key.to_user_string() for key in step.keys}
        for step in build(settings).assets or ()
        if isinstance(step, dg.AssetsDefinition)
    ]
    wanted: set[str] = set().union(*(step for step in steps if step & set(select)))
    kept = []
    for unit in units:
        own = set(unit.assets) or (weekly if unit.job == TRAINING else daily)
        assets = tuple(sorted(own & wanted))
        if assets:
            kept.append(dataclasses.replace(unit, assets=assets))
    return kept


def asset_keys(settings: Settings, *, weekly: bool = False) -> list[str]:
    """Every daily (or every weekly) asset as `layer/name`."""
    return [
        spec.key.to_user_string()
        for spec in build(settings).resolve_all_asset_specs()
        if (spec.tags.get("persona/cadence") == "weekly") == weekly
    ]


def execute(
    settings: Settings, units: Sequence[Unit], *, log_file: Path, tags: Mapping[str, str] | None = None
) -> Iterator[Unit]:
    """Run the units, stage by stage, and yield each when it is done.

    Raises:
        RunFailed: a run failed; those before it stand, those after it did not start.
    """
    processes, tags = settings.engine.processes, dict(tags or {})
    if processes > 1 and any(unit.stage for unit in units):
        warm_up()
    definitions = build(settings)
    with _instance(settings) as instance:
        end_killed_runs(instance)
        for _, stage in itertools.groupby(units, key=lambda unit: unit.stage or unit):
            together = list(stage)
            if processes > 1 and len(together) > 1:
                yield from _side_by_side(settings, together, log_file, tags)
                continue
            for unit in together:
                _run(definitions, instance, unit, log_file, tags)
                yield unit


def _side_by_side(
    settings: Settings, units: Sequence[Unit], log_file: Path, tags: Mapping[str, str]
) -> Iterator[Unit]:
    """Run the units of a stage in worker processes and yield each when it is done."""
    with workers(settings.engine.processes) as pool:
        runs = [pool.submit(_run_apart, settings, unit, log_file, tags) for unit in units]
        try:
            for run in as_completed(runs):
                yield run.result()
        except BrokenProcessPool as error:
            raise RunFailed(units[0].title, "a worker process was killed; run it again") from error
        finally:
            for run in runs:
                run.cancel()


def _run_apart(settings: Settings, unit: Unit, log_file: Path, tags: Mapping[str, str]) -> Unit:
    """Run one unit in a worker process."""
    with _instance(settings) as instance:
        _run(build(settings), instance, unit, log_file, tags)
    return unit


def _run(
    definitions: dg.Definitions,
    instance: dg.DagsterInstance,
    unit: Unit,
    log_file: Path,
    tags: Mapping[str, str],
) -> None:
    """Run one unit in this process.

    Raises:
        RunFailed: the run failed.
    """
    result = definitions.resolve_job_def(unit.job).execute_in_process(
        instance=instance,
        partition_key=unit.first if unit.first == unit.last else None,
        tags={**tags, **process_tag(), **_range_tags(unit)},
        asset_selection=[dg.AssetKey.from_user_string(key) for key in unit.assets] or None,
        run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        raise_on_error=False,
    )
    _log(log_file, unit, result)
    if not result.success:
        raise _failure(result)


def _instance(settings: Settings) -> dg.DagsterInstance:
    return dg.DagsterInstance.from_config(str(settings.directory / ".dagster"))


def _weekly_layers(settings: Settings) -> list[tuple[str, ...]]:
    """The weekly assets of each layer of models; no layer reads what another one fits."""
    weekly = asset_keys(settings, weekly=True)
    found = [tuple(key for key in weekly if key.split("/")[0] == layer) for layer in MODEL_LAYERS]
    if sorted(itertools.chain(*found)) != sorted(weekly):
        raise AssertionError(f"weekly assets outside of {', '.join(MODEL_LAYERS)}")
    return found


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


def _unit(
    title: str,
    job: str,
    assets: tuple[str, ...],
    first: dt.date,
    last: dt.date,
    kept: Sequence[dt.date] = (),
    stage: str = "",
) -> Unit:
    days = tuple(day.isoformat() for day in kept)
    return Unit(title, job, assets, first.isoformat(), last.isoformat(), days, stage)


def _chunks(days: Sequence[dt.date]) -> list[Sequence[dt.date]]:
    return [days[start : start + CHUNK] for start in range(0, len(days), CHUNK)]


def _spans(days: Sequence[dt.date]) -> list[tuple[dt.date, dt.date, Sequence[dt.date]]]:
    """First day, last day and the days themselves of stretches of at most SPAN days."""
    spans: list[list[dt.date]] = []
    for day in days:
        if spans and (day - spans[-1][0]).days < SPAN:
            spans[-1].append(day)
        else:
            spans.append([day])
    return [(span[0], span[-1], span) for span in spans]
