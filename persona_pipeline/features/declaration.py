"""One TOML file of the feature catalogue becomes features, each line of it checked by itself.

Here: keys, names, windows, filters, texts. Not here: what only the whole catalogue can show (catalogue.py).
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path

from persona_pipeline.contracts import Purpose, Sensitivity, Type
from persona_pipeline.contracts.column import NAME
from persona_pipeline.contracts.purpose import suggestion
from persona_pipeline.features.feature import (
    AGGREGATIONS,
    COMPARISONS,
    MISSING,
    OPERATIONS,
    WINDOWS,
    About,
    CatalogueError,
    Condition,
    Derived,
    Feature,
    Measured,
)
from persona_pipeline.features.source import SOURCES

_TEXTS = ("description_en", "description_zh", "owner", "unit")
_COMMON = {*_TEXTS, "type", "sensitivity", "missing", "purpose", "name", "windows", "window", "hidden"}
_MEASURED = _COMMON | {"source", "aggregation", "measure", "filter"}
_DERIVED = _COMMON | {"operation", "prior_weight", *(role for roles in OPERATIONS.values() for role in roles)}
_DEFAULTS = {"sensitivity", "owner", "purpose"}
_TYPES = ("integer", "decimal", "double", "text", "boolean")
_PHRASES = {None: ("in the whole history", "全部历史")} | {
    days: (f"in the last {days} days", f"最近 {days} 天") for days in WINDOWS
}
_PYTHON_TYPES = {Type.INTEGER: int, Type.DECIMAL: int, Type.TEXT: str, Type.BOOLEAN: bool}


def read_features(path: Path) -> list[Feature]:
    """The features that a file declares, in its order: measured ones first.

    Raises:
        CatalogueError: the file cannot be read, or something in it is not as expected.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise CatalogueError(f"no feature catalogue at {path}; correct the path") from error
    except OSError as error:
        raise CatalogueError(f"{path} cannot be read: {error.strerror}; name a TOML file") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CatalogueError(f"{path.name} is not a TOML file in UTF-8: {error}") from error
    _only(document, {"defaults", "feature", "derived"}, path.name)
    defaults = document.get("defaults", {})
    if not isinstance(defaults, dict):
        raise CatalogueError(f"{path.name}: defaults is {_shown(defaults)}; expected a table, [defaults]")
    _only(defaults, _DEFAULTS, f"{path.name}: defaults")
    features: list[Feature] = []
    for kind, known, build in (("feature", _MEASURED, _measured), ("derived", _DERIVED, _derived)):
        entries = document.get(kind, [])
        if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
            raise CatalogueError(f"{path.name}: {kind} is {_shown(entries)}; expected tables, [[{kind}]]")
        for entry in entries:
            where = f"{path.name}: {kind} {_label(entry)}"
            _only(entry, known, where)
            for name, window in _names(entry, where):
                features.append(build(defaults | entry, name, window, where))
    return features


def measured_type(feature: Measured) -> Type:
    """The type that an aggregation gives."""
    if feature.aggregation in ("count", "count_distinct"):
        return Type.INTEGER
    if feature.aggregation == "top":
        return Type.TEXT
    if feature.aggregation in ("top_share", "entropy"):
        return Type.DOUBLE
    return SOURCES[feature.source].columns[str(feature.measure)]


def expect_type(feature: Feature, expected: Type) -> None:
    """Refuse a feature that says it has another type.

    Raises:
        CatalogueError: it does.
    """
    if feature.about.type is not expected:
        raise CatalogueError(
            f"{place(feature)}: type is {feature.about.type}, but this gives {expected}; "
            f'write type = "{expected}"'
        )


def place(feature: Feature) -> str:
    """Where a feature is declared, for messages."""
    return f"{feature.about.file}: feature {feature.name}"


def _label(entry: Mapping[str, object]) -> str:
    name = entry.get("name")
    return name if isinstance(name, str) and name.isprintable() else "(without a name)"


