"""The algorithms that find segments, and the check of who chooses one. Not here: the algorithms."""

from __future__ import annotations

from persona_pipeline.contracts.purpose import suggestion

WITH_K = ("kmeans", "ward", "average", "complete")
BY_DENSITY = ("dbscan", "hdbscan")
SEGMENT_ALGORITHMS = WITH_K + BY_DENSITY


def check_algorithm(name: str, k: int | None) -> None:
    """Refuse an algorithm that there is not, and a number of segments where none can be fixed.

    Raises:
        ValueError: the line says what to write instead.
    """
    if name not in SEGMENT_ALGORITHMS:
        hint = suggestion(name, SEGMENT_ALGORITHMS, f"known: {', '.join(SEGMENT_ALGORITHMS)}")
        raise ValueError(f"unknown algorithm {name!r}; {hint}")
    if k is not None and name in BY_DENSITY:
        raise ValueError(
            f"k = {k} cannot be fixed for {name}, which finds as many segments as there are dense regions; "
            'remove k, or set algorithm = "kmeans"'
        )
    if k is not None and k < 2:  # noqa: PLR2004 - one segment tells nobody apart
        raise ValueError(f"k = {k} makes no segments; set 2 or more, or remove k to have it chosen")
