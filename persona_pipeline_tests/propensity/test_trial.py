"""Columns of a channel that has not begun say nothing; what reads only these is left out, with a reason."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from persona_pipeline.propensity.blocks import Blocks, NotEnoughData
from persona_pipeline.propensity.candidates import Columns
from persona_pipeline.propensity.decision import decide
from persona_pipeline.propensity.frame import split_rows
from persona_pipeline.propensity.target import Target
from persona_pipeline.propensity.trial import Trial, run_trial

DAY = dt.date(2025, 4, 20)
BLOCKS = Blocks((dt.date(2025, 1, 5),), dt.date(2025, 2, 9), dt.date(2025, 3, 16), 30)
SILENT, HEARD = ("contacts", "responses"), ("visits", "searches", "views")
COLUMNS = Columns((*SILENT, *HEARD), (), SILENT, ("past_response", "contact_logistic"))
RESPOND = Target("respond_30d", 30, (), minimum_positives=20, baseline=SILENT)


def _trial(heard: float) -> Trial:
    """Three weeks of 600 customers without any contact yet; `heard` is how much the visits tell."""
    rng = np.random.default_rng(5)
    ids = [f"c_{number:04}" for number in range(600)]
    parts = []
    for as_of in BLOCKS.all():
        liking = rng.normal(size=len(ids))
        part = pd.DataFrame({name: np.zeros(len(ids), np.float32) for name in COLUMNS.numeric})
        if heard:
            for name in HEARD:  # several, because one alone would look like a leak
                part[name] = (heard * liking + rng.normal(size=len(ids))).astype(np.float32)
        part["label"] = rng.random(len(ids)) < 1 / (1 + np.exp(-2 * liking))
        parts.append(part.assign(customer_id=ids, as_of=pd.Timestamp(as_of)))
    frame = pd.concat(parts, ignore_index=True)
    return run_trial(frame, split_rows(frame, BLOCKS, 7), BLOCKS, RESPOND, COLUMNS, 7)


def test_a_baseline_without_a_column_is_left_out_and_said_so():
    trial = _trial(heard=1.0)
    assert trial.left_out == ("contact_logistic",)
    assert {"majority", "past_response"} < set(trial.test)
    assert "contact_logistic" not in trial.test
    row = decide(DAY, RESPOND, BLOCKS, trial, None).row
    assert row["status"] == "promoted", row["status_reason"]
    assert row["status_reason"].endswith(
        "; contact_logistic left out: none of its columns varies in the training rows"
    )


def test_without_any_column_that_varies_the_week_is_refused():
    with pytest.raises(NotEnoughData, match="none of the columns varies in 600 training rows"):
        _trial(heard=0.0)
