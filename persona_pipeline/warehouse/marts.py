"""Which lake tables each mart is made from, over which days, and how its rows are staged.

Here: the inputs of sql/marts. Not here: the SELECTs themselves, and writing the database.
"""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
import sqlglot
from sqlglot import expressions as exp

from persona_pipeline.contracts import Table, activity, behaviour, clean, identity, models
from persona_pipeline.contracts.calendar import SUNDAY, week_of
from persona_pipeline.contracts.warehouse import (
    WAREHOUSE_TABLES,
    Kind,
    WarehouseTable,
    feature_columns,
    readable_columns,
)
from persona_pipeline.engine.protocol import Engine, Input, ReadWindow, Relation
from persona_pipeline.engine.sql import sql_text

# how often each of the days was replaced in the lake; days that were never written are absent
Versions = Callable[[Table, Iterable[dt.date]], Mapping[dt.date, int]]


class Span(enum.Enum):
    """Over which days a mart reads a lake table."""

    AS_OF = "the as_of day"
    WEEK = "the Sunday of the weekly models in force"
    UNTIL_WEEK = "everything up to that Sunday"
    UNTIL_AS_OF = "everything up to as_of"
    YEAR_UNTIL_AS_OF = "the 53 weeks up to as_of"
    CHANGED = "the changed days"
    WEEK_BEFORE_CHANGED = "the same weekday a week before the changed days"


STATE: dict[str, tuple[tuple[Table, Span], ...]] = {
    "customer_profile": ((models.CUSTOMER_PROFILE, Span.AS_OF), (behaviour.FEATURES, Span.AS_OF)),
    "customer_tag": ((models.CUSTOMER_TAG, Span.AS_OF),),
    "customer_prediction": ((models.PREDICTION, Span.AS_OF),),
    "recommendation": ((models.RECOMMENDATION, Span.AS_OF),),
    "segment_profile": ((models.SEGMENT_PROFILE, Span.WEEK),),
    "segment_rule": ((models.SEGMENT_RULE, Span.WEEK),),
    "segment_lineage": ((models.LINEAGE, Span.UNTIL_WEEK),),
    "segment_transition": ((models.TRANSITION, Span.WEEK),),
    "association_rule": ((models.RULE, Span.WEEK), (clean.PRODUCT, Span.UNTIL_AS_OF)),
    "persona": ((models.PERSONA, Span.AS_OF),),
    "persona_need": ((models.PERSONA_NEED, Span.AS_OF),),
    "dim_segment": ((models.SEGMENT, Span.WEEK),),
    "dim_tag": ((models.CUSTOMER_TAG, Span.AS_OF),),
    "dim_model": (
        (models.SEGMENT_FIT, Span.WEEK),
        (models.RULE_FIT, Span.WEEK),
        (models.MODEL, Span.WEEK),
        (models.RECOMMENDER, Span.WEEK),
    ),
    "dim_product": ((clean.PRODUCT, Span.UNTIL_AS_OF), (models.POPULARITY, Span.WEEK)),
    "mart_model_quality": (
        (models.EVALUATION, Span.UNTIL_WEEK),
        (models.MODEL, Span.UNTIL_WEEK),
        (models.RECOMMENDER_EVALUATION, Span.UNTIL_WEEK),
        (models.RECOMMENDER, Span.UNTIL_WEEK),
        (models.SEGMENT_FIT, Span.UNTIL_WEEK),
    ),
    "mart_lift": ((models.LIFT, Span.UNTIL_WEEK),),
    "mart_calibration": ((models.LIFT, Span.UNTIL_WEEK),),
    "mart_data_quality": (
        (clean.FILE_LEDGER, Span.UNTIL_AS_OF),
        (clean.LEDGER_REASON, Span.UNTIL_AS_OF),
        (behaviour.REFUND, Span.UNTIL_AS_OF),
    ),
    "mart_feature_quality": ((behaviour.STATISTIC, Span.YEAR_UNTIL_AS_OF),),
}

