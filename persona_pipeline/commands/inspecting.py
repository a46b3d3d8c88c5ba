"""Commands that look and change nothing but the pointer: check, doctor, status, customer, rollback.

Not here: runs.
"""

from __future__ import annotations

import collections
import datetime as dt
import json
import platform
import shutil
from importlib.metadata import version
from typing import Any

from persona_pipeline.commands.console import CommandError, console, show_table
from persona_pipeline.defs import state
from persona_pipeline.defs.home import check_fixed
from persona_pipeline.settings import Settings, SettingsError

# the lake and the warehouse together take about as much as the raw files; three times leaves room to rewrite
FACTOR = 3


def status(settings: Settings, *, as_json: bool) -> int:
    """Print what is there per layer; exit code 1 when a ledger does not balance."""
    from persona_pipeline.warehouse import current

    tables = state.layers(settings)
    unbalanced = state.unbalanced_files(settings)
    stale = state.stale_days(settings)
    unfinished = state.unfinished_range(settings)
    publication = current(settings.warehouse_url)
    if as_json:
        found = {
            "tables": tables,
            "unbalanced_files": unbalanced,
            "stale_days": stale,
            "unfinished_range": unfinished,
            "publication": None
            if publication is None
            else {"id": publication.publication_id, "as_of": publication.as_of},
        }
        console.print_json(json.dumps(found, default=str))
    else:
        show_table("Lake", ("table", "days", "first", "last", "rows"), [list(row.values()) for row in tables])
        console.print(
            f"Ledger: {'every file balances' if unbalanced == 0 else f'{unbalanced} files do not balance'}"
        )
        if stale:
            console.print(
                f"Stale since an amendment: {stale[0]} .. {stale[-1]}; "
                "run them again with persona run --from --to"
            )
        if unfinished:
            first, last = unfinished
            console.print(f"Interrupted: {first} .. {last}; persona run --to {last} takes it up")
        text = "none" if publication is None else f"{publication.publication_id}, as of {publication.as_of}"
        console.print(f"Publication: {text}")
    return 1 if unbalanced else 0


def customer(settings: Settings, customer_id: str, as_of: dt.date | None) -> None:
    """Print one profile in words.

    Raises:
        CommandError: no such customer by that day.
    """
    found = state.profile_of(settings, customer_id, as_of)
    if found is None:
        raise CommandError(
            f"no profile of {customer_id} by {as_of or 'now'}; ids look like c_ and 24 digits", code=1
        )
    offers = found.pop("offers")
    tags = found.pop("tags")
    show_table(
        f"{customer_id} on {found['as_of']}", ("what", "value"), [[k, _text(v)] for k, v in found.items()]
    )
    console.print(f"Tags: {', '.join(tags) or 'none'}")
    for offer in offers:
        console.print(f"Offer {offer['rank']}: {offer['product_id']} ({offer['algorithm']})")


def rollback(settings: Settings, publication: int | None) -> None:
    """Move the pointer to an earlier publication, the one before by default."""
    from persona_pipeline.warehouse import WarehouseError
    from persona_pipeline.warehouse import rollback as move

    try:
        found = move(settings.warehouse_url, publication)
    except WarehouseError as error:
        raise CommandError(str(error), code=1) from error
    console.print(f"BI reads publication {found.publication_id}, as of {found.as_of}")


