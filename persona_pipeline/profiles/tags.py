"""The vocabulary of tags and their thresholds. Not here: the statement (sql/profiles/customer_tag.sql)."""

from __future__ import annotations

from dataclasses import dataclass

# group -> what it says; values are open for rfm, segment and category
TAG_GROUPS = {
    "lifecycle": "prospect (no order yet), new, active, lapsing, lost",
    "rfm": "the RFM name",
    "segment": "the segment key; weight 0.5 for a customer who does not resemble it",
    "category": "the favourite category",
    "value": "sales of 365 days: high (top fifth), medium (next two fifths), low",
    "discount": "seeker: among the top fifth by discount share, and above the threshold",
    "refund": "frequent: refund share above the threshold",
    "intent": "buy_high: top fifth of the scored customers by probability to buy in 30 days",
    "risk": "churn_high: top fifth of the scored customers by probability to stay away for 60 days",
}


@dataclass(frozen=True, slots=True)
class TagThresholds:
    """Limits of the tags that need one; days since the last or first order, shares of sales."""

    new_days: int = 30
    lapsing_days: int = 60
    lost_days: int = 180
    discount_share: float = 0.1
    refund_share: float = 0.2
