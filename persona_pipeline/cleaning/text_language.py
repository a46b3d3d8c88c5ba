"""The language of a text, by script and function words: English, Chinese or another.

Not here: what the text says.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from functools import cache
from importlib.resources import files

HAN = re.compile("[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
KANA_HANGUL = re.compile("[\u3040-\u30ff\uac00-\ud7af]")
_NO_WORDS = re.compile(r"https?://\S+|[@#]\w+")
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
# a Chinese word has about two characters, an English one five
HAN_SHARE = 0.2


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
    of_english, of_others = _function_words()
    english = sum(word.split("'")[0] in of_english for word in words)
    others = sum(word in of_others for word in words)
    if english or others:
        return "en" if english > others or (english == others and text.isascii()) else "other"
    plain = sum(sign.isascii() for sign in unicodedata.normalize("NFKC", text) if sign.isalpha())
    return "en" if plain == letters else "other"


@cache
def _function_words() -> tuple[frozenset[str], frozenset[str]]:
    """Those of English and those of other languages."""
    found = tomllib.loads((files("persona_pipeline.cleaning") / "text_language.toml").read_text("utf-8"))
    others = (word for words in found["others"].values() for word in words)
    return frozenset(found["english"]), frozenset(others)
