"""Split records to typed, judged records: pseudonyms are looked up, then one SQL statement per kind decides.

Here: what each statement is given.
Not here: repeats and corrections, which need more than one record (window.py).
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

import pyarrow as pa

from persona_pipeline.cleaning.impute import TABLES as IMPUTABLE
from persona_pipeline.cleaning.inputs import DeclaredSource, SplitFile
from persona_pipeline.cleaning.words import word_table
from persona_pipeline.cleaning.zones import local_stretches, utc_stretches
from persona_pipeline.contracts.pseudonym import normal_form, pseudonym_of
from persona_pipeline.engine.protocol import Derived, Engine, Input, Relation
from persona_pipeline.engine.sql import sql_text

STATEMENT = {
    "orders": "clean/order_record",
    "customers": "clean/customer_record",
    "products": "clean/product_record",
    "social": "clean/social_record",
    "campaigns": "clean/contact_record",
    "rates": "clean/rate_record",
}
# Of these only what a record says is kept; what can be worked out of it is, within each statement that asks.
COMPLETED = {"orders": "clean/order_typed"}
IDENTITIES = {
    "orders": "clean/order_identity",
    "customers": "clean/customer_identity",
    "social": "clean/social_identity",
    "campaigns": "clean/contact_identity",
}
TIMED = ("orders", "social", "campaigns")
NUMBER = {
    ".": r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)",
    ",": r"[+-]?([0-9]+(,[0-9]*)?|,[0-9]+)",
}
NO_DAY = dt.date(1, 1, 1)
CHARGES = ("shipping", "tax", "fee", "discount")
TEST_FIELDS = ("order_id", "account_id", "email", "product_id")
NEVER = "[^\\s\\S]"


@dataclass(frozen=True, slots=True)
class Business:
    """What holds for all sources of a project: first day, currency, zone, secret, if it has rates."""

    start: dt.date
    currency: str
    time_zone: str
    key: bytes
    converts: bool = False


@dataclass(frozen=True, slots=True)
class Typed:
    """Typed records of one source; identifiers stand in them in clear and as pseudonyms."""

    records: Input


def typed_records(
    engine: Engine,
    name: str,
    source: DeclaredSource,
    paths: Sequence[str],
    files: Sequence[tuple[SplitFile, dt.date]],
    business: Business,
    last: dt.date,
    written: Mapping[int, dt.date] | None = None,
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
        written: by `path_no`, the last day that a range of a growing file can speak of, if after its day.
    """
    records = Relation(tuple(paths))
    inputs: dict[str, Relation | pa.Table] = {
        "records": records,
        "files": _file_table(name, source, business, files, written or {}),
        "words": word_table(source.kind, source.words),
        "limits": _limits(source),
    }
    if source.kind in IDENTITIES:
        distinct = engine.stage(sql_text(IDENTITIES[source.kind]), {"records": records})
        inputs["identities"] = _identities(engine, distinct, business.key, source.phone_country)
    if source.kind in TIMED:
        zone = "UTC" if source.with_offset else source.time_zone or business.time_zone
        first, after = business.start - dt.timedelta(days=60), last + dt.timedelta(days=60)
        inputs["zone"] = local_stretches(zone, first, after, later=source.dst_overlap == "later")
        inputs["business_zone"] = utc_stretches(business.time_zone, first, after)
    typed = engine.stage(sql_text(STATEMENT[source.kind]), inputs, parameters(name, source, business))
    drops = {f"drop_{field}": how == "drop" for field, (how, _) in source.imputation.items()}
    if any(drops.values()):
        _, statement, fields = IMPUTABLE[source.kind]
        none = dict.fromkeys((f"drop_{field}" for field in fields), False)
        typed = engine.stage(sql_text(f"clean/{statement}_required"), {"record": typed}, none | drops)
    if source.kind in COMPLETED:
        completed = {"record": typed, "files": inputs["files"]}
        return Typed(Derived(sql_text(COMPLETED[source.kind]), completed))
    return Typed(typed)


