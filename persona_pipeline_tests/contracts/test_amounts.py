"""Amounts with their currency."""

from __future__ import annotations

import pytest

from persona_pipeline.contracts.amounts import amount_text


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        (1234.4, "CNY", "¥1,234"),
        (80.5, "CNY", "¥80.50"),
        (0.0, "EUR", "€0"),
        (-12.5, "USD", "-$12.50"),
        (219.0, "CHF", "CHF 219"),
        (219.0, "", "219"),
    ],
)
def test_an_amount_in_words(amount: float, currency: str, text: str) -> None:
    assert amount_text(amount, currency) == text
