"""The category that a text mentions first, by the words of the catalogue's categories in either language.

Not here: products; a record that names its product needs no mention.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence

# words that join others and name nothing by themselves
JOINING = frozenset(
    ("and", "or", "of", "the", "for", "with", "by", "in", "on", "to", "a", "an")
    + ("other", "others", "misc", "unknown", "其他", "其它", "以及")
)
_WORD = re.compile(r"[a-z0-9][a-z0-9'+]*|[^\W_a-z0-9]+")


class Categories:
    """Categories with the day since when each is known, and the words that stand for them.

    A category `食品 Food` is mentioned by 食品 and by food: Chinese anywhere in the text, words in Latin
    letters as whole words, whatever their case. A word that several known categories share decides nothing.
    """

    def __init__(self, names: Sequence[str], days: Sequence[dt.date]) -> None:
        self._of_word: dict[str, list[tuple[dt.date, str]]] = {}
        for name, day in sorted(zip(names, days, strict=True)):
            for word in set(_WORD.findall(name.casefold())) - JOINING:
                self._of_word.setdefault(word, []).append((day, name))
        words = sorted(self._of_word, key=lambda word: (-len(word), word))
        parts = [
            rf"(?<![a-z0-9]){re.escape(word)}(?![a-z0-9])" if word.isascii() else re.escape(word)
            for word in words
        ]
        self._pattern = re.compile("|".join(parts)) if parts else None

    def mentioned(self, text: str, day: dt.date) -> str | None:
        """The category mentioned first, of those known on the day; the longer word goes first."""
        if self._pattern is None:
            return None
        for match in self._pattern.finditer(text.casefold()):
            known = [name for since, name in self._of_word[match.group()] if since <= day]
            if len(known) == 1:
                return known[0]
        return None