def parameters(name: str, source: DeclaredSource, business: Business) -> dict[str, object]:
    """Every parameter of the statements of this step."""
    currency = source.currency or business.currency
    return {
        "source": name,
        "start": business.start,
        "through": source.through or NO_DAY,
        "by_event": source.known_at == "event",
        "lookback": _lookback(source),
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
        "converts": business.converts,
        "reject_gap": source.dst_gap == "reject",
        "reject_overlap": source.dst_overlap == "reject",
        "quantity_limit": _decimal(source.quantity_limit()),
        "price_limit": _decimal(source.price_limit("")),
        "amount_limit": _decimal(source.amount_limit("")),
        "by_crm": source.key_fields == ("crm_id",),
        "low_below": _decimal(source.income_limits[0]) if source.income_limits else None,
        "high_from": _decimal(source.income_limits[1]) if source.income_limits else None,
        "at_delivery": source.event_time == "delivery",
        "post_type": source.post_type,
        "with_tests": bool(source.test_orders),
        **{f"test_{field}": _pattern(source.test_orders.get(field, ())) for field in TEST_FIELDS},
        "with_charges": bool(source.charges),
        **{f"charge_{line_type}": _pattern(source.charges.get(line_type, ())) for line_type in CHARGES},
    }


def _pattern(patterns: Sequence[str]) -> str:
    """A regular expression of patterns in which only * is special; without patterns it matches nothing."""
    texts = [".*".join(re.escape(part) for part in pattern.lower().split("*")) for pattern in patterns]
    return "|".join(texts) or NEVER


def _limits(source: DeclaredSource) -> pa.Table:
    """The limits of currencies with another one than most."""
    names, money = source.limited_currencies, pa.decimal128(18, 4)
    return pa.table(
        {
            "currency": pa.array(names, pa.string()),
            "amount_limit": pa.array([_decimal(source.amount_limit(name)) for name in names], money),
            "price_limit": pa.array([_decimal(source.price_limit(name)) for name in names], money),
        }
    )


def _decimal(value: Decimal) -> Decimal:
    return value.quantize(Decimal("0.0001"))


def _file_table(
    name: str,
    source: DeclaredSource,
    business: Business,
    files: Sequence[tuple[SplitFile, dt.date]],
    written: Mapping[int, dt.date],
) -> pa.Table:
    """The files by `path_no`, each with what holds for every record of the source."""
    return pa.table(
        {
            "path_no": pa.array([file.path_no for file, _ in files], pa.int32()),
            "path": pa.array([file.path for file, _ in files], pa.string()),
            "sha256": pa.array([file.sha256 for file, _ in files], pa.string()),
            "day": pa.array([day for _, day in files], pa.date32()),
            "written_day": pa.array([written.get(file.path_no, day) for file, day in files], pa.date32()),
            "source": pa.array([name] * len(files), pa.string()),
            "currency": pa.array([source.currency or business.currency] * len(files), pa.string()),
            "lookback_days": pa.array([_lookback(source)] * len(files), pa.int32()),
            "whole_row": pa.array([source.identity == "whole_row"] * len(files), pa.bool_()),
            "with_title": pa.array(["product_title" in source.columns] * len(files), pa.bool_()),
        }
    )


def _lookback(source: DeclaredSource) -> int:
    """Days back to the oldest version that a record can repeat or correct.

    An event may lie ten minutes ahead, on the day after its delivery.
    """
    return source.redelivery_days + 1


def _identities(engine: Engine, distinct: Relation, key: bytes, phone_country: str | None) -> Relation:
    """Pseudonyms (kind, value, id) of distinct identifiers; the key stays in Python.

    What has no normal form, and an e-mail without @, identifies nobody and is left out.
    """

    def made(kind: str, value: str) -> str | None:
        form = normal_form(kind, value, phone_country)
        if not form or (kind == "email" and "@" not in form):
            return None
        return pseudonym_of(key, kind, form)

    def with_pseudonym(batch: pa.Table) -> pa.Table:
        kinds: list[str] = batch.column("kind").to_pylist()
        values: list[str] = batch.column("value").to_pylist()
        ids = pa.array([made(kind, value) for kind, value in zip(kinds, values, strict=True)], pa.string())
        found = pa.table(
            {"kind": pa.array(kinds, pa.string()), "value": pa.array(values, pa.string()), "id": ids}
        )
        return found.drop_null()

    mapped = engine.map_batches(distinct, with_pseudonym)
    if not isinstance(mapped, Relation):
        raise TypeError("map_batches without an output returns a relation")
    return mapped


def union(relations: Sequence[Input | None]) -> Input | None:
    """All rows of several relations with the same columns; None without any."""
    given = [each for each in relations if each is not None]
    if not given:
        return None
    files = [each.paths for each in given if isinstance(each, Relation)]
    if len(files) == len(given):
        return Relation(tuple(path for paths in files for path in paths))
    if len(given) == 1:
        return given[0]
    named = {f"part_{number}": each for number, each in enumerate(given)}
    return Derived(" UNION ALL BY NAME ".join(f"SELECT * FROM {name}" for name in named), named)  # noqa: S608
