"""Words and number formats of the report, English and Chinese.

Here: looking a text up (words.toml), numbers, money, dates, reasons. Not here: which text stands where.
"""

from __future__ import annotations

import datetime as dt
import functools
import math
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from persona_pipeline.contracts.amounts import amount_text
from persona_pipeline.contracts.titles import Descriptions, feature_kind, feature_title

LANGUAGES = ("en", "zh")
ABSENT = "–"


@functools.cache
def dictionary() -> Mapping[str, Mapping]:
    """The tables of words.toml."""
    return tomllib.loads(Path(__file__).with_name("words.toml").read_text(encoding="utf-8"))


@dataclass(frozen=True, slots=True)
class Words:
    """One language of the report."""

    language: str
    currency: str
    described: Descriptions = field(default_factory=dict)  # what the catalogue says of features

    def text(self, key: str, **values: object) -> str:
        """The text of that key with its places filled.

        Raises:
            KeyError: there is no such key.
        """
        return dictionary()["text"][key][self.language].format(**values)

    def term(self, group: str, key: str) -> str:
        """The word for a value, for example `term("outcome", "rejected")`; the value itself if unknown."""
        entry = dictionary()[group].get(key)
        return entry[self.language] if entry else key.replace("_", " ")

    def feature(self, name: str) -> str:
        """What a feature is called."""
        return feature_title(name, self.language, self.described)

    def feature_value(self, name: str, value: float) -> str:
        """A mean of a feature in its unit."""
        kind = feature_kind(name, self.described)
        if kind == "money":
            return self.money(value)
        return self.percent(value) if kind == "share" else self.number(value, 1)

    def number(self, value: float | None, digits: int = 0) -> str:
        """With thousands separators; a dash for nothing."""
        return ABSENT if _missing(value) else f"{value:,.{digits}f}"

    def money(self, value: float | None) -> str:
        """Amount in the report's currency; a dash for nothing."""
        return ABSENT if _missing(value) else amount_text(float(value or 0), self.currency)

    def percent(self, value: float | None, digits: int = 1) -> str:
        """A share as a percentage."""
        return ABSENT if _missing(value) else f"{100 * float(value or 0):.{digits}f}%"

    def date(self, value: dt.date) -> str:
        """A date in words."""
        if self.language == "zh":
            return f"{value.year} 年 {value.month} 月 {value.day} 日"
        return f"{value.day} {value:%B %Y}"

    def month(self, value: dt.date) -> str:
        """A month for an axis."""
        return f"{value.month} 月" if self.language == "zh" else f"{value:%b}"

    def reason(self, text: str) -> str:
        """A status reason in this language; clauses without a translation stay as they are."""
        if self.language == "en":
            return text
        return "；".join(self._clause(clause) for clause in text.split("; "))

    def _clause(self, clause: str) -> str:
        for entry in dictionary()["reason"]:
            found = re.fullmatch(entry["en"], clause)
            if found:
                return entry[self.language].format(*(self._clause(part or "") for part in found.groups()))
        return clause


def _missing(value: float | None) -> bool:
    return value is None or math.isnan(float(value))
