"""The daily step: features, segments, scores and offers of a day become profiles, tags and personas.

Here: which tables are read, in which order statements run. Not here: the statements (sql/profiles/).
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping

import pyarrow as pa

from persona_pipeline.contracts import Column, Table, Type
from persona_pipeline.contracts.behaviour import FEATURES
from persona_pipeline.contracts.calendar import week_of
from persona_pipeline.contracts.models import (
    CUSTOMER_PROFILE,
    CUSTOMER_TAG,
    MEMBERSHIP,
    PERSONA,
    PERSONA_NEED,
    PREDICTION,
    RECOMMENDATION,
    SEGMENT,
    SEGMENT_PROFILE,
)
from persona_pipeline.contracts.titles import Descriptions
from persona_pipeline.engine.protocol import DataFile, Engine, Output, ReadWindow
from persona_pipeline.engine.sql import sql_text
from persona_pipeline.profiles.needs import persona_needs
from persona_pipeline.profiles.summary import summarise
from persona_pipeline.profiles.tags import TagThresholds

_MADE_HERE = {
    "segment_key",
    "rfm_segment",
    "is_outlier",
    "buy_probability",
    "churn_probability",
    "respond_probability",
    "next_product_id",
    "is_contactable",
    "preferred_channel",
}
CHANNELS = ("app", "email", "sms", "wechat")
# what the statements read of the features beside what they carry into the profile
USED_FEATURES = (
    *(
        column
        for column in CUSTOMER_PROFILE.columns
        if column.name not in {*FEATURES.column_names, *_MADE_HERE}
    ),
    *(Column(name, Type.INTEGER, name) for name in ("contacts_30d", "products_carted_not_bought_30d")),
    *(Column(f"contacts_{channel}_365d", Type.INTEGER, channel) for channel in CHANNELS),
    *(Column(f"response_share_{channel}_365d", Type.DOUBLE, channel) for channel in CHANNELS),
    Column("consent_marketing", Type.BOOLEAN, "consent"),
    *(
        Column(name, Type.DOUBLE, name)
        for name in ("preferred_daypart_share", "top_interest_share", "sentiment_mean_365d")
    ),
)


def profile_day(
    engine: Engine,
    read: ReadWindow,
    outputs: Mapping[str, Output],
    features: Table,
    day: dt.date,
    thresholds: TagThresholds | None = None,
    *,
    currency: str,
    described: Descriptions,
    rule_days: int = 90,
) -> dict[str, list[DataFile]]:
    """Write profiles.customer_profile, customer_tag, persona and persona_need of one day.

    Every customer with features on that day has a profile, also without an order, a segment or a score.
    Personas are the segments in force after the Sunday before the day's week, with that day's members.

    Args:
        engine: runs the statements.
        read: the lake.
        outputs: by full name, for the four tables.
        features: contract of the feature table.
        day: the day whose end is described.
        thresholds: limits of the tags.
        currency: ISO 4217 code of the amounts.
        described: what the catalogue says of features.
        rule_days: window in which the week's association rules were mined.
    """
    daily = {
        name: read(table, day, day)
        for name, table in (
            ("features", features),
            ("membership", MEMBERSHIP),
            ("prediction", PREDICTION),
            ("recommendation", RECOMMENDATION),
        )
    }
    # a project without web logs or campaigns lacks their features: they are unknown of every customer
    daily["features"] = daily["features"].with_columns(USED_FEATURES)
    profile = engine.stage(sql_text("profiles/customer_profile"), daily)
    tag_inputs = {
        "profile": profile,
        **{name: daily[name] for name in ("features", "membership", "prediction")},
    }
    week = week_of(day)
    segment = read(SEGMENT, week, week)
    evidence = engine.fetch(
        "SELECT * FROM evidence", {"evidence": read(SEGMENT_PROFILE, week, week)}
    ).to_pylist()
    needs = persona_needs(engine, read, profile, day, rule_days)
    summary = _summaries(summarise(evidence, currency, described))
    persona_inputs = {"profile": profile, "segment": segment, "summary": summary}
    return {
        CUSTOMER_PROFILE.full_name: engine.select_into(
            "SELECT * FROM profile", {"profile": profile}, outputs[CUSTOMER_PROFILE.full_name]
        ),
        CUSTOMER_TAG.full_name: engine.select_into(
            sql_text("profiles/customer_tag"),
            tag_inputs,
            outputs[CUSTOMER_TAG.full_name],
            dataclasses.asdict(thresholds or TagThresholds()),
        ),
        PERSONA.full_name: engine.select_into(
            sql_text("profiles/persona"), persona_inputs, outputs[PERSONA.full_name], {"day": day}
        ),
        PERSONA_NEED.full_name: engine.select_into(
            "SELECT * FROM needs", {"needs": needs}, outputs[PERSONA_NEED.full_name]
        ),
    }


def _summaries(texts: Mapping[str, tuple[str, str]]) -> pa.Table:
    keys = sorted(texts)
    return pa.table(
        {
            "segment_key": pa.array(keys, pa.string()),
            "summary_en": pa.array([texts[key][0] for key in keys], pa.string()),
            "summary_zh": pa.array([texts[key][1] for key in keys], pa.string()),
        }
    )
