"""Small traces for tests of identity: what the clean tables hold, and the step run over them.

Not here: expected values; each test has its own.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from persona_pipeline.contracts.behaviour import MAP
from persona_pipeline.contracts.clean import CUSTOMER, ORDER_LINE
from persona_pipeline.contracts.identity import EDGE, MERGE_EVENT
from persona_pipeline.contracts.traces import CAMPAIGN_CONTACT, ID_LINK, SOCIAL_POST, WEB_HIT
from persona_pipeline.engine.duckdb import DuckDBEngine
from persona_pipeline.engine.protocol import Window
from persona_pipeline.identity import IdentityOptions, Limits, map_window
from persona_pipeline_tests.features.history import FolderLake, Row, customer, day, order_line

KEY = b"0123456789abcdef0123456789abcdef"
TABLES = (EDGE, MAP, MERGE_EVENT)
Id = tuple[str, str]


def identifier(text: str) -> Id:
    """`account:a` as (kind, id)."""
    kind, _, value = text.partition(":")
    return kind, value


@dataclass
class Traces:
    """Rows of the clean tables of some days."""

    links: list[Row] = field(default_factory=list)
    orders: list[Row] = field(default_factory=list)
    customers: list[Row] = field(default_factory=list)
    hits: list[Row] = field(default_factory=list)
    posts: list[Row] = field(default_factory=list)
    contacts: list[Row] = field(default_factory=list)

    def link(self, known: int, one: str, other: str, evidence: str = "crm") -> Traces:
        """Two identifiers in one record."""
        (kind, value), (other_kind, other_value) = identifier(one), identifier(other)
        self.links.append(
            {
                "day": day(known),
                "source": "any",
                "id_kind": kind,
                "id": value,
                "other_kind": other_kind,
                "other_id": other_value,
                "evidence": evidence,
            }
        )
        return self

    def order(self, known: int, who: str, order_id: str = "o1", sign: int = 1) -> Traces:
        """An order line."""
        kind, value = identifier(who)
        self.orders.append(order_line(known, id_kind=kind, id=value, order_id=order_id, sign=sign))
        return self

    def record(self, known: int, who: str, birth_year: int | None = None) -> Traces:
        """A customer record."""
        kind, value = identifier(who)
        self.customers.append(customer(known, value, id_kind=kind, birth_year=birth_year))
        return self

    def confirmation(self, known: int, visitor: str, order_id: str, status: int = 200) -> Traces:
        """A visitor sees the confirmation of an order."""
        row: Row = {column.name: None for column in WEB_HIT.columns}
        self.hits.append(
            row
            | {
                "day": day(known),
                "event_day": day(known),
                "event_at": dt.datetime.combine(day(known), dt.time(12), dt.UTC),
                "source": "web",
                "hit_no": len(self.hits),
                "visitor_id": visitor,
                "page_type": "confirmation",
                "order_id": order_id,
                "status": status,
            }
        )
        return self

    def post(self, known: int, who: str) -> Traces:
        """A post."""
        kind, value = identifier(who)
        row: Row = {column.name: None for column in SOCIAL_POST.columns}
        self.posts.append(
            row
            | {"day": day(known), "post_id": str(len(self.posts)), "sign": 1, "id_kind": kind, "id": value}
        )
        return self

    def contact(self, known: int, contact: str, who: str) -> Traces:
        """A campaign contact of somebody."""
        kind, value = identifier(who)
        row: Row = {column.name: None for column in CAMPAIGN_CONTACT.columns}
        row |= {"day": day(known), "contact_id": contact, "sign": 1, "id_kind": kind, "id": value}
        self.contacts.append(row | {"cost": Decimal(0)})
        return self

    def put(self, lake: FolderLake) -> None:
        """Write the rows."""
        lake.put(ID_LINK, self.links)
        lake.put(ORDER_LINE, self.orders)
        lake.put(CUSTOMER, self.customers)
        lake.put(WEB_HIT, self.hits)
        lake.put(SOCIAL_POST, self.posts)
        lake.put(CAMPAIGN_CONTACT, self.contacts)


def options(*, denied: Iterable[str] = (), **limits: int) -> IdentityOptions:
    """Options with a deny-list like `phone:0`."""
    return IdentityOptions(denied=frozenset(map(identifier, denied)), limits=Limits(**limits))


def run(lake: FolderLake, first: int, last: int, chosen: IdentityOptions | None = None) -> None:
    """Write the days, replacing what was there."""
    outputs = {table.full_name: lake.output(table) for table in TABLES}
    window = Window(day(first), day(last))
    files = map_window(lake.engine, lake.read, outputs, window, KEY, chosen or options())
    for table in TABLES:
        days = lake.files[table.full_name]
        for each in window.days():
            days.pop(each, None)
        lake.replace(table, files[table.full_name])


def written(lake: FolderLake) -> dict[str, list[Row]]:
    """Everything that identity wrote."""
    return {table.full_name: lake.rows(table) for table in TABLES}


def customers(lake: FolderLake, as_of: int) -> dict[str, str]:
    """Customer of each identifier as of a day, `kind:id` -> customer_id; those of nobody are left out."""
    newest: dict[str, tuple[dt.date, str | None]] = {}
    for row in lake.rows(MAP):
        name = f"{row['id_kind']}:{row['id']}"
        if row["day"] <= day(as_of) and (name not in newest or newest[name][0] < row["day"]):
            newest[name] = (row["day"], row["customer_id"])
    return {name: found for name, (_, found) in newest.items() if found is not None}


def groups(lake: FolderLake, as_of: int) -> list[str]:
    """Customers as of a day, each as its identifiers in order."""
    together: dict[str, list[str]] = {}
    for name, found in customers(lake, as_of).items():
        together.setdefault(found, []).append(name)
    return sorted(" ".join(sorted(names)) for names in together.values())


def lake_in(folder: Path, engine: DuckDBEngine, traces: Traces) -> FolderLake:
    """A lake that holds the traces."""
    lake = FolderLake(folder, engine)
    traces.put(lake)
    return lake
