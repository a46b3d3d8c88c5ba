"""Tables of the model layers: rules, scores, recommendations, profiles; those of segments stand beside.

Weekly tables are written by the fit of a week, in the partition of its Sunday; the others by the daily apply.
"""

from __future__ import annotations

from persona_pipeline.contracts import columns as c
from persona_pipeline.contracts import profile
from persona_pipeline.contracts.column import Column, Sensitivity, Table, Type
from persona_pipeline.contracts.segments import (
    K_CURVE,
    LINEAGE,
    MEMBERSHIP,
    SEGMENT,
    SEGMENT_FIT,
    SEGMENT_PROFILE,
    SEGMENT_RULE,
    TRANSITION,
)

PERSONAL = Sensitivity.PERSONAL
SEGMENT_KEY = c.SEGMENT_KEY

ITEMSET = Table(
    "rules",
    "itemset",
    "one row per week and frequent itemset",
    ("day", "items"),
    (
        c.DAY,
        Column("items", Type.TEXT, "Product ids in order, joined by ' | '"),
        Column("length", Type.INTEGER, "Number of items", minimum=1),
        c.BASKETS,
        c.SUPPORT,
    ),
    "Frequent itemsets of the last 90 days.",
    weekly=True,
)

RULE = Table(
    "rules",
    "rule",
    "one row per week and rule",
    ("day", "antecedent", "consequent"),
    (
        c.DAY,
        Column("antecedent", Type.TEXT, "Left-hand side: product ids in order, joined by ' | '"),
        Column("consequent", Type.TEXT, "Right-hand side: one product id"),
        Column("length", Type.INTEGER, "Items in the whole rule", minimum=2),
        c.BASKETS,
        c.SUPPORT,
        Column(
            "confidence",
            Type.DOUBLE,
            "Share of baskets with the antecedent that hold the consequent",
            minimum=0,
            maximum=1,
        ),
        Column("lift", Type.DOUBLE, "Confidence over the share of baskets with the consequent", minimum=0),
        Column("leverage", Type.DOUBLE, "Support less what independence would give"),
        Column("conviction", Type.DOUBLE, "Empty where confidence is 1", nullable=True),
        Column("zhang", Type.DOUBLE, "Zhang's metric", minimum=-1, maximum=1),
        Column("p_value", Type.DOUBLE, "Fisher's exact test, one-sided", minimum=0, maximum=1),
        Column("q_value", Type.DOUBLE, "Benjamini-Hochberg over the week's rules", minimum=0, maximum=1),
        Column("is_redundant", Type.BOOLEAN, "A shorter antecedent is at least as confident"),
    ),
    "Association rules of the last 90 days.",
    weekly=True,
)

RULE_FIT = Table(
    "rules",
    "fit",
    "one row per week",
    ("day",),
    (
        c.DAY,
        c.STATUS,
        c.STATUS_REASON,
        Column("baskets_mined", Type.INTEGER, "Baskets looked at", minimum=0),
        Column("minimum_support", Type.DOUBLE, "Minimum support", minimum=0, maximum=1),
        Column("minimum_confidence", Type.DOUBLE, "Minimum confidence", minimum=0, maximum=1),
        Column("itemsets", Type.INTEGER, "Frequent itemsets found", minimum=0),
        Column("rules", Type.INTEGER, "Rules found", minimum=0),
    ),
    "How the week's rules were mined.",
    weekly=True,
)

MODEL = Table(
    "scores",
    "model",
    "one row per week and target",
    ("day", "target"),
    (
        c.DAY,
        c.TARGET,
        *c.FIT,
        c.ALGORITHM.but(nullable=True),
        Column("train_rows", Type.INTEGER, "Rows trained on", minimum=0),
        Column("train_positives", Type.INTEGER, "Positive labels among them", minimum=0),
        Column("train_as_of", Type.TEXT, "as_of days trained on, joined by a blank"),
        Column("test_as_of", Type.DATE, "as_of day of the test", nullable=True),
        Column(
            "threshold", Type.DOUBLE, "Probability from which a customer counts as positive", nullable=True
        ),
    ),
    "The champion in force for each target after each week, or none with the reason.",
    weekly=True,
)

EVALUATION = Table(
    "scores",
    "evaluation",
    "one row per week, target, algorithm, sample and metric",
    ("day", "target", "algorithm", "sample", "metric"),
    (
        c.DAY,
        c.TARGET,
        c.ALGORITHM,
        Column("sample", Type.TEXT, "Which rows", allowed=("validation", "test", "gate")),
        c.METRIC,
        c.VALUE.but(nullable=True),
    ),
    "How every candidate did, baselines included, and what the leakage gates measured.",
    weekly=True,
)

LIFT = Table(
    "scores",
    "lift",
    "one row per week, target and decile of the test",
    ("day", "target", "decile"),
    (
        c.DAY,
        c.TARGET,
        c.DECILE,
        c.CUSTOMERS,
        Column("positives", Type.INTEGER, "Customers with the event", minimum=0),
        Column("mean_probability", Type.DOUBLE, "Mean predicted probability", minimum=0, maximum=1),
        Column("observed_rate", Type.DOUBLE, "Share with the event", minimum=0, maximum=1),
        Column("lift", Type.DOUBLE, "Observed rate over the overall rate", nullable=True, minimum=0),
        Column(
            "cumulative_gain",
            Type.DOUBLE,
            "Share of all events in this decile and those above",
            nullable=True,
            minimum=0,
        ),
    ),
    "Deciles of the champion on the test: lift, gain and calibration.",
    weekly=True,
)

