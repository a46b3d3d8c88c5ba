"""What a week decides for one target: promote the new model, carry last week's, or none.

Here: the decision and the rows that say so. Not here: measuring (trial.py), reading and writing (fit.py).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from persona_pipeline.contracts.models import EVALUATION, MODEL
from persona_pipeline.propensity.blocks import Blocks
from persona_pipeline.propensity.candidates import Columns
from persona_pipeline.propensity.model import PropensityModel
from persona_pipeline.propensity.rows import Row, evaluation_rows, lift_rows
from persona_pipeline.propensity.target import Target
from persona_pipeline.propensity.trial import Trial

CHALLENGER = "challenger"


@dataclass(frozen=True, slots=True)
class LastWeek:
    """What last week left of one target: its row of scores.model, test rows and deciles of that model."""

    row: Row
    evaluation: Sequence[Row] = ()
    lift: Sequence[Row] = ()


@dataclass(frozen=True, slots=True)
class Incumbent:
    """Last week's model that may stay in force, and how it did on this week's test when there was one."""

    last_week: LastWeek
    model: PropensityModel
    test: Mapping[str, float] | None = None
    lift: pd.DataFrame | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """The rows of one week and target; `promoted` is the model to store, or None."""

    row: Row
    evaluation: Sequence[Row] = field(default=())
    lift: Sequence[Row] = field(default=())
    promoted: PropensityModel | None = None


def is_usable(row: Row, model: PropensityModel, day: dt.date, target: Target, columns: Columns) -> bool:
    """Whether an earlier model may stay: young enough, its columns still allowed, its cohort unchanged."""
    numeric, text = model.columns()
    return (
        (day - row["fitted_on"]).days <= 7 * target.maximum_age_weeks
        and set(numeric) <= set(columns.numeric)
        and set(text) <= set(columns.text)
        and model.conditions() == tuple(target.eligible)
    )


def refuse(day: dt.date, target: Target, incumbent: Incumbent | None, reason: str) -> Decision:
    """No new model. Last week's stays, with what was last measured of it; without one there is none."""
    if incumbent is None:
        return Decision(_empty_row(day, target, reason))
    last = incumbent.last_week
    return Decision(
        {**last.row, "day": day, "status": "carried", "status_reason": reason},
        [{**row, "day": day} for row in last.evaluation if row["sample"] == "test"],
        [{**row, "day": day} for row in last.lift],
    )


def decide(
    day: dt.date, target: Target, blocks: Blocks, trial: Trial, incumbent: Incumbent | None
) -> Decision:
    """Promote the trial's champion if nothing speaks against it and it beats last week's on the same test.

    Every week's validation and gate rows are kept. The test rows under the name of the model in force are
    that model's; a champion that was not promoted stands as "challenger" beside it.
    """
    measured = evaluation_rows(day, target.name, validation=trial.validation, gate=trial.gate)
    problems = list(trial.problems)
    if not problems and incumbent is not None and incumbent.test is not None and trial.model is not None:
        new, old = trial.test[trial.model.algorithm]["log_loss"], incumbent.test["log_loss"]
        if not new < old:
            problems.append(
                f"the new {trial.model.algorithm} has log loss {new:.4f} on the test, not below {old:.4f} of "
                f"{incumbent.last_week.row['model_id']}"
            )
    if not problems and trial.model is not None:
        row = _promoted_row(day, target, blocks, trial, trial.model)
        tested = evaluation_rows(day, target.name, test=trial.test)
        return Decision(row, [*measured, *tested], lift_rows(day, target.name, trial.lift), trial.model)
    refused = refuse(day, target, incumbent, "; ".join(problems) + _left_out(trial))
    if incumbent is None or incumbent.test is None or incumbent.lift is None:
        tested = evaluation_rows(day, target.name, test=trial.test)
        return Decision(refused.row, _merge(measured, tested, refused.evaluation), refused.lift)
    champion = trial.model.algorithm if trial.model is not None else None
    test = {(CHALLENGER if name == champion else name): values for name, values in trial.test.items()}
    tested = evaluation_rows(day, target.name, test={**test, incumbent.model.algorithm: incumbent.test})
    return Decision(refused.row, [*measured, *tested], lift_rows(day, target.name, incumbent.lift))


def stored_row(row: Row, sha256: str) -> Row:
    """A promoted row with the hash and the id of its stored model."""
    model_id = f"{row['target']}-{row['fitted_on']:%Y%m%d}-{sha256[:8]}"
    return {**row, "model_id": model_id, "model_sha256": sha256}


def _promoted_row(day: dt.date, target: Target, blocks: Blocks, trial: Trial, model: PropensityModel) -> Row:
    champion = trial.test[model.algorithm]
    rival = min((m["log_loss"], name) for name, m in trial.test.items() if name != model.algorithm)
    reason = (
        f"{model.algorithm} beats every baseline on the test of {blocks.test}: log loss "
        f"{champion['log_loss']:.4f} against {rival[0]:.4f} of {rival[1]}, AUC {champion['roc_auc']:.4f}"
        f"{_left_out(trial)}"
    )
    return {
        **_empty_row(day, target, reason),
        "status": "promoted",
        "fitted_on": day,
        "algorithm": model.algorithm,
        "train_rows": trial.rows,
        "train_positives": trial.positives,
        "train_as_of": " ".join(str(as_of) for as_of in (*blocks.train, blocks.validation)),
        "test_as_of": blocks.test,
        "threshold": trial.threshold,
    }


def _left_out(trial: Trial) -> str:
    """The end of a reason: baselines that could not be asked."""
    return "".join(
        f"; {name} left out: none of its columns varies in the training rows" for name in trial.left_out
    )


def _empty_row(day: dt.date, target: Target, reason: str) -> Row:
    known = {"day": day, "target": target.name, "status": "none", "status_reason": reason}
    counts = {"train_rows": 0, "train_positives": 0, "train_as_of": ""}
    return {column.name: None for column in MODEL.columns} | known | counts


def _merge(*groups: Sequence[Row]) -> list[Row]:
    """Rows of all groups; of rows with one key the first stays."""
    rows: dict[tuple[object, ...], Row] = {}
    for row in (row for group in groups for row in group):
        rows.setdefault(tuple(row[name] for name in EVALUATION.key), row)
    return list(rows.values())
