"""Leakage gates: measurements that keep a model out of force when the training rows know too much.

Here: overlap of time and customers, features that are the answer, permuted labels. Each returns numbers;
`failures` turns them into sentences. Not here: what happens then.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pandas as pd
from sklearn.tree import DecisionTreeClassifier

from persona_pipeline.propensity.blocks import Blocks
from persona_pipeline.propensity.candidates import LOGISTIC, Columns, fit_algorithms, probabilities
from persona_pipeline.propensity.frame import Split, rows_of
from persona_pipeline.propensity.metrics import area_under_roc, areas_under_roc
from persona_pipeline.propensity.preparation import ColumnEncoder

HIGHEST_SINGLE_AUC = 0.95
HIGHEST_DEPENDENCE = 0.10
PERMUTED_TOLERANCE = 0.03
GATE_ROWS = 20_000  # the permutation gate looks at this many rows at most


def overlap_gate(frame: pd.DataFrame, split: Split, blocks: Blocks) -> dict[str, float]:
    """Rows whose label window reaches past the day of the test, and customers in both validation halves.

    A row used twice (train and validation, or validation and test) counts as time overlap too.
    """
    learned = split.train | split.selection | split.calibration
    ends = frame["as_of"].to_numpy().astype("datetime64[D]") + np.timedelta64(blocks.horizon_days, "D")
    late = learned & (ends > np.datetime64(blocks.test))
    twice = (split.train & (split.selection | split.calibration)) | (learned & split.test)
    halves = [set(rows_of(frame, mask)["customer_id"]) for mask in (split.selection, split.calibration)]
    return {
        "time_overlap_rows": float((late | twice).sum()),
        "customer_overlap": float(len(halves[0] & halves[1])),
    }


def single_feature_gate(frame: pd.DataFrame, y: np.ndarray, columns: Columns) -> tuple[str, float]:
    """The feature that, by value or by being missing, ranks the outcome best, and its AUC."""
    encoder = ColumnEncoder(list(columns.numeric), list(columns.text))
    matrix = encoder.fit(frame).transform(frame)
    names = encoder.names()
    absent = np.isnan(matrix)
    some = np.flatnonzero(absent.any(axis=0))
    ranked = np.hstack([np.where(absent, -np.inf, matrix), absent[:, some]])
    names = [*names, *(names[column] for column in some)]
    area = areas_under_roc(y, ranked)
    strength = np.maximum(area, 1 - area)
    best = int(np.argmax(strength))
    return names[best], float(strength[best])


def dependence_gate(
    frame: pd.DataFrame,
    y: np.ndarray,
    split: Split,
    columns: Columns,
    feature: str,
    full_auc: float,
    seed: int,
) -> float:
    """How much AUC the logistic regression loses on the selection half without `feature`.

    Behaviour is told by many columns at once; a column that no other can stand in for was likely written
    with the outcome.
    """
    numeric = tuple(name for name in columns.numeric if name != feature)
    text = tuple(name for name in columns.text if not feature.startswith(f"{name}="))
    without = replace(columns, numeric=numeric, text=text)
    fitted = fit_algorithms([LOGISTIC], rows_of(frame, split.train), y[split.train], without, seed)
    if LOGISTIC not in fitted:  # nothing else varies
        return full_auc - 0.5
    score = probabilities(fitted[LOGISTIC], rows_of(frame, split.selection))
    return full_auc - area_under_roc(y[split.selection], score)


def permutation_gate(
    frame: pd.DataFrame, y: np.ndarray, split: Split, columns: Columns, seed: int
) -> dict[str, float]:
    """AUC on the selection half of a tree grown on shuffled labels, and how far from 0.5 it may be.

    Every (customer, as_of) keeps one shuffled label in all samples. Shuffled labels can be known only by
    rows that were learned from, so anything but 0.5 says that train and selection share rows. The tolerance
    is 0.03 or three standard errors of an AUC of 0.5, whichever is larger.
    """
    train, selection = np.flatnonzero(split.train)[-GATE_ROWS:], np.flatnonzero(split.selection)[:GATE_ROWS]
    shuffled = np.random.default_rng(seed).permutation(y)
    matrix = frame[list(columns.numeric)].to_numpy(dtype=np.float32)
    tree = DecisionTreeClassifier(splitter="random", max_features="sqrt", random_state=seed)
    tree.fit(matrix[train], shuffled[train])
    seen = shuffled[selection]
    positives = max(int(seen.sum()), 1)
    negatives = max(len(seen) - positives, 1)
    error = math.sqrt((1 / positives + 1 / negatives) / 12)
    return {
        "permuted_label_auc": area_under_roc(seen, np.asarray(tree.predict_proba(matrix[selection]))[:, 1]),
        "permuted_label_tolerance": max(PERMUTED_TOLERANCE, 3 * error),
    }


def failures(measured: dict[str, float], strongest: str) -> list[str]:
    """Sentences for the gates that did not hold."""
    found = []
    if measured["time_overlap_rows"]:
        found.append(
            f"{measured['time_overlap_rows']:.0f} rows overlap the test in time or stand in two samples"
        )
    if measured["customer_overlap"]:
        found.append(f"{measured['customer_overlap']:.0f} customers stand in both halves of the validation")
    if measured["highest_single_feature_auc"] > HIGHEST_SINGLE_AUC:
        found.append(
            f"{strongest} alone has AUC {measured['highest_single_feature_auc']:.3f}, "
            f"more than {HIGHEST_SINGLE_AUC}"
        )
    if measured["highest_feature_dependence"] > HIGHEST_DEPENDENCE:
        found.append(
            f"without {strongest} the AUC falls by {measured['highest_feature_dependence']:.3f}, "
            f"more than {HIGHEST_DEPENDENCE}"
        )
    off = abs(measured["permuted_label_auc"] - 0.5)
    if off > measured["permuted_label_tolerance"]:
        found.append(
            f"permuted labels are predicted with AUC {measured['permuted_label_auc']:.3f}, "
            f"more than {measured['permuted_label_tolerance']:.3f} from 0.5"
        )
    return found
