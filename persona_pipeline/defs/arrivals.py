"""The two halves of the clean step: admit the files that arrived, then clean the days.

Here: what each half is given. Not here: when a file counts as known (sources) and what a record becomes
(cleaning).
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from persona_pipeline.contracts import clean
from persona_pipeline.defs.shop import Shop
from persona_pipeline.defs.state import closed_days, record_amendment
from persona_pipeline.engine.protocol import DataFile, Output, Window

if TYPE_CHECKING:
    from persona_pipeline.engine.duckdb import DuckDBEngine
    from persona_pipeline.sources.arrival import Arrival


def admit(
    shop: Shop, days: Sequence[dt.date], *, amend: bool, run_id: str
) -> tuple[Output, list[dt.date], list[DataFile]]:
    """Decide which new file contents are known on which of `days`; rows of days already decided are kept.

    A closed day admits nothing new, unless it is amended.

    Returns:
        The output of clean.arrival, the days whose rows are replaced, and the files with all rows of those
        days.
    """
    from persona_pipeline.sources.arrival import arrival_rows, arrive
    from persona_pipeline.sources.extract import extract
    from persona_pipeline.sources.growing import present
    from persona_pipeline.sources.kinds import DATABASES

    settings = shop.settings
    closed = closed_days(settings)
    reopened = {day for day in days if day in closed} if amend else set()
    output = shop.lake.output(clean.ARRIVAL)
    for name, source in settings.sources.items():
        if source.format in DATABASES:
            asked = [day for day in days if day not in closed]
            zone = settings.project.time_zone
            extract(name, source, asked, project_directory=settings.directory, time_zone=zone)
    with shop.embedded() as engine:
        known = arrivals(shop, engine)
        cache = settings.path("data/scratch/fingerprints.json")
        marks = present(settings.sources, settings.directory, known, cache)
        new = arrive(settings.sources, marks, known, closed - reopened, start=shop.start, last=max(days))
        admitted = [arrival for arrival in new if arrival.day in set(days)]
        touched = sorted({arrival.day for arrival in admitted})
        rows = arrival_rows([arrival for arrival in (*known, *admitted) if arrival.day in touched])
        files = engine.select_into("SELECT * FROM arrived", {"arrived": rows}, output) if touched else []
    for day in sorted(reopened):
        record_amendment(settings, day, run_id)
    return output, touched, files


def arrivals(shop: Shop, engine: "DuckDBEngine") -> "list[Arrival]":
    """The arrivals already decided."""
    from persona_pipeline.sources.arrival import known_arrivals

    rows = shop.lake.read(clean.ARRIVAL, None, None)
    return known_arrivals(engine.fetch("SELECT * FROM arrival", {"arrival": rows}))


def clean_days(
    shop: Shop, engine: "DuckDBEngine", outputs: Mapping[str, Output], days: Sequence[dt.date], run_id: str
) -> dict[str, list[DataFile]]:
    """Clean everything that became known on `days`."""
    from persona_pipeline.cleaning.window import clean_window
    from persona_pipeline.sources.split import split_files

    settings = shop.settings
    return clean_window(
        engine,
        sources=settings.sources,
        split=split_files,
        project_directory=settings.directory,
        start=shop.start,
        currency=settings.project.currency,
        time_zone=settings.project.time_zone,
        key=shop.key,
        read=shop.lake.read,
        outputs=outputs,
        window=Window(min(days), max(days)),
        split_directory=settings.path("data/split"),
        run_id=run_id,
    )
