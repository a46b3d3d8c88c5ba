"""Turning feature columns into a matrix: chosen columns, heavy tails, redundant columns.

Here: scikit-learn transformers, fitted on training rows only, that `skops` can store. Not here: estimators.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline

from persona_pipeline.propensity.metrics import areas_under_roc


class ColumnEncoder(TransformerMixin, BaseEstimator):
    """Frame to float32 matrix: numeric columns (missing: NaN), text columns one-hot (unseen: all zero)."""

    def __init__(self, numeric: Sequence[str] = (), text: Sequence[str] = ()) -> None:
        self.numeric = numeric
        self.text = text

    def fit(self, frame: pd.DataFrame, y: object = None) -> ColumnEncoder:
        """Remember the categories of the text columns, in order."""
        self.categories_ = [sorted(frame[name].dropna().unique().tolist()) for name in self.text]
        return self

    def transform(self, frame: pd.DataFrame) -> np.ndarray:
        """A new matrix, one row per row."""
        parts = [frame[list(self.numeric)].to_numpy(dtype=np.float32, na_value=np.nan)]
        for name, categories in zip(self.text, self.categories_, strict=True):
            values = frame[name].to_numpy(dtype=object)
            parts.append(np.column_stack([values == category for category in categories]).astype(np.float32))
        return np.ascontiguousarray(np.hstack(parts))

    def names(self) -> list[str]:
        """Names of the columns of the matrix."""
        pairs = zip(self.text, self.categories_, strict=True)
        return [
            *self.numeric,
            *(f"{name}={category}" for name, categories in pairs for category in categories),
        ]


class TailScaler(TransformerMixin, BaseEstimator):
    """log1p where a non-negative column is skewed, then clipped to the range of the central training rows.

    Clipping keeps a linear model from extrapolating when a shop's history grows longer than it was in
    training.
    """

    def __init__(self, skewness: float = 2.0, tail: float = 0.001) -> None:
        self.skewness = skewness
        self.tail = tail

    def fit(self, matrix: np.ndarray, y: object = None) -> TailScaler:
        """Find the skewed columns and the range of each."""
        wide = matrix.astype(np.float64)
        centred = wide - wide.mean(axis=0)
        spread = np.sqrt((centred**2).mean(axis=0))
        skew = (centred**3).mean(axis=0) / np.where(spread > 0, spread, 1.0) ** 3
        self.logged_ = (skew > self.skewness) & (wide.min(axis=0) >= 0)
        ordered = _sorted_columns(self._log(matrix))
        cut = int(self.tail * (len(matrix) - 1))
        self.low_, self.high_ = ordered[:, cut].copy(), ordered[:, len(matrix) - 1 - cut].copy()
        return self

    def transform(self, matrix: np.ndarray) -> np.ndarray:
        """A new matrix of the same shape."""
        return np.clip(self._log(matrix), self.low_, self.high_)

    def _log(self, matrix: np.ndarray) -> np.ndarray:
        return np.where(self.logged_, np.log1p(np.maximum(matrix, 0)), matrix)


class RedundancyFilter(TransformerMixin, BaseEstimator):
    """Leaves out near-constant columns and the later one of a correlated pair; `dropped_` says why."""

    def __init__(self, largest_share: float = 0.999, correlation: float = 0.98) -> None:
        self.largest_share = largest_share
        self.correlation = correlation

    def fit(self, matrix: np.ndarray, y: object = None) -> RedundancyFilter:
        """Choose the columns that stay."""
        centred = matrix.astype(np.float64) - matrix.mean(axis=0, dtype=np.float64)
        spread = np.sqrt((centred**2).mean(axis=0))
        median = _sorted_columns(matrix)[:, len(matrix) // 2]
        constant = ((matrix == median).mean(axis=0) >= self.largest_share) | (spread <= 1e-9)
        scaled = centred / np.where(constant, 1.0, spread)
        rho = np.abs(scaled.T @ scaled) / len(matrix)
        keep: list[int] = []
        self.dropped_: dict[str, str] = {}
        for column in range(matrix.shape[1]):  # over columns, some dozens
            twin = next((kept for kept in keep if rho[kept, column] > self.correlation), None)
            if constant[column]:
                self.dropped_[str(column)] = "near_constant"
            elif twin is not None:
                self.dropped_[str(column)] = f"duplicate_of_{twin}"
            else:
                keep.append(column)
        self.kept_ = np.array(keep, dtype=np.int64)
        return self

    def transform(self, matrix: np.ndarray) -> np.ndarray:
        """The columns that stay."""
        return np.ascontiguousarray(matrix[:, self.kept_])


class RelevanceFilter(TransformerMixin, BaseEstimator):
    """Keeps the columns that, each alone, rank the outcome best; `dropped_` says how the others rank it.

    Boosting takes time with every column, and a logistic regression on a few thousand rows follows the noise
    of columns that say nothing. What only a pair of columns shows together is lost.
    """

    def __init__(self, columns: int = 80) -> None:
        self.columns = columns

    def fit(self, matrix: np.ndarray, y: np.ndarray) -> RelevanceFilter:
        """Choose the columns that stay: area under ROC furthest from a half, the earlier one when equal."""
        strength = np.abs(areas_under_roc(np.asarray(y, dtype=bool), matrix) - 0.5)
        order = np.argsort(-np.round(strength, 12), kind="stable")
        self.kept_ = np.sort(order[: self.columns]).astype(np.int64)
        self.dropped_ = {
            str(column): f"auc_{0.5 + strength[column]:.3f}" for column in np.sort(order[self.columns :])
        }
        return self

    def transform(self, matrix: np.ndarray) -> np.ndarray:
        """The columns that stay."""
        return np.ascontiguousarray(matrix[:, self.kept_])


def _sorted_columns(matrix: np.ndarray) -> np.ndarray:
    """One row per column, its values ascending."""
    return np.sort(np.ascontiguousarray(matrix.T), axis=1)


def preparation(numeric: Sequence[str], text: Sequence[str]) -> Pipeline:
    """Columns, medians with missing indicators, irrelevant columns, heavy tails, redundant columns."""
    return Pipeline(
        [
            ("columns", ColumnEncoder(list(numeric), list(text))),
            ("impute", SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True)),
            ("relevance", RelevanceFilter()),
            ("tails", TailScaler()),
            ("redundancy", RedundancyFilter()),
        ]
    )
