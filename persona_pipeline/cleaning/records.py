"""Split records to typed, judged records: pseudonyms are looked up, then one SQL statement per kind decides.

Here: what each statement is given.
Not here: repeats and corrections, which need more than one record (window.py).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import pyarrow as pa

from persona_pipeline.cleaning.inputs import DeclaredSource, SplitFile
from persona_pipeline.cleaning.words import word_table
from persona_pipeline.cleaning.zones import local_stretches, utc_stretches
from persona_pipeline.contracts.pseudonym import pseudonym
from persona_pipeline.engine.protocol import Engine, Relation
from persona_pipeline.engine.sql import sql_text

STATEMENT = {
    "orders": "clean/order_record",
    "customers": "clean/customer_record",
    "products": "clean/product_record",
}
NUMBER = {
    ".": r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)",
    ",": r"[+-]?([0-9]+(,[0-9]*)?|,[0-9]+)",
}
NO_DAY = dt.date(1, 1, 1)


@dataclass(frozen=True, slots=True)
class Business:
    """What holds for all sources of a project: first day, currency, time zone, secret."""

    start: dt.date
    currency: str
    time_zone: str
    key: bytes


@dataclass(frozen=True, slots=True)
class Typed:
    """Typed records of one source, and the pseudonym of each account in them (`account_id`, `id`)."""

    records: Relation
    accounts: Relation | None


def typed_records(
    engine: Engine,
    name: str,
    source: DeclaredSource,
    paths: Sequence[str],
    files: Sequence[tuple[SplitFile, dt.date]],
    business: Business,
    last: dt.date,
) -> Typed:
    """Type and judge the records of one source.

    Args:
        engine: runs the statements.
        name: name of the source.
        source: its declaration.
        paths: Parquet of split records.
        files: the files whose records count, with the day on which each was known.
        business: the project's first day, currency, zone and key.
        last: last day that a record can speak of; bounds the search for clock changes.
    """
    records = Relation(tuple(paths))
    inputs: dict[str, Relation | pa.Table] = {
        "records": records,
        "files": _file_table(files),
        "words": word_table(source.words),
    }
    accounts = None
    if source.kind != "products":
        accounts = _accounts(engine, records, business.key)
        inputs["accounts"] = accounts
    if source.kind == "orders":
        zone = source.time_zone or business.time_zone
        first, after = business.start - dt.timedelta(days=60), last + dt.timedelta(days=60)
        inputs["zone"] = local_stretches(zone, first, after, later=source.dst_overlap == "later")
        inputs["business_zone"] = utc_stretches(business.time_zone, first, after)
    sql = sql_text(STATEMENT[source.kind])
    return Typed(engine.stage(sql, inputs, parameters(name, source, business)), accounts)


def parameters(name: str, source: DeclaredSource, business: Business) -> dict[str, object]:
    """Every parameter of the statements of this step."""
    currency = source.currency or business.currency
    return {
        "source": name,
        "start": business.start,
        "through": source.through or NO_DAY,
        "by_event": source.known_at == "event",
        "lookback": source.redelivery_days
        + 1,  # an event may lie ten minutes ahead, on the day after its delivery
        "redelivery_days": source.redelivery_days,
        "whole_row": source.identity == "whole_row",
        "no_identity": source.identity == "none",
        "with_title": "product_title" in source.columns,
        "key_field": source.key_fields[-1] if source.key_fields else None,
        "datetime_format": source.datetime_format,
        "leap_format": source.datetime_format.endswith("%S"),
        "date_format": source.date_format,
        "decimal": source.decimal,
        "number": NUMBER[source.decimal],
        "currency": currency,
        "project_currency": business.currency,
        "reject_gap": source.dst_gap == "reject",
        "reject_overlap": source.dst_overlap == "reject",
        "quantity_limit": _decimal(source.quantity_limit()),
        "price_limit": _decimal(source.price_limit(currency)),
        "amount_limit": _decimal(source.amount_limit(currency)),
    }


def _decimal(value: Decimal) -> Decimal:
    return value.quantize(Decimal("0.0001"))


def _file_table(files: Sequence[tuple[SplitFile, dt.date]]) -> pa.Table:
    return pa.table(
        {
            "path_no": pa.array([file.path_no for file, _ in files], pa.int32()),
            "path": pa.array([file.path for file, _ in files], pa.string()),
            "sha256": pa.array([file.sha256 for file, _ in files], pa.string()),
            "day": pa.array([day for _, day in files], pa.date32()),
        }
    )


def _accounts(engine: Engine, records: Relation, key: bytes) -> Relation:
    """Pseudonyms of the distinct accounts; the key stays in Python."""

    def with_pseudonym(batch: pa.Table) -> pa.Table:
        values: list[str] = batch.column("account_id").to_pylist()
        ids = pa.array([pseudonym(key, "account", value) for value in values], pa.string())
        return pa.table({"account_id": batch.column("account_id").cast(pa.string()), "id": ids})

    distinct = engine.stage(sql_text("clean/account"), {"records": records})
    mapped = engine.map_batches(distinct, with_pseudonym)
    if not isinstance(mapped, Relation):
        raise TypeError("map_batches without an output returns a relation")
    return mapped


def union(relations: Sequence[Relation | None]) -> Relation | None:
    """All files of several relations with the same columns; None without any."""
    paths = [path for relation in relations if relation is not None for path in relation.paths]
    return Relation(tuple(paths)) if paths else None
