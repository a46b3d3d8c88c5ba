"""Tables of segments, and the algorithms that find them. Not here: the algorithms themselves.

Weekly tables are written by the fit of a week, in the partition of its Sunday; membership by the daily apply.
"""

from __future__ import annotations

from persona_pipeline.contracts import columns as c
from persona_pipeline.contracts.column import Column, Table, Type
from persona_pipeline.contracts.purpose import suggestion

WITH_K = ("mixture", "kmeans", "ward", "average", "complete")
BY_DENSITY = ("dbscan", "hdbscan")
SEGMENT_ALGORITHMS = WITH_K + BY_DENSITY

SEGMENT_FIT = Table(
    "segments",
    "fit",
    "one row per week",
    ("day",),
    (
        c.DAY,
        *c.FIT,
        c.ALGORITHM.but(allowed=SEGMENT_ALGORITHMS),
        Column("chosen_k", Type.INTEGER, "Number of segments in force", nullable=True, minimum=2),
        c.CUSTOMERS.but(description="Customers the fit saw"),
        Column(
            "silhouette",
            Type.DOUBLE,
            "Mean silhouette of the fit in force",
            nullable=True,
            minimum=-1,
            maximum=1,
        ),
        Column(
            "stability_ari",
            Type.DOUBLE,
            "Mean adjusted Rand index between refits on bootstrap samples",
            nullable=True,
        ),
    ),
    "Which segmentation is in force after each week, and why.",
    weekly=True,
)

K_CURVE = Table(
    "segments",
    "k_curve",
    "one row per week and number of clusters tried",
    ("day", "k"),
    (
        c.DAY,
        Column("k", Type.INTEGER, "Number of clusters", minimum=1),
        Column(
            "inertia",
            Type.DOUBLE,
            "Sum of squared distances to the mean of the segment, of the scaled features",
            minimum=0,
        ),
        Column("silhouette", Type.DOUBLE, "Mean silhouette", nullable=True, minimum=-1, maximum=1),
        Column(
            "separation",
            Type.DOUBLE,
            "Ashman's D of the two closest segments; null where it decided nothing",
            nullable=True,
            minimum=0,
        ),
        Column(
            "davies_bouldin",
            Type.DOUBLE,
            "Davies-Bouldin index of the clustering that was tried; lower is better",
            nullable=True,
            minimum=0,
        ),
        Column(
            "calinski_harabasz",
            Type.DOUBLE,
            "Calinski-Harabasz index of the clustering that was tried; higher is better",
            nullable=True,
            minimum=0,
        ),
        Column(
            "gap",
            Type.DOUBLE,
            "Gap statistic (Tibshirani 2001): how much tighter than uniform customers",
            nullable=True,
        ),
        Column("gap_error", Type.DOUBLE, "Standard error of the gap", nullable=True, minimum=0),
        Column(
            "stability",
            Type.DOUBLE,
            "Mean adjusted Rand index between the clustering that was tried and refits on bootstrap samples",
            nullable=True,
            maximum=1,
        ),
        Column(
            "icl",
            Type.DOUBLE,
            "Integrated completed likelihood of the mixture (Biernacki 2000), lower is better; decides its k",
            nullable=True,
        ),
        Column(
            "preferred_by",
            Type.TEXT,
            "Criteria that prefer this number: knee, silhouette, davies_bouldin, calinski_harabasz, gap, "
            "stability, icl",
            nullable=True,
        ),
        Column("is_knee", Type.BOOLEAN, "Knee of the inertia curve"),
        Column("is_chosen", Type.BOOLEAN, "The number that was chosen"),
    ),
    "How k was chosen.",
    weekly=True,
)

