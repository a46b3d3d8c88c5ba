"""`persona run` and `persona demo`: days through Dagster, with a progress bar and a summary.

Here: which days, and what is shown. Not here: the runs themselves (defs.launch).
"""

from __future__ import annotations

import datetime as dt
import time
import zoneinfo
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from persona_pipeline.commands.console import CommandError, console, show_table
from persona_pipeline.defs.home import fix, prepare_home
from persona_pipeline.defs.launch import RunFailed, execute
from persona_pipeline.defs.plan import Unit, asset_keys, plan, selected
from persona_pipeline.defs.shop import Shop
from persona_pipeline.defs.state import begin_range, closed_through, end_range, unfinished_range
from persona_pipeline.settings import Settings


def run(
    settings: Settings,
    first: dt.date,
    last: dt.date,
    *,
    select: Sequence[str] = (),
    snapshots: str = "weekly",
    amend: bool = False,
    accept: str | None = None,
) -> None:
    """Materialise the days from `first` to `last`.

    Raises:
        CommandError: the days cannot be run in this order (code 2), or a run failed (code 1).
        SettingsError: the feature catalogue cannot be used.
    """
    _check_order(settings, first, last)
    Shop(settings).check_features()
    if not select:
        _check_finished(settings, first, last)
    units = plan(settings, first, last, snapshots=snapshots)
    if select:
        known = {*asset_keys(settings), *asset_keys(settings, weekly=True)}
        unknown = sorted(set(select) - known)
        if unknown:
            raise CommandError(f"unknown asset {unknown[0]!r}; known: {', '.join(sorted(known))}")
        units = selected(units, settings, select)
    _check_reachable(settings)
    settings = fix(settings)
    if settings.warehouse_folder:
        settings.warehouse_folder.mkdir(parents=True, exist_ok=True)
    prepare_home(settings.directory)
    tags = {**({"persona/amend": "true"} if amend else {}), **({"persona/accept": accept} if accept else {})}
    log_file = settings.directory / "logs" / f"run-{dt.datetime.now(dt.UTC):%Y%m%dT%H%M%S}.log"
    if not select:
        begin_range(settings, first, last)
    begun = time.monotonic()
    try:
        for unit in _shown(
            execute(settings, units, log_file=log_file, tags=tags), f"{first} .. {last}", len(units)
        ):
            if not console.is_terminal:
                console.print(f"{time.monotonic() - begun:5.0f} s  {unit.title}: {unit.first} .. {unit.last}")
    except RunFailed as error:
        raise CommandError(f"{error} (log: {log_file})", code=1) from error
    end_range(settings, last)
    console.print(f"{(last - first).days + 1} days in {time.monotonic() - begun:.0f} s; log: {log_file}")


def _shown(units: Iterator[Unit], title: str, total: int) -> Iterator[Unit]:
    """Pass the finished units on behind a progress bar; the bar is left out when nobody watches."""
    columns = (TextColumn("{task.description:40}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task(title, total=total)
        for unit in units:
            progress.update(task, advance=1, description=f"{unit.title} {unit.first}")
            yield unit


def summarise(settings: Settings) -> None:
    """Print the ledger by source and the personas of the newest snapshot."""
    from persona_pipeline.defs.state import ledger_summary, newest_personas

    show_table(
        "Records by source",
        ("source", "in", "clean", "rejected", "duplicate", "filtered", "suppressed"),
        ledger_summary(settings),
    )
    as_of, personas = newest_personas(settings, settings.project.language)
    if not personas:
        console.print("No personas yet: the first ones follow the first weekly training.")
        return
    columns = ("key", "persona", "customers", "share", "of sales", "P(buy)", "P(churn)")
    show_table(f"Personas on {as_of}", columns, [row[:-1] for row in personas])
    for row in personas:
        console.print(f"{row[0]}: {row[-1]}", markup=False, highlight=False)


def default_day(settings: Settings) -> dt.date:
    """The first day of a range that did not finish, or the next open day."""
    unfinished = unfinished_range(settings)
    return unfinished[0] if unfinished else _next_open_day(settings)


def _next_open_day(settings: Settings) -> dt.date:
    closed = closed_through(settings)
    return closed + dt.timedelta(days=1) if closed else settings.project.start


def _check_order(settings: Settings, first: dt.date, last: dt.date) -> None:
    if last < first:
        raise CommandError(f"--from {first} lies after --to {last}; swap them")
    if first < settings.project.start:
        raise CommandError(f"the project starts on {settings.project.start}; {first} lies before it")
    today = dt.datetime.now(zoneinfo.ZoneInfo(settings.project.time_zone)).date()
    if last >= today:
        raise CommandError(f"{last} is not over yet")
    following = _next_open_day(settings)
    if first > following:
        raise CommandError(
            f"days run in order and {following} is the next open day; "
            f"run: persona run --from {following} --to {last} --project {settings.directory}"
        )


def _check_finished(settings: Settings, first: dt.date, last: dt.date) -> None:
    """Days after an interrupted range would miss the weekly models of its weeks."""
    unfinished = unfinished_range(settings)
    if unfinished is not None and first > unfinished[0]:
        raise CommandError(
            f"the run of {unfinished[0]} .. {unfinished[1]} did not finish; run it again: persona run "
            f"--from {unfinished[0]} --to {max(last, unfinished[1])} --project {settings.directory}"
        )


def _check_reachable(settings: Settings) -> None:
    """The files of every source can be listed and the warehouse answers; nothing is written."""
    from persona_pipeline.sources.failure import SourceError
    from persona_pipeline.sources.files import list_files
    from persona_pipeline.warehouse import WarehouseError, current

    try:
        for name, source in settings.sources.items():
            list_files(name, source, settings.directory)
        folder = settings.warehouse_folder
        if folder is None or folder.is_dir():
            current(settings.warehouse_url)
    except (SourceError, WarehouseError) as error:
        raise CommandError(str(error)) from error


def report_path(settings: Settings) -> Path:
    """Where the persona report stands."""
    return settings.path(settings.storage.report) / "index.html"