def _names(entry: Mapping[str, object], where: str) -> list[tuple[str, int | None]]:
    """`windows` makes one feature per window, each with it in its name; `window` one, named as written."""
    name = entry.get("name")
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise CatalogueError(f"{where}: expected a name that matches {NAME.pattern}, got {_shown(name)}")
    if ("windows" in entry) == ("window" in entry):
        raise CatalogueError(f"{where}: expected either windows = [...] or window = ...")
    many = "windows" in entry
    given = entry["windows"] if many else [entry["window"]]
    if not isinstance(given, list) or not given:
        raise CatalogueError(f"{where}: windows must be a list of {_window_choice()}")
    names: list[tuple[str, int | None]] = []
    for window in given:
        if window != "ever" and not (type(window) is int and window in WINDOWS):
            raise CatalogueError(f"{where}: window {_shown(window)}; expected one of {_window_choice()}")
        days = window if isinstance(window, int) else None
        full_name = name if not many else f"{name}_ever" if days is None else f"{name}_{days}d"
        if not NAME.fullmatch(full_name):
            raise CatalogueError(f"{where}: the name {full_name} does not match {NAME.pattern}")
        names.append((full_name, days))
    return names


def _measured(entry: Mapping[str, object], name: str, window: int | None, where: str) -> Measured:
    source_name = _one_of(entry, "source", tuple(SOURCES), where)
    source = SOURCES[source_name]
    aggregation = _one_of(entry, "aggregation", AGGREGATIONS, where)
    if (aggregation in ("top", "top_share", "entropy")) != (source.key is not None):
        keyed = ", ".join(name for name, one in SOURCES.items() if one.key is not None)
        raise CatalogueError(
            f"{where}: {aggregation} of {source_name}; top, top_share and entropy belong to {keyed}, and "
            "these to them"
        )
    measure = entry.get("measure")
    if aggregation == "count":
        if measure is not None:
            raise CatalogueError(
                f"{where}: count counts rows and takes no measure; use sum or count_distinct"
            )
    elif not isinstance(measure, str) or measure not in source.columns:
        raise CatalogueError(
            f"{where}: measure {_shown(measure)}; {_hint(measure, source.columns)}"
            f"{source_name} has: {', '.join(source.columns)}"
        )
    elif aggregation == "sum" and source.columns[measure] not in (Type.INTEGER, Type.DECIMAL):
        raise CatalogueError(f"{where}: sum needs a number, {measure} is {source.columns[measure]}")
    conditions = tuple(_condition(item, source_name, where) for item in _list(entry, "filter", where))
    if conditions and source.key is not None:
        raise CatalogueError(f"{where}: source {source_name} takes no filter; remove it")
    feature = Measured(
        name,
        _about(entry, window, where),
        source_name,
        aggregation,
        None if measure is None else str(measure),
        conditions,
        _hidden(entry, where),
    )
    expect_type(feature, measured_type(feature))
    if feature.about.missing == "zero" and feature.about.type in (Type.TEXT, Type.BOOLEAN):
        raise CatalogueError(
            f"{where}: a {feature.about.type} cannot be zero when missing; use missing = 'null'"
        )
    return feature


def _derived(entry: Mapping[str, object], name: str, window: int | None, where: str) -> Derived:
    operation = _one_of(entry, "operation", tuple(OPERATIONS), where)
    roles = OPERATIONS[operation]
    weight = None
    if operation == "shrunk_share":
        weight = entry.get("prior_weight")
        if type(weight) is not int or weight < 1:
            raise CatalogueError(
                f"{where}: shrunk_share needs prior_weight = a whole number from 1 on, got {_shown(weight)}"
            )
    _only(entry, _COMMON | {"operation", *roles} | ({"prior_weight"} if weight else set()), where)
    suffix = "ever" if window is None else f"{window}d"
    inputs = []
    for role in roles:
        given = entry.get(role)
        if not isinstance(given, str):
            raise CatalogueError(
                f"{where}: {operation} needs {role} = the name of a feature, got {_shown(given)}"
            )
        inputs.append(given.replace("{window}", suffix))
    return Derived(
        name, _about(entry, window, where), operation, tuple(inputs), _hidden(entry, where), weight
    )


