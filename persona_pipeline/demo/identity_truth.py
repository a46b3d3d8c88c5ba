"""How well identifiers were put together: pairs found against the pairs of the planted persons.

Here: precision and recall over pairs of identifiers. Not here: the planted truth itself (truth.py) and the
figures of `persona verify` (comparison.py).
"""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd

from persona_pipeline.contracts.pseudonym import pseudonym

IDENTIFIER = ["id_kind", "id"]
PHONE_COUNTRY = "86"  # of the demo shop, as its persona.toml declares


def planted_pairs(truth: pd.DataFrame, key: bytes, day: dt.date) -> pd.DataFrame:
    """The planted identifiers of a day as the map should hold them.

    Args:
        truth: rows of the truth: `person`, `id_kind`, `value` in clear, `valid_from`, `is_shared` and
            `is_linkable`.
        key: the project's secret for pseudonyms.
        day: identifiers that somebody used by then count; a person keeps what was once theirs.

    Returns:
        One row per identifier: `id_kind`, `id`, `person`. Left out are shared identifiers and those of
        several persons, which are nobody's, those that no record shows together with another one of the
        person, and campaign contacts, which are events.
    """
    begun = pd.to_datetime(truth["valid_from"]) <= pd.Timestamp(day)
    used = truth.loc[begun & (truth["id_kind"] != "contact")].copy()
    # object columns, not the frame's rows: pseudonyms are Python's hmac over distinct values
    distinct = used.loc[:, ["id_kind", "value"]].drop_duplicates()
    distinct["id"] = [
        pseudonym(key, kind, value, PHONE_COUNTRY)
        for kind, value in zip(distinct["id_kind"], distinct["value"], strict=True)
    ]
    used = used.merge(distinct, on=["id_kind", "value"], validate="many_to_one")
    by_identifier = used.groupby(IDENTIFIER, as_index=False)
    owners = by_identifier.agg(
        person=("person", "first"),
        persons=("person", "nunique"),
        is_shared=("is_shared", "max"),
        is_linkable=("is_linkable", "max"),
    )
    own = (owners["persons"] == 1) & ~owners["is_shared"].astype(bool) & owners["is_linkable"].astype(bool)
    return owners.loc[own, [*IDENTIFIER, "person"]].reset_index(drop=True)


def identity_quality(truth: pd.DataFrame, found: pd.DataFrame) -> tuple[float, float]:
    """Precision and recall of pairs of identifiers that are said to be one person.

    Args:
        truth: one row per identifier: `id_kind`, `id`, `person` (see `planted_pairs`).
        found: one row per identifier of the map: `id_kind`, `id`, `customer_id`.

    Returns:
        Precision: of the pairs found together, the share of one person; an identifier that the truth does
        not know, or knows as nobody's, is a person of its own. Recall: of the pairs that the truth
        gives to one person, the share found together. 1 where there is no pair.

    Source: pairwise precision and recall of entity resolution (Menestrina, Whang, Garcia-Molina 2010).
    """
    both = found.merge(truth, on=IDENTIFIER, how="outer", validate="one_to_one").reset_index(drop=True)
    customer = _groups(both["customer_id"].to_numpy())
    person = _groups(both["person"].to_numpy())
    right = _pairs(customer * len(both) + person)
    said, true = _pairs(customer), _pairs(person)
    return (right / said if said else 1.0, right / true if true else 1.0)


def _groups(names: np.ndarray) -> np.ndarray:
    """A number for each name; a row without one is a group of its own."""
    codes = pd.factorize(names)[0].astype(np.int64)
    alone = codes < 0
    codes[alone] = codes.max(initial=-1) + 1 + np.arange(alone.sum())
    return codes


def _pairs(groups: np.ndarray) -> int:
    """Pairs of rows of one group."""
    sizes = np.unique(groups, return_counts=True)[1]
    return int((sizes * (sizes - 1) // 2).sum())
