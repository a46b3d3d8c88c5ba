"""The vocabulary of tags and their thresholds. Not here: the statement (sql/profiles/customer_tag.sql)."""

from __future__ import annotations

from dataclasses import dataclass

# group -> what it says; values are open for rfm, segment, category, interest, channel and device
TAG_GROUPS = {
    "lifecycle": "prospect (no order yet), new, active, lapsing, lost",
    "rfm": "the RFM name",
    "segment": "the segment key; weight 0.5 for a customer who does not resemble it",
    "category": "the favourite category",
    "value": "sales of 365 days: high (top fifth), medium (next two fifths), low",
    "discount": "seeker: among the top fifth by discount share, and above the threshold",
    "refund": "frequent: refund share above the threshold",
    "intent": "buy_high, respond_high: top fifth of the scored customers by probability to buy or to answer "
    "a campaign in 30 days",
    "channel": "the preferred channel: highest shrunken response share; none when marketing was declined",
    "contact": "declined: no consent to marketing; often: contacted more often in 30 days than the threshold",
    "daypart": "the part of the day of most sessions; weight is its share",
    "device": "the kind of device of most sessions",
    "interest": "the category of the strongest interest; weight is its share",
    "sentiment": "negative, neutral, positive: mean sentiment of the texts of 365 days against the threshold",
    "need": "open_cart: a product put into the cart in the last 30 days and not bought since",
    "risk": "churn_high: top fifth of the scored customers by probability to stay away for 60 days",
}


@dataclass(frozen=True, slots=True)
class TagThresholds:
    """Limits of the tags that need one; days since the last or first order, shares of sales.

    `contacts`: from so many contacts in 30 days on a customer is contacted often. `sentiment`: mean sentiment
    from which texts are called positive, below minus which negative.
    """

    new_days: int = 30
    lapsing_days: int = 60
    lost_days: int = 180
    discount_share: float = 0.1
    refund_share: float = 0.2
    contacts: int = 4
    sentiment: float = 0.2