def _about(entry: Mapping[str, object], window: int | None, where: str) -> About:
    texts: dict[str, str] = {}
    for key in _TEXTS:
        value = entry.get(key)
        if not isinstance(value, str) or not value.isprintable() or not value.strip():
            raise CatalogueError(f"{where}: expected {key} = a text of one line, got {_shown(value)}")
        texts[key] = value
    english, chinese = _PHRASES[window]
    return About(
        description_en=texts["description_en"].replace("{window}", english),
        description_zh=texts["description_zh"].replace("{window}", chinese),
        type=Type(_one_of(entry, "type", _TYPES, where)),
        unit=texts["unit"],
        sensitivity=Sensitivity(_one_of(entry, "sensitivity", ("public", "internal", "personal"), where)),
        missing=_one_of(entry, "missing", MISSING, where),
        owner=texts["owner"],
        purposes=_purposes(entry, where),
        window=window,
        file=where.partition(": ")[0],
    )


def _purposes(entry: Mapping[str, object], where: str) -> tuple[Purpose, ...]:
    """What it may be used for, in the order of `Purpose`; at least one: nobody keeps data for nothing."""
    given = entry.get("purpose")
    if not isinstance(given, list) or not given:
        raise CatalogueError(
            f"{where}: expected purpose = a list of {', '.join(Purpose)}, got {_shown(given)}; "
            "[defaults] may hold it"
        )
    for word in given:
        if not isinstance(word, str) or word not in tuple(Purpose):
            raise CatalogueError(
                f"{where}: purpose {_shown(word)}; {_hint(word, Purpose)}expected one of {', '.join(Purpose)}"
            )
    return tuple(purpose for purpose in Purpose if purpose in given)


def _condition(item: object, source: str, where: str) -> Condition:
    if not isinstance(item, dict) or len(item) != 2 or "column" not in item:
        raise CatalogueError(f"{where}: a filter is {{ column = ..., COMPARISON = value }}")
    column = item["column"]
    columns = SOURCES[source].columns
    if not isinstance(column, str) or column not in columns:
        raise CatalogueError(
            f"{where}: filter on {_shown(column)}; {_hint(column, columns)}{source} has: {', '.join(columns)}"
        )
    comparison = next(key for key in item if key != "column")
    if comparison not in COMPARISONS:
        raise CatalogueError(
            f"{where}: comparison {comparison!r}; {_hint(comparison, COMPARISONS)}"
            f"expected one of {', '.join(COMPARISONS)}"
        )
    value = item[comparison]
    if type(value) is not _PYTHON_TYPES[columns[column]]:
        raise CatalogueError(
            f"{where}: {column} is compared with {_shown(value)}; expected {columns[column]}, whole numbers"
        )
    return Condition(column, comparison, value)


def _hidden(entry: Mapping[str, object], where: str) -> bool:
    hidden = entry.get("hidden", False)
    if not isinstance(hidden, bool):
        raise CatalogueError(f"{where}: hidden is {_shown(hidden)}; expected true or false")
    return hidden


def _one_of(entry: Mapping[str, object], key: str, choices: tuple[str, ...], where: str) -> str:
    value = entry.get(key)
    if not isinstance(value, str) or value not in choices:
        raise CatalogueError(
            f"{where}: {key} is {_shown(value)}; {_hint(value, choices)}expected one of {', '.join(choices)}"
        )
    return value


def _list(entry: Mapping[str, object], key: str, where: str) -> list[object]:
    value = entry.get(key, [])
    if not isinstance(value, list):
        raise CatalogueError(f"{where}: {key} is {_shown(value)}; expected a list")
    return value


def _only(entry: Mapping[str, object], known: set[str], where: str) -> None:
    unknown = sorted(set(entry) - known)
    if unknown:
        raise CatalogueError(
            f"{where}: unknown keys: {', '.join(unknown)}; {_hint(unknown[0], known)}"
            f"known: {', '.join(sorted(known))}"
        )


def _hint(word: object, known: Iterable[str]) -> str:
    """`did you mean 'x'? ` for a misspelt word, else nothing."""
    hint = suggestion(word, known, "") if isinstance(word, str) else ""
    return f"{hint} " if hint else ""


def _shown(value: object) -> str:
    """A value of the file in a message: short and on one line."""
    text = "nothing" if value is None else repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _window_choice() -> str:
    return ", ".join([*map(str, WINDOWS), '"ever"'])