EVENT: dict[str, tuple[tuple[Table, Span], ...]] = {
    "fct_order_line": ((clean.ORDER_LINE, Span.CHANGED), (behaviour.MAP, Span.UNTIL_AS_OF)),
    "fct_customer_daily": ((behaviour.ORDER_DAY, Span.CHANGED), (behaviour.MAP, Span.UNTIL_AS_OF)),
    "fct_session": ((activity.SESSION, Span.CHANGED), (behaviour.MAP, Span.UNTIL_AS_OF)),
    "fct_contact": ((activity.CONTACT_DAY, Span.CHANGED), (behaviour.MAP, Span.UNTIL_AS_OF)),
    "fct_product_view": ((activity.PRODUCT_VIEW, Span.CHANGED), (behaviour.MAP, Span.UNTIL_AS_OF)),
    "mart_web_day": ((activity.SESSION, Span.CHANGED), (behaviour.MAP, Span.UNTIL_AS_OF)),
    "mart_channel": ((activity.CONTACT_DAY, Span.CHANGED),),
    "mart_social_day": ((activity.SOCIAL_DAY, Span.CHANGED), (behaviour.MAP, Span.UNTIL_AS_OF)),
    "mart_identity": ((behaviour.MAP, Span.UNTIL_AS_OF), (identity.MERGE_EVENT, Span.CHANGED)),
    "dim_customer": ((clean.CUSTOMER, Span.UNTIL_AS_OF), (behaviour.MAP, Span.UNTIL_AS_OF)),
    "segment_membership": ((models.MEMBERSHIP, Span.CHANGED), (models.MEMBERSHIP, Span.WEEK_BEFORE_CHANGED)),
}
# Facts that a statement adds up and sorts at once. The first publication of a large shop writes a whole
# history: seven million views of products failed at the default limit of memory.
ROWS_PER_STATEMENT = 2_000_000
# a day of these is made by any one of its partitions; of the others by the first
MADE_BY_ANY = ("dim_customer", "mart_identity")


@dataclass(frozen=True, slots=True)
class Origin:
    """A lake partition that a day of an event table is made from: the table, and how many days before."""

    table: Table
    days_before: int = 0

    @property
    def label(self) -> str:
        """As it stands in published_day."""
        return f"{self.table.full_name}-{self.days_before}" if self.days_before else self.table.full_name


def origins(name: str) -> tuple[Origin, ...]:
    """The partitions whose versions decide whether a day of the event table has to be written again."""
    return tuple(Origin(table, 7 if span is Span.WEEK_BEFORE_CHANGED else 0) for table, span in EVENT[name])


def lake_versions(name: str, versions: Versions, days: Sequence[dt.date]) -> dict[dt.date, dict[str, int]]:
    """Per day of an event table the versions of its partitions; days that have none are absent."""
    if name == "segment_membership":
        days = [day for day in days if day.weekday() == SUNDAY]
    found: dict[dt.date, dict[str, int]] = {}
    for origin in origins(name):
        before = dt.timedelta(days=origin.days_before)
        for day, version in versions(origin.table, [day - before for day in days]).items():
            found.setdefault(day + before, {})[origin.label] = version
    # a snapshot of a week before, or a map without a fact, makes no row of its own
    first = origins(name)[0].label
    return {day: each for day, each in found.items() if first in each or name in MADE_BY_ANY}


def stage_state(
    engine: Engine, read: ReadWindow, target: WarehouseTable, features: Table, as_of: dt.date
) -> Relation:
    """The rows of a state table as of a day, as scratch Parquet."""
    week = week_of(as_of)
    windows: dict[Span, tuple[dt.date | None, dt.date]] = {
        Span.AS_OF: (as_of, as_of),
        Span.WEEK: (week, week),
        Span.UNTIL_WEEK: (None, week),
        Span.UNTIL_AS_OF: (None, as_of),
        Span.YEAR_UNTIL_AS_OF: (as_of - dt.timedelta(weeks=53), as_of),
    }
    inputs: dict[str, Input] = {}
    for table, span in STATE[target.name]:
        lake_table = features if table.full_name == features.full_name else table
        inputs[_input_name(table)] = read(lake_table, *windows[span])
    if target.name == "mart_feature_quality":
        inputs["readable"] = pa.table({"feature": [column.name for column in readable_columns(features)]})
    sql = sql_text(f"marts/{target.name}")
    return engine.stage(_with_features(sql, features) if target.name == "customer_profile" else sql, inputs)


