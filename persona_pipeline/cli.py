"""The `persona` command: parse, dispatch, one clear line on failure.

Here: arguments and exit codes. Not here: what the commands do (commands/).
Exit codes: 0 done; 1 a run failed or a check found a problem; 2 configuration or arguments.
"""

from __future__ import annotations

import argparse
import datetime as dt
import math
import sys
from collections.abc import Sequence
from pathlib import Path

from persona_pipeline import __version__
from persona_pipeline.commands.console import CommandError, console, errors
from persona_pipeline.settings import SettingsError, load_settings


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    options = _parser().parse_args(arguments)
    try:
        return options.run(options) or 0
    except (SettingsError, CommandError) as error:
        errors.print(f"persona: {error}", style="red", markup=False, highlight=False)
        return error.code if isinstance(error, CommandError) else 2
    except KeyboardInterrupt:
        errors.print("persona: stopped; what was committed stands, run the same command again")
        return 130


def _init(options: argparse.Namespace) -> None:
    from persona_pipeline.commands.project import init

    init(options.directory, options.files)


def _generate(options: argparse.Namespace) -> None:
    from persona_pipeline.commands.project import generate

    generate(
        options.directory,
        customers=options.customers,
        days=options.days,
        seed=options.seed,
        strangers=options.strangers,
        language=options.language,
        ceiling=options.ceiling,
    )


def _demo(options: argparse.Namespace) -> None:
    from persona_pipeline.commands.project import DEMO_START
    from persona_pipeline.commands.running import report_path, run, summarise
    from persona_pipeline.defs.side_by_side import warm_up

    warm_up()  # the libraries of the run are loaded while the shop is generated
    _generate(options)
    settings = load_settings(options.directory, create_key=False)
    run(settings, DEMO_START, DEMO_START + dt.timedelta(days=options.days - 1))
    summarise(settings)
    console.print(f"Warehouse: {settings.directory / 'data' / 'warehouse.db'}")
    console.print(f"Report: {report_path(settings)}")


def _run(options: argparse.Namespace) -> None:
    from persona_pipeline.commands.running import default_day, run, summarise

    settings = load_settings(options.project, create_key=False)
    if options.day and (options.first or options.last):
        raise CommandError("use either --day, or --from and --to")
    last = options.day or options.last
    if last is None:
        raise CommandError("which day? use --day YYYY-MM-DD, or --from YYYY-MM-DD --to YYYY-MM-DD")
    first = options.day or options.first or default_day(settings)
    run(settings, first, last, select=options.select, snapshots=options.snapshots, amend=options.amend)
    summarise(settings)


def _publish(options: argparse.Namespace) -> None:
    from persona_pipeline.commands.running import run
    from persona_pipeline.defs.state import closed_through

    settings = load_settings(options.project, create_key=False)
    day = closed_through(settings)
    if day is None:
        raise CommandError("nothing to publish: no day has been run yet")
    assets = ["warehouse/publication", "reporting/persona_report"]
    run(settings, day, day, select=assets, accept=options.accept)


def _rollback(options: argparse.Namespace) -> None:
    from persona_pipeline.commands.inspecting import rollback

    rollback(load_settings(options.project), options.publication)


def _check(options: argparse.Namespace) -> int:
    from persona_pipeline.commands.inspecting import check

    return check(load_settings(options.project, create_key=False))


def _doctor(options: argparse.Namespace) -> int:
    from persona_pipeline.commands.diagnosing import doctor

    return doctor(load_settings(options.project, create_key=False), as_json=options.json)


def _status(options: argparse.Namespace) -> int:
    from persona_pipeline.commands.inspecting import status

    return status(load_settings(options.project), as_json=options.json)


def _features(options: argparse.Namespace) -> None:
    from persona_pipeline.commands.explaining import features

    settings = load_settings(options.project, create_key=False)
    features(settings, options.names, as_json=options.json, page=options.markdown)


def _customer(options: argparse.Namespace) -> None:
    from persona_pipeline.commands.inspecting import customer

    customer(load_settings(options.project), options.id, options.as_of)


def _verify(options: argparse.Namespace) -> int:
    from persona_pipeline.commands.verifying import verify

    return verify(load_settings(options.project), as_json=options.json)


def _report(options: argparse.Namespace) -> None:
    from persona_pipeline.defs.publishing import report_day
    from persona_pipeline.defs.state import newest_personas

    settings = load_settings(options.project)
    day, _ = newest_personas(settings, settings.project.language)
    if day is None:
        raise CommandError("nothing to report: no day has been run yet")
    from persona_pipeline.defs.shop import Shop

    console.print(f"Report: {report_day(Shop(settings), day)}")


