"""The ten standard RFM names.

Here: what a pair of quintiles is called. Not here: the quintiles (sql/segments/rfm.sql) and clusters.
RFM needs no fit, so it is there also while no segmentation is in force.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# rows: recency 1..5 (5 most recent); columns: 1..5 = floor of the mean of the frequency and the monetary
# quintile
GRID = np.array(
    [
        ["hibernating", "hibernating", "at_risk", "at_risk", "cant_lose"],
        ["hibernating", "hibernating", "at_risk", "at_risk", "cant_lose"],
        ["about_to_sleep", "about_to_sleep", "needs_attention", "loyal", "loyal"],
        ["promising", "potential_loyalist", "potential_loyalist", "loyal", "loyal"],
        ["new", "potential_loyalist", "potential_loyalist", "champions", "champions"],
    ],
    dtype=object,
)


def rfm_segment(
    recency: NDArray[np.floating], frequency: NDArray[np.floating], monetary: NDArray[np.floating]
) -> NDArray[np.object_]:
    """The name of each customer; None where a quintile is missing (NaN), that is before the first order."""
    known = ~(np.isnan(recency) | np.isnan(frequency) | np.isnan(monetary))
    names = np.full(len(recency), None, dtype=object)
    depth = (frequency[known] + monetary[known]) // 2
    names[known] = GRID[recency[known].astype(int) - 1, depth.astype(int) - 1]
    return names