PREDICTION = Table(
    "scores",
    "prediction",
    "one row per customer, target and as_of day",
    ("customer_id", "target", "day"),
    (
        c.DAY,
        c.AS_OF,
        c.CUSTOMER_ID,
        c.TARGET,
        c.PROBABILITY,
        Column(
            "percentile",
            Type.DOUBLE,
            "Share of scored customers with at most this probability",
            minimum=0,
            maximum=1,
        ),
        c.DECILE,
        c.MODEL_ID.but(nullable=False),
    ),
    "Propensities of the eligible customers.",
)

RECOMMENDER = Table(
    "recommendations",
    "model",
    "one row per week",
    ("day",),
    (
        c.DAY,
        c.STATUS,
        c.STATUS_REASON,
        Column("customers_fitted", Type.INTEGER, "Customers with a purchase in the window", minimum=0),
        Column("products_fitted", Type.INTEGER, "Products with a purchase in the window", minimum=0),
        c.ALGORITHM.but(description="Which list comes first: the best by NDCG@10", nullable=True),
        Column("weights", Type.TEXT, "Weights of the lists, where all are shown as one", nullable=True),
    ),
    "The recommender in force after each week.",
    weekly=True,
)

NEIGHBOR = Table(
    "recommendations",
    "neighbor",
    "one row per week, product and neighbour",
    ("day", "product_id", "neighbor_id"),
    (
        c.DAY,
        c.PRODUCT_ID,
        Column("neighbor_id", Type.TEXT, "Product bought by the same customers"),
        c.RANK,
        Column("similarity", Type.DOUBLE, "Cosine with shrinkage", minimum=0),
    ),
    "Item-item similarities in force.",
    weekly=True,
)

POPULARITY = Table(
    "recommendations",
    "popularity",
    "one row per week and product",
    ("day", "product_id"),
    (
        c.DAY,
        c.PRODUCT_ID,
        c.RANK,
        c.CUSTOMERS.but(description="Customers who bought it in the last 30 days"),
        Column(
            "repurchase_days",
            Type.DOUBLE,
            "Median days between purchases by one customer",
            nullable=True,
            minimum=0,
        ),
    ),
    "What sells now, and how often it is bought again.",
    weekly=True,
)

RECOMMENDER_EVALUATION = Table(
    "recommendations",
    "evaluation",
    "one row per week, algorithm and metric",
    ("day", "algorithm", "metric"),
    (c.DAY, c.ALGORITHM, c.METRIC, c.VALUE, c.CUSTOMERS.but(description="Customers judged")),
    "Ranking quality on a global time split.",
    weekly=True,
)

RECOMMENDATION = Table(
    "recommendations",
    "recommendation",
    "one row per customer, rank and as_of day",
    ("customer_id", "rank", "day"),
    (
        c.DAY,
        c.AS_OF,
        c.CUSTOMER_ID,
        c.RANK,
        c.PRODUCT_ID,
        Column("score", Type.DOUBLE, "Score within its algorithm", minimum=0),
        c.ALGORITHM.but(allowed=("buy_again", "item_item", "popularity", "viewed")),
        Column(
            "because_product_id",
            Type.TEXT,
            "The purchase that speaks most for it",
            nullable=True,
            sensitivity=PERSONAL,
        ),
    ),
    "What to offer each customer next.",
)

CUSTOMER_PROFILE = Table(
    "profiles",
    "customer_profile",
    "one row per customer and as_of day",
    ("customer_id", "day"),
    profile.PROFILE_COLUMNS,
    "The wide customer profile.",
)

CUSTOMER_TAG = Table(
    "profiles",
    "customer_tag",
    "one row per customer, tag and as_of day",
    ("customer_id", "tag", "day"),
    profile.TAG_COLUMNS,
    "Tags to select customers by.",
)

PERSONA = Table(
    "profiles",
    "persona",
    "one row per segment and as_of day",
    ("segment_key", "day"),
    profile.PERSONA_COLUMNS,
    "Who our customers are.",
)

PERSONA_NEED = Table(
    "profiles",
    "persona_need",
    "one row per segment, as_of day and rule that it holds more than everybody",
    ("segment_key", "rank", "day"),
    profile.NEED_COLUMNS,
    "What customers of a persona buy together more often than everybody.",
)

TABLES = (
    SEGMENT_FIT,
    K_CURVE,
    SEGMENT,
    SEGMENT_PROFILE,
    SEGMENT_RULE,
    LINEAGE,
    MEMBERSHIP,
    TRANSITION,
    ITEMSET,
    RULE,
    RULE_FIT,
    MODEL,
    EVALUATION,
    LIFT,
    PREDICTION,
    RECOMMENDER,
    NEIGHBOR,
    POPULARITY,
    RECOMMENDER_EVALUATION,
    RECOMMENDATION,
    CUSTOMER_PROFILE,
    CUSTOMER_TAG,
    PERSONA,
    PERSONA_NEED,
)