SEGMENT = Table(
    "segments",
    "segment",
    "one row per week and segment in force",
    ("day", "segment_key"),
    (
        c.DAY,
        c.SEGMENT_KEY,
        c.NAME_EN,
        c.NAME_ZH,
        c.CUSTOMERS,
        c.SHARE,
        Column(
            "change", Type.TEXT, "Against last week", allowed=("born", "kept", "split", "merged", "carried")
        ),
        Column(
            "overlap",
            Type.DOUBLE,
            "Jaccard overlap with the same key last week",
            nullable=True,
            minimum=0,
            maximum=1,
        ),
        Column("is_stable", Type.BOOLEAN, "Bootstrap Jaccard at least 0.6"),
        Column(
            "stability",
            Type.DOUBLE,
            "Mean bootstrap Jaccard (Hennig 2007)",
            nullable=True,
            minimum=0,
            maximum=1,
        ),
    ),
    "The segments in force. A key never changes its meaning.",
    weekly=True,
)

SEGMENT_PROFILE = Table(
    "segments",
    "segment_profile",
    "one row per week, segment and feature",
    ("day", "segment_key", "feature"),
    (
        c.DAY,
        c.SEGMENT_KEY,
        c.FEATURE.but(
            description="Feature of the catalogue, category_share_365d:CATEGORY or price_band_share_365d:BAND"
        ),
        Column("mean", Type.DOUBLE, "Mean over the segment, in the feature's unit", nullable=True),
        Column("median", Type.DOUBLE, "Median over the segment, in the feature's unit", nullable=True),
        Column("base_mean", Type.DOUBLE, "Mean over all customers", nullable=True),
        Column(
            "tgi",
            Type.DOUBLE,
            "Target group index: 100 times the mean over that of all customers; empty where that is not "
            "above 0",
            nullable=True,
        ),
        Column(
            "difference", Type.DOUBLE, "Standardised difference, in standard deviations of the scaled feature"
        ),
        Column(
            "effect_size",
            Type.DOUBLE,
            "Cohen's d: the gap to all other customers, in pooled standard deviations of the scaled feature",
            nullable=True,
        ),
        *(
            Column(
                f"example_{number}",
                Type.DOUBLE,
                f"Of the {number}. customer nearest to the middle of the segment, rounded to two digits",
                nullable=True,
            )
            for number in (1, 2, 3)
        ),
        Column("evidence_rank", Type.INTEGER, "1 is what sets the segment apart most", minimum=1),
    ),
    "What sets each segment apart.",
    weekly=True,
)

SEGMENT_RULE = Table(
    "segments",
    "rule",
    "one row per week, segment and rule",
    ("day", "segment_key", "rank"),
    (
        c.DAY,
        c.SEGMENT_KEY,
        c.RANK.but(description="1 is the rule that describes the segment best"),
        Column("text_en", Type.TEXT, "The rule in English"),
        Column("text_zh", Type.TEXT, "The rule in Chinese"),
        Column(
            "definition",
            Type.TEXT,
            "The rule as a condition of SQL over the features; category_share_365d:CATEGORY is the share of "
            "products bought, price_band_share_365d:BAND that of a price beside the category's mean",
        ),
        c.CUSTOMERS.but(description="Customers who satisfy it"),
        Column(
            "precision",
            Type.DOUBLE,
            "Share of those who satisfy it that belong to the segment, of customers it was not learned from",
            nullable=True,
            minimum=0,
            maximum=1,
        ),
        Column(
            "recall",
            Type.DOUBLE,
            "Share of the segment that satisfies it, of customers it was not learned from",
            nullable=True,
            minimum=0,
            maximum=1,
        ),
    ),
    "Who belongs to each segment, in the words of a small decision tree.",
    weekly=True,
)

