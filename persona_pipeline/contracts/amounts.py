"""Money as a reader sees it, the same in every text.

Here: an amount with its currency. Not here: other numbers; minor units and rates.
"""

from __future__ import annotations

SYMBOLS = {"CNY": "¥", "JPY": "¥", "EUR": "€", "USD": "$", "GBP": "£", "INR": "₹", "KRW": "₩"}


def amount_text(amount: float, currency: str) -> str:
    """The amount behind the sign of its currency, or its code; two digits below 100, but not for nothing."""
    sign = SYMBOLS.get(currency, f"{currency} ".lstrip())
    digits = 2 if 0 < abs(amount) < 100 else 0
    return f"{'-' if amount < 0 else ''}{sign}{abs(amount):,.{digits}f}"
