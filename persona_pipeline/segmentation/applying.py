"""The daily step: every customer of a day gets the segment of the model in force, and RFM beside it.

Here: scoring in batches; it cannot fit. Not here: the fit (fitting.py).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from persona_pipeline.contracts import Table
from persona_pipeline.contracts.calendar import week_of
from persona_pipeline.contracts.models import MEMBERSHIP, SEGMENT_FIT
from persona_pipeline.engine.protocol import DataFile, Engine, ModelStore, Output, ReadWindow
from persona_pipeline.engine.sql import sql_text
from persona_pipeline.segmentation.clustering import Matrix, place
from persona_pipeline.segmentation.matrix import (
    SCORES,
    behaviour,
    behaviour_matrix,
    check_features,
    customers_of,
    stage_purchases,
    to_matrix,
)
from persona_pipeline.segmentation.rfm import rfm_segment
from persona_pipeline.segmentation.rows import arrow_rows
from persona_pipeline.segmentation.storage import Segmentation, from_bytes


@dataclass(frozen=True, slots=True)
class InForce:
    """The model of the week and its id."""

    segmentation: Segmentation
    model_id: str


def apply_day(
    engine: Engine, read: ReadWindow, output: Output, features: Table, day: dt.date, models: ModelStore
) -> list[DataFile]:
    """Write segments.membership of one day: a row for every customer with features on that day.

    The model is the one in force after `week_of(day)`, never a newer one. A customer without any order has
    no segment and no RFM scores; while nothing is in force, nobody has a segment, but RFM is there.
    """
    week = week_of(day)
    weeks = engine.fetch("SELECT * FROM fit", {"fit": read(SEGMENT_FIT, week, week)}).to_pylist()
    in_force = None
    if weeks and weeks[0]["model_sha256"]:
        in_force = InForce(from_bytes(models.get(weeks[0]["model_sha256"])), weeks[0]["model_id"])
    names, categories = (
        (in_force.segmentation.features, in_force.segmentation.categories) if in_force else ((), ())
    )
    today = customers_of(read, features, day)
    again = f"the segmentation of {week} (train it again: persona run --day {week} --select segments/fit)"
    check_features(names, today.table or features, again)
    rfm = engine.stage(sql_text("segments/rfm"), {"features": today})
    scored = engine.stage(*behaviour(names, categories, today, stage_purchases(engine, read, day), rfm))
    files = engine.map_batches(scored, lambda batch: score(batch, day, in_force), output)
    if not isinstance(files, list):
        raise TypeError("map_batches with an output must return data files")
    return files


def score(batch: pa.Table, day: dt.date, in_force: InForce | None) -> pa.Table:
    """Rows of segments.membership for a batch with `customer_id`, `has_ordered`, RFM scores and behaviour."""
    empty = arrow_rows(MEMBERSHIP, [])
    rows = batch.num_rows
    if rows == 0:
        return empty
    ordered = batch.column("has_ordered").to_numpy(zero_copy_only=False).astype(bool)
    keys, distance, confidence, outlier = (
        np.full(rows, None, dtype=object),
        np.full(rows, np.nan),
        np.full(rows, np.nan),
        np.zeros(rows, dtype=bool),
    )
    if in_force and ordered.any():
        model = in_force.segmentation
        placed = place(model.pipeline, behaviour_matrix(batch, model.features, model.categories)[ordered])
        keys[ordered] = np.array([*model.keys, None], dtype=object)[placed.labels]  # -1: none of them
        distance[ordered] = placed.distances.min(axis=1)
        sure = margin(placed.distances) if placed.confidence is None else placed.confidence
        confidence[ordered] = np.where(placed.labels < 0, np.nan, sure)
        outlier[ordered] = (placed.labels < 0) | (distance[ordered] > model.outlier_distance)
    columns = {
        "day": pa.array([day] * rows, pa.date32()),
        "as_of": pa.array([day] * rows, pa.date32()),
        "customer_id": batch.column("customer_id"),
        "segment_key": pa.array(keys, pa.string()),
        "distance": pa.array(distance, pa.float64(), from_pandas=True),
        "confidence": pa.array(confidence, pa.float64(), from_pandas=True),
        "is_outlier": pa.array(outlier),
        **{name: batch.column(name).cast(pa.int64()) for name in SCORES},
        "rfm_segment": pa.array(
            rfm_segment(*(to_matrix(batch, [name])[:, 0] for name in SCORES)), pa.string()
        ),
        "model_id": pa.array([in_force.model_id if in_force else None] * rows, pa.string()),
    }
    return pa.table([columns[name] for name in empty.column_names], schema=empty.schema)


def margin(distances: Matrix) -> Matrix:
    """How much nearer the nearest segment is than the second one, in [0, 1]; 0 where both are as near.

    Source: Hruschka, de Castro and Campello 2004, the simplified silhouette of one object.
    """
    first, second = np.sort(distances, axis=1)[:, :2].T
    return np.where(second > 0, 1 - first / np.where(second > 0, second, 1), 0.0)
