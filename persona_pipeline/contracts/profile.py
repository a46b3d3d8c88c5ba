"""The columns of the profile tables: what is known of a customer, the tags, what is said of a persona.

Not here: the tables themselves (models.py), and features (the catalogue adds those).
"""

from __future__ import annotations

from persona_pipeline.contracts import columns as c
from persona_pipeline.contracts.column import Column, Sensitivity, Type

PERSONAL = Sensitivity.PERSONAL
SEGMENT_KEY = c.SEGMENT_KEY

PROFILE_COLUMNS = (
    c.DAY,
    c.AS_OF,
    c.CUSTOMER_ID,
    c.AGE_BAND,
    c.GENDER,
    c.REGION,
    c.INCOME_BAND,
    SEGMENT_KEY.but(nullable=True),
    c.RFM_SEGMENT,
    Column("is_outlier", Type.BOOLEAN, "Does not resemble its segment"),
    Column(
        "recency_days",
        Type.INTEGER,
        "Days since the last order",
        nullable=True,
        unit="day",
        sensitivity=PERSONAL,
    ),
    Column(
        "tenure_days",
        Type.INTEGER,
        "Days since the first order",
        nullable=True,
        unit="day",
        sensitivity=PERSONAL,
    ),
    Column("orders_365d", Type.INTEGER, "Orders in 365 days", unit="order", sensitivity=PERSONAL),
    Column("sales_365d", Type.DECIMAL, "Sales in 365 days", unit="currency", sensitivity=PERSONAL),
    Column(
        "average_order_value_365d",
        Type.DOUBLE,
        "Sales per order",
        nullable=True,
        unit="currency",
        sensitivity=PERSONAL,
    ),
    Column(
        "discount_share_365d",
        Type.DOUBLE,
        "Discount over gross sales",
        nullable=True,
        sensitivity=PERSONAL,
    ),
    Column("refund_share_365d", Type.DOUBLE, "Refunds over sales", nullable=True, sensitivity=PERSONAL),
    Column(
        "favourite_category",
        Type.TEXT,
        "Category with most sales in 365 days",
        nullable=True,
        sensitivity=PERSONAL,
    ),
    Column(
        "buy_probability",
        Type.DOUBLE,
        "Probability of a purchase in 30 days",
        nullable=True,
        sensitivity=PERSONAL,
    ),
    Column(
        "churn_probability",
        Type.DOUBLE,
        "Probability of no purchase in 60 days",
        nullable=True,
        sensitivity=PERSONAL,
    ),
    Column("next_product_id", Type.TEXT, "First recommendation", nullable=True, sensitivity=PERSONAL),
    Column(
        "respond_probability",
        Type.DOUBLE,
        "Probability of an answer to a campaign in 30 days",
        nullable=True,
        sensitivity=PERSONAL,
    ),
    Column(
        "is_contactable",
        Type.BOOLEAN,
        "Whether offers may be sent: marketing was not declined",
        sensitivity=PERSONAL,
    ),
    Column(
        "preferred_channel",
        Type.TEXT,
        "Channel with the highest shrunken response share among those contacted through; "
        "empty when marketing was declined",
        nullable=True,
        sensitivity=PERSONAL,
    ),
    Column(
        "preferred_daypart",
        Type.TEXT,
        "Part of the day of most sessions",
        nullable=True,
        sensitivity=PERSONAL,
    ),
    Column(
        "preferred_device", Type.TEXT, "Kind of device of most sessions", nullable=True, sensitivity=PERSONAL
    ),
    Column(
        "top_interest",
        Type.TEXT,
        "Category of the strongest interest",
        nullable=True,
        sensitivity=PERSONAL,
    ),
    Column(
        "sessions_30d",
        Type.INTEGER,
        "Sessions in 30 days",
        nullable=True,
        unit="session",
        sensitivity=PERSONAL,
    ),
    Column(
        "last_visit_days",
        Type.INTEGER,
        "Days since the last visit on the web",
        nullable=True,
        unit="day",
        sensitivity=PERSONAL,
    ),
    Column(
        "rating_mean_365d",
        Type.DOUBLE,
        "Mean rating given in 365 days",
        nullable=True,
        unit="star",
        sensitivity=PERSONAL,
    ),
)

