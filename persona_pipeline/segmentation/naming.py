"""Names from evidence: what sets a segment apart, through a word table in English and Chinese.

Here: evidence to words. Not here: the word table itself (words.toml) and the statistics behind the evidence.
"""

from __future__ import annotations

import functools
import itertools
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from persona_pipeline.contracts.titles import CATEGORY_PREFIX, category_title

# differences below a quarter of a standard deviation do not set anybody apart
NOTICEABLE = 0.25
_WINDOW = re.compile(r"_\d+d$")


@dataclass(frozen=True, slots=True)
class Name:
    """A name in both languages and the features (with their signs) it rests on."""

    en: str
    zh: str
    evidence: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class _Word:
    group: str
    adjective: str
    noun: str
    zh: str
    evidence: tuple[str, int]


def name_segments(
    differences: Mapping[str, Mapping[str, float]], last: Mapping[str, Name], fallback_zh: str = "普通客户"
) -> dict[str, Name]:
    """A unique name for every segment.

    Args:
        differences: per segment key, the standardised difference of each feature.
        last: names of last week for the keys that live on. Such a name stays while every difference it
            rests on keeps its sign; else the segment is named anew.
        fallback_zh: Chinese name of a segment that nothing sets apart.
    """
    names: dict[str, Name] = {}
    for key in differences:
        if key in last and _still_true(last[key], differences[key]):
            names[key] = last[key]
    for key in differences:
        if key not in names:
            taken_en, taken_zh = {name.en for name in names.values()}, {name.zh for name in names.values()}
            words = _words(differences[key])
            proposals = _proposals(words) if words else [Name("Typical customers", fallback_zh, ())]
            free = [one for one in proposals if one.en not in taken_en and one.zh not in taken_zh]
            first = proposals[0]
            names[key] = (
                free[0] if free else Name(f"{first.en} ({key})", f"{first.zh}（{key}）", first.evidence)
            )
    return {key: names[key] for key in differences}


def _still_true(name: Name, differences: Mapping[str, float]) -> bool:
    return bool(name.evidence) and all(
        differences.get(feature, 0.0) * sign > 0 for feature, sign in name.evidence
    )


def _words(differences: Mapping[str, float]) -> list[_Word]:
    """Words for the noticeable differences, the largest first, one per group."""
    ranked = sorted(differences.items(), key=lambda item: (-abs(item[1]), item[0]))
    words: dict[str, _Word] = {}
    for feature, difference in ranked:
        if feature.startswith(CATEGORY_PREFIX):
            # what somebody does not buy makes no name
            if difference >= NOTICEABLE:
                words.setdefault("category", _category_word(feature))
            continue
        entry = _table().get(_WINDOW.sub("", feature))
        if entry is None or abs(difference) < NOTICEABLE:
            continue
        side = entry["high" if difference > 0 else "low"]
        group = str(entry["group"])
        words.setdefault(
            group,
            _Word(group, side["en"][0], side["en"][1], side["zh"], (feature, 1 if difference > 0 else -1)),
        )
    return list(words.values())


def _category_word(feature: str) -> _Word:
    """A category as a word; of a bilingual label each language takes its part."""
    label = feature.removeprefix(CATEGORY_PREFIX)
    zh = category_title(label, "zh")
    en = category_title(label, "en").lower()
    return _Word("category", en, f"{en} shoppers", f"爱买{zh}", (feature, 1))


def _proposals(words: Sequence[_Word]) -> list[Name]:
    """Names to try in order: the two strongest words, then with a third, then other pairs."""
    if len(words) == 1:
        return [_compose(words)]
    pairs = [_compose(pair) for pair in itertools.combinations(words[:5], 2)]
    triples = [_compose(triple) for triple in itertools.combinations(words[:5], 3)]
    return [*pairs[:1], *triples[:1], *pairs[1:], *triples[1:]]


def _compose(words: Sequence[_Word]) -> Name:
    """The strongest word is the noun, the others stand before it."""
    adjectives = ", ".join(word.adjective for word in reversed(words[1:]))
    en = f"{adjectives} {words[0].noun}".strip()
    zh = "".join(word.zh for word in reversed(words)) + "客户"
    return Name(en[0].upper() + en[1:], zh, tuple(word.evidence for word in words))


@functools.cache
def _table() -> dict[str, dict]:
    return tomllib.loads((Path(__file__).parent / "words.toml").read_text(encoding="utf-8"))
