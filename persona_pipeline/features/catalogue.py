"""The feature catalogue: the packaged files and a project's own, checked as a whole.

Here: what only the whole list can show: names, inputs, circles, purposes, lacking sources. Not here: reading
one file (declaration.py) and SQL (compiler.py).
"""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

from persona_pipeline.contracts import Table, Type
from persona_pipeline.contracts.behaviour import FEATURES
from persona_pipeline.contracts.column import NAME
from persona_pipeline.contracts.models import CUSTOMER_PROFILE
from persona_pipeline.contracts.purpose import suggestion
from persona_pipeline.contracts.titles import Described
from persona_pipeline.contracts.warehouse import CUSTOMER_PROFILE as PUBLISHED_PROFILE
from persona_pipeline.features.declaration import expect_type, place, read_features
from persona_pipeline.features.feature import Catalogue, CatalogueError, Derived, Feature, Measured, column_of
from persona_pipeline.features.source import KINDS, SOURCES

PACKAGED = tuple(Path(__file__).with_name(name) for name in ("catalogue.toml", "catalogue_traces.toml"))

# names that statements over features.customer give to columns of their own
_TAKEN = {
    "customer_no",
    "label",
    "has_ordered",
    "orders_of_a_year",
    "rfm_recency",
    "rfm_frequency",
    "rfm_monetary",
}
_TAKEN_SHAPE = re.compile(r"mix_\d+|.*_of_all|.*_minor")
# key words that PostgreSQL, the strictest of the engines and warehouses here, takes as no column's name
_KEY_WORDS = frozenset(
    re.findall(
        r"\w+",
        """
        all analyse analyze and any array as asc asymmetric authorization binary both case cast check
        collate collation column concurrently constraint create cross current_catalog current_date
        current_role current_schema current_time current_timestamp current_user default deferrable desc
        describe distinct do else end except false fetch for foreign freeze from full grant group having
        ilike in index initially inner intersect into is isnull join lateral leading left like limit
        localtime localtimestamp natural not notnull null offset on only or order outer overlaps pivot
        placing primary qualify references returning right select session_user show similar some summarize
        symmetric system_user table tablesample then to trailing true union unique unpivot user using
        variadic verbose when where window with
        """,
    )
)


def load_catalogue(extra: Path | None = None, available: frozenset[str] = KINDS) -> Catalogue:
    """The packaged catalogue, and a project's own features after it.

    Args:
        extra: a TOML file of the same form; it may build on packaged features and may not redefine them.
        available: kinds of the raw sources that the project has. Features that need others are left out, and
            so are the features derived from them; `Catalogue.left_out` says which and why.

    Raises:
        CatalogueError: an unknown key, a bad name, a name given twice, an input that does not exist or that
            nothing uses, a type that does not follow from the operation, a circle, a derived feature that may
            be used for more than its inputs.
    """
    features = [feature for path in PACKAGED for feature in read_features(path)]
    if extra is not None:
        packaged = frozenset((*FEATURES.column_names, *(feature.name for feature in features)))
        own = read_features(extra)
        for feature in own:
            _check_own(feature, packaged)
        features += own
    return _restricted(check_catalogue(features), available)


def feature_table(catalogue: Catalogue) -> Table:
    """The contract of `features.customer`: the profile fields and one column per feature."""
    columns = tuple(column_of(feature) for feature in catalogue.outputs)
    return dataclasses.replace(FEATURES, columns=(*FEATURES.columns, *columns))


def descriptions(catalogue: Catalogue) -> dict[str, Described]:
    """What is said of each feature, for texts that people read."""
    return {
        one.name: Described(one.about.description_en, one.about.description_zh, one.about.unit)
        for one in catalogue.outputs
    }


