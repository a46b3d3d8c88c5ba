"""The page of a feature catalogue: docs/features.md of the packaged one, and the same of a project's.

Run as `python -m persona_pipeline.features.documentation [--check] [FILE]` for the packaged one; with
`--check` it says whether the page is current. Not here: the definitions; they stand in the catalogue's files.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from persona_pipeline.contracts import Purpose
from persona_pipeline.contracts.purpose import MEANING
from persona_pipeline.features.catalogue import load_catalogue
from persona_pipeline.features.feature import OPERATIONS, Catalogue, Derived, Feature, Measured
from persona_pipeline.features.source import SOURCES

DEFAULT = Path(__file__).parents[2] / "docs" / "features.md"
_PACKAGED = "`persona_pipeline/features/catalogue*.toml`"
_WORDS = {"equals": "=", "differs": "≠", "above": ">", "at_least": "≥", "below": "<"}


def markdown(catalogue: Catalogue, origin: str = _PACKAGED) -> str:
    """The whole page, English and Chinese side by side; `origin` says what it was made from."""
    return "\n".join(_lines(catalogue, origin)) + "\n"


def main(arguments: list[str] | None = None) -> int:
    """Write the page, or with `--check` say whether it is current: 0 if so, else 1."""
    parser = argparse.ArgumentParser(description="docs/features.md from the feature catalogue")
    parser.add_argument("file", nargs="?", type=Path, default=DEFAULT)
    parser.add_argument("--check", action="store_true", help="only compare; exit code 1 when out of date")
    options = parser.parse_args(arguments)
    page = markdown(load_catalogue())
    if options.check:
        if options.file.is_file() and options.file.read_text(encoding="utf-8") == page:
            return 0
        sys.stderr.write(
            f"{options.file} is out of date; run: python -m persona_pipeline.features.documentation\n"
        )
        return 1
    options.file.parent.mkdir(parents=True, exist_ok=True)
    options.file.write_text(page, encoding="utf-8")
    return 0


def _lines(catalogue: Catalogue, origin: str) -> Iterator[str]:
    yield "# Features · 特征"
    yield ""
    yield f"Generated from {origin}; do not edit."
    yield "由特征目录生成，请勿手改。"
    yield ""
    yield "A feature as of D uses only facts known by the end of D (`day <= D`) that happened in its window,"
    yield "D included."
    yield "截至 D 日的特征只用当日结束前已知、"
    yield "且发生在窗口内（含 D 日）的事实。"
    yield ""
    yield f"{len(catalogue.outputs)} features are columns of `features.customer`; "
    yield f"{len(catalogue.features) - len(catalogue.outputs)} hidden ones feed derived features."
    yield ""
    yield "## Purposes · 用途"
    yield ""
    yield "What a feature may be used for; `all` stands for all of them."
    yield "特征可用于什么；`all` 表示全部用途。"
    yield ""
    for purpose, (english, chinese) in MEANING.items():
        yield f"- `{purpose}`: {english} {chinese}"
    yield ""
    for title, hidden in (("Columns · 列", False), ("Hidden inputs · 隐藏输入", True)):
        yield f"## {title}"
        yield ""
        yield "| Name | Meaning | 含义 | Type | Unit | When missing | Purpose | How |"
        yield "|---|---|---|---|---|---|---|---|"
        for feature in catalogue.features:
            if feature.hidden is hidden:
                yield _row(feature)
        yield ""
    if catalogue.left_out:
        yield "## Left out · 未包含"
        yield ""
        for name, reason in catalogue.left_out:
            yield f"- `{name}`: {reason}"
        yield ""
    yield "## Sources · 来源"
    for source in SOURCES.values():
        yield ""
        yield f"`{source.name}`: {source.grain}. Columns: " + ", ".join(
            f"`{name}` ({type_})" for name, type_ in source.columns.items()
        )


def _row(feature: Feature) -> str:
    about = feature.about
    cells = (
        f"`{feature.name}`",
        about.description_en,
        about.description_zh,
        about.type,
        about.unit,
        about.missing,
        "all" if about.purposes == tuple(Purpose) else ", ".join(about.purposes),
        how(feature),
    )
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def how(feature: Feature) -> str:
    """The definition of a feature in a line."""
    if isinstance(feature, Derived):
        roles = zip(OPERATIONS[feature.operation], feature.inputs, strict=True)
        return f"{feature.operation}: " + ", ".join(f"{role} `{name}`" for role, name in roles)
    return _measurement(feature)


def _measurement(feature: Measured) -> str:
    what = "rows" if feature.measure is None else f"`{feature.measure}`"
    window = "whole history" if feature.window is None else f"{feature.window} days"
    conditions = [f"`{c.column}` {_WORDS[c.comparison]} {c.value}" for c in feature.conditions]
    where = f" where {' and '.join(conditions)}" if conditions else ""
    return f"{feature.aggregation} of {what} in `{feature.source}`, {window}{where}"


if __name__ == "__main__":
    raise SystemExit(main())
