"""The assets, one module per layer; an asset reads, calls one function and commits."""

import dagster as dg

from persona_pipeline.defs.assets import (
    clean,
    facts,
    features,
    identity,
    profiles,
    recommendations,
    reporting,
    rules,
    scores,
    segments,
    warehouse,
)
from persona_pipeline.defs.partitions import Partitions
from persona_pipeline.settings import Settings


def all_assets(settings: Settings, parts: Partitions) -> list[dg.AssetsDefinition]:
    """Every asset of a project, in the order data flows."""
    modules = (
        clean,
        identity,
        facts,
        features,
        segments,
        rules,
        scores,
        recommendations,
        profiles,
        warehouse,
        reporting,
    )
    return [asset for module in modules for asset in module.assets(settings, parts)]
