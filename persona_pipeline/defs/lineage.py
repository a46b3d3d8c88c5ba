"""Column lineage of a step, for the Dagster UI: read from the SQL of the step, once per process.

Lineage goes with runs of a single day (a night); a range would store the same picture once per partition.
"""

import dataclasses
import datetime as dt
import functools
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from persona_pipeline.contracts import Table, activity, behaviour, clean, identity, traces
from persona_pipeline.defs.metadata import column_lineage
from persona_pipeline.defs.shop import Shop

if TYPE_CHECKING:
    from sqlglot import exp

    from persona_pipeline.features.feature import Catalogue

Pairs = Mapping[str, Sequence[tuple[Table, str]]]
# the statement of the features reads numbers in place of these identifiers
_NUMBERED = {"id_no": "id", "customer_no": "customer_id", "product_no": "product_id"}

# table written -> the statement that computes it and the tables its inputs stand for
_FILES: dict[str, list[tuple[Table, str, dict[str, Table]]]] = {
    "identity": [
        (
            identity.EDGE,
            "identity/edge",
            {
                "id_link": traces.ID_LINK,
                "web_hit": traces.WEB_HIT,
                "order_line": clean.ORDER_LINE,
                "campaign_contact": traces.CAMPAIGN_CONTACT,
                "known": identity.EDGE,
            },
        )
    ],
    "facts": [
        (
            behaviour.ORDER_DAY,
            "facts/order_day",
            {"order_line": clean.ORDER_LINE, "refund": behaviour.REFUND},
        ),
        (
            behaviour.BASKET_ITEM,
            "facts/basket_item",
            {"order_line": clean.ORDER_LINE, "refund": behaviour.REFUND, "product": clean.PRODUCT},
        ),
        (activity.SESSION, "facts/session", {"web_hit": traces.WEB_HIT}),
        (activity.WEB_DAY, "facts/web_day", {"session": activity.SESSION}),
        (
            activity.PRODUCT_VIEW,
            "facts/product_view",
            {"web_hit": traces.WEB_HIT, "product": clean.PRODUCT},
        ),
        (activity.SOCIAL_DAY, "facts/social_day", {"social_post": traces.SOCIAL_POST}),
        (activity.CONTACT_DAY, "facts/contact_day", {"campaign_contact": traces.CAMPAIGN_CONTACT}),
    ],
}


def lineage_of(shop: Shop, step: str, days: Sequence[dt.date]) -> dict[str, Mapping[str, Any]]:
    """Metadata per table of a step: its column lineage when the run is one day, nothing otherwise."""
    if len(days) != 1:
        return {}
    if step == "features":
        return {shop.features.full_name: features_lineage(shop.catalogue)}
    return {table.full_name: file_lineage(step, table.full_name) for table, _, _ in _FILES.get(step, [])}


@functools.cache
def file_lineage(step: str, table: str) -> dict[str, Any]:
    """Metadata of one table that a step writes by a statement of its own."""
    return _metadata(_file_pairs(step, table))


@functools.lru_cache(maxsize=8)
def features_lineage(catalogue: "Catalogue") -> dict[str, Any]:
    """Metadata of features.customer."""
    return _metadata(_feature_pairs(catalogue))


def feature_origin(catalogue: "Catalogue", name: str) -> tuple[list[str], list[str]]:
    """What a feature is computed from, as `layer.table.column`, sorted.

    Returns:
        Columns of facts, the identity map and records that its statement reads; and the clean columns behind
        them. Matches of refunds and the identity map are made by no statement and stand for themselves.
    """
    from persona_pipeline.features.feature import Catalogue

    needed = catalogue.needed(name)
    shown = Catalogue(tuple(dataclasses.replace(each, hidden=False) for each in needed.features))
    read = _feature_pairs(shown)[name]
    facts = {table.full_name for table, _, _ in _FILES["facts"]}
    behind: set[tuple[Table, str]] = set()
    pending = list(read)
    while pending:
        table, column = pending.pop()
        if table.full_name in facts:
            pending += _file_pairs("facts", table.full_name)[column]
        else:
            behind.add((table, column))
    return _named(read), _named(behind)


def _named(columns: Iterable[tuple[Table, str]]) -> list[str]:
    return sorted({f"{table.full_name}.{column}" for table, column in columns})


@functools.cache
def _file_pairs(step: str, table: str) -> Pairs:
    from sqlglot import parse_one

    from persona_pipeline.engine.sql import sql_text

    ((name, inputs),) = [(name, inputs) for each, name, inputs in _FILES[step] if each.full_name == table]
    sources = {each: (source, source.column_names) for each, source in inputs.items()}
    return _pairs(parse_one(sql_text(name), dialect="duckdb"), sources)


def _feature_pairs(catalogue: "Catalogue") -> Pairs:
    from persona_pipeline.features.customer import features_statement
    from persona_pipeline.features.view import INPUT_COLUMNS, INPUTS

    sources = {name: (table, INPUT_COLUMNS[name]) for name, table in INPUTS.items()}
    return _pairs(features_statement(catalogue), sources)


def _pairs(statement: "exp.Expr", inputs: Mapping[str, tuple[Table, tuple[str, ...]]]) -> Pairs:
    """By output column, the columns of tables that it comes from."""
    from persona_pipeline.engine.lineage import column_lineage as read

    found = read(statement, {name: columns for name, (_, columns) in inputs.items()})
    return {
        column: [(inputs[source][0], _NUMBERED.get(name, name)) for source, name in sources]
        for column, sources in found.items()
    }


def _metadata(pairs: Pairs) -> dict[str, Any]:
    return {"dagster/column_lineage": column_lineage(pairs)}
