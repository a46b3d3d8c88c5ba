"""Profiles of a day: the wide customer profile, tags, personas.

Here: putting together what other layers know. Not here: any model.
"""

from __future__ import annotations

from persona_pipeline.profiles.daily import profile_day
from persona_pipeline.profiles.tags import TagThresholds

__all__ = ["TagThresholds", "profile_day"]
