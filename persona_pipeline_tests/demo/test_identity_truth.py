"""Pairwise precision and recall on tables small enough to count by hand."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest

from persona_pipeline.contracts.pseudonym import pseudonym
from persona_pipeline.demo.identity_truth import identity_quality, planted_pairs

KEY = b"0123456789abcdef0123456789abcdef"
TRUTH = pd.DataFrame(
    [("email", name, person) for name, person in zip("abcde", "PPPQQ", strict=True)],
    columns=["id_kind", "id", "person"],
)


@pytest.mark.parametrize(
    ("found", "precision", "recall"),
    [
        ("11122", 1.0, 1.0),  # 3 pairs of P, 1 of Q
        ("12345", 1.0, 0.0),
        ("11111", 4 / 10, 1.0),
        ("11223", 1 / 2, 1 / 4),
        ("11-22", 1.0, 2 / 4),  # c belongs to nobody
    ],
)
def test_pairs_are_counted(found: str, precision: float, recall: float) -> None:
    rows = [("email", name, who) for name, who in zip("abcde", found, strict=True) if who != "-"]
    frame = pd.DataFrame(rows, columns=["id_kind", "id", "customer_id"])
    assert identity_quality(TRUTH, frame) == (precision, recall)


def test_an_identifier_that_is_nobodys_makes_wrong_pairs() -> None:
    found = pd.DataFrame({"id_kind": "email", "id": ["a", "x"], "customer_id": "1"})
    assert identity_quality(TRUTH, found) == (0.0, 0.0)


def test_shared_and_later_identifiers_are_nobodys() -> None:
    day = dt.date(2025, 3, 1)
    rows = [
        ("P", "email", "p@x.org", day, False, True),
        ("P", "visitor", "v", day, False, True),
        ("Q", "visitor", "v", day, False, True),  # a device of both
        ("Q", "phone", "1", day, True, True),
        ("Q", "account", "9", day + dt.timedelta(days=1), False, True),
        ("Q", "handle", "q", day, False, False),  # seen alone: no record tells whose it is
        ("Q", "contact", "K1", day, False, True),
    ]
    columns = ["person", "id_kind", "value", "valid_from", "is_shared", "is_linkable"]
    planted = planted_pairs(pd.DataFrame(rows, columns=columns), KEY, day)
    assert planted.to_dict("records") == [
        {"id_kind": "email", "id": pseudonym(KEY, "email", "p@x.org"), "person": "P"}
    ]
