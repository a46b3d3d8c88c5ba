"""Who wins, and whether the winner may go into force.

Here: the one-standard-error rule and the comparison with the baselines. Not here: fitting.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from persona_pipeline.propensity.metrics import row_losses


def choose_champion(
    y: np.ndarray, probability: Mapping[str, np.ndarray], simplest_first: Sequence[str]
) -> str:
    """The simplest algorithm whose mean log loss is within one standard error of the lowest.

    The standard error is that of the paired difference of row losses, so equal rows cancel out.
    """
    losses = {name: row_losses(y, probability[name]) for name in simplest_first}
    best = min(simplest_first, key=lambda name: float(losses[name].mean()))
    for name in simplest_first:
        difference = losses[name] - losses[best]
        if difference.mean() <= difference.std(ddof=1) / np.sqrt(len(y)):
            return name
    return best


def lost_to(champion: Mapping[str, float], baselines: Mapping[str, Mapping[str, float]]) -> list[str]:
    """Sentences, one for each baseline and metric in which the champion is not better on the test."""
    found = []
    for name, metrics in baselines.items():
        if not champion["log_loss"] < metrics["log_loss"]:
            found.append(
                f"log loss {champion['log_loss']:.4f} is not below {metrics['log_loss']:.4f} of {name}"
            )
        if not champion["roc_auc"] > metrics["roc_auc"]:
            found.append(f"AUC {champion['roc_auc']:.4f} is not above {metrics['roc_auc']:.4f} of {name}")
    return found
