"""Reads the feature catalogue: the packaged TOML file and a project's own, checked line by line.

Here: TOML to `Catalogue`, with every mistake an error that says what to do. Not here: SQL.
"""

from __future__ import annotations

import dataclasses
import tomllib
from collections.abc import Mapping
from pathlib import Path

from persona_pipeline.contracts import Sensitivity, Table, Type
from persona_pipeline.contracts.behaviour import FEATURES
from persona_pipeline.contracts.column import NAME
from persona_pipeline.features.feature import (
    AGGREGATIONS,
    COMPARISONS,
    MISSING,
    OPERATIONS,
    WINDOWS,
    About,
    Catalogue,
    CatalogueError,
    Condition,
    Derived,
    Feature,
    Measured,
    column_of,
)
from persona_pipeline.features.source import KINDS, SOURCES

PACKAGED = tuple(Path(__file__).with_name(name) for name in ("catalogue.toml", "catalogue_traces.toml"))

_ABOUT = {"description_en", "description_zh", "type", "unit", "sensitivity", "missing", "owner"}
_COMMON = _ABOUT | {"name", "windows", "window", "hidden"}
_MEASURED = _COMMON | {"source", "aggregation", "measure", "filter"}
_DEFAULTS = {"sensitivity", "owner"}
_PHRASES = {None: ("in the whole history", "全部历史")} | {
    days: (f"in the last {days} days", f"最近 {days} 天") for days in WINDOWS
}
_PYTHON_TYPES = {Type.INTEGER: int, Type.DECIMAL: int, Type.TEXT: str, Type.BOOLEAN: bool}


def load_catalogue(extra: Path | None = None, available: frozenset[str] = KINDS) -> Catalogue:
    """The packaged catalogue, and a project's own features after it.

    Args:
        extra: a TOML file of the same form; it may build on packaged features and may not redefine them.
        available: kinds of the raw sources that the project has. Features that need others are left out, and
            so are the features derived from them; `Catalogue.left_out` says which and why.

    Raises:
        CatalogueError: an unknown key, a bad name, a name given twice, an input that does not exist or that
            nothing uses, a type that does not follow from the operation, a circle.
    """
    features = [feature for path in PACKAGED for feature in _read(path)]
    if extra is not None:
        features += _read(extra)
    return _restricted(check_catalogue(features), available)


def feature_table(catalogue: Catalogue) -> Table:
    """The contract of `features.customer`: the profile fields and one column per feature."""
    columns = tuple(column_of(feature) for feature in catalogue.outputs)
    return dataclasses.replace(FEATURES, columns=(*FEATURES.columns, *columns))


def _restricted(catalogue: Catalogue, available: frozenset[str]) -> Catalogue:
    """The catalogue without the features whose raw sources the project does not have."""
    unknown = sorted(available - KINDS)
    if unknown:
        raise CatalogueError(
            f"unknown kinds of sources: {', '.join(unknown)}; known: {', '.join(sorted(KINDS))}"
        )
    needs = {name: sorted(source.kinds) for name, source in SOURCES.items() if not source.kinds & available}
    lacking = {
        feature.name: f"needs a source of kind {' or '.join(needs[feature.source])}"
        for feature in catalogue.measured
        if feature.source in needs
    }
    pending = [feature for feature in catalogue.features if isinstance(feature, Derived)]
    found = True
    while found:  # a derived feature may rest on one that is declared after it
        found = False
        for feature in pending:
            lost = next((name for name in feature.inputs if name in lacking), None)
            if feature.name not in lacking and lost is not None:
                lacking[feature.name] = lacking[lost]
                found = True
    kept = [feature for feature in catalogue.features if feature.name not in lacking]
    used = {name for feature in kept if isinstance(feature, Derived) for name in feature.inputs}
    kept = [feature for feature in kept if not feature.hidden or feature.name in used]
    left_out = tuple(
        (feature.name, lacking[feature.name]) for feature in catalogue.outputs if feature.name in lacking
    )
    return Catalogue(tuple(kept), left_out)


def check_catalogue(features: list[Feature]) -> Catalogue:
    """Check what only the whole list can show: names, inputs, circles, types.

    Raises:
        CatalogueError: see `load_catalogue`.
    """
    names = [*FEATURES.column_names, *(feature.name for feature in features)]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise CatalogueError(f"features named twice: {', '.join(twice)}; give each another name")
    catalogue = Catalogue(tuple(features))
    used: set[str] = set()
    for feature in features:
        if isinstance(feature, Derived):
            used.update(feature.inputs)
            _check_derived(catalogue, feature, ())
    unused = sorted(feature.name for feature in features if feature.hidden and feature.name not in used)
    if unused:
        raise CatalogueError(
            f"hidden features that nothing uses: {', '.join(unused)}; remove them or show them"
        )
    return catalogue


