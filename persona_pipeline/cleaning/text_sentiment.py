"""The sentiment of a text between -1 and 1, by a packaged lexicon of its language. Nothing is downloaded.

English is scored by VADER (Hutto and Gilbert 2014, package vaderSentiment). Chinese is segmented by jieba's
dictionary (package rjieba) and scored with the words of text_zh.toml by VADER's own rules: what is before a
word strengthens, weakens or turns it round, a `but` moves the weight to what follows, and the sum s becomes
s / sqrt(s^2 + 15).

Not here: which language a text has.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib.resources import files
from math import sqrt
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rjieba import Jieba
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

# VADER's own thresholds, negation factor and normalisation
LABEL_THRESHOLD = Decimal("0.05")
NEGATION = -0.74
ALPHA = 15
BEFORE_BUT, AFTER_BUT = 0.5, 1.5
REACH = 3
# a review is shorter; VADER's time grows with the square of a text's length
MOST_CHARACTERS = 10_000
ZERO = Decimal("0.0000")
_CLAUSE_END = re.compile(r"[，。！？；,!?;…~～\n\r、]+|\s+")


def sentiment_of(text: str, language: str) -> Decimal:
    """Sentiment to four places; 0 for a language without a lexicon. The first 10,000 characters count."""
    text = text[:MOST_CHARACTERS]
    if language == "en":
        score = _english().polarity_scores(text)["compound"]
    elif language == "zh":
        score = _chinese().score(text)
    else:
        return ZERO
    return Decimal(f"{score:.4f}") + 0  # + 0: no negative zero


def label_of(score: Decimal) -> str:
    """`negative`, `neutral` or `positive`."""
    if score >= LABEL_THRESHOLD:
        return "positive"
    return "negative" if score <= -LABEL_THRESHOLD else "neutral"


@cache
def _english() -> SentimentIntensityAnalyzer:
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    return SentimentIntensityAnalyzer()


@dataclass(frozen=True, slots=True)
class _Chinese:
    """The Chinese lexicon and a segmentation that knows its words."""

    valence: dict[str, float]
    degree: dict[str, float]
    negation: frozenset[str]
    contrast: frozenset[str]
    segment: Jieba

    def score(self, text: str) -> float:
        """VADER's rules over segmented clauses."""
        before, after, turned = 0.0, 0.0, False
        for clause in _CLAUSE_END.split(text):
            words = self._words(clause) if clause else []
            if not turned and not self.contrast.isdisjoint(words):
                before, after, turned = after, 0.0, True
            after += sum(self._valence(words, at) for at, word in enumerate(words) if word in self.valence)
        total = BEFORE_BUT * before + AFTER_BUT * after if turned else after
        return total / sqrt(total * total + ALPHA)

    def _words(self, clause: str) -> list[str]:
        """Words of a clause; a word of the dictionary (有点咸) is cut where the lexicon knows both parts."""
        words: list[str] = []
        for word in self.segment.cut(clause, hmm=False):
            cuts = range(1, len(word) if word not in self.valence else 0)
            cut = next((at for at in cuts if self._turns(word[:at]) and word[at:] in self.valence), 0)
            words += [word[:cut], word[cut:]] if cut else [word]
        return words

    def _turns(self, word: str) -> bool:
        return word in self.degree or word in self.negation

    def _valence(self, words: list[str], at: int) -> float:
        if words[at] in self.degree and at + 1 < len(words) and words[at + 1] in self.valence:
            return 0.0  # a degree of the next word, as in 好难吃
        value = self.valence[words[at]]
        for word in words[max(0, at - REACH) : at]:
            if word in self.negation:
                value *= NEGATION
            value *= self.degree.get(word, 1.0)
        return value


@cache
def _chinese() -> _Chinese:
    from rjieba import Jieba

    lexicon = tomllib.loads((files("persona_pipeline.cleaning") / "text_zh.toml").read_text("utf-8"))
    valence = {word: float(value) for value, words in lexicon["valence"].items() for word in words}
    degree = {word: float(value) for value, words in lexicon["degree"].items() for word in words}
    negation, contrast = frozenset(lexicon["words"]["negation"]), frozenset(lexicon["words"]["contrast"])
    segment = Jieba()
    for word in sorted({*valence, *degree, *negation, *contrast}):
        if len(word) > 1 and not segment.has_word(word):
            segment.add_word(word, None, None)
    return _Chinese(valence, degree, negation, contrast, segment)
