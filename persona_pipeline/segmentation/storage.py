"""A fitted segmentation as bytes: skops with an allow-list, equal bytes for equal content.

Here: what is stored, to bytes and back. Not here: where the bytes are kept.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

import skops.io
from sklearn.pipeline import Pipeline

from persona_pipeline.contracts.model_archive import canonical
from persona_pipeline.segmentation.clustering import Centroids
from persona_pipeline.segmentation.density import Dbscan, Hdbscan
from persona_pipeline.segmentation.discriminant import Discriminants
from persona_pipeline.segmentation.evidence import Evidence
from persona_pipeline.segmentation.hierarchical import Hierarchical
from persona_pipeline.segmentation.mixture import Mixture
from persona_pipeline.segmentation.scaling import (
    CategoryMix,
    FirstLayout,
    MedianImputer,
    SpreadScaler,
    TailTamer,
)

TRUSTED = [
    f"{kind.__module__}.{kind.__qualname__}"
    for kind in (
        CategoryMix,
        Centroids,
        Dbscan,
        Discriminants,
        Evidence,
        FirstLayout,
        Hdbscan,
        Hierarchical,
        MedianImputer,
        Mixture,
        SpreadScaler,
        TailTamer,
    )
]
FORMAT = 3
BEFORE_COUNTS = 2


@dataclass(frozen=True, slots=True)
class Segmentation:
    """What is in force: one fitted pipeline and the meaning of its clusters.

    The pipeline takes one column per feature, the number of orders, then the products bought of each category
    and band of price.
    `keys[i]` is the key of segment i; `evidence[key]` the features and signs its name rests on;
    `highest_key` the
    highest number a key ever had, so that none is used twice; `outlier_distance` the 99 % quantile of the
    fit, or infinite where the algorithm itself says who is an outlier.
    """

    pipeline: Pipeline
    features: tuple[str, ...]
    categories: tuple[str, ...]
    keys: tuple[str, ...]
    evidence: dict[str, list[tuple[str, int]]]
    highest_key: int
    outlier_distance: float


def to_bytes(segmentation: Segmentation) -> bytes:
    """Store; equal content gives equal bytes (skops itself writes memory addresses and the time of day)."""
    content = {
        "format": FORMAT,
        "pipeline": segmentation.pipeline,
        "features": list(segmentation.features),
        "categories": list(segmentation.categories),
        "keys": list(segmentation.keys),
        "evidence": json.dumps(segmentation.evidence, sort_keys=True),
        "highest_key": segmentation.highest_key,
        "outlier_distance": segmentation.outlier_distance,
    }
    return canonical(skops.io.dumps(content))


def from_bytes(content: bytes) -> Segmentation:
    """Load; only the classes of this room and those that skops trusts.

    Raises:
        skops.exceptions.UntrustedTypesFoundException: the bytes name another class.
    """
    stored = skops.io.loads(content, trusted=TRUSTED)
    pipeline = stored["pipeline"]
    if stored["format"] == BEFORE_COUNTS:
        # stays in force until the next fit, which finds its segments by their customers and keeps their keys
        layout = FirstLayout(len(stored["features"]), len(stored["categories"]))
        pipeline = Pipeline([("layout", layout), *pipeline.steps])
    elif stored["format"] != FORMAT:
        raise ValueError(
            f"stored segmentation has format {stored['format']}, expected {FORMAT}; run the training again"
        )
    evidence = {
        key: [(feature, sign) for feature, sign in pairs]
        for key, pairs in json.loads(stored["evidence"]).items()
    }
    return Segmentation(
        pipeline,
        tuple(stored["features"]),
        tuple(stored["categories"]),
        tuple(stored["keys"]),
        evidence,
        stored["highest_key"],
        stored["outlier_distance"],
    )
