"""What a column and a table are: plain frozen data, no dataframe library.

Here: types, columns, tables and the small operations on them. Not here: any concrete table (one module per
layer beside this one) and nothing that validates or writes.
"""

from __future__ import annotations

import dataclasses
import enum
import re
from collections.abc import Iterable
from dataclasses import dataclass

NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")


class Type(enum.StrEnum):
    """Logical types; every engine and store maps these and nothing else."""

    TEXT = "text"
    INTEGER = "integer"  # 64 bit
    DECIMAL = (
        "decimal"  # DECIMAL(18, 4): money and quantities, so that sums are exact and independent of order
    )
    RATE = "rate"  # DECIMAL(20, 12): a factor on money, so that their product has 38 digits
    DOUBLE = "double"
    BOOLEAN = "boolean"
    DATE = "date"
    TIMESTAMP = "timestamp"  # microseconds, UTC


class Sensitivity(enum.StrEnum):
    """How far a value may travel: an identifier stays in the vault."""

    PUBLIC = "public"
    INTERNAL = "internal"
    PERSONAL = "personal"
    IDENTIFIER = "identifier"


class Purpose(enum.StrEnum):
    """What a value may be used for (contracts/purpose.py says what each means and who keeps to it)."""

    ANALYTICS = "analytics"
    SEGMENTATION = "segmentation"
    SCORING = "scoring"
    RECOMMENDATION = "recommendation"
    CONTACT = "contact"


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `provenance` columns say who wrote a row and are left out when two runs are compared.

    `purposes`: what its values may be used for; None where the catalogue of features does not say.
    """

    name: str
    type: Type
    description: str
    nullable: bool = False
    sensitivity: Sensitivity = Sensitivity.INTERNAL
    unit: str | None = None
    minimum: float | None = None
    maximum: float | None = None
    allowed: tuple[str, ...] | None = None
    provenance: bool = False
    purposes: tuple[Purpose, ...] | None = None

    def __post_init__(self) -> None:
        if not NAME.fullmatch(self.name):
            raise ValueError(f"column name {self.name!r} must match {NAME.pattern}")

    def but(self, **changes: object) -> Column:
        """The same column with some attributes changed, for example `CUSTOMER_ID.but(nullable=True)`."""
        return dataclasses.replace(self, **changes)  # type: ignore[arg-type]

    def allows(self, purpose: Purpose) -> bool:
        """Whether its values may be used for that."""
        return self.purposes is None or purpose in self.purposes


@dataclass(frozen=True, slots=True)
class Table:
    """One table: its name, what a row is, what makes a row unique, and who answers for it."""

    layer: str
    name: str
    grain: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    description: str
    owner: str = "team:customer-data"
    weekly: bool = False

    def __post_init__(self) -> None:
        names = [column.name for column in self.columns]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"{self.full_name}: columns named twice: {', '.join(twice)}")
        missing = [name for name in self.key if name not in names]
        if missing:
            raise ValueError(f"{self.full_name}: key columns that do not exist: {', '.join(missing)}")
        for name in (self.layer, self.name):
            if not NAME.fullmatch(name):
                raise ValueError(f"table name {name!r} must match {NAME.pattern}")

    @property
    def full_name(self) -> str:
        """`layer.name`, as used in messages and as the key of the lake."""
        return f"{self.layer}.{self.name}"

    @property
    def column_names(self) -> tuple[str, ...]:
        """Names in order; every insert and select names them."""
        return tuple(column.name for column in self.columns)

    def column(self, name: str) -> Column:
        """The column of that name.

        Raises:
            KeyError: there is none; the message lists what there is.
        """
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"{self.full_name} has no column {name!r}; it has: {', '.join(self.column_names)}")

    def with_columns(self, extra: Iterable[Column]) -> Table:
        """The same table with further columns at the end (features come from the catalogue)."""
        return dataclasses.replace(self, columns=(*self.columns, *extra))
