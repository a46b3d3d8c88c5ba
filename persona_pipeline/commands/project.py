"""Creating a project folder: `persona init`, `persona generate`.

Not here: running it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

from persona_pipeline.commands.console import CommandError, console
from persona_pipeline.commands.drafting import draft
from persona_pipeline.defs.home import prepare_home
from persona_pipeline.settings import CONFIGURATION, load_settings

TEMPLATES = Path(__file__).parents[1] / "templates"
DEMO_START = dt.date(2025, 1, 6)


def init(directory: Path, files: Sequence[Path] = ()) -> None:
    """Write a commented persona.toml, or one drafted from `files`, and DAGSTER_HOME into `directory`.

    Raises:
        CommandError: there is a persona.toml already, or a file cannot be understood.
    """
    template = TEMPLATES.joinpath("init.toml").read_text(encoding="utf-8")
    drafted = draft(directory, files, dt.datetime.now(dt.UTC).date()) if files else None
    _write(directory, drafted.text if drafted else template.format(name=directory.resolve().name))
    (directory / "data" / "raw").mkdir(parents=True, exist_ok=True)
    prepare_home(directory)
    if drafted:
        load_settings(directory, create_key=False)
        console.print("Could not decide:")
        for each in drafted.undecided:
            console.print(f"  {each}", markup=False, highlight=False)
    console.print(
        f"{directory / CONFIGURATION} is ready to fill in; then: persona check --project {directory}"
    )


def generate(
    directory: Path,
    *,
    customers: int,
    days: int,
    seed: int,
    strangers: float,
    language: str,
    ceiling: int | None,
) -> None:
    """Write a demo shop: raw files, planted truth and its persona.toml."""
    from persona_pipeline.demo import generate as generate_shop

    if not (directory / CONFIGURATION).exists():
        text = TEMPLATES.joinpath("demo.toml").read_text(encoding="utf-8")
        _write(directory, text.format(start=DEMO_START.isoformat(), language=language, seed=seed))
    prepare_home(directory)
    generate_shop(directory, customers=customers, days=days, seed=seed, start=DEMO_START, strangers=strangers)
    console.print(f"{customers:,} customers over {days} days written to {directory / 'data' / 'raw'}")
    if ceiling:
        from persona_pipeline.demo.ceiling import ceiling as measure_ceiling

        try:
            measured = measure_ceiling(directory, customers=ceiling)
        except ValueError as error:  # too few days; the shop itself is written
            raise CommandError(f"--ceiling: {error}") from None
        reached = [f"{name} AUC {each.attainable_auc:.3f}" for name, each in measured.targets.items()]
        reached.append(f"personas ARI {measured.attainable_ari['1']:.3f}")
        console.print(f"what any model could reach, at {ceiling:,} customers: {', '.join(reached)}")


def _write(directory: Path, text: str) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    file = directory / CONFIGURATION
    if file.exists():
        raise CommandError(f"{file} exists; edit it, or choose another folder")
    file.write_text(text, encoding="utf-8")