TAG_COLUMNS = (
    c.DAY,
    c.AS_OF,
    c.CUSTOMER_ID,
    Column("tag", Type.TEXT, "Tag as group:value, for example rfm:champions"),
    Column("tag_group", Type.TEXT, "Group of the tag"),
    Column("weight", Type.DOUBLE, "How strongly it applies", minimum=0, maximum=1),
)

PERSONA_COLUMNS = (
    c.DAY,
    c.AS_OF,
    SEGMENT_KEY,
    c.NAME_EN,
    c.NAME_ZH,
    c.CUSTOMERS,
    c.SHARE,
    Column(
        "sales_share_365d",
        Type.DOUBLE,
        "Share of all sales of 365 days",
        nullable=True,
        minimum=0,
        maximum=1,
    ),
    Column("sales_per_customer_365d", Type.DOUBLE, "Mean sales of 365 days", nullable=True, unit="currency"),
    Column("orders_per_customer_365d", Type.DOUBLE, "Mean orders of 365 days", nullable=True),
    Column("median_recency_days", Type.DOUBLE, "Median days since the last order", nullable=True),
    Column("mean_buy_probability", Type.DOUBLE, "Mean probability to buy in 30 days", nullable=True),
    Column(
        "mean_churn_probability", Type.DOUBLE, "Mean probability of no purchase in 60 days", nullable=True
    ),
    Column("top_category", Type.TEXT, "Most frequent favourite category", nullable=True),
    Column("top_interest", Type.TEXT, "Most frequent strongest interest", nullable=True),
    Column("preferred_channel", Type.TEXT, "Most frequent preferred channel", nullable=True),
    Column(
        "online_share_30d",
        Type.DOUBLE,
        "Share of customers with a visit on the web in 30 days; empty without web logs",
        nullable=True,
        minimum=0,
        maximum=1,
    ),
    Column("summary_en", Type.TEXT, "What sets it apart, in English"),
    Column("summary_zh", Type.TEXT, "What sets it apart, in Chinese"),
)

NEED_COLUMNS = (
    c.DAY,
    c.AS_OF,
    SEGMENT_KEY,
    c.RANK.but(description="1 is the rule with the highest leverage"),
    Column("antecedent", Type.TEXT, "Left-hand side: product ids in order, joined by ' | '"),
    Column("consequent", Type.TEXT, "Right-hand side: one product id"),
    Column(
        "antecedent_title", Type.TEXT, "Titles of the left-hand side, joined by ' + '; the id without one"
    ),
    Column("consequent_title", Type.TEXT, "Title of the right-hand side; the id without one"),
    Column("text_en", Type.TEXT, "The need in English"),
    Column("text_zh", Type.TEXT, "The need in Chinese"),
    c.BASKETS.but(description="Baskets of the persona that hold all items, in the window of the rules"),
    c.SUPPORT.but(description="Share of the persona's baskets that hold all items"),
    Column("base_support", Type.DOUBLE, "Share of all baskets that hold all items", minimum=0, maximum=1),
    Column("tgi", Type.DOUBLE, "Target group index: 100 times support over base_support", minimum=0),
    Column(
        "confidence",
        Type.DOUBLE,
        "Share of the persona's baskets with the left-hand side that hold the right-hand side",
        minimum=0,
        maximum=1,
    ),
    Column(
        "lift",
        Type.DOUBLE,
        "Confidence over the share of the persona's baskets with the right-hand side",
        minimum=0,
    ),
    Column("leverage", Type.DOUBLE, "Support less what independence among the persona's baskets would give"),
    Column(
        "q_value",
        Type.DOUBLE,
        "Fisher's exact test, the larger of two: left and right together among the persona's baskets, and "
        "both in more of them than of all; Benjamini-Hochberg over the day's rules and personas",
        minimum=0,
        maximum=1,
    ),
    c.CUSTOMERS.but(description="Customers of the persona with such a basket; never fewer than 20"),
    c.CUSTOMERS.but(
        name="unmet_customers",
        description="Customers of the persona who bought the left-hand side in one basket, and the "
        "right-hand side in none",
    ),
)
