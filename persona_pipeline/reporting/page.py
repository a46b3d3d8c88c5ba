"""Writes the page: one HTML file with both languages, no request to anywhere.

Here: rendering and the write. Not here: what it says (view_customers.py, view_models.py, words.toml).
"""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from jinja2.utils import htmlsafe_json_dumps
from markupsafe import Markup

from persona_pipeline.reporting import view_customers, view_features, view_models, view_traces
from persona_pipeline.reporting.data import ReportData
from persona_pipeline.reporting.view_lookup import lookup
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
    pages = [_page(data, Words(language, data.currency, data.described)) for language in LANGUAGES]
    # the browser runs this script and no other, wherever in the page another one might come from
    script = Path(__file__).with_name("lookup.js").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    found = lookup(data)
    return template.render(
        pages=pages,
        first=first,
        project=data.project,
        script=Markup(script),  # noqa: S704 - our own file
        script_source=f"'sha256-{digest}'",
        lookup=found and htmlsafe_json_dumps(found, json.dumps, ensure_ascii=False, separators=(",", ":")),
    )


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
        "persona_sizes": view_customers.persona_sizes(data, words),
        "movements": view_customers.movements(data, words),
        "lookup": _lookup_note(data, words),
        "segmentation": view_models.segmentation(data, words),
        "rfm": view_customers.rfm(data, words),
        "rules": view_models.rules(data, words),
        "propensities": view_models.propensities(data, words),
        "offers": view_models.offers(data, words),
        "web": view_traces.web(data, words),
        "campaigns": view_traces.campaigns(data, words),
        "interests": view_traces.interests(data, words),
        "voices": view_traces.voices(data, words),
        "quality": view_models.quality(data, words),
        "features": view_features.features(data, words),
    }


def _lookup_note(data: ReportData, words: Words) -> str | None:
    """Which customers can be looked up; None without any."""
    if data.shown.empty:
        return None
    known = int(data.customers["customers"].iloc[0])
    if len(data.shown) >= known:
        return words.text("lookup_all", count=words.number(known))
    return words.text("lookup_some", count=words.number(len(data.shown)), all=words.number(known))
