"""The few columns of the compact logistic regression: the pace of a customer's orders, in eight terms.

Here: the terms and the feature columns they need. Not here: estimators, and the preparation of all columns
(preparation.py).
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin

PACE_COLUMNS = ("recency_days", "tenure_days", "orders_ever", "orders_30d", "orders_90d")
FIRST_MONTH = 30.0  # days added to the tenure, so that a customer of yesterday has no extreme rate


class PaceTerms(TransformerMixin, BaseEstimator):
    """Frame to float64 matrix of recency, tenure, orders, their rate, and the orders missed since the last.

    Orders per day and recency in units of the customer's own gap mean the same in a young shop and an old
    one; counts since the beginning do not.
    """

    def fit(self, frame: pd.DataFrame, y: object = None) -> PaceTerms:
        """Nothing to learn."""
        return self

    def transform(self, frame: pd.DataFrame) -> np.ndarray:
        """A new matrix, one row per row; missing values stay NaN."""
        values = [np.maximum(frame[name].to_numpy(np.float64, na_value=np.nan), 0) for name in PACE_COLUMNS]
        recency, tenure, orders, month, quarter = values
        rate = np.maximum(orders, 1) / (tenure + FIRST_MONTH)
        terms = [
            recency,
            np.log1p(recency),
            np.log1p(tenure),
            np.log1p(orders),
            np.log(rate),
            np.log1p(recency * rate),
            np.log1p(month),
            np.log1p(quarter),
        ]
        return np.column_stack(terms)


def has_pace(names: Iterable[str]) -> bool:
    """Whether a table of features with columns `names` has every column of the terms."""
    return set(PACE_COLUMNS) <= set(names)
