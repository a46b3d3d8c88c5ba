"""Segments of customers by behaviour: weekly fit, daily membership, RFM beside the clusters.

Here: scaling, clustering, choice of k, stability, keys that keep their meaning, names, RFM scores. Not
here: features (they arrive as a table) and personas (profiles/).
"""

from __future__ import annotations

from persona_pipeline.segmentation.applying import apply_day
from persona_pipeline.segmentation.fitting import fit_week
from persona_pipeline.segmentation.moving import transitions_of_day
from persona_pipeline.segmentation.options import DEFAULT_FEATURES, SegmentationOptions

__all__ = ["DEFAULT_FEATURES", "SegmentationOptions", "apply_day", "fit_week", "transitions_of_day"]
