"""Commands that look and change nothing but the pointer: check, status, customer, rollback.

Not here: runs, and the surroundings (diagnosing).
"""

from __future__ import annotations

import collections
import datetime as dt
import json
from collections.abc import Sequence
from typing import Any

from persona_pipeline.commands.console import CommandError, console, show_table
from persona_pipeline.defs import state
from persona_pipeline.settings import Settings


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
    from persona_pipeline.sources.growing import present
    from persona_pipeline.sources.split import split_files

    project, refused = settings.project, 0
    shop = Shop(settings)
    catalogue = shop.check_features()
    try:
        marks = present(settings.sources, settings.directory, [])
    except SourceError as error:
        raise CommandError(str(error)) from error
    new = arrive(settings.sources, marks, [], (), start=project.start, last=dt.date.max)
    with shop.embedded() as engine:
        for name, source in settings.sources.items():
            own = [each for each in new if each.source == name]
            until = {
                number: each.through for number, each in enumerate(own) if each.through and source.growing
            }
            seen = inspect(
                engine,
                name,
                source,
                [(each.path, each.sha256, each.day) for each in own],
                split=split_files,
                project_directory=settings.directory,
                start=project.start,
                currency=project.currency,
                time_zone=project.time_zone,
                key=settings.key.get_secret_value() or b"check",
                with_header=source.has_header,
                converts="rates" in settings.source_kinds,
                written=until,
            )
            reasons = ", ".join(f"{reason} {count:,}" for reason, count in sorted(seen.rejected.items()))
            console.print(
                f"{name}: {seen.files:,} files, {seen.records:,} records; rejected: {reasons or 'none'}"
            )
            told = [f"  note: {note}" for note in seen.notes] + [f"  drift: {text}" for text in seen.drift]
            told += map(_problem_line, seen.problems)
            told += _suggested(settings, name, seen.problems)
            for line in told:
                console.print(line, markup=False, highlight=False)
            refused += sum(problem.line == 0 for problem in seen.problems)
    reasons = collections.Counter(reason for _, reason in catalogue.left_out)
    console.print(f"features: {len(catalogue.outputs)}")
    for reason, count in sorted(reasons.items()):
        console.print(f"  {count} left out: {reason}")
    return 1 if refused else 0


def _problem_line(problem: Any) -> str:
    place = f"{problem.path}:{problem.line}" if problem.line else problem.path
    shape = f", which looks like {problem.shape}" if problem.shape else ""
    return f"  {place}: {problem.reason}" + (f" in {problem.field}{shape}" if problem.field else "")


def _suggested(settings: Settings, name: str, problems: Sequence[Any]) -> list[str]:
    """Columns for the first file that lacks some of those its source names."""
    from persona_pipeline.commands.drafting import suggestion
    from persona_pipeline.sources.failure import SourceError
    from persona_pipeline.sources.files import locate

    source = settings.sources[name]
    unmapped = next((each.path for each in problems if each.reason == "missing_column"), None)
    if unmapped is None:
        return []
    try:
        lines = suggestion(locate(source, settings.directory, unmapped), source.kind, source.sheet)
    except SourceError as error:
        return [f"  no suggestion: {error}"]
    head = [f"  {unmapped} has other columns than [sources.{name}] names; perhaps:"]
    return [*head, *(f"    {line}" for line in (f"[sources.{name}.columns]", *lines))]


def _text(value: Any) -> str:
    return "-" if value is None else f"{value:,.3f}" if isinstance(value, float) else str(value)
