"""Models that fill what customers left out, from what others told completely.

Numbers by IterativeImputer, categories by gradient-boosted trees; fixed seed, one thread, records in a fixed
order. Here: fitting and predicting in memory. Not here: which records are known (sql/clean), and models that
are kept: these are fitted for one day and go with it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

FIELDS = ("birth_year", "gender", "region", "income_band")
FEWEST = 200  # complete records; with fewer a model is a guess
MOST_WORDS = 50  # of a field that tell records apart; rarer ones count as told nothing
SEED = 7


def predict(
    complete: Sequence[Mapping[str, Any]], records: Sequence[Mapping[str, Any]]
) -> list[dict[str, object]]:
    """Values of the fields that records want; nothing where fewer than `FEWEST` records are complete.

    Args:
        complete: records with every field of `FIELDS`, in the order of their ids.
        records: `record_id`, the fields (None where missing), and `wanted`, the fields to fill.

    Returns:
        One row per record: `record_id` and the wanted fields as text.
    """
    if len(complete) < FEWEST:
        return []
    from threadpoolctl import threadpool_limits

    found: dict[str, dict[str, object]] = {str(row["record_id"]): {} for row in records}
    with threadpool_limits(limits=1):
        for field in FIELDS:
            lacking = [row for row in records if field in row["wanted"]]
            if not lacking:
                continue
            told = _years(complete, lacking) if field == "birth_year" else _words(field, complete, lacking)
            for row, value in zip(lacking, told, strict=True):
                found[str(row["record_id"])][field] = value
    return [{"record_id": record_id, **values} for record_id, values in found.items()]


def _years(complete: Sequence[Mapping[str, Any]], lacking: Sequence[Mapping[str, Any]]) -> list[str]:
    """Years of birth within those that were told, to the year."""
    import sklearn.experimental.enable_iterative_imputer  # type: ignore # noqa: F401 - for the next line
    from sklearn.impute import IterativeImputer

    marks = np.hstack(
        [_marks(name, complete, [*complete, *lacking]) for name in FIELDS if name != "birth_year"]
    )
    years = np.array([row["birth_year"] for row in complete], dtype=float)
    if years.min() == years.max():
        return [str(int(years[0]))] * len(lacking)
    columns = np.column_stack([np.concatenate([years, np.full(len(lacking), np.nan)]), marks])
    imputer = IterativeImputer(random_state=SEED, min_value=years.min(), max_value=years.max())
    imputer.fit(columns[: len(complete)])
    filled = np.asarray(imputer.transform(columns[len(complete) :]))[:, 0]
    return [str(int(year)) for year in np.floor(filled + 0.5)]


def _words(
    field: str, complete: Sequence[Mapping[str, Any]], lacking: Sequence[Mapping[str, Any]]
) -> list[str]:
    """The most probable word of each record."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    words = [row[field] for row in complete]
    if len(set(words)) == 1:
        return [words[0]] * len(lacking)
    others = [name for name in FIELDS if name != field]

    def matrix(rows: Sequence[Mapping[str, Any]]) -> np.ndarray:
        return np.column_stack([_numbers(name, complete, rows) for name in others])

    model = HistGradientBoostingClassifier(
        max_iter=50,
        early_stopping=False,  # type: ignore[arg-type]
        random_state=SEED,
        categorical_features=[name != "birth_year" for name in others],  # type: ignore[arg-type]
    )
    model.fit(matrix(complete), words)
    return [str(word) for word in model.predict(matrix(lacking))]


def _usual(field: str, complete: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Numbers of the most frequent words of a field; of equally frequent ones the smaller first."""
    counts = Counter(row[field] for row in complete)
    ranked = sorted(counts, key=lambda word: (-counts[word], word))[:MOST_WORDS]
    return {word: number for number, word in enumerate(ranked)}


def _numbers(
    field: str, complete: Sequence[Mapping[str, Any]], rows: Sequence[Mapping[str, Any]]
) -> np.ndarray:
    """A field as numbers, NaN where it is missing or rare."""
    if field == "birth_year":
        return np.array([np.nan if row[field] is None else row[field] for row in rows], dtype=float)
    usual = _usual(field, complete)
    return np.array([usual.get(row[field], np.nan) for row in rows], dtype=float)


def _marks(
    field: str, complete: Sequence[Mapping[str, Any]], rows: Sequence[Mapping[str, Any]]
) -> np.ndarray:
    """A column of zeros and ones for each usual word but the most frequent one."""
    usual = list(_usual(field, complete))[1:]
    values = np.array([row[field] for row in rows], dtype=object)
    return np.column_stack([values == word for word in usual]) if usual else np.empty((len(rows), 0))
