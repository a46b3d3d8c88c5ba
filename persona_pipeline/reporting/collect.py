"""Reads what the report shows from the lake, as of one day.

Here: which rows and sums. Not here: words, charts, HTML.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping

import pyarrow as pa

from persona_pipeline.contracts import Table, activity, behaviour, clean, models
from persona_pipeline.contracts.calendar import week_of
from persona_pipeline.contracts.titles import Descriptions
from persona_pipeline.engine.protocol import Engine, Input, ReadWindow
from persona_pipeline.engine.sql import sql_text
from persona_pipeline.reporting.data import Frame, ReportData

WEEKLY = {
    "evidence": models.SEGMENT_PROFILE,
    "segment": models.SEGMENT,
    "segment_rule": models.SEGMENT_RULE,
    "transition": models.TRANSITION,
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

WEB_DAYS = 90
CONTACT_DAYS = 180  # campaigns are rarer than visits
SHOWN_CUSTOMERS = 5_000  # the page stays a file that opens at once: about 700 bytes for each
SHOWN_OFFERS = 3
SHOWN_DAYS = 30


def collect(
    engine: Engine,
    read: ReadWindow,
    day: dt.date,
    *,
    project: str,
    currency: str,
    publication_id: int | str | None = None,
    readable: Iterable[str] = (),
    described: Descriptions | None = None,
) -> ReportData:
    """Everything the report of `day` shows; empty frames where a table has no rows yet.

    Args:
        engine: runs the statements.
        read: gives the tables of the lake.
        day: the day whose end is described.
        project: name of the shop.
        currency: ISO 4217 code of the amounts.
        publication_id: what BI reads now.
        readable: the features whose figures may be shown.
        described: what the catalogue says of features.
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
    identities = read(behaviour.MAP, None, day)

    def traces(name: str, table: Table, days: int, **inputs: Input) -> Frame:
        since = day - dt.timedelta(days=days)
        # nothing that happened after `since` was known before it
        inputs = {table.name: read(table, since, day), **inputs}
        return _frame(engine, sql_text(f"reporting/{name}"), inputs, {"day": day, "since": since})

    recommendation = read(models.RECOMMENDATION, day, day)
    offers = {"recommendation": recommendation, "membership": member}
    return ReportData(
        project=project,
        currency=currency,
        as_of=day,
        week=week,
        publication_id=publication_id,
        readable=frozenset(readable),
        described=described or {},
        customers=aggregate("customers", models.CUSTOMER_PROFILE, day),
        sales=aggregate("sales_by_day", behaviour.ORDER_DAY),
        persona=rows(models.PERSONA, day),
        need=rows(models.PERSONA_NEED, day),
        rfm=aggregate("rfm", models.MEMBERSHIP, day),
        offers=_frame(engine, sql_text("reporting/offers"), offers, {}),
        ledger=aggregate("ledger_by_day", clean.FILE_LEDGER),
        reason=aggregate("ledger_by_reason", clean.LEDGER_REASON),
        statistic=rows(behaviour.STATISTIC, day),
        title=aggregate("titles", clean.PRODUCT),
        web=traces("web_by_day", activity.SESSION, WEB_DAYS, map=identities),
        contact=traces(
            "contacts_by_segment", activity.CONTACT_DAY, CONTACT_DAYS, map=identities, membership=member
        ),
        interest=traces(
            "interests_by_segment", activity.PRODUCT_VIEW, WEB_DAYS, map=identities, membership=member
        ),
        social=traces("social_by_category", activity.SOCIAL_DAY, CONTACT_DAYS),
        **_shown(engine, read, day),
        **{name: rows(table, week) for name, table in WEEKLY.items()},
    )


def _shown(engine: Engine, read: ReadWindow, day: dt.date) -> dict[str, Frame]:
    """The customers that can be looked up, and what is known of each."""

    def fetch(name: str, inputs: dict[str, Input], **parameters: object) -> pa.Table:
        return engine.fetch(sql_text(f"reporting/{name}"), inputs, parameters)

    profile = {"customer_profile": read(models.CUSTOMER_PROFILE, day, day)}
    shown = fetch("shown_customers", profile, customers=SHOWN_CUSTOMERS)
    only: dict[str, Input] = {"shown": shown.select(["customer_id"])}
    facts = {
        table.name: read(table, None, day)
        for table in (
            behaviour.MAP,
            behaviour.ORDER_DAY,
            activity.WEB_DAY,
            activity.CONTACT_DAY,
            activity.SOCIAL_DAY,
        )
    }
    today: dict[str, Input] = {
        table.name: read(table, day, day)
        for table in (models.CUSTOMER_TAG, models.PREDICTION, models.RECOMMENDATION)
    }

    def of(name: str) -> dict[str, Input]:
        return {name: today[name], **only}

    found = {
        "shown": shown,
        "shown_tag": fetch("shown_tags", of("customer_tag")),
        "shown_score": fetch("shown_scores", of("prediction")),
        "shown_offer": fetch("shown_offers", of("recommendation"), offers=SHOWN_OFFERS),
        "shown_day": fetch("shown_days", {**facts, **only}, day=day, days=SHOWN_DAYS),
    }
    return {name: table.to_pandas() for name, table in found.items()}


def _frame(engine: Engine, sql: str, inputs: Mapping[str, Input], parameters: dict[str, object]) -> Frame:
    return engine.fetch(sql, inputs, parameters).to_pandas()
