"""What customers did as counts that a mixture can weigh: three of four orders is not three of three hundred.

Here: the step from behaviour to blocks of counts, rates and values. Not here: their distributions
(mixture.py).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.pipeline import Pipeline

from persona_pipeline.segmentation.clustering import Matrix
from persona_pipeline.segmentation.distributions import Block
from persona_pipeline.segmentation.scaling import MedianImputer, SpreadScaler, TailTamer

# columns of a family in the evidence; money says again what categories and price bands say: counted once
WIDTH = {"share": 2, "per_order": 2, "count": 2, "value": 2, "money": 0}


class Evidence(TransformerMixin, BaseEstimator):
    """Features, orders, categories and price bands to evidence.

    The columns are one per family of `families`, the number of orders, and the numbers of products in each of
    the groups whose sizes are `groups`. Families: `share` of the orders, `per_order` a number of things in an
    order, `count` a number, `value` any number, `money` an amount, which is left out.
    """

    def __init__(self, families: Sequence[str] = (), groups: Sequence[int] = ()) -> None:
        self.families = families
        self.groups = groups

    def fit(self, X: ArrayLike, y: object = None) -> Evidence:
        """Learn how values are scaled, and which numbers per order begin at one."""
        values = np.asarray(X, dtype=np.float64)[:, : len(self.families)]
        known = np.isfinite(values)
        least = np.where(known, values, np.inf).min(axis=0)
        self.first_ = np.where(np.isfinite(least) & (least >= 1), 1.0, 0.0)
        scaled = self._of("value")
        if scaled:
            steps = [("impute", MedianImputer()), ("tame", TailTamer()), ("scale", SpreadScaler())]
            self.scale_ = Pipeline(steps).fit(values[:, scaled])
        return self

    def transform(self, X: ArrayLike) -> Matrix:
        """Rows of evidence; what is unknown counts nothing."""
        values = np.asarray(X, dtype=np.float64)
        orders = np.nan_to_num(values[:, len(self.families)])
        value_columns = self._of("value")
        scaled = (
            self.scale_.transform(values[:, value_columns])[:, : len(value_columns)]
            if value_columns
            else None
        )
        parts: list[Matrix] = []
        for column, family in enumerate(self.families):
            value = values[:, column]
            known = np.isfinite(value)
            value = np.where(known, value, 0.0)
            if family == "share":
                hits = np.rint(np.clip(value, 0, 1) * orders)
                parts += [hits, np.where(known, orders - hits, 0.0)]
            elif family == "per_order":
                counted = np.rint((value - self.first_[column]) * orders)
                parts += [np.where(known, np.maximum(counted, 0), 0.0), np.where(known, orders, 0.0)]
            elif family == "count":
                parts += [np.maximum(np.rint(value), 0), known.astype(np.float64)]
            elif family == "value" and scaled is not None:
                parts += [
                    np.where(known, scaled[:, value_columns.index(column)], 0.0),
                    known.astype(np.float64),
                ]
        groups = values[:, len(self.families) + 1 :]
        return np.column_stack([*parts, groups]) if parts else groups

    def blocks(self) -> list[tuple[str, int, int]]:
        """The families of the evidence's columns, as the mixture takes them."""
        named = {"share": "counts", "per_order": "rate", "count": "rate", "value": "value"}
        found, start = [], 0
        sizes = [(named[family], WIDTH[family]) for family in self.families if WIDTH[family]]
        for family, size in (*sizes, *(("counts", size) for size in self.groups if size)):
            found.append(tuple(Block(family, start, start + size)))
            start += size
        return found

    def _of(self, family: str) -> list[int]:
        return [column for column, each in enumerate(self.families) if each == family]
