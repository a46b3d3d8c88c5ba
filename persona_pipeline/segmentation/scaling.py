"""The fitted steps before clustering: fill, tame heavy tails, scale.

Here: scikit-learn transformers whose whole state is numpy arrays, so that skops stores and loads them by an
allow-list. Not here: clustering. All work row by row, so that a score does not depend on the batch it came
in.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline

Matrix = NDArray[np.floating]

# a missing indicator says something when it splits the customers; two-sided, share of rows
INFORMATIVE_SHARE = 0.05
# the sample skewness from which a non-negative feature is taken as log1p (normal 0, exponential 2)
HEAVY_SKEWNESS = 1.0
WINSOR = (0.005, 0.995)
# products at the base's own mix that are added to each customer's, so that one purchase is not a taste
PRIOR_PRODUCTS = 1.0
# interquartile range of the standard normal distribution
NORMAL_IQR = 1.349


class MedianImputer(TransformerMixin, BaseEstimator):
    """Fills missing values with the training median; informative indicators become further columns."""

    def fit(self, X: ArrayLike, y: object = None) -> MedianImputer:
        """Learn medians (0 for a column that is missing throughout) and which indicators to keep."""
        values = np.asarray(X, dtype=np.float64)
        missing = np.isnan(values)
        empty = missing.all(axis=0)
        self.medians_ = np.where(empty, 0.0, np.nanmedian(np.where(empty, 0.0, values), axis=0))
        share = missing.mean(axis=0)
        kept: list[int] = []
        for column in np.flatnonzero((share >= INFORMATIVE_SHARE) & (share <= 1 - INFORMATIVE_SHARE)):
            if not any(np.array_equal(missing[:, column], missing[:, other]) for other in kept):
                kept.append(int(column))
        self.indicators_ = np.array(kept, dtype=np.int64)
        return self

    def transform(self, X: ArrayLike) -> Matrix:
        """Rows without missing values, indicators behind the features."""
        values = np.asarray(X, dtype=np.float64)
        missing = np.isnan(values)
        return np.hstack(
            [np.where(missing, self.medians_, values), missing[:, self.indicators_].astype(np.float64)]
        )


class TailTamer(TransformerMixin, BaseEstimator):
    """log1p for heavy-tailed non-negative features, then winsorised at 0.5 % and 99.5 %."""

    def fit(self, X: ArrayLike, y: object = None) -> TailTamer:
        """Learn which columns are heavy-tailed and the limits of each."""
        values = np.asarray(X, dtype=np.float64)
        centred = values - values.mean(axis=0)
        deviation = np.maximum(centred.std(axis=0), 1e-12)
        skewness = ((centred / deviation) ** 3).mean(axis=0)
        self.logged_ = (values.min(axis=0) >= 0) & (skewness > HEAVY_SKEWNESS)
        self.lower_, self.upper_ = np.quantile(self._logged(values), WINSOR, axis=0)
        return self

    def transform(self, X: ArrayLike) -> Matrix:
        """The tamed values."""
        return np.clip(self._logged(np.asarray(X, dtype=np.float64)), self.lower_, self.upper_)

    def _logged(self, values: Matrix) -> Matrix:
        # values below 0 can come at scoring time even when training had none
        return np.where(self.logged_, np.log1p(np.maximum(values, 0.0)), values)


class SpreadScaler(TransformerMixin, BaseEstimator):
    """Median and interquartile range, the range never taken below the standard deviation.

    The plain interquartile range of a feature that is 0 for most customers is tiny, and dividing by it
    would let that feature decide alone.
    """

    def fit(self, X: ArrayLike, y: object = None) -> SpreadScaler:
        """Learn centre and spread of each column; a constant column gets spread 1."""
        values = np.asarray(X, dtype=np.float64)
        low, self.centre_, high = np.quantile(values, (0.25, 0.5, 0.75), axis=0)
        spread = np.maximum((high - low) / NORMAL_IQR, values.std(axis=0))
        self.spread_ = np.where(spread > 1e-9, spread, 1.0)  # noqa: PLR2004 - below this a column is constant
        return self

    def transform(self, X: ArrayLike) -> Matrix:
        """The scaled values."""
        return (np.asarray(X, dtype=np.float64) - self.centre_) / self.spread_


class CategoryMix(TransformerMixin, BaseEstimator):
    """Products per category to the square roots of the customer's shares, drawn towards the base's shares.

    The square root makes the Euclidean distance of two customers the Hellinger distance of their mixes.
    """

    def fit(self, X: ArrayLike, y: object = None) -> CategoryMix:
        """Learn the shares of the whole base."""
        totals = np.asarray(X, dtype=np.float64).sum(axis=0)
        self.base_ = totals / max(totals.sum(), 1.0)
        return self

    def transform(self, X: ArrayLike) -> Matrix:
        """Square roots of the smoothed shares."""
        counts = np.asarray(X, dtype=np.float64)
        total = counts.sum(axis=1, keepdims=True)
        return np.sqrt((counts + PRIOR_PRODUCTS * self.base_) / (total + PRIOR_PRODUCTS))


class FirstLayout(TransformerMixin, BaseEstimator):
    """Behaviour as it was before it held orders and bands of price: `features`, then `categories`."""

    def __init__(self, features: int = 0, categories: int = 0) -> None:
        self.features = features
        self.categories = categories

    def fit(self, X: ArrayLike, y: object = None) -> FirstLayout:
        """Nothing is learned."""
        return self

    def transform(self, X: ArrayLike) -> Matrix:
        """The columns that there were."""
        values = np.asarray(X, dtype=np.float64)
        groups = self.features + 1
        return np.hstack([values[:, : self.features], values[:, groups : groups + self.categories]])


def build_scaler(features: int, groups: Sequence[int] = ()) -> ColumnTransformer:
    """The unfitted steps before clustering: `features` columns, one left out, then groups of products.

    The result has the features first, then informative missing indicators, then the groups.
    """
    behaviour = Pipeline([("impute", MedianImputer()), ("tame", TailTamer()), ("scale", SpreadScaler())])
    parts = [("behaviour", behaviour, list(range(features)))]
    start = features + 1
    for number, size in enumerate(groups):
        mix = Pipeline([("mix", CategoryMix()), ("scale", SpreadScaler())])
        parts.append((f"mix_{number}", mix, list(range(start, start + size))))
        start += size
    return ColumnTransformer(parts)
