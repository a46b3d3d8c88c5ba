"""Missing values of customers, products and contacts, filled as their sources declare.

Every value comes from records known strictly before the day it is filled on, never from filled ones, so that
a past day gives equal rows and a window those of its days. Here: which statement is given what. Not here: the
statements (sql/clean) and the models (impute_model.py).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

import pyarrow as pa

from persona_pipeline.cleaning.impute_model import FIELDS as MODELLED
from persona_pipeline.cleaning.impute_model import predict
from persona_pipeline.cleaning.inputs import DeclaredSource
from persona_pipeline.contracts import Table, clean, traces
from persona_pipeline.engine.protocol import Engine, Input, ReadWindow, Relation, Window
from persona_pipeline.engine.sql import sql_text

# by kind: its table, its statements, and of each field what stands for a missing value
TABLES: dict[str, tuple[Table, str, dict[str, str]]] = {
    "customers": (
        clean.CUSTOMER,
        "customer",
        {"birth_year": "NULL", "gender": "'unknown'", "region": "'unknown'", "income_band": "'unknown'"},
    ),
    "products": (clean.PRODUCT, "product", {"category": "'unknown'", "brand": "NULL", "price": "NULL"}),
    # a contact without a cost is kept with 0, so a cost of 0 tells nothing
    "campaigns": (traces.CAMPAIGN_CONTACT, "contact", {"cost": "0", "channel": "'unknown'"}),
}
NUMBERS = ("birth_year", "price", "cost")


def impute(
    engine: Engine,
    kind: str,
    outcome: Input,
    sources: Mapping[str, DeclaredSource],
    read: ReadWindow,
    window: Window,
) -> Input:
    """The same records; in those that become clean rows, declared fields are filled where that is possible.

    Args:
        engine: runs the statements.
        kind: of the records.
        outcome: the records of the window with what became of them.
        sources: all sources by name.
        read: reads the clean tables of the days before.
        window: the days.
    """
    rules = {
        name: own
        for name, source in sources.items()
        if source.kind == kind
        and (own := {field: rule for field, rule in source.imputation.items() if rule[0] != "drop"})
    }
    if not rules:
        return outcome
    table, name, fields = TABLES[kind]
    before = read(table, None, window.first - dt.timedelta(days=1))
    known = engine.stage(sql_text(f"clean/{name}_known"), {"earlier": before, "outcome": outcome})
    days = window.days()
    told = {
        field: _told(engine, known, field, fields[field], days)
        for field in fields
        if any(rule[field][0] in ("median", "mode") for rule in rules.values() if field in rule)
    }
    rows: list[dict[str, object]] = []
    for source, own in sorted(rules.items()):
        for day in days:
            row: dict[str, object] = {"source": source, "day": day}
            for field, (how, constant) in own.items():
                row[f"{field}_how"] = how
                if how == "constant":
                    row[field] = str(constant)
                elif how != "model":
                    row[field] = told[field].get(day, {}).get(how)
            rows.append(row)
    texts = [(column, pa.string()) for field in fields for column in (field, f"{field}_how")]
    schema = pa.schema([("source", pa.string()), ("day", pa.date32()), *texts])
    inputs: dict[str, Input] = {
        "outcome": outcome,
        "filling": pa.Table.from_pylist(rows, schema=schema),
    }
    if kind == "customers":
        inputs["predicted"] = _predicted(engine, known, outcome, rules)
    return engine.stage(sql_text(f"clean/{name}_imputed"), inputs)


def _told(
    engine: Engine, known: Relation, field: str, missing: str, days: Sequence[dt.date]
) -> dict[dt.date, dict[str, str]]:
    """By day, the lower median and the most frequent value of a field in the records known before it."""
    number = f"CAST({field} AS DECIMAL(18, 4))" if field in NUMBERS else "CAST(NULL AS DECIMAL(18, 4))"
    versions = engine.stage(
        f"SELECT record_id, day, CAST(value AS VARCHAR) AS value, {number.replace(field, 'value')} AS number "  # noqa: S608
        f"FROM (SELECT record_id, day, CASE WHEN NOT regexp_full_match(coalesce(imputed, ''), "
        f"'(.*,)?{field}:.*') THEN nullif({field}, {missing}) END AS value FROM known)",
        {"known": known},
    )
    asked = pa.table({"day": pa.array(days, pa.date32())})
    rows = engine.fetch(sql_text("clean/impute_value"), {"version": versions, "asked": asked}).to_pylist()
    return {row["day"]: {"median": row["lower_median"], "mode": row["most_frequent"]} for row in rows}


def _predicted(
    engine: Engine, known: Relation, outcome: Relation, rules: Mapping[str, Mapping[str, tuple[str, object]]]
) -> pa.Table:
    """What models say of each record that lacks a field: day, record_id and the fields as text."""
    wanted = {
        source: [field for field, (how, _) in own.items() if how == "model"] for source, own in rules.items()
    }
    lacking: dict[dt.date, list[dict]] = {}
    if any(wanted.values()):
        for row in engine.fetch(sql_text("clean/customer_lacking"), {"outcome": outcome}).to_pylist():
            row["wanted"] = [field for field in wanted.get(row["source"], []) if row[field] is None]
            if row["wanted"]:
                lacking.setdefault(row["day"], []).append(row)
    found: list[dict[str, object]] = []
    for day, records in sorted(lacking.items()):
        complete = engine.fetch(sql_text("clean/customer_complete"), {"known": known}, {"day": day})
        found += [{"day": day, **row} for row in predict(complete.to_pylist(), records)]
    schema = pa.schema(
        [("day", pa.date32()), ("record_id", pa.string()), *((field, pa.string()) for field in MODELLED)]
    )
    return pa.Table.from_pylist(found, schema=schema)
