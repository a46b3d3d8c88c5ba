"""The daily scores: the champion of the last complete week applied to the eligible customers of the day.

Here: reading the champion, scoring in batches, percentile and decile. Not here: fitting; this code cannot
fit.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import numpy as np
import pyarrow as pa

from persona_pipeline.contracts import Purpose, Table
from persona_pipeline.contracts.calendar import week_of
from persona_pipeline.contracts.models import MODEL
from persona_pipeline.engine.protocol import DataFile, Engine, ModelStore, Output, ReadWindow, Relation
from persona_pipeline.propensity.frame import scoring_sql
from persona_pipeline.propensity.model import ModelRefused, PropensityModel, from_bytes

SCORED = pa.schema(
    [
        ("customer_id", pa.string()),
        ("as_of", pa.date32()),
        ("target", pa.string()),
        ("model_id", pa.string()),
        ("probability", pa.float64()),
        ("score", pa.float64()),
    ]
)
# percentile: ties share it (the frame of an ordered window ends with the last peer). Deciles are equal in
# size, so ties are ordered by the score beneath the calibration, then by customer.
RANKED = """
SELECT
    as_of AS day,
    as_of,
    customer_id,
    target,
    probability,
    CAST(count(*) OVER (PARTITION BY target ORDER BY probability) AS DOUBLE)
        / CAST(count(*) OVER (PARTITION BY target) AS DOUBLE) AS percentile,
    ntile(10) OVER (PARTITION BY target ORDER BY probability DESC, score DESC, customer_id) AS decile,
    model_id
FROM scored
"""


def apply_day(
    engine: Engine, read: ReadWindow, output: Output, features: Table, day: dt.date, models: ModelStore
) -> list[DataFile]:
    """Write scores.prediction of `day`: every target with a champion in force, its eligible customers.

    Without a champion there is no row; scores.model says why.

    Raises:
        ModelRefused: a stored model needs a feature that left the catalogue or may not be scored with.
    """
    week = week_of(day)
    champions = engine.fetch(
        "SELECT target, model_id, model_sha256 FROM model WHERE status <> 'none' ORDER BY target",
        {"model": read(MODEL, week, week)},
    ).to_pylist()
    parts = [
        _score_target(
            engine,
            read,
            features,
            day,
            champion["model_id"],
            from_bytes(models.get(champion["model_sha256"])),
        )
        for champion in champions
    ]
    scored = Relation(tuple(path for part in parts for path in part.paths)) if parts else SCORED.empty_table()
    return engine.select_into(RANKED, {"scored": scored}, output)


def _score_target(
    engine: Engine, read: ReadWindow, features: Table, day: dt.date, model_id: str, model: PropensityModel
) -> Relation:
    columns, conditions = model.columns(), model.conditions()
    needed = {*columns[0], *columns[1], *(condition.column for condition in conditions)}
    missing = sorted(needed - {column.name for column in features.columns if column.allows(Purpose.SCORING)})
    if missing:
        raise ModelRefused(
            f"model {model_id} needs features that the catalogue lacks or keeps from scoring: "
            f"{', '.join(missing)}; train that week again: persona run --day {week_of(day)} "
            "--select scores/model"
        )
    cohort = engine.stage(scoring_sql(columns, conditions), {"features": read(features, day, day)})
    scored = engine.map_batches(cohort, score_batch(model, model_id))
    assert isinstance(scored, Relation)  # noqa: S101  (no output was given)
    return scored


def score_batch(model: PropensityModel, model_id: str) -> Callable[[pa.Table], pa.Table]:
    """A function from a batch of customers with features to their probabilities."""

    def score(batch: pa.Table) -> pa.Table:
        probability, raw = model.score(batch.to_pandas())
        return pa.table(
            {
                "customer_id": batch["customer_id"],
                "as_of": batch["as_of"],
                "target": np.full(len(batch), model.target, dtype=object),
                "model_id": np.full(len(batch), model_id, dtype=object),
                "probability": probability,
                "score": raw,
            },
            schema=SCORED,
        )

    return score