LINEAGE = Table(
    "segments",
    "lineage",
    "one row per week and segment that is in force or ended",
    ("day", "segment_key"),
    (
        c.DAY,
        c.SEGMENT_KEY,
        Column(
            "change",
            Type.TEXT,
            "kept: the same segment; merged: kept, and took in most of one that ended; split: part of "
            "another one that lives on; born: new; retired: ended",
            allowed=("kept", "merged", "split", "born", "retired"),
        ),
        c.SEGMENT_KEY.but(
            name="related_key",
            nullable=True,
            description="Which segment it was split from, took in, or (retired) went into for the most part",
        ),
        Column(
            "overlap",
            Type.DOUBLE,
            "Jaccard overlap of the key's customers by last week's and by this week's model",
            nullable=True,
            minimum=0,
            maximum=1,
        ),
        c.CUSTOMERS.but(
            name="customers_before",
            description="Customers of today whom last week's model puts under the key",
        ),
        c.CUSTOMERS.but(description="Customers of today under the key; 0 when it ended"),
    ),
    "What became of every segment at each refit.",
    weekly=True,
)

TRANSITION = Table(
    "segments",
    "transition",
    "one row per Sunday and pair of segments that somebody went between",
    ("day", "from_key", "to_key"),
    (
        c.DAY,
        c.SEGMENT_KEY.but(name="from_key", description="Segment 28 days before; 'none' without one"),
        c.SEGMENT_KEY.but(name="to_key", description="Segment on the Sunday; 'none' without one"),
        c.CUSTOMERS,
        c.SHARE.but(description="Share of the customers of the segment 28 days before"),
    ),
    "Who went from which segment to which within four weeks, without those who were in none both times.",
)

MEMBERSHIP = Table(
    "segments",
    "membership",
    "one row per customer and as_of day",
    ("customer_id", "day"),
    (
        c.DAY,
        c.AS_OF,
        c.CUSTOMER_ID,
        c.SEGMENT_KEY.but(
            nullable=True,
            description="Segment; empty before the first order, while no segmentation is in force, and for "
            "outliers of density-based segments",
        ),
        Column(
            "distance",
            Type.DOUBLE,
            "How far from what is typical of the segment, in standard deviations within it; of trees and "
            "density (ward ... hdbscan) to the nearest learned customer, in those of the features",
            nullable=True,
            minimum=0,
        ),
        Column(
            "confidence",
            Type.DOUBLE,
            "Probability of the segment; of other algorithms than mixture how much nearer than the second "
            "nearest: 1 - distance / distance to that, 0 on the border",
            nullable=True,
            minimum=0,
            maximum=1,
        ),
        Column(
            "is_outlier",
            Type.BOOLEAN,
            "Farther away than 99 % of the fit's customers, or noise of density-based segments",
        ),
        Column(
            "rfm_recency",
            Type.INTEGER,
            "Quintile of recency, 5 is most recent",
            nullable=True,
            minimum=1,
            maximum=5,
        ),
        Column(
            "rfm_frequency",
            Type.INTEGER,
            "Quintile of orders, 5 is most",
            nullable=True,
            minimum=1,
            maximum=5,
        ),
        Column(
            "rfm_monetary", Type.INTEGER, "Quintile of sales, 5 is most", nullable=True, minimum=1, maximum=5
        ),
        c.RFM_SEGMENT,
        c.MODEL_ID,
    ),
    "Segment of every customer; RFM beside the clusters.",
)


def check_algorithm(name: str, k: int | None) -> None:
    """Refuse an algorithm that there is not, and a number of segments where none can be fixed.

    Raises:
        ValueError: the line says what to write instead.
    """
    if name not in SEGMENT_ALGORITHMS:
        hint = suggestion(name, SEGMENT_ALGORITHMS, f"known: {', '.join(SEGMENT_ALGORITHMS)}")
        raise ValueError(f"unknown algorithm {name!r}; {hint}")
    if k is not None and name in BY_DENSITY:
        raise ValueError(
            f"k = {k} cannot be fixed for {name}, which finds as many segments as there are dense regions; "
            'remove k, or set algorithm = "kmeans"'
        )
    if k is not None and k < 2:  # noqa: PLR2004 - one segment tells nobody apart
        raise ValueError(f"k = {k} makes no segments; set 2 or more, or remove k to have it chosen")
