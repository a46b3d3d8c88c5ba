"""persona_pipeline: raw customer traces in, customer profiles out, correct in time."""

__version__ = "0.1.0"
