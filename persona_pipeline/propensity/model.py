"""The model that is stored and applied: one fitted Pipeline, its calibration, and whom it may score.

Here: scoring a frame; bytes and back. Not here: fitting, and where the bytes are kept.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Sequence

import numpy as np
import pandas as pd
import skops.io
from sklearn.base import BaseEstimator
from sklearn.pipeline import Pipeline

from persona_pipeline.propensity.calibration import Calibrator
from persona_pipeline.propensity.candidates import Columns, probabilities
from persona_pipeline.propensity.target import AtLeast

# every type a stored model may hold beyond what skops trusts by itself
TRUSTED = (
    "numpy.dtype",
    "persona_pipeline.propensity.calibration.Calibrator",
    "persona_pipeline.propensity.candidates.RowwiseLogistic",
    "persona_pipeline.propensity.model.PropensityModel",
    "persona_pipeline.propensity.preparation.ColumnEncoder",
    "persona_pipeline.propensity.preparation.RedundancyFilter",
    "persona_pipeline.propensity.preparation.TailScaler",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.tree._tree.Tree",
)
ZIP_TIME = (1980, 1, 1, 0, 0, 0)


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

    def columns(self) -> tuple[list[str], list[str]]:
        """Numeric and text columns that a frame needs to be scored."""
        return list(self.numeric), list(self.text)

    def conditions(self) -> list[AtLeast]:
        """Whom the model may score."""
        return [AtLeast(column, minimum) for column, minimum in self.eligible]

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
    """The model as skops bytes that depend on nothing but the model.

    skops names parts by memory address and stamps them with the time; both are replaced, so that equal fits
    have equal hashes. The result is an ordinary skops file.
    """
    with zipfile.ZipFile(io.BytesIO(skops.io.dumps(model))) as archive:
        schema = json.loads(archive.read("schema.json"))
        names: dict[str, str] = {}
        _rename(schema, names, [0])
        parts = {new: archive.read(old) for old, new in names.items()}
    parts["schema.json"] = json.dumps(schema, indent=1).encode()
    result = io.BytesIO()
    with zipfile.ZipFile(result, "w") as archive:
        for name, content in parts.items():
            archive.writestr(zipfile.ZipInfo(name, ZIP_TIME), content, zipfile.ZIP_DEFLATED, 6)
    return result.getvalue()


def from_bytes(content: bytes) -> PropensityModel:
    """The model of stored bytes.

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


def _rename(node: object, names: dict[str, str], count: list[int]) -> None:
    """Number the nodes and files of a skops schema in the order in which they stand; changes `node`."""
    if isinstance(node, list):
        for item in node:
            _rename(item, names, count)
    elif isinstance(node, dict):
        if "__id__" in node:
            count[0] += 1
            node["__id__"] = count[0]
        if isinstance(node.get("file"), str):
            node["file"] = names.setdefault(node["file"], f"{len(names)}.npy")
        for key, item in node.items():
            if key not in ("__id__", "file"):
                _rename(item, names, count)
