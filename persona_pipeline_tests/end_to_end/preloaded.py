"""What a `persona run` imports, loaded once for all the processes that are going to be killed."""

from __future__ import annotations

import importlib

for name in (
    "persona_pipeline.cli",
    "persona_pipeline.commands.running",
    "persona_pipeline.contracts.validation",
    "persona_pipeline.lake.delta",
    "persona_pipeline.engine.duckdb",
    "persona_pipeline.cleaning.window",
    "persona_pipeline.segmentation",
    "persona_pipeline.affinity",
    "persona_pipeline.propensity",
    "persona_pipeline.recommendation",
    "persona_pipeline.profiles",
    "persona_pipeline.warehouse",
    "persona_pipeline.reporting",
    "pandera.pandas",
):
    importlib.import_module(name)