def _check_derived(catalogue: Catalogue, feature: Derived, path: tuple[str, ...]) -> None:
    if feature.name in path:
        raise CatalogueError(f"features that need themselves: {' -> '.join((*path, feature.name))}")
    for name in feature.inputs:
        if name not in catalogue:
            raise CatalogueError(
                f"feature {feature.name}: unknown input {name!r}; name a feature of the catalogue"
            )
        given = catalogue[name]
        if given.about.type not in (Type.INTEGER, Type.DECIMAL, Type.DOUBLE):
            raise CatalogueError(
                f"feature {feature.name}: input {name} is {given.about.type}, expected a number"
            )
        if isinstance(given, Derived):
            _check_derived(catalogue, given, (*path, feature.name))
    if feature.operation == "shrunk_share":
        _check_shrunk(catalogue, feature)
    _expect_type(feature, derived_type(catalogue, feature))


def _check_shrunk(catalogue: Catalogue, feature: Derived) -> None:
    """The share of all customers is a quotient of exact sums of one source."""
    inputs = [catalogue[name] for name in feature.inputs]
    sums = [given for given in inputs if isinstance(given, Measured) and given.aggregation == "sum"]
    if len(sums) != len(inputs) or len({given.source for given in sums}) != 1:
        raise CatalogueError(
            f"feature {feature.name}: shrunk_share needs two sums of one source as numerator and denominator"
        )


def derived_type(catalogue: Catalogue, feature: Derived) -> Type:
    """A difference keeps the wider exact type of its inputs; everything else is a double."""
    if feature.operation != "difference":
        return Type.DOUBLE
    types = {catalogue[name].about.type for name in feature.inputs}
    return next(type_ for type_ in (Type.DOUBLE, Type.DECIMAL, Type.INTEGER) if type_ in types)


def _measured_type(feature: Measured) -> Type:
    if feature.aggregation in ("count", "count_distinct"):
        return Type.INTEGER
    if feature.aggregation == "top":
        return Type.TEXT
    if feature.aggregation in ("top_share", "entropy"):
        return Type.DOUBLE
    return SOURCES[feature.source].columns[str(feature.measure)]


def _expect_type(feature: Feature, expected: Type) -> None:
    if feature.about.type is not expected:
        raise CatalogueError(
            f"feature {feature.name}: type is {feature.about.type}, but this gives {expected}"
        )


def _read(path: Path) -> list[Feature]:
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise CatalogueError(f"no feature catalogue at {path}; correct the path") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CatalogueError(f"{path.name} is not a TOML file in UTF-8: {error}") from error
    _only(document, {"defaults", "feature", "derived"}, path.name)
    defaults = document.get("defaults", {})
    _only(defaults, _DEFAULTS, f"{path.name}: defaults")
    features: list[Feature] = []
    for kind, build in (("feature", _measured), ("derived", _derived)):
        for entry in document.get(kind, []):
            where = f"{path.name}: {kind} {entry.get('name', '(without a name)')}"
            for name, window in _names(entry, where):
                features.append(build(defaults | entry, name, window, where))
    return features


def _names(entry: Mapping[str, object], where: str) -> list[tuple[str, int | None]]:
    """`windows` makes one feature per window, each with it in its name; `window` one, named as written."""
    name = entry.get("name")
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise CatalogueError(f"{where}: expected a name that matches {NAME.pattern}")
    if ("windows" in entry) == ("window" in entry):
        raise CatalogueError(f"{where}: expected either windows = [...] or window = ...")
    many = "windows" in entry
    given = entry["windows"] if many else [entry["window"]]
    if not isinstance(given, list) or not given:
        raise CatalogueError(f"{where}: windows must be a list of {_window_choice()}")
    names: list[tuple[str, int | None]] = []
    for window in given:
        if window != "ever" and not (type(window) is int and window in WINDOWS):
            raise CatalogueError(f"{where}: window {window!r}; expected one of {_window_choice()}")
        days = window if isinstance(window, int) else None
        full_name = name if not many else f"{name}_ever" if days is None else f"{name}_{days}d"
        if not NAME.fullmatch(full_name):
            raise CatalogueError(f"{where}: the name {full_name} does not match {NAME.pattern}")
        names.append((full_name, days))
    return names


