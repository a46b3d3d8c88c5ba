"""The ground-truth generator: a shop whose customers, rules and probabilities are known.

Here: the latent model, the raw files it leaves, the planted dirt, the truth and what a model could reach.
Not here: anything the pipeline reads except the raw files; only `persona verify` and tests read the truth.
"""

from __future__ import annotations

from persona_pipeline.demo.generate import Summary, generate
from persona_pipeline.demo.truth import Truth, expected_ledger, load_truth, oracle_auc

__all__ = [
    "Summary",
    "Truth",
    "expected_ledger",
    "generate",
    "load_truth",
    "oracle_auc",
]
