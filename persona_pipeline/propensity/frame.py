"""The training frame: one row per customer and as_of, features as known then, the label known later.

Here: the SELECT, the fetch and the split of its rows. Not here: which days (blocks.py), what is learned.
"""

from __future__ import annotations

import datetime as dt
import functools
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sqlglot import exp

from persona_pipeline.contracts import Table
from persona_pipeline.contracts.behaviour import LABEL
from persona_pipeline.engine.protocol import Engine, ReadWindow, Relation
from persona_pipeline.propensity.blocks import Blocks
from persona_pipeline.propensity.target import AtLeast, Target, model_columns

KEYS = ("customer_id", "as_of")
# Of more rows only those of some customers are taken: learning takes memory by the row, and beyond some
# hundred thousand rows a score hardly improves.
MOST_ROWS = 300_000
EVERYBODY = "~"  # after every digit


@dataclass(frozen=True, slots=True)
class Split:
    """Row masks over a training frame: four disjoint samples."""

    train: np.ndarray
    selection: np.ndarray
    calibration: np.ndarray
    test: np.ndarray


def training_frame(
    engine: Engine,
    read: ReadWindow,
    features: Table,
    target: Target,
    blocks: Blocks,
) -> pd.DataFrame:
    """Features of the blocks' as_of days joined and their labels as float32, ordered by as_of and customer.

    Only customers whose eligibility was known at as_of are taken, the same cohort that is scored daily. Of
    more than `MOST_ROWS` rows those of some customers are taken, the same in all blocks and weeks.
    """
    horizon = dt.timedelta(days=target.horizon_days)
    inputs = {
        "features": _union(features, [read(features, day, day) for day in blocks.all()]),
        "labels": _union(LABEL, [read(LABEL, day + horizon, day + horizon) for day in blocks.all()]),
    }
    given = {"target": target.name, "below": EVERYBODY}
    keys = training_sql(((), ()), target.eligible)
    counted = f"SELECT count(*) AS rows FROM ({keys}) AS keys"  # noqa: S608
    rows = engine.fetch(counted, inputs, given)["rows"][0].as_py()
    if rows > MOST_ROWS:
        given["below"] = f"{16**6 * MOST_ROWS // rows:06x}"
    sql = training_sql(model_columns(features, target), target.eligible)
    return engine.fetch(sql, inputs, given).to_pandas(date_as_object=False)


@functools.cache
def training_sql(columns: tuple[tuple[str, ...], tuple[str, ...]], eligible: tuple[AtLeast, ...]) -> str:
    """SELECT over `features` and `labels`; parameters: `target`, and `below`, of a customer's hash."""
    same = [exp.column(name, table="features").eq(exp.column(name, table="labels")) for name in KEYS]
    wanted = exp.column("target", table="labels").eq(exp.Placeholder(this="target"))
    hashed = exp.SHA2(this=exp.column("customer_id", table="features"), length=exp.Literal.number(256))
    digits = exp.Substring(this=hashed, start=exp.Literal.number(1), length=exp.Literal.number(6))
    query = (
        exp.select(*_keys(), exp.column("label", table="labels"), *_casts(columns))
        .from_("features")
        .join("labels", on=exp.and_(*same))
        .where(wanted, digits < exp.Placeholder(this="below"), *_conditions(eligible))
        .order_by(exp.column("as_of", table="features"), exp.column("customer_id", table="features"))
    )
    return query.sql(dialect="duckdb")


@functools.cache
def scoring_sql(columns: tuple[tuple[str, ...], tuple[str, ...]], eligible: tuple[AtLeast, ...]) -> str:
    """SELECT of the eligible customers over `features`."""
    return (
        exp.select(*_keys(), *_casts(columns))
        .from_("features")
        .where(*_conditions(eligible))
        .sql(dialect="duckdb")
    )


def rows_of(frame: pd.DataFrame, mask: np.ndarray) -> pd.DataFrame:
    """The rows of a mask, in order."""
    return frame.take(np.flatnonzero(mask))


def split_rows(frame: pd.DataFrame, blocks: Blocks, seed: int) -> Split:
    """Train, selection, calibration and test rows; a stable hash halves the validation block."""
    as_of = frame["as_of"].to_numpy().astype("datetime64[D]")
    validation = as_of == np.datetime64(blocks.validation)
    customers = rows_of(frame, validation)["customer_id"].tolist()
    half = np.zeros(len(frame), dtype=bool)
    half[validation] = [
        hashlib.sha256(f"{seed}|{customer}".encode()).digest()[0] % 2 == 1 for customer in customers
    ]
    return Split(
        train=np.isin(as_of, np.array(blocks.train, dtype="datetime64[D]")),
        selection=validation & ~half,
        calibration=validation & half,
        test=as_of == np.datetime64(blocks.test),
    )


def _union(table: Table, relations: Iterable[Relation]) -> Relation:
    every = list(relations)
    paths = tuple(path for relation in every for path in relation.paths)
    return Relation(paths, table, any(relation.evolved for relation in every))


def _keys() -> list[exp.Expr]:
    return [exp.column(name, table="features") for name in KEYS]


def _casts(columns: tuple[Sequence[str], Sequence[str]]) -> list[exp.Expr]:
    numeric, text = columns
    numbers = [
        exp.alias_(
            exp.cast(exp.column(name, table="features", quoted=True), "FLOAT", dialect="duckdb"),
            name,
            quoted=True,
        )
        for name in numeric
    ]
    return [*numbers, *(exp.column(name, table="features", quoted=True) for name in text)]


def _conditions(eligible: Iterable[AtLeast]) -> list[exp.Expr]:
    return [
        exp.column(c.column, table="features", quoted=True) >= exp.Literal.number(c.minimum) for c in eligible
    ]
