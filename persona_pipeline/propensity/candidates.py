"""The algorithms that compete: three baselines, two logistic regressions, gradient boosting.

Here: how each is built and fitted, deterministic and single-threaded. Not here: who wins (selection.py).
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier
from threadpoolctl import ThreadpoolController

from persona_pipeline.propensity.calibration import expit
from persona_pipeline.propensity.pace import PACE_COLUMNS, PaceTerms, has_pace
from persona_pipeline.propensity.preparation import ColumnEncoder, preparation

MAJORITY = "majority"
COMPACT, LOGISTIC, BOOSTING = "logistic_compact", "logistic", "gradient_boosting"
WIDE = (LOGISTIC, BOOSTING)  # read all columns, through one preparation

SMALL_ROWS = 10_000  # below it, more leaves only follow noise


@dataclass(frozen=True, slots=True)
class Columns:
    """What the algorithms read: all numeric and text columns, and those of the baselines with their names."""

    numeric: tuple[str, ...]
    text: tuple[str, ...]
    baseline: tuple[str, ...]
    baseline_names: tuple[str, str] = ("recency", "rfm_logistic")

    @property
    def baselines(self) -> tuple[str, str, str]:
        """The algorithms that a model has to beat."""
        return (MAJORITY, *self.baseline_names)


class RowwiseLogistic(LogisticRegression):
    """Logistic regression that sums each row by itself in float64.

    A matrix product gives last bits that depend on the other rows of the batch; a score must not.
    """

    def decision_function(self, X: np.ndarray) -> np.ndarray:  # noqa: N803  (scikit-learn's name)
        """Log odds, one per row."""
        terms = np.ascontiguousarray(X, dtype=np.float64) * np.asarray(self.coef_, dtype=np.float64)[0]
        return terms.sum(axis=1) + float(np.asarray(self.intercept_)[0])

    def predict_proba(self, X: np.ndarray) -> np.ndarray:  # noqa: N803
        """Probabilities of no and yes."""
        positive = expit(self.decision_function(X))
        return np.column_stack([1 - positive, positive])


def candidates_for(columns: Columns) -> tuple[str, ...]:
    """The algorithms that may become champion, the simpler first; the compact one where orders count."""
    about_orders = set(columns.baseline) & set(PACE_COLUMNS)
    return (COMPACT, *WIDE) if about_orders and has_pace(columns.numeric) else WIDE


def fit_algorithms(
    names: Iterable[str], frame: pd.DataFrame, y: np.ndarray, columns: Columns, seed: int
) -> Mapping[str, Pipeline]:
    """One fitted Pipeline per name. Those that read all columns share one fitted preparation.

    An algorithm whose columns all say the same of every row (a channel that has not begun) is left out.
    """
    wanted = tuple(names)
    fitted: dict[str, Pipeline] = {}
    with _threads().limit(limits=1):  # the order of parallel sums would change last bits
        wide = _prepared(columns.numeric, columns.text, frame, y) if set(wanted) & set(WIDE) else None
        for name in wanted:
            if name == COMPACT:
                fitted[name] = _compact(seed).fit(frame, y)
            elif name in {MAJORITY, columns.baseline_names[0]}:
                fitted[name] = _rule(name, columns, len(y), seed).fit(frame, y)
            else:
                prepared = wide if name in WIDE else _prepared(columns.baseline, (), frame, y)
                if prepared is not None:
                    steps, matrix = prepared
                    last = _estimator(name, len(y), seed).fit(matrix, y)
                    fitted[name] = Pipeline([("prepare", steps), ("model", last)])
    return fitted


def probabilities(pipeline: Pipeline, frame: pd.DataFrame) -> np.ndarray:
    """Probability of the event as the algorithm says it, not calibrated, float64."""
    if frame.empty:
        return np.empty(0)
    with _threads().limit(limits=1):
        return pipeline.predict_proba(frame)[:, 1].astype(np.float64)


@functools.cache
def _threads() -> ThreadpoolController:
    """The thread pools of this process; looking for them takes 5 ms, so once."""
    return ThreadpoolController()


def _prepared(
    numeric: Sequence[str], text: Sequence[str], frame: pd.DataFrame, y: np.ndarray
) -> tuple[Pipeline, np.ndarray] | None:
    """A fitted preparation and the matrix it gives; None when no column is left."""
    steps = preparation(numeric, text)
    matrix = steps.fit_transform(frame, y)
    return (steps, matrix) if matrix.shape[1] else None


def _estimator(name: str, rows: int, seed: int) -> Pipeline | HistGradientBoostingClassifier:
    """What learns from a prepared matrix; the few columns of a baseline are hardly shrunk."""
    if name != BOOSTING:
        return _logistic(0.05 if name == LOGISTIC else 1.0, seed)
    small = rows < SMALL_ROWS
    return HistGradientBoostingClassifier(
        max_iter=60 if small else 100,
        learning_rate=0.06,
        max_leaf_nodes=8 if small else 15,
        min_samples_leaf=max(20, min(200, rows // 100)),
        l2_regularization=5.0,
        max_bins=63,
        early_stopping=False,  # type: ignore[arg-type]  (its stub knows 'auto' only)
        random_state=seed,
    )


def _logistic(strength: float, seed: int) -> Pipeline:
    """Lbfgs on standardised float32 columns; `strength` is scikit-learn's C."""
    return Pipeline(
        [
            ("scale", StandardScaler()),
            ("logistic", RowwiseLogistic(C=strength, max_iter=300, tol=1e-4, random_state=seed)),
        ]
    )


def _compact(seed: int) -> Pipeline:
    """A strongly shrunk logistic regression on the terms of pace: it holds from a few hundred rows on."""
    terms = ("impute", SimpleImputer(strategy="median", keep_empty_features=True))
    return Pipeline([("pace", PaceTerms()), terms, ("model", _logistic(0.01, seed))])


def _rule(name: str, columns: Columns, rows: int, seed: int) -> Pipeline:
    """The rate of everybody, or the rate by one column in at most six steps."""
    encoder = ColumnEncoder(list(columns.baseline[:1]))
    if name == MAJORITY:
        return Pipeline([("columns", encoder), ("model", DummyClassifier(strategy="prior"))])
    leaf = max(1, min(50, rows // 20))
    tree = DecisionTreeClassifier(max_leaf_nodes=6, min_samples_leaf=leaf, random_state=seed)
    return Pipeline([("columns", encoder), ("model", tree)])
