"""What a `persona run` loads and compiles before it works, once for all processes that will be killed."""

from __future__ import annotations

import importlib

from persona_pipeline.cleaning.web_agents import agent_told
from persona_pipeline.defs.lineage import features_lineage
from persona_pipeline.features.catalogue import load_catalogue
from persona_pipeline.features.customer import features_sql

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
agent_told("")
features_sql(load_catalogue())
features_lineage(load_catalogue())
