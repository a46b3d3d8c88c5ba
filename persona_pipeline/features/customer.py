"""Snapshots of `features.customer`: every customer as known at the end of each as_of day.

Here: running the compiled catalogue for many customers or a few. Not here: what the features are
(catalogue.toml) and how they are computed (compiler.py).
"""

from __future__ import annotations

import datetime as dt
import functools
import itertools
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
from sqlglot import exp

from persona_pipeline.engine.protocol import DataFile, Derived, Engine, Input, Output, ReadWindow, Relation
from persona_pipeline.engine.sql import sql_text
from persona_pipeline.features.compiler import compile_features, compile_steps
from persona_pipeline.features.feature import Catalogue
from persona_pipeline.features.view import INPUT_COLUMNS, INPUTS, PRODUCT_INPUTS

DAYS_PER_STATEMENT = 8
# A statement holds a state for each customer and day. At the default limit of memory 650,000 of them spilled
# and took twice as long as in parts, 1.3 million failed.
ROWS_PER_STATEMENT = 150_000
OF_CUSTOMERS, OF_ALL = "_feature", ("interest_feature",)


@functools.lru_cache(maxsize=8)
def features_statement(catalogue: Catalogue) -> exp.Select:
    """All of it as one statement, not to be changed: for lineage, and to be read."""
    return compile_features(catalogue)


@functools.lru_cache(maxsize=8)
def features_sql(
    catalogue: Catalogue, *, chosen: bool = False
) -> tuple[tuple[str, str, Mapping[str, tuple[str, ...]]], ...]:
    """The statements in the project's dialect: name, text, what each reads; the last gives the features."""
    steps = compile_steps(catalogue, chosen=chosen)
    return tuple((step.name, step.select.sql(dialect="duckdb"), step.reads) for step in steps)


