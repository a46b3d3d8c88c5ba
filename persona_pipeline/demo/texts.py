"""Texts of posts and reviews in Chinese and English, put together from the pieces of texts.toml.

Here: codes → text. Not here: who writes when, and in which mood (posts.py).
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

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


@cache
def _pieces() -> dict[str, Any]:
    return tomllib.loads(Path(__file__).with_name("texts.toml").read_text(encoding="utf-8"))


@dataclass(frozen=True, slots=True)
class Words:
    """How people call products and categories, by language."""

    products: dict[str, tuple[pa.Array, ...]]  # language → one array per naming
    categories: dict[str, pa.Array]

    @classmethod
    def of(cls, catalogue: Catalogue) -> Words:
        """From the titles of a catalogue."""
        chinese: list[tuple[str, str, str]] = []
        english: list[tuple[str, str, str]] = []
        for title, brand in zip(catalogue.titles, catalogue.brands, strict=True):
            maker, latin_maker = brand.split()[0], brand.split()[-1]
            parts = title.removeprefix(f"{maker} ").split(" ")
            latin = " ".join(part for part in parts[1:] if part.isascii()).lower()
            chinese.append((parts[0], f"{maker}{parts[0]}", title))
            english.append((latin, f"{latin_maker} {latin}", title))
        names = [category.split(" ", 1) for category in CATEGORIES]
        return cls(
            products={
                "zh": tuple(pa.array(column) for column in zip(*chinese, strict=True)),
                "en": tuple(pa.array(column) for column in zip(*english, strict=True)),
            },
            categories={
                "zh": pa.array([name[0] for name in names]),
                "en": pa.array([name[1].lower() for name in names]),
            },
        )


def texts(words: Words, posts: np.ndarray) -> pa.Array:
    """One text per row of `posts.POST`, without escapes."""
    result = pa.array([""] * posts.size, pa.string())
    parts: list[pa.Array] = []
    places: list[np.ndarray] = []
    group = (
        posts["is_chinese"].astype(np.int64) * 100 + posts["type"] * 50 + posts["tone"] * 10 + posts["about"]
    )
    for code in np.unique(group):
        place = np.flatnonzero(group == code)
        language = LANGUAGES[int(code) // 100]
        parts.append(_compose(words, posts[place], language))
        places.append(place)
    if not parts:
        return result
    order = np.argsort(np.concatenate(places), kind="stable")
    return pa.concat_arrays(parts).take(pa.array(order))


def _compose(words: Words, posts: np.ndarray, language: str) -> pa.Array:
    """Texts of posts that differ only in what is drawn for each."""
    pieces = _pieces()[language]
    kind, tone, about = (int(posts[name][0]) for name in ("type", "tone", "about"))
    tone_name = TONE_NAMES[tone]
    mood = "negative" if tone in (LATE, DEFECT) else tone_name
    seed = posts["text"]
    opening = _pick(pieces["open"], seed, 0)
    main = _filled(words, pieces[TYPES[kind]][tone_name][ABOUT[about]], posts, language)
    more = _pick(pieces["more"][mood], seed, 2)
    close = _pick(pieces["close_negative" if mood == "negative" else "close"], seed, 3)
    return pc.binary_join_element_wise(opening, main, more, close, "")


def _pick(options: list[str], seed: np.ndarray, place: int) -> pa.Array:
    return pa.array(options, pa.string()).take(pa.array(_part(seed, place) % len(options)))


def _part(seed: np.ndarray, place: int) -> np.ndarray:
    """An independent part of the number for each place of the text."""
    return (seed // np.uint64(1 << (12 * place)) % np.uint64(1 << 12)).astype(np.int64)


def _filled(words: Words, templates: list[str], posts: np.ndarray, language: str) -> pa.Array:
    seed = posts["text"]
    head = [template.partition("{x}")[0] for template in templates]
    tail = [template.partition("{x}")[2] for template in templates]
    before, after = _pick(head, seed, 1), _pick(tail, seed, 1)
    about = int(posts["about"][0])
    if about == GENERAL:
        return before
    if about == CATEGORY:
        called = words.categories[language].take(pa.array(posts["category"].astype(np.int64)))
    else:
        product = pa.array(posts["product"].astype(np.int64))
        naming = _part(seed, 4) % 10  # 5 by kind, 3 with the maker, 2 by title
        by_kind, by_maker, by_title = (column.take(product) for column in words.products[language])
        called = pc.if_else(
            pa.array(naming < 5), by_kind, pc.if_else(pa.array(naming < 8), by_maker, by_title)
        )
    return pc.binary_join_element_wise(before, called, after, "")
