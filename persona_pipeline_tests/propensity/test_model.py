"""What is stored comes back as it was, and nothing else comes back."""

from __future__ import annotations

import io
import zipfile

import numpy as np
import pandas as pd
import pytest
import skops.io
from sklearn.gaussian_process import GaussianProcessClassifier

from persona_pipeline.propensity.calibration import Calibrator
from persona_pipeline.propensity.candidates import (
    COMPACT,
    WIDE,
    Columns,
    candidates_for,
    fit_algorithms,
)
from persona_pipeline.propensity.model import (
    ModelRefused,
    PropensityModel,
    build_model,
    from_bytes,
    stored_score,
    to_bytes,
)
from persona_pipeline.propensity.pace import PACE_COLUMNS
from persona_pipeline.propensity.target import AtLeast

NAMES = ("recency_days", "orders_365d", "sales_365d", *PACE_COLUMNS[1:])


def _frame(rows: int = 900) -> tuple[pd.DataFrame, np.ndarray]:
    rng = np.random.default_rng(6)
    x = rng.exponential(size=(rows, len(NAMES))).astype(np.float32)
    y = rng.random(rows) < 1 / (1 + np.exp(-x[:, 0] + x[:, 1]))
    x[rng.random(x.shape) < 0.1] = np.nan
    x[:, 0] = np.nan_to_num(x[:, 0])
    return pd.DataFrame(x, columns=list(NAMES)).assign(band=rng.choice(["low", "high"], rows)), y


def _fit(name: str, method: str = "isotonic") -> tuple[PropensityModel, pd.DataFrame]:
    frame, y = _frame()
    columns = Columns(NAMES, ("band",), NAMES[:3])
    pipeline = fit_algorithms([name], frame, y, columns, 7)[name]
    calibrator = Calibrator(method).fit(stored_score(pipeline, frame), y)
    return build_model("buy_30d", name, pipeline, calibrator, columns, [AtLeast("orders_365d", 1)]), frame


@pytest.mark.parametrize("name", ["majority", "recency", "rfm_logistic", COMPACT, *WIDE])
def test_every_algorithm_comes_back_and_two_fits_are_the_same_bytes(name: str):
    model, frame = _fit(name)
    content = to_bytes(model)
    assert to_bytes(_fit(name)[0]) == content
    restored = from_bytes(content)
    np.testing.assert_array_equal(restored.score(frame), model.score(frame))
    assert restored.conditions() == (AtLeast("orders_365d", 1),)
    assert restored.columns() == (tuple(NAMES), ("band",))


@pytest.mark.parametrize("name", [COMPACT, *WIDE])
def test_a_score_does_not_depend_on_the_batch(name: str):
    model, frame = _fit(name)
    whole = np.array(model.score(frame))
    backwards = np.array(model.score(frame.iloc[::-1]))[:, ::-1]
    pieces = [np.array(model.score(frame.iloc[a : a + 7])) for a in range(0, len(frame), 7)]
    np.testing.assert_array_equal(whole, backwards)
    np.testing.assert_array_equal(whole, np.hstack(pieces))
    assert np.array(model.score(frame.iloc[:0])).shape == (2, 0)


def test_the_compact_one_needs_its_columns():
    assert candidates_for(Columns(NAMES, (), NAMES[:3])) == (COMPACT, *WIDE)
    assert candidates_for(Columns(NAMES[:-1], (), NAMES[:3])) == WIDE


def test_other_types_and_other_bytes_are_refused():
    strange = GaussianProcessClassifier().fit([[0.0], [1.0]], [0, 1])
    model, _ = _fit("majority")
    model.pipeline = _Unknown()  # type: ignore[assignment]
    with pytest.raises(ModelRefused, match="outside the allow-list: .*_Unknown"):
        from_bytes(to_bytes(model))
    with pytest.raises(ModelRefused, match="expected a PropensityModel|outside the allow-list"):
        from_bytes(skops.io.dumps(strange))
    with pytest.raises(ModelRefused, match="got 5 bytes of something else"):
        from_bytes(b"hello")
    empty = io.BytesIO()
    with zipfile.ZipFile(empty, "w"):
        pass
    with pytest.raises(ModelRefused, match="expected a stored propensity model"):
        from_bytes(empty.getvalue())


class _Unknown:
    """A type nobody allowed."""