def snapshot(
    engine: Engine, read: ReadWindow, output: Output, catalogue: Catalogue, as_of_days: Sequence[dt.date]
) -> list[DataFile]:
    """Write `features.customer` for the given days, each in its own partition.

    Args:
        engine: runs the statement.
        read: reads the tables of `view.INPUTS` up to the last day.
        output: where files go; its contract is `feature_table(catalogue)`.
        catalogue: the features.
        as_of_days: the days to write; any order, any gaps. Each row uses only rows with day <= its as_of.

    Returns:
        The files written: one row per customer known in the map of that day, ordered or not.
    """
    days = sorted(set(as_of_days))
    files: list[DataFile] = []
    if not days:
        return files
    known = _known(engine, read, days[-1])
    at_once = max(min(ROWS_PER_STATEMENT // max(known.customers, 1), DAYS_PER_STATEMENT), 1)
    inputs = _inputs(engine, read, days[-1], catalogue, known, once=len(days) <= at_once)
    for start in range(0, len(days), at_once):
        part = days[start : start + at_once]
        only = part[0] if len(part) == 1 else None
        for sql, given in _last(engine, catalogue, {**inputs, "as_of": _days(part)}, known.parts):
            files += engine.select_into(sql, given, output, day=only)
    return files


def staged_snapshots(
    engine: Engine, read: ReadWindow, catalogue: Catalogue, as_of_days: Sequence[dt.date]
) -> dict[dt.date, Relation]:
    """The rows of each day as scratch Parquet, for a step that needs days that the lake does not hold."""
    if not as_of_days:
        return {}
    known = _known(engine, read, max(as_of_days))
    inputs = _inputs(engine, read, max(as_of_days), catalogue, known, once=len(as_of_days) == 1)
    found: dict[dt.date, Relation] = {}
    for day in as_of_days:
        parts = _last(engine, catalogue, {**inputs, "as_of": _days([day])}, known.parts)
        found[day] = _together([engine.stage(sql, given) for sql, given in parts])
    return found


def for_customers(
    engine: Engine, read: ReadWindow, catalogue: Catalogue, ids: Sequence[str], as_of: dt.date
) -> pa.Table:
    """The same rows as the snapshot of that day, for a few customers, ordered by customer_id.

    Args:
        engine: runs the statement.
        read: see `snapshot`.
        catalogue: the features.
        ids: customer_id values; those not known on that day have no row.
        as_of: the day whose end the rows describe.
    """
    chosen = pa.table({"customer_id": pa.array(sorted(set(ids)), pa.string())})
    known = _known(engine, read, as_of)
    inputs = _inputs(engine, read, as_of, catalogue, known, once=True)
    inputs |= {"as_of": _days([as_of]), "chosen": chosen}
    [(sql, given)] = _last(engine, catalogue, inputs, [], chosen=True)
    return engine.fetch(f"SELECT * FROM ({sql}) AS feature ORDER BY customer_id", given)  # noqa: S608


@dataclass(frozen=True, slots=True)
class _Known:
    """The map with numbers, and how many customers it has."""

    map: Relation
    customers: int

    @property
    def parts(self) -> list[tuple[int, int]]:
        """First and last number of the customers that a statement looks at; none where it may look at all."""
        count = -(-self.customers // ROWS_PER_STATEMENT)
        bounds = [self.customers * number // count for number in range(count + 1)] if count > 1 else []
        return [(before + 1, last) for before, last in itertools.pairwise(bounds)]


def _known(engine: Engine, read: ReadWindow, last: dt.date) -> _Known:
    numbered = engine.stage(sql_text("features/map"), {"map": read(INPUTS["map"], None, last)})
    count = engine.fetch(
        "SELECT coalesce(max(customer_no), 0) AS customers FROM numbered", {"numbered": numbered}
    )
    return _Known(numbered, count["customers"][0].as_py())


def _last(
    engine: Engine,
    catalogue: Catalogue,
    inputs: Mapping[str, Input],
    parts: Sequence[tuple[int, int]],
    *,
    chosen: bool = False,
) -> list[tuple[str, dict[str, Input]]]:
    """The last statement and what it reads, by part of the customers, once those before it were run and kept.

    What is measured against all customers looks at all of them.
    """
    known: dict[str, Input] = dict(inputs)
    *before, (_, last, needed) = features_sql(catalogue, chosen=chosen)
    for name, sql, reads in before:
        if _is_of_customers(name):
            known[name] = _together([engine.stage(sql, given) for given in _apart(reads, known, parts)])
        else:
            known[name] = engine.stage(sql, {each: known[each] for each in reads})
    return [(last, given) for given in _apart(needed, known, parts)]


def _is_of_customers(name: str) -> bool:
    """Whether a statement before the last may take the customers in parts."""
    return name.endswith(OF_CUSTOMERS) and name not in OF_ALL


def _apart(
    reads: Mapping[str, tuple[str, ...]], known: Mapping[str, Input], parts: Sequence[tuple[int, int]]
) -> list[dict[str, Input]]:
    """What a statement reads for each part of the customers: where rows have a customer, only these."""
    given = {each: known[each] for each in reads}
    of_customers = [name for name, columns in reads.items() if "customer_no" in columns]
    within = "SELECT * FROM input WHERE customer_no BETWEEN {} AND {}"
    return [
        given | {name: Derived(within.format(*part), {"input": known[name]}) for name in of_customers}
        for part in parts
    ] or [given]


def _together(parts: Sequence[Relation]) -> Relation:
    """The rows of all of them."""
    return Relation(tuple(path for each in parts for path in each.paths))


def _inputs(
    engine: Engine, read: ReadWindow, last: dt.date, catalogue: Catalogue, known: _Known, *, once: bool
) -> dict[str, Input]:
    """What the statements read, with numbers for identifiers, customers and products in their order.

    So every statement joins and groups by numbers. What is read more than once (by two statements, for
    several parts of the customers, or of the days, which is what `once` denies) is kept with the columns
    needed: opening a file per day of history each time costs more than the features themselves.
    """
    steps = features_sql(catalogue)
    in_parts = {name for name, _, _ in steps[:-1] if _is_of_customers(name)} | {steps[-1][0]}
    of_parts = {name for step, _, reads in steps if known.parts and step in in_parts for name in reads}
    readers = Counter(name for _, _, reads in steps for name in reads)
    used = {name: {column for _, _, reads in steps for column in reads.get(name, ())} for name in readers}
    numbers: dict[str, Input] = {
        "identifier": engine.stage(sql_text("features/identifier"), {"map": known.map})
    }
    with_products = [name for name, columns in used.items() if name in INPUTS and "product_no" in columns]
    if with_products:
        named = {
            name: read(INPUTS[name], None, last) if name in with_products else Relation((), INPUTS[name])
            for name in PRODUCT_INPUTS
        }
        numbers["product"] = engine.stage(sql_text("features/product"), named)
    found: dict[str, Input] = {"map": known.map}
    for name, columns in INPUT_COLUMNS.items():
        if not readers[name] or name == "map":
            continue
        sql, tables = _numbered(name, [column for column in columns if column in used[name]])
        inputs = {name: read(INPUTS[name], None, last)} | {each: numbers[each] for each in tables}
        is_read_once = once and readers[name] == 1 and name not in of_parts
        found[name] = Derived(sql, inputs) if is_read_once else engine.stage(sql, inputs)
    return found


def _numbered(name: str, columns: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    """The SELECT of some columns of an input, with the tables of numbers that it joins."""
    keys = {"identifier": ("id_kind", "id"), "product": ("product_id",)}
    if "product_no" not in columns:
        del keys["product"]
    owner = {"id_no": "identifier", "product_no": "product"}
    select = exp.select(*[exp.column(column, table=owner.get(column, name)) for column in columns])
    select = select.from_(exp.to_table(name))
    for table, names in keys.items():
        same = [exp.column(key, table=name).eq(exp.column(key, table=table)) for key in names]
        select = select.join(table, on=exp.and_(*same))
    return select.sql(dialect="duckdb"), tuple(keys)


def _days(days: Sequence[dt.date]) -> pa.Table:
    return pa.table({"as_of": pa.array(days, pa.date32())})
