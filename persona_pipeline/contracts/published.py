"""How a table of the warehouse is published, and the forms it can have.

Here: state, event, calendar and control tables; money in minor units. Not here: any one table (warehouse.py,
published_traces.py).
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass

from persona_pipeline.contracts import columns as c
from persona_pipeline.contracts.column import Column, Table, Type


class Kind(enum.StrEnum):
    """How a table is published."""

    STATE = "state"  # written whole for every publication
    EVENT = "event"  # written by day; a republished day's old rows are withdrawn, not deleted
    CALENDAR = "calendar"  # the same for every publication; rows are only ever added
    CONTROL = "control"  # the publisher's own bookkeeping


@dataclass(frozen=True, slots=True)
class WarehouseTable:
    """A table and how it is published. `pseudonymous` columns are pseudonymised before the load."""

    table: Table
    kind: Kind
    pseudonymous: tuple[tuple[str, str], ...] = ()

    @property
    def name(self) -> str:
        """The name in the database."""
        return self.table.name


PUBLICATION_ID = Column(
    "publication_id", Type.INTEGER, "Number of the publication; increases", minimum=0, provenance=True
)
PUBLISHED_IN = Column(
    "published_in", Type.INTEGER, "First publication that shows the row", minimum=1, provenance=True
)
WITHDRAWN_IN = Column(
    "withdrawn_in",
    Type.INTEGER,
    "First publication that no longer shows it; empty while current",
    nullable=True,
    provenance=True,
)


def in_minor_units(column: Column) -> Column:
    """A money column as the warehouse keeps it; any other column unchanged."""
    if column.unit != "currency":
        return column
    return column.but(
        name=f"{column.name}_minor", type=Type.INTEGER, unit="minor unit", minimum=None, maximum=None
    )


def from_lake(table: Table, *, without: Iterable[str] = ("day",)) -> tuple[Column, ...]:
    """The columns of a lake table as the warehouse keeps them."""
    left_out = set(without)
    return tuple(in_minor_units(column) for column in table.columns if column.name not in left_out)


def state_table(
    name: str, grain: str, key: tuple[str, ...], columns: tuple[Column, ...], description: str
) -> WarehouseTable:
    """A table that is written whole for every publication."""
    table = Table("warehouse", name, grain, ("publication_id", *key), (PUBLICATION_ID, *columns), description)
    return WarehouseTable(table, Kind.STATE)


def event_table(
    name: str,
    grain: str,
    key: tuple[str, ...],
    columns: tuple[Column, ...],
    description: str,
    pseudonymous: tuple[tuple[str, str], ...] = (),
) -> WarehouseTable:
    """A table that is written by day; a republished day is withdrawn first."""
    key = ("day", *key, "published_in")
    table = Table("warehouse", name, grain, key, (c.DAY, *columns, PUBLISHED_IN, WITHDRAWN_IN), description)
    return WarehouseTable(table, Kind.EVENT, pseudonymous)


def control_table(
    name: str, grain: str, key: tuple[str, ...], columns: tuple[Column, ...], description: str
) -> WarehouseTable:
    """A table of the publisher's own."""
    return WarehouseTable(Table("warehouse", name, grain, key, columns, description), Kind.CONTROL)
