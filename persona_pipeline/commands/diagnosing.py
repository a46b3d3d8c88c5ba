"""`persona doctor`: a line for each thing around a project that must be right, and what to do if it is not.

Here: key, disk, warehouse, sources, clock, versions. Not here: what the sources hold (inspecting).
"""

from __future__ import annotations

import datetime as dt
import json
import platform
import shutil
import sys
import zoneinfo
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Literal

from persona_pipeline.commands.console import console
from persona_pipeline.defs.home import check_fixed
from persona_pipeline.defs.state import closed_through
from persona_pipeline.settings import Settings, SettingsError

if TYPE_CHECKING:
    from persona_pipeline.sources.source import Source

# the lake and the warehouse together take about as much as the raw files; three times leaves room to rewrite
FACTOR = 3
PYTHON = (3, 11)
CORE = ("dagster", "duckdb", "deltalake", "pyarrow", "pandas", "scikit-learn", "sqlalchemy")
BEHIND = dt.timedelta(days=1)  # a file may be written by a clock that is a little ahead
OLD_DAYS = 3  # after which a source of daily files is worth a look


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: `status` says whether it is right, `text` what was found and what to do."""

    subject: str
    status: Literal["ok", "warning", "error"]
    text: str


def doctor(settings: Settings, *, as_json: bool = False) -> int:
    """Print one line per thing; exit code 1 when one must be mended."""
    now = dt.datetime.now(dt.UTC)
    found = [*diagnose(settings, now)]
    if as_json:
        console.print_json(json.dumps([asdict(each) for each in found]))
    else:
        for each in found:
            console.print(f"{each.status:8}{each.subject}: {each.text}", markup=False, highlight=False)
    return 1 if any(each.status == "error" for each in found) else 0


def diagnose(settings: Settings, now: dt.datetime) -> Iterator[Finding]:
    """Look at everything around a project, as of a moment (with its zone)."""
    yield _key(settings)
    yield _fixed(settings)
    yield _disk(settings)
    yield _warehouse(settings)
    yield from _sources(settings, now)
    yield _features(settings)
    yield _clock(settings, now)
    yield from _versions()
    yield from _spark(settings)


def _key(settings: Settings) -> Finding:
    file = settings.path(settings.storage.key)
    if not settings.key.get_secret_value():
        if (settings.path(settings.storage.lake) / "project.json").exists():
            return Finding(
                "key", "error", f"gone; put {file} back or set PERSONA_KEY: pseudonyms depend on it"
            )
        return Finding("key", "warning", "none yet; the first `persona run` creates one, or set PERSONA_KEY")
    if file.exists() and file.stat().st_mode & 0o077:
        mode = f"{file.stat().st_mode & 0o777:04o}"
        return Finding(
            "key", "error", f"others may read {file} (mode {mode}, expected 0600); chmod 600 {file}"
        )
    return Finding("key", "ok", "present, for its owner only" if file.exists() else "from PERSONA_KEY")


def _fixed(settings: Settings) -> Finding:
    try:
        file = check_fixed(settings)
    except SettingsError as error:
        return Finding("project", "error", str(error))
    return Finding("project", "ok", "as the first run fixed it" if file.exists() else "not run yet")


def _disk(settings: Settings) -> Finding:
    from persona_pipeline.sources.failure import SourceError
    from persona_pipeline.sources.files import list_files

    raw = 0
    for name, source in settings.sources.items():
        try:
            raw += sum(each.file.stat().st_size for each in list_files(name, source, settings.directory))
        except SourceError:
            continue  # told by the line of that source
    free, needed = shutil.disk_usage(settings.directory).free, raw * FACTOR
    text = f"about {needed / 1e6:,.0f} MB needed, {free / 1e6:,.0f} MB free"
    if free > needed:
        return Finding("disk", "ok", text)
    return Finding("disk", "error", f"{text}; make room, or put [storage] lake on a larger disk")


def _warehouse(settings: Settings) -> Finding:
    from persona_pipeline.warehouse import WarehouseError, current, server_version

    folder = settings.warehouse_folder
    if folder is not None and not folder.is_dir():
        return Finding("warehouse", "ok", "not there yet; the first `persona run` creates it")
    try:
        server, found = server_version(settings.warehouse_url), current(settings.warehouse_url)
    except WarehouseError as error:
        return Finding("warehouse", "error", str(error))
    told = (
        "no publication yet" if found is None else f"publication {found.publication_id} as of {found.as_of}"
    )
    return Finding("warehouse", "ok", f"{server}, {told}")


def _sources(settings: Settings, now: dt.datetime) -> Iterator[Finding]:
    from persona_pipeline.sources.failure import SourceError
    from persona_pipeline.sources.files import list_files
    from persona_pipeline.sources.kinds import DATABASES

    if not settings.sources:
        yield Finding("sources", "error", "none; add [sources.orders] to persona.toml")
    today = now.astimezone(zoneinfo.ZoneInfo(settings.project.time_zone)).date()
    for name, source in settings.sources.items():
        subject = f"source {name}"
        if source.format in DATABASES:
            yield _database(settings, name, source)
            continue
        try:
            files = list_files(name, source, settings.directory)
            newest = max(
                (dt.datetime.fromtimestamp(each.file.stat().st_mtime, dt.UTC) for each in files), default=None
            )
            for each in files:
                with each.file.open("rb"):
                    pass
        except (SourceError, OSError) as error:
            yield Finding(subject, "error", f"{error}; put the file back or let it be read")
            continue
        if source.growing:
            yield _growing(settings, name)
            continue
        days = [each.path_day for each in files if each.path_day is not None]
        text = f"{len(files):,} files" + (f", {min(days)} .. {max(days)}" if days else "")
        if newest is None:
            yield Finding(subject, "error", f"nothing matches {source.path}; put files there or correct path")
        elif newest > now + BEHIND:
            yield Finding(
                subject,
                "error",
                f"{text}; a file was written on {newest:%Y-%m-%d}, after the clock; set the clock",
            )
        elif days and max(days) > today:
            yield Finding(
                subject, "warning", f"{text}; the newest is of a day to come, its name may be wrong"
            )
        elif days and today - max(days) > dt.timedelta(days=OLD_DAYS):
            yield Finding(subject, "warning", f"{text}; nothing for {(today - max(days)).days:,} days")
        else:
            yield Finding(subject, "ok", text)


def _growing(settings: Settings, name: str) -> Finding:
    """A file that grows must begin as it did; an incomplete last line waits."""
    from persona_pipeline.defs.arrivals import arrivals
    from persona_pipeline.defs.shop import Shop
    from persona_pipeline.sources.failure import SourceError
    from persona_pipeline.sources.growing import present

    shop = Shop(settings)
    with shop.embedded() as engine:
        known = arrivals(shop, engine)
    try:
        new = present({name: settings.sources[name]}, settings.directory, known)
    except SourceError as error:
        return Finding(f"source {name}", "error", str(error))
    size = sum(mark.size for _, mark in new)
    return Finding(f"source {name}", "ok", f"grows; {size:,} bytes of complete records are new")


def _database(settings: Settings, name: str, source: Source) -> Finding:
    """A database needs no file: a run asks for its days and keeps the answers."""
    from persona_pipeline.sources.extract import reach
    from persona_pipeline.sources.failure import SourceError
    from persona_pipeline.sources.files import list_files

    try:
        shown = reach(name, source)
    except SourceError as error:
        return Finding(f"source {name}", "error", str(error))
    days = sorted(each.path_day for each in list_files(name, source, settings.directory) if each.path_day)
    kept = f"answers of {days[0]} .. {days[-1]} are kept" if days else "no file yet, a run asks for its days"
    return Finding(f"source {name}", "ok", f"{shown} answers; {kept}")


def _features(settings: Settings) -> Finding:
    """The catalogue can be read, and what is chosen of it may be used for that."""
    from persona_pipeline.defs.shop import Shop

    try:
        catalogue = Shop(settings).check_features()
    except SettingsError as error:
        return Finding("features", "error", str(error))
    left = f", {len(catalogue.left_out)} left out for lack of a source" if catalogue.left_out else ""
    return Finding("features", "ok", f"{len(catalogue.outputs)}{left}")


def _clock(settings: Settings, now: dt.datetime) -> Finding:
    local = now.astimezone(zoneinfo.ZoneInfo(settings.project.time_zone))
    text = f"{local:%Y-%m-%d %H:%M} in {settings.project.time_zone}"
    closed = closed_through(settings)
    if settings.project.start > local.date():
        return Finding(
            "clock",
            "error",
            f"{text}, but the project starts on {settings.project.start}; set the clock or start",
        )
    if closed is not None and closed >= local.date():
        return Finding("clock", "error", f"{text}, but {closed} was run already; set the clock")
    return Finding("clock", "ok", text)


def _versions() -> Iterator[Finding]:
    python = platform.python_version()
    if sys.version_info < PYTHON:
        yield Finding("Python", "error", f"{python}; expected {'.'.join(map(str, PYTHON))} or newer")
    else:
        yield Finding("Python", "ok", python)
    found, missing = [], []
    for name in CORE:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            missing.append(name)
    if missing:
        text = f"not installed: {', '.join(missing)}; pip install persona_pipeline again"
        yield Finding("libraries", "error", text)
    else:
        yield Finding("libraries", "ok", ", ".join(found))


def _spark(settings: Settings) -> Iterator[Finding]:
    """What stands between a project and its Spark master; nothing where none is configured."""
    if settings.engine.kind != "spark":
        return
    from persona_pipeline.engine.spark_session import missing, public, silent

    master = settings.engine.spark_master
    problem = missing(master) or silent(master)
    if problem:
        yield Finding("Spark", "error", problem)
    else:
        yield Finding("Spark", "ok", f"ready for {public(master)}; its workers must see {settings.directory}")
