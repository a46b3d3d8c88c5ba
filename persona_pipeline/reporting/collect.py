"""Reads what the report shows from the lake, as of one day.

Here: which rows and sums. Not here: words, charts, HTML.
"""

from __future__ import annotations

import datetime as dt

from persona_pipeline.contracts import Table, behaviour, clean, models
from persona_pipeline.engine.protocol import Engine, ReadWindow
from persona_pipeline.engine.sql import sql_text
from persona_pipeline.reporting.data import Frame, ReportData

WEEKLY = {
    "evidence": models.SEGMENT_PROFILE,
    "segment": models.SEGMENT,
    "segment_fit": models.SEGMENT_FIT,
    "k_curve": models.K_CURVE,
    "rule": models.RULE,
    "rule_fit": models.RULE_FIT,
    "model": models.MODEL,
    "evaluation": models.EVALUATION,
    "lift": models.LIFT,
    "recommender": models.RECOMMENDER,
    "recommender_evaluation": models.RECOMMENDER_EVALUATION,
}


def week_of(day: dt.date) -> dt.date:
    """The Sunday before the week of `day` (Monday to Sunday): its weekly models are in force on `day`."""
    return day - dt.timedelta(days=day.weekday() + 1)


def collect(
    engine: Engine,
    read: ReadWindow,
    day: dt.date,
    *,
    project: str,
    currency: str,
    publication_id: int | str | None = None,
) -> ReportData:
    """Everything the report of `day` shows; empty frames where a table has no rows yet.

    Args:
        engine: runs the statements.
        read: gives the tables of the lake.
        day: the day whose end is described.
        project: name of the shop.
        currency: ISO 4217 code of the amounts.
        publication_id: what BI reads now.
    """

    def aggregate(name: str, table: Table, first: dt.date | None = None) -> Frame:
        inputs = {table.name: read(table, first, day)}
        return _frame(engine, sql_text(f"reporting/{name}"), inputs, {"day": day})

    def rows(table: Table, of: dt.date) -> Frame:
        order = ", ".join(table.key)
        sql = f"SELECT * FROM rows ORDER BY {order}"  # noqa: S608 - column names of the contract
        return _frame(engine, sql, {"rows": read(table, of, of)}, {})

    week = week_of(day)
    member = read(models.MEMBERSHIP, day, day)
    recommendation = read(models.RECOMMENDATION, day, day)
    offers = {"recommendation": recommendation, "membership": member}
    return ReportData(
        project=project,
        currency=currency,
        as_of=day,
        week=week,
        publication_id=publication_id,
        customers=aggregate("customers", models.CUSTOMER_PROFILE, day),
        sales=aggregate("sales_by_day", behaviour.ORDER_DAY),
        persona=rows(models.PERSONA, day),
        rfm=aggregate("rfm", models.MEMBERSHIP, day),
        offers=_frame(engine, sql_text("reporting/offers"), offers, {}),
        ledger=aggregate("ledger_by_day", clean.FILE_LEDGER),
        reason=aggregate("ledger_by_reason", clean.LEDGER_REASON),
        title=aggregate("titles", clean.PRODUCT),
        **{name: rows(table, week) for name, table in WEEKLY.items()},
    )


def _frame(engine: Engine, sql: str, inputs: dict, parameters: dict[str, object]) -> Frame:
    return engine.fetch(sql, inputs, parameters).to_pandas()