def _measured(entry: Mapping[str, object], name: str, window: int | None, where: str) -> Measured:
    _only(entry, _MEASURED, where)
    source_name = _one_of(entry, "source", tuple(SOURCES), where)
    source = SOURCES[source_name]
    aggregation = _one_of(entry, "aggregation", AGGREGATIONS, where)
    if (aggregation in ("top", "top_share", "entropy")) != (source.key is not None):
        keyed = ", ".join(name for name, one in SOURCES.items() if one.key is not None)
        raise CatalogueError(f"{where}: top, top_share and entropy belong to {keyed}, and these to them")
    measure = entry.get("measure")
    if aggregation == "count":
        if measure is not None:
            raise CatalogueError(
                f"{where}: count counts rows and takes no measure; use sum or count_distinct"
            )
    elif measure not in source.columns:
        raise CatalogueError(f"{where}: measure {measure!r}; {source_name} has: {', '.join(source.columns)}")
    elif aggregation == "sum" and source.columns[str(measure)] not in (Type.INTEGER, Type.DECIMAL):
        raise CatalogueError(f"{where}: sum needs a number, {measure} is {source.columns[str(measure)]}")
    conditions = tuple(_condition(item, source_name, where) for item in _list(entry, "filter", where))
    if conditions and source.key is not None:
        raise CatalogueError(f"{where}: source {source_name} takes no filter")
    feature = Measured(
        name,
        _about(entry, window, where),
        source_name,
        aggregation,
        None if measure is None else str(measure),
        window,
        conditions,
        _hidden(entry, where),
    )
    _expect_type(feature, _measured_type(feature))
    if feature.about.missing == "zero" and feature.about.type is Type.TEXT:
        raise CatalogueError(f"{where}: a text cannot be zero when missing; use missing = 'null'")
    return feature


def _derived(entry: Mapping[str, object], name: str, window: int | None, where: str) -> Derived:
    operation = _one_of(entry, "operation", tuple(OPERATIONS), where)
    roles = OPERATIONS[operation]
    weight = None
    if operation == "shrunk_share":
        weight = entry.get("prior_weight")
        if type(weight) is not int or weight < 1:
            raise CatalogueError(f"{where}: shrunk_share needs prior_weight = a whole number from 1 on")
    _only(entry, _COMMON | {"operation", *roles} | ({"prior_weight"} if weight else set()), where)
    suffix = "_ever" if window is None else f"_{window}d"
    inputs = []
    for role in roles:
        given = entry.get(role)
        if not isinstance(given, str):
            raise CatalogueError(f"{where}: {operation} needs {role} = the name of a feature")
        inputs.append(given.replace("{window}", suffix.removeprefix("_")))
    return Derived(
        name, _about(entry, window, where), operation, tuple(inputs), _hidden(entry, where), weight
    )


def _about(entry: Mapping[str, object], window: int | None, where: str) -> About:
    texts: dict[str, str] = {}
    for key in sorted(_ABOUT):
        value = entry.get(key)
        if not isinstance(value, str) or not value:
            raise CatalogueError(f"{where}: expected {key} = a text")
        texts[key] = value
    english, chinese = _PHRASES[window]
    return About(
        description_en=texts["description_en"].replace("{window}", english),
        description_zh=texts["description_zh"].replace("{window}", chinese),
        type=Type(_one_of(entry, "type", ("integer", "decimal", "double", "text", "boolean"), where)),
        unit=texts["unit"],
        sensitivity=Sensitivity(_one_of(entry, "sensitivity", ("public", "internal", "personal"), where)),
        missing=_one_of(entry, "missing", MISSING, where),
        owner=texts["owner"],
    )


def _condition(item: object, source: str, where: str) -> Condition:
    if not isinstance(item, dict) or len(item) != 2 or "column" not in item:
        raise CatalogueError(f"{where}: a filter is {{ column = ..., COMPARISON = value }}")
    column = item["column"]
    columns = SOURCES[source].columns
    if column not in columns:
        raise CatalogueError(f"{where}: filter on {column!r}; {source} has: {', '.join(columns)}")
    comparison = next(key for key in item if key != "column")
    if comparison not in COMPARISONS:
        raise CatalogueError(f"{where}: comparison {comparison!r}; expected one of {', '.join(COMPARISONS)}")
    value = item[comparison]
    if type(value) is not _PYTHON_TYPES[columns[column]]:
        raise CatalogueError(
            f"{where}: {column} is compared with {value!r}; expected {columns[column]}, whole numbers"
        )
    return Condition(column, comparison, value)


def _hidden(entry: Mapping[str, object], where: str) -> bool:
    hidden = entry.get("hidden", False)
    if not isinstance(hidden, bool):
        raise CatalogueError(f"{where}: hidden is true or false, not {hidden!r}")
    return hidden


def _one_of(entry: Mapping[str, object], key: str, choices: tuple[str, ...], where: str) -> str:
    value = entry.get(key)
    if not isinstance(value, str) or value not in choices:
        raise CatalogueError(f"{where}: {key} is {value!r}; expected one of {', '.join(choices)}")
    return value


def _list(entry: Mapping[str, object], key: str, where: str) -> list[object]:
    value = entry.get(key, [])
    if not isinstance(value, list):
        raise CatalogueError(f"{where}: {key} must be a list")
    return value


def _only(entry: Mapping[str, object], known: set[str], where: str) -> None:
    unknown = sorted(set(entry) - known)
    if unknown:
        raise CatalogueError(
            f"{where}: unknown keys: {', '.join(unknown)}; known: {', '.join(sorted(known))}"
        )


def _window_choice() -> str:
    return ", ".join([*map(str, WINDOWS), '"ever"'])
