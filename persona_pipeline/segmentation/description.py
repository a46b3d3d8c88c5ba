"""What a segment is like beside everybody: means, medians, effect size, target group index, three examples.

Here: figures of each feature. Not here: words (naming.py, rules.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from persona_pipeline.segmentation.clustering import Labels, Matrix, means_of
from persona_pipeline.segmentation.neighbours import NOISE

EXAMPLES = 3
# of the figures of an example: enough to picture a customer, too little to recognise one
EXAMPLE_DIGITS = 2
# three of a handful would be the persons themselves
EXAMPLES_OF = 20

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Description:
    """Segments x features, in the feature's unit where it has one; NaN where nothing is known.

    `differences` and `effects` are of the scaled features: the gap to the mean of everybody in standard
    deviations of everybody, and the gap to all others in pooled standard deviations (Cohen's d). `tgi` is 100
    times the mean over that of everybody. `examples` (segments x EXAMPLES x features) are the customers
    nearest to the middle of each segment, rounded, NaN where a segment has fewer than 20.
    """

    means: Floats
    medians: Floats
    base_means: Floats  # features
    differences: Floats
    effects: Floats
    tgi: Floats
    examples: Floats


def describe(shown: Matrix, scaled: Matrix, labels: Labels, distances: Matrix) -> Description:
    """Describe segments by their customers.

    Args:
        shown: customers x features, as a reader knows them, NaN where unknown.
        scaled: the same features as the segments were found in.
        labels: segment of each customer, -1 for none.
        distances: of each customer to each segment, in the order of the labels.

    Source: Cohen 1988, "Statistical power analysis for the behavioral sciences", for the effect size.
    """
    inside, k = labels != NOISE, int(labels.max()) + 1
    means = means_of(shown[inside], labels[inside], k)
    base = means_of(shown, np.zeros(len(shown), dtype=np.intp), 1)[0]
    behaviour = scaled.astype(np.float64)
    deviation = behaviour.std(axis=0)
    gap = means_of(behaviour[inside], labels[inside], k) - behaviour.mean(axis=0)
    differences = np.where(deviation > 0, gap / np.where(deviation > 0, deviation, 1), 0.0)
    members = [labels == segment for segment in range(k)]
    with np.errstate(invalid="ignore", divide="ignore"):
        tgi = np.where(base > 0, 100 * means / base, np.nan)
    return Description(
        means,
        np.stack([_medians(shown[member]) for member in members]),
        base,
        differences,
        np.stack([_effect(behaviour, member) for member in members]),
        tgi,
        np.stack([_examples(shown, member, distances[:, number]) for number, member in enumerate(members)]),
    )


def _medians(values: Matrix) -> Floats:
    known = ~np.isnan(values).all(axis=0)
    found = np.full(values.shape[1], np.nan)
    found[known] = np.nanmedian(values[:, known], axis=0)
    return found


def _effect(values: Matrix, member: NDArray[np.bool_]) -> Floats:
    """Cohen's d of the members against the others; 0 where neither varies, or there are no others."""
    own, others = values[member], values[~member]
    if len(own) < 2 or len(others) < 2:  # noqa: PLR2004 - a variance takes two
        return np.zeros(values.shape[1])
    within = own.var(axis=0, ddof=1) * (len(own) - 1) + others.var(axis=0, ddof=1) * (len(others) - 1)
    pooled = np.sqrt(within / (len(values) - 2))
    gap = own.mean(axis=0) - others.mean(axis=0)
    return np.where(pooled > 0, gap / np.where(pooled > 0, pooled, 1), 0.0)


def _examples(shown: Matrix, member: NDArray[np.bool_], distance: Matrix) -> Floats:
    """The members nearest to the middle, each figure rounded; none of a segment with few members."""
    own = np.flatnonzero(member)
    if len(own) < EXAMPLES_OF:
        return np.full((EXAMPLES, shown.shape[1]), np.nan)
    nearest = own[np.argsort(distance[own], kind="stable")[:EXAMPLES]]
    return _rounded(shown[nearest])


def _rounded(values: Matrix) -> Floats:
    magnitude = np.floor(np.log10(np.where(np.nan_to_num(values) == 0, 1.0, np.abs(values))))
    # divided by a power of ten, not multiplied by a negative one: 40, not 39.99999
    power = 10.0 ** np.abs(magnitude - EXAMPLE_DIGITS + 1)
    up = magnitude >= EXAMPLE_DIGITS - 1
    return np.where(up, np.round(values / power) * power, np.round(values * power) / power)