def stage_event(
    engine: Engine, read: ReadWindow, target: WarehouseTable, changed: Sequence[dt.date], as_of: dt.date
) -> Relation:
    """The rows of an event table for the changed days, as scratch Parquet."""
    by_day = [table for table, span in EVENT[target.name] if span is Span.CHANGED]
    several = by_day and len(changed) > 1
    parts = _parts(engine, _read_days(read, by_day[0], changed), changed) if several else [changed]
    staged = [_stage_days(engine, read, target, part, as_of) for part in parts]
    return Relation(tuple(path for each in staged for path in each.paths))


def _parts(engine: Engine, rows: Relation, changed: Sequence[dt.date]) -> list[list[dt.date]]:
    """The changed days in order, in parts of as many rows as one statement may sort; a day stays whole."""
    counts = engine.fetch("SELECT day, count(*) AS rows FROM rows GROUP BY day", {"rows": rows})
    rows_of = dict(zip(counts["day"].to_pylist(), counts["rows"].to_pylist(), strict=True))
    parts: list[list[dt.date]] = [[]]
    size = 0
    for day in sorted(changed):
        more = rows_of.get(day, 0)
        if parts[-1] and size + more > ROWS_PER_STATEMENT:
            parts.append([])
            size = 0
        parts[-1].append(day)
        size += more
    return parts


def _stage_days(
    engine: Engine, read: ReadWindow, target: WarehouseTable, changed: Sequence[dt.date], as_of: dt.date
) -> Relation:
    week = dt.timedelta(days=7)
    before = [day - week for day in changed]
    kind = pa.date32()
    inputs: dict[str, Input] = {
        "changed": pa.table({"day": pa.array(changed, kind), "week_before": pa.array(before, kind)})
    }
    spans: dict[str, set[Span]] = {}
    tables: dict[str, Table] = {}
    for table, span in EVENT[target.name]:
        tables[_input_name(table)] = table
        spans.setdefault(_input_name(table), set()).add(span)
    for name, of in spans.items():
        if of == {Span.UNTIL_AS_OF}:
            inputs[name] = read(tables[name], None, as_of)
            continue
        days = {*changed} | ({*before} if Span.WEEK_BEFORE_CHANGED in of else set())
        inputs[name] = _read_days(read, tables[name], sorted(days))
    return engine.stage(sql_text(f"marts/{target.name}"), inputs)


def _read_days(read: ReadWindow, table: Table, days: Sequence[dt.date]) -> Relation:
    """The files of exactly these days, one window for each unbroken run of them."""
    runs: list[list[dt.date]] = []
    for day in days:
        if runs and day - runs[-1][-1] == dt.timedelta(days=1):
            runs[-1].append(day)
        else:
            runs.append([day])
    paths = [path for run in runs for path in read(table, run[0], run[-1]).paths]
    return Relation(tuple(paths), table)


def _input_name(table: Table) -> str:
    return f"{table.layer}_{table.name}"


def _with_features(sql: str, features: Table) -> str:
    """The profile's SELECT with the columns of the catalogue at the end of its list."""
    select = sqlglot.parse_one(sql, dialect="duckdb")
    assert isinstance(select, exp.Select)  # noqa: S101 - for the type checker; the file is ours
    names = (column.name for column in feature_columns(features))
    return select.select(*(exp.column(name, table="feature") for name in names)).sql(dialect="duckdb")


def state_tables() -> tuple[str, ...]:
    """Names of the tables that are written whole for every publication."""
    return tuple(each.name for each in WAREHOUSE_TABLES.values() if each.kind is Kind.STATE)


def event_tables() -> tuple[str, ...]:
    """Names of the tables that are written by day."""
    return tuple(each.name for each in WAREHOUSE_TABLES.values() if each.kind is Kind.EVENT)
