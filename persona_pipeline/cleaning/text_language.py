"""The language of a text, by script and function words: English, Chinese or another.

Not here: what the text says.
"""

from __future__ import annotations

import re
import unicodedata

HAN = re.compile("[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
KANA_HANGUL = re.compile("[\u3040-\u30ff\uac00-\ud7af]")
_NO_WORDS = re.compile(r"https?://\S+|[@#]\w+")
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
# a Chinese word has about two characters, an English one five
HAN_SHARE = 0.2
ENGLISH = frozenset(
    [
        "the",
        "a",
        "an",
        "and",
        "or",
        "but",
        "if",
        "of",
        "to",
        "in",
        "on",
        "at",
        "for",
        "from",
        "with",
        "by",
        "as",
        "is",
        "are",
        "was",
        "were",
        "be",
        "been",
        "am",
        "do",
        "does",
        "did",
        "have",
        "has",
        "had",
        "i",
        "you",
        "he",
        "she",
        "it",
        "we",
        "they",
        "me",
        "my",
        "your",
        "our",
        "their",
        "his",
        "her",
        "this",
        "that",
        "these",
        "those",
        "what",
        "which",
        "who",
        "when",
        "where",
        "how",
        "why",
        "not",
        "no",
        "so",
        "just",
        "can",
        "could",
        "will",
        "would",
        "should",
        "there",
        "here",
        "all",
        "about",
        "out",
        "up",
        "get",
        "got",
        "now",
        "then",
        "than",
        "very",
        "too",
    ]
)
# function words of the languages that are most often written in the same letters and that English has not
OTHERS = frozenset(
    "der die das und ist nicht ein eine mit auf für von ich sie wir zu dem den "  # German
    "le la les des une est et pas dans pour avec que qui vous nous je ce du au très "  # French
    "el los las una es y con por para muy pero como más del al lo mi "  # Spanish
    "il che di non è per sono della molto ma anche gli "  # Italian
    "o os um uma é não com muito mas em do da "  # Portuguese
    "het een en niet van ik zijn maar voor ook "  # Dutch
    "ve bir bu çok için yang dan ini itu tidak".split()  # Turkish, Indonesian
)


def language_of(text: str) -> str:
    """`en`, `zh` or `other`.

    Chinese where Han characters are a fifth of the letters or more and no kana or hangul stands among them.
    Otherwise English where the letters are Latin and English function words are not outnumbered by those of
    other languages; a text of plain ASCII letters without any function word counts as English.
    """
    text = _NO_WORDS.sub(" ", text)
    letters = sum(map(str.isalpha, text))
    if not letters:
        return "other"
    han = len(HAN.findall(text))
    if han >= HAN_SHARE * letters:
        return "other" if KANA_HANGUL.search(text) else "zh"
    words = [word.lower().replace("’", "'") for word in _WORD.findall(text)]
    english = sum(word.split("'")[0] in ENGLISH for word in words)
    others = sum(word in OTHERS for word in words)
    if english or others:
        return "en" if english > others or (english == others and text.isascii()) else "other"
    plain = sum(sign.isascii() for sign in unicodedata.normalize("NFKC", text) if sign.isalpha())
    return "en" if plain == letters else "other"