def _ui(options: argparse.Namespace) -> int:
    from persona_pipeline.commands.serving import serve

    return serve(load_settings(options.project), port=options.port)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="persona", description="Raw customer traces in, customer profiles out."
    )
    parser.add_argument("--version", action="version", version=f"persona_pipeline {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, run, text: str, *, project: bool = True) -> argparse.ArgumentParser:  # noqa: ANN001
        command = commands.add_parser(name, help=text, description=text)
        command.set_defaults(run=run)
        if project:
            command.add_argument(
                "--project", type=Path, default=Path(), metavar="DIR", help="project folder (default: here)"
            )
        return command

    init = add("init", _init, "write a commented persona.toml to fill in", project=False)
    init.add_argument("directory", type=Path, metavar="DIR")
    init.add_argument(
        "--from",
        type=Path,
        action="append",
        default=[],
        dest="files",
        metavar="FILE",
        help="draft it from a file as you have it; once for each file",
    )
    for name, run, text in (
        ("demo", _demo, "generate a shop, run everything, show the personas"),
        ("generate", _generate, "write a demo shop: raw files and the planted truth"),
    ):
        command = add(name, run, text, project=False)
        command.add_argument(
            "directory", type=Path, metavar="DIR", nargs="?" if name == "demo" else None, default=Path("demo")
        )
        command.add_argument("--customers", type=_positive, default=2000)
        command.add_argument("--days", type=_positive, default=240)
        command.add_argument("--seed", type=int, default=7)
        command.add_argument(
            "--strangers",
            type=_ratio,
            default=0.43,
            metavar="RATIO",
            help="web sessions of visitors without an account per session of a customer (default: 0.43); "
            "customers and orders are the same whatever it is",
        )
        command.add_argument("--language", choices=("en", "zh"), default="en")
        command.add_argument(
            "--ceiling",
            type=_positive,
            nargs="?",
            const=200_000,
            metavar="N",
            help="measure what any model could reach",
        )
    add("check", _check, "show what the sources hold and their first problems; writes nothing")
    command = add("run", _run, "materialise days through Dagster")
    command.add_argument("--day", type=_date)
    command.add_argument("--from", type=_date, dest="first", metavar="DAY")
    command.add_argument("--to", type=_date, dest="last", metavar="DAY")
    command.add_argument(
        "--select",
        nargs="+",
        action="extend",
        default=[],
        metavar="ASSET",
        help="only these assets, as layer/name",
    )
    command.add_argument("--snapshots", choices=("weekly", "daily"), default="weekly")
    command.add_argument(
        "--amend", action="store_true", help="admit files that came after a closed day into that day"
    )
    command = add("publish", _publish, "publish the last closed day again; --accept releases a held night")
    command.add_argument("--accept", metavar="REASON")
    command = add("rollback", _rollback, "let BI read an earlier publication")
    command.add_argument("publication", type=_positive, nargs="?")
    command = add("doctor", _doctor, "check key, disk, database, sources, clock, versions; says what to do")
    command.add_argument("--json", action="store_true")
    command = add("status", _status, "what is there: days, rows, publication, ledger")
    command.add_argument("--json", action="store_true")
    command = add("features", _features, "the features of each customer: all of them, or what one is made of")
    command.add_argument("names", nargs="*", metavar="NAME", help="explain these")
    command.add_argument("--json", action="store_true")
    command.add_argument(
        "--markdown", type=Path, metavar="FILE", help="write the whole catalogue as a page of Markdown"
    )
    command = add("customer", _customer, "one profile, in words")
    command.add_argument("id", metavar="ID")
    command.add_argument("--as-of", type=_date, metavar="DAY")
    command = add("verify", _verify, "demo projects: what came out against the planted truth")
    command.add_argument("--json", action="store_true")
    add("report", _report, "write the persona report again")
    command = add("ui", _ui, "open Dagster on loopback: webserver and daemon")
    command.add_argument("--port", type=_positive, default=3000)
    return parser


def _date(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"expected a day as YYYY-MM-DD, got {text!r}") from error


def _ratio(text: str) -> float:
    try:
        ratio = float(text)
    except ValueError:
        ratio = math.nan
    if not 0 <= ratio < math.inf:
        raise argparse.ArgumentTypeError(f"expected a number of at least 0, got {text!r}")
    return ratio


def _positive(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number of at least 1, got {text!r}")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
