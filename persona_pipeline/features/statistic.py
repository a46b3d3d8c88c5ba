"""Statistics of every feature in a day's snapshot, and how far it moved since four weeks before.

Here: which day is compared with, reading snapshots in groups of columns, rows of `features.statistic`. Not
here: the index (stability.py) and who is told of it (defs).
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from persona_pipeline.contracts import Column, Table, Type
from persona_pipeline.contracts.arrow import arrow_schema
from persona_pipeline.contracts.behaviour import STATISTIC
from persona_pipeline.engine.protocol import DataFile, Engine, Output, ReadWindow, Relation
from persona_pipeline.features.customer import staged_snapshots
from persona_pipeline.features.feature import Catalogue, Derived
from persona_pipeline.features.stability import Numbers, Texts, psi_of_numbers, psi_of_texts, reading

NO_FEATURES = ("day", "as_of", "customer_id")
NO_VALUE = "unknown"
REFERENCE_DAYS = 28
PERCENTS = (1, 5, 25, 50, 75, 95, 99)
FEWEST_BEYOND = 5  # customers: below it a figure speaks of single persons
CELLS = 4_000_000  # of a snapshot in memory at a time: 32 MB, and as much of the one compared with


def statistics(
    engine: Engine,
    read: ReadWindow,
    output: Output,
    features: Table,
    catalogue: Catalogue,
    days: Sequence[dt.date],
    start: dt.date,
) -> list[DataFile]:
    """Write `features.statistic` for days whose snapshots are in the lake.

    A row is a function of two snapshots. Where the lake lacks the older one, or some of its columns (a day
    that was left out, a feature that is new), it is computed again: the rows of a day do not depend on which
    days were run before it.

    Args:
        engine: runs the statements.
        read: reads `features.customer`, and what it is made of.
        output: where files of `features.statistic` go.
        features: the contract of `features.customer` with the catalogue's columns.
        catalogue: the features.
        days: the days to write.
        start: first day of the project; there is nothing before it to compare with.

    Returns:
        The files written; none for a day without customers.
    """
    rows: list[dict[str, Any]] = []
    anchored = _anchored(catalogue)
    sundays = {then for day in days if (then := reference_day(day)) >= start}
    references = _snapshots(engine, read, features, catalogue, sorted(sundays))
    for day in days:
        then = reference_day(day)
        shared = {"day": day, "reference_on": then if then in references else None}
        snapshot, reference = read(features, day, day), references.get(then)
        rows += [shared | row for row in _rows(features, anchored, snapshot, reference)]
    table = pa.Table.from_pylist(rows, schema=arrow_schema(STATISTIC))
    return engine.select_into("SELECT * FROM statistic", {"statistic": table}, output) if rows else []


def reference_day(day: dt.date) -> dt.date:
    """The last Sunday at least 28 days before: snapshots of Sundays are kept for ever.

    A Sunday is compared with the fourth Sunday before, another day with a day of 29 to 34 days before.
    """
    before = day - dt.timedelta(days=REFERENCE_DAYS)
    return before - dt.timedelta(days=before.isoweekday() % 7)


def _snapshots(
    engine: Engine, read: ReadWindow, features: Table, catalogue: Catalogue, days: Sequence[dt.date]
) -> dict[dt.date, Relation]:
    """The snapshots of days as the lake has them, computed where it lacks rows or columns."""
    kept = {day: read(features, day, day) for day in days}
    lacking = [day for day, snapshot in kept.items() if not _is_whole(snapshot, features)]
    return kept | staged_snapshots(engine, read, catalogue, lacking)


def _is_whole(snapshot: Relation, features: Table) -> bool:
    wanted = set(features.column_names)
    columns = (pq.read_schema(path).names for path in snapshot.paths if snapshot.evolved)
    return bool(snapshot.paths) and all(wanted.issubset(names) for names in columns)


def _anchored(catalogue: Catalogue) -> set[str]:
    """Features that are not compared: shares shrunken towards that of all customers.

    Who has no rows has the share of all, so that with each night most customers move by a hair, together.
    What the shares are made of is compared.
    """
    return {
        feature.name
        for feature in catalogue.outputs
        if isinstance(feature, Derived) and feature.operation == "shrunk_share"
    }


def _rows(
    features: Table, anchored: set[str], snapshot: Relation, reference: Relation | None
) -> Iterator[dict[str, Any]]:
    """One row per feature, without the two days."""
    customers = _customers(snapshot)
    customers_then = _customers(reference) if reference else None
    columns = [column for column in features.columns if column.name not in NO_FEATURES]
    together = max(1, CELLS // max(customers, customers_then or 0, 1))
    for first in range(0, len(columns) if customers else 0, together):
        group = columns[first : first + together]
        now = _read(snapshot, group)
        then = _read(reference, group) if reference else None
        for column in group:
            row = {
                "feature": column.name,
                "customers": customers,
                "reference_customers": customers_then,
            }
            of = _of_text if column.type is Type.TEXT else _of_number
            yield row | of(column.name, now, None if column.name in anchored else then)


def _customers(snapshot: Relation) -> int:
    return sum(pq.read_metadata(path).num_rows for path in snapshot.paths)


def _read(snapshot: Relation, columns: Sequence[Column]) -> pa.Table:
    """Columns of a snapshot, its rows in any order.

    Not by a statement: over 160 columns it takes 0.1 s for any number of rows, most of them to plan it.
    """
    parts = []
    for path in snapshot.paths:
        with pq.ParquetFile(path) as file:
            parts.append(file.read([column.name for column in columns], use_threads=False))
    return pa.concat_tables(parts)


def _of_text(name: str, now: pa.Table, then: pa.Table | None) -> dict[str, Any]:
    current = _texts(now.column(name))
    psi = None if then is None else psi_of_texts(_texts(then.column(name)), current)
    return {
        "coverage": (current.customers - current.without) / current.customers,
        "distinct_values": len(current.counts),
        "psi": psi,
        "stability": reading(psi),
    }


def _of_number(name: str, now: pa.Table, then: pa.Table | None) -> dict[str, Any]:
    current = _numbers(now.column(name))
    psi = None if then is None else psi_of_numbers(_numbers(then.column(name)), current)
    return {
        "coverage": len(current.values) / current.customers,
        **_distribution(current.values),
        "psi": psi,
        "stability": reading(psi),
    }


def _distribution(values: np.ndarray) -> dict[str, float]:
    """Mean, standard deviation and quantiles of ascending values; those that speak of few are left out.

    Sums run over sorted values: the order of rows differs from run to run, and so would their last bits.
    Quantiles are interpolated between neighbours (Hyndman and Fan 1996, type 7).
    """
    count = len(values)
    if count < FEWEST_BEYOND:
        return {}
    mean = float(values.sum()) / count
    found = {"mean": mean, "standard_deviation": math.sqrt(float(((values - mean) ** 2).sum()) / (count - 1))}
    shown = [percent for percent in PERCENTS if min(percent, 100 - percent) * count >= 100 * FEWEST_BEYOND]
    places = (count - 1) * np.array(shown, dtype=float) / 100
    lower = places.astype(int)
    below, above = values[lower], values[np.minimum(lower + 1, count - 1)]
    quantiles = (below + (above - below) * (places - lower)).tolist()
    return found | {f"p{percent:02}": value for percent, value in zip(shown, quantiles, strict=True)}


def _numbers(column: pa.ChunkedArray) -> Numbers:
    values = np.sort(column.drop_null().cast(pa.float64()).to_numpy())
    return Numbers(len(column), values + 0.0)  # -0.0 and 0.0 are equal to a sort, not to a reader of bits


def _texts(column: pa.ChunkedArray) -> Texts:
    counted = pc.value_counts(column.drop_null())
    counts = dict(zip(counted.field("values").to_pylist(), counted.field("counts").to_pylist(), strict=True))
    counts.pop(NO_VALUE, None)
    return Texts(len(column), counts)
