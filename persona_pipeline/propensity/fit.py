"""The weekly fit: reads what was known on a Sunday, tries every target, writes the week's rows.

Here: reading, storing models, writing scores.model, scores.evaluation and scores.lift. Not here: what is
measured (trial.py) and what follows from it (decision.py).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from persona_pipeline.contracts import Table
from persona_pipeline.contracts.models import EVALUATION, LIFT, MODEL
from persona_pipeline.engine.protocol import DataFile, Engine, ModelStore, Output, ReadWindow
from persona_pipeline.propensity.blocks import NotEnoughData, plan_blocks
from persona_pipeline.propensity.candidates import Columns
from persona_pipeline.propensity.decision import (
    Decision,
    Incumbent,
    LastWeek,
    decide,
    is_usable,
    refuse,
    stored_row,
)
from persona_pipeline.propensity.frame import split_rows, training_frame
from persona_pipeline.propensity.model import from_bytes, to_bytes
from persona_pipeline.propensity.rows import Row, arrow_rows
from persona_pipeline.propensity.target import Target, model_columns
from persona_pipeline.propensity.trial import judge, run_trial

WEEK = dt.timedelta(weeks=1)


@dataclass(frozen=True, slots=True)
class Week:
    """Where and when a fit happens."""

    engine: Engine
    read: ReadWindow
    features: Table
    day: dt.date
    start: dt.date
    models: ModelStore
    seed: int


def fit_week(  # noqa: PLR0917
    engine: Engine,
    read: ReadWindow,
    outputs: Mapping[str, Output],
    features: Table,
    day: dt.date,
    targets: Sequence[Target],
    start: dt.date,
    models: ModelStore,
    seed: int,
) -> dict[str, list[DataFile]]:
    """Fit every target on Sunday `day` and write the week's rows.

    Args:
        engine: runs the statements.
        read: reads a window of a lake table; only days up to `day` are asked for.
        outputs: by full name: scores.model, scores.evaluation, scores.lift.
        features: features.customer with the columns of the catalogue.
        day: a Sunday.
        targets: what to predict.
        start: first day of the project.
        models: where the fitted models are kept.
        seed: of everything random.

    Returns:
        Written files by full table name.

    Raises:
        ValueError: `day` is not a Sunday, or a target names columns that the features lack.
    """
    week = Week(engine, read, features, day, start, models, seed)
    before = _last_week(week)
    decisions = [_store(week, _try_target(week, target, before.get(target.name))) for target in targets]
    rows: dict[Table, list[Row]] = {
        MODEL: [decision.row for decision in decisions],
        EVALUATION: [row for decision in decisions for row in decision.evaluation],
        LIFT: [row for decision in decisions for row in decision.lift],
    }
    return {
        table.full_name: engine.select_into(
            "SELECT * FROM result", {"result": arrow_rows(table, content)}, outputs[table.full_name]
        )
        for table, content in rows.items()
    }


def _try_target(week: Week, target: Target, before: LastWeek | None) -> Decision:
    numeric, text = model_columns(week.features, target)
    columns = Columns(numeric, text, target.baseline, target.baseline_names)
    incumbent = _incumbent(week, target, columns, before)
    try:
        blocks = plan_blocks(week.day, week.start, target.horizon_days, target.maximum_blocks)
        frame = training_frame(week.engine, week.read, week.features, target, blocks)
        split = split_rows(frame, blocks, week.seed)
        trial = run_trial(frame, split, blocks, target, columns, week.seed)
    except NotEnoughData as refusal:
        return refuse(week.day, target, incumbent, f"too little data: {refusal}")
    if incumbent is not None and trial.model is not None:
        test, lift = judge(incumbent.model, frame, split, incumbent.last_week.row["threshold"])
        incumbent = replace(incumbent, test=test, lift=lift)
    return decide(week.day, target, blocks, trial, incumbent)


def _incumbent(week: Week, target: Target, columns: Columns, before: LastWeek | None) -> Incumbent | None:
    if before is None:
        return None
    model = from_bytes(week.models.get(before.row["model_sha256"]))
    return Incumbent(before, model) if is_usable(before.row, model, week.day, target, columns) else None


def _store(week: Week, decision: Decision) -> Decision:
    if decision.promoted is None:
        return decision
    sha256 = week.models.put(to_bytes(decision.promoted))
    return replace(decision, row=stored_row(decision.row, sha256))


def _last_week(week: Week) -> dict[str, LastWeek]:
    """By target: what the previous Sunday left in force."""
    last = {row["target"]: row for row in _rows(week, MODEL) if row["status"] != "none"}
    evaluation, lift = (_rows(week, EVALUATION), _rows(week, LIFT)) if last else ([], [])
    return {
        target: LastWeek(
            row,
            [found for found in evaluation if found["target"] == target],
            [found for found in lift if found["target"] == target],
        )
        for target, row in last.items()
    }


def _rows(week: Week, table: Table) -> list[Row]:
    previous = week.day - WEEK
    found = week.engine.fetch("SELECT * FROM previous", {"previous": week.read(table, previous, previous)})
    return found.sort_by([(name, "ascending") for name in table.key]).to_pylist()
