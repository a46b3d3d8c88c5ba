"""Texts of posts and reviews in Chinese and English, put together from the pieces of texts.toml.

Here: codes → text. Not here: who writes when, and in which mood (posts.py).
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from persona_pipeline.demo.catalogue import Catalogue
from persona_pipeline.demo.personas import CATEGORIES

LANGUAGES = ("en", "zh")
POST, REVIEW = 0, 1
TYPES = ("post", "review")
TONES = ("negative", "neutral", "positive")  # tone = valence + 1
LATE, DEFECT = 3, 4  # tones of complaints
TONE_NAMES = (*TONES, "late", "defect")
GENERAL, CATEGORY, PRODUCT = 0, 1, 2
ABOUT = ("general", "category", "product")
NAMINGS = 3


@dataclass(frozen=True, slots=True)
class Choices:
    """Lists of pieces one after the other, so that rows of any group are served by a single look-up."""

    pieces: pa.Array
    offset: np.ndarray  # by group
    count: np.ndarray

    @classmethod
    def of(cls, groups: list[list[str]]) -> Choices:
        """From one list of pieces per group."""
        count = np.array([len(group) for group in groups], dtype=np.int64)
        pieces = [piece for group in groups for piece in group]
        return cls(pa.array(pieces, pa.string()), np.cumsum(count) - count, count)

    def pick(self, group: np.ndarray, number: np.ndarray) -> pa.Array:
        """The piece that `number` stands for in each row's group."""
        return self.pieces.take(pa.array(self.offset[group] + number % np.maximum(self.count[group], 1)))


@dataclass(frozen=True, slots=True)
class Words:
    """All pieces of texts, and how people call products and categories. Language is the first axis."""

    openings: Choices  # by language
    heads: Choices  # by language, type, tone and subject: what stands before the thing
    tails: Choices
    more: Choices  # by language and mood
    closings: Choices  # by language and whether the text is negative
    things: pa.Array  # by language and naming, products; then by language, categories
    products: int

    @classmethod
    def of(cls, catalogue: Catalogue) -> Words:
        """From the titles of a catalogue."""
        pieces = tomllib.loads(Path(__file__).with_name("texts.toml").read_text(encoding="utf-8"))
        sentences = [
            [sentence.partition("{x}") for sentence in pieces[language][kind].get(tone, {}).get(about, ())]
            for language in LANGUAGES
            for kind in TYPES
            for tone in TONE_NAMES
            for about in ABOUT
        ]
        return cls(
            openings=Choices.of([pieces[language]["open"] for language in LANGUAGES]),
            heads=Choices.of([[head for head, _, _ in group] for group in sentences]),
            tails=Choices.of([[tail for _, _, tail in group] for group in sentences]),
            more=Choices.of([pieces[language]["more"][mood] for language in LANGUAGES for mood in TONES]),
            closings=Choices.of(
                [pieces[language][name] for language in LANGUAGES for name in ("close", "close_negative")]
            ),
            things=pa.array(_things(catalogue), pa.string()),
            products=len(catalogue),
        )


def _things(catalogue: Catalogue) -> list[str]:
    """By kind, by maker and kind, by whole title: first English, then Chinese; then the categories."""
    english: list[tuple[str, str, str]] = []
    chinese: list[tuple[str, str, str]] = []
    for title, brand in zip(catalogue.titles, catalogue.brands, strict=True):
        maker, latin_maker = brand.split()[0], brand.split()[-1]
        parts = title.removeprefix(f"{maker} ").split(" ")
        latin = " ".join(part for part in parts[1:] if part.isascii()).lower()
        english.append((latin, f"{latin_maker} {latin}", title))
        chinese.append((parts[0], f"{maker}{parts[0]}", title))
    named = [
        names[naming] for language in (english, chinese) for naming in range(NAMINGS) for names in language
    ]
    categories = [category.split(" ", 1) for category in CATEGORIES]
    return [*named, *(words[1].lower() for words in categories), *(words[0] for words in categories)]


def texts(words: Words, posts: np.ndarray) -> pa.Array:
    """One text per row of `posts.ROW`, without escapes."""
    language = posts["is_chinese"].astype(np.int64)
    tone, about = posts["tone"].astype(np.int64), posts["about"].astype(np.int64)
    mood = np.where(tone < len(TONES), tone, 0)
    group = ((language * len(TYPES) + posts["type"]) * len(TONE_NAMES) + tone) * len(ABOUT) + about
    number = posts["text"]
    return pc.binary_join_element_wise(
        words.openings.pick(language, _part(number, 0)),
        words.heads.pick(group, _part(number, 1)),
        pc.if_else(pa.array(about == GENERAL), "", words.things.take(pa.array(_thing(words, posts)))),
        words.tails.pick(group, _part(number, 1)),
        words.more.pick(language * len(TONES) + mood, _part(number, 2)),
        words.closings.pick(language * 2 + (mood == 0), _part(number, 3)),
        "",
    )


def _thing(words: Words, posts: np.ndarray) -> np.ndarray:
    """Position among the things: half of the products by kind, three in ten with the maker, two by title."""
    language = posts["is_chinese"].astype(np.int64)
    naming = np.searchsorted(np.array([5, 8]), _part(posts["text"], 4) % 10, side="right")
    product = (language * NAMINGS + naming) * words.products + posts["product"]
    first = len(LANGUAGES) * NAMINGS * words.products
    category = np.minimum(posts["category"].astype(np.int64), len(CATEGORIES) - 1)
    return np.where(posts["about"] == CATEGORY, first + language * len(CATEGORIES) + category, product)


def _part(number: np.ndarray, place: int) -> np.ndarray:
    """An independent part of the number for each place of the text."""
    return (number // np.uint64(1 << (12 * place)) % np.uint64(1 << 12)).astype(np.int64)
