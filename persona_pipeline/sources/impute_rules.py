"""What `[sources.NAME.impute]` may say: which fields of which kinds may be filled, and how.

Here: the rules and the checks that need nothing but them. Not here: filling (cleaning.impute).
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, ConfigDict

NUMBERS = ("birth_year", "price", "cost")
IMPUTABLE: dict[str, tuple[str, ...]] = {
    "customers": ("birth_year", "gender", "region", "income_band"),
    "products": ("category", "brand", "price"),
    "campaigns": ("cost", "channel"),
}
YEARS = (1900, 2100)  # that clean.customer takes


class Constant(BaseModel):
    """A value for every record that lacks one."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    constant: int | Decimal | str


Rule = Literal["drop", "median", "mode", "model"] | Constant


def check_rules(kind: str, rules: Mapping[str, Rule], words: Mapping[str, tuple[str, ...]]) -> None:
    """Raise where a rule does not fit its field.

    Args:
        kind: of the source.
        rules: by field.
        words: the words that a field of words knows.

    Raises:
        ValueError: what is wrong and what is possible.
    """
    fields = IMPUTABLE.get(kind, ())
    for field, rule in rules.items():
        if field not in fields:
            known = f"{kind} have: {', '.join(fields)}" if fields else f"nothing of {kind} can be imputed"
            raise ValueError(f"impute: unknown field {field!r}; {known}")
        if rule == "median" and field not in NUMBERS:
            raise ValueError(f"impute.{field}: a text has no median; expected drop, mode or a constant")
        if rule == "model" and kind != "customers":
            raise ValueError(f"impute.{field}: model is for customers; expected drop, mode or a constant")
        if isinstance(rule, Constant):
            _check_constant(field, rule.constant, words.get(field))


def _check_constant(field: str, value: int | Decimal | str, words: tuple[str, ...] | None) -> None:
    if field in NUMBERS:
        if isinstance(value, str) or value < 0:
            raise ValueError(f"impute.{field}: expected a number from 0 on as constant; got {value!r}")
        if field == "birth_year" and (value != int(value) or not YEARS[0] <= value <= YEARS[1]):
            raise ValueError(f"impute.{field}: expected a year as constant; got {value}")
        if Decimal(value) != round(Decimal(value), 4) or value >= 10**14:
            raise ValueError(f"impute.{field}: expected at most 14 digits and 4 decimals; got {value}")
        return
    known = [word for word in words or () if word != "unknown"]
    if not isinstance(value, str) or value.strip() in ("", "unknown") or (known and value not in known):
        expected = f"one of {', '.join(known)}" if known else "a text that does not mean missing"
        raise ValueError(f"impute.{field}: expected {expected} as constant; got {value!r}")
