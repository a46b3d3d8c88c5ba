"""What Dagster loads: the definitions of the project named by the environment variable PERSONA_PROJECT."""

from persona_pipeline.defs.build import definitions

defs = definitions()
