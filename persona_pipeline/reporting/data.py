"""What the report shows, as plain frames. Only those named `shown` have a row per customer, under pseudonyms.

Not here: reading it (collect.py) and putting it into words (view_*.py).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from persona_pipeline.contracts.titles import Descriptions

# A pandas DataFrame. pandas ships no types, and a type checker's guesses instead reject every value.
Frame = Any


@dataclass(frozen=True, slots=True)
class ReportData:
    """One report.

    Attributes:
        project: name of the shop.
        currency: ISO 4217 code of all amounts.
        as_of: the day whose end is described.
        week: the Sunday whose weekly models are in force on that day.
        publication_id: what BI reads now; None before the first publication.
        readable: the features whose figures may be shown.
        described: what the catalogue says of features.
        customers: one row: customers, customers_with_order, customers_active.
        sales: by event_day: orders, sales_amount, refund_amount.
        persona: rows of profiles.persona of the day.
        need: rows of profiles.persona_need of the day.
        evidence: rows of segments.segment_profile of the week.
        segment: rows of segments.segment of the week.
        segment_rule: rows of segments.rule of the week.
        transition: rows of segments.transition of the week.
        segment_fit: rows of segments.fit of the week.
        k_curve: rows of segments.k_curve of the week.
        rfm: customers by rfm_recency, rfm_frequency, rfm_segment.
        offers: by segment_key: product_id, customers, position.
        rule: rows of rules.rule of the week.
        rule_fit: rows of rules.fit of the week.
        model: rows of scores.model of the week.
        evaluation: rows of scores.evaluation of the week.
        lift: rows of scores.lift of the week.
        recommender: rows of recommendations.model of the week.
        recommender_evaluation: rows of recommendations.evaluation of the week.
        ledger: by day and source: records_in, its five outcomes, rejected_files.
        reason: by source, outcome, reason and day: records.
        statistic: rows of features.statistic of the day.
        title: product_id, title, category.
        web: sessions of the last 90 days by event_day, channel, device, visitor_type.
        contact: contacts of the last 180 days and their outcome by segment_key, channel, message.
        interest: product pages seen in the last 90 days by segment_key and category.
        social: posts, reviews and ratings of the last 180 days by category.
        shown: the customers that can be looked up, the highest sales first.
        shown_tag: their tags.
        shown_score: their propensities.
        shown_offer: their first offers.
        shown_day: what they did on each of their last days, the newest first.
    """

    project: str
    currency: str
    as_of: dt.date
    week: dt.date
    publication_id: int | str | None
    readable: frozenset[str]
    described: Descriptions
    customers: Frame
    sales: Frame
    persona: Frame
    need: Frame
    evidence: Frame
    segment: Frame
    segment_rule: Frame
    transition: Frame
    segment_fit: Frame
    k_curve: Frame
    rfm: Frame
    offers: Frame
    rule: Frame
    rule_fit: Frame
    model: Frame
    evaluation: Frame
    lift: Frame
    recommender: Frame
    recommender_evaluation: Frame
    ledger: Frame
    reason: Frame
    statistic: Frame
    title: Frame
    web: Frame
    contact: Frame
    interest: Frame
    social: Frame
    shown: Frame
    shown_tag: Frame
    shown_score: Frame
    shown_offer: Frame
    shown_day: Frame
