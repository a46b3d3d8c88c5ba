"""Which identifier belongs to which customer, and since when.

Here: `identity.edge`, `identity.map`, `identity.merge_event`. Not here: how pseudonyms are made
(contracts.pseudonym) and what customers did (features).
"""

from persona_pipeline.identity.components import Limits
from persona_pipeline.identity.deny import denied_ids
from persona_pipeline.identity.map import IdentityOptions, map_window

__all__ = ["IdentityOptions", "Limits", "denied_ids", "map_window"]
