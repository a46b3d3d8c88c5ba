"""Runs a step once per week or once per day of a range, in order, and commits what it wrote.

Here: the loop over the weeks of a run; each week is committed before the next one starts, because that one
reads it.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence

import dagster as dg

from persona_pipeline.contracts import Table
from persona_pipeline.defs.history import HistoryReader
from persona_pipeline.defs.metadata import asset_key
from persona_pipeline.defs.shop import Shop
from persona_pipeline.engine.protocol import DataFile, Engine, Output, ReadWindow

Illustrate = Callable[[Engine, Sequence[dt.date]], None]
Fit = Callable[[Engine, ReadWindow, Mapping[str, Output], dt.date], Mapping[str, Sequence[DataFile]]]


def each_week(
    shop: Shop,
    tables: Sequence[Table],
    sundays: Sequence[dt.date],
    fit: Fit,
    illustrate: Illustrate | None = None,
) -> Iterable[dg.MaterializeResult]:
    """Fit each week in order; the rows of a week are committed before the next week is fitted.

    Args:
        shop: the project.
        tables: what the step writes.
        sundays: the Sundays of the run, in order.
        fit: fits one week.
        illustrate: adds pictures to the last week, once all weeks are committed.
    """
    from persona_pipeline.contracts.validation import check_files

    rows = dict.fromkeys((table.full_name for table in tables), 0)
    with shop.engine() as engine:
        read = HistoryReader(shop.lake.read, engine)
        for sunday in sundays:
            outputs = {table.full_name: shop.lake.output(table) for table in tables}
            files = fit(engine, read, outputs, sunday)
            for name, output in outputs.items():
                written = files.get(name, [])
                check_files(output.table, [file.path for file in written])
                shop.lake.replace(output, [sunday], written)
                rows[name] += sum(file.rows for file in written)
        if illustrate:
            illustrate(engine, sundays)
    for table in tables:
        yield dg.MaterializeResult(
            asset_key=asset_key(table), metadata={"dagster/row_count": rows[table.full_name]}
        )


def each_day(
    days: Sequence[dt.date], step: Callable[[dt.date], Mapping[str, Sequence[DataFile]]]
) -> dict[str, list[DataFile]]:
    """The files of a step that writes several tables, over all days."""
    files: dict[str, list[DataFile]] = {}
    for day in days:
        for name, written in step(day).items():
            files.setdefault(name, []).extend(written)
    return files
