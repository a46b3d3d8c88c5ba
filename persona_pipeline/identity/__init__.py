"""Which identifier belongs to which customer, and since when.

Here: `identity.map`. Not here: how pseudonyms are made (contracts.pseudonym) and what they did (features).
"""

from persona_pipeline.identity.map import map_window

__all__ = ["map_window"]
