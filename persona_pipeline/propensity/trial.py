"""One fit of one target on its training frame: gates, candidates, champion, calibration, the test.

Here: pure functions on a frame. Not here: reading, last week's model, writing (fit.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline

from persona_pipeline.propensity import gates
from persona_pipeline.propensity.blocks import Blocks, NotEnoughData
from persona_pipeline.propensity.calibration import Calibrator, choose_method
from persona_pipeline.propensity.candidates import (
    LOGISTIC,
    Columns,
    candidates_for,
    fit_algorithms,
    probabilities,
)
from persona_pipeline.propensity.frame import Split, rows_of
from persona_pipeline.propensity.metrics import area_under_roc, evaluate, lift_table
from persona_pipeline.propensity.model import PropensityModel, build_model, stored_score
from persona_pipeline.propensity.selection import choose_champion, lost_to
from persona_pipeline.propensity.target import Target

MINIMUM_HELD_OUT = 10  # positives and negatives in each of selection, calibration and test
Measured = Mapping[str, Mapping[str, float]]


@dataclass(frozen=True, slots=True)
class Trial:
    """What one fit measured.

    Attributes:
        problems: the reasons against promotion; without any, there is a model.
        left_out: baselines that had no column to learn from, so that nothing had to beat them.
    """

    validation: Measured
    test: Measured
    gate: Mapping[str, float]
    problems: tuple[str, ...]
    model: PropensityModel | None = None
    lift: pd.DataFrame = field(default_factory=pd.DataFrame)
    threshold: float = 0.0
    rows: int = 0
    positives: int = 0
    left_out: tuple[str, ...] = ()


def check_enough(y: np.ndarray, split: Split, minimum: int) -> None:
    """Refuse samples that are too small.

    Raises:
        NotEnoughData: fewer than `minimum` positives or negatives in train, or next to none in a held-out
        sample.
    """
    needs = [("train", split.train, minimum)]
    needs += [(name, getattr(split, name), MINIMUM_HELD_OUT) for name in ("selection", "calibration", "test")]
    for name, mask, least in needs:
        positives, negatives = int(y[mask].sum()), int((~y[mask]).sum())
        if min(positives, negatives) < least:
            raise NotEnoughData(
                f"{positives} positives and {negatives} negatives in {name}; {least} of each are needed"
            )


def run_trial(
    frame: pd.DataFrame, split: Split, blocks: Blocks, target: Target, columns: Columns, seed: int
) -> Trial:
    """Everything that one week measures for one target.

    The algorithm is chosen on the selection half among fits on the training blocks. It and the baselines are
    then fitted on the training blocks and the selection half together (the latest customers matter most
    while a shop grows), calibrated on the calibration half, and judged on the test. That very model is the
    one to promote; it is not fitted again, so what was measured is what is used.

    Args:
        frame: columns `customer_id`, `as_of`, `label` (boolean) and the features; in order.
        split: disjoint row masks.
        blocks: the as_of days of the frame.
        target: what is predicted.
        columns: the columns the algorithms read.
        seed: of everything random.

    Raises:
        NotEnoughData: too few rows of a class, or no column that varies.
    """
    y = frame["label"].to_numpy(dtype=bool)
    check_enough(y, split, target.minimum_positives)
    candidates = candidates_for(columns)
    fitted = fit_algorithms(
        (*columns.baselines, *candidates), rows_of(frame, split.train), y[split.train], columns, seed
    )
    candidates = tuple(name for name in candidates if name in fitted)
    if LOGISTIC not in candidates:
        raise NotEnoughData(f"none of the columns varies in {int(split.train.sum())} training rows")
    scores = {
        name: probabilities(pipeline, rows_of(frame, split.selection)) for name, pipeline in fitted.items()
    }
    rate = float(y[split.train].mean())
    validation = {name: evaluate(y[split.selection], score, rate) for name, score in scores.items()}
    full_auc = area_under_roc(y[split.selection], scores[LOGISTIC])
    gate, problems = _measure_gates(frame, y, split, blocks, columns, full_auc, seed)
    if problems:
        return Trial(validation, {}, gate, tuple(problems), left_out=_left_out(columns, fitted))
    champion = choose_champion(y[split.selection], scores, candidates)
    learn = split.train | split.selection
    final = fit_algorithms((*columns.baselines, champion), rows_of(frame, learn), y[learn], columns, seed)
    if champion not in final:
        raise NotEnoughData(f"no column of {champion} varies in {int(learn.sum())} rows")
    models = _calibrated(final, rows_of(frame, split.calibration), y[split.calibration], target, columns)
    threshold = float(y[split.calibration].mean())
    tested = {name: model.score(rows_of(frame, split.test)) for name, model in models.items()}
    test = {
        name: evaluate(y[split.test], probability, threshold) for name, (probability, _) in tested.items()
    }
    return Trial(
        validation,
        test,
        gate,
        tuple(lost_to(test[champion], {name: test[name] for name in columns.baselines if name in test})),
        models[champion],
        lift_table(
            rows_of(frame, split.test)["customer_id"].to_numpy(dtype=str), y[split.test], *tested[champion]
        ),
        threshold,
        int(learn.sum()),
        int(y[learn].sum()),
        _left_out(columns, final),
    )


def judge(
    model: PropensityModel, frame: pd.DataFrame, split: Split, threshold: float
) -> tuple[dict[str, float], pd.DataFrame]:
    """Metrics and deciles of a model that is already in force, on this week's test."""
    rows = rows_of(frame, split.test)
    y = rows["label"].to_numpy(dtype=bool)
    probability, score = model.score(rows)
    return evaluate(y, probability, threshold), lift_table(
        rows["customer_id"].to_numpy(dtype=str), y, probability, score
    )


def _left_out(columns: Columns, fitted: Mapping[str, Pipeline]) -> tuple[str, ...]:
    return tuple(name for name in columns.baselines if name not in fitted)


def _measure_gates(
    frame: pd.DataFrame,
    y: np.ndarray,
    split: Split,
    blocks: Blocks,
    columns: Columns,
    full_auc: float,
    seed: int,
) -> tuple[dict[str, float], list[str]]:
    train = split.train
    strongest, area = gates.single_feature_gate(rows_of(frame, train), y[train], columns)
    measured = {
        **gates.overlap_gate(frame, split, blocks),
        "highest_single_feature_auc": area,
        "highest_feature_dependence": gates.dependence_gate(
            frame, y, split, columns, strongest, full_auc, seed
        ),
        **gates.permutation_gate(frame, y, split, columns, seed),
    }
    return measured, gates.failures(measured, strongest)


def _calibrated(
    fitted: Mapping[str, Pipeline], frame: pd.DataFrame, y: np.ndarray, target: Target, columns: Columns
) -> dict[str, PropensityModel]:
    """Every algorithm calibrated in the same way, so that none wins by its calibration."""
    models = {}
    for name, pipeline in fitted.items():
        score = stored_score(pipeline, frame)
        calibrator = Calibrator(choose_method(score, y, target.isotonic_positives)).fit(score, y)
        models[name] = build_model(target.name, name, pipeline, calibrator, columns, target.eligible)
    return models
