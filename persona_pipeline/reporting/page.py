"""Writes the page: one HTML file with both languages, no request to anywhere.

Here: rendering and the write. Not here: what it says (view_customers.py, view_models.py, words.toml).
"""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from persona_pipeline.reporting import view_customers, view_models
from persona_pipeline.reporting.data import ReportData
from persona_pipeline.reporting.words import LANGUAGES, Words

NAME = "index.html"


def write_report(directory: Path, data: ReportData, *, language: str = "en") -> Path:
    """Write `index.html` with English and Chinese; the reader switches, `language` is shown first.

    Args:
        directory: made if it is missing; an older report is replaced in one step.
        data: what to show.
        language: en, zh, or both (English first).

    Returns:
        The path of the file.

    Raises:
        ValueError: another language.
    """
    if language not in (*LANGUAGES, "both"):
        raise ValueError(f"language must be en, zh or both; got {language!r}")
    directory.mkdir(parents=True, exist_ok=True)
    target, draft = directory / NAME, directory / f".{NAME}.part"
    draft.write_text(render(data, first="en" if language == "both" else language), encoding="utf-8")
    draft.replace(target)
    return target


def render(data: ReportData, *, first: str = "en") -> str:
    """The page as text."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    template = environment.get_template("report.html.j2")
    pages = [_page(data, Words(language, data.currency)) for language in LANGUAGES]
    return template.render(pages=pages, first=first, project=data.project)


def _page(data: ReportData, words: Words) -> dict[str, object]:
    """Everything one language needs."""
    identity = data.publication_id
    published = words.text("unpublished") if identity is None else words.text("publication", id=identity)
    return {
        "language": words.language,
        "t": words.text,
        "head": [
            words.text("as_of", day=words.date(data.as_of)),
            words.text("models_of", day=words.date(data.week)),
            published,
        ],
        "day": words.date(data.as_of),
        "overview": view_customers.overview(data, words),
        "personas": view_customers.personas(data, words),
        "segmentation": view_models.segmentation(data, words),
        "rfm": view_customers.rfm(data, words),
        "rules": view_models.rules(data, words),
        "propensities": view_models.propensities(data, words),
        "offers": view_models.offers(data, words),
        "quality": view_models.quality(data, words),
    }
