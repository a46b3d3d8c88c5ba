"""What a feature is: frozen data for measured and derived features, and the checked catalogue of them.

Here: the data and what can be said of it without a file or a statement. Not here: reading TOML (catalogue.py)
and building SQL (compiler.py).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from persona_pipeline.contracts import Column, Purpose, Sensitivity, Type

WINDOWS = (1, 7, 30, 90, 180, 365)
AGGREGATIONS = ("sum", "count", "count_distinct", "min", "max", "top", "top_share", "entropy")
COMPARISONS = ("equals", "differs", "above", "at_least", "below")
OPERATIONS = {
    "ratio": ("numerator", "denominator"),
    "share": ("numerator", "denominator"),
    "shrunk_share": ("numerator", "denominator"),
    "difference": ("minuend", "subtrahend"),
    "standard_deviation": ("total", "squares", "number"),
}
MISSING = ("zero", "null")


class CatalogueError(Exception):
    """A catalogue that cannot be used; one line with file, feature, what was expected and what came."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One declared condition on the rows of a source: `column comparison value`."""

    column: str
    comparison: str
    value: bool | int | str


@dataclass(frozen=True, slots=True)
class About:
    """What every feature says of itself.

    `missing` is what a customer without rows gets, `purposes` what the values may be used for, `file` the
    catalogue that declares it, `window` its length in days (None: the whole history).
    """

    description_en: str
    description_zh: str
    type: Type
    unit: str
    sensitivity: Sensitivity
    missing: str
    owner: str
    purposes: tuple[Purpose, ...]
    window: int | None
    file: str


@dataclass(frozen=True, slots=True)
class Measured:
    """An aggregate of one source over its window, as_of included."""

    name: str
    about: About
    source: str
    aggregation: str
    measure: str | None
    conditions: tuple[Condition, ...] = ()
    hidden: bool = False

    @property
    def window(self) -> int | None:
        """Its length in days; None is the whole history."""
        return self.about.window


@dataclass(frozen=True, slots=True)
class Derived:
    """A declared operation over other features; `inputs` in the order of `OPERATIONS[operation]`.

    `prior_weight` belongs to shrunk_share: how many rows of the denominator the share of all customers weighs
    as much as.
    """

    name: str
    about: About
    operation: str
    inputs: tuple[str, ...]
    hidden: bool = False
    prior_weight: int | None = None


Feature = Measured | Derived


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All features in the order of their declaration. Built by `load_catalogue`, which checks it.

    `left_out`: columns that a project without their raw sources does not get, each with the reason.
    """

    features: tuple[Feature, ...]
    left_out: tuple[tuple[str, str], ...] = ()
    _by_name: dict[str, Feature] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_name", {feature.name: feature for feature in self.features})

    def __getitem__(self, name: str) -> Feature:
        return self._by_name[name]

    def __contains__(self, name: object) -> bool:
        return name in self._by_name

    @property
    def outputs(self) -> tuple[Feature, ...]:
        """The features that become columns; hidden ones only feed derived features."""
        return tuple(feature for feature in self.features if not feature.hidden)

    def needed(self, name: str) -> Catalogue:
        """The feature and every one it is computed from, in the order of their declaration."""
        names, pending = {name}, [name]
        while pending:
            feature = self[pending.pop()]
            inputs = set(feature.inputs) - names if isinstance(feature, Derived) else set()
            names |= inputs
            pending += inputs
        return Catalogue(tuple(feature for feature in self.features if feature.name in names))

    @property
    def measured(self) -> tuple[Measured, ...]:
        """The features computed from a source."""
        return tuple(feature for feature in self.features if isinstance(feature, Measured))


def column_of(feature: Feature) -> Column:
    """The contract of a feature's column."""
    is_share = (isinstance(feature, Derived) and feature.operation == "share") or (
        isinstance(feature, Measured) and feature.aggregation == "top_share"
    )
    # a contact may be answered more than once in a tool's export, so only the lower end is certain
    is_shrunk = isinstance(feature, Derived) and feature.operation == "shrunk_share"
    counts = isinstance(feature, Measured) and feature.aggregation in ("count", "count_distinct")
    return Column(
        feature.name,
        feature.about.type,
        feature.about.description_en,
        nullable=feature.about.missing == "null",
        sensitivity=feature.about.sensitivity,
        unit=feature.about.unit,
        minimum=0 if is_share or is_shrunk or counts else None,
        maximum=1 if is_share else None,
        purposes=feature.about.purposes,
    )
