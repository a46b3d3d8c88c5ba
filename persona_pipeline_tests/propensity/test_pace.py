"""The terms of the compact logistic regression, by hand."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from persona_pipeline.propensity.pace import PACE_COLUMNS, PaceTerms, has_pace


def test_terms_of_a_customer_of_sixty_days_with_three_orders():
    frame = pd.DataFrame([[20.0, 60.0, 3.0, 1.0, 3.0]], columns=list(PACE_COLUMNS), dtype=np.float32)
    rate = 3 / 90
    logs = [math.log(21), math.log(61), math.log(4), math.log(rate), math.log(1 + 20 * rate)]
    expected = [20.0, *logs, math.log(2), math.log(4)]
    np.testing.assert_allclose(PaceTerms().fit_transform(frame), [expected], rtol=1e-12)


def test_nothing_bought_and_nothing_known_stay_finite_or_missing():
    frame = pd.DataFrame([[0.0] * 5, [5.0, 9.0, -1.0, -1.0, np.nan]], columns=list(PACE_COLUMNS))
    terms = PaceTerms().fit_transform(frame)
    np.testing.assert_allclose(terms[0], [0, 0, 0, 0, math.log(1 / 30), 0, 0, 0])
    assert np.isnan(terms[1]).tolist() == [False] * 7 + [True]
    assert terms[1, 3] == terms[1, 6] == 0


def test_every_column_is_needed():
    assert has_pace((*PACE_COLUMNS, "other"))
    assert not has_pace(PACE_COLUMNS[1:])
