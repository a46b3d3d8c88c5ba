"""What sets a persona apart, in a sentence, in English and Chinese, from the evidence of its segment.

Here: numbers to words. Not here: the evidence (segments.segment_profile) and the phrases (phrases.toml).
"""

from __future__ import annotations

import functools
import re
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from persona_pipeline.contracts.amounts import amount_text
from persona_pipeline.contracts.titles import (
    CATEGORY_PREFIX,
    PRICE_BAND_PREFIX,
    Descriptions,
    feature_kind,
    feature_title,
)

# differences below a quarter of a standard deviation do not set anybody apart
NOTICEABLE = 0.25
LENGTH = 3
_WINDOW = re.compile(r"_(\d+)d$")
_FORMATS = {"number": "{:,.1f}", "days": "{:,.0f}", "share": "{:.0%}"}
_NOTHING = ("Close to the average in everything.", "各方面接近平均水平。")


def summarise(
    evidence: Iterable[Mapping[str, Any]], currency: str, described: Descriptions
) -> dict[str, tuple[str, str]]:
    """The summary of each segment.

    Args:
        evidence: rows of segments.segment_profile of one week.
        currency: ISO 4217 code of the amounts.
        described: what the catalogue says of features, for those without a phrase.

    Returns:
        By segment key, the English and the Chinese sentence: up to three features, each with the segment's
        mean and the mean of all customers; one per group, so that two windows of one thing do not both stand
        there.
    """
    ranked = sorted(evidence, key=lambda row: (row["segment_key"], row["evidence_rank"]))
    parts: dict[str, dict[str, tuple[str, str]]] = {row["segment_key"]: {} for row in ranked}
    for row in ranked:
        known = row["mean"] is not None and row["base_mean"] is not None
        if known and abs(row["difference"]) >= NOTICEABLE and len(parts[row["segment_key"]]) < LENGTH:
            group, en, zh = _phrase(row, currency, described)
            parts[row["segment_key"]].setdefault(group, (en, zh))
    return {key: _sentence(list(found.values())) for key, found in parts.items()}


def _phrase(row: Mapping[str, Any], currency: str, described: Descriptions) -> tuple[str, str, str]:
    feature = row["feature"]
    if feature.startswith(CATEGORY_PREFIX):
        label = feature.removeprefix(CATEGORY_PREFIX)
        own, everybody = f"{row['mean']:.0%}", f"{row['base_mean']:.0%}"
        return (
            feature,
            f"{label} {own} of what they buy (all: {everybody})",
            f"所购商品中{label}占 {own}（全体 {everybody}）",
        )
    if feature.startswith(PRICE_BAND_PREFIX):
        own, everybody = f"{row['mean']:.0%}", f"{row['base_mean']:.0%}"
        en, zh = _titles(feature, described)
        return "price", f"{en} {own} (all: {everybody})", f"{zh} {own}（全体 {everybody}）"
    window = _WINDOW.search(feature)
    stem = _WINDOW.sub("", feature)
    if entry := _phrases().get(stem):
        days = window[1] if window else ""
        group, kind = entry["group"], entry["kind"]
        en, zh = (entry[language].format(days=days) for language in ("en", "zh"))
    else:
        group, kind = feature, feature_kind(feature, described)
        en, zh = _titles(feature, described)
    own, everybody = (_number(kind, row[name], currency) for name in ("mean", "base_mean"))
    return group, f"{en} {own} (all: {everybody})", f"{zh} {own}（全体 {everybody}）"


def _titles(feature: str, described: Descriptions) -> tuple[str, str]:
    """For the middle of a sentence; what begins with capitals, a name or an abbreviation, keeps them."""
    en, zh = (feature_title(feature, language, described) for language in ("en", "zh"))
    return (f"{en[0].lower()}{en[1:]}" if en[1:2].islower() else en), zh


def _number(kind: str, value: float, currency: str) -> str:
    return amount_text(value, currency) if kind == "money" else _FORMATS[kind].format(value)


def _sentence(parts: list[tuple[str, str]]) -> tuple[str, str]:
    if not parts:
        return _NOTHING
    en = "; ".join(en for en, _ in parts)
    return en[0].upper() + en[1:] + ".", "；".join(zh for _, zh in parts) + "。"


@functools.cache
def _phrases() -> dict[str, dict[str, str]]:
    return tomllib.loads((Path(__file__).parent / "phrases.toml").read_text(encoding="utf-8"))
