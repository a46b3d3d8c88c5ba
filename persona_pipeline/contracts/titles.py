"""What features are called in English and Chinese, and what kind of number they are.

Here: titles that a reader sees: those of titles.toml, and for all other features, a project's own among them,
how the catalogue describes them. Not here: numbers as text; the catalogue, whose descriptions are handed in.
"""

from __future__ import annotations

import functools
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

CATEGORY_PREFIX = "category_share_365d:"
PRICE_BAND_PREFIX = "price_band_share_365d:"
_WINDOW = re.compile(r"(?P<name>.+)_(?P<days>\d+)d")
_CHINESE = re.compile(r"[\u3400-\u9fff]+")
_CATEGORY = {"en": "Share of {category} in products bought", "zh": "「{category}」购买占比"}
_PRICE_BANDS = {
    "en": (
        "less than half",
        "half to four fifths of",
        "about",
        "a quarter more than to twice",
        "twice or more",
    ),
    "zh": ("不到一半", "五至八成", "相当", "1.25 至 2 倍", "2 倍及以上"),
}
_PRICE_BAND = {
    "en": "Share of products at {band} the usual price of their category",
    "zh": "价格为品类均价{band}的商品占比",
}
_IN_DAYS = {"en": "{what}, {days} days", "zh": "{what}（{days} 天）"}
_REMARK = re.compile(r"[;；].*")
_KIND_OF_UNIT = {"currency": "money", "share": "share"}


@dataclass(frozen=True, slots=True)
class Described:
    """What the catalogue says of a feature, in English and Chinese, and its unit."""

    en: str
    zh: str
    unit: str

    def text(self, language: str) -> str:
        """The description."""
        return self.zh if language == "zh" else self.en


Descriptions = Mapping[str, Described]


@functools.cache
def _tables() -> Mapping[str, Mapping]:
    return tomllib.loads(Path(__file__).with_name("titles.toml").read_text(encoding="utf-8"))


def category_title(label: str, language: str) -> str:
    """What a category is called; of a bilingual label each language takes its part."""
    if language == "zh":
        return " ".join(_CHINESE.findall(label)) or label
    return " ".join(_CHINESE.sub(" ", label).split()) or label


def feature_title(name: str, language: str, described: Descriptions) -> str:
    """What a feature is called, with its window in words.

    Where there is no title it is the description, without a remark behind a semicolon; of a feature that
    nobody describes, its name with blanks.
    """
    if name.startswith(CATEGORY_PREFIX):
        return _CATEGORY[language].format(
            category=category_title(name.removeprefix(CATEGORY_PREFIX), language)
        )
    if name.startswith(PRICE_BAND_PREFIX):
        band = _PRICE_BANDS[language][int(name.removeprefix(PRICE_BAND_PREFIX)) - 1]
        return _PRICE_BAND[language].format(band=band)
    titles = _tables()["title"]
    if name in titles:
        return titles[name][language]
    window = _WINDOW.fullmatch(name)
    if window and window["name"] in titles:
        return _IN_DAYS[language].format(what=titles[window["name"]][language], days=window["days"])
    return _REMARK.sub("", described[name].text(language)) if name in described else name.replace("_", " ")


def feature_kind(name: str, described: Descriptions) -> str:
    """`money`, `share` or `number`: what titles.toml says, or else what the unit of the feature is."""
    window = _WINDOW.fullmatch(name.partition(":")[0])
    unit = described[name].unit if name in described else ""
    return _tables()["kind"].get(window["name"] if window else name, _KIND_OF_UNIT.get(unit, "number"))
