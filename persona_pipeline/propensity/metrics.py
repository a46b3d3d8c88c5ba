"""How good probabilities are, on rows the model never saw.

Here: metrics and the decile table as plain numbers. Not here: comparisons between algorithms (selection.py).
"""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from scipy.stats import rankdata
from sklearn.metrics import average_precision_score

from persona_pipeline.propensity.calibration import EDGE, expit, logistic_line, logit

BINS = 10


def area_under_roc(y: np.ndarray, score: np.ndarray) -> float:
    """ROC AUC by ranks (Mann-Whitney), ties counted half; columns of a matrix are scores of their own.

    NaN when a class is absent.
    """
    return float(areas_under_roc(y, score.reshape(-1, 1))[0])


def areas_under_roc(y: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """ROC AUC of every column of `scores`."""
    positives, negatives = int(y.sum()), int((~y).sum())
    if positives == 0 or negatives == 0:
        return np.full(scores.shape[1], math.nan)
    ranks = rankdata(scores, axis=0)[y].sum(axis=0)
    return (ranks - positives * (positives + 1) / 2) / (positives * negatives)


def row_losses(y: np.ndarray, probability: np.ndarray) -> np.ndarray:
    """Log loss of each row."""
    inside = np.clip(probability.astype(np.float64), EDGE, 1 - EDGE)
    return -np.where(y, np.log(inside), np.log1p(-inside))


def evaluate(y: np.ndarray, probability: np.ndarray, threshold: float) -> dict[str, float]:
    """Every metric of the evaluation table; NaN where one is not defined.

    ece: ten bins of equal size. calibration_slope: slope of the outcome on the log odds.
    calibration_intercept: calibration in the large, the shift of the log odds that makes the mean right,
    with slope 1.
    """
    p = probability.astype(np.float64)
    chosen = p >= threshold
    hits = int((chosen & y).sum())
    precision = hits / chosen.sum() if chosen.any() else math.nan
    recall = hits / y.sum() if y.any() else math.nan
    x = logit(p)
    return {
        "roc_auc": area_under_roc(y, p),
        "pr_auc": float(average_precision_score(y, p)),
        "log_loss": float(row_losses(y, p).mean()),
        "brier": float(((p - y) ** 2).mean()),
        "ece": _calibration_error(y, p),
        "calibration_slope": logistic_line(x, y.astype(np.float64))[0] if np.ptp(x) > EDGE else math.nan,
        "calibration_intercept": _shift(x, y),
        "precision": float(precision),
        "recall": float(recall),
        "f1": 2 * hits / float(chosen.sum() + y.sum()) if chosen.any() or y.any() else math.nan,
        "threshold": threshold,
        "customers": float(len(y)),
        "positive_rate": float(y.mean()),
    }


def lift_table(
    customer_id: np.ndarray, y: np.ndarray, probability: np.ndarray, score: np.ndarray
) -> pd.DataFrame:
    """Deciles by probability, then score, then customer, 1 the highest: size, events, lift and gain."""
    order = np.lexsort((customer_id, -score, -probability))
    rows = pd.DataFrame({"decile": _tenths(len(y)), "label": y[order], "probability": probability[order]})
    table = rows.groupby("decile", as_index=False).agg(
        customers=("label", "size"), positives=("label", "sum"), mean_probability=("probability", "mean")
    )
    total = int(y.sum())
    table["observed_rate"] = table["positives"] / table["customers"]
    base = total / len(y)
    table["lift"] = table["observed_rate"] / base if total else math.nan
    table["cumulative_gain"] = table["positives"].cumsum() / total if total else math.nan
    return table


def _tenths(rows: int) -> np.ndarray:
    """1 to 10 as SQL's ntile: sizes differ by one at most, larger ones first."""
    size, larger = divmod(rows, BINS)
    return np.repeat(np.arange(1, BINS + 1), [size + (n < larger) for n in range(BINS)])


def _calibration_error(y: np.ndarray, p: np.ndarray) -> float:
    order = np.argsort(p, kind="stable")
    bins = [part for part in np.array_split(order, BINS) if len(part)]
    return float(sum(abs(float(y[part].sum()) - float(p[part].sum())) for part in bins) / len(y))


def _shift(x: np.ndarray, y: np.ndarray, steps: int = 50) -> float:
    """Newton's method for the one shift; NaN when a class is absent (the shift has no end)."""
    if y.all() or not y.any():
        return math.nan
    shift = 0.0
    for _ in range(steps):
        p = expit(x + shift)
        move = float((y - p).sum() / ((p * (1 - p)).sum() + 1e-12))
        shift += float(np.clip(move, -2.0, 2.0))
        if abs(move) < 1e-10:
            break
    return shift
