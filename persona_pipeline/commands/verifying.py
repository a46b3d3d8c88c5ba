"""`persona verify`: what came out of a demo project against its planted truth, figure by figure.

Here: reading the tables, printing and the exit code. Not here: the comparisons and their goals (demo).
"""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import asdict

import pandas as pd

from persona_pipeline.commands.console import CommandError, console, show_table
from persona_pipeline.contracts.column import Table, Type
from persona_pipeline.defs.shop import Shop
from persona_pipeline.demo import load_truth
from persona_pipeline.demo.comparison import compare
from persona_pipeline.settings import Settings

NUMBERS = (Type.INTEGER, Type.DOUBLE, Type.DECIMAL, Type.BOOLEAN)


def verify(settings: Settings, *, as_json: bool) -> int:
    """Print every figure; exit code 1 when one misses its goal.

    Raises:
        CommandError: the project has no planted truth.
    """
    try:
        truth = load_truth(settings.directory)
    except FileNotFoundError as error:
        raise CommandError(str(error)) from error
    shop = Shop(settings)

    def rows(table: Table) -> pd.DataFrame:
        with shop.embedded() as engine:
            return engine.fetch("SELECT * FROM t", {"t": shop.lake.read(table, None, None)}).to_pandas()

    def snapshot(day: dt.date) -> pd.DataFrame:
        kept = [column.name for column in shop.features.columns if column.type in NUMBERS]
        with shop.embedded() as engine:
            found = engine.fetch("SELECT * FROM t", {"t": shop.lake.read(shop.features, day, day)})
        frame = found.to_pandas()
        return pd.concat([frame["customer_id"], frame[kept].astype("float64")], axis=1)

    figures = list(compare(rows, truth, shop.key, settings.targets, snapshot))
    if as_json:
        console.print_json(json.dumps([asdict(figure) for figure in figures], default=str))
    else:
        cells = [[f.name, f.found, f.goal or "-", "yes" if f.holds else "NO"] for f in figures]
        show_table("Against the planted truth", ("figure", "found", "goal", "holds"), cells)
    return 0 if all(figure.holds for figure in figures) else 1
