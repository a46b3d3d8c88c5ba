"""Propensities: how likely each customer is to do something soon, learned weekly and applied daily.

Here: training frames, candidates, selection, calibration, leakage gates, the stored model. Not here:
features and labels (computed before), reasons in words and offers (computed after), commits.
"""

from __future__ import annotations

from persona_pipeline.propensity.apply import apply_day
from persona_pipeline.propensity.fit import fit_week
from persona_pipeline.propensity.target import AtLeast, Target, standard_target

__all__ = ["AtLeast", "Target", "apply_day", "fit_week", "standard_target"]
