"""The model that is stored and applied: one fitted Pipeline, its calibration, and whom it may score.

Here: scoring a frame; bytes and back. Not here: fitting, and where the bytes are kept.
"""

from __future__ import annotations

import functools
import json
import zipfile
from collections.abc import Sequence

import numpy as np
import pandas as pd
import skops.io
from sklearn.base import BaseEstimator
from sklearn.pipeline import Pipeline

from persona_pipeline.contracts.model_archive import canonical
from persona_pipeline.propensity.calibration import Calibrator
from persona_pipeline.propensity.candidates import Columns, probabilities
from persona_pipeline.propensity.target import AtLeast

# every type a stored model may hold beyond what skops trusts by itself
TRUSTED = (
    "numpy.dtype",
    "persona_pipeline.propensity.calibration.Calibrator",
    "persona_pipeline.propensity.candidates.RowwiseLogistic",
    "persona_pipeline.propensity.model.PropensityModel",
    "persona_pipeline.propensity.pace.PaceTerms",
    "persona_pipeline.propensity.preparation.ColumnEncoder",
    "persona_pipeline.propensity.preparation.RedundancyFilter",
    "persona_pipeline.propensity.preparation.RelevanceFilter",
    "persona_pipeline.propensity.preparation.TailScaler",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.tree._tree.Tree",
)


class ModelRefused(Exception):
    """Stored bytes that are not one of our models: a type outside the allow-list, or not a model at all."""


class PropensityModel(BaseEstimator):
    """A fitted algorithm with its calibration. Plain values only, so that skops can store it."""

    def __init__(
        self,
        target: str = "",
        algorithm: str = "",
        pipeline: Pipeline | None = None,
        calibrator: Calibrator | None = None,
        numeric: Sequence[str] = (),
        text: Sequence[str] = (),
        eligible: Sequence[tuple[str, float]] = (),
    ) -> None:
        self.target = target
        self.algorithm = algorithm
        self.pipeline = pipeline
        self.calibrator = calibrator
        self.numeric = numeric
        self.text = text
        self.eligible = eligible

    def columns(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Numeric and text columns that a frame needs to be scored."""
        return tuple(self.numeric), tuple(self.text)

    def conditions(self) -> tuple[AtLeast, ...]:
        """Whom the model may score."""
        return tuple(AtLeast(column, minimum) for column, minimum in self.eligible)

    def score(self, frame: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
        """Calibrated probability and the score beneath it; each row for itself, whatever the batch."""
        if self.pipeline is None or self.calibrator is None:
            raise ModelRefused(f"the model of {self.target} was not fitted")
        raw = stored_score(self.pipeline, frame)
        return self.calibrator.apply(raw), raw


def stored_score(pipeline: Pipeline, frame: pd.DataFrame) -> np.ndarray:
    """The algorithm's own probability to 12 decimals, as calibration sees it."""
    return np.round(probabilities(pipeline, frame), 12)


def build_model(
    target: str,
    algorithm: str,
    pipeline: Pipeline,
    calibrator: Calibrator,
    columns: Columns,
    eligible: Sequence[AtLeast],
) -> PropensityModel:
    """The storable model of fitted parts."""
    return PropensityModel(
        target,
        algorithm,
        pipeline,
        calibrator,
        list(columns.numeric),
        list(columns.text),
        [(c.column, float(c.minimum)) for c in eligible],
    )


def to_bytes(model: PropensityModel) -> bytes:
    """The model as skops bytes; equal fits have equal bytes."""
    return canonical(skops.io.dumps(model))


@functools.lru_cache(maxsize=8)  # reading takes longer than scoring some thousand customers, day after day
def from_bytes(content: bytes) -> PropensityModel:
    """The model of stored bytes; not to be changed, the same bytes give the same object.

    Raises:
        ModelRefused: the bytes hold a type outside the allow-list, or something else than a model.
    """
    try:
        unknown = sorted(set(skops.io.get_untrusted_types(data=content)) - set(TRUSTED))
    except (zipfile.BadZipFile, KeyError, json.JSONDecodeError) as error:
        raise ModelRefused(
            f"expected a stored propensity model; got {len(content)} bytes of something else"
        ) from error
    if unknown:
        raise ModelRefused(f"a stored model holds types outside the allow-list: {', '.join(unknown)}")
    model = skops.io.loads(content, trusted=list(TRUSTED))
    if not isinstance(model, PropensityModel):
        raise ModelRefused(f"expected a PropensityModel; got {type(model).__name__}")
    return model