def check(settings: Settings) -> int:
    """Print what each source would bring and its first problems; exit code 1 when a file would be refused."""
    from persona_pipeline.cleaning.inspect import inspect
    from persona_pipeline.defs.shop import Shop
    from persona_pipeline.sources.arrival import arrive
    from persona_pipeline.sources.failure import SourceError
    from persona_pipeline.sources.files import list_files
    from persona_pipeline.sources.fingerprint import fingerprints
    from persona_pipeline.sources.split import split_files

    project, refused = settings.project, 0
    try:
        found = [
            each
            for name, source in settings.sources.items()
            for each in list_files(name, source, settings.directory)
        ]
    except SourceError as error:
        raise CommandError(str(error)) from error
    new = arrive(settings.sources, fingerprints(found), [], (), start=project.start, last=dt.date.max)
    with Shop(settings).engine() as engine:
        for name, source in settings.sources.items():
            seen = inspect(
                engine,
                name,
                source,
                [(each.path, each.sha256, each.day) for each in new if each.source == name],
                split=split_files,
                project_directory=settings.directory,
                start=project.start,
                currency=project.currency,
                time_zone=project.time_zone,
                key=settings.key.get_secret_value() or b"check",
            )
            reasons = ", ".join(f"{reason} {count:,}" for reason, count in sorted(seen.rejected.items()))
            console.print(
                f"{name}: {seen.files:,} files, {seen.records:,} records; rejected: {reasons or 'none'}"
            )
            for line in (*(f"  note: {note}" for note in seen.notes), *map(_problem_line, seen.problems)):
                console.print(line, markup=False, highlight=False)
            refused += sum(problem.line == 0 for problem in seen.problems)
    catalogue = Shop(settings).catalogue
    reasons = collections.Counter(reason for _, reason in catalogue.left_out)
    console.print(f"features: {len(catalogue.outputs)}")
    for reason, count in sorted(reasons.items()):
        console.print(f"  {count} left out: {reason}")
    return 1 if refused else 0


def _problem_line(problem: Any) -> str:
    place = f"{problem.path}:{problem.line}" if problem.line else problem.path
    return f"  {place}: {problem.reason}" + (f" in {problem.field}" if problem.field else "")


def doctor(settings: Settings) -> int:
    """Print one line per thing that must be right; exit code 1 when one is not."""
    lines = [_key_line(settings), _fixed_line(settings), _disk_line(settings), _warehouse_line(settings)]
    lines += _source_lines(settings)
    lines.append((True, f"time zone: {settings.project.time_zone}"))
    packages = ", ".join(
        f"{name} {version(name)}" for name in ("dagster", "duckdb", "deltalake", "pandas", "scikit-learn")
    )
    lines.append((True, f"versions: Python {platform.python_version()}, {packages}"))
    for good, text in lines:
        console.print(f"{'ok  ' if good else 'FIX '} {text}", markup=False, highlight=False)
    return 0 if all(good for good, _ in lines) else 1


def _key_line(settings: Settings) -> tuple[bool, str]:
    if not settings.key.get_secret_value():
        return False, "key: none yet; the first `persona run` creates one, or set PERSONA_KEY"
    file = settings.path(settings.storage.key)
    if file.exists() and file.stat().st_mode & 0o077:
        return False, f"key: others may read {file}; run: chmod 600 {file}"
    return True, "key: present"


def _fixed_line(settings: Settings) -> tuple[bool, str]:
    try:
        file = check_fixed(settings)
    except SettingsError as error:
        return False, f"project: {error}"
    return True, "project: as the first run fixed it" if file.exists() else "project: not run yet"


def _disk_line(settings: Settings) -> tuple[bool, str]:
    raw = sum(
        file.stat().st_size for file in (settings.directory / "data" / "raw").rglob("*") if file.is_file()
    )
    free = shutil.disk_usage(settings.directory).free
    text = f"disk: about {raw * FACTOR / 1e6:,.0f} MB needed, {free / 1e6:,.0f} MB free"
    return free > raw * FACTOR, text


def _warehouse_line(settings: Settings) -> tuple[bool, str]:
    from persona_pipeline.warehouse import WarehouseError, current

    try:
        found = current(settings.warehouse_url)
    except WarehouseError as error:
        return False, f"warehouse: {error}"
    return (
        True,
        f"warehouse: {'no publication yet' if found is None else f'publication {found.publication_id}'}",
    )


def _source_lines(settings: Settings) -> list[tuple[bool, str]]:
    if not settings.sources:
        return [(False, "sources: none; add [sources.orders] to persona.toml")]
    from persona_pipeline.sources.failure import SourceError
    from persona_pipeline.sources.files import list_files

    lines = []
    for name, source in settings.sources.items():
        try:
            count = len(list_files(name, source, settings.directory))
        except SourceError as error:
            lines.append((False, str(error)))
            continue
        hint = "" if count else f"; nothing matches {source.path}"
        lines.append((count > 0, f"source {name}: {count:,} files{hint}"))
    return lines


def _text(value: Any) -> str:
    return "-" if value is None else f"{value:,.3f}" if isinstance(value, float) else str(value)
