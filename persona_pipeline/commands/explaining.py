"""`persona features`: which features the project has, what each is, where it comes from, which are left out.

Not here: the catalogue itself, and the page of features (features.documentation writes it).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from persona_pipeline.commands.console import CommandError, console, show_table
from persona_pipeline.contracts.purpose import suggestion
from persona_pipeline.defs.lineage import feature_origin
from persona_pipeline.defs.shop import Shop
from persona_pipeline.features.documentation import how, markdown
from persona_pipeline.features.feature import Catalogue, Derived, Feature, Measured
from persona_pipeline.settings import Settings

COLUMNS = ("name", "meaning", "type", "unit", "window", "missing")


def features(
    settings: Settings, names: Sequence[str] = (), *, as_json: bool = False, page: Path | None = None
) -> None:
    """List the features of a project, or explain those named; `page` gets the whole catalogue as Markdown.

    Raises:
        CommandError: a name that is no feature of the project, or a page that cannot be written.
        SettingsError: the catalogue cannot be used.
    """
    catalogue = Shop(settings).check_features()
    if page is not None:
        _write(page, catalogue, settings)
        return
    if names:
        explained = [_explained(catalogue, name, settings.project.language) for name in names]
        if as_json:
            console.print_json(json.dumps(explained, ensure_ascii=False))
        else:
            for each in explained:
                show_table(each["name"], ("what", "value"), [[key, _text(each[key])] for key in each])
        return
    rows = [_row(feature, settings.project.language) for feature in catalogue.outputs]
    if as_json:
        found = {"features": rows, "left_out": dict(catalogue.left_out)}
        console.print_json(json.dumps(found, ensure_ascii=False))
        return
    show_table("Features", COLUMNS, [[_text(row[key]) for key in COLUMNS] for row in rows])
    for name, reason in catalogue.left_out:
        console.print(f"left out: {name}: {reason}", markup=False, highlight=False)


def _row(feature: Feature, language: str) -> dict[str, Any]:
    about = feature.about
    return {
        "name": feature.name,
        "meaning": about.description_zh if language == "zh" else about.description_en,
        "type": about.type.value,
        "unit": about.unit,
        "window": "ever" if about.window is None else about.window,
        "missing": about.missing,
        "purpose": [purpose.value for purpose in about.purposes],
    }


def _explained(catalogue: Catalogue, name: str, language: str) -> dict[str, Any]:
    """Everything there is to say of one feature; of one left out, only why."""
    left_out = dict(catalogue.left_out)
    if name in left_out:
        return {"name": name, "left_out": left_out[name]}
    if name not in catalogue:
        known = [*(feature.name for feature in catalogue.features), *left_out]
        hint = suggestion(name, known, "list them with: persona features")
        raise CommandError(f"no feature {name!r} in this project; {hint}")
    feature = catalogue[name]
    reads, clean = feature_origin(catalogue, name)
    used = [other.name for other in catalogue.features if isinstance(other, Derived) and name in other.inputs]
    return {
        **_row(feature, language),
        "definition": how(feature),
        **_definition(feature),
        "column": not feature.hidden,
        "sensitivity": feature.about.sensitivity.value,
        "owner": feature.about.owner,
        "declared_in": feature.about.file,
        "used_by": used,
        "facts": reads,
        "clean_columns": clean,
    }


def _definition(feature: Feature) -> dict[str, Any]:
    if isinstance(feature, Measured):
        conditions = [f"{each.column} {each.comparison} {each.value}" for each in feature.conditions]
        return {"source": feature.source, "conditions": conditions}
    weight = {} if feature.prior_weight is None else {"prior_weight": feature.prior_weight}
    return {"operation": feature.operation, "inputs": list(feature.inputs), **weight}


def _write(page: Path, catalogue: Catalogue, settings: Settings) -> None:
    own = settings.features.catalogue
    origin = f"the packaged catalogue{f' and `{Path(own).name}`' if own else ''} of {settings.project.name}"
    try:
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(markdown(catalogue, origin), encoding="utf-8")
    except OSError as error:
        raise CommandError(f"{page} cannot be written: {error.strerror}; name another file") from error
    console.print(f"{len(catalogue.outputs)} features: {page}", markup=False, highlight=False)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no, it only feeds others"
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return str(value)