def _check_own(feature: Feature, packaged: frozenset[str]) -> None:
    """A project's feature must not bear a name that means something else in a table beside it.

    A name in `packaged` is told as given twice later. Money has `_minor` behind its name in the warehouse and
    is a whole number there.
    """
    name = feature.name
    beside = {*CUSTOMER_PROFILE.column_names, *PUBLISHED_PROFILE.table.column_names} - packaged
    if name in _TAKEN | _KEY_WORDS | beside or _TAKEN_SHAPE.fullmatch(name):
        raise CatalogueError(
            f"{place(feature)}: the name is taken by a column of another table or by SQL; "
            f"choose another, for example own_{name}"
        )
    if feature.about.unit == "currency" and not NAME.fullmatch(f"{name}_minor"):
        raise CatalogueError(
            f"{place(feature)}: the name of an amount has at most 57 letters, got {len(name)}"
        )
    if feature.about.unit == "currency" and feature.about.type not in (Type.DECIMAL, Type.DOUBLE):
        raise CatalogueError(
            f"{place(feature)}: unit currency with type {feature.about.type}; expected decimal or double"
        )


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
    """Check what only the whole list can show: names, inputs, circles, types, purposes.

    Raises:
        CatalogueError: see `load_catalogue`.
    """
    first: dict[str, str] = dict.fromkeys(FEATURES.column_names, "features.customer itself")
    for feature in features:
        if feature.name in first:
            raise CatalogueError(
                f"{place(feature)}: features named twice: {feature.name}, first in {first[feature.name]}; "
                "give each another name"
            )
        first[feature.name] = feature.about.file
    catalogue = Catalogue(tuple(features))
    used: set[str] = set()
    for feature in features:
        if isinstance(feature, Derived):
            used.update(feature.inputs)
            _check_derived(catalogue, feature, ())
    for feature in features:
        if feature.hidden and feature.name not in used:
            raise CatalogueError(
                f"{place(feature)}: hidden features that nothing uses: {feature.name}; "
                "remove hidden = true, or the feature"
            )
    return catalogue


def _check_derived(catalogue: Catalogue, feature: Derived, path: tuple[str, ...]) -> None:
    where = place(feature)
    if feature.name in path:
        raise CatalogueError(
            f"{where}: features that need themselves: {' -> '.join((*path, feature.name))}; break the circle"
        )
    for name in feature.inputs:
        if name not in catalogue:
            known = [each.name for each in catalogue.features]
            hint = suggestion(name, known, "name a feature of the catalogue (persona features lists them)")
            raise CatalogueError(f"{where}: unknown input {name!r}; {hint}")
        given = catalogue[name]
        if given.about.type not in (Type.INTEGER, Type.DECIMAL, Type.DOUBLE):
            raise CatalogueError(f"{where}: input {name} is {given.about.type}, expected a number")
        wider = [purpose for purpose in feature.about.purposes if purpose not in given.about.purposes]
        if wider:
            raise CatalogueError(
                f"{where}: purpose {', '.join(wider)}, but its input {name} may be used for "
                f"{', '.join(given.about.purposes)} only; what is derived may not be used for more"
            )
        if isinstance(given, Derived):
            _check_derived(catalogue, given, (*path, feature.name))
    if feature.operation == "shrunk_share":
        _check_shrunk(catalogue, feature)
    expect_type(feature, derived_type(catalogue, feature))


def _check_shrunk(catalogue: Catalogue, feature: Derived) -> None:
    """The share of all customers is a quotient of exact sums of one source."""
    inputs = [catalogue[name] for name in feature.inputs]
    sums = [given for given in inputs if isinstance(given, Measured) and given.aggregation == "sum"]
    if len(sums) != len(inputs) or len({given.source for given in sums}) != 1:
        raise CatalogueError(
            f"{place(feature)}: shrunk_share needs two sums of one source as numerator and denominator, "
            f"got {' and '.join(feature.inputs)}"
        )


def derived_type(catalogue: Catalogue, feature: Derived) -> Type:
    """A difference keeps the wider exact type of its inputs; everything else is a double."""
    if feature.operation != "difference":
        return Type.DOUBLE
    types = {catalogue[name].about.type for name in feature.inputs}
    return next(type_ for type_ in (Type.DOUBLE, Type.DECIMAL, Type.INTEGER) if type_ in types)
